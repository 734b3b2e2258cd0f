"""Effects by amount, measured on the finished file (rows 228, 249–253, 258)."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from persona_graph.media.audio import finish_speech
from persona_graph.media.mixing.desk import mix
from persona_graph.media.mixing.effects import LOUDNESS, Effects, Equaliser, Preset, loudness_for
from tests.media.mixing.conftest import RATE, Sound, crest, decoded, level, loudness, median_pitch, written

AMOUNTS = (0.0, 0.2, 0.5, 1.0)


async def finished(folder: Path, sound: Sound, effects: Effects, target: float = -18) -> Sound:
    source = written(folder / "in.wav", sound)
    await mix(source, folder / "mixed.wav", effects=effects)
    probe = await finish_speech(folder / "mixed.wav", folder / "out.wav", loudness=target)
    out = decoded(folder / "out.wav")
    assert probe.seconds == pytest.approx(len(out) / RATE, abs=0.001)
    return out


async def test_the_tail_of_reverb_grows_with_its_amount_and_the_length_stays(
    tmp_path: Path, spoken: Sound
) -> None:
    """Row 249."""
    sound = np.concatenate([spoken, np.zeros(2 * RATE)])
    tails = []
    for amount in AMOUNTS:
        out = await finished(tmp_path, sound, Effects(reverb=amount))
        assert abs(len(out) - len(sound)) <= 0.01 * RATE
        tails.append(level(out[-2 * RATE + 2400 :]) - level(out[: 8 * RATE]))
    assert tails[0] < -55
    assert all(later > earlier + 3 for earlier, later in itertools.pairwise(tails)), tails
    assert -25 < tails[-1] < -3


async def test_an_echo_repeats_after_its_delay_and_grows_with_its_amount(tmp_path: Path) -> None:
    """Row 250."""
    burst = np.zeros(3 * RATE)
    burst[RATE : RATE + RATE // 10] = 0.3 * np.sin(np.arange(RATE // 10) * 0.2)
    repeats = []
    for amount in (0.2, 0.6, 1.0):
        out = await finished(tmp_path, burst, Effects(echo=amount))
        assert abs(len(out) - len(burst)) <= 0.01 * RATE
        first = out[RATE : RATE + RATE // 10]
        again = out[RATE + int(0.28 * RATE) :][: RATE // 10]
        between = out[RATE + int(0.13 * RATE) : RATE + int(0.26 * RATE)]
        assert level(between) < level(again) - 20
        repeats.append(level(again) - level(first))
    assert repeats == sorted(repeats) and repeats[-1] - repeats[0] > 6
    assert repeats[-1] == pytest.approx(-4.0, abs=1.0)


async def test_the_crest_factor_falls_with_compression(tmp_path: Path, spoken: Sound) -> None:
    """Row 251: at −26 LUFS no limiter of the master has a hand in it."""
    found = [crest(await finished(tmp_path, spoken, Effects(compression=a), -26)) for a in AMOUNTS]
    assert all(later < earlier - 0.3 for earlier, later in itertools.pairwise(found)), found
    assert found[0] - found[-1] > 3


async def test_loud_and_quiet_passages_come_nearer_with_normalisation(tmp_path: Path, spoken: Sound) -> None:
    """Row 252: two passages 12 dB apart; the amount is the share of the difference that goes."""
    sound = np.concatenate([spoken, spoken / 4])
    steps = []
    for amount in (0.0, 0.5, 1.0):
        out = await finished(tmp_path, sound, Effects(normalisation=amount), -23)
        steps.append(loudness(out[: len(spoken)]) - loudness(out[len(spoken) :]))
    assert steps == [pytest.approx(12, abs=1), pytest.approx(6, abs=1.5), pytest.approx(0, abs=1.5)]


@pytest.mark.parametrize("platform", [*sorted(LOUDNESS), None])
async def test_each_platform_gets_its_loudness(tmp_path: Path, spoken: Sound, platform: str | None) -> None:
    """Row 252: the targets of docs/sound.md, within 1 LU, by another meter."""
    effects = Effects.of(Preset.PODCAST)
    out = await finished(tmp_path, spoken, effects, loudness_for(platform))
    assert loudness(out) == pytest.approx(loudness_for(platform), abs=1.0)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.6, 2.0])
async def test_speed_leaves_the_pitch_alone(tmp_path: Path, spoken: Sound, speed: float) -> None:
    out = await finished(tmp_path, spoken, Effects(speed=speed))
    assert len(out) / RATE == pytest.approx(8 / speed, abs=0.02)
    assert median_pitch(out) == pytest.approx(median_pitch(spoken), rel=0.06)


@pytest.mark.parametrize("semitones", [-5, 4])
async def test_pitch_leaves_the_length_alone(tmp_path: Path, spoken: Sound, semitones: int) -> None:
    out = await finished(tmp_path, spoken, Effects(pitch=semitones))
    assert len(out) / RATE == pytest.approx(8, abs=0.01)
    assert median_pitch(out) == pytest.approx(median_pitch(spoken) * 2 ** (semitones / 12), rel=0.08)


async def test_a_telephone_has_no_bass_and_no_treble(tmp_path: Path, spoken: Sound) -> None:
    plain = await finished(tmp_path, spoken, Effects())
    phone = await finished(tmp_path, spoken, Effects(equaliser=Equaliser.PHONE))
    for band in ((60, 200), (5000, 7500)):
        assert _band(phone, *band) < _band(plain, *band) - 10
    assert _band(phone, 800, 2000) > _band(plain, 800, 2000) - 2


@pytest.mark.parametrize(
    ("curve", "sign"), [(Equaliser.WARM, -1), (Equaliser.BRIGHT, 1), (Equaliser.CLARITY, 1)]
)
async def test_equalisers_tilt_as_their_names_say(
    tmp_path: Path, spoken: Sound, curve: Equaliser, sign: int
) -> None:
    """Consonants (2.5–6 kHz) against vowels (90–350 Hz)."""
    plain = await finished(tmp_path, spoken, Effects())
    bent = await finished(tmp_path, spoken, Effects(equaliser=curve))
    tilts = [_band(sound, 2500, 6000) - _band(sound, 90, 350) for sound in (plain, bent)]
    assert (tilts[1] - tilts[0]) * sign > 2


async def test_no_effects_change_nothing_but_the_level(tmp_path: Path, spoken: Sound) -> None:
    out = await finished(tmp_path, spoken, Effects.of(Preset.NONE), -26)
    inner = slice(480, len(spoken) - 480)
    assert np.corrcoef(out[inner], spoken[inner])[0, 1] > 0.9999


@pytest.mark.parametrize("preset", list(Preset))
async def test_every_preset_can_be_heard_and_own_amounts_win(
    tmp_path: Path, spoken: Sound, preset: Preset
) -> None:
    """Row 258: a preset is amounts by name."""
    effects = Effects.of(preset, {"reverb": 0.2, "compression": None})
    assert effects.reverb == 0.2
    assert effects.compression == Effects.of(preset).compression
    out = await finished(tmp_path, spoken, effects)
    assert len(out) == pytest.approx(len(spoken), abs=0.01 * RATE)
    assert np.corrcoef(out[: len(spoken)], spoken[: len(out)])[0, 1] < 0.999


def _band(sound: Sound, low: float, high: float) -> float:
    """Power between two frequencies, in dB of the whole."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / RATE)
    return float(10 * np.log10(power[(at >= low) & (at < high)].sum() / power.sum()))
