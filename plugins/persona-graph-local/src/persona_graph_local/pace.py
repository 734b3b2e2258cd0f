"""How fast somebody speaks, heard from the syllables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from persona_graph_local.vocoder import FRAME, RATE, Floats, Frames

_BAND = (250.0, 3500.0)
_DIP_DB = 2.0
_PAUSE = 0.2
# Between words a room still sounds; what is this far below the loud syllables is a pause.
_PAUSE_DB = 25.0


def syllables_per_second(frames: Frames) -> float:
    """Syllable nuclei per second of speech, pauses of 0.2 s and longer left out; 0 if there are none.

    A nucleus is a voiced peak of loudness with a dip of 2 dB on either side.
    """
    bins = frames.envelope.shape[1]
    low, high = (round(edge / (RATE / 2) * (bins - 1)) for edge in _BAND)
    level = _smooth(10 / np.log(10) * np.log(np.exp(frames.envelope[:, low:high]).mean(axis=1)))
    peaks, _ = find_peaks(level, prominence=_DIP_DB, distance=round(0.06 / FRAME))
    speech = level > np.percentile(level, 95) - _PAUSE_DB
    near_voice = np.convolve(frames.f0 > 0, np.ones(5), "same") > 0
    nuclei = int((speech & near_voice)[peaks].sum())
    seconds = _without_pauses(speech) * FRAME
    return nuclei / seconds if seconds > 0 else 0.0


def _smooth(level: Floats) -> Floats:
    window = np.hanning(13)
    return np.convolve(level, window / window.sum(), "same")


def _without_pauses(speech: NDArray[np.bool_]) -> int:
    """Frames of speech, with the short gaps inside it."""
    spoken = np.flatnonzero(speech)
    if not len(spoken):
        return 0
    gaps = np.diff(spoken)
    return 1 + int(gaps[gaps < _PAUSE / FRAME].sum())
