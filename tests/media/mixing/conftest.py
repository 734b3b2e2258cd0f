"""Recorded speech of a known loudness, and measures of a finished file by judges that the code does not use."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

from persona_graph.media.bounded import ffmpeg_binary

RATE = 24_000
SAMPLES = Path(__file__).parents[2] / "samples"
SPEECH = SAMPLES / "1688" / "1688-142285-0000.flac"
Sound = NDArray[np.float64]


def decoded(path: Path, rate: int = RATE) -> Sound:
    argv = [ffmpeg_binary(), "-v", "error", "-nostdin", "-i", str(path), "-ac", "1", "-ar", str(rate), "-f", "f32le", "-"]  # fmt: skip
    ran = subprocess.run(argv, check=True, capture_output=True)
    return np.frombuffer(ran.stdout, dtype="<f4").astype(np.float64)


def written(path: Path, sound: Sound, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def level(sound: Sound) -> float:
    return float(10 * np.log10(np.square(sound).mean() + 1e-12))


def crest(sound: Sound) -> float:
    return float(20 * np.log10(np.abs(sound).max()) - level(sound))


def loudness(sound: Sound, rate: int = RATE) -> float:
    return float(pyloudnorm.Meter(rate).integrated_loudness(sound))


def median_pitch(sound: Sound, rate: int = RATE) -> float:
    """Median of the autocorrelation's peak between 70 and 350 Hz, over the loudest frames."""
    size, found = rate // 20, []
    frames = [sound[at : at + size] for at in range(0, len(sound) - size, size)]
    power = np.array([np.square(frame).mean() for frame in frames])
    for frame, strong in zip(frames, power > np.quantile(power, 0.6), strict=True):
        if strong:
            spectrum = np.fft.rfft(frame - frame.mean(), 4 * size)
            lags = np.fft.irfft(np.abs(spectrum) ** 2)[rate // 350 : rate // 70]
            found.append(rate / (int(lags.argmax()) + rate // 350))
    return float(np.median(found))


@pytest.fixture(scope="session")
def spoken() -> Sound:
    """Eight seconds of one speaker."""
    return decoded(SPEECH)[: 8 * RATE]
