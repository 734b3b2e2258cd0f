"""What is measured on a video, and what is refused as one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.bounded import Bounds, ffmpeg_binary
from persona_graph.media.video import VideoLimits, VideoProbe, probe_video

SPEECH = Path(__file__).parents[1] / "samples" / "1688" / "1688-142285-0000.flac"
ROOM = Bounds(seconds=20)


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=6", "-t", 4, "-i", SPEECH, "-c:v", "libx264",
           "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", path)  # fmt: skip
    return path


async def probe(path: Path, limits: VideoLimits | None = None) -> VideoProbe:
    return await probe_video(path, limits, bounds=ROOM)


async def refusal(path: Path, limits: VideoLimits | None = None) -> str:
    with pytest.raises(MediaRefused) as refused:
        await probe(path, limits)
    assert refused.value.message and refused.value.fix
    return refused.value.code


async def test_both_lengths_are_measured(clip: Path) -> None:
    """Acceptance 155: the charge follows the measured length, and audio and picture may differ."""
    found = await probe(clip)
    assert found == VideoProbe(
        content_type="video/mp4", seconds=pytest.approx(6.0, abs=0.01), width=320, height=240,
        fps=pytest.approx(25.0, abs=0.05), video_codec="h264", audio_codec="aac",
        audio_seconds=pytest.approx(4.0, abs=0.06), faststart=True,
    )  # fmt: skip


async def test_an_index_at_the_end_is_seen(clip: Path, tmp_path: Path) -> None:
    ffmpeg("-i", clip, "-c", "copy", tmp_path / "slow.mp4")
    assert not (await probe(tmp_path / "slow.mp4")).faststart


async def test_a_header_that_lies_about_the_length_is_not_believed(clip: Path, tmp_path: Path) -> None:
    content = bytearray(clip.read_bytes())
    for box, skip in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = content.index(box) + skip
        content[at : at + 4] = (90_000_000).to_bytes(4, "big")
    (tmp_path / "lying.mp4").write_bytes(content)
    assert (await probe(tmp_path / "lying.mp4")).seconds == pytest.approx(6.0, abs=0.1)


async def test_a_cut_video_is_damaged(clip: Path, tmp_path: Path) -> None:
    """V4: half a file is no delivery."""
    whole = clip.read_bytes()
    for part in (0.02, 0.3, 0.7, 0.95):
        (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * part)])
        assert await refusal(tmp_path / "cut.mp4") == "MEDIA_DAMAGED"


async def test_pictures_that_do_not_decode_are_damaged(clip: Path, tmp_path: Path) -> None:
    content = bytearray(clip.read_bytes())
    start = content.index(b"mdat") + 8
    content[start:] = bytes(len(content) - start)
    (tmp_path / "empty.mp4").write_bytes(content)
    assert await refusal(tmp_path / "empty.mp4") == "MEDIA_DAMAGED"


async def test_without_sound_only_where_that_is_allowed(tmp_path: Path) -> None:
    """Acceptance 78: a talking video that does not talk is refused."""
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x120:d=2", "-pix_fmt", "yuv420p", tmp_path / "mute.mp4")
    assert await refusal(tmp_path / "mute.mp4") == "MEDIA_WRONG_KIND"
    found = await probe(tmp_path / "mute.mp4", VideoLimits(need_audio=False))
    assert (found.audio_codec, found.audio_seconds) == (None, None)


async def test_limits(clip: Path) -> None:
    """Acceptance 93: longer or larger than ordered."""
    assert await refusal(clip, VideoLimits(max_seconds=5)) == "MEDIA_TOO_LONG"
    assert await refusal(clip, VideoLimits(max_pixels=320 * 239)) == "MEDIA_TOO_LARGE"


async def test_what_is_no_video(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-t", 1, tmp_path / "a.m4a")
    (tmp_path / "page.mp4").write_text("<html>502 Bad Gateway</html>")
    (tmp_path / "none.mp4").write_bytes(b"")
    assert await refusal(tmp_path / "a.m4a") == "MEDIA_DAMAGED"
    assert await refusal(tmp_path / "page.mp4") == "MEDIA_UNSUPPORTED"
    assert await refusal(tmp_path / "none.mp4") == "MEDIA_DAMAGED"
    assert await refusal(SPEECH) == "MEDIA_UNSUPPORTED"
