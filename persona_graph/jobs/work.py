"""What the job loop needs to know of the things that jobs are about; ``runtime`` hands it in, so that
this room never imports the personas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from persona_graph.db import Base, Database, Writing
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg
from persona_graph.media.assets import Asset, Media
from persona_graph.provider import Delivery, Order


class WorkRefused(Exception):
    """The job cannot succeed, for a reason the user can read. Nothing is charged."""

    def __init__(self, code: str, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


class SkipCandidate(Exception):
    """This candidate cannot serve the leg after all, for the reason given; the next one is asked."""


@dataclass(frozen=True)
class Measures:
    """How much there is of something that was made."""

    seconds: float
    characters: int


@dataclass(frozen=True)
class Kept:
    """What was made of a delivery: rows for the settling transaction, facts for ``leg.result``, and the measures
    the vendor's cost is computed from. The price is computed from those of the ``whole``, where the delivery was
    a part of it. ``more``: this was not the last one, and another order follows in the same leg. ``honoured`` are
    settings that had effect here, not at the provider."""

    rows: Sequence[Base] = ()
    result: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    characters: int = 0
    whole: Measures | None = None
    more: bool = False
    honoured: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """Lent to the work of one leg: where the job stands, and ways to say so.

    ``stage(name, fraction)`` tells subscribers what now really begins; ``note(rows, facts)`` commits
    rows and merges ``facts`` into the leg's result, fenced, so that repeated work can be skipped.
    """

    job: Job
    leg: Leg
    legs: Sequence[Leg]
    provider: str
    db: Database
    media: Media
    stage: Callable[[str, float | None], Awaitable[None]]
    note: Callable[[Sequence[Base], dict[str, Any]], Awaitable[None]]

    async def asset(self, asset_id: str) -> Asset:
        async with self.db.reading() as session:
            asset = await session.get(Asset, asset_id)
        if asset is None:
            raise WorkRefused(
                "MEDIA_ERASED", "A file this job needs was deleted meanwhile.", "Upload it again."
            )
        return asset


class Work(Protocol):
    """One kind of job. ``order`` and ``keep`` may run again after a crash and must then come to the
    same end. ``delivered`` is told of every delivery that was kept, ``voice_gone`` of a voice that its vendor says it
    does not have any more, the two ``settled`` of the end of the leg or the job, each inside its transaction."""

    async def order(self, bench: Bench) -> Order: ...

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept: ...

    async def delivered(self, session: Writing, job: Job, provider: str, delivery: Delivery) -> None: ...

    async def voice_gone(self, session: Writing, job: Job, provider: str, why: str) -> None: ...

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None: ...

    async def settled(self, session: Writing, job: Job, state: JobState) -> None: ...
