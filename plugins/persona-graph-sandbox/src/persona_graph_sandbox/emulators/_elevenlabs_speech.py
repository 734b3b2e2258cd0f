"""What ElevenLabs makes of a text: audio in its formats, the time of every character, packets of either."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from persona_graph_sandbox.media import encoded, speech_seconds
from persona_graph_sandbox.tones import voiced

MODELS = {
    "eleven_multilingual_v2": 10_000, "eleven_multilingual_v1": 10_000, "eleven_monolingual_v1": 10_000,
    "eleven_flash_v2_5": 40_000, "eleven_turbo_v2_5": 40_000, "eleven_flash_v2": 30_000, "eleven_turbo_v2": 30_000,
    "eleven_v3": 3_000,
}  # fmt: skip
TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "pcm": "audio/pcm", "wav": "audio/wav",
         "ulaw": "audio/basic", "alaw": "audio/x-alaw"}  # fmt: skip
_RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
FORMATS = frozenset(
    ["mp3_22050_32", "mp3_24000_48", "ulaw_8000", "alaw_8000"]
    + [f"mp3_44100_{rate}" for rate in (32, 64, 96, 128, 192)]
    + [f"opus_48000_{rate}" for rate in (32, 64, 96, 128, 192)]
    + [f"{kind}_{rate}" for kind in ("pcm", "wav") for rate in _RATES]
)
# Of a long text only so much is made anew; the rest repeats it.
_FRESH_CHARS = 400
_CHUNKS = 5


@dataclass(frozen=True, slots=True)
class Spoken:
    content: bytes
    content_type: str
    seconds: float


@lru_cache(maxsize=32)
def spoken(text: str, voice: str, output_format: str, speed: float = 1.0) -> Spoken:
    kind, rate, *bitrate = output_format.split("_")
    samples = voiced(text[:_FRESH_CHARS], voice, int(rate), speed)
    samples = np.resize(samples, round(speech_seconds(text, speed) * int(rate)))
    kilobits = int(bitrate[0]) if bitrate else 64
    content = encoded(samples, kind, rate=int(rate), bitrate=kilobits * 1000)
    return Spoken(content, TYPES[kind], samples.size / int(rate))


def alignment(text: str, seconds: float, begin: float = 0.0) -> dict[str, Any]:
    each = seconds / max(1, len(text))
    edges = [round(begin + n * each, 3) for n in range(len(text) + 1)]
    return {
        "characters": list(text),
        "character_start_times_seconds": edges[:-1],
        "character_end_times_seconds": edges[1:],
    }


def with_timestamps(text: str, sound: Spoken, aligned: bool) -> dict[str, Any]:
    marks = alignment(text, sound.seconds) if aligned else None
    return {
        "audio_base64": base64.b64encode(sound.content).decode(),
        "alignment": marks,
        "normalized_alignment": marks,
    }


def lines(text: str, sound: Spoken, aligned: bool) -> Iterator[bytes]:
    """One JSON object a line, an empty line now and then."""
    step, part = -(-len(sound.content) // _CHUNKS), -(-len(text) // _CHUNKS)
    for n in range(_CHUNKS):
        said, audio = text[n * part : (n + 1) * part], sound.content[n * step : (n + 1) * step]
        whole = sound.seconds * len(said) / len(text)
        chunk = Spoken(audio, sound.content_type, whole)
        marks: Mapping[str, Any] = with_timestamps(said, chunk, False)
        if aligned and said:
            at = sound.seconds * n * part / len(text)
            marks = {**marks, "alignment": alignment(said, whole, at)}
        yield json.dumps(marks).encode() + (b"\n\n" if n % 2 else b"\n")


async def in_packets(content: bytes, upto: int | None = None) -> AsyncIterator[bytes]:
    """Packets know nothing of lines or frames. After ``upto`` bytes the connection breaks."""
    dice, at = random.Random(1), 0  # noqa: S311
    end = len(content) if upto is None else upto
    while at < end:
        size = min(dice.randint(1, 1999), end - at)
        yield content[at : at + size]
        at += size
    if upto is not None:
        raise ConnectionAbortedError("the stream breaks off, on request")
