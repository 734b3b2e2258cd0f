"""The kit for provider authors, on the three providers of this plugin and the emulated vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from persona_graph_sandbox import Sandbox
from persona_graph_sandbox.emulators._wavespeed_knocks import signed
from persona_graph_wavespeed import persona_graph_register_providers

from persona_graph.provider import Knock, PluginConfig, Provider
from persona_graph.provider.conformance import KIT_NOW, EmulatedVendor, ProviderConformance, Vendor
from persona_graph.provider.conformance.samples import KIT_VOICE

CANARY, SECRET = "ws-canary-key-5f1e", "whsec_canary-hook-77aa"


class _OnWaveSpeed(ProviderConformance):
    secrets = (CANARY, SECRET.removeprefix("whsec_"))
    name: ClassVar[str]
    sandbox: ClassVar[Sandbox]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _running(cls, running: Sandbox) -> Iterator[None]:
        cls.sandbox = running
        yield

    @property
    def emulator(self) -> Any:
        return self.sandbox.emulators["wavespeed"]

    def provider(self) -> Provider:
        settings = {
            "API_KEY": CANARY, "BASE_URL": self.sandbox.url("wavespeed"), "WEBHOOK_SECRET": SECRET, "LEVEL": "gold",
        }  # fmt: skip
        found = persona_graph_register_providers(PluginConfig("wavespeed", settings))
        return next(each for each in found if each.id == self.name)

    def vendor(self) -> Vendor:
        self.sandbox.reset()
        self.emulator.accepted_key = CANARY
        self.emulator.works.add_voice(CANARY, KIT_VOICE)
        ledger, clock = self.sandbox.bench.ledger, self.sandbox.bench.clock

        def pass_time(seconds: float) -> None:
            clock.advance(seconds)

        return EmulatedVendor(
            # Both ends of a connection are in this process: one that is kept would look left behind.
            httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0)),
            paid=lambda: len([entry for entry in ledger.entries("wavespeed") if entry.amount > 0]),
            pass_time=pass_time,
        )

    def knock(self) -> Knock:
        body = json.dumps({"id": "9f3c", "status": "completed"}).encode()
        return Knock(headers=signed(SECRET, "9f3c", int(KIT_NOW.timestamp()), body), body=body, now=KIT_NOW)


class TestHunyuanAvatar(_OnWaveSpeed):
    name = "wavespeed-hunyuan"


class TestInfiniteTalk(_OnWaveSpeed):
    name = "wavespeed-infinitetalk"


class TestMiniMaxVoices(_OnWaveSpeed):
    name = "wavespeed-minimax"
