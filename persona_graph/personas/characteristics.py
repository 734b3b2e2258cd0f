"""What a voice is like, in words: pitch class, hints at sex and age with their confidence, tone words with the
measures they come from. Pure. Weak evidence answers UNKNOWN; the figures and their sources are in docs/quality.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from persona_graph.media.analysis import Analysis
from persona_graph.personas.quality import mean_of

ENOUGH_SPEECH = 10.0
ENOUGH_VOICE = 4.0
SURE = 0.85
MOST_SURE = 0.95
LOW, HIGH = 140.0, 195.0
# Medians of speaking pitch in Hz and the spread of their logarithm, wide because readers differ.
MEN, WOMEN, CHILDREN = (120.0, 0.25), (205.0, 0.25), (280.0, 0.13)
ADULT_SPREAD = 0.2
CHILD_PRIOR = 0.3
# From here on boys and girls speak as well.
CHILDLIKE = 250.0


class PitchClass(StrEnum):
    """How high a voice lies."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    UNKNOWN = "UNKNOWN"


class GenderHint(StrEnum):
    """What the pitch alone suggests."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    UNKNOWN = "UNKNOWN"


class AgeHint(StrEnum):
    """What the pitch alone suggests."""

    CHILD = "CHILD"
    ADULT = "ADULT"
    UNKNOWN = "UNKNOWN"


Hint = TypeVar("Hint", GenderHint, AgeHint)


@dataclass(frozen=True, kw_only=True)
class Tone:
    word: str
    measure: str
    value: float
    because: str


@dataclass(frozen=True, kw_only=True)
class Characteristics:
    """``gender_confidence`` and ``age_confidence`` are 0 where the hint is UNKNOWN."""

    pitch: PitchClass
    pitch_hz: float | None
    gender: GenderHint
    gender_confidence: float
    age: AgeHint
    age_confidence: float
    tone: tuple[Tone, ...]


# word, measure, above (True) or below, threshold, what is said of it
TONES: tuple[tuple[str, str, bool, float, str], ...] = (
    ("deep", "pitch_hz", False, 130.0, "median pitch of {:.0f} Hz"),
    ("bright", "pitch_hz", True, 210.0, "median pitch of {:.0f} Hz"),
    ("lively", "pitch_range_semitones", True, 8.0, "pitch moves over {:.1f} semitones"),
    ("even", "pitch_range_semitones", False, 4.5, "pitch moves over {:.1f} semitones only"),
    ("brisk", "syllables_per_second", True, 4.6, "{:.1f} syllables a second"),
    ("measured", "syllables_per_second", False, 3.4, "{:.1f} syllables a second"),
    ("deliberate", "pause_share", True, 0.2, "pauses are {:.0%} of the time"),
    ("flowing", "pause_share", False, 0.05, "pauses are {:.0%} of the time"),
    ("emphatic", "dynamic_range_db", True, 27.0, "{:.0f} dB between soft and loud"),
    ("restrained", "dynamic_range_db", False, 16.0, "{:.0f} dB between soft and loud"),
)


def characterise(samples: Sequence[Analysis]) -> Characteristics:
    enough = (
        sum(each.speech_seconds for each in samples) >= ENOUGH_SPEECH
        and sum(each.voiced_seconds for each in samples) >= ENOUGH_VOICE
    )
    hertz = mean_of(samples, "pitch_hz")
    if hertz is None or not enough:
        return Characteristics(
            pitch=PitchClass.UNKNOWN, pitch_hz=hertz, gender=GenderHint.UNKNOWN, gender_confidence=0.0,
            age=AgeHint.UNKNOWN, age_confidence=0.0, tone=(),
        )  # fmt: skip
    age, age_confidence = age_of(hertz)
    gender, gender_confidence = gender_of(hertz) if hertz < CHILDLIKE else (GenderHint.UNKNOWN, 0.0)
    return Characteristics(
        pitch=pitch_class(hertz), pitch_hz=hertz, gender=gender, gender_confidence=gender_confidence, age=age,
        age_confidence=age_confidence, tone=tuple(_tones(samples)),
    )  # fmt: skip


def pitch_class(hertz: float) -> PitchClass:
    if hertz < LOW:
        return PitchClass.LOW
    return PitchClass.HIGH if hertz > HIGH else PitchClass.MEDIUM


def gender_of(hertz: float) -> tuple[GenderHint, float]:
    man, woman = _density(hertz, *MEN), _density(hertz, *WOMEN)
    return _hint((GenderHint.MALE, man), (GenderHint.FEMALE, woman), GenderHint.UNKNOWN)


def age_of(hertz: float) -> tuple[AgeHint, float]:
    child = CHILD_PRIOR * _density(hertz, *CHILDREN)
    adult = (1 - CHILD_PRIOR) * sum(_density(hertz, median, ADULT_SPREAD) for median, _ in (MEN, WOMEN)) / 2
    return _hint((AgeHint.CHILD, child), (AgeHint.ADULT, adult), AgeHint.UNKNOWN)


def _hint(one: tuple[Hint, float], other: tuple[Hint, float], unknown: Hint) -> tuple[Hint, float]:
    likelier, rest = (one, other) if one[1] >= other[1] else (other, one)
    whole = likelier[1] + rest[1]
    confidence = likelier[1] / whole if whole else 0.0
    return (likelier[0], round(min(confidence, MOST_SURE), 2)) if confidence >= SURE else (unknown, 0.0)


def _density(hertz: float, median: float, spread: float) -> float:
    """Of a normal distribution of the logarithm."""
    away = (math.log(hertz) - math.log(median)) / spread
    return math.exp(-away * away / 2) / spread


def _tones(samples: Sequence[Analysis]) -> list[Tone]:
    found = []
    for word, measure, above, threshold, because in TONES:
        value = mean_of(samples, measure)
        if value is not None and (value > threshold if above else value < threshold):
            found.append(
                Tone(word=word, measure=measure, value=round(value, 3), because=because.format(value))
            )
    return found
