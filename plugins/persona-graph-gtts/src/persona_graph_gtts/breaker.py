"""Google blocks an address for minutes to hours; asking on makes it longer."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(minutes=15)
LONGEST = timedelta(hours=6)


class Breaker:
    """Of one process. A block lasts a quarter of an hour, and twice as long each time it comes right after
    another; one answer with sound ends the series."""

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._blocks = 0

    def left(self, now: datetime) -> float:
        """Seconds until Google may be asked again."""
        return max(0.0, (self._until - now).total_seconds()) if self._until else 0.0

    def trip(self, now: datetime) -> float:
        """Seconds that nobody asks from now on."""
        self._until = now + min(FIRST * 2 ** min(self._blocks, 10), LONGEST)
        self._blocks += 1
        return self.left(now)

    def mend(self) -> None:
        self._until, self._blocks = None, 0
