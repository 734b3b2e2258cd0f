"""Background music, measured on the mix (rows 227, 248)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.mixing.child_bed import bed, ducking
from persona_graph.media.mixing.desk import Bed, mix
from persona_graph.media.mixing.loops import LICENCE, Loop
from tests.media.mixing.conftest import RATE, Sound, decoded, level, loudness, written

TONE_HZ = 5000  # where this speaker has next to nothing, so that the music can be measured under the speech


def music(seconds: float) -> Sound:
    return 0.2 * np.sin(2 * np.pi * TONE_HZ * np.arange(int(seconds * RATE)) / RATE)


def tone(sound: Sound) -> float:
    """Level of the music alone: what is left at its frequency."""
    at = np.arange(len(sound)) / RATE
    part = abs((sound * np.exp(-2j * np.pi * TONE_HZ * at) * np.hanning(len(sound))).sum())
    return float(20 * np.log10(4 * part / len(sound) + 1e-9))


def between_pauses(spoken: Sound) -> Sound:
    """Four seconds of speech between three and four seconds of silence."""
    return np.concatenate([np.zeros(3 * RATE), spoken[: 4 * RATE], np.zeros(4 * RATE)])


@pytest.mark.parametrize("duck", [6.0, 12.0, 20.0])
async def test_music_is_lower_under_speech_by_the_stated_decibels(
    tmp_path: Path, spoken: Sound, duck: float
) -> None:
    speech = written(tmp_path / "speech.wav", between_pauses(spoken))
    track = written(tmp_path / "music.wav", music(3))
    bed_ = Bed(path=track, gain_db=-6, duck_db=duck, fade_seconds=0.5)
    await mix(speech, tmp_path / "out.wav", music=bed_)
    out = decoded(tmp_path / "out.wav")
    assert len(out) == 11 * RATE
    alone = tone(out[int(1.0 * RATE) : int(2.0 * RATE)])
    under = np.median([tone(out[int(at * RATE) : int((at + 0.5) * RATE)]) for at in (4.0, 4.5, 5.0, 5.5)])
    after = tone(out[int(9.0 * RATE) : int(10.0 * RATE)])
    assert alone - under == pytest.approx(duck, abs=1.0)
    assert after == pytest.approx(alone, abs=0.7)


async def test_short_music_is_looped_and_long_music_trimmed(tmp_path: Path, spoken: Sound) -> None:
    speech = written(tmp_path / "speech.wav", between_pauses(spoken))
    for seconds in (2.5, 30.0):
        track = written(tmp_path / "music.wav", music(seconds))
        bed_ = Bed(path=track, gain_db=-6, duck_db=0, fade_seconds=0.3)
        await mix(speech, tmp_path / "out.wav", music=bed_)
        out = decoded(tmp_path / "out.wav")
        assert len(out) == 11 * RATE
        heard = [tone(out[int(at * RATE) : int((at + 1) * RATE)]) for at in (1, 4, 5, 8, 9)]
        assert max(heard) - min(heard) < 3, heard


async def test_music_fades_in_and_out(tmp_path: Path, spoken: Sound) -> None:
    speech = written(tmp_path / "speech.wav", between_pauses(spoken))
    track = written(tmp_path / "music.wav", music(20))
    await mix(speech, tmp_path / "out.wav", music=Bed(path=track, gain_db=-6, duck_db=0, fade_seconds=2))
    out = decoded(tmp_path / "out.wav")
    steady = level(out[int(8.0 * RATE) : int(8.8 * RATE)])
    begin, end = out[: RATE // 10], out[-RATE // 10 :]
    assert level(begin) < steady - 15 and level(end) < steady - 15
    half = level(out[-int(1.05 * RATE) : -int(0.95 * RATE)])
    assert steady - half == pytest.approx(6, abs=1)


async def test_the_gain_is_against_the_speech(tmp_path: Path, spoken: Sound) -> None:
    """Whatever the level of the two files: −8 dB is 8 LU under the speech where nobody speaks."""
    speech = written(tmp_path / "speech.wav", 0.1 * between_pauses(spoken))
    track = written(tmp_path / "music.wav", decoded(Loop.CALM.path))
    await mix(speech, tmp_path / "out.wav", music=Bed(path=track, gain_db=-8, duck_db=40, fade_seconds=0))
    out = decoded(tmp_path / "out.wav")
    words, alone = out[3 * RATE : 7 * RATE], out[int(7.8 * RATE) :]
    assert loudness(words) - loudness(alone) == pytest.approx(8, abs=2.5)


async def test_silent_and_damaged_music_is_refused(tmp_path: Path, spoken: Sound) -> None:
    speech = written(tmp_path / "speech.wav", spoken)
    silent = written(tmp_path / "silent.wav", np.zeros(RATE))
    with pytest.raises(MediaRefused) as refused:
        await mix(speech, tmp_path / "out.wav", music=Bed(path=silent))
    assert refused.value.code == "MEDIA_SILENT"
    (tmp_path / "text.mp3").write_text("not music")
    with pytest.raises(MediaRefused):
        await mix(speech, tmp_path / "out.wav", music=Bed(path=tmp_path / "text.mp3"))


@pytest.mark.parametrize("loop", list(Loop))
def test_bundled_loops_have_no_seam_and_a_licence(loop: Loop) -> None:
    """Row 248: composed for this project, CC0; the end leads into the beginning."""
    sound = decoded(loop.path)
    assert LICENCE == "CC0-1.0"
    assert loop.path.read_bytes().startswith(b"OggS")
    assert 8 < len(sound) / RATE < 15
    twice = bed(sound.astype(np.float32), RATE, 2 * len(sound) - 10, 0, seamless=True)
    steps = np.abs(np.diff(twice))
    seam = steps[len(sound) - 120 : len(sound) + 120].max()
    assert seam <= np.quantile(steps, 0.9999) * 1.5
    assert sum(each.path.stat().st_size for each in Loop) <= 300_000


def test_ducking_is_smooth() -> None:
    """No gain step of more than a decibel within 10 ms: nobody hears a switch."""
    speech = np.zeros(6 * RATE, dtype=np.float32)
    speech[2 * RATE : 3 * RATE] = np.random.default_rng(1).standard_normal(RATE) * 0.1
    gain = 20 * np.log10(ducking(speech, RATE, 15))
    assert np.abs(gain[240:] - gain[:-240]).max() < 1.2
    assert gain[:RATE].max() == 0 and gain[int(2.5 * RATE)] == pytest.approx(-15, abs=0.01)
