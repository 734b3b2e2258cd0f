"""Everything at once: calls go wrong by dice, and the plugin is driven as the core drives it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from persona_graph_elevenlabs import persona_graph_register_providers
from persona_graph_sandbox import Sandbox

from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    PluginConfig,
    Provider,
    ProviderBusy,
    ProviderUnavailable,
    Speak,
    TrainVoice,
    VendorVoice,
)
from persona_graph.provider.conformance import KitCall, sound

TRIES = 60
PASSING = (ProviderBusy, ProviderUnavailable)


class Core:
    """Asks again as ``PaymentSafety`` allows, each time with a fresh instance."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.booked = Decimal(0)

    def provider(self) -> Provider:
        settings = self.sandbox.emulators["elevenlabs"].settings()
        return persona_graph_register_providers(PluginConfig("elevenlabs", settings))[0]

    async def train(self, ref: str) -> Delivery:
        """An unknown outcome is looked up until it is known; only what is surely not there is sent again."""
        call = KitCall(self.folder, httpx.AsyncHTTPTransport(), client_ref=ref, remaining=3.0)
        order = TrainVoice(samples=(call.lend("s.wav", sound(10.0), "audio/wav", 10.0),))
        in_doubt = False
        for _ in range(TRIES):
            provider = self.provider()
            offer = next(offer for offer in provider.offers if offer.id == "train")
            try:
                made = await (provider.find if in_doubt else provider.start)(offer, order, call)
            except OutcomeUnknown:
                in_doubt = True
            except PASSING:
                pass
            except OrderRejected as refused:
                assert "field required" in str(refused)
            else:
                if isinstance(made, Delivery):
                    return made
                in_doubt = False
        raise AssertionError("never delivered")

    async def speak(self, voice: str) -> Delivery:
        """An operator who looks at the vendor's bill decides about a doubt: it is asked again."""
        order = Speak(script="Here we go again.", voice=VendorVoice(id=voice))
        for _ in range(TRIES):
            provider = self.provider()
            offer = next(offer for offer in provider.offers if offer.id == "speak")
            call = KitCall(self.folder, httpx.AsyncHTTPTransport(), remaining=3.0)
            try:
                made: Any = await provider.start(offer, order, call)
            except (OutcomeUnknown, *PASSING):
                continue
            except OrderRejected as refused:
                self.booked += refused.billed_cost or 0
                continue
            self.booked += made.billed_cost
            assert isinstance(made, Delivery)
            return made
        raise AssertionError("never delivered")


@pytest.fixture(params=[1, 2, 3])
def core(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Core]:
    with Sandbox(["elevenlabs"], seed=request.param, faults_rate=0.35) as sandbox:
        yield Core(sandbox, tmp_path)


async def test_money_and_voices_in_a_storm(core: Core) -> None:
    """V1-V4: every order ends, no order makes two voices, and what is booked differs from the vendor's bill by
    no more than the speeches whose answers got lost."""
    for n in range(4):
        voice = await core.train(f"attempt-{n}")
        spoken = await core.speak(voice.vendor_voice or "")
        assert isinstance(spoken.media, bytes)
    emulator: Any = core.sandbox.emulators["elevenlabs"]
    names = [voice.name for voice in emulator.voices.values() if voice.category == "cloned"]
    assert names == [f"persona-graph attempt-{n}" for n in range(4)]
    ledger = core.sandbox.bench.ledger
    lost = ledger.total("elevenlabs") - core.booked
    assert lost >= 0 and lost % Decimal("0.0051") == 0
