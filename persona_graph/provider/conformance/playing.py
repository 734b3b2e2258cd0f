"""Does it play, for how long, and is there anything to hear? FFmpeg's answer."""

from __future__ import annotations

import array
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_RATE = 16_000


class Unplayable(Exception):
    """What was delivered is no sound or no picture."""


@dataclass(frozen=True)
class Played:
    seconds: float
    loudest: int


def play(content: bytes | Path, *, video: bool) -> Played:
    """The length of the sound; of a video the length of its picture."""
    if isinstance(content, Path):
        content = content.read_bytes()
    if not content:
        raise Unplayable("it is empty")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered"
        path.write_bytes(content)
        heard = _heard(path)
        return Played(_shown(path), heard.loudest) if video else heard


def _heard(path: Path) -> Played:
    from imageio_ffmpeg import get_ffmpeg_exe

    command = [
        get_ffmpeg_exe(),
        "-v",
        "error",
        "-nostdin",
        "-protocol_whitelist",
        "file,pipe",
        "-i",
        str(path),
    ]
    command += ["-map", "0:a:0", "-ac", "1", "-ar", str(_RATE), "-f", "s16le", "-"]
    ran = subprocess.run(command, capture_output=True, timeout=120)
    samples = array.array("h", ran.stdout[: len(ran.stdout) // 2 * 2])
    if ran.returncode or not samples:
        raise Unplayable("no sound can be decoded from it")
    return Played(len(samples) / _RATE, max(max(samples), -min(samples)))


def _shown(path: Path) -> float:
    from imageio_ffmpeg import count_frames_and_secs

    try:
        frames, seconds = count_frames_and_secs(str(path))
    except RuntimeError as error:
        raise Unplayable("no picture can be decoded from it") from error
    if not frames:
        raise Unplayable("it has no picture")
    return float(seconds)
