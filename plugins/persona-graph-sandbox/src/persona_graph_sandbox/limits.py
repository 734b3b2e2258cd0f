"""Rate and concurrency limits of a vendor, per key, on the sandbox's clock."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from persona_graph_sandbox.clock import Clock


class RateLimit:
    """At most ``calls`` in any ``seconds``. With ``sticky`` a caller that went over is refused for that
    many seconds, whatever it does then."""

    def __init__(self, clock: Clock, calls: int, seconds: float = 60.0, sticky: float = 0.0) -> None:
        self.calls, self.seconds, self.sticky = calls, seconds, sticky
        self._clock = clock
        self._seen: dict[str, deque[float]] = defaultdict(deque)
        self._until: dict[str, float] = {}

    def admit(self, key: str) -> float:
        """0 if the call may go on and is counted, else the seconds until one may."""
        now = self._clock.time()
        if (left := self._until.get(key, 0.0) - now) > 0:
            return left
        seen = self._seen[key]
        while seen and seen[0] <= now - self.seconds:
            seen.popleft()
        if len(seen) < self.calls:
            seen.append(now)
            return 0.0
        if self.sticky:
            self._until[key] = now + self.sticky
            return self.sticky
        return seen[0] + self.seconds - now

    def block(self, key: str, seconds: float) -> None:
        self._until[key] = self._clock.time() + seconds

    def reset(self) -> None:
        self._seen.clear()
        self._until.clear()


class Slots:
    """At most ``most`` calls under way at one time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: dict[str, int] = defaultdict(int)

    @contextmanager
    def take(self, key: str) -> Iterator[bool]:
        """Yields whether there was room."""
        if self._taken[key] >= self.most:
            yield False
            return
        self._taken[key] += 1
        try:
            yield True
        finally:
            self._taken[key] -= 1
