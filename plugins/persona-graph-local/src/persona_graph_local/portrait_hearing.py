"""What a mouth can follow in a recording: loudness and the balance of a few bands, a hundred times a second.

The recording is read in blocks: ten minutes of it never lie in memory.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_geometry import Floats

RATE = 100
QUIET = -55.0
BANDS = ((80, 450), (550, 1100), (600, 1200), (1700, 2600), (80, 2500), (3500, 7500))


@dataclass(frozen=True, slots=True)
class Hearing:
    """Tracks at ``RATE`` per second. ``loud`` is 0 for silence and 1 for the loudest speech around; ``voice`` is
    1 where somebody speaks; ``hiss`` 0–1 for s and its kin; ``wide`` 0–1 for a against i and u; ``front`` -1–1
    for u against i; ``dip`` 0–1 for the short closures inside speech."""

    seconds: float
    loud: Floats
    voice: Floats
    hiss: Floats
    wide: Floats
    front: Floats
    dip: Floats


def hear(speech: Path) -> Hearing:
    """Raises ``ValueError`` for anything but a mono PCM16 WAV with sound in it."""
    try:
        with wave.open(str(speech), "rb") as sound:
            if sound.getnchannels() != 1 or sound.getsampwidth() != 2:
                raise ValueError("the speech must be a mono WAV with 16 bits a sample")
            rate = sound.getframerate()
            rows, samples = [], 0
            for block, fresh in _blocks(sound, rate):
                samples += fresh
                rows.append(_levels(block, rate))
    except (wave.Error, EOFError) as error:
        raise ValueError(f"the speech is not a readable WAV: {error}") from error
    if not samples:
        raise ValueError("the speech is empty")
    return _heard(np.concatenate(rows), samples / rate)


def _blocks(sound: wave.Wave_read, rate: int) -> Iterator[tuple[Floats, int]]:
    """Five seconds at a time, each block beginning with the end of the one before, so that every window of
    25 ms is whole; the last one is filled with silence."""
    window, left = round(0.025 * rate), np.zeros(0, np.float32)
    while True:
        raw = np.frombuffer(sound.readframes(5 * rate), "<i2")
        left = np.concatenate([left, raw.astype(np.float32) / 32768.0])
        if not raw.size:
            if left.size:
                yield np.concatenate([left, np.zeros(window, np.float32)]), 0
            return
        whole = max(0, (left.size - window) * RATE // rate)
        used = round(whole * rate / RATE)
        if whole:
            yield left[: used + window], raw.size
        else:
            yield np.zeros(0, np.float32), raw.size
        left = left[used:]


def _levels(block: Floats, rate: int) -> Floats:
    """Per step: power, then the power in each band."""
    window, hop = round(0.025 * rate), rate / RATE
    count = max(0, int(np.ceil((block.size - window) / hop - 1e-6)))
    starts = np.rint(np.arange(count) * hop).astype(np.intp)
    frames = block[starts[:, None] + np.arange(window)] if count else np.zeros((0, window), np.float32)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1)) ** 2
    pitch = np.fft.rfftfreq(window, 1 / rate)
    bands = [spectrum[:, (pitch >= low) & (pitch < high)].sum(1) for low, high in BANDS]
    return np.stack([(frames**2).mean(1), *bands], 1).astype(np.float32)


def _heard(levels: Floats, seconds: float) -> Hearing:
    levels = levels[: max(1, int(np.ceil(seconds * RATE)))]
    power, low, middle, back, front, body, high = levels.T
    db = 10 * np.log10(power + 1e-9)
    sounding = db[db > QUIET]
    if not sounding.size:
        still = np.zeros(len(db), np.float32)
        return Hearing(seconds, still, still, still, still, still, still)
    top = float(np.percentile(sounding, 95))
    around = np.maximum(_widest(db, 2.0), top - 9.0)
    relative = _even(db - np.minimum(around, top + 3.0), 0.012)
    loud = np.clip((relative + 27.0) / 25.0, 0.0, 1.0)
    voice = _widest(((db > max(QUIET, top - 32.0)) & (relative > -26.0)).astype(np.float32), 0.11)
    tiny = 1e-7 * float(power.max())
    wide = _placed(np.log10((middle + tiny) / (low + tiny)), loud > 0.4)
    ahead = 2.0 * _placed(np.log10((front + tiny) / (back + tiny)), loud > 0.4) - 1.0
    hiss = np.clip((high / (body + high + tiny) - 0.35) / 0.35, 0, 1)
    dip = np.clip((_widest(loud, 0.16) - loud - 0.35) / 0.3, 0, 1) * (hiss < 0.5)
    return Hearing(
        seconds,
        loud,
        _even(voice, 0.02),
        _even(hiss, 0.015),
        _even(wide, 0.03),
        _even(ahead, 0.04),
        _even(dip, 0.012),
    )


def _placed(balance: Floats, counted: NDArray[np.bool_]) -> Floats:
    """0–1 within what this voice and this microphone make of it."""
    if counted.sum() < RATE // 4:
        return np.full(len(balance), 0.5, np.float32)
    low, middle, high = np.percentile(balance[counted], (10, 50, 90))
    return np.asarray(np.clip(0.5 + (balance - middle) / max(0.6, float(high - low)), 0, 1), np.float32)


def _even(track: Floats, sigma: float) -> Floats:
    return np.asarray(
        cv2.GaussianBlur(
            track.astype(np.float32)[None], (0, 0), sigma * RATE, borderType=cv2.BORDER_REPLICATE
        )[0],
        np.float32,
    )


def _widest(track: Floats, seconds: float) -> Floats:
    """The highest value within ``seconds``."""
    kernel = np.ones((1, 2 * round(seconds * RATE / 2) + 1), np.uint8)
    return np.asarray(
        cv2.dilate(track.astype(np.float32)[None], kernel, borderType=cv2.BORDER_REPLICATE)[0], np.float32
    )
