"""Smooth spectra as mel-cepstra: what makes a timbre, apart from pitch and loudness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from persona_graph_local.vocoder import RATE, Floats, Frames

ORDER = 30
HIGHEST = RATE / 2
_LOWEST = 60.0
_POINTS = 96
_QUIET_DB = 35.0
_DB = 10 / np.log(10)
_FEWEST = 60


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where cepstra lie: their mean and covariance over ``frames`` of them."""

    mean: Floats
    covariance: Floats
    frames: int


@dataclass(frozen=True, slots=True)
class Timbre:
    """The cepstra of a voice's voiced and unvoiced sounds, and of all its speech."""

    voiced: Cloud
    unvoiced: Cloud
    speech: Cloud


class Basis:
    """Mel-cepstra of the band up to ``bandwidth`` Hz; above it a recording holds nothing to learn from."""

    def __init__(self, bandwidth: float, bins: int) -> None:
        self._bin = RATE / 2 / (bins - 1)
        self._bins = bins
        self._mels = np.linspace(float(_mel(_LOWEST)), float(_mel(bandwidth)), _POINTS)
        places = (np.arange(_POINTS) + 0.5) / _POINTS
        orders = np.arange(ORDER)[:, None]
        self._forward = np.cos(np.pi * orders * places) * (2 / _POINTS)
        self._forward[0] /= 2
        span = self._mels[-1] - self._mels[0]
        # Clipped: outside the band a correction keeps the value it has at the band's edge.
        where = np.clip((_mel(np.arange(bins, dtype=float) * self._bin) - self._mels[0]) / span, 0, 1)
        places_of_bins = where * (_POINTS - 1) / _POINTS + 0.5 / _POINTS
        self._inverse = np.cos(np.pi * orders * places_of_bins)

    def cepstra(self, envelope: Floats, warp: float = 1.0) -> Floats:
        """Of each frame; with ``warp`` as they were if every formant lay ``warp`` times as high."""
        hertz = 700.0 * np.expm1(self._mels / 1127.0) / warp
        return sampled(envelope, hertz / self._bin) @ self._forward.T

    def spectrum(self, cepstra: Floats) -> Floats:
        """Back to one value per frequency bin."""
        return np.asarray(cepstra @ self._inverse)

    def timbre(self, frames: Frames, warp: float = 1.0) -> Timbre:
        """Of the speech in ``frames``; its pauses are left out."""
        cepstra = self.cepstra(frames.envelope, warp)
        speech, voiced = audible(frames), frames.f0 > 0
        return Timbre(
            _cloud(cepstra, speech & voiced, speech),
            _cloud(cepstra, speech & ~voiced, speech),
            _cloud(cepstra, speech, speech),
        )


def _mel(hertz: Floats | float) -> Floats:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))


@lru_cache(maxsize=8)
def basis(bandwidth: float, bins: int) -> Basis:
    return Basis(bandwidth, bins)


def sampled(envelope: Floats, places: Floats) -> Floats:
    """Every row of ``envelope`` read at fractional bins."""
    last = envelope.shape[1] - 1
    places = np.clip(places, 0, last - 1e-9)
    below = places.astype(int)
    part = places - below
    return np.asarray(envelope[:, below] * (1 - part) + envelope[:, below + 1] * part)


def warped(envelope: Floats, warp: float) -> Floats:
    """Every formant ``warp`` times as high."""
    return envelope if warp == 1.0 else sampled(envelope, np.arange(envelope.shape[1]) / warp)


def loudness(frames: Frames) -> Floats:
    """Of every frame, in dB."""
    return np.asarray(_DB * np.log(np.exp(frames.envelope).mean(axis=1)))


def audible(frames: Frames) -> NDArray[np.bool_]:
    """Which frames are speech rather than a pause."""
    level = loudness(frames)
    return np.asarray(level > np.percentile(level, 95) - _QUIET_DB)


def _cloud(cepstra: Floats, chosen: NDArray[np.bool_], otherwise: NDArray[np.bool_]) -> Cloud:
    kept = cepstra[chosen if chosen.sum() >= _FEWEST else otherwise]
    return Cloud(kept.mean(axis=0), np.cov(kept.T), len(kept))


def mean_distance(a: Timbre, b: Timbre) -> float:
    """How far the long-term spectra of two voices lie apart: rms dB over the mel axis, level aside."""
    return float(_DB * np.sqrt(0.5 * np.sum((a.speech.mean[1:] - b.speech.mean[1:]) ** 2)))


def kinship(a: Timbre, b: Timbre) -> float:
    """How unlike two voices' ways of moving are, in dB: the transport distance of their voiced cepstra,
    in which the mean counts little because a conversion can shift it entirely."""
    shift = np.sum((a.voiced.mean[1:] - b.voiced.mean[1:]) ** 2)
    root = square_root(a.voiced.covariance[1:, 1:])
    there = b.voiced.covariance[1:, 1:]
    shape = np.trace(a.voiced.covariance[1:, 1:] + there - 2 * square_root(root @ there @ root))
    return float(_DB * np.sqrt(0.5 * (0.1 * shift + max(0.0, shape))))


def square_root(matrix: Floats) -> Floats:
    """Of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 1e-9))) @ vectors.T)


def bandwidth_of(frames: Frames) -> float:
    """The frequency in Hz above which a recording is empty, because it was once sampled or coded lower."""
    level = loudness(frames)
    loud = frames.envelope[level > np.percentile(level, 60)]
    spectrum = _DB * np.log(np.exp(loud).mean(axis=0))
    width = RATE / 2 / (len(spectrum) - 1)
    step = round(1000 / width)
    for edge in range(round(3000 / width), len(spectrum) - step // 2):
        below = spectrum[max(0, edge - step) : edge].mean()
        if spectrum[edge + step // 4 : edge + step].mean() < below - 20 and spectrum[edge:].max() < below:
            return max(3000.0, edge * width - 300)
    return HIGHEST
