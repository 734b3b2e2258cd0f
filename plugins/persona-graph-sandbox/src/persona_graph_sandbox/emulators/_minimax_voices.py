"""Clones at MiniMax: seven days unless used, hidden until used, and an id is never given twice."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.emulators._minimax_says import No
from persona_graph_sandbox.emulators._minimax_shelf import Shelf
from persona_graph_sandbox.media import Unreadable, seconds_of

UNUSED_SECONDS = 7 * 86400
SYSTEM_VOICES = ("English_expressive_narrator", "Wise_Woman", "female-shaonv")
MOST_PREVIEW, MOST_VALIDATION = 1000, 200
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]")


@dataclass(slots=True)
class Clone:
    cloned: float
    used: bool = False
    deleted: bool = False


class Voices:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.clones: dict[str, Clone] = {}

    def add(self, voice_id: str) -> None:
        if voice_id in self.clones or voice_id in SYSTEM_VOICES:
            raise No(2039)
        self.clones[voice_id] = Clone(self._clock.time())

    def speaks(self, voice_id: object) -> Clone | None:
        """The clone; None for a system voice. Raises for one that is not there (any more)."""
        if voice_id in SYSTEM_VOICES:
            return None
        clone = self.clones.get(voice_id) if isinstance(voice_id, str) else None
        if clone is None or not self._lives(clone):
            raise No(20132)
        return clone

    def delete(self, voice_id: object) -> None:
        clone = self.clones.get(voice_id) if isinstance(voice_id, str) else None
        if clone is None or not self._lives(clone):
            raise No(20132)
        clone.deleted = True

    def listed(self, kind: object) -> dict[str, Any]:
        if kind not in ("system", "voice_cloning", "voice_generation", "all"):
            raise No(2013, "invalid params, voice_type")
        system = [
            {"voice_id": name, "voice_name": name, "description": [], "created_time": "1970-01-01"}
            for name in SYSTEM_VOICES
        ]
        clones = [
            {"voice_id": name, "description": [], "created_time": self._clock.now().date().isoformat()}
            for name, clone in self.clones.items()
            if clone.used and self._lives(clone)
        ]
        return {
            "system_voice": system if kind in ("system", "all") else None,
            "voice_cloning": clones if kind in ("voice_cloning", "all") else None,
            "voice_generation": [] if kind in ("voice_generation", "all") else None,
        }

    def _lives(self, clone: Clone) -> bool:
        over = not clone.used and self._clock.time() >= clone.cloned + UNUSED_SECONDS
        return not clone.deleted and not over


def check_clone(given: Mapping[str, Any], shelf: Shelf, models: tuple[str, ...]) -> str:
    """The voice id, if MiniMax would clone this."""
    voice_id = given.get("voice_id")
    sample = shelf.find(given.get("file_id"), "voice_clone")
    if not isinstance(voice_id, str) or not _ID.fullmatch(voice_id):
        raise No(2013, "invalid params, voice_id")
    _check_texts(given, models)
    if not 10 <= _seconds(sample.content) <= 300:
        raise No(2037)
    if (prompt := given.get("clone_prompt")) is not None:
        _check_prompt(prompt, shelf)
    if "mismatch" in str(given.get("text_validation") or ""):
        raise No(1043)
    return voice_id


def _check_texts(given: Mapping[str, Any], models: tuple[str, ...]) -> None:
    text, accuracy = given.get("text"), given.get("accuracy", 0.7)
    if text is not None and (not isinstance(text, str) or len(text) > MOST_PREVIEW):
        raise No(2013, "invalid params, text")
    if text and given.get("model") not in models:
        raise No(2013, "invalid params, model")
    if len(str(given.get("text_validation") or "")) > MOST_VALIDATION:
        raise No(2013, "invalid params, text_validation")
    if not isinstance(accuracy, int | float) or not 0 <= accuracy <= 1:
        raise No(2013, "invalid params, accuracy")


def _check_prompt(prompt: Any, shelf: Shelf) -> None:
    if not isinstance(prompt, dict) or not str(prompt.get("prompt_text") or "").strip():
        raise No(2013, "invalid params, clone_prompt")
    if _seconds(shelf.find(prompt.get("prompt_audio"), "prompt_audio").content) >= 8:
        raise No(2048)


def _seconds(content: bytes) -> float:
    """A recording that cannot be read is an unknown error at MiniMax, not an invalid one."""
    try:
        if content[:4] == b"RIFF":
            with wave.open(io.BytesIO(content)) as recording:
                return float(recording.getnframes() / recording.getframerate())
        return seconds_of(content)
    except (wave.Error, EOFError, Unreadable, ZeroDivisionError) as error:
        raise No(1000) from error
