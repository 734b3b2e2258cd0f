"""The score of a set of samples, on real readers (rows 233, 239 to 246, 271 to 276, 289, 291 to 298; U26)."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from persona_graph.media.analysis import Analysis, Company, Passage, analyse
from persona_graph.media.speaker import Fingerprint, similarity
from persona_graph.personas.characteristics import (
    AgeHint,
    GenderHint,
    PitchClass,
    age_of,
    characterise,
    gender_of,
    pitch_class,
)
from persona_graph.personas.quality import (
    BY_SNR,
    WEIGHTS,
    Band,
    Part,
    Quality,
    at,
    band_of,
    hear,
    judge,
    qualifies,
    sample_quality,
)
from persona_graph.personas.quality_speaker import Speaker, speaker_of
from tests.client import ROOT
from tests.readers import READERS, analyses, ffmpeg, files, gated, noise_like, sound, write


def judged(samples: list[Analysis]) -> Quality:
    return judge([hear(each) for each in samples])


def one(reader: str) -> Analysis:
    return analyses()[reader][0]


# --- Bands and arithmetic ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, Band.RECORD_MORE), (69, Band.RECORD_MORE), (70, Band.GOOD), (79, Band.GOOD), (80, Band.VERY_GOOD),
     (89, Band.VERY_GOOD), (90, Band.EXCELLENT), (100, Band.EXCELLENT)],
)  # fmt: skip
def test_bands(score: int, band: Band) -> None:
    """Rows 295 to 298."""
    assert band_of(score) is band


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    found = judged(analyses()["1998"])
    assert found.consistency is not None
    parts = {
        Part.CONSISTENCY: found.consistency, Part.SAMPLE_QUALITY: found.sample_quality,
        Part.DURATION: found.duration, Part.VARIETY: found.variety,
    }  # fmt: skip
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert found.score == pytest.approx(sum(parts[part] * weight for part, weight in WEIGHTS.items()), abs=1)


def test_points_lie_on_straight_lines_between_the_knots() -> None:
    assert [at(BY_SNR, x) for x in (-5, 5, 7.5, 10, 35, 60)] == [0, 0, 17.5, 35, 100, 100]


def test_what_could_not_be_compared_is_unknown_and_does_not_count() -> None:
    short = replace(one("1998"), passages=one("1998").passages[:1])
    assert judged([short]).consistency is None
    assert judged([]).score == 0


# --- On real readers -----------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
def test_five_sentences_of_one_reader_are_good(reader: str) -> None:
    """Measured: 82 to 89."""
    found = judged(analyses()[reader])
    assert 75 <= found.score <= 95
    assert found.consistency is not None and found.consistency >= 80
    assert [advice.part for advice in found.advice if advice.part is Part.DURATION] == [Part.DURATION]


def test_several_people_are_not_consistent() -> None:
    """Acceptance 240. Measured: 10 to 17 points, against 85 to 99 of one reader."""
    mixed = judged([analyses()[reader][n] for n, reader in enumerate((*READERS, "1688"))])
    assert mixed.consistency is not None and mixed.consistency < 30
    assert mixed.score < 70
    assert any(advice.part is Part.CONSISTENCY for advice in mixed.advice)


@pytest.mark.parametrize(("reader", "stranger"), [("1998", "2033"), ("2033", "367"), ("367", "1688")])
def test_the_stranger_is_named(reader: str, stranger: str) -> None:
    found = judged([*analyses()[reader][:4], analyses()[stranger][1]])
    assert [advice.sample for advice in found.advice if advice.part is Part.CONSISTENCY] == [4]


@pytest.mark.parametrize("reader", READERS)
def test_one_file_five_times_has_little_variety(reader: str) -> None:
    """Acceptance 294. Measured: 19 to 37 points, against 80 to 97 of five sentences."""
    repeated, various = judged([one(reader)] * 5), judged(analyses()[reader])
    assert repeated.variety < 45 < various.variety
    assert repeated.distinct_seconds < 0.5 * repeated.speech_seconds
    assert any("more than once" in advice.message for advice in repeated.advice)
    assert repeated.duration < various.duration


def test_more_speech_scores_more() -> None:
    """Acceptance 293: 10 s against 60 s."""
    scores = [
        judged([replace(one("1998"), speech_seconds=seconds)]).duration for seconds in (5, 10, 30, 60, 180)
    ]
    assert scores == sorted(scores)
    assert scores[1] == 40 and scores[3] >= 95


async def test_noise_lowers_the_quality(tmp_path: Path) -> None:
    """Acceptance 292."""
    clean, power = gated("2033")
    found = []
    for snr in (40, 25, 15, 8):
        answer = await analyse(write(tmp_path / f"{snr}.wav", noise_like(clean, power, snr)[: 16_000 * 15]))
        found.append(sample_quality(answer))
    assert found == sorted(found, reverse=True)
    assert found[0] - found[-1] > 25


def test_each_flaw_lowers_the_quality() -> None:
    best = sample_quality(one("2033"))
    for worse in ({"clipped_share": 0.01}, {"bandwidth_hz": 3400.0}, {"loudness": -45.0}, {"reverberation_seconds": 0.6}, {"snr": 10.0}):  # fmt: skip
        assert sample_quality(replace(one("2033"), **worse)) < best - 3, worse


# --- Refusals ------------------------------------------------------------------------------------


async def test_each_bad_recording_gets_its_own_reason(tmp_path: Path) -> None:
    """Acceptance 40 to 42, 198; U26."""
    voice, (clean, power) = sound("2033")[: 16_000 * 15], gated("2033")
    quiet = np.zeros(16_000 * 30, dtype=np.float32)
    mixed = np.concatenate([
        part for at_ in range(0, 32, 8) for part in (
            sound("2033")[at_ * 16_000 : (at_ + 8) * 16_000], sound("1998")[at_ * 16_000 : (at_ + 8) * 16_000] * 2,
        )
    ])  # fmt: skip
    made = {
        "SAMPLE_CLIPPED": voice / np.abs(voice).max() * 8,
        "SAMPLE_NOISY": noise_like(clean[: 16_000 * 15], power, 0),
        "SAMPLE_TOO_LITTLE_SPEECH": np.concatenate([quiet, voice[: 16_000 * 4], quiet]),
        "SAMPLE_TWO_SPEAKERS": mixed,
        "MEDIA_TOO_SHORT": voice[8_000:20_000],
        "MEDIA_SILENT": quiet[: 16_000 * 5],
    }
    found = {}
    for code, samples in made.items():
        heard = hear(await analyse(write(tmp_path / f"{code}.wav", np.asarray(samples, dtype=np.float32))))
        found[code] = heard.fault and heard.fault.code
        assert heard.fault and heard.fault.fix and heard.fault.message
    assert found == {code: code for code in made}


@pytest.mark.parametrize("reader", READERS)
def test_nobody_is_two_people(reader: str) -> None:
    assert [hear(each).fault for each in analyses()[reader]] == [None] * 5


def test_two_people_need_both_a_distance_and_a_share() -> None:
    for company, refused in (
        (Company(0.70, 0.3), True),
        (Company(0.70, 0.05), False),
        (Company(0.9, 0.5), False),
    ):
        assert (hear(replace(one("1998"), company=company)).fault is not None) is refused


def test_speech_out_of_nothing_is_a_hint_and_no_refusal() -> None:
    heard = hear(replace(one("2033"), noise_dbfs=-100.0))
    assert heard.accepted and heard.hints


def test_sets_that_qualify() -> None:
    """Rows 30, 234, 241, 282."""
    assert qualifies([60.0]) and qualifies([180.0]) and qualifies([1.0] * 5) and qualifies([10.0, 70.0])
    assert (
        not qualifies([59.9])
        and not qualifies([180.1])
        and not qualifies([1.0] * 4 + [0.9])
        and not qualifies([])
    )


# --- Who it is -----------------------------------------------------------------------------------


def of(reader: str, part: slice) -> Fingerprint:
    passages = [passage for each in analyses()[reader][part] for passage in each.passages]
    columns = zip(*([x * passage.seconds for x in passage.vector] for passage in passages), strict=True)
    return Fingerprint([sum(column) for column in columns], sum(passage.seconds for passage in passages))


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_is_the_same_in_other_sentences(reader: str) -> None:
    """Acceptance 245. Measured with 5 to 30 s on each side: 0.88 and more."""
    assert speaker_of(similarity(of(reader, slice(0, 2)), of(reader, slice(2, 5)))) is Speaker.SAME


@pytest.mark.parametrize(("a", "b"), list(combinations(READERS, 2)))
def test_two_readers_are_two(a: str, b: str) -> None:
    """Acceptance 245. Measured: up to 0.75."""
    for left in (slice(0, 2), slice(2, 5)):
        for right in (slice(0, 2), slice(2, 5)):
            assert similarity(of(a, left), of(b, right)) < 0.80


def test_verdicts() -> None:
    assert [speaker_of(x) for x in (0.97, 0.85, 0.84, 0.75, 0.74)] == [
        Speaker.SAME, Speaker.SAME, Speaker.UNSURE, Speaker.UNSURE, Speaker.OTHER,
    ]  # fmt: skip


def test_low_and_high_voices_differ_and_weak_evidence_is_unknown() -> None:
    """Acceptance 242 to 244."""
    low = [replace(each, pitch_hz=105.0) for each in analyses()["2033"]]
    high = characterise(analyses()["367"])
    deep = characterise(low)
    assert (deep.pitch, deep.gender, deep.age) == (PitchClass.LOW, GenderHint.MALE, AgeHint.ADULT)
    assert (high.pitch, high.gender) == (PitchClass.HIGH, GenderHint.FEMALE)
    assert {"deep"} <= {tone.word for tone in deep.tone} and {"bright"} <= {tone.word for tone in high.tone}
    assert characterise(analyses()["1688"]).gender is GenderHint.UNKNOWN
    short = characterise([replace(analyses()["367"][0], speech_seconds=4.0)])
    assert (short.pitch, short.gender, short.age, short.tone) == (
        PitchClass.UNKNOWN, GenderHint.UNKNOWN, AgeHint.UNKNOWN, (),
    )  # fmt: skip
    assert characterise([]).pitch is PitchClass.UNKNOWN


async def test_the_same_voice_lower_is_another_class(tmp_path: Path) -> None:
    for n, path in enumerate(files("2033")):
        ffmpeg("-i", path, "-af", "rubberband=pitch=0.7", tmp_path / f"{n}.wav")
    lowered = characterise([await analyse(path) for path in sorted(tmp_path.glob("*.wav"))])
    assert characterise(analyses()["2033"]).pitch is PitchClass.MEDIUM
    assert (lowered.pitch, lowered.gender) == (PitchClass.LOW, GenderHint.MALE)


def test_hints_by_pitch() -> None:
    assert [pitch_class(hertz) for hertz in (139, 141, 194, 196)] == [
        PitchClass.LOW, PitchClass.MEDIUM, PitchClass.MEDIUM, PitchClass.HIGH,
    ]  # fmt: skip
    assert [gender_of(hertz)[0] for hertz in (100, 157, 220)] == [
        GenderHint.MALE, GenderHint.UNKNOWN, GenderHint.FEMALE,
    ]  # fmt: skip
    assert [age_of(hertz)[0] for hertz in (120, 240, 320)] == [AgeHint.ADULT, AgeHint.UNKNOWN, AgeHint.CHILD]
    assert all(
        gender_of(hertz)[1] in (0.0, *np.round(np.arange(0.85, 0.96, 0.01), 2)) for hertz in range(60, 400, 7)
    )


def test_a_passage_is_of_length_one() -> None:
    passages: list[Passage] = [passage for each in analyses()["1998"] for passage in each.passages]
    assert all(sum(x * x for x in passage.vector) == pytest.approx(1, abs=0.01) for passage in passages)


def test_the_page_holds_what_the_command_prints() -> None:
    """docs/quality.md: the same rows, the same words, figures within three points of these."""
    command = _command()
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    told = _rows(page.split(command.BEGIN)[1].split(command.END)[0])
    for text in (command.scores(analyses()), command.likeness(analyses()), command.voices(analyses())):
        for label, cells in _rows(text).items():
            for said, found in zip(told[label], cells, strict=True):
                assert _near(said, found), (label, said, found)


def _command() -> ModuleType:
    spec = spec_from_file_location("quality_table", ROOT / "benchmarks" / "quality_table.py")
    assert spec and spec.loader
    command = module_from_spec(spec)
    spec.loader.exec_module(command)
    return command


def _rows(text: str) -> dict[tuple[str, ...], list[str]]:
    """Of all tables; a row of figures goes by its words in front of them."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return {
        (cells[0], cells[1] if "." in cells[-1] and len(cells) == 3 else str(len(cells))): cells
        for cells in lines
    }


def _near(said: str, found: str) -> bool:
    numbers = [[float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", cell)] for cell in (said, found)]
    words = [re.sub(r"-?\d+(?:\.\d+)?", "#", cell) for cell in (said, found)]
    close = all(abs(a - b) <= max(3 if a > 2 else 0.03, 0.0) for a, b in zip(*numbers, strict=True))
    return words[0] == words[1] and close
