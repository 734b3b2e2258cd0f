"""What a speech job makes of a delivery: format, effects, music, captions, pace (rows 226–228, 247–253, 277–279, 286)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from persona_graph.errors import InvalidInput, MediaRefused
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.mixing.effects import Preset
from persona_graph.media.mixing.loops import Loop
from persona_graph.personas import outputs
from persona_graph.personas.outputs import SpeechWish
from persona_graph.personas.sound import MusicWish, SoundWish
from persona_graph.personas.tables import Platform, VoicePolicy
from persona_graph.provider import Delivery, Timing
from tests.jobs.house import House
from tests.jobs.scripted import speaker
from tests.jobs.test_long_scripts import SCRIPT, lived_in, spoken
from tests.media.mixing.conftest import decoded, loudness, median_pitch, written

HEARD = Delivery(media=spoken(0), content_type="audio/wav")
MAGIC = {"wav": b"RIFF", "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3"), "ogg": b"OggS"}
KINDS = {"wav": ("audio/wav", "pcm_s16le"), "mp3": ("audio/mpeg", "mp3"), "ogg": ("audio/ogg", "opus")}


async def ask(house: House, **wish: Any) -> Job:
    wanted = SpeechWish(house.persona.id, SCRIPT, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE, **wish)
    submitted = await outputs.generate_speech(
        house.personas, house.viewer, wanted, Request("generateSpeech", {}, Paid())
    )
    assert submitted.job is not None
    job = await house.finish(submitted.job)
    assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
    return job


async def stored(house: House, id: str | None, path: Path) -> tuple[Asset, Path]:
    async with house.db.reading() as session:
        asset = await session.get_one(Asset, id)
    path.write_bytes(await house.personas.media.read(asset))
    return asset, path


async def heard(house: House, job: Job, folder: Path) -> tuple[Asset, Path]:
    return await stored(house, (await house.output(job)).asset_id, folder / "heard")


@pytest.mark.parametrize("container", ["wav", "mp3", "ogg"])
async def test_the_file_is_what_was_asked_for(tmp_path: Path, redis_url: str, container: str) -> None:
    """Row 253: the container, the codec, the rate and the loudness stand on the asset, measured."""
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD])) as house:
        asset, path = await heard(house, await ask(house, container=container), tmp_path)
        assert path.read_bytes().startswith(MAGIC[container])
        facts = asset.facts or {}
        assert (asset.content_type, facts["codec"]) == KINDS[container]
        assert facts["rate"] in (24_000, 48_000)
        assert asset.seconds == pytest.approx(2, abs=0.02)
        assert facts["loudness"] == pytest.approx(-16, abs=1)


@pytest.mark.parametrize(
    ("platform", "target"), [(Platform.YOUTUBE, -14), (Platform.PODCAST, -19), (None, -16)]
)
async def test_the_platform_sets_the_loudness(
    tmp_path: Path, redis_url: str, platform: Platform | None, target: float
) -> None:
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD])) as house:
        asset, path = await heard(house, await ask(house, platform=platform), tmp_path)
        assert loudness(decoded(path)) == pytest.approx(target, abs=1)
        assert (asset.facts or {})["loudness"] == pytest.approx(target, abs=1)


async def test_pace_and_pitch_that_the_provider_does_not_know_are_made_here(
    tmp_path: Path, redis_url: str
) -> None:
    """Row 278: the settings have effect whoever speaks, and it is said that they had."""
    timings = tuple(Timing("word", word, 0.1 * n, 0.1 * n + 0.08) for n, word in enumerate(SCRIPT.split()))
    spoken_ = Delivery(media=spoken(0), content_type="audio/wav", timings=timings)
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD, spoken_])) as house:
        _, plain = await heard(house, await ask(house), tmp_path)
        before = median_pitch(decoded(plain))
        job = await ask(house, speed=0.5, pitch=4.0)
        asset, path = await heard(house, job, tmp_path)
        assert asset.seconds == pytest.approx(4, abs=0.05)
        assert median_pitch(decoded(path)) == pytest.approx(before * 2 ** (4 / 12), rel=0.1)
        output = await house.output(job)
        assert set(output.served[0]["honoured"]) == {"speed", "pitch"}
        _, listed = await stored(house, output.timings_id, tmp_path / "timings")
        words = orjson.loads(listed.read_bytes())
        assert words[10]["start"] == pytest.approx(2.0)
        assert job.legs[0].result["seconds"] == pytest.approx(4, abs=0.05)


async def test_a_provider_that_did_it_is_not_helped(tmp_path: Path, redis_url: str) -> None:
    done = Delivery(media=spoken(0), content_type="audio/wav", honoured_options=("speed",))
    async with lived_in(tmp_path, redis_url, speaker(start=[done])) as house:
        asset, _ = await heard(house, await ask(house, speed=0.5), tmp_path)
        assert asset.seconds == pytest.approx(2, abs=0.02)


async def test_a_bundled_loop_under_the_speech(tmp_path: Path, redis_url: str) -> None:
    """Rows 227, 248: it is there, and the output names it and its licence."""
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD, HEARD])) as house:
        _, dry = await heard(house, await ask(house), tmp_path)
        plain = decoded(dry)
        music = MusicWish(loop=Loop.BRIGHT, gain_db=-3, duck_db=3, fade_seconds=0.2)
        job = await ask(house, sound=SoundWish(music=music))
        _, path = await heard(house, job, tmp_path)
        mixed = decoded(path)
        assert len(mixed) == pytest.approx(len(plain), abs=240)
        count = min(len(mixed), len(plain))
        assert 0.3 < np.corrcoef(mixed[:count], plain[:count])[0, 1] < 0.97
        assert (await house.output(job)).music == {"title": "BRIGHT", "licence": "CC0-1.0"}


async def test_uploaded_music_needs_its_purpose_and_a_licence(tmp_path: Path, redis_url: str) -> None:
    tone = written(tmp_path / "tone.wav", 0.3 * np.sin(np.arange(24_000) * 0.5))
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD])) as house:
        media = house.personas.media
        music = await media.keep(house.account.id, AssetPurpose.MUSIC, tone, "audio/wav", name="tone.wav")
        sample = await media.keep(house.account.id, AssetPurpose.SAMPLE, tone, "audio/wav", name="me.wav")
        async with house.db.writing() as session:
            session.add_all([music, sample])
        with pytest.raises(InvalidInput):
            await ask(house, sound=SoundWish(music=MusicWish(asset_id=music.id)))
        with pytest.raises(MediaRefused) as refused:
            await ask(house, sound=SoundWish(music=MusicWish(asset_id=sample.id, licence="mine")))
        assert refused.value.code == "MEDIA_WRONG_KIND"
        job = await ask(house, sound=SoundWish(music=MusicWish(asset_id=music.id, licence="CC-BY-4.0")))
        assert (await house.output(job)).music == {"title": "tone.wav", "licence": "CC-BY-4.0"}


@pytest.mark.parametrize(
    ("sound", "field"),
    [
        (SoundWish(amounts={"reverb": 1.1}), ("effects", "reverb")),
        (SoundWish(amounts={"echo": -0.1}), ("effects", "echo")),
        (SoundWish(music=MusicWish(loop=Loop.CALM, gain_db=1)), ("music", "gainDb")),
        (SoundWish(music=MusicWish(loop=Loop.CALM, duck_db=99)), ("music", "duckDb")),
        (SoundWish(music=MusicWish(loop=Loop.CALM, asset_id="x")), ("music", "assetId")),
        (SoundWish(music=MusicWish()), ("music", "assetId")),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_asked(
    tmp_path: Path, redis_url: str, sound: SoundWish, field: tuple[str, ...]
) -> None:
    provider = speaker()
    async with lived_in(tmp_path, redis_url, provider) as house:
        with pytest.raises(InvalidInput) as refused:
            await ask(house, sound=sound)
        assert tuple(refused.value.path) == field
        assert provider.calls("start") == 0


async def test_captions_without_timings_are_estimated_and_say_so(tmp_path: Path, redis_url: str) -> None:
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD])) as house:
        output = await house.output(await ask(house, sound=SoundWish(captions=True)))
        assert output.timing_source == "ESTIMATED"
        asset, vtt = await stored(house, output.vtt_id, tmp_path / "vtt")
        assert (asset.kind, asset.content_type) == ("TEXT", "text/vtt")
        assert vtt.read_text().startswith("WEBVTT") and "ESTIMATED" in vtt.read_text()
        _, srt = await stored(house, output.srt_id, tmp_path / "srt")
        assert srt.read_text().startswith("1\n00:00:0")
        assert " ".join(line for line in srt.read_text().splitlines() if line[:1].isalpha()) == SCRIPT


async def test_captions_go_with_the_output(tmp_path: Path, redis_url: str) -> None:
    """S5: what is deleted is deleted with all that was made of it."""
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD])) as house:
        output = await house.output(await ask(house, sound=SoundWish(captions=True, preset=Preset.PODCAST)))
        await outputs.delete_output(house.personas, house.viewer, output.id)
        async with house.db.reading() as session:
            for id in (output.asset_id, output.vtt_id, output.srt_id):
                assert (await session.get_one(Asset, id)).state == "ERASED"
