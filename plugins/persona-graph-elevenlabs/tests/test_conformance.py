"""The kit's checks, against ElevenLabs's emulator on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from persona_graph_elevenlabs import persona_graph_register_providers
from persona_graph_sandbox import Sandbox

from persona_graph.provider import Offer, Order, PluginConfig, Provider, Speak, VendorVoice
from persona_graph.provider.conformance import EmulatedVendor, KitCall, ProviderConformance, sample_order

STOCK = "JBFqnCBsd6RMkjVDRZzb"


class TestElevenLabs(ProviderConformance):
    secrets = ("sandbox-elevenlabs-key",)
    sandbox: Sandbox

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _served(cls, serving: Sandbox) -> Iterator[None]:
        cls.sandbox = serving
        yield

    @property
    def emulator(self) -> Any:
        return self.sandbox.emulators["elevenlabs"]

    def provider(self) -> Provider:
        (made,) = persona_graph_register_providers(PluginConfig("elevenlabs", self.emulator.settings()))
        return made

    def order(self, offer: Offer, call: KitCall) -> Order:
        order = sample_order(offer, call)
        # The vendor names its voices; one of its own stands in for a trained one.
        if isinstance(order, Speak) and order.voice is not None:
            return Speak(script=order.script, voice=VendorVoice(id=STOCK))
        return order

    def vendor(self) -> EmulatedVendor:
        self.sandbox.reset()
        # A connection kept open for the next request would look like a file left behind.
        line = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
        return EmulatedVendor(line, paid=self._orders)

    def _orders(self) -> int:
        clones = sum(voice.category == "cloned" for voice in self.emulator.voices.values())
        return clones + len(self.sandbox.bench.ledger.entries("elevenlabs"))
