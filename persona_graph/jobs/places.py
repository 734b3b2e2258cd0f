"""How many orders one offer may have under way at a time, over all workers."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.db import Writing
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import CLAIMABLE, JobState
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, Job
from persona_graph.provider import Offer

SOON_SECONDS, LATE_SECONDS = 1.0, 20.0
# Of those that wait, about this many come back in a second.
LOOKS_A_SECOND = 20


class Full(Exception):
    """The offer has as many orders under way as it takes; nothing was sent."""

    def __init__(self, provider: str, most: int) -> None:
        super().__init__(f"{provider} takes {most} at a time and has them")


async def need_place(jobs: Jobs, session: Writing, provider: str, offer: Offer) -> None:
    """In the transaction that opens an attempt, which is then sure of its place. Raises Full."""
    if offer.limits.max_concurrent is None:
        return
    if not jobs.db.is_sqlite:
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:of, 0))")
        await session.execute(lock, {"of": f"place {provider} {offer.id}"})
    await look_for_place(session, provider, offer)


async def look_for_place(session: AsyncSession, provider: str, offer: Offer) -> None:
    """Whether it is worth preparing an order. Raises Full."""
    most = offer.limits.max_concurrent
    # A job that waits for an operator keeps no place: its vendor's work is long over.
    taken = (
        select(func.count())
        .select_from(Attempt)
        .join(Job)
        .where(Attempt.provider == provider, Attempt.offer == offer.id, Attempt.state.in_(OPEN_ATTEMPTS))
        .where(Job.state.in_(CLAIMABLE))
    )
    if most is not None and (await session.scalar(taken) or 0) >= most:
        raise Full(provider, most)


async def look_again_in(jobs: Jobs, stage: str) -> float:
    """The more wait, the less often each of them looks."""
    queue = select(func.count()).where(Job.state == JobState.WAITING, Job.stage == stage)
    async with jobs.db.reading() as session:
        waiting = await session.scalar(queue) or 0
    return min(max(waiting / LOOKS_A_SECOND, SOON_SECONDS), LATE_SECONDS)
