"""What the core lends a provider, with real files in a real folder; two real speakers; their fitted voices."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from persona_graph_local.provider import LocalPortrait, LocalVoice
from persona_graph_local.workshop import Workshop
from scipy.signal import resample_poly

from persona_graph.provider import Delivery, FileRef, Offer, Order, Progress, Ticket, TrainVoice

SAMPLES = Path(__file__).parents[3] / "tests" / "samples"
SPEAKERS = ("1688", "1998")


@dataclass
class LentCall:
    """Scripted: it hands out ``files`` by id and remembers what was read."""

    folder: Path
    idempotency_key: str = "key-1"
    client_ref: str = "ref-1"
    remaining: float = 30.0
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("tests"))

    def lend(self, name: str, content: bytes, content_type: str, seconds: float | None = None) -> FileRef:
        self.files[name] = content
        return FileRef(id=name, name=name, content_type=content_type, size=len(content), seconds=seconds)

    async def read(self, file: FileRef) -> bytes:
        self.asked.append(file.id)
        return self.files[file.id]

    async def link(self, file: FileRef, ttl: float = 900) -> str:
        raise AssertionError("nothing leaves this machine")


class Desk:
    """A provider with a workshop of its own, driven as the core drives it."""

    def __init__(self, folder: Path) -> None:
        self.workshop = Workshop()
        self.voice, self.portrait = LocalVoice(self.workshop), LocalPortrait(self.workshop)
        self.folder = folder
        self.seen: list[Progress] = []

    def call(self, key: str = "key-1") -> LentCall:
        folder = self.folder / key
        folder.mkdir(exist_ok=True)
        return LentCall(folder, key)

    def offer(self, offer_id: str) -> Offer:
        every = (*self.voice.offers, *self.portrait.offers)
        return next(offer for offer in every if offer.id == offer_id)

    async def start(self, offer_id: str, order: Order, call: LentCall) -> Ticket:
        provider = self.portrait if offer_id == "animate" else self.voice
        ticket = await provider.start(self.offer(offer_id), order, call)
        assert isinstance(ticket, Ticket)
        return ticket

    async def until(self, ticket: Ticket, call: LentCall, stop: Callable[[Progress], bool]) -> Progress:
        """Asks until progress is as ``stop`` wants it."""
        while True:
            progress = await self.voice.check(ticket, call)
            assert isinstance(progress, Progress), "it ended before"
            if stop(progress):
                return progress
            await asyncio.sleep(0.01)

    async def deliver(self, ticket: Ticket, call: LentCall) -> Delivery:
        while isinstance(found := await self.voice.check(ticket, call), Progress):
            self.seen.append(found)
            await asyncio.sleep(found.check_again_in / 4)
        return found

    async def make(self, offer_id: str, order: Order, call: LentCall | None = None) -> Delivery:
        call = call or self.call()
        return await self.deliver(await self.start(offer_id, order, call), call)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    for path in tmp_path.glob("*/job-*"):
        made.workshop.stop(path)


def wav(samples: np.ndarray, rate: int = 24000) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype="PCM_16")
    return out.getvalue()


@dataclass(frozen=True)
class Speaker:
    """``clips`` are ten recordings as the core hands them over: mono WAV, PCM 16 bit, 24 kHz."""

    name: str
    clips: tuple[bytes, ...]

    @property
    def samples(self) -> np.ndarray:
        """All of them in a row, at 22.05 kHz."""
        parts = [soundfile.read(io.BytesIO(clip))[0] for clip in self.clips]
        return resample_poly(np.concatenate(parts), 147, 160)

    def order(self, call: LentCall, language: str = "en", clips: int = 10) -> TrainVoice:
        refs = [call.lend(f"{n}.wav", clip, "audio/wav") for n, clip in enumerate(self.clips[:clips])]
        return TrainVoice(samples=tuple(refs), language=language)


@pytest.fixture(scope="session")
def speakers() -> dict[str, Speaker]:
    def clip(path: Path) -> bytes:
        samples, rate = soundfile.read(path)
        assert rate == 16000
        return wav(resample_poly(samples, 3, 2) * 0.95)

    return {
        name: Speaker(name, tuple(clip(path) for path in sorted((SAMPLES / name).glob("*.flac"))))
        for name in SPEAKERS
    }


@pytest.fixture(scope="session")
def trained(
    speakers: dict[str, Speaker], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Delivery, list[Progress]]]:
    """Both speakers' voices, fitted at the same time by two real children, with the progress seen."""

    async def train(name: str) -> tuple[Delivery, list[Progress]]:
        desk = Desk(tmp_path_factory.mktemp(name))
        call = desk.call(f"train-{name}")
        return await desk.make("train", speakers[name].order(call), call), desk.seen

    async def both() -> list[Any]:
        return await asyncio.gather(*(train(name) for name in SPEAKERS))

    with asyncio.Runner() as runner:
        return dict(zip(SPEAKERS, runner.run(both()), strict=True))
