"""Recordings of a speaker, as the core hands them over: mono WAV, PCM 16 bit, any usual rate."""

from __future__ import annotations

import wave
from math import gcd
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from persona_graph_local.vocoder import RATE, Floats

_RATES = range(8000, 192_001)
_LEVEL = 0.05


class NotARecording(ValueError):
    """The file cannot be read as PCM WAV. The message is fit for users."""


def read_recording(path: Path) -> Floats:
    """Samples at the vocoder's rate, at an ordinary level, without offset. Raises NotARecording."""
    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise NotARecording(f"A recording is not a WAV file that can be read ({error}).") from error
    if width != 2 or rate not in _RATES or not 1 <= channels <= 8:
        raise NotARecording("A recording is not 16-bit PCM at 8 to 192 kHz.")
    frames = np.frombuffer(raw[: len(raw) // (2 * channels) * 2 * channels], dtype="<i2")
    return _levelled(_resampled(frames.reshape(-1, channels).mean(axis=1) / 32768, rate))


def recorded_seconds(path: Path) -> float:
    """From the header. Raises NotARecording."""
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise NotARecording(f"A recording is not a WAV file that can be read ({error}).") from error


def _resampled(samples: Floats, rate: int) -> Floats:
    common = gcd(rate, RATE)
    return samples if rate == RATE else np.asarray(resample_poly(samples, RATE // common, rate // common))


def _levelled(samples: Floats) -> Floats:
    if not len(samples):
        return samples
    centred = samples - samples.mean()
    loud = np.sqrt(np.mean(centred**2))
    return np.asarray(centred * (_LEVEL / loud) if loud > 1e-5 else centred)
