"""Where a voice's pitch lies and how far it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from persona_graph_local.vocoder import HIGHEST, LOWEST, Floats

# Further from the median than this (in natural logarithms, 9.5 semitones) it is an octave error.
_OCTAVE_ERROR = 0.55
_FEWEST = 40
# Stretched further than this the engine's intonation sounds sung, and is understood less.
_NARROWER, _WIDER = 0.5, 1.8


class NoPitch(ValueError):
    """Too little voiced speech to tell its pitch."""


@dataclass(frozen=True, slots=True)
class Intonation:
    """``median`` in Hz, ``spread`` as the standard deviation of its natural logarithm."""

    median: float
    spread: float


def intonation(f0: Floats) -> Intonation:
    """Of a pitch track; raises NoPitch."""
    voiced = np.log(f0[f0 > 0])
    if len(voiced) < _FEWEST:
        raise NoPitch(f"{len(voiced)} voiced frames")
    for _ in range(2):
        voiced = voiced[np.abs(voiced - np.median(voiced)) < _OCTAVE_ERROR]
    return Intonation(float(np.exp(np.median(voiced))), float(max(voiced.std(), 0.02)))


def moved(f0: Floats, source: Intonation, target: Intonation) -> Floats:
    """A pitch track of ``source`` in the range of ``target``."""
    ratio = np.clip(target.spread / source.spread, _NARROWER, _WIDER)
    away = np.log(np.maximum(f0, 1.0) / source.median)
    shifted = target.median * np.exp(np.clip(away, -_OCTAVE_ERROR, _OCTAVE_ERROR) * ratio)
    return np.where(f0 > 0, np.clip(shifted, LOWEST / 2, HIGHEST * 2), 0.0)


def semitones(a: float, b: float) -> float:
    """From ``b`` up to ``a``."""
    return float(12 * np.log2(a / b))
