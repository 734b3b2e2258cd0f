"""Everything at once: calls go wrong by dice, and the plugin is driven as the core drives it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from persona_graph_minimax import persona_graph_register_providers
from persona_graph_sandbox import Sandbox

from persona_graph.provider import (
    Delivery,
    Offer,
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


class Core:
    """Asks again as ``PaymentSafety`` allows, each time with a fresh instance."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.booked = Decimal(0)
        self.doubts = 0

    def provider(self) -> Provider:
        settings = self.sandbox.emulators["minimax"].settings()
        return persona_graph_register_providers(PluginConfig("minimax", settings))[0]

    def call(self, key: str) -> KitCall:
        now = self.sandbox.bench.clock.now()
        return KitCall(self.folder, httpx.AsyncHTTPTransport(), idempotency_key=key, remaining=3.0, now=now)

    async def train(self, key: str) -> Delivery:
        """Busy or down means a new attempt with a new key; an unknown outcome the same key again."""
        for n in range(TRIES):
            call = self.call(f"{key}-{n}")
            order = TrainVoice(samples=(call.lend("s.wav", sound(10.0), "audio/wav", 10.0),))
            for _ in range(TRIES):
                try:
                    return await self._start("train", order, call)
                except OutcomeUnknown:
                    continue
                except (ProviderBusy, ProviderUnavailable):
                    self.sandbox.bench.clock.advance(5)
                    break
        raise AssertionError("never delivered")

    async def speak(self, voice: VendorVoice) -> Delivery:
        """An operator who looks at the vendor's bill decides about a doubt: it is asked again."""
        for n in range(TRIES):
            try:
                order = Speak(script="Here we go again.", voice=voice)
                return await self._start("speak", order, self.call(f"speech-{n}"))
            except OutcomeUnknown:
                self.doubts += 1
            except OrderRejected as refused:
                assert refused.code == "OUTPUT_UNREADABLE"
                self.booked += refused.billed_cost or 0
            except (ProviderBusy, ProviderUnavailable):
                self.sandbox.bench.clock.advance(5)
        raise AssertionError("never delivered")

    async def _start(self, offer_id: str, order: TrainVoice | Speak, call: KitCall) -> Delivery:
        provider = self.provider()
        offer: Offer = next(each for each in provider.offers if each.id == offer_id)
        made = await provider.start(offer, order, call)
        assert isinstance(made, Delivery)
        self.booked += made.billed_cost or 0
        return made


@pytest.fixture(params=[1, 2, 3, 4])
def core(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Core]:
    with Sandbox(["minimax"], seed=request.param, faults_rate=0.35) as sandbox:
        yield Core(sandbox, tmp_path)


async def test_money_and_voices_in_a_storm(core: Core) -> None:
    """V1-V4, V14: every order ends, no order makes two voices, one fee for each voice that is used, and what is
    booked differs from the vendor's bill by no more than the few words whose answers got lost."""
    emulator = core.sandbox.emulators["minimax"]
    for n in range(3):
        voice = await core.train(f"voice-{n}")
        spoken = await core.speak(VendorVoice(id=voice.vendor_voice or "", expires_at=voice.voice_expires_at))
        assert isinstance(spoken.media, bytes)
    ledger = core.sandbox.bench.ledger
    assert [clone.used for clone in emulator.voices.clones.values()] == [True] * 3
    assert ledger.total("minimax", "clone") == 3 * Decimal("1.50")
    lost = ledger.total("minimax") - core.booked
    words = sum(entry.kind == "t2a" for entry in ledger.entries("minimax"))
    assert 0 <= lost <= words * Decimal("0.0017")
