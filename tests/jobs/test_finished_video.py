"""What a video job makes of a delivery: poster, captions, lengths, faststart (issue 3, Video out)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from persona_graph.errors import InvalidInput
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.media.video import SYNC_SECONDS, probe_video
from persona_graph.personas import outputs
from persona_graph.personas.outputs import VideoWish
from persona_graph.personas.sound import CaptionMode
from persona_graph.personas.tables import VoicePolicy
from persona_graph.provider import Delivery
from tests.jobs.house import House
from tests.jobs.scripted import Scripted, speaker, video_offer
from tests.jobs.test_finished_speech import HEARD, stored
from tests.jobs.test_long_scripts import SCRIPT, lived_in
from tests.media.test_decode_video import SPEECH, ffmpeg
from tests.media.test_dress_video import streams

pytestmark = pytest.mark.timeout(120)


def film(path: Path, *, seconds: float = 2.0, flags: Sequence[str] = ("-movflags", "+faststart")) -> Delivery:
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=480x480:r=25:d={seconds}", "-ss", 1, "-t", 2, "-i", SPEECH, "-c:v",
           "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", *flags, path)  # fmt: skip
    return Delivery(media=path.read_bytes(), content_type="video/mp4")


def studio(delivery: Delivery) -> Scripted:
    return Scripted("studio", video_offer(), start=[delivery])


async def ask(house: House, script: str = SCRIPT, **wish: Any) -> Job:
    await house._portrait()
    wanted = VideoWish(house.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE, **wish)
    request = Request("generateVideo", {}, Paid())
    submitted = await outputs.generate_video(house.personas, house.viewer, wanted, request)
    assert submitted.job is not None
    return await house.finish(submitted.job)


async def filmed(house: House, job: Job, folder: Path) -> Path:
    assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
    _, path = await stored(house, (await house.output(job)).asset_id, folder / "video.mp4")
    return path


async def test_a_video_has_a_poster_and_is_otherwise_as_it_came(tmp_path: Path, redis_url: str) -> None:
    made = film(tmp_path / "in.mp4")
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD]), studio(made)) as house:
        job = await ask(house)
        path = await filmed(house, job, tmp_path)
        assert path.read_bytes() == made.media
        output = await house.output(job)
        asset, poster = await stored(house, output.poster_id, tmp_path / "poster")
        assert (asset.kind, asset.content_type, asset.width, asset.height) == (
            "IMAGE",
            "image/jpeg",
            480,
            480,
        )
        assert poster.read_bytes().startswith(b"\xff\xd8\xff")
        assert output.vtt_id is None


@pytest.mark.parametrize("mode", [CaptionMode.TRACK, CaptionMode.BURNED])
async def test_captions_on_request(tmp_path: Path, redis_url: str, mode: CaptionMode) -> None:
    made = film(tmp_path / "in.mp4")
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD]), studio(made)) as house:
        job = await ask(house, captions=mode)
        path = await filmed(house, job, tmp_path)
        assert ("(eng): Subtitle: mov_text" in streams(path)) == (mode is CaptionMode.TRACK)
        assert path.read_bytes() != made.media
        output = await house.output(job)
        assert output.timing_source == "ESTIMATED"
        _, srt = await stored(house, output.srt_id, tmp_path / "srt")
        assert "The first sentence is short." in srt.read_text()


@pytest.mark.parametrize(("seconds", "flags"), [(2.0, ()), (2.3, ("-movflags", "+faststart"))])
async def test_what_can_be_repaired_is_repaired(
    tmp_path: Path, redis_url: str, seconds: float, flags: tuple[str, ...]
) -> None:
    """An index at the end; pictures that go on when the sound is over."""
    made = film(tmp_path / "in.mp4", seconds=seconds, flags=flags)
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD]), studio(made)) as house:
        probe = await probe_video(await filmed(house, await ask(house), tmp_path))
        assert probe.faststart
        assert abs(probe.seconds - (probe.audio_seconds or 0)) <= SYNC_SECONDS


async def test_a_video_of_another_length_is_not_published(tmp_path: Path, redis_url: str) -> None:
    """V5: it is not a video of this speech."""
    made = film(tmp_path / "in.mp4", seconds=3)
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD]), studio(made)) as house:
        job = await ask(house)
        assert (job.state, job.failure_code) == ("FAILED", "MEDIA_DAMAGED")
        assert job.settled == 0


async def test_letters_the_font_does_not_have_are_refused_before_anything_is_asked(
    tmp_path: Path, redis_url: str
) -> None:
    voice = speaker()
    async with lived_in(tmp_path, redis_url, voice, studio(HEARD)) as house:
        with pytest.raises(InvalidInput) as refused:
            await ask(house, "これは本です。", captions=CaptionMode.BURNED)
        assert refused.value.path == ("captions",)
        assert voice.calls("start") == 0
