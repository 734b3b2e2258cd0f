"""Something like a voice: harmonics under moving formants, a syllable at a time, different for each text."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np

SECONDS_PER_CHARACTER = 0.065
SHORTEST = 0.3
UNIQUE_SECONDS = 30.0
_SYLLABLE = 0.16
Samples = np.ndarray[Any, np.dtype[np.float32]]


def length_of(text: str, speed: float = 1.0) -> float:
    """Seconds that ``text`` takes."""
    return round(max(SHORTEST, len(text.strip()) * SECONDS_PER_CHARACTER / speed), 3)


@lru_cache(maxsize=16)
def voiced(text: str, voice: str = "", rate: int = 24000, speed: float = 1.0) -> Samples:
    """``text`` in the voice of that name: mono, −1 to 1. The same every time."""
    seconds = length_of(text, speed)
    length = round(seconds * rate)
    once = _rendered(text, voice, rate, min(seconds, UNIQUE_SECONDS))
    # A book's worth of text says the same again, rather than take a minute and gigabytes to be made.
    sound = np.resize(once, length)
    edge = round(0.02 * rate)
    fade = np.linspace(0, 1, edge, dtype=np.float32)
    sound[:edge] *= fade
    sound[-edge:] *= fade[::-1]
    return sound


def _rendered(text: str, voice: str, rate: int, seconds: float) -> Samples:
    dice = np.random.default_rng(_number(f"{voice}|{text}"))
    base = 95 + _number(voice) % 130
    time = np.arange(round(seconds * rate)) / rate
    syllables = max(2, int(seconds / _SYLLABLE) + 1)
    place = np.linspace(0, seconds, syllables)
    pitch = np.interp(time, place, base * np.exp2(dice.uniform(-3, 3, syllables) / 12))
    first = np.interp(time, place, dice.uniform(300, 850, syllables))
    second = np.interp(time, place, dice.uniform(900, 2300, syllables))
    sound = _harmonics(np.cumsum(pitch) / rate, pitch, first, second, rate)
    loud = 0.35 + 0.65 * np.sin(np.pi * (time / _SYLLABLE % 1)) ** 2
    sound = sound * loud + dice.normal(0, 0.002, sound.size)
    made: Samples = (0.5 * sound / max(1e-6, float(np.max(np.abs(sound))))).astype(np.float32)
    return made


def _harmonics(phase: Any, pitch: Any, first: Any, second: Any, rate: int) -> Any:
    sound = np.zeros(phase.size)
    for number in range(1, 25):
        heard = pitch * number
        peak = np.exp(-(((heard - first) / 180) ** 2)) + 0.5 * np.exp(-(((heard - second) / 250) ** 2))
        weight = (peak + 0.05 / number) * (heard < rate / 2)
        sound += weight * np.sin(2 * np.pi * number * phase)
    return sound


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
