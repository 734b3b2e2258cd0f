"""The last touches on a video: poster, captions, equal lengths, streamable (issue 3, Video out)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.video import SYNC_SECONDS, dress_video, probe_video
from persona_graph.personas.captions import captions
from tests.media.test_decode_video import SPEECH, ffmpeg

SCRIPT = "First a sentence, {with} braces. Then another one, which is long enough to need two lines of text."


def clip(
    path: Path, *, size: str = "480x480", seconds: float = 4, fps: int = 25, faststart: bool = True
) -> Path:
    flags = ["-movflags", "+faststart"] if faststart else []
    ffmpeg("-f", "lavfi", "-i", f"color=c=gray:s={size}:r={fps}:d={seconds}", "-t", 4, "-i", SPEECH, "-c:v", "libx264",
           "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata", "comment=AI-generated",
           *flags, path)  # fmt: skip
    return path


def frame(path: Path, at: float, width: int, height: int) -> np.ndarray:
    argv = [ffmpeg_binary(), "-v", "error", "-nostdin", "-i", str(path), "-ss", str(at), "-frames:v", "1", "-f", "rawvideo",
            "-pix_fmt", "gray", "-"]  # fmt: skip
    raw = subprocess.run(argv, check=True, capture_output=True).stdout
    return np.frombuffer(raw, dtype=np.uint8).reshape(height, width).astype(int)


def streams(path: Path) -> str:
    ran = subprocess.run([ffmpeg_binary(), "-hide_banner", "-i", str(path)], capture_output=True, check=False)
    return ran.stderr.decode()


@pytest.mark.parametrize("size", ["480x480", "854x480", "720x1280"])
async def test_burned_captions_change_the_lower_third_only(tmp_path: Path, size: str) -> None:
    width, height = map(int, size.split("x"))
    source = clip(tmp_path / "in.mp4", size=size)
    (tmp_path / "c.ass").write_text(captions(SCRIPT, "en", 4.0).ass(width, height))
    out = tmp_path / "out.mp4"
    await dress_video(source, await probe_video(source), out=out, burned=tmp_path / "c.ass")
    probe = await probe_video(out)
    assert (probe.width, probe.height, probe.faststart) == (width, height, True)
    assert abs(probe.seconds - (probe.audio_seconds or 0)) <= SYNC_SECONDS
    for at in (0.8, 3.0):
        changed = np.abs(frame(out, at, width, height) - frame(source, at, width, height)) > 40
        rows = np.flatnonzero(changed.any(axis=1))
        assert changed.sum() > 0.005 * width * height, "nothing to be read"
        assert rows.min() >= height * 2 / 3
        columns = np.flatnonzero(changed.any(axis=0))
        assert columns.min() > 0 and columns.max() < width - 1, "cut off at the side"
        assert frame(out, at, width, height)[rows.min() :].max() > 200, "not white"


async def test_captions_as_a_track_leave_the_pictures_alone(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4")
    (tmp_path / "c.srt").write_text(captions(SCRIPT, "en", 4.0).srt())
    out = tmp_path / "out.mp4"
    await dress_video(source, await probe_video(source), out=out, track=tmp_path / "c.srt", language="eng")
    assert "Stream #0:2[0x3](eng): Subtitle: mov_text" in streams(out)
    assert (frame(out, 1, 480, 480) == frame(source, 1, 480, 480)).all()
    ffmpeg("-i", out, "-map", "0:s:0", tmp_path / "back.srt")
    assert "First a sentence" in (tmp_path / "back.srt").read_text()


async def test_an_index_at_the_end_is_moved_without_encoding(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4", faststart=False)
    found = await probe_video(source)
    assert not found.faststart
    await dress_video(source, found, out=tmp_path / "out.mp4")
    probe = await probe_video(tmp_path / "out.mp4")
    assert probe.faststart
    assert (frame(tmp_path / "out.mp4", 2, 480, 480) == frame(source, 2, 480, 480)).all()
    assert "AI-generated" in streams(tmp_path / "out.mp4"), "what a file says about its making stays"


@pytest.mark.parametrize(("seconds", "fps"), [(3.6, 25), (4.4, 25), (4.2, 5)])
async def test_pictures_become_as_long_as_the_sound(tmp_path: Path, seconds: float, fps: int) -> None:
    """Audio and video agree within 40 ms."""
    source = clip(tmp_path / "in.mp4", seconds=seconds, fps=fps)
    found = await probe_video(source)
    assert abs(found.seconds - (found.audio_seconds or 0)) > SYNC_SECONDS
    await dress_video(source, found, out=tmp_path / "out.mp4")
    probe = await probe_video(tmp_path / "out.mp4")
    assert probe.audio_seconds == pytest.approx(4, abs=0.06)
    assert abs(probe.seconds - probe.audio_seconds) <= SYNC_SECONDS


async def test_a_poster_is_a_picture_of_the_video_and_nothing_else(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mp4", size="854x480")
    await dress_video(source, await probe_video(source), poster=tmp_path / "poster.jpg")
    content = (tmp_path / "poster.jpg").read_bytes()
    assert content.startswith(b"\xff\xd8\xff") and b"AI-generated" not in content
    assert abs(frame(tmp_path / "poster.jpg", 0, 854, 480) - frame(source, 1, 854, 480)).mean() < 4
