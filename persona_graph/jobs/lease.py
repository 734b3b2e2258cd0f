"""Who may write to a job: the worker that holds its lease, proven by a token in every transaction."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import select, update

from persona_graph.db import Writing, is_away, new_id, now_plus, uncut, utcnow, was_undone
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import CLAIMABLE, JobState, Move, after
from persona_graph.jobs.tables import Job

CRASHES = 3
SLACK_SECONDS = 0.05
# Tries of one transaction: about 20 s with their pauses.
TRIES = 8

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Fenced(Exception):
    """Another worker holds the job now; this one writes nothing more."""


@dataclass(frozen=True)
class Lease:
    job_id: str
    token: str = field(default_factory=new_id)


def one_transaction(step: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """For a step that is one fenced transaction: it runs again if the database undid it in favour of another
    one or was away. Should a commit have happened whose answer was lost, the fence or the step's own look at
    the row finds that out."""

    @functools.wraps(step)
    async def insisting(*args: P.args, **kwargs: P.kwargs) -> T:
        for tried in range(1, TRIES):
            try:
                return await uncut(step(*args, **kwargs))
            except Exception as error:
                if not (was_undone(error) or is_away(error)):
                    raise
                log.info("the database passed over %s: %s", step.__name__, type(error).__name__)
            await asyncio.sleep(random.uniform(0.01, 0.05 * 2**tried))  # noqa: S311
        return await uncut(step(*args, **kwargs))

    return insisting


@one_transaction
async def claim(jobs: Jobs, lease: Lease) -> bool:
    """Take a due job. Only the database's clock counts."""
    async with jobs.db.writing() as session:
        lapsed = (Job.lease_until < now_plus()).label("lapsed")
        due = ((Job.wake_at.is_(None)) | (Job.wake_at <= now_plus(SLACK_SECONDS))).label("due")
        row = select(Job, lapsed, due).where(Job.id == lease.job_id).with_for_update(of=Job)
        found = (await session.execute(row)).one_or_none()
        if found is not None and found.Job.lease_token == lease.token:
            return True
        if found is None or not _may_claim(found.Job, found.lapsed, found.due):
            return False
        job: Job = found.Job
        if job.lease_token is not None and await _crashed(jobs, session, job):
            return False
        if not jobs.admit(job.id, job.crashes, CRASHES):
            job.lease_token = job.lease_until = job.rung_at = None
            return False
        job.lease_token, job.lease_until = lease.token, now_plus(jobs.settings.lease_seconds)
        job.state = after(job.state, Move.CLAIM)
        job.started_at = job.started_at or utcnow()
        return True


def _may_claim(job: Job, lapsed: bool | None, due: bool | None) -> bool:
    if job.state not in CLAIMABLE or (job.lease_token is not None and not lapsed):
        return False
    return bool(due) or job.state not in (JobState.WAITING, JobState.QUEUED)


async def _crashed(jobs: Jobs, session: Writing, job: Job) -> bool:
    """Count a worker that died holding the job; the third death sets the job aside."""
    job.crashes += 1
    log.warning("job %s: its worker died (%d of %d)", job.id, job.crashes, CRASHES)
    if job.crashes < CRASHES:
        return False
    await quarantine(jobs, session, job, "Three workers died on this job; an operator must look at it.")
    return True


async def quarantine(jobs: Jobs, session: Writing, job: Job, why: str) -> None:
    job.state = after(job.state, Move.QUARANTINE)
    job.stage, job.message = "QUARANTINED", why
    job.lease_token = job.lease_until = None
    await append(session, jobs.doorbell, job, EventKind.STATE)


@asynccontextmanager
async def fenced(jobs: Jobs, lease: Lease) -> AsyncIterator[tuple[Writing, Job]]:
    """One transaction on a job that is still ours."""
    async with jobs.db.writing() as session:
        mine = select(Job).where(Job.id == lease.job_id, Job.lease_token == lease.token)
        job = (await session.scalars(mine.with_for_update())).one_or_none()
        if job is None:
            raise Fenced(lease.job_id)
        yield session, job


@one_transaction
async def renew(jobs: Jobs, lease: Lease) -> None:
    """A whole lease from now on: a worker that was frozen finds out here, before it spends money."""
    async with jobs.db.writing() as session:
        mine = update(Job).where(Job.id == lease.job_id, Job.lease_token == lease.token)
        fresh = mine.values(lease_until=now_plus(jobs.settings.lease_seconds)).returning(Job.id)
        if (await session.scalar(fresh.execution_options(synchronize_session=False))) is None:
            raise Fenced(lease.job_id)


@one_transaction
async def release(jobs: Jobs, lease: Lease) -> None:
    """Give the job back without a mark: a clean stop is not a crash."""
    try:
        async with fenced(jobs, lease) as (_session, job):
            if job.state == JobState.RUNNING:
                job.state = after(job.state, Move.YIELD)
            job.lease_token = job.lease_until = job.rung_at = None
    except Fenced:
        return
