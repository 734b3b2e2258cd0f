"""Parts of a long speech made one: no clicks, no level steps, no seconds lost (row 247)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_graph.media.audio import finish_speech
from persona_graph.media.mixing.desk import PAUSE_SECONDS, join
from tests.media.mixing.conftest import RATE, Sound, decoded, loudness, written


async def parts(folder: Path, spoken: Sound) -> list[Path]:
    """The same words at three levels, cut hard in the middle of a vowel, silence around the second."""
    sounds = [spoken[: 3 * RATE], spoken[: 3 * RATE] / 5, spoken[: 3 * RATE] * 1.5]
    sounds[1] = np.concatenate([np.zeros(RATE), sounds[1], np.zeros(RATE // 2)])
    made = []
    for n, sound in enumerate(sounds):
        source = written(folder / f"raw-{n}.wav", sound)
        made.append(folder / f"part-{n}.wav")
        await finish_speech(source, made[-1], loudness=-20)
    return made


async def test_joints_have_neither_clicks_nor_level_steps(tmp_path: Path, spoken: Sound) -> None:
    joined = await join(await parts(tmp_path, spoken), tmp_path / "out.wav")
    out = decoded(tmp_path / "out.wav")
    assert len(out) / RATE == pytest.approx(joined.seconds, abs=0.001)
    inside = np.abs(np.diff(spoken)).max() / np.abs(spoken).max()
    for start in joined.starts[1:]:
        around = out[int((start - PAUSE_SECONDS - 0.03) * RATE) : int((start + 0.03) * RATE)]
        assert np.abs(np.diff(around)).max() < inside * np.abs(out).max()
        joint = out[int((start - 0.002) * RATE) : int((start + 0.002) * RATE)]
        assert np.abs(np.diff(joint)).max() < 0.01
    ends = [*joined.starts[1:], joined.seconds + PAUSE_SECONDS]
    levels = [
        loudness(out[int(a * RATE) : int((b - PAUSE_SECONDS) * RATE)])
        for a, b in zip(joined.starts, ends, strict=True)
    ]
    assert max(levels) - min(levels) < 1.0, levels


async def test_silence_around_a_part_goes_and_its_timings_can_follow(tmp_path: Path, spoken: Sound) -> None:
    joined = await join(await parts(tmp_path, spoken), tmp_path / "out.wav")
    assert joined.skipped[1] == pytest.approx(joined.skipped[0] + 1.0, abs=0.05)
    assert joined.starts[0] == 0
    gaps = np.diff(joined.starts)
    assert gaps[0] == pytest.approx(3 + PAUSE_SECONDS, abs=0.3)
    assert gaps[1] == pytest.approx(gaps[0], abs=0.1)
