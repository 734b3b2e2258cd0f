"""The kit's checks, against MiniMax's emulator on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from persona_graph_minimax import persona_graph_register_providers
from persona_graph_sandbox import Sandbox

from persona_graph.provider import Capability, Offer, Order, PluginConfig, Provider, Speak, VendorVoice
from persona_graph.provider.conformance import EmulatedVendor, KitCall, ProviderConformance

KIT_VOICE = "kit-voice-1"


class TestMiniMax(ProviderConformance):
    secrets = ("sandbox-minimax-key",)
    sandbox: Sandbox

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _served(cls, serving: Sandbox) -> Iterator[None]:
        cls.sandbox = serving
        yield

    @property
    def emulator(self) -> Any:
        return self.sandbox.emulators["minimax"]

    def provider(self) -> Provider:
        (made,) = persona_graph_register_providers(PluginConfig("minimax", self.emulator.settings()))
        return made

    def vendor(self) -> EmulatedVendor:
        self.sandbox.reset()
        self.emulator.voices.add(KIT_VOICE)
        self.emulator.voices.clones[KIT_VOICE].used = True
        # A connection kept open for the next request would look like a file left behind.
        line = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
        return EmulatedVendor(line, paid=self._orders, pass_time=self._pass)

    def _orders(self) -> int:
        """Voices made, and speech other than the word that keeps one."""
        made = [voice for voice in self.emulator.voices.clones if voice != KIT_VOICE]
        spoken = [e for e in self.sandbox.bench.ledger.entries("minimax") if e.kind.startswith("t2a")]
        return len(made) + sum(entry.reference not in made for entry in spoken)

    def _pass(self, seconds: float) -> None:
        self.sandbox.bench.clock.advance(seconds)


class TestLongSpeech(TestMiniMax):
    """The same with scripts that come as a task: the tickets' half of the kit. (Han characters, because fewer
    of them make a long script.)"""

    def offers(self) -> Iterator[Offer]:
        yield from (offer for offer in super().offers() if offer.capability is Capability.SPEECH)

    def order(self, offer: Offer, call: KitCall) -> Order:
        voice = VendorVoice(id=KIT_VOICE) if offer.uses_trained_voice else None
        return Speak(script="早" * 5_000, voice=voice, language="zh")
