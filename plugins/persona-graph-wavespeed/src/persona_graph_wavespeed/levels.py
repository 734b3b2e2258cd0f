"""What an account may ask for at a time, by its level (WaveSpeed's page on account levels)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """Over ``videos_per_minute`` a request is refused; over ``concurrent`` a task waits."""

    videos_per_minute: int
    concurrent: int

    @property
    def seconds_apart(self) -> float:
        return 60 / self.videos_per_minute


LEVELS = {
    "bronze": Level(5, 3),
    "silver": Level(60, 100),
    "gold": Level(600, 2_000),
    "ultra": Level(5_000, 5_000),
}
