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
_ABOVE_FLOOR = 10**0.7  # 7 dB over the noise of the recording
_NEVER_OVER = 10**-1.4  # −14 dB of the mean is speech, however noisy
_LEAST_STEPS = 12


def find(request: Request) -> Answer:
    """Pauses of at least 0.12 s as (start, end), silence at either end included."""
    sound = decode(request["ffmpeg"], request["path"], rate=_RATE, max_seconds=request["max_seconds"])
    return {"pauses": pauses(sound.mono), "seconds": sound.seconds}


def pauses(sound: Samples) -> list[tuple[float, float]]:
    frames = sound[: len(sound) // _STEP * _STEP].reshape(-1, _STEP)
    if not len(frames):
        return []
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    # Over 50 ms: one loud step of noise does not end a pause.
    power = np.convolve(np.pad(power, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    quiet = np.concatenate([[False], power < quiet_power(power), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8))).reshape(-1, 2)
    return [(a * _STEP / _RATE, b * _STEP / _RATE) for a, b in edges.tolist() if b - a >= _LEAST_STEPS]


def quiet_power(power: NDArray[np.float64]) -> float:
    """Below this nobody speaks: well under the mean, or near the recording's own noise."""
    mean = float(power.mean())
    floor = float(np.quantile(power, 0.05)) if len(power) else 0.0
    return max(mean * _QUIET, min(floor * _ABOVE_FLOOR, mean * _NEVER_OVER))


if __name__ == "__main__":
    reply(find)
