"""A sample as a provider should get it: less noise, one loudness, mono PCM at one rate, nothing cut.

Noise goes by a Wiener filter whose noise spectrum is measured on the recording's own quiet moments (P. Scalart,
J. Vieira Filho 1996), frequency by frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from persona_graph.media.child_audio import write_wav
from persona_graph.media.child_limiter import limited
from persona_graph.media.child_measures import around
from persona_graph.media.child_speech import Measured, measure
from persona_graph.media.child_vad import STEP_SECONDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Truths = NDArray[np.bool_]

RATE = 24_000
LOUDNESS = -20.0
TRUE_PEAK = -1.5
_SIZE, _HOP = 1024, 256
# What is left of the noise, as gain: less would warble.
_MOST_REDUCTION = 10 ** (-14 / 20)
_MEMORY = 0.97  # of the estimate of speech over noise, from one frame to the next
_OVERESTIMATE = 1.2
_NEAR = 3
_BLOCK = 2048


class Cleaned(NamedTuple):
    sound: Numbers
    measured: Measured


def write_clean(ffmpeg: str, out: str, sound: Numbers, speech: Truths, *, reduce: bool) -> Cleaned:
    """``sound`` at 24 kHz to ``out``, as long as it came."""
    quieter = without_noise(sound, speech) if reduce else sound
    # The median: the mean of speech is not where its silence lies.
    quieter = quieter - np.median(quieter)
    before = measure(ffmpeg, quieter, RATE)
    gain = 10 ** ((LOUDNESS - before.loudness) / 20)
    master = limited(quieter, gain, 10 ** (TRUE_PEAK / 20), RATE)
    write_wav(out, master, RATE)
    return Cleaned(master, measure(ffmpeg, master, RATE))


def without_noise(sound: Numbers, speech: Truths) -> Numbers:
    """Same length, same timing; what is far from speech keeps a fifth of its level, it is never silenced."""
    frames = -(-len(sound) // _HOP) + _SIZE // _HOP
    padded = np.pad(sound, (_SIZE - _HOP, frames * _HOP + _SIZE - len(sound)))
    view = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP][:frames]
    window = np.sqrt(np.hanning(_SIZE + 1)[:-1]).astype(np.float32)
    level = noise_spectrum(view, window, speech)
    out = np.zeros((frames + _SIZE // _HOP) * _HOP, dtype=np.float32)
    previous = np.zeros(_SIZE // 2 + 1, dtype=np.float32)
    for start in range(0, frames, _BLOCK):
        spectrum = np.fft.rfft(view[start : start + _BLOCK] * window, axis=1)
        ratio = np.asarray(np.square(np.abs(spectrum)) / level, dtype=np.float32)
        gains, previous = _gains(ratio, previous)
        made = np.fft.irfft(spectrum * gains, axis=1).astype(np.float32) * window
        for n, frame in enumerate(made):
            at = (start + n) * _HOP
            out[at : at + _SIZE] += frame
    # Windows of a root of Hann, four deep, add up to two.
    return out[_SIZE - _HOP : _SIZE - _HOP + len(sound)] * np.float32(0.5)


def noise_spectrum(view: Numbers, window: Numbers, speech: Truths) -> Numbers:
    """Power per frequency of the frames well away from speech."""
    centre = (np.arange(len(view)) * _HOP + _HOP - _SIZE / 2) / RATE
    at = np.clip((centre / STEP_SECONDS).astype(int), 0, len(speech) - 1)
    inside = (centre > 0) & (centre < len(speech) * STEP_SECONDS)
    quiet = np.flatnonzero(~around(speech, _NEAR)[at] & inside)[:4000]
    power = np.square(np.abs(np.fft.rfft(view[quiet] * window, axis=1)))
    # The mean of an exponential spread is its median over ln 2; a breath or a click moves the median less.
    return np.asarray(np.maximum(np.median(power, axis=0) / np.log(2), 1e-12), dtype=np.float32)


def _gains(ratio: Numbers, previous: NDArray[Any]) -> tuple[Numbers, Numbers]:
    gains: Numbers = np.empty(ratio.shape, dtype=np.float32)
    for n, now in enumerate(ratio / np.float32(_OVERESTIMATE)):
        prior = _MEMORY * previous + (1 - _MEMORY) * np.maximum(now - 1, 0)
        gain = np.maximum(prior / (1 + prior), _MOST_REDUCTION)
        gains[n] = gain
        previous = gain * gain * now
    return gains, np.asarray(previous, dtype=np.float32)
