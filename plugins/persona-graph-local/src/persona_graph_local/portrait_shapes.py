"""From speech to mouth poses: by the phonemes where they are known, by what is heard where not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from persona_graph_local.face_geometry import Floats
from persona_graph_local.portrait_hearing import RATE, Hearing
from persona_graph_local.portrait_mouth import MouthPose

STEPS = 200
BLEND = 0.028
WIDEST = 0.75
"""Beyond this opening the lips of a photo smear."""


class Shape(NamedTuple):
    open: float
    width: float
    tongue: float = 0.2


SHAPES: Mapping[str, Shape] = {
    letter: shape
    for letters, shape in {
        "pbmʙ": Shape(0.0, 0.0),
        "fvɱⱱ": Shape(0.08, 0.1),
        "βɸʋ": Shape(0.1, -0.1),
        "wʍɥ": Shape(0.14, -0.9),
        "θð": Shape(0.2, 0.1, 0.9),
        "tdnɾ": Shape(0.2, 0.1, 0.7),
        "lɫɬɮʎɭ": Shape(0.27, 0.05, 0.9),
        "sz": Shape(0.15, 0.3, 0.4),
        "ʃʒɕʑʂʐ": Shape(0.18, -0.4, 0.4),
        "rɹɻʁʀɽ": Shape(0.2, -0.3, 0.5),
        "kɡgŋxɣqɢχħʕ": Shape(0.26, 0.0),
        "hɦʔ": Shape(0.3, 0.0),
        "jɲcɟçʝɳʈɖ": Shape(0.18, 0.4, 0.6),
        "aɑɶ": Shape(0.95, 0.0, 0.0),
        "æɐ": Shape(0.85, 0.2, 0.1),
        "ʌɒ": Shape(0.68, -0.1, 0.1),
        "ɛ": Shape(0.58, 0.25, 0.3),
        "e": Shape(0.45, 0.35, 0.3),
        "ɪ": Shape(0.3, 0.35, 0.4),
        "iɨ": Shape(0.22, 0.55, 0.5),
        "əɘɚ": Shape(0.36, 0.0, 0.2),
        "ɜɝɞɵ": Shape(0.42, -0.15, 0.2),
        "ɔ": Shape(0.6, -0.5, 0.0),
        "oɤ": Shape(0.48, -0.7, 0.0),
        "ʊ": Shape(0.3, -0.65, 0.0),
        "uʉɯ": Shape(0.22, -0.9, 0.0),
        "yʏ": Shape(0.22, -0.8, 0.4),
        "ø": Shape(0.36, -0.65, 0.3),
        "œ": Shape(0.5, -0.5, 0.2),
    }.items()
    for letter in letters
}
NEUTRAL = Shape(0.28, 0.0)
LIPS_MEET = frozenset("pbmʙ")
PAUSES = frozenset(("", "_", "_:", "|", "‖", "sil", "sp", "pau", "spn"))


@dataclass(frozen=True, slots=True)
class MouthTrack:
    """One value per frame. ``driver`` is ``phonemes`` or ``energy``."""

    open: Floats
    part: Floats
    width: Floats
    tongue: Floats
    driver: str

    def pose(self, frame: int) -> MouthPose:
        return MouthPose(*(float(track[frame]) for track in (self.open, self.part, self.width, self.tongue)))


def mouth_track(hearing: Hearing, timings: Sequence[Mapping[str, Any]], frames: int, fps: int) -> MouthTrack:
    spoken = [timing for timing in timings if timing.get("kind") == "phoneme"]
    times = (np.arange(frames) + 0.5) / fps
    if spoken:
        open_, width, tongue, meet = _by_phonemes(spoken, hearing, times)
    else:
        open_, width, tongue, meet = _by_ear(hearing, times)
    apart = 1.0 - meet
    open_ = np.minimum(open_, WIDEST) * apart
    part = np.clip(open_ / 0.2, 0, 1)
    part = part * part * (3 - 2 * part) * (1.0 - 0.45 * np.maximum(0.0, -width))
    width = width * np.clip(open_ / 0.08, 0, 1)
    driver = "phonemes" if spoken else "energy"
    return MouthTrack(_f32(open_), _f32(part), _f32(width), _f32(tongue), driver)


def letters_of(text: str) -> list[str]:
    """The sounds in an IPA text, without stress, length and diacritics."""
    bare = unicodedata.normalize("NFD", text.strip().lower())
    return [letter for letter in bare if unicodedata.category(letter) in ("Ll", "Lo")]


def _by_phonemes(
    spoken: Sequence[Mapping[str, Any]], hearing: Hearing, times: Any
) -> tuple[Any, Any, Any, Any]:
    length = int(np.ceil(hearing.seconds * STEPS)) + 1
    targets = np.zeros((3, length), np.float32)
    meet = np.zeros(length, np.float32)
    covered = 0.0
    for letter, start, end in _sounds(spoken):
        shape = SHAPES.get(letter, NEUTRAL)
        first, last = (round(max(0.0, t) * STEPS) for t in (start, end))
        if 0 < start - covered < 0.08:
            first = round(covered * STEPS)
        covered = end
        targets[:, first:last] = np.array(shape, np.float32)[:, None]
        if letter in LIPS_MEET:
            middle, half = (start + end) / 2, max(0.04, min(0.07, (end - start) / 2))
            meet[max(0, round((middle - half) * STEPS)) : round((middle + half) * STEPS)] = 1.0
    open_, width, tongue = (np.interp(times, _at(length), _even(track, BLEND)) for track in targets)
    heard = np.interp(times, np.arange(len(hearing.loud)) / RATE, _level(hearing))
    closed = np.interp(times, _at(length), np.minimum(1.0, 1.15 * _even(meet, 0.014)))
    return open_ * heard, width, tongue, closed


def _level(hearing: Hearing) -> Floats:
    """Loud vowels open wider; a plosive is silent and yet no pause, so the gate is slow."""
    return np.asarray((0.62 + 0.46 * _even(hearing.loud, 0.03, RATE)) * hearing.voice, np.float32)


def _sounds(spoken: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """Single sounds in order of time; a diphthong or an affricate shares its span among its letters."""
    for timing in sorted(spoken, key=lambda t: float(t["start"])):
        start, end, text = float(timing["start"]), float(timing["end"]), str(timing["text"])
        if end <= start or text.strip().lower() in PAUSES:
            continue
        letters = letters_of(text) or ["?"]
        span = (end - start) / len(letters)
        for index, letter in enumerate(letters):
            yield letter, start + index * span, start + (index + 1) * span


def _by_ear(hearing: Hearing, times: Any) -> tuple[Any, Any, Any, Any]:
    loud = np.clip((hearing.loud - 0.3) / 0.65, 0, 1) ** 1.2
    vowel = loud * (0.4 + 0.6 * hearing.wide)
    open_ = (vowel * (1 - hearing.hiss) + 0.16 * (hearing.loud > 0.1) * hearing.hiss) * hearing.voice
    width = 0.6 * hearing.front * (1 - hearing.hiss) + 0.3 * hearing.hiss
    tongue = 0.15 + 0.5 * hearing.hiss + 0.3 * np.maximum(0, hearing.front)
    steps = np.arange(len(hearing.loud)) / RATE
    tracks = (
        _even(open_, 1.3 * BLEND, RATE),
        _even(width, 0.05, RATE),
        _even(tongue, 0.05, RATE),
        0.8 * hearing.dip,
    )
    open_, width, tongue, dip = (np.interp(times, steps, track) for track in tracks)
    return open_, width, tongue, dip


def _at(length: int) -> Floats:
    return np.asarray(np.arange(length) / STEPS, np.float32)


def _even(track: Any, sigma: float, rate: int = STEPS) -> Floats:
    return np.asarray(
        cv2.GaussianBlur(
            np.asarray(track, np.float32)[None], (0, 0), sigma * rate, borderType=cv2.BORDER_REPLICATE
        )[0],
        np.float32,
    )


def _f32(track: Any) -> Floats:
    return np.asarray(track, np.float32)
