"""Whose voice it is: Resemblyzer's speaker encoder, run in NumPy with the weights of its installed wheel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask


@dataclass(frozen=True)
class Fingerprint:
    """256 non-negative numbers of length one, from ``seconds`` of speech (silences cut out). Under 1.6 s it says
    little; from 10 s on it is steady."""

    vector: list[float]
    seconds: float


async def fingerprint(
    paths: Sequence[str | Path], *, max_seconds: float = 900.0, bounds: Bounds | None = None
) -> Fingerprint:
    """One fingerprint of all recordings together, each weighted by its speech. Raises MediaRefused; SILENT when
    there is no speech in any of them."""
    request = {"paths": [str(Path(path).absolute()) for path in paths], "max_seconds": max_seconds}
    room = (bounds or Bounds()).at_least(seconds=20 + max_seconds / 20, address_space=1 << 30)
    return Fingerprint(**await ask("child_speaker", request, room))


def similarity(a: Fingerprint, b: Fingerprint) -> float:
    """Cosine, 0 to 1. Measured on 25 to 40 s of four readers: one speaker 0.97 and more, two speakers 0.5 to
    0.75; one speaker through MP3 or Opus 0.95 and more."""
    scale = math.sqrt(sum(x * x for x in a.vector) * sum(y * y for y in b.vector))
    return sum(x * y for x, y in zip(a.vector, b.vector, strict=True)) / scale if scale else 0.0
