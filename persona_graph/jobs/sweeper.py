"""Rings what is due and does the house's chores, in every worker, without a leader."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from persona_graph.db import now_plus
from persona_graph.jobs.call import discard_folder, folder_of
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import CLAIMABLE, JobState
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, Job

BATCH = 100
RING_AGAIN_SECONDS = 5.0
# A folder may be there for a call that no attempt belongs to, such as deleting a voice.
YOUNG_SECONDS = 600.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """Something to do every ``every`` seconds; a failing chore is logged and tried again."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]


async def due_jobs(jobs: Jobs) -> list[str]:
    """Jobs somebody should advance now, marked as rung so that other sweepers leave them alone."""
    free = or_(Job.lease_until.is_(None), Job.lease_until < now_plus())
    ready = or_(Job.wake_at.is_(None), Job.wake_at <= now_plus(), Job.state == JobState.CANCELLING)
    quiet = or_(Job.rung_at.is_(None), Job.rung_at < now_plus(-RING_AGAIN_SECONDS))
    due = select(Job.id).where(Job.state.in_(CLAIMABLE), free, ready, quiet).order_by(Job.id).limit(BATCH)
    async with jobs.db.reading() as session:
        found = list((await session.scalars(due)).all())
    if not found:
        return []
    async with jobs.db.writing() as session:
        # Whoever holds one of them is at it already.
        mine = select(Job.id).where(Job.id.in_(found), quiet).order_by(Job.id)
        taken = list((await session.scalars(mine.with_for_update(skip_locked=True))).all())
        marked = update(Job).where(Job.id.in_(taken)).values(rung_at=now_plus())
        await session.execute(marked.execution_options(synchronize_session=False))
        return taken


async def sweep_for_ever(jobs: Jobs, chores: Sequence[Chore]) -> None:
    """Each chore in a task of its own: one that takes long keeps nobody's job waiting."""
    sweep = Chore("ring due jobs", jobs.settings.sweep_seconds, lambda: ring_due_jobs(jobs))
    async with asyncio.TaskGroup() as group:
        group.create_task(_repeat(sweep, 0))
        for chore in chores:
            # Not all workers at once, and also in one that never lives for as long as ``every``.
            group.create_task(_repeat(chore, min(chore.every, random.uniform(1, 60))))  # noqa: S311


async def _repeat(chore: Chore, first: float) -> None:
    await asyncio.sleep(first)
    while True:
        try:
            await chore.run()
        except Exception:
            log.exception("the chore %r failed; it is tried again", chore.name)
        await asyncio.sleep(chore.every)


async def ring_due_jobs(jobs: Jobs) -> int:
    due = await due_jobs(jobs)
    for job_id in due:
        jobs.doorbell.ring(job_id)
    return len(due)


async def discard_stale_folders(jobs: Jobs) -> int:
    """Remove work folders on this machine whose attempt has ended (a worker died before it could)."""
    root = folder_of(jobs, "x").parent
    before = time.time() - YOUNG_SECONDS
    names = [path.name for path in root.iterdir() if path.stat().st_mtime < before] if root.is_dir() else []
    if not names:
        return 0
    live = select(Attempt.id).where(Attempt.id.in_(names), Attempt.state.in_(OPEN_ATTEMPTS))
    async with jobs.db.reading() as session:
        kept = set((await session.scalars(live)).all())
    stale = [name for name in names if name not in kept]
    for name in stale:
        discard_folder(jobs, name)
    return len(stale)
