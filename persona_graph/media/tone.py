"""What is measured on a rendering of golden lines, to be compared with another rendering of the same words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask

MAX_SECONDS = 300.0


@dataclass(frozen=True)
class Tone:
    """None where too little speech was heard to tell. ``bands`` are the levels of speech from 100 Hz to 6.4 kHz by
    octaves, in dB of their sum; ``syllables_per_second`` counts nuclei over the time that is speech."""

    loudness: float
    speech_seconds: float
    pitch_hz: float | None
    syllables_per_second: float | None
    bands: tuple[float, ...] | None


async def tone(path: str | Path, *, bounds: Bounds | None = None) -> Tone:
    """Raises MediaRefused when it cannot be decoded."""
    request = {"path": str(Path(path).absolute()), "max_seconds": MAX_SECONDS}
    room = (bounds or Bounds()).at_least(
        seconds=20 + MAX_SECONDS / 10, address_space=(1 << 30) + int(8 * 48_000 * MAX_SECONDS)
    )
    answer = await ask("child_tone", request, room)
    bands = answer.pop("bands")
    return Tone(**answer, bands=None if bands is None else tuple(bands))
