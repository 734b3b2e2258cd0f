"""Which providers are left alone for a while, because they said so or were down. Over Redis every worker knows;
without it each knows what it found out itself."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

DOWN_SECONDS = 30.0
# Who is busy is waited for, so it cannot rest long; who is down is passed over.
LONGEST_BUSY, LONGEST_DOWN = 300.0, 6 * 3600.0
KEY = "persona-graph:rest:"
BUSY, DOWN = b"BUSY", b"DOWN"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rest:
    """``down``: it was unavailable, so others are asked first; else it is busy, and worth waiting for."""

    seconds: float
    down: bool


class Rests:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own: dict[str, tuple[float, bool]] = {}

    async def begin(self, provider: str, seconds: float, *, down: bool = False) -> None:
        seconds = min(seconds, LONGEST_DOWN if down else LONGEST_BUSY)
        self._own[provider] = (time.monotonic() + seconds, down)
        try:
            await self._redis.set(KEY + provider, DOWN if down else BUSY, px=max(1, int(seconds * 1000)))
        except (RedisError, OSError) as error:
            log.info("the rest of %s is not shared: %s", provider, type(error).__name__)

    async def find(self, provider: str) -> Rest | None:
        until, down = self._own.get(provider, (0.0, False))
        own = Rest(until - time.monotonic(), down)
        rests = [
            rest for rest in (own, await self._shared(provider)) if rest is not None and rest.seconds > 0
        ]
        return max(rests, key=lambda rest: rest.seconds, default=None)

    async def _shared(self, provider: str) -> Rest | None:
        """What stands in Redis is a stranger's until it looks like ours."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(KEY + provider)
                pipe.pttl(KEY + provider)
                word, left = await pipe.execute()
        except (RedisError, OSError):
            return None
        longest = {BUSY: LONGEST_BUSY, DOWN: LONGEST_DOWN}.get(word, 0.0)
        if not 0 < left <= longest * 1000:
            return None
        return Rest(left / 1000, word == DOWN)
