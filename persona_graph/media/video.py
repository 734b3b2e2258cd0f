"""The videos we make or are sent by a provider: what is really in the file, measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask


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
