"""WORLD: speech taken apart into pitch, spectral envelope and noisiness, and put together again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyworld
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 22050
FRAME = 0.005
LOWEST, HIGHEST = 60.0, 500.0


@dataclass(frozen=True, slots=True)
class Frames:
    """One row per 5 ms: ``f0`` in Hz (0: unvoiced), ``envelope`` as the natural logarithm of power,
    ``noise`` as WORLD's aperiodicity between 0 and 1."""

    f0: Floats
    envelope: Floats
    noise: Floats


def pitch(samples: Floats) -> Floats:
    """F0 of every 5 ms in Hz, 0 where unvoiced."""
    rough, times = pyworld.dio(
        samples, RATE, f0_floor=LOWEST, f0_ceil=HIGHEST, frame_period=FRAME * 1000, allowed_range=0.15
    )
    return np.asarray(pyworld.stonemask(samples, rough, times, RATE))


def analyse(samples: Floats, *, noise: bool = True) -> Frames:
    """Take speech apart. Without ``noise`` it is quicker but cannot be synthesised again."""
    f0 = pitch(samples)
    times = np.arange(len(f0)) * FRAME
    power = pyworld.cheaptrick(samples, f0, times, RATE)
    rough = pyworld.d4c(samples, f0, times, RATE) if noise else np.ones_like(power)
    return Frames(f0, np.log(np.maximum(power, 1e-16)), rough)


def synthesise(frames: Frames, length: int, *, stretch: float = 1.0) -> Floats:
    """Speech of ``length`` samples; ``stretch`` is how much longer it lasts than what was analysed."""
    made = pyworld.synthesize(
        np.ascontiguousarray(frames.f0),
        np.ascontiguousarray(np.exp(frames.envelope)),
        np.ascontiguousarray(frames.noise),
        RATE,
        FRAME * 1000 * stretch,
    )
    out = np.zeros(length)
    out[: min(length, len(made))] = made[:length]
    return out


def repitched(frames: Frames, semitones: float) -> Frames:
    """The same speech higher or lower, formants left where they are."""
    return replace(frames, f0=frames.f0 * 2 ** (semitones / 12))
