"""In a child: effects on decoded speech. Every one gives back as many samples as it got, but for speed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_BLOCK = 1 << 16
_ROOM_SECONDS = 1.8  # until the reverb has fallen by 60 dB
_PREDELAY = 0.012
_ECHO_SECONDS = 0.28
_EQUALISERS = {
    "WARM": "bass=g=3:f=180,equalizer=f=3200:t=q:w=0.9:g=-2,treble=g=-2:f=8000",
    "BRIGHT": "bass=g=-2:f=150,equalizer=f=4500:t=q:w=0.8:g=3,treble=g=3:f=8000",
    "CLARITY": "highpass=f=80,equalizer=f=300:t=q:w=1.0:g=-2,equalizer=f=3000:t=q:w=0.9:g=3.5",
    # Twice, for 24 dB an octave: a telephone channel is steep.
    "PHONE": "highpass=f=300,highpass=f=300,lowpass=f=3400,lowpass=f=3400",
}


def treated(ffmpeg: str, samples: Samples, rate: int, wanted: dict[str, Any]) -> Samples:
    """``wanted`` as ``Effects.to_json`` gives it."""
    length = round(len(samples) / float(wanted["speed"]))
    out = filtered(ffmpeg, samples, rate, chain(wanted), length)
    if wanted["normalisation"]:
        out = _evened_out(out, rate, float(wanted["normalisation"]))
    if wanted["echo"]:
        out = _echoed(out, rate, float(wanted["echo"]))
    if wanted["reverb"]:
        out = _in_a_room(out, rate, float(wanted["reverb"]))
    return out


def chain(wanted: dict[str, Any]) -> str:
    """The ffmpeg filters for what echo and reverb are added to."""
    filters = []
    if wanted["speed"] != 1 or wanted["pitch"]:
        ratio = 2 ** (float(wanted["pitch"]) / 12)
        filters.append(
            f"rubberband=tempo={wanted['speed']:.6f}:pitch={ratio:.6f}:formant=preserved:pitchq=quality"
        )
    if curve := _EQUALISERS.get(str(wanted["equaliser"])):
        filters.append(curve)
    if amount := float(wanted["compression"]):
        # From 1.5:1 above −20 dB to 4:1 above −30 dB. The level comes back when the whole is mastered.
        filters.append(
            f"acompressor=threshold={-20 - 10 * amount:.2f}dB:ratio={1.5 + 2.5 * amount:.3f}:attack=1:release=90"
            ":knee=6:detection=rms"
        )
    return ",".join(filters)


def filtered(ffmpeg: str, samples: Samples, rate: int, filters: str, length: int) -> Samples:
    """What ffmpeg makes of the samples, cut or filled with silence to ``length``."""
    if not filters:
        return samples
    argv = [
        ffmpeg, "-hide_banner", "-nostats", "-loglevel", "error", "-filter_threads", "1", "-threads", "1",
        "-protocol_whitelist", "pipe", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0",
        "-af", filters, "-ar", str(rate), "-ac", "1", "-f", "f32le", "pipe:1",
    ]  # fmt: skip
    sound = np.ascontiguousarray(samples, dtype="<f4").data.cast("B")
    ended = subprocess.run(argv, input=sound, capture_output=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr[-500:].decode("utf-8", "replace"))
    out = np.frombuffer(ended.stdout, dtype="<f4")
    if len(out) >= length:
        return out[:length].copy()
    return np.concatenate([out, np.zeros(length - len(out), dtype=np.float32)])


def _evened_out(samples: Samples, rate: int, amount: float) -> Samples:
    """Loud and quiet passages come nearer to each other: a slow gain of at most 15 dB either way, following the
    level of what is spoken over 1.5 s. Pauses keep the gain around them, so that their noise does not rise."""
    step = rate // 20
    frames = samples[: len(samples) // step * step].reshape(-1, step)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    spoken = power > power.mean() * 0.01
    if not spoken.any():
        return samples
    window = np.hanning(31)
    level = np.convolve(power * spoken, window, mode="same") / np.maximum(
        np.convolve(spoken, window, mode="same"), 1e-9
    )
    decibels = 10 * np.log10(np.maximum(level[spoken], 1e-12))
    gain = np.clip(amount * (decibels.mean() - decibels), -15, 15)
    at = (np.flatnonzero(spoken) + 0.5) * step
    out = np.empty_like(samples)
    for start in range(0, len(samples), 1 << 20):
        part = samples[start : start + (1 << 20)]
        curve = np.interp(np.arange(start, start + len(part)), at, gain)
        out[start : start + len(part)] = part * (10 ** (curve / 20)).astype(np.float32)
    return out


def _echoed(samples: Samples, rate: int, amount: float) -> Samples:
    """Repeats after 0.28 s, each weaker: the first by −24 dB at next to nothing, by −4 dB at 1."""
    out = samples.copy()
    gap, gain = int(_ECHO_SECONDS * rate), 0.06 + 0.57 * amount
    for n in range(1, 7):
        if n * gap >= len(samples) or gain**n < 0.002:
            break
        out[n * gap :] += samples[: -n * gap] * np.float32(gain**n)
    return out


def _in_a_room(samples: Samples, rate: int, amount: float) -> Samples:
    """The dry sound with that of a room added: decaying noise, duller the longer it rings, the same each time."""
    wet = _convolved(samples, _room(rate))[: len(samples)]
    return samples + wet * np.float32(0.9 * amount)


def _room(rate: int) -> Samples:
    count = int(_ROOM_SECONDS * rate)
    at = np.arange(count) / rate
    noise = np.random.default_rng(41).standard_normal(count)
    dull = np.convolve(noise, np.hanning(9) / np.hanning(9).sum(), mode="same") * 2.2
    share = np.clip(at / 0.5, 0, 1)
    tail = (noise * (1 - share) + dull * share) * 10 ** (-3 * at / _ROOM_SECONDS)
    response = np.concatenate([np.zeros(int(_PREDELAY * rate)), tail])
    level: float = np.sqrt(np.square(response).sum())
    return np.asarray(response / level, dtype=np.float32)


def _convolved(samples: Samples, response: Samples) -> Samples:
    """By blocks in the frequency domain, so that an hour takes no more memory than a minute."""
    size = 1 << (len(response) + _BLOCK - 1).bit_length()
    step = size - len(response) + 1
    spectrum = np.fft.rfft(response, size)
    out = np.zeros(len(samples) + size, dtype=np.float32)
    for start in range(0, len(samples), step):
        block = samples[start : start + step]
        out[start : start + size] += np.fft.irfft(np.fft.rfft(block, size) * spectrum, size).astype(
            np.float32
        )
    return out
