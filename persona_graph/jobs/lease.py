"""Who may write to a job: the worker that holds its lease, proven by a token in every transaction."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select

from persona_graph.db import Writing, new_id, now_plus, utcnow
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import CLAIMABLE, JobState, Move, after
from persona_graph.jobs.tables import Job

CRASHES = 3
SLACK_SECONDS = 0.05

log = logging.getLogger(__name__)


class Fenced(Exception):
    """Another worker holds the job now; this one writes nothing more."""


@dataclass(frozen=True)
class Lease:
    job_id: str
    token: str


async def claim(jobs: Jobs, job_id: str) -> Lease | None:
    """Take a due job, or ``None``. Only the database's clock counts."""
    async with jobs.db.writing() as session:
        lapsed = (Job.lease_until < now_plus()).label("lapsed")
        due = ((Job.wake_at.is_(None)) | (Job.wake_at <= now_plus(SLACK_SECONDS))).label("due")
        found = (
            await session.execute(select(Job, lapsed, due).where(Job.id == job_id).with_for_update(of=Job))
        ).one_or_none()
        if found is None or found.Job.state not in CLAIMABLE:
            return None
        job: Job = found.Job
        if job.lease_token is not None and not found.lapsed:
            return None
        if not found.due and job.state in (JobState.WAITING, JobState.QUEUED):
            return None
        if job.lease_token is not None and await _crashed(jobs, session, job):
            return None
        lease = Lease(job_id, new_id())
        job.lease_token = lease.token
        job.lease_until = now_plus(jobs.settings.lease_seconds)
        job.state = after(JobState(job.state), Move.CLAIM)
        job.started_at = job.started_at or utcnow()
        return lease


async def _crashed(jobs: Jobs, session: Writing, job: Job) -> bool:
    """Count a worker that died holding the job; the third death sets the job aside."""
    job.crashes += 1
    log.warning("job %s: its worker died (%d of %d)", job.id, job.crashes, CRASHES)
    if job.crashes < CRASHES:
        return False
    job.state = after(JobState(job.state), Move.QUARANTINE)
    job.stage, job.message = "QUARANTINED", "Three workers died on this job; an operator must look at it."
    job.lease_token = job.lease_until = None
    await append(session, jobs.doorbell, job, EventKind.STATE)
    return True


@asynccontextmanager
async def fenced(jobs: Jobs, lease: Lease) -> AsyncIterator[tuple[Writing, Job]]:
    """One transaction on a job that is still ours."""
    async with jobs.db.writing() as session:
        mine = select(Job).where(Job.id == lease.job_id, Job.lease_token == lease.token)
        job = (await session.scalars(mine.with_for_update())).one_or_none()
        if job is None:
            raise Fenced(lease.job_id)
        yield session, job


async def release(jobs: Jobs, lease: Lease) -> None:
    """Give the job back without a mark: a clean stop is not a crash."""
    try:
        async with fenced(jobs, lease) as (_session, job):
            if job.state == JobState.RUNNING:
                job.state = after(job.state, Move.YIELD)
            job.lease_token = job.lease_until = job.rung_at = None
    except Fenced:
        return
