"""What WaveSpeed's models make: videos, voices, speech."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from persona_graph_sandbox import media
from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.emulators._wavespeed_models import Model
from persona_graph_sandbox.emulators._wavespeed_tasks import KEPT_SECONDS, Outcome, Task
from persona_graph_sandbox.files import Files

SYSTEM_VOICES = ("Wise_Woman", "Friendly_Person", "Deep_Voice_Man", "Calm_Woman")
SAMPLE_SECONDS = (10.0, 300.0)
UNREACHABLE = Outcome("failed", 1402, "the media URL is not reachable")
_SHORT_SIDES = {"480p": 480, "720p": 720}
_SOUNDS = ("audio", "left_audio", "right_audio")


@dataclass(slots=True)
class _Voice:
    until: float | None


@dataclass
class Workshop:
    """One account's voices live here, too."""

    clock: Clock
    files: Files
    _voices: dict[str, _Voice] = field(default_factory=dict)

    def length(self, model: Model, body: Mapping[str, Any]) -> float | Outcome:
        """Seconds of media to be made, or why there will be none. Blocks."""
        try:
            sounds = [self._fetched(body[name]) for name in _SOUNDS if name in body]
            if model.kind == "video":
                self._fetched(body["image"])
            lengths = [media.seconds_of(sound) for sound in sounds]
        except LookupError:
            return UNREACHABLE
        except media.Unreadable:
            return Outcome("failed", 1401, "the audio cannot be decoded")
        if model.kind == "speech":
            return media.speech_seconds(str(body["text"]), float(body.get("speed", 1)))
        return sum(lengths) if body.get("order", "meanwhile") != "meanwhile" else max(lengths)

    def judge(self, key: str, model: Model, body: Mapping[str, Any], seconds: float) -> Outcome:
        """What the model finds out only when it runs."""
        if model.kind == "clone":
            if self._voice(key, body["custom_voice_id"]) is not None:
                return Outcome("failed", 1401, "voice id already exists")
            if not SAMPLE_SECONDS[0] <= seconds <= SAMPLE_SECONDS[1]:
                return Outcome("failed", 1401, "audio duration must be between 10 and 300 seconds")
        known = model.kind != "speech" or body["voice_id"] in SYSTEM_VOICES
        if not known and self._voice(key, body["voice_id"]) is None:
            return Outcome("failed", 1401, "voice id not exist")
        return Outcome()

    def keep_voice(self, task: Task) -> None:
        """A voice that is not used within seven days is dropped; one that was used stays."""
        if task.model == "minimax/voice-clone":
            self._voices[f"{task.key}/{task.inputs['custom_voice_id']}"] = _Voice(task.created + KEPT_SECONDS)
        elif (voice := self._voice(task.key, str(task.inputs.get("voice_id")))) is not None:
            voice.until = None

    def add_voice(self, key: str, voice_id: str) -> None:
        """A voice that was made and used before."""
        self._voices[f"{key}/{voice_id}"] = _Voice(None)

    def drop_voice(self, key: str, voice_id: str) -> None:
        """As if the vendor had deleted it."""
        self._voices.pop(f"{key}/{voice_id}", None)

    def expires(self, key: str, voice_id: str) -> float | None:
        voice = self._voice(key, voice_id)
        if voice is None:
            raise LookupError(voice_id)
        return voice.until

    def make(self, model: Model, body: Mapping[str, Any]) -> tuple[bytes, str, str] | None:
        """The bytes with their type and ending; None where the model gives none. Blocks."""
        if model.kind == "video":
            sounds = [self._fetched(body[name]) for name in _SOUNDS if name in body]
            longest = max(sounds, key=media.seconds_of)
            made = media.talking_video(
                self._fetched(body["image"]), longest, _SHORT_SIDES[body.get("resolution", "480p")]
            )
            return made, "video/mp4", ".mp4"
        if model.kind == "clone":
            if not body.get("text"):
                return None
            spoken = media.speech(str(body["text"]), voice=str(body["custom_voice_id"]))
            return spoken.content, spoken.content_type, ".mp3"
        form = str(body.get("format", "mp3"))
        spoken = media.speech(
            str(body["text"]), form, voice=str(body["voice_id"]), rate=int(body.get("sample_rate", 32000)),
            bitrate=int(body.get("bitrate", 128000)), speed=float(body.get("speed", 1)),
        )  # fmt: skip
        return spoken.content, spoken.content_type, f".{form}"

    def _voice(self, key: str, voice_id: str) -> _Voice | None:
        voice = self._voices.get(f"{key}/{voice_id}")
        over = voice is None or (voice.until is not None and self.clock.time() >= voice.until)
        return None if over else voice

    def _fetched(self, address: object) -> bytes:
        """Only what lies on our own file host, or is in the address itself."""
        text = str(address)
        if text.startswith("data:") and ";base64," in text:
            try:
                return base64.b64decode(text.split(";base64,", 1)[1], validate=True)
            except binascii.Error as error:
                raise LookupError("not base64") from error
        content = self.files.find(text)
        if content is None:
            raise LookupError("not reachable")
        return content
