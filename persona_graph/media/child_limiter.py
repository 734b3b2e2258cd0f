"""A look-ahead limiter on true peaks: gain that falls before a peak and recovers after it, never a clipped top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_OVERSAMPLING = 4
_FRAME = 4096
_MARGIN = 64
_FRAMES_AT_ONCE = 64
_SMOOTHING = 11  # steps of 1 ms
# A step's own need lies in every window that its smoothed gain, and the line to the next one, draw from.
_REACH = _SMOOTHING // 2 + 1


def limited(samples: Samples, gain: float, ceiling: float, rate: int) -> Samples:
    """``samples`` times ``gain`` with true peaks at or under ``ceiling``; same length, nothing delayed."""
    out = np.multiply(samples, np.float32(gain))
    # Between samples the wave rises past them, in speech by far less than this factor.
    if float(np.abs(out).max(initial=0.0)) * 2 < ceiling:
        return out
    step = max(rate // 1000, 1)
    needed = np.minimum(1.0, ceiling / np.maximum(true_peaks(out, step), 1e-9))
    held = sliding_window_view(np.pad(needed, _REACH, mode="edge"), 2 * _REACH + 1).min(axis=1)
    hann = np.hanning(_SMOOTHING + 2)[1:-1]
    smooth = np.convolve(np.pad(held, _SMOOTHING // 2, mode="edge"), hann / hann.sum(), mode="valid")
    centres = (np.arange(len(smooth)) + 0.5) * step
    for start in range(0, len(out), 1 << 20):
        part = out[start : start + (1 << 20)]
        part *= np.interp(np.arange(start, start + len(part)), centres, smooth).astype(np.float32)
    return out


def true_peaks(samples: Samples, step: int) -> NDArray[np.float64]:
    """The largest magnitude in each ``step`` samples, four times oversampled by a zero-padded spectrum."""
    hop = _FRAME // step * step
    count = -(-len(samples) // hop)
    padded = np.zeros(count * hop + 2 * _MARGIN, dtype=np.float32)
    padded[_MARGIN : _MARGIN + len(samples)] = samples
    frames = sliding_window_view(padded, hop + 2 * _MARGIN)[::hop]
    peaks = np.empty((count, hop // step))
    kept = slice(_MARGIN * _OVERSAMPLING, (_MARGIN + hop) * _OVERSAMPLING)
    for at in range(0, count, _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[at : at + _FRAMES_AT_ONCE], axis=1)
        fine = np.fft.irfft(spectrum, n=frames.shape[1] * _OVERSAMPLING, axis=1)[:, kept] * _OVERSAMPLING
        peaks[at : at + len(fine)] = np.abs(fine).reshape(len(fine), -1, step * _OVERSAMPLING).max(axis=2)
    return peaks.reshape(-1)[: -(-len(samples) // step)]
