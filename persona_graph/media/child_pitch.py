"""The pitch of a voice, by autocorrelation (P. Boersma 1993, "Accurate short-term analysis of the fundamental
frequency"): each frame's correlation is divided by its window's, so that the peak stands at the period itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

HOP_SECONDS = 0.010
LOWEST, HIGHEST = 60.0, 500.0
_RATE = 8_000
_FRAME = 400  # three periods of 60 Hz
_FFT = 1024
_AT_ONCE = 4096
_VOICED = 0.5
# The price of each octave down: a period also fits twice, and the shorter one is the pitch.
_OCTAVE_COST = 0.02
# A frame this far from the median is an error of an octave more often than a shout (semitones).
_FARTHEST = 11.0


def pitch_track(sound: Numbers, heard: NDArray[np.bool_], rate: int = 16_000) -> Numbers:
    """Hertz every 10 ms of 16 kHz sound, 0 where there is no voice or ``heard`` (per 10 ms) is false."""
    low = _half(sound) if rate == 2 * _RATE else sound
    hop = round(HOP_SECONDS * _RATE)
    padded = np.pad(low, (_FRAME // 2, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::hop][: len(heard)]
    track = np.zeros(len(heard), dtype=np.float32)
    wanted = np.flatnonzero(heard[: len(frames)])
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        track[some] = _pitches(frames[some])
    return _without_outliers(_steadied(track))


def semitones(a: float, b: float) -> float:
    return float(12 * np.log2(a / b))


def _half(sound: Numbers) -> Numbers:
    """Every second sample behind a low-pass at a quarter of the rate."""
    taps = np.arange(-15, 16)
    kernel = np.sinc(taps / 2) * np.hamming(31) / 2
    return np.convolve(sound, (kernel / kernel.sum()).astype(np.float32), mode="same")[::2]


def _pitches(frames: Numbers) -> Numbers:
    window = np.hanning(_FRAME + 2)[1:-1].astype(np.float32)
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    own = _correlation(centred)
    correlation = own / np.maximum(own[:, :1], 1e-12) / (_correlation(window[None]) / np.sum(window**2))
    first, last = int(_RATE / HIGHEST), int(_RATE / LOWEST)
    lags = np.arange(first, last + 1)
    here = correlation[:, first : last + 1]
    peak = (here > correlation[:, first - 1 : last]) & (here >= correlation[:, first + 1 : last + 2])
    worth = np.where(peak, here - _OCTAVE_COST * np.log2(lags / first), -np.inf)
    best = worth.argmax(axis=1)
    row = np.arange(len(frames))
    left, middle, right = (correlation[row, first + best + side] for side in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(bend == 0, 1, bend), 0.0)
    voiced = peak[row, best] & (middle > _VOICED)
    return np.where(voiced, _RATE / (lags[best] + np.clip(shift, -0.5, 0.5)), 0.0).astype(np.float32)


def _correlation(frames: Numbers) -> Numbers:
    power = np.square(np.abs(np.fft.rfft(frames, _FFT, axis=1)))
    return np.fft.irfft(power, axis=1)[:, : int(_RATE / LOWEST) + 2].astype(np.float32)


def _steadied(track: Numbers) -> Numbers:
    """Each voiced frame as the median of the five around it; a voiced frame with fewer than three voiced ones
    around it is none."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(track, 2), 5).astype(np.float64)
    around[around == 0] = np.nan
    enough = (~np.isnan(around)).sum(axis=1) >= 3
    keep = enough & (track > 0)
    out = np.zeros_like(track)
    if keep.any():
        out[keep] = np.nanmedian(around[keep], axis=1)
    return out


def _without_outliers(track: Numbers) -> Numbers:
    voiced = track[track > 0]
    if not len(voiced):
        return track
    away = np.abs(12 * np.log2(np.maximum(track, 1.0) / np.median(voiced)))
    return np.where(away <= _FARTHEST, track, 0).astype(np.float32)
