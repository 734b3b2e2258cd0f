"""Where nobody speaks, in clean and in noisy recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_graph.media.mixing.desk import pauses
from tests.media.mixing.conftest import RATE, SPEECH, Sound, level, written


async def test_a_reader_in_a_noisy_room_pauses_too() -> None:
    found = await pauses(SPEECH)
    assert 3 <= len(found) <= 60
    assert all(0 <= start < end <= 15.01 and end - start >= 0.12 for start, end in found)


@pytest.mark.parametrize("noise_db", [-90, -40, -25])
async def test_a_gap_is_found_at_its_place_whatever_the_noise(
    tmp_path: Path, spoken: Sound, noise_db: float
) -> None:
    sound = np.concatenate([spoken[: 3 * RATE], np.zeros(RATE), spoken[3 * RATE : 6 * RATE]])
    noise = np.random.default_rng(3).standard_normal(len(sound))
    sound = sound + noise * 10 ** ((level(spoken) + noise_db) / 20)
    found = await pauses(written(tmp_path / "in.wav", sound))
    longest = max(found, key=lambda pause: pause[1] - pause[0])
    assert longest[0] == pytest.approx(3, abs=0.15) and longest[1] == pytest.approx(4, abs=0.15)
