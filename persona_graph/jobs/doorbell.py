"""News of jobs over Redis: rings wake ARQ workers, announcements wake subscribers.

Losing a message costs a second (the sweeper and the feed's poll find the row), so sending never fails
the caller. Messages are JSON; nothing that arrives over Redis is trusted beyond a job's id.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable
from typing import Any, cast

import orjson
from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from persona_graph.db import new_id
from persona_graph.jobs.events import Event

CHANNEL = "persona-graph:events"
QUEUE = "persona-graph:jobs"
WAKE = "persona-graph:wake"
IDLE_SECONDS = 0.5
# Waits up to this long are rung ahead of time; longer ones are left to the sweeper.
AHEAD_SECONDS = 60.0

_ID = re.compile(r"[0-9a-z]{26}")

log = logging.getLogger(__name__)


def dump(value: dict[str, Any]) -> bytes:
    """ARQ's job serializer: JSON in place of pickle, so that whoever reaches Redis cannot run code."""
    return orjson.dumps(value, default=_plain)


def load(raw: bytes) -> dict[str, Any]:
    """A ring as ``Doorbell`` writes it; anything else is refused before ARQ looks into it."""
    value = orjson.loads(raw)
    if not (isinstance(value, dict) and value.keys() == {"t", "f", "a", "k", "et"}):
        raise ValueError("a ring is a JSON object of t, f, a, k and et")
    words, at = value["a"], value["et"]
    one_id = isinstance(words, list) and len(words) == 1 and is_job_id(words[0])
    if not one_id or value["k"] != {} or value["t"] is not None or type(at) is not int or not 0 <= at < 2**45:
        raise ValueError("a ring names one job")
    # ARQ unpacks positional arguments as a tuple.
    return {**value, "a": tuple(words)}


def is_job_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else repr(value)


class WokenRedis(ArqRedis):
    """An ARQ pool whose worker waits for a push instead of sleeping between polls.

    ARQ asks for due job ids with ZRANGEBYSCORE; when there are none, this blocks on a wake list for at
    most half a second, which turns a mean start delay of 277 ms into about 3 ms without polling.
    """

    async def zrangebyscore(self, name: Any, min: Any, max: Any, *args: Any, **kw: Any) -> Any:
        if name != QUEUE:
            return await super().zrangebyscore(name, min, max, *args, **kw)
        due = await self._due(max, *args, **kw)
        if due:
            return due
        # A float is what the server takes, whatever the signature says.
        await cast(Awaitable[Any], self.blpop([WAKE], timeout=cast(int, await self._idle_seconds())))
        # The pushed job is due by now, which is later than the ``max`` ARQ computed.
        return await self._due(time.time() * 1000, *args, **kw)

    async def _due(self, until: float, *args: Any, **kw: Any) -> list[bytes]:
        # From 1, because ARQ takes a score of 0 for no score and would look at it for ever.
        found: list[bytes] = await super().zrangebyscore(QUEUE, 1, until, *args, **kw)
        strange = [member for member in found if not is_job_id(member.decode("ascii", "replace"))]
        if strange:
            log.warning("%d rings that are not ours were thrown away", len(strange))
            await self.zrem(QUEUE, *strange)
        return [member for member in found if member not in strange]

    async def _idle_seconds(self) -> float:
        """Until the next ring that was sent ahead, at most half a second."""
        first = await super().zrangebyscore(QUEUE, 1, "+inf", start=0, num=1, withscores=True)
        left = first[0][1] / 1000 - time.time() if first else IDLE_SECONDS
        return min(max(left, 0.01), IDLE_SECONDS)


def open_pool(url: str, *, woken: bool = False) -> ArqRedis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=50,
        timeout=5,
        socket_connect_timeout=3,
        socket_timeout=5,
        health_check_interval=15,
    )
    kind = WokenRedis if woken else ArqRedis
    return kind(connection_pool=pool, job_serializer=dump, job_deserializer=load, default_queue_name=QUEUE)


class Doorbell:
    """Rings and announcements, sent in the background after a commit."""

    def __init__(self, redis: ArqRedis) -> None:
        self.redis = redis
        self._sending: set[asyncio.Task[None]] = set()

    def ring(self, job_id: str, after: float = 0) -> None:
        self._send(self._ring(job_id, after))

    def announce(self, event: Event) -> None:
        news = {
            "job": event.job_id, "persona": event.persona_id,
            "seq": event.seq, "persona_seq": event.persona_seq,
        }  # fmt: skip
        self._send(self._publish(orjson.dumps(news)))

    async def close(self) -> None:
        await self.sent()
        await self.redis.aclose()

    async def sent(self) -> None:
        """Until what was said is on its way, at most two seconds."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=2)

    def _send(self, sending: Any) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _ring(self, job_id: str, after: float) -> None:
        try:
            await self.redis.enqueue_job(
                "advance_job", job_id, _job_id=new_id(), _defer_by=after or None, _expires=600
            )
            if not after:
                async with self.redis.pipeline(transaction=False) as pipe:
                    pipe.rpush(WAKE, b"1")
                    pipe.ltrim(WAKE, -64, -1)
                    await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning(
                "ring for job %s not delivered (%s); the sweeper will find it", job_id, type(error).__name__
            )

    async def _publish(self, news: bytes) -> None:
        try:
            await self.redis.publish(CHANNEL, news)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("event not announced (%s); subscribers poll", type(error).__name__)


def plain_redis(url: str) -> Redis:
    """A connection of its own for a reader that blocks."""
    redis: Redis = Redis.from_url(url, socket_connect_timeout=3, health_check_interval=15)
    return redis
