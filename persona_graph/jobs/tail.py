"""The newest events of one topic, shared by all who follow it, and the cursors that name places in it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import weakref
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from persona_graph.errors import InvalidInput
from persona_graph.jobs.events import Event

LENGTH = 256


class Topic(StrEnum):
    JOB = "job"
    PERSONA = "persona"


@dataclass(slots=True, eq=False)
class FeedEvent:
    """One event as a follower gets it. ``memo`` is shared by all followers who get it from the tail."""

    event: Event
    seq: int
    cursor: str
    memo: dict[Any, Any] = field(default_factory=dict)


def cursor(topic_id: str, seq: int) -> str:
    """An opaque place in one topic."""
    return base64.urlsafe_b64encode(f"{topic_id}:{seq}".encode()).decode().rstrip("=")


def place(topic_id: str, text: str | None) -> int:
    """The number a cursor stands for; one of another topic is refused like a forged one."""
    if not text:
        return 0
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        owner, _, seq = raw.rpartition(":")
        if owner != topic_id or not seq.isascii() or not seq.isdigit() or len(seq) > 9:
            raise ValueError(text)
        return int(seq)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            message="This cursor is not one of this stream.",
            code="INVALID_CURSOR",
            path=("after",),
            fix="Use the cursor of an event of the same stream, or leave it out to start at the beginning.",
        ) from None


class Tail:
    """The newest events of one topic: everything after ``floor`` up to ``head``, once ``floor`` is known."""

    __slots__ = (
        "__weakref__", "changed", "ended", "events", "floor", "followers", "gone", "head", "id",
        "opening", "reading", "seqs", "stale", "topic",
    )  # fmt: skip

    def __init__(self, topic: Topic, topic_id: str) -> None:
        self.topic = topic
        self.id = topic_id
        self.floor: int | None = None
        self.head = 0
        self.seqs: list[int] = []
        self.events: list[FeedEvent] = []
        self.ended: int | None = None
        self.gone = False
        self.stale = False
        self.opening = asyncio.Lock()
        self.reading: asyncio.Task[None] | None = None
        self.changed: set[asyncio.Future[None]] = set()
        self.followers: weakref.WeakSet[Any] = weakref.WeakSet()

    def covers(self, seq: int) -> bool:
        return self.floor is not None and seq >= self.floor

    def after(self, seq: int) -> FeedEvent | None:
        """The next event, if ``seq`` is covered and there is one."""
        at = bisect_right(self.seqs, seq)
        return self.events[at] if at < len(self.events) else None

    def begin(self, floor: int) -> None:
        self.floor = self.head = floor

    def append(self, rows: Iterable[FeedEvent]) -> None:
        for event in rows:
            self.seqs.append(event.seq)
            self.events.append(event)
            self.head = event.seq
            if self.topic is Topic.JOB and event.event.terminal:
                self.ended = event.seq
        # Cut in halves, so that a full tail is not moved for each event.
        if len(self.seqs) > 2 * LENGTH:
            self.floor = self.seqs[-LENGTH - 1]
            del self.seqs[:-LENGTH], self.events[:-LENGTH]
        self.wake()

    def wake(self) -> None:
        waiting, self.changed = self.changed, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self.changed.add(future)
        try:
            await future
        finally:
            self.changed.discard(future)
