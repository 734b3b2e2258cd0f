"""Recordings and speech: what a file holds, its canonical form, and the levelled master of a speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from persona_graph.media.bounded import Bounds, ask
from persona_graph.settings import Settings

_VAD_RATE = 16_000
Container = Literal["wav", "mp3", "ogg"]


@dataclass(frozen=True)
class AudioLimits:
    """What refuses a file: outside ``min_seconds..max_seconds``, or without speech if that is needed."""

    max_seconds: float = 600.0
    min_seconds: float = 0.0
    need_speech: bool = False

    @classmethod
    def of(cls, settings: Settings, *, min_seconds: float = 0.0, need_speech: bool = False) -> AudioLimits:
        return cls(settings.max_audio_seconds, min_seconds, need_speech)


@dataclass(frozen=True, kw_only=True)
class AudioProbe:
    """Measured on the decoded samples; nothing here was read from a header but the codec's name.

    ``speech_seconds`` is exact up to four minutes and beyond that estimated from evenly spread windows
    (None: not measured). ``silent``: peak under −50 dBFS, or no speech where speech was measured.
    ``loudness`` (LUFS) and ``true_peak`` (dBTP) are measured on a finished speech only."""

    content_type: str
    codec: str
    seconds: float
    rate: int
    channels: int
    peak_dbfs: float
    rms_dbfs: float
    speech_seconds: float | None
    silent: bool
    loudness: float | None = None
    true_peak: float | None = None


async def probe_audio(
    path: str | Path, limits: AudioLimits | None = None, *, bounds: Bounds | None = None
) -> AudioProbe:
    """Raises MediaRefused: UNSUPPORTED, DAMAGED, TOO_LONG, TOO_SHORT, and SILENT if speech is needed."""
    limits = limits or AudioLimits()
    request = {**_wanted(path, limits), "need_speech": limits.need_speech}
    answer = await ask("child_audio", request, _room(bounds, limits, _VAD_RATE))
    return AudioProbe(**answer)


async def canonical_wav(
    path: str | Path,
    out: str | Path,
    *,
    rate: int = 24_000,
    limits: AudioLimits | None = None,
    bounds: Bounds | None = None,
) -> AudioProbe:
    """Writes mono PCM16 WAV to ``out`` and answers what went in: ``rate``, ``channels`` and ``codec`` are
    those of ``path``."""
    limits = limits or AudioLimits(max_seconds=3600)
    room = _room(bounds, limits, rate).at_least(written_bytes=_wav_bytes(rate, limits.max_seconds))
    answer = await ask("child_audio", {**_wanted(path, limits), "out": _absolute(out), "rate": rate}, room)
    return AudioProbe(**answer)


async def finish_speech(
    path: str | Path,
    out: str | Path,
    *,
    container: Container = "wav",
    loudness: float = -16.0,
    true_peak: float = -1.0,
    rate: int | None = 24_000,
    max_seconds: float = 3600.0,
    bounds: Bounds | None = None,
) -> AudioProbe:
    """Writes the master: mono at ``rate`` (None: the source's), at ``loudness`` LUFS with no true peak above
    ``true_peak`` dBTP, no DC, 5 ms fades, as long as ``path`` within 10 ms. The answer is measured on the
    file that was written. Where the true peak does not allow the loudness, the peak wins."""
    request = {
        "path": _absolute(path), "out": _absolute(out), "container": container, "loudness": loudness,
        "true_peak": true_peak, "rate": rate, "max_seconds": max_seconds,
    }  # fmt: skip
    room = (bounds or Bounds()).at_least(
        seconds=60.0 + max_seconds / 30, address_space=1 << 30, written_bytes=_wav_bytes(48_000, max_seconds)
    )
    return AudioProbe(**await ask("child_speech", request, room))


def _wanted(path: str | Path, limits: AudioLimits) -> dict[str, object]:
    return {"path": _absolute(path), "min_seconds": limits.min_seconds, "max_seconds": limits.max_seconds}


def _room(bounds: Bounds | None, limits: AudioLimits, rate: int) -> Bounds:
    """On top: the samples that the child holds, and CPU time of a hundredth of the longest admitted recording.
    Ten honest minutes are a second or two of work, and a slow machine must not call them damaged."""
    bounds = bounds or Bounds()
    return bounds.at_least(
        seconds=bounds.seconds + limits.max_seconds / 100,
        address_space=bounds.address_space + int(4 * rate * limits.max_seconds),
    )


def _wav_bytes(rate: int, seconds: float) -> int:
    return int(2 * rate * (seconds + 1)) + 4096


def _absolute(path: str | Path) -> str:
    return str(Path(path).absolute())
