"""Captions: their form, and that their times are those of the speech (rows 247, 279)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.mixing.desk import pauses
from persona_graph.personas.captions import LINE, captions
from persona_graph.provider import Timing, TimingSource
from tests.client import ROOT

SCRIPT = (
    "Good morning. This is a longer sentence, with a comma in the middle, that needs more than a single cue "
    "because it goes on and on about nothing in particular. Done & dusted!"
)
TIME = r"(\d\d):(\d\d):(\d\d)[.,](\d\d\d)"


def read(text: str) -> list[tuple[float, float, list[str]]]:
    """The cues of a WebVTT or SRT file, read by the form their specifications give."""
    found = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        at = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            continue
        times = re.fullmatch(f"{TIME} --> {TIME}", lines[at])
        assert times, lines[at]
        h, m, s, ms, h2, m2, s2, ms2 = map(int, times.groups())
        found.append(
            (h * 3600 + m * 60 + s + ms / 1000, h2 * 3600 + m2 * 60 + s2 + ms2 / 1000, lines[at + 1 :])
        )
    return found


def words(script: str, pace: float = 0.3) -> list[Timing]:
    return [Timing("word", word, n * pace, n * pace + 0.25) for n, word in enumerate(script.split())]


@pytest.mark.parametrize("timed", [True, False])
def test_both_forms_hold_the_same_cues_of_two_lines_of_42(timed: bool) -> None:
    made = captions(SCRIPT, "en", 10.0, words(SCRIPT) if timed else ())
    vtt, srt = read(made.vtt()), read(made.srt())
    assert made.vtt().startswith("WEBVTT\n\n") and made.srt().startswith("1\n00:00:")
    assert [cue[:2] for cue in vtt] == [cue[:2] for cue in srt]
    assert len(vtt) == len(made.cues) >= 4
    assert all(1 <= len(lines) <= 2 and all(0 < len(line) <= LINE for line in lines) for *_, lines in srt)
    assert " ".join(line for *_, lines in srt for line in lines) == SCRIPT
    assert "Done &amp; dusted!" in made.vtt() and "Done & dusted!" in made.srt()
    ends = [0.0, *(end for _, end, _ in vtt)]
    assert all(before <= start < end <= 10.0 for before, (start, end, _) in zip(ends, vtt, strict=False))


def test_word_timings_are_followed_and_named() -> None:
    made = captions(SCRIPT, "en", 12.0, words(SCRIPT))
    assert made.source is TimingSource.REPORTED
    assert "NOTE Times are REPORTED." in made.vtt()
    assert (made.cues[0].start, made.cues[0].end) == (0.0, 0.55)
    assert made.cues[1].start == pytest.approx(0.6)
    assert made.cues[-1].end == pytest.approx(words(SCRIPT)[-1].end)


def test_a_sentence_has_its_own_times_where_they_are_given() -> None:
    timings = [
        Timing("sentence", "One.", 0.5, 1.5, TimingSource.MEASURED),
        Timing("sentence", "Two.", 2, 3, TimingSource.MEASURED),
    ]
    made = captions("One. Two.", "en", 4, timings)
    assert [(cue.start, cue.end) for cue in made.cues] == [(0.5, 1.5), (2, 3)]
    assert made.source is TimingSource.MEASURED


def test_timings_of_another_text_are_not_believed() -> None:
    made = captions(SCRIPT, "en", 10.0, words("something else entirely was said here by somebody"))
    assert made.source is TimingSource.ESTIMATED
    assert made.cues[-1].end == pytest.approx(10.0, abs=0.01)


def test_a_word_that_is_reported_otherwise_costs_only_itself() -> None:
    said = words("We paid three dollars. Then we left.")
    made = captions("We paid $3. Then we left.", "en", 3.0, said)
    assert made.source is TimingSource.REPORTED
    assert made.cues[1].start == pytest.approx(said[4].start)


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_scripts_without_spaces_fit_their_lines_too(language: str) -> None:
    made = captions("これは長い文章です" * 15 + "。はい。", language, 20)
    assert all(len(cue.lines) <= 2 and max(map(len, cue.lines)) <= LINE for cue in made.cues)
    assert "".join("".join(cue.lines) for cue in made.cues).startswith("これは長い文章です")


async def test_estimated_times_fall_on_the_pauses_of_the_recording(tmp_path: Path) -> None:
    """Real utterances with a known pause between them: each estimated start is within 0.6 s of the true one."""
    texts, sounds, starts, at = [], [], [], 0.0
    rate = 16_000
    for n in (5, 1, 7, 3):
        argv = [ffmpeg_binary(), "-v", "error", "-i", str(ROOT / f"tests/samples/1998/1998-15444-000{n}.flac"), "-f", "f32le", "-"]  # fmt: skip
        sound = np.frombuffer(subprocess.run(argv, check=True, capture_output=True).stdout, dtype="<f4")
        # Nobody needs to know the words: what counts is how long they are, 14 letters a second.
        texts.append("X" + "a" * int(14 * len(sound) / rate) + ".")
        starts.append(at)
        sounds += [sound, np.zeros(int(0.7 * rate), dtype=np.float32)]
        at += len(sound) / rate + 0.7
    path = tmp_path / "all.wav"
    argv = [ffmpeg_binary(), "-v", "error", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0", str(path)]  # fmt: skip
    subprocess.run(argv, input=np.concatenate(sounds).tobytes(), check=True)
    made = captions(" ".join(texts), "en", at, (), await pauses(path))
    assert made.source is TimingSource.ESTIMATED and "ESTIMATED" in made.vtt()
    found = [cue.start for cue in made.cues if cue.lines[0].startswith("X")]
    assert len(found) == 4
    # Recordings begin with some silence of their own.
    assert all(abs(a - b) < 0.6 for a, b in zip(found, starts, strict=True)), (found, starts)
