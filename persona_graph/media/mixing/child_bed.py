"""In a child: background music as long as the speech and lower while somebody speaks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from persona_graph.media.mixing.child_pauses import quiet_power

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydub import AudioSegment

    Samples = NDArray[np.float32]

_STEP_SECONDS = 0.01
_AHEAD_SECONDS = 0.25  # the music is down before the first word
_HOLD_SECONDS = 0.6  # and stays down over the pauses within a sentence
_RAMP_SECONDS = 0.3
_LOOP_CROSSFADE_SECONDS = 0.5


def segment(samples: Samples, rate: int) -> AudioSegment:
    """16 bit; louder than full scale is the caller's mistake."""
    with warnings.catch_warnings():
        # It looks for an ffmpeg of its own; it is only ever given decoded samples here.
        warnings.simplefilter("ignore")
        from pydub import AudioSegment

    pcm = np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    return AudioSegment(data=pcm, sample_width=2, frame_rate=rate, channels=1)


def samples_of(sound: AudioSegment) -> Samples:
    pcm = np.frombuffer(sound.raw_data, dtype="<i2").astype(np.float32)
    return pcm / np.float32(32767)


def bed(music: Samples, rate: int, length: int, fade: float, *, seamless: bool) -> Samples:
    """``length`` samples of the music: looped or trimmed, faded in and out over ``fade`` seconds."""
    peak = float(np.abs(music).max(initial=0.0)) or 1.0
    piece = segment(music * np.float32(0.9 / peak), rate)
    crossfade = 0 if seamless else int(min(1000 * _LOOP_CROSSFADE_SECONDS, len(piece) / 4))
    whole, wanted = piece, int(np.ceil(1000 * length / rate)) + 1
    while len(whole) < wanted:
        # Doubled, so that an hour of a short loop is a dozen steps.
        whole = whole.append(whole, crossfade=crossfade)
    fade_ms = int(min(1000 * fade, wanted / 2))
    trimmed = whole[:wanted].fade_in(fade_ms) if fade_ms else whole[:wanted]
    out = np.zeros(length, dtype=np.float32)
    found = samples_of(trimmed)[:length] * np.float32(peak / 0.9)
    out[: len(found)] = found
    edge = min(int(fade * rate), length // 2)
    if edge:
        # To the last sample: pydub's own goes by whole milliseconds.
        out[length - edge :] *= np.linspace(1, 0, edge, dtype=np.float32)
    return out


def ducking(speech: Samples, rate: int, duck_db: float) -> Samples:
    """The gain for the music at each sample: 1 where nobody speaks, ``duck_db`` lower where somebody does."""
    step = int(_STEP_SECONDS * rate)
    count = -(-len(speech) // step)
    padded = np.zeros(count * step, dtype=np.float32)
    padded[: len(speech)] = speech
    power = np.square(padded.reshape(-1, step), dtype=np.float64).mean(axis=1)
    spoken = power > max(quiet_power(power), 1e-8)
    low = _widened(spoken, int(_AHEAD_SECONDS / _STEP_SECONDS), int(_HOLD_SECONDS / _STEP_SECONDS))
    width = int(_RAMP_SECONDS / _STEP_SECONDS) | 1
    ramp = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(np.pad(low.astype(float), width // 2, mode="edge"), ramp / ramp.sum(), mode="valid")
    at = (np.arange(count) + 0.5) * step
    gain = np.empty(len(speech), dtype=np.float32)
    for start in range(0, len(gain), 1 << 20):
        stop = min(start + (1 << 20), len(gain))
        gain[start:stop] = 10 ** (np.interp(np.arange(start, stop), at, -abs(duck_db) / 20 * smooth))
    return gain


def _widened(spoken: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    edges = np.zeros(len(spoken) + 1, dtype=int)
    at = np.flatnonzero(spoken)
    np.add.at(edges, np.maximum(at - before, 0), 1)
    np.add.at(edges, np.minimum(at + after + 1, len(spoken)), -1)
    return np.asarray(np.cumsum(edges[:-1]) > 0)
