"""When it is a provider's turn to be called: a pace that all workers keep together. Slots are handed out by Redis;
without it each process keeps the pace it knows of, slowed down as if three others were at it too."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from persona_graph.jobs.answers import seconds_of

KEY = "persona-graph:turn:"
LONGEST_SECONDS = 3600.0
UNSHARED = 4
MOST_KEYS = 10_000

# The last slot is kept, not the next one: callers under one key may ask for different distances. A slot that
# lies further ahead than anybody may wait is a stranger's, or of a clock that was set back.
_RESERVE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local every, most, least, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local last = tonumber(redis.call('GET', KEYS[1])) or 0
if last ~= last or last > now + longest then last = 0 end
local wait = math.max(0, last + every - now, least)
if wait > most then return {0, wait} end
redis.call('SET', KEYS[1], string.format('%.0f', now + wait), 'PX', math.ceil(wait + every + 60000))
return {1, wait}
"""

log = logging.getLogger(__name__)


class NoTurn(Exception):
    """The next slot lies further ahead than the caller may wait; none was reserved."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"its next turn is in {seconds:.0f} s")
        self.seconds = seconds


class Turns:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._last: dict[str, float] = {}

    async def reserve(self, provider: str, every: float, key: str, most: float) -> float:
        """Seconds until the slot that is the caller's now. Raises NoTurn."""
        every = seconds_of(every, 0.0, LONGEST_SECONDS, 0.0)
        # Hashed: a plugin may pace itself by the key it calls with.
        name = f"{KEY}{provider}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        least = self._own(name, every)
        given = await self._shared(name, every, most, least)
        if given is None:
            wait = self._own(name, every * UNSHARED)
            given = (wait <= most, wait)
        free, wait = given
        if not free:
            raise NoTurn(wait)
        self._note(name, time.monotonic() + wait)
        return wait

    def _own(self, name: str, every: float) -> float:
        last = self._last.get(name)
        return 0.0 if last is None else max(0.0, last + every - time.monotonic())

    def _note(self, name: str, at: float) -> None:
        if name not in self._last and len(self._last) >= MOST_KEYS:
            self._last.pop(next(iter(self._last)))
        self._last[name] = max(at, self._last.get(name, at))

    async def _shared(self, name: str, every: float, most: float, least: float) -> tuple[bool, float] | None:
        times = [int(seconds * 1000) for seconds in (every, max(most, 0.0), least, LONGEST_SECONDS)]
        try:
            # The signature says what a pipeline would give.
            asked = cast(Awaitable[Any], self._redis.eval(_RESERVE, 1, name, *map(str, times)))
            free, wait = await asked
        except (RedisError, OSError) as error:
            log.info("the pace at %s is not shared: %s", name, type(error).__name__)
            return None
        return bool(free), float(wait) / 1000
