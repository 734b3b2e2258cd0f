"""A recording as a sample of a voice: what is measured on it, and its cleaned copy."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from persona_graph.media.bounded import Bounds, ask

_CLEAN_RATE = 24_000
_SLOTS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Passage(NamedTuple):
    """The speaker's embedding over some seconds of speech."""

    vector: list[float]
    seconds: float


class Company(NamedTuple):
    """Cosine of the two groups the recording falls into most easily, and the smaller one's share."""

    similarity: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Measured on the file that was written. ``snr`` None: too little quiet to tell."""

    snr: float | None
    loudness: float
    true_peak: float
    seconds: float
    noise_reduced: bool


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Measured on the decoded samples; None where the recording does not hold enough to tell. Formulas are in
    docs/quality.md. ``rhythm`` tells the same recording from another one."""

    content_type: str
    codec: str
    seconds: float
    rate: int
    channels: int
    peak_dbfs: float
    loudness: float
    clipped_share: float
    bandwidth_hz: float
    speech_seconds: float
    speech_share: float
    pause_share: float
    snr: float | None
    noise_dbfs: float | None
    dynamic_range_db: float | None
    reverberation_seconds: float | None
    pitch_hz: float | None
    pitch_range_semitones: float | None
    voiced_seconds: float
    syllables_per_second: float | None
    pace_spread: float | None
    company: Company | None
    passages: tuple[Passage, ...]
    rhythm: tuple[str, str]
    cleaned: Cleaned | None = None


async def analyse(
    path: str | Path,
    out: str | Path | None = None,
    *,
    max_seconds: float = 600.0,
    bounds: Bounds | None = None,
) -> Analysis:
    """Measures ``path``; with ``out``, also writes the cleaned copy there: mono PCM16 WAV at 24 kHz, noise
    reduced where there is some, -20 LUFS, true peak at most -1.5 dBTP, as long as the recording. Raises
    MediaRefused when it cannot be decoded or is longer than ``max_seconds``."""
    request = {"path": str(Path(path).absolute()), "max_seconds": max_seconds}
    if out is not None:
        request["out"] = str(Path(out).absolute())
    room = (bounds or Bounds(slots=_slots())).at_least(
        seconds=20 + max_seconds / 10,
        address_space=(1 << 30) + int(8 * 48_000 * max_seconds),
        written_bytes=int(2 * _CLEAN_RATE * (max_seconds + 2)) + 4096,
    )
    answer = await ask("child_analysis", request, room)
    company, cleaned = answer.pop("company"), answer.pop("cleaned", None)
    passages = tuple(Passage(**each) for each in answer.pop("passages"))
    return Analysis(
        **{**answer, "rhythm": tuple(answer["rhythm"])}, passages=passages,
        company=Company(*company) if company else None, cleaned=Cleaned(**cleaned) if cleaned else None,
    )  # fmt: skip


def _slots() -> asyncio.Semaphore:
    """Half the processors: an analysis takes seconds, and uploads are looked at meanwhile."""
    loop = asyncio.get_running_loop()
    return _SLOTS.setdefault(loop, asyncio.Semaphore(max((os.cpu_count() or 1) // 2, 1)))
