"""How much callers may ask for: cost points by account that refill, open streams, messages per second.

All of it is this process's own view; behind several API processes an account has that many buckets.
"""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from persona_graph.graphql.transport.faults import Rejected, fault

MAX_ACCOUNTS = 10_000


class Budget:
    """Token buckets by account. An account not seen for long has a full one."""

    def __init__(self, size: int, refill: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self.refill = refill
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, account_id: str, cost: int) -> dict[str, Any]:
        """Take ``cost`` points or raise; returns what ``extensions.cost`` reports."""
        now = self._clock()
        left, then = self._left.get(account_id, (float(self.size), now))
        left = min(self.size, left + (now - then) * self.refill)
        enough = left >= cost
        self._left[account_id] = (left - cost if enough else left, now)
        self._left.move_to_end(account_id)
        if len(self._left) > MAX_ACCOUNTS:
            self._left.popitem(last=False)
        if not enough:
            wait = math.ceil((cost - left) / self.refill)
            error = fault(
                "The rate budget of this account is used up.", "RATE_LIMITED", retryAfter=wait, cost=cost
            )
            raise Rejected([error], status=429, headers={"retry-after": str(wait)})
        return {"cost": cost, "left": int(left - cost), "budget": self.size, "refillPerSecond": self.refill}


class Turnstile:
    """Counts what is open by key and lets nobody beyond the limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open: Counter[str] = Counter()

    def enter(self, key: str) -> bool:
        if self._open[key] >= self.limit:
            return False
        self._open[key] += 1
        return True

    def leave(self, key: str) -> None:
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    @property
    def inside(self) -> int:
        return self._open.total()


class Pace:
    """A burst, and a rate after it, for one peer."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, burst: int, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._left = float(burst)
        self._at = time.monotonic()

    def exceeded(self) -> bool:
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate) - 1
        self._at = now
        return self._left < 0
