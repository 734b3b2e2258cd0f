"""What can be measured on one recording. Everything here is a function of decoded samples and of where the
detector heard speech; formulas and their sources are in docs/quality.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from persona_graph.media.child_pitch import HOP_SECONDS
from persona_graph.media.child_vad import RATE, STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Truths = NDArray[np.bool_]

HOP = round(HOP_SECONDS * RATE)
# Steps this near to speech still hold its beginnings, its ends and the room's answer.
_NEAR = 3
_FEWEST_QUIET = 8
_NOTHING = 1e-10  # power; −100 dBFS
BEST_SNR = 70.0
# Of the file's own peak: what was clipped before it was turned down has its tops there as well.
_TOP = 0.985
_TOP_RUN = 3
_BAND_HERTZ = 100
_PRESENT_DB = 55.0
_PAUSE_STEPS = 6
_NUCLEUS_DIP = 2.0
_NUCLEUS_RANGE = 25.0
# Noise fills the room's answer up before that.
_LEAST_SNR_FOR_DECAY = 15.0
_DECAY_HOPS = 6
_RHYTHM_HOP = 5


class Noise(NamedTuple):
    """``snr`` and ``floor`` (dBFS) are None where too little quiet was heard to tell."""

    snr: float | None
    floor: float | None


def decibels(power: float) -> float:
    return float(10 * np.log10(max(power, _NOTHING)))


def noise(sound: Numbers, speech: Truths) -> Noise:
    """Power of the speech steps over that of the steps well away from speech, without the noise that is in
    both. The median of those: a breath or a word the detector missed is no noise. Stretches of nothing at all,
    as an editor leaves them, say nothing about the microphone."""
    power = np.square(_steps(sound, len(speech)), dtype=np.float64).mean(axis=1)
    quiet = ~around(speech, _NEAR)
    if real := np.count_nonzero(quiet & (power > _NOTHING)):
        quiet = quiet & (power > _NOTHING) if real >= _FEWEST_QUIET else quiet
    if np.count_nonzero(quiet) < _FEWEST_QUIET or not speech.any():
        return Noise(None, None)
    floor = max(float(np.median(power[quiet])), _NOTHING)
    clean = float(power[speech].mean()) - floor
    snr = min(decibels(max(clean, _NOTHING) / floor), BEST_SNR)
    return Noise(snr, decibels(floor))


def clipped_share(sound: Numbers) -> float:
    """The part of all samples that stand in runs of three or more at the file's own peak."""
    peak = float(np.abs(sound).max(initial=0.0))
    if peak * peak < _NOTHING:
        return 0.0
    top = np.zeros(len(sound) + 2, dtype=np.int8)
    top[1:-1] = (sound >= _TOP * peak).astype(np.int8) - (sound <= -_TOP * peak).astype(np.int8)
    edges = np.flatnonzero(np.diff(top))
    starts, lengths = edges[:-1], np.diff(edges)
    runs = lengths[(top[starts + 1] != 0) & (lengths >= _TOP_RUN)]
    return float(runs.sum()) / len(sound)


def bandwidth(sound: Numbers, rate: int) -> float:
    """The upper edge in Hz of the highest band of 100 Hz that lies within 55 dB of the loudest one."""
    size = 1 << int(np.log2(rate / 25))
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, (0, size)), size)[::size]
    level = np.square(frames).mean(axis=1)
    loud = frames[level >= np.percentile(level, 70)]
    spectrum = np.zeros(size // 2 + 1)
    for start in range(0, len(loud), 1024):
        part = np.fft.rfft(loud[start : start + 1024] * np.hanning(size).astype(np.float32), axis=1)
        spectrum += np.square(np.abs(part)).sum(axis=0)
    per_band = max(round(_BAND_HERTZ * size / rate), 1)
    bands = spectrum[: len(spectrum) // per_band * per_band].reshape(-1, per_band).mean(axis=1)
    present = np.flatnonzero(10 * np.log10(np.maximum(bands, 1e-20) / max(bands.max(), 1e-20)) > -_PRESENT_DB)
    return float((present[-1] + 1) * per_band * rate / size) if len(present) else 0.0


def levels(sound: Numbers) -> Numbers:
    """dBFS every 10 ms, over 40 ms."""
    square = np.square(sound[: len(sound) // HOP * HOP], dtype=np.float64).reshape(-1, HOP).mean(axis=1)
    smooth = np.convolve(square, np.ones(4) / 4, mode="same") if len(square) >= 4 else square
    return np.asarray(10 * np.log10(np.maximum(smooth, _NOTHING)), dtype=np.float32)


def per_hop(speech: Truths, hops: int) -> Truths:
    """The detector's steps of 32 ms as hops of 10 ms."""
    at = (np.arange(hops) * HOP) // STEP
    return np.asarray(speech[np.minimum(at, len(speech) - 1)], dtype=bool)


def dynamic_range(level: Numbers, heard: Truths) -> float:
    """Between the soft (10th of 100) and the loud (95th) moments of speech, in dB."""
    low, high = np.percentile(level[heard], (10, 95))
    return float(high - low)


def pause_share(speech: Truths) -> float:
    """Silence of 0.2 s and more between the first word and the last, as a part of that time."""
    at = np.flatnonzero(speech)
    if len(at) < 2:
        return 0.0
    gaps = np.diff(at) - 1
    return float(gaps[gaps >= _PAUSE_STEPS].sum()) / float(at[-1] - at[0] + 1)


def syllables(level: Numbers, heard: Truths, pitch: Numbers) -> Truths:
    """True at each syllable nucleus (N. de Jong, T. Wempe 2009): a peak of the level that a dip of 2 dB sets
    apart from the one before, not too soft, voiced."""
    smooth = np.convolve(level, np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum(), mode="same")
    found = np.zeros(len(level), dtype=bool)
    if not heard.any():
        return found
    least = float(np.percentile(smooth[heard], 95)) - _NUCLEUS_RANGE
    rising = np.diff(smooth, prepend=smooth[:1]) > 0
    tops: list[int] = np.flatnonzero(rising & ~np.append(rising[1:], True)).tolist()
    lowest, last = np.inf, -1
    bottoms = np.minimum.reduceat(smooth, tops) if tops else smooth
    for n, top in enumerate(tops):
        loud = smooth[top] > least and heard[top] and pitch[max(top - 2, 0) : top + 3].any()
        if loud and smooth[top] - lowest >= _NUCLEUS_DIP:
            found[top], last, lowest = True, top, np.inf
        elif loud and last >= 0 and smooth[top] > smooth[last]:
            found[last], found[top], last = False, True, top
        lowest = min(lowest, float(bottoms[n]))
    return found


def reverberation(level: Numbers, heard: Truths, around_noise: Noise) -> float | None:
    """Seconds that sound here takes to fall by 60 dB, from the steepest falls in the speech: nothing can stop
    faster than the room lets it (R. Ratnam et al. 2003). A hint: dry recordings answer 0.14 to 0.32, a hall with
    0.8 s answers 0.44 to 0.48. None where noise would fill the falls."""
    if around_noise.snr is None or around_noise.floor is None or around_noise.snr < _LEAST_SNR_FOR_DECAY:
        return None
    smooth = np.convolve(level, np.ones(3) / 3, mode="same")
    before, after = smooth[:-_DECAY_HOPS], smooth[_DECAY_HOPS:]
    loud = before > np.percentile(smooth[heard], 95) - 20
    falls = (after - before)[heard[: len(before)] & loud & (after > around_noise.floor + 6)]
    if len(falls) < 250:
        return None
    return float(60 / max(-np.percentile(falls, 3) / (_DECAY_HOPS * HOP_SECONDS), 1.0))


def rhythm(level: Numbers) -> tuple[str, str]:
    """Whether the level rises or falls, every 50 ms, and where that is certain: two hexadecimal numbers, lowest
    bit first in time. The same recording agrees in nearly every bit, however it was encoded; another one in half."""
    # Over 120 ms: a copy may lie between the steps, and must still show the same rises.
    smooth = np.convolve(level, np.hanning(14)[1:-1] / np.hanning(14)[1:-1].sum(), mode="same")
    coarse = smooth[: len(level) // _RHYTHM_HOP * _RHYTHM_HOP : _RHYTHM_HOP]
    change = np.diff(coarse)
    floor = float(np.percentile(coarse, 95)) - 30 if len(coarse) else 0.0
    sure = (np.abs(change) > 1.0) & (np.maximum(coarse[1:], coarse[:-1]) > floor)
    return _hexadecimal(change > 0), _hexadecimal(sure)


def _hexadecimal(bits: Truths) -> str:
    return np.packbits(bits, bitorder="little").tobytes()[::-1].hex() or "0"


def around(speech: Truths, steps: int) -> Truths:
    """Speech, and what lies within ``steps`` of it."""
    widened = np.convolve(speech, np.ones(2 * steps + 1), mode="full")[steps : steps + len(speech)]
    return np.asarray(widened > 0, dtype=bool)


def _steps(sound: Numbers, count: int) -> Numbers:
    padded = np.zeros(count * STEP, dtype=np.float32)
    padded[: min(len(sound), len(padded))] = sound[: len(padded)]
    return padded.reshape(-1, STEP)
