"""What a caller can ask to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from persona_graph.personas.sound import PLAIN_SOUND, CaptionMode, SoundWish
from persona_graph.personas.tables import ContentType, Platform, VoicePolicy


@dataclass(frozen=True)
class SpeechWish:
    """``container`` is ``wav``, ``mp3`` or ``ogg``; ``speed`` 0.5–2, ``pitch`` −12 to 12 semitones; what is ``None``
    the persona's settings fill in. Without ``persona_voice`` a stock voice speaks."""

    persona_id: str
    script: str
    platform: Platform | None = None
    language: str | None = None
    container: str | None = None
    emotion: str | None = None
    speed: float | None = None
    pitch: float | None = None
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    sound: SoundWish = PLAIN_SOUND
    content_type: ContentType | None = None
    draft: bool = False
    reuse: bool = False
    persona_voice: bool = True


@dataclass(frozen=True)
class VideoWish:
    """A video of ``script`` spoken now, or of an earlier speech output. ``emotion``, ``speed`` and ``pitch`` are for what
    is spoken now; what is ``None`` the persona's settings fill in."""

    persona_id: str
    script: str | None = None
    speech_output_id: str | None = None
    platform: Platform | None = None
    language: str | None = None
    resolution: str | None = None
    aspect: str | None = None
    prompt: str | None = None
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    captions: CaptionMode = CaptionMode.NONE
    content_type: ContentType | None = None
    draft: bool = False
    reuse: bool = False
    persona_voice: bool = True
    emotion: str | None = None
    speed: float | None = None
    pitch: float | None = None


Wish = SpeechWish | VideoWish

_SPEECH, _VIDEO = TypeAdapter(SpeechWish), TypeAdapter(VideoWish)
_BY_PLATFORM = {
    Platform.LINKEDIN: ContentType.LINKEDIN_POST,
    Platform.FACEBOOK: ContentType.SOCIAL_POST,
    Platform.X: ContentType.SOCIAL_POST,
    Platform.INSTAGRAM: ContentType.SOCIAL_POST,
    Platform.BLOG: ContentType.BLOG_POST,
    Platform.MEDIUM: ContentType.ARTICLE,
    Platform.SUBSTACK: ContentType.NEWSLETTER,
    Platform.EMAIL: ContentType.EMAIL,
    Platform.STORY: ContentType.STORY,
    Platform.PODCAST: ContentType.PODCAST,
}


def style_of_speech(wish: Wish) -> dict[str, Any]:
    """As a job's spec has it."""
    return {
        "emotion": wish.emotion or "neutral",
        "speed": 1.0 if wish.speed is None else wish.speed,
        "pitch": wish.pitch or 0.0,
    }


def style_options(wish: Wish) -> frozenset[str]:
    """The style settings that differ from what every voice does anyway."""
    plain = {"emotion": "neutral", "speed": 1.0, "pitch": 0.0}
    return frozenset(name for name, value in style_of_speech(wish).items() if value != plain[name])


def content_type_of(wish: Wish) -> ContentType:
    """As the caller says, else as its platform suggests."""
    if wish.content_type is not None:
        return wish.content_type
    return _BY_PLATFORM.get(wish.platform, ContentType.OTHER) if wish.platform else ContentType.OTHER


def wish_json(wish: Wish) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = _SPEECH if isinstance(wish, SpeechWish) else _VIDEO
    stored: dict[str, Any] = adapter.dump_python(wish, mode="json")
    return stored


def speech_wish(stored: Mapping[str, Any]) -> SpeechWish:
    return _SPEECH.validate_python(stored)


def video_wish(stored: Mapping[str, Any]) -> VideoWish:
    return _VIDEO.validate_python(stored)
