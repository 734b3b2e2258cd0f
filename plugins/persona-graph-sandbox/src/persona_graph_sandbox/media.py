"""Real audio and video, made and measured: numpy for the sound, the ffmpeg of imageio-ffmpeg for the rest.
Everything here blocks; an emulator asks with ``asyncio.to_thread``."""

from __future__ import annotations

import io
import math
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from persona_graph_sandbox.tones import Samples, length_of, voiced

FRAMES_PER_SECOND = 10
FFMPEG_SECONDS = 120
_DECODED_RATE = 16000
_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw",
}
_CODECS = {
    "mp3": ("-c:a", "libmp3lame", "-f", "mp3"),
    "flac": ("-c:a", "flac", "-f", "flac"),
    "opus": ("-c:a", "libopus", "-f", "ogg"),
    "aac": ("-c:a", "aac", "-f", "adts"),
    "ulaw": ("-c:a", "pcm_mulaw", "-f", "mulaw"),
    "alaw": ("-c:a", "pcm_alaw", "-f", "alaw"),
}
_BIT_RATED = ("mp3", "opus", "aac")


class Unreadable(ValueError):
    """Bytes that no decoder knows."""


@dataclass(frozen=True, slots=True)
class Sound:
    """``seconds`` is the exact length of what was spoken; an mp3 may decode to a few hundredths more."""

    content: bytes
    content_type: str
    seconds: float
    rate: int
    channels: int


@lru_cache(maxsize=128)
def speech(
    text: str,
    form: str = "mp3",
    *,
    voice: str = "",
    rate: int = 24000,
    channels: int = 1,
    bitrate: int = 64000,
    speed: float = 1.0,
) -> Sound:
    """``text`` spoken, as mp3, wav, flac, opus (Ogg), aac, pcm (16 bit little-endian), ulaw or alaw."""
    samples = voiced(text, voice, rate, speed)
    content = encoded(samples, form, rate=rate, channels=channels, bitrate=bitrate)
    return Sound(content, _TYPES[form], samples.size / rate, rate, channels)


def speech_seconds(text: str, speed: float = 1.0) -> float:
    """How long ``speech`` of this text is, without making it."""
    return length_of(text, speed)


def encoded(samples: Samples, form: str, *, rate: int, channels: int = 1, bitrate: int = 64000) -> bytes:
    plain = np.repeat((np.clip(samples, -1, 1) * 32767).astype("<i2"), channels).tobytes()
    if form == "pcm":
        return plain
    if form == "wav":
        return _wav(plain, rate, channels)
    rated = ("-b:a", str(bitrate)) if form in _BIT_RATED else ()
    given = ("-f", "s16le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0")
    return _ffmpeg(*given, "-map_metadata", "-1", *rated, *_CODECS[form], "pipe:1", given=plain)


def silence(seconds: float, form: str = "wav", rate: int = 24000) -> bytes:
    return encoded(np.zeros(round(seconds * rate), np.float32), form, rate=rate)


def seconds_of(content: bytes) -> float:
    """The length of any recording or video's sound, by decoding it."""
    if content[:4] == b"RIFF":
        try:
            with wave.open(io.BytesIO(content)) as read:
                return float(read.getnframes() / read.getframerate())
        except (wave.Error, EOFError):
            pass
    return len(_decoded(content)) / 2 / _DECODED_RATE


def _decoded(content: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as given:
        given.write(content)
        given.flush()
        words = ("-i", given.name, "-vn", "-ac", "1", "-ar", str(_DECODED_RATE), "-f", "s16le", "pipe:1")
        try:
            found = _ffmpeg("-xerror", *words)
        except subprocess.CalledProcessError as error:
            raise Unreadable("no decoder reads it") from error
    if not found:
        raise Unreadable("it holds no sound")
    return found


@lru_cache(maxsize=16)
def talking_video(picture: bytes, sound: bytes, short_side: int = 240) -> bytes:
    """An mp4 (H.264, AAC) that shows ``picture`` as long as ``sound`` lasts, its short side that many pixels,
    swaying a little so that frames differ."""
    seconds = seconds_of(sound)
    with tempfile.TemporaryDirectory() as folder:
        shown, heard, made = (Path(folder, name) for name in ("picture", "sound", "made.mp4"))
        shown.write_bytes(picture)
        heard.write_bytes(sound)
        frames = max(1, math.floor(seconds * FRAMES_PER_SECOND))
        fit = f"scale='if(gt(iw,ih),-2,{short_side})':'if(gt(iw,ih),{short_side},-2)'"
        sway = "rotate='0.02*sin(2*PI*t)':fillcolor=gray"
        try:
            _ffmpeg(
                "-loop", "1", "-framerate", str(FRAMES_PER_SECOND), "-i", str(shown), "-i", str(heard),
                "-map", "0:v:0", "-map", "1:a:0", "-frames:v", str(frames),
                "-vf", f"{fit},{sway},setsar=1,format=yuv420p",
                "-c:v", "libx264", "-preset", "ultrafast", "-crf", "32", "-c:a", "aac", "-b:a", "64k",
                "-movflags", "+faststart", str(made),
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise Unreadable("the picture or the sound cannot be read") from error
        return made.read_bytes()


def _ffmpeg(*words: str, given: bytes = b"") -> bytes:
    command = (imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", "-threads", "2")
    done = subprocess.run(
        (*command, "-protocol_whitelist", "file,pipe", *words) if "pipe:0" not in words else (*command, *words),
        input=given, capture_output=True, timeout=FFMPEG_SECONDS, check=True,
    )  # fmt: skip
    return done.stdout


def _wav(plain: bytes, rate: int, channels: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(plain)
    return out.getvalue()
