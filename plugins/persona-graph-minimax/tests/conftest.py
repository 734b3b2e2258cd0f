"""MiniMax on loopback, and the plugin pointed at it as its settings would."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from persona_graph_minimax import persona_graph_register_providers
from persona_graph_sandbox import Bench, Sandbox

from persona_graph.provider import (
    Delivery,
    Offer,
    Order,
    PluginConfig,
    Progress,
    Provider,
    ProviderError,
    Speak,
    Ticket,
    TrainVoice,
    VendorVoice,
)
from persona_graph.provider.conformance.call import KitCall

SCRIPT = "Good morning. The ferry leaves at nine."


def recording(seconds: float, rate: int = 8000, channels: int = 1) -> bytes:
    """A low tone as WAV; the emulator measures its length and cannot know a voice."""
    tone = (round(9000 * math.sin(n / 9)) for n in range(round(seconds * rate)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", sample) * channels for sample in tone))
    return out.getvalue()


@dataclass
class Desk:
    """The plugin, driven as the core drives it; every delivery's bill is added up."""

    sandbox: Sandbox
    folder: Path
    settings: dict[str, str]
    billed: Decimal = Decimal(0)
    calls: dict[str, KitCall] = field(default_factory=dict)

    @property
    def bench(self) -> Bench:
        return self.sandbox.bench

    @property
    def owed(self) -> Decimal:
        return self.bench.ledger.total("minimax")

    def provider(self, **settings: str) -> Provider:
        """A fresh instance, as another process would have."""
        (made,) = persona_graph_register_providers(PluginConfig("minimax", {**self.settings, **settings}))
        return made

    def offer(self, offer_id: str, provider: Provider | None = None) -> Offer:
        return next(offer for offer in (provider or self.provider()).offers if offer.id == offer_id)

    def call(self, key: str = "key-1", remaining: float = 30.0) -> KitCall:
        folder = self.folder / key
        folder.mkdir(exist_ok=True)
        made = KitCall(
            folder, httpx.AsyncHTTPTransport(), idempotency_key=key, remaining=remaining, now=self.now
        )
        self.calls[key] = made
        return made

    @property
    def now(self) -> datetime:
        return self.bench.clock.now()

    def training(self, call: KitCall, *seconds: float) -> TrainVoice:
        files = [
            call.lend(f"sample-{n}.wav", recording(length), "audio/wav", length)
            for n, length in enumerate(seconds or (6.0, 6.0))
        ]
        return TrainVoice(samples=tuple(files))

    async def start(self, offer_id: str, order: Order, call: KitCall, **settings: str) -> Ticket | Delivery:
        provider = self.provider(**settings)
        return self._noted(await provider.start(self.offer(offer_id, provider), order, call))

    async def train(self, key: str = "key-1", **settings: str) -> Delivery:
        call = self.call(key)
        made = await self.start("train", self.training(call), call, **settings)
        assert isinstance(made, Delivery)
        return made

    async def speak(self, order: Speak, key: str = "speech-1", **settings: str) -> Delivery:
        made = await self.start("speak" if order.voice else "stock", order, self.call(key), **settings)
        assert isinstance(made, Delivery)
        return made

    async def follow(self, ticket: Ticket, key: str = "speech-1") -> Delivery:
        """Each look by a fresh instance, with the ticket as it comes out of a database."""
        for _ in range(20):
            stored = Ticket(json.loads(json.dumps(dict(ticket.data))))
            seen = await self.provider().check(stored, self.call(key))
            if isinstance(seen, Delivery):
                noted = self._noted(seen)
                assert isinstance(noted, Delivery)
                return noted
            assert isinstance(seen, Progress) and seen.fraction is None
        raise AssertionError("nothing was delivered")

    def inject(self, fault: str, path: str = "", times: int = 1, **options: Any) -> None:
        self.bench.faults.inject("minimax", fault, times, path=path, **options)

    def asked(self, path: str) -> list[Any]:
        """The JSON bodies that came in, oldest first."""
        return [asked.json() for asked in self.bench.requests.all("minimax", path, "POST")]

    def voice(self, delivery: Delivery) -> VendorVoice:
        assert delivery.vendor_voice
        return VendorVoice(id=delivery.vendor_voice, expires_at=delivery.voice_expires_at)

    def _noted(self, made: Ticket | Delivery) -> Ticket | Delivery:
        if isinstance(made, Delivery):
            assert isinstance(made.billed_cost, Decimal)
            self.billed += made.billed_cost
        return made


@pytest.fixture(scope="session")
def serving() -> Iterator[Sandbox]:
    with Sandbox(["minimax"]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(serving: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    serving.reset()
    emulator = serving.emulators["minimax"]
    made = Desk(serving, tmp_path, emulator.settings())
    yield made
    for call in made.calls.values():
        assert all(every >= 0.5 for every, _ in call.turns), "MiniMax wants half a second between requests"


@pytest.fixture
def caught() -> Callable[[Awaitable[object]], Awaitable[ProviderError]]:
    """What an awaitable raises, which must be one of the wall's errors and hold no key."""

    async def catch(asking: Awaitable[object]) -> ProviderError:
        with pytest.raises(ProviderError) as raised:
            await asking
        assert "sandbox-minimax-key" not in str(raised.value) + repr(raised.value)
        return raised.value

    return catch
