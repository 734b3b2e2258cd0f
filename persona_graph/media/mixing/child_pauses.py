"""Child: where nobody speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_RATE = 16_000
_STEP = 160
_QUIET = 10**-2.8  # of the mean power: −28 dB
_LEAST_STEPS = 12


def find(request: Request) -> Answer:
    """Pauses of at least 0.12 s as (start, end), silence at either end included."""
    sound = decode(request["ffmpeg"], request["path"], rate=_RATE, max_seconds=request["max_seconds"])
    return {"pauses": pauses(sound.mono), "seconds": sound.seconds}


def pauses(sound: Samples) -> list[tuple[float, float]]:
    frames = sound[: len(sound) // _STEP * _STEP].reshape(-1, _STEP)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    quiet = np.concatenate([[False], power < power.mean() * _QUIET, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2)
    return [(a * _STEP / _RATE, b * _STEP / _RATE) for a, b in edges.tolist() if b - a >= _LEAST_STEPS]


if __name__ == "__main__":
    reply(find)
