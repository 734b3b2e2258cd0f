"""What a set of samples is worth for training a voice: refusals, a score of four parts, advice. Pure: figures
in, judgement out. The formulas, with their sources, are in docs/quality.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from persona_graph.media.analysis import Analysis
from persona_graph.personas.quality_repeats import distinct_share
from persona_graph.personas.quality_speaker import Likeness, likeness

SHORTEST = 1.0
GOOD_SAMPLES = 5
WHOLE_SECONDS = (60.0, 180.0)
LEAST_SPEECH = 0.5
LEAST_SPEECH_SHARE = 0.2
CLIPPED_THROUGH = 0.02
TOO_NOISY = 5.0
TWO_PEOPLE = 0.83
TWO_PEOPLE_SHARE = 0.1
# Microphones and rooms are never that quiet.
NO_NOISE_DBFS = -90.0


class Part(StrEnum):
    """What the score is made of."""

    CONSISTENCY = "CONSISTENCY"
    SAMPLE_QUALITY = "SAMPLE_QUALITY"
    DURATION = "DURATION"
    VARIETY = "VARIETY"


class Band(StrEnum):
    """What a score means."""

    EXCELLENT = "EXCELLENT"
    VERY_GOOD = "VERY_GOOD"
    GOOD = "GOOD"
    RECORD_MORE = "RECORD_MORE"


WEIGHTS = {Part.CONSISTENCY: 0.30, Part.SAMPLE_QUALITY: 0.30, Part.DURATION: 0.25, Part.VARIETY: 0.15}
BANDS = ((90, Band.EXCELLENT), (80, Band.VERY_GOOD), (70, Band.GOOD), (0, Band.RECORD_MORE))

Knots = tuple[tuple[float, float], ...]
# (measure, points), straight lines between.
BY_SNR: Knots = ((5, 0), (10, 35), (15, 60), (20, 78), (25, 90), (35, 100))
BY_CLIPPING: Knots = ((0.0, 100), (0.0005, 85), (0.005, 35), (CLIPPED_THROUGH, 0))
BY_BANDWIDTH: Knots = ((3000, 40), (3400, 50), (4500, 70), (7000, 90), (12000, 100))
BY_LOUDNESS: Knots = ((-50, 0), (-40, 50), (-30, 100), (-12, 100), (-6, 70))
BY_ROOM: Knots = ((0.36, 100), (0.45, 55), (0.60, 15), (0.9, 0))
BY_LIKENESS: Knots = ((0.65, 0), (0.80, 45), (0.88, 80), (0.95, 100))
BY_SPEECH: Knots = ((0, 0), (5, 20), (10, 40), (30, 72), (60, 96), (90, 100))
BY_PITCH_RANGE: Knots = ((1, 0), (3, 35), (6, 85), (9, 100))
BY_DYNAMICS: Knots = ((8, 0), (16, 60), (24, 100))
BY_PACE: Knots = ((0.0, 30), (0.08, 70), (0.2, 100))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why one recording is refused."""

    code: str
    message: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to record next. ``sample`` is the number of the recording it is about."""

    part: Part
    message: str
    sample: int | None = None


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One recording of a set: what was measured, or why it could not be."""

    analysis: Analysis | None
    fault: Fault | None
    hints: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.fault is None


@dataclass(frozen=True, kw_only=True)
class Quality:
    """``consistency`` is None where there is too little speech to compare; the other parts then count alone."""

    score: int
    band: Band
    consistency: int | None
    sample_quality: int
    duration: int
    variety: int
    speech_seconds: float
    distinct_seconds: float
    likeness: float | None
    advice: tuple[Advice, ...]


def hear(analysis: Analysis) -> Heard:
    return Heard(analysis=analysis, fault=_fault(analysis), hints=tuple(_hints(analysis)))


def qualifies(seconds: Sequence[float]) -> bool:
    """One recording of 60 to 180 s, or at least five of 1 s or more (rows 30, 234, 241)."""
    good = sum(each >= SHORTEST for each in seconds)
    return good >= GOOD_SAMPLES or any(WHOLE_SECONDS[0] <= each <= WHOLE_SECONDS[1] for each in seconds)


def judge(set_: Sequence[Heard]) -> Quality:
    """The score of the accepted recordings together."""
    heard = {n: each.analysis for n, each in enumerate(set_) if each.accepted and each.analysis}
    samples = list(heard.values())
    speech = sum(each.speech_seconds for each in samples)
    distinct = speech * distinct_share([each.rhythm for each in samples]) if samples else 0.0
    like = likeness({n: each.passages for n, each in heard.items()})
    parts: dict[Part, float | None] = {
        Part.CONSISTENCY: at(BY_LIKENESS, like.overall) if like.overall is not None else None,
        Part.SAMPLE_QUALITY: _weighed([(sample_quality(each), each.speech_seconds) for each in samples]),
        Part.DURATION: at(BY_SPEECH, distinct),
        Part.VARIETY: _variety(samples) * (distinct / speech) if speech else 0.0,
    }
    known = [(points, WEIGHTS[part]) for part, points in parts.items() if points is not None]
    score = round(_weighed(known)) if samples else 0
    consistency = parts[Part.CONSISTENCY]
    return Quality(
        score=score, band=band_of(score), consistency=None if consistency is None else round(consistency),
        sample_quality=round(parts[Part.SAMPLE_QUALITY] or 0), duration=round(parts[Part.DURATION] or 0),
        variety=round(parts[Part.VARIETY] or 0), speech_seconds=round(speech, 2),
        distinct_seconds=round(distinct, 2), likeness=like.overall,
        advice=tuple(_advice(heard, like, speech, distinct)),
    )  # fmt: skip


def band_of(score: int) -> Band:
    """Rows 295 to 298."""
    return next(band for least, band in BANDS if score >= least)


def sample_quality(each: Analysis) -> float:
    """Clarity of one recording, 0 to 100; what could not be measured does not count."""
    return _weighed([
        (points, weight)
        for points, weight in (
            (_known(BY_SNR, each.snr), 0.45), (at(BY_CLIPPING, each.clipped_share), 0.20),
            (at(BY_BANDWIDTH, each.bandwidth_hz), 0.15), (_known(BY_ROOM, each.reverberation_seconds), 0.12),
            (at(BY_LOUDNESS, each.loudness), 0.08),
        )
        if points is not None
    ])  # fmt: skip


def at(knots: Knots, x: float) -> float:
    """The points for ``x``: straight lines between the knots, level outside."""
    for (x0, y0), (x1, y1) in itertools.pairwise(knots):
        if x <= x1:
            return y0 if x <= x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return knots[-1][1]


def _known(knots: Knots, x: float | None) -> float | None:
    return None if x is None else at(knots, x)


def _weighed(points: Sequence[tuple[float, float]]) -> float:
    whole = sum(weight for _, weight in points)
    return sum(value * weight for value, weight in points) / whole if whole else 0.0


def _variety(samples: Sequence[Analysis]) -> float:
    parts = []
    for knots, name, weight in (
        (BY_PITCH_RANGE, "pitch_range_semitones", 0.5),
        (BY_DYNAMICS, "dynamic_range_db", 0.25),
        (BY_PACE, "pace_spread", 0.25),
    ):
        mean = mean_of(samples, name)
        if mean is not None:
            parts.append((at(knots, mean), weight))
    return _weighed(parts)


def mean_of(samples: Sequence[Analysis], name: str) -> float | None:
    """Of one measure, each recording counting by its speech; None where no recording has it."""
    known = [
        (getattr(each, name), each.speech_seconds) for each in samples if getattr(each, name) is not None
    ]
    return _weighed(known) if known else None


def _fault(each: Analysis) -> Fault | None:
    if each.seconds < SHORTEST:
        return Fault(
            code="MEDIA_TOO_SHORT",
            message=f"This recording has {each.seconds:.1f} s.",
            fix=f"Record at least {SHORTEST:g} s.",
        )
    if not each.speech_seconds:
        return Fault(
            code="MEDIA_SILENT",
            message="No speech was found in this recording.",
            fix="Check that the right microphone was on, and record again.",
        )
    if each.clipped_share >= CLIPPED_THROUGH:
        return Fault(
            code="SAMPLE_CLIPPED", message=f"The recording is overdriven: {each.clipped_share:.1%} of it is cut off at full level.",
            fix="Turn the microphone's level down, or move away from it, and record again.",
        )  # fmt: skip
    if each.snr is not None and each.snr < TOO_NOISY:
        return Fault(
            code="SAMPLE_NOISY", message=f"The speech stands only {each.snr:.0f} dB above the noise; {TOO_NOISY:g} dB is the least.",
            fix="Record in a quiet room, closer to the microphone.",
        )  # fmt: skip
    if each.speech_seconds < LEAST_SPEECH or each.speech_share < LEAST_SPEECH_SHARE:
        return Fault(
            code="SAMPLE_TOO_LITTLE_SPEECH", message=f"Only {each.speech_seconds:.1f} s of {each.seconds:.1f} s are speech.",
            fix="Leave out the silence or music, and speak without long pauses.",
        )  # fmt: skip
    if each.company and each.company.similarity < TWO_PEOPLE and each.company.share >= TWO_PEOPLE_SHARE:
        return Fault(
            code="SAMPLE_TWO_SPEAKERS", message=f"Two people speak here, one of them for {each.company.share:.0%} of the time.",
            fix="Give recordings in which nobody else speaks.",
        )  # fmt: skip
    return None


def _hints(each: Analysis) -> list[str]:
    hints = []
    if each.noise_dbfs is not None and each.noise_dbfs <= NO_NOISE_DBFS:
        hints.append(
            "There is nothing at all between the words, as in edited or generated speech; a person's own recording works best."
        )
    if each.codec in ("mp3", "aac", "opus", "vorbis") and each.bandwidth_hz < 4500:
        hints.append("The recording is strongly compressed; give the original file.")
    return hints


def _advice(heard: dict[int, Analysis], like: Likeness, speech: float, distinct: float) -> list[Advice]:
    found: list[Advice] = []
    missing = WHOLE_SECONDS[0] - distinct
    if missing > 1:
        found.append(
            Advice(
                part=Part.DURATION,
                message=f"Record about {missing:.0f} s more of new sentences: there are {distinct:.0f} s of speech, and {WHOLE_SECONDS[0]:g} s are enough.",
            )
        )
    found += [
        Advice(
            part=Part.CONSISTENCY,
            sample=n,
            message=f"Recording {n + 1} sounds like another person or another room; record it again as the others were.",
        )
        for n in like.odd
    ]
    if like.overall is not None and like.overall < 0.85 and not like.odd:
        found.append(
            Advice(
                part=Part.CONSISTENCY,
                message="The recordings do not sound like one person; record them in one session, with one microphone, in one room.",
            )
        )
    for n, each in heard.items():
        found += [
            Advice(part=Part.SAMPLE_QUALITY, sample=n, message=f"Recording {n + 1}: {said}")
            for said in _flaws(each)
        ]
    if speech and distinct / speech < 0.9:
        found.append(
            Advice(
                part=Part.VARIETY,
                message=f"{1 - distinct / speech:.0%} of the speech is there more than once; record other sentences in its place.",
            )
        )
    samples = list(heard.values())
    moves = mean_of(samples, "pitch_range_semitones")
    if moves is not None and at(BY_PITCH_RANGE, moves) < 70:
        found.append(
            Advice(
                part=Part.VARIETY,
                message=f"The pitch moves by only {moves:.1f} semitones; read something with questions, exclamations and feeling.",
            )
        )
    pace = mean_of(samples, "pace_spread")
    if pace is not None and at(BY_PACE, pace) < 60:
        found.append(
            Advice(
                part=Part.VARIETY, message="All is said at one pace; record a calm passage and a lively one."
            )
        )
    return found


def _flaws(each: Analysis) -> list[str]:
    said = []
    if each.snr is not None and at(BY_SNR, each.snr) < 70:
        said.append(
            f"the speech stands {each.snr:.0f} dB above the noise; record it in a quieter place (25 dB is good)."
        )
    if at(BY_CLIPPING, each.clipped_share) < 90:
        said.append("it is overdriven in places; turn the microphone down.")
    if each.bandwidth_hz < 3800:
        said.append(
            f"nothing is heard above {each.bandwidth_hz / 1000:.1f} kHz, as on a telephone; use a recorder in place of a call."
        )
    if each.reverberation_seconds is not None and at(BY_ROOM, each.reverberation_seconds) < 70:
        said.append("the room can be heard; record among curtains or clothes, closer to the microphone.")
    if at(BY_LOUDNESS, each.loudness) < 60:
        said.append("it is very soft; come closer to the microphone.")
    return said
