"""Following the numbered events of jobs and personas.

The rows are the truth; Redis only says "look". A follower holds nothing but its own place: what is new
comes from a short tail that all followers of a topic share, anything older from the database. So lost,
late and doubled news change nothing, and a follower that stops costs nobody memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from sqlalchemy import case, func, select

from persona_graph.db import Database
from persona_graph.jobs.doorbell import CHANNEL
from persona_graph.jobs.events import Event, job_events_after, persona_events_after
from persona_graph.jobs.tail import FeedEvent, Tail, Topic, cursor, place

PAGE = 200
READERS = 8
SURVEY = 500
QUIET_SECONDS = 15.0

__all__ = ["Feed", "FeedEvent", "Follower", "Topic", "cursor", "place"]

log = logging.getLogger(__name__)


class Follower(AsyncIterator[FeedEvent]):
    """One reader's place in a topic. Dropping it, closed or not, ends its claim on the topic."""

    def __init__(self, feed: Feed, tail: Tail, after: int) -> None:
        self._feed = feed
        self._tail = tail
        self._seq = after
        self._older: deque[FeedEvent] = deque()
        self._over = False
        tail.followers.add(self)

    def __aiter__(self) -> Follower:
        return self

    async def __anext__(self) -> FeedEvent:
        if self._over:
            raise StopAsyncIteration
        event = self._tail.after(self._seq) if not self._older and self._tail.covers(self._seq) else None
        if event is None:
            event = await self._next()
        self._seq = event.seq
        # A job's stream has one terminal event, and it is the last.
        self._over = event.event.terminal and self._tail.topic is Topic.JOB
        return event

    async def aclose(self) -> None:
        self._over = True
        self._older.clear()
        self._feed.leave(self, self._tail)

    async def _next(self) -> FeedEvent:
        tail = self._tail
        while not self._finished():
            if self._older:
                return self._older.popleft()
            if not tail.covers(self._seq):
                self._older.extend(await self._feed.older(tail, self._seq))
                if not self._older and tail.floor is not None:
                    # Erased rows leave nothing between here and the tail.
                    self._seq = max(self._seq, tail.floor)
            elif event := tail.after(self._seq):
                return event
            else:
                await tail.wait()
        self._over = True
        raise StopAsyncIteration

    def _finished(self) -> bool:
        tail = self._tail
        ended = tail.ended is not None and self._seq >= tail.ended
        return not self._older and (ended or tail.gone or self._feed.stopped)


class Feed:
    """All followers of this process, one Redis reader, one poll that makes up for lost news."""

    def __init__(self, db: Database, redis: Redis | None, *, poll_seconds: float = 2.0) -> None:
        self._db = db
        self._redis = redis
        self._poll_seconds = poll_seconds
        self._tails: dict[tuple[Topic, str], Tail] = {}
        self._readers = asyncio.Semaphore(READERS)
        self._tasks: list[asyncio.Task[None]] = []
        self._survey_now = asyncio.Event()
        self.stopped = False

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._poll(), name="feed-poll")]
        if self._redis is not None:
            self._tasks.append(asyncio.create_task(self._listen(self._redis), name="feed-listen"))

    async def stop(self) -> None:
        self.stopped = True
        reading = [tail.reading for tail in self._tails.values() if tail.reading]
        for task in (*self._tasks, *reading):
            task.cancel()
        await asyncio.gather(*self._tasks, *reading, return_exceptions=True)
        for tail in self._tails.values():
            tail.wake()
        self._tails.clear()

    def job(self, job_id: str, after: int = 0) -> Follower:
        """The events of a job after its ``seq``; ends after the terminal one, or when the job is no more."""
        return self._follow(Topic.JOB, job_id, after)

    def persona(self, persona_id: str, after: int = 0) -> Follower:
        """The events of all of a persona's jobs after their ``persona_seq``; does not end by itself."""
        return self._follow(Topic.PERSONA, persona_id, after)

    @property
    def topics(self) -> int:
        """How many topics are followed now."""
        return sum(1 for tail in self._tails.values() if tail.followers)

    def _follow(self, topic: Topic, topic_id: str, after: int) -> Follower:
        tail = self._tails.get((topic, topic_id))
        if tail is None or tail.gone:
            tail = self._tails[topic, topic_id] = Tail(topic, topic_id)
        return Follower(self, tail, after)

    def leave(self, follower: Follower, tail: Tail) -> None:
        tail.followers.discard(follower)
        if not tail.followers:
            self._drop(tail)

    def _drop(self, tail: Tail) -> None:
        if self._tails.get((tail.topic, tail.id)) is tail:
            del self._tails[tail.topic, tail.id]

    async def older(self, tail: Tail, seq: int) -> list[FeedEvent]:
        """Events after ``seq`` from the database, none if the tail meanwhile covers it."""
        # One opener at a time: a thousand followers of a new topic read it once.
        async with tail.opening:
            if tail.covers(seq):
                return []
            rows = await self._patiently(tail, seq)
            if tail.floor is None:
                await self._open(tail, seq, rows)
                return []
        return rows

    async def _open(self, tail: Tail, seq: int, rows: list[FeedEvent]) -> None:
        if rows:
            tail.begin(seq)
            tail.append(rows)
        else:
            # A place beyond the end may be forged, so the tail begins at the real end.
            newest, terminal = await self._newest(tail)
            if newest is not None and newest > seq:
                # Written between the two reads: the follower reads again.
                return
            tail.gone = newest is None and tail.topic is Topic.JOB
            tail.ended = terminal
            tail.begin(newest or 0)
        if len(rows) == PAGE or tail.stale:
            self._look(tail)

    async def _patiently(self, tail: Tail, seq: int) -> list[FeedEvent]:
        for attempt in range(4):
            try:
                return await self._rows(tail, seq)
            except Exception as error:
                log.warning("events of %s %s not read (%s)", tail.topic, tail.id, type(error).__name__)
                await asyncio.sleep(self._poll_seconds * (attempt + 1) / 4)
        return await self._rows(tail, seq)

    async def _rows(self, tail: Tail, seq: int) -> list[FeedEvent]:
        async with self._readers, self._db.reading() as session:
            if tail.topic is Topic.JOB:
                rows = await job_events_after(session, tail.id, seq, PAGE)
                return [FeedEvent(row, row.seq, cursor(tail.id, row.seq)) for row in rows]
            rows = await persona_events_after(session, tail.id, seq, PAGE)
            return [FeedEvent(row, row.persona_seq, cursor(tail.id, row.persona_seq)) for row in rows]

    async def _newest(self, tail: Tail) -> tuple[int | None, int | None]:
        """The last number, and the terminal event's if there is one."""
        async with self._readers, self._db.reading() as session:
            if tail.topic is Topic.PERSONA:
                newest = select(func.max(Event.persona_seq)).where(Event.persona_id == tail.id)
                return (await session.scalars(newest)).one(), None
            ends = func.max(case((Event.terminal, Event.seq), else_=None))
            row = (
                await session.execute(select(func.max(Event.seq), ends).where(Event.job_id == tail.id))
            ).one()
            return row[0], row[1]

    def _look(self, tail: Tail) -> None:
        """Read what is new, once for all followers; news that arrives meanwhile makes it look again."""
        tail.stale = True
        if tail.reading is None and tail.floor is not None and not self.stopped:
            tail.reading = asyncio.create_task(self._read_on(tail), name="feed-read")

    async def _read_on(self, tail: Tail) -> None:
        try:
            while tail.stale and tail.followers:
                tail.stale = False
                rows = await self._rows(tail, tail.head)
                tail.stale = tail.stale or len(rows) == PAGE
                tail.append(rows)
        except Exception as error:
            # The next poll looks again.
            log.warning("events of %s %s not read (%s)", tail.topic, tail.id, type(error).__name__)
        finally:
            tail.reading = None

    async def _poll(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._survey_now.wait(), self._poll_seconds)
            self._survey_now.clear()
            try:
                await self._survey()
            except Exception as error:
                log.warning("followed topics not surveyed (%s)", type(error).__name__)

    async def _survey(self) -> None:
        """Compare every followed topic with its newest row: one query for hundreds of topics."""
        for tail in [tail for tail in self._tails.values() if not tail.followers]:
            self._drop(tail)
        open_ = [tail for tail in self._tails.values() if tail.floor is not None and tail.ended is None]
        for topic, key, number in (
            (Topic.JOB, Event.job_id, Event.seq),
            (Topic.PERSONA, Event.persona_id, Event.persona_seq),
        ):
            tails = [tail for tail in open_ if tail.topic is topic]
            for start in range(0, len(tails), SURVEY):
                part = tails[start : start + SURVEY]
                newest = (
                    select(key, func.max(number)).where(key.in_([tail.id for tail in part])).group_by(key)
                )
                async with self._readers, self._db.reading() as session:
                    found = {row[0]: row[1] for row in (await session.execute(newest)).all()}
                for tail in part:
                    self._compare(tail, found.get(tail.id))

    def _compare(self, tail: Tail, newest: int | None) -> None:
        if newest is None and tail.topic is Topic.JOB:
            # Every job has a first event, so this one was erased.
            tail.gone = True
            tail.wake()
            self._drop(tail)
        elif newest is not None and newest > tail.head:
            self._look(tail)

    async def _listen(self, redis: Redis) -> None:
        pause = 0.1
        while True:
            pubsub = redis.pubsub()
            try:
                await pubsub.subscribe(CHANNEL)
                pause = 0.1
                await self._hear(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("no news from Redis (%s); polling", type(error).__name__)
            finally:
                await _close(pubsub)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._poll_seconds)

    async def _hear(self, pubsub: PubSub) -> None:
        silent = 0.0
        while silent < 2 * QUIET_SECONDS:
            message = await pubsub.get_message(timeout=QUIET_SECONDS)
            if message is None:
                # A peer that vanished without a word neither speaks nor answers.
                silent += QUIET_SECONDS
                await pubsub.ping()
                continue
            silent = 0.0
            if message["type"] == "subscribe":
                # Also after a silent reconnect: whatever was told meanwhile was not heard.
                self._survey_now.set()
            elif message["type"] == "message":
                self._told(message["data"])

    def _told(self, raw: object) -> None:
        try:
            news = orjson.loads(raw) if isinstance(raw, bytes | str) else None
        except orjson.JSONDecodeError:
            return
        if not isinstance(news, dict):
            return
        for topic, number in ((Topic.JOB, news.get("seq")), (Topic.PERSONA, news.get("persona_seq"))):
            topic_id = news.get(topic)
            if not isinstance(topic_id, str) or not isinstance(number, int):
                continue
            tail = self._tails.get((topic, topic_id))
            if tail is not None and (tail.floor is None or number > tail.head):
                self._look(tail)


async def _close(pubsub: PubSub) -> None:
    with suppress(RedisError, OSError, TimeoutError):
        await pubsub.aclose()  # type: ignore[no-untyped-call]
