"""The videos we make or are sent by a provider: what is really in the file, measured; and their last touches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask

# Beyond this, people see that lips and sound part.
SYNC_SECONDS = 0.04


@dataclass(frozen=True)
class VideoLimits:
    max_seconds: float = 600.0
    max_pixels: int = 1920 * 1920
    need_audio: bool = True


@dataclass(frozen=True, kw_only=True)
class VideoProbe:
    """``seconds`` and ``fps`` come from the packets, ``audio_seconds`` from the decoded sound, not from the
    header. ``faststart``: a browser can begin before it has the whole file."""

    content_type: str
    seconds: float
    width: int
    height: int
    fps: float
    video_codec: str
    audio_codec: str | None
    audio_seconds: float | None
    faststart: bool


async def probe_video(
    path: str | Path, limits: VideoLimits | None = None, *, bounds: Bounds | None = None
) -> VideoProbe:
    """Raises MediaRefused: UNSUPPORTED, DAMAGED, TOO_LONG, or WRONG_KIND when it has no sound but needs it."""
    limits = limits or VideoLimits()
    request = {
        "path": str(Path(path).absolute()), "max_seconds": limits.max_seconds,
        "max_pixels": limits.max_pixels, "need_audio": limits.need_audio,
    }  # fmt: skip
    room = (bounds or Bounds()).at_least(seconds=10 + limits.max_seconds / 20, address_space=1 << 30)
    return VideoProbe(**await ask("child_video", request, room))


async def dress_video(
    path: Path,
    probe: VideoProbe,
    *,
    out: Path | None = None,
    poster: Path | None = None,
    track: Path | None = None,
    burned: Path | None = None,
    language: str = "und",
    bounds: Bounds | None = None,
) -> None:
    """Writes ``poster`` (JPEG), and to ``out`` the video with its index up front: with the SRT file ``track`` as a
    subtitle track, the ASS file ``burned`` in its pictures, and pictures as long as the sound. Only where the
    pictures have to change are they encoded again."""
    sound = probe.audio_seconds or probe.seconds
    encode = burned is not None or abs(probe.seconds - sound) > SYNC_SECONDS
    request = {
        "path": str(path.absolute()), "out": _given(out), "poster": _given(poster), "track": _given(track),
        "burned": _given(burned), "language": language, "encode": encode, "seconds": sound, "fps": probe.fps,
        "poster_at": min(1.0, probe.seconds / 2),
    }  # fmt: skip
    room = (bounds or Bounds()).at_least(
        seconds=60 + 4 * probe.seconds,
        address_space=3 << 30,
        written_bytes=path.stat().st_size * 4 + (64 << 20),
    )
    await ask("child_dress", request, room)


def _given(path: Path | None) -> str | None:
    return str(path.absolute()) if path else None
