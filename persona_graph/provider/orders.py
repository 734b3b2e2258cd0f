"""What the core asks of a provider. Orders are frozen; a provider never changes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from persona_graph.provider.deliveries import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """One stored file, to be read with ``call.read`` or lent with ``call.link``.

    ``seconds`` is the measured length of audio, ``None`` for anything else. ``name`` is a safe file
    name whose ending fits the bytes.
    """

    id: str
    name: str
    content_type: str
    size: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorVoice:
    """A voice this provider trained before: the id it gave and, if it delivered one, its model.
    ``expires_at`` is when the vendor drops it, as long as no delivery said ``voice_kept``."""

    id: str
    model: FileRef | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStyle:
    """How a script is spoken. ``speed`` 0.5–2.0, 1 is the voice's own pace; ``pitch`` in
    semitones −12–12; ``emotion`` a word such as ``neutral``, ``happy``, ``calm``."""

    emotion: str = "neutral"
    speed: float = 1.0
    pitch: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pronunciation:
    """How one written word is said: ``spoken`` respells it, ``ipa`` is its transcription; at least one
    of the two is there."""

    written: str
    spoken: str | None = None
    ipa: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainVoice:
    """Make a voice from recordings of one consenting speaker: mono WAV, PCM 16 bit, cleaned."""

    samples: tuple[FileRef, ...]
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Say ``script`` with ``voice``; ``None`` asks for the provider's stock voice. ``pronunciations``
    are there only where the offer's options name them."""

    script: str
    voice: VendorVoice | None = None
    style: SpeechStyle = field(default_factory=SpeechStyle)
    language: str = "en"
    pronunciations: tuple[Pronunciation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Animate:
    """Make the portrait speak. The video is as long as ``speech``. ``resolution`` names the short
    side (``480p``, ``720p``), ``aspect`` is ``1:1``, ``16:9`` or ``9:16``; ``timings`` are there
    when the speech came with them; ``prompt`` describes clothing, background and style."""

    portrait: FileRef
    speech: FileRef
    resolution: str = "480p"
    aspect: str = "1:1"
    prompt: str = ""
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a text to ``brief`` in the style that ``style_prompt`` describes."""

    brief: str
    style_prompt: str = ""
    max_chars: int | None = None
    language: str = "en"


Order = TrainVoice | Speak | Animate | Write
