"""ElevenLabs on loopback, and the plugin pointed at it as its settings would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from persona_graph_elevenlabs import persona_graph_register_providers
from persona_graph_sandbox import Bench, Sandbox

from persona_graph.provider import (
    Delivery,
    Offer,
    Order,
    PluginConfig,
    Provider,
    ProviderError,
    Speak,
    TrainVoice,
    VendorVoice,
)
from persona_graph.provider.conformance import KitCall, sound

KEY = "sandbox-elevenlabs-key"


@dataclass
class Desk:
    """The plugin, driven as the core drives it; every delivery's bill is added up."""

    sandbox: Sandbox
    folder: Path
    billed: Decimal = Decimal(0)

    @property
    def bench(self) -> Bench:
        return self.sandbox.bench

    @property
    def emulator(self) -> Any:
        return self.sandbox.emulators["elevenlabs"]

    @property
    def owed(self) -> Decimal:
        return self.bench.ledger.total("elevenlabs")

    def provider(self, **settings: str) -> Provider:
        """A fresh instance, as another process would have."""
        wanted = {**self.emulator.settings(), **settings}
        (made,) = persona_graph_register_providers(PluginConfig("elevenlabs", wanted))
        return made

    def offer(self, offer_id: str, provider: Provider | None = None) -> Offer:
        return next(offer for offer in (provider or self.provider()).offers if offer.id == offer_id)

    def call(self, ref: str = "attempt-1", remaining: float = 30.0) -> KitCall:
        return KitCall(self.folder, httpx.AsyncHTTPTransport(), client_ref=ref, remaining=remaining)

    def training(self, call: KitCall, *seconds: float) -> TrainVoice:
        files = [
            call.lend(f"s{n}.wav", sound(length), "audio/wav", length)
            for n, length in enumerate(seconds or (6.0, 6.0))
        ]
        return TrainVoice(samples=tuple(files), language="de-CH")

    async def start(self, offer_id: str, order: Order, call: KitCall, **settings: str) -> Delivery:
        provider = self.provider(**settings)
        made = await provider.start(self.offer(offer_id, provider), order, call)
        assert isinstance(made, Delivery)
        self.billed += made.billed_cost or 0
        return made

    async def train(self, ref: str = "attempt-1") -> Delivery:
        call = self.call(ref)
        return await self.start("train", self.training(call), call)

    async def speak(self, script: str = "Hello there.", voice: str = "", **settings: str) -> Delivery:
        order = Speak(script=script, voice=VendorVoice(id=voice) if voice else None)
        return await self.start("speak" if voice else "stock", order, self.call(), **settings)

    def inject(self, fault: str, path: str = "", times: int = 1, **options: Any) -> None:
        self.bench.faults.inject("elevenlabs", fault, times, path=path, **options)


@pytest.fixture(scope="session")
def serving() -> Iterator[Sandbox]:
    with Sandbox(["elevenlabs"]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(serving: Sandbox, tmp_path: Path) -> Desk:
    serving.reset()
    return Desk(serving, tmp_path)


@pytest.fixture
def caught() -> Callable[[Awaitable[object]], Awaitable[ProviderError]]:
    """What an awaitable raises, which must be one of the wall's errors and hold no key."""

    async def catch(asking: Awaitable[object]) -> ProviderError:
        with pytest.raises(ProviderError) as raised:
            await asking
        assert KEY not in str(raised.value) + repr(raised.value)
        return raised.value

    return catch
