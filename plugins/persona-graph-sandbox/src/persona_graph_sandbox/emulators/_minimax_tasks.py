"""Long texts at MiniMax: a task, looked at until it says so, whose result is a tar or the audio itself."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persona_graph_sandbox.emulators._minimax_says import No
from persona_graph_sandbox.emulators._minimax_shelf import Held, Shelf
from persona_graph_sandbox.emulators._minimax_speech import Wanted, checked

MOST_INLINE, MOST_IN_FILE = 50_000, 1_000_000
POLLS = 2
_SPELLINGS = ("Processing", "processing", "PROCESSING")


@dataclass(slots=True)
class Task:
    """``end`` is what it comes to: ``success``, ``failed`` or ``expired``."""

    id: int
    file_id: int
    end: str
    polls: int = 0

    def status(self) -> str:
        self.polls += 1
        if self.polls > POLLS:
            return self.end.capitalize() if self.id % 2 else self.end
        return _SPELLINGS[self.polls % len(_SPELLINGS)]


class Tasks:
    def __init__(self) -> None:
        self._ids = itertools.count(95_157_322_514_444)
        self.open: dict[int, Task] = {}

    def add(self, held: Held, end: str) -> Task:
        task = Task(next(self._ids), held.id, end)
        self.open[task.id] = task
        return task

    def asked(self, query: Mapping[str, str]) -> Task:
        digits = query.get("task_id", "")
        task = self.open.get(int(digits)) if digits.isascii() and digits.isdecimal() else None
        if task is None:
            raise No(2013, "invalid params, task_id")
        return task


def wanted(given: Mapping[str, Any], shelf: Shelf) -> Wanted:
    inline, file_id = given.get("text"), given.get("text_file_id")
    if (inline is None) == (file_id is None):
        raise No(2013, "invalid params, text or text_file_id")
    text = inline
    if file_id is not None:
        text = shelf.find(file_id, "t2a_async_input").content.decode("utf-8", "replace")
    if isinstance(text, str) and len(text) > (MOST_INLINE if file_id is None else MOST_IN_FILE):
        raise No(2013, "invalid params, text too long")
    return checked(given, text, rate_key="audio_sample_rate", channels=2)


def packed(text: str, content: bytes, seconds: float, number: int) -> bytes:
    """The tar that one source always got: audio, sentence timings, duration."""
    half = len(text) // 2
    titles = [
        {"text": text[:half], "time_begin": 0.0, "time_end": round(seconds * 500, 1)},
        {"text": text[half:], "time_begin": round(seconds * 500, 1), "time_end": round(seconds * 1000, 1)},
    ]
    extra = {"audio_length": round(seconds * 1000)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for ending, held in (
            ("titles", json.dumps(titles).encode()), ("mp3", content), ("extra", json.dumps(extra).encode()),
        ):  # fmt: skip
            member = tarfile.TarInfo(f"content-{number}/content-{number}.{ending}")
            member.size = len(held)
            archive.addfile(member, io.BytesIO(held))
    return out.getvalue()
