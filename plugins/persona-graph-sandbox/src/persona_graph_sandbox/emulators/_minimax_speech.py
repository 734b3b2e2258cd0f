"""What MiniMax's synthesis lets through, and what it makes of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from persona_graph_sandbox.emulators._minimax_says import No
from persona_graph_sandbox.media import encoded, speech_seconds
from persona_graph_sandbox.tones import voiced

MODELS = tuple(
    f"speech-{version}-{kind}" for version in ("2.8", "2.6", "02", "01") for kind in ("hd", "turbo")
)
LANGUAGES = frozenset(
    [
        "auto",
        "Chinese",
        "Chinese,Yue",
        "English",
        "Arabic",
        "Russian",
        "Spanish",
        "French",
        "Portuguese",
        "German",
        "Turkish",
        "Dutch",
        "Ukrainian",
        "Vietnamese",
        "Indonesian",
        "Japanese",
        "Italian",
        "Korean",
        "Thai",
        "Polish",
        "Romanian",
        "Greek",
        "Czech",
        "Finnish",
        "Hindi",
        "Bulgarian",
        "Danish",
        "Hebrew",
        "Malay",
        "Persian",
        "Slovak",
        "Swedish",
        "Croatian",
        "Filipino",
        "Hungarian",
        "Norwegian",
        "Slovenian",
        "Catalan",
        "Nynorsk",
        "Tamil",
        "Afrikaans",
    ]
)
EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm")
RATES = (8000, 16000, 22050, 24000, 32000, 44100)
BITRATES = (32000, 64000, 128000, 256000)
FORMS = ("mp3", "pcm", "flac", "wav")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# Of a long text only so much is made anew; the rest repeats it.
_FRESH_CHARS = 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """One synthesis that passed every check."""

    text: str
    model: str
    voice_id: str
    speed: float
    form: str
    rate: int
    bitrate: int
    channels: int

    @property
    def characters(self) -> int:
        return billed(self.text)

    @property
    def price(self) -> Decimal:
        return price(self.model, self.characters)


def billed(text: str) -> int:
    return len(text) + len(_HAN.findall(text))


def price(model: str, characters: int) -> Decimal:
    return Decimal("0.06" if "turbo" in model else "0.10") * characters / 1000


def invisible_share(text: str) -> float:
    hidden = sum(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c not in "\n\t\r" for c in text
    )
    return hidden / max(1, len(text))


def checked(
    given: Mapping[str, Any], text: object, *, rate_key: str = "sample_rate", channels: int = 1
) -> Wanted:
    """``rate_key`` and the default of ``channels`` differ between MiniMax's two ways to speak."""
    model, voice, sound = given.get("model"), _part(given, "voice_setting"), _part(given, "audio_setting")
    if model not in MODELS or not isinstance(model, str):
        raise No(2013, "invalid params, model")
    if not isinstance(text, str) or not text.strip():
        raise No(2013, "invalid params, text")
    if invisible_share(text) > 0.1:
        raise No(1042)
    if given.get("language_boost") not in (None, *LANGUAGES):
        raise No(2013, "invalid params, language_boost")
    _check_voice(voice, model)
    _check_tones(_part(given, "pronunciation_dict"))
    form = _one_of(sound, "format", FORMS, "mp3")
    return Wanted(
        text, model, str(voice["voice_id"]), float(voice.get("speed", 1)), form,
        _one_of(sound, rate_key, RATES, 32000), _one_of(sound, "bitrate", BITRATES, 128000),
        _one_of(sound, "channel", (1, 2), channels),
    )  # fmt: skip


@lru_cache(maxsize=32)
def spoken(wanted: Wanted) -> tuple[bytes, float]:
    """The audio and its length in seconds."""
    seconds = speech_seconds(wanted.text, wanted.speed)
    fresh = voiced(wanted.text[:_FRESH_CHARS], wanted.voice_id, wanted.rate, wanted.speed)
    samples = np.resize(fresh, round(seconds * wanted.rate))
    content = encoded(
        samples, wanted.form, rate=wanted.rate, channels=wanted.channels, bitrate=wanted.bitrate
    )
    return content, samples.size / wanted.rate


def extra(wanted: Wanted, content: bytes, seconds: float) -> dict[str, Any]:
    return {
        "audio_length": round(seconds * 1000), "audio_sample_rate": wanted.rate, "audio_size": len(content),
        "bitrate": wanted.bitrate, "word_count": len(wanted.text),
        "invisible_character_ratio": round(invisible_share(wanted.text), 4),
        "usage_characters": wanted.characters, "audio_format": wanted.form, "audio_channel": wanted.channels,
    }  # fmt: skip


def _check_voice(voice: Mapping[str, Any], model: str) -> None:
    if not isinstance(voice.get("voice_id"), str) or not voice["voice_id"]:
        raise No(2013, "invalid params, voice_id")
    speed, vol, pitch = voice.get("speed", 1), voice.get("vol", 1), voice.get("pitch", 0)
    if not _is_number(speed) or not 0.5 <= speed <= 2:
        raise No(2013, "invalid params, speed")
    if not _is_number(vol) or not 0 < vol <= 10:
        raise No(2013, "invalid params, vol")
    if not isinstance(pitch, int) or not _is_number(pitch) or not -12 <= pitch <= 12:
        raise No(2013, "invalid params, pitch")
    emotions = (*EMOTIONS, "fluent", "whisper") if "-2.6-" in model else EMOTIONS
    if voice.get("emotion") not in (None, *emotions):
        raise No(2013, "invalid params, emotion")


def _check_tones(given: Mapping[str, Any]) -> None:
    tones = given.get("tone", [])
    if not isinstance(tones, list) or not all(isinstance(t, str) and t.count("/") == 1 for t in tones):
        raise No(2013, "invalid params, pronunciation_dict")


def _part(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = given.get(name)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise No(2013, f"invalid params, {name}")
    return part


def _one_of(given: Mapping[str, Any], name: str, known: tuple[Any, ...], otherwise: Any) -> Any:
    value = given.get(name, otherwise)
    if value not in known or isinstance(value, bool):
        raise No(2013, f"invalid params, {name}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
