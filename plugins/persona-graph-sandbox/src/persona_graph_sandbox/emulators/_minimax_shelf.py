"""MiniMax's files: recordings, texts and results, under ids that no double holds exactly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.emulators._minimax_says import No

FIRST_ID = 318_204_417_755_136_001
MOST_BYTES = 20_000_000
_ENDINGS = {
    "voice_clone": (".mp3", ".m4a", ".wav"),
    "prompt_audio": (".mp3", ".m4a", ".wav"),
    "t2a_async_input": (".txt", ".zip"),
}
_DELETABLE = (*_ENDINGS, "t2a_async", "video_generation")


@dataclass(frozen=True, slots=True)
class Held:
    id: int
    name: str
    purpose: str
    content: bytes
    created: int

    def described(self) -> dict[str, Any]:
        return {
            "file_id": self.id, "bytes": len(self.content), "created_at": self.created,
            "filename": self.name, "purpose": self.purpose,
        }  # fmt: skip


class Shelf:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(FIRST_ID)
        self.held: dict[int, Held] = {}

    def upload(self, purpose: object, name: str, content: bytes) -> Held:
        endings = _ENDINGS.get(str(purpose))
        if endings is None:
            raise No(2013, "invalid params, purpose")
        if PurePath(name).suffix.lower() not in endings or not content:
            raise No(2013, "invalid params, unsupported file")
        if len(content) > MOST_BYTES:
            raise No(2013, "invalid params, file too large")
        return self.keep(name, str(purpose), content)

    def keep(self, name: str, purpose: str, content: bytes) -> Held:
        held = Held(next(self._ids), name, purpose, content, int(self._clock.time()))
        self.held[held.id] = held
        return held

    def find(self, file_id: object, purpose: str = "") -> Held:
        """``file_id`` as it stood in JSON: an id in quotes is none."""
        held = self.held.get(file_id) if isinstance(file_id, int) and not isinstance(file_id, bool) else None
        if held is None or (purpose and held.purpose != purpose):
            raise No(2013, "invalid params, file_id")
        return held

    def asked(self, query: Mapping[str, str]) -> Held:
        digits = query.get("file_id", "")
        return self.find(int(digits) if digits.isascii() and digits.isdecimal() else None)

    def delete(self, file_id: object, purpose: object) -> Held:
        if purpose not in _DELETABLE:
            raise No(2013, "invalid params, purpose")
        held = self.find(file_id, str(purpose))
        del self.held[held.id]
        return held
