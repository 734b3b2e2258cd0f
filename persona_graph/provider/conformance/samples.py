"""Small real media, made when asked for, and an order for each kind of offer."""

from __future__ import annotations

import io
import math
import struct
import subprocess
import tempfile
import wave
import zlib
from pathlib import Path

from persona_graph.provider.conformance.call import KitCall
from persona_graph.provider.offers import Capability, Offer
from persona_graph.provider.orders import Animate, Order, Speak, TrainVoice, VendorVoice, Write

SCRIPT = "Good morning. The ferry leaves at nine, and the sea is calm today."
BRIEF = "Three sentences about a ferry on a calm morning."
KIT_VOICE = "kit-voice-1"
_RATE = 24_000


def sound(seconds: float = 2.0, kind: str = "wav") -> bytes:
    """Tones in the rhythm of syllables. ``kind`` is ``wav``, or an ending FFmpeg can write: ``mp3``, ``flac``."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", _sample(n)) for n in range(int(_RATE * seconds))))
    return made.getvalue() if kind == "wav" else _converted(made.getvalue(), kind)


def _sample(n: int) -> int:
    pitch = 140 + 40 * math.sin(n / 30_000)
    return int(11_000 * math.sin(2 * math.pi * pitch * n / _RATE) * abs(math.sin(n / 2400)))


def clip(seconds: float = 2.0, width: int = 64, height: int = 64) -> bytes:
    """An MP4 with a moving picture and sound."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size={width}x{height}:rate=10:duration={seconds}")
    tone = ("-f", "lavfi", "-i", f"sine=frequency=220:duration={seconds}")
    return _ffmpeg("mp4", *picture, *tone, "-pix_fmt", "yuv420p", "-t", f"{seconds}")


def picture(width: int = 320, height: int = 320) -> bytes:
    """A PNG of a grey oval on white: a portrait, to a vendor that does not look closely."""
    rows = b"".join(b"\x00" + bytes(_shade(x, y, width, height) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _shade(x: int, y: int, width: int, height: int) -> int:
    away = math.hypot((x - width / 2) / width, 0.8 * (y - height / 2) / height)
    return 130 if away < 0.3 else 245


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _converted(wav: bytes, kind: str) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(wav)
        file.flush()
        return _ffmpeg(kind, "-i", file.name)


def _ffmpeg(kind: str, *arguments: str) -> bytes:
    from imageio_ffmpeg import get_ffmpeg_exe

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"made.{kind}"
        command = [get_ffmpeg_exe(), "-v", "error", "-nostdin", *arguments, str(out)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return out.read_bytes()


def sample_order(offer: Offer, call: KitCall) -> Order:
    """An ordinary order within the offer's limits, its files lent by ``call``."""
    language = (
        "en" if not offer.limits.languages or "en" in offer.limits.languages else offer.limits.languages[0]
    )
    match offer.capability:
        case Capability.VOICE_TRAINING:
            least, most = offer.limits.min_seconds or 0, offer.limits.max_seconds or 600
            seconds = min(max(12.0, 1.2 * least), most)
            return TrainVoice(
                samples=(call.lend("sample.wav", sound(seconds), "audio/wav", seconds),), language=language
            )
        case Capability.SPEECH:
            voice = VendorVoice(id=KIT_VOICE) if offer.uses_trained_voice else None
            return Speak(script=SCRIPT, voice=voice, language=language)
        case Capability.TALKING_VIDEO:
            return _animation(offer, call)
        case Capability.TEXT:
            return Write(brief=BRIEF, style_prompt="Short sentences.", max_chars=600, language=language)


def _animation(offer: Offer, call: KitCall) -> Animate:
    seconds = max(2.0, offer.limits.min_seconds or 0)
    return Animate(
        portrait=call.lend("portrait.png", picture(), "image/png"),
        speech=call.lend("speech.wav", sound(seconds), "audio/wav", seconds),
        resolution=offer.limits.resolutions[0] if offer.limits.resolutions else "480p",
    )
