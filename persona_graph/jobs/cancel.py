"""Asking a job to stop, starting it again, and an operator's word on a parked one."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.prices import believed
from persona_graph.db import Writing
from persona_graph.errors import InvalidInput, NotFound, WrongState
from persona_graph.jobs import endings
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import TERMINAL, JobState, Move, after, may
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, AttemptState, Job


async def hold_job(session: Writing, viewer: Viewer, job_id: str) -> Job:
    mine = select(Job).where(Job.id == job_id, Job.account_id == viewer.account_id)
    job = (await session.scalars(mine.with_for_update())).one_or_none()
    if job is None:
        raise NotFound(message="There is no such job.", path=("jobId",), fix="Check the id.")
    return job


async def cancel_job(jobs: Jobs, viewer: Viewer, job_id: str) -> Job:
    """Stop a job. One that nobody has begun ends at once; else its worker tells the provider first."""
    viewer.need(Scope.WRITE)
    async with jobs.db.writing() as session:
        job = await hold_job(session, viewer, job_id)
        if job.state in TERMINAL:
            raise WrongState(
                code="ALREADY_ENDED", message=f"This job has already ended: {job.state}.", state=job.state,
                path=("jobId",), fix="Nothing to do.",
            )  # fmt: skip
        if job.state == JobState.CANCELLING:
            raise WrongState(
                code="ALREADY_DECIDED", message="This job is being cancelled already.", state=job.state,
                path=("jobId",), fix="Follow jobEvents to see it end.",
            )  # fmt: skip
        await cancel_job_in(jobs, session, job, keep=True)
    return job


async def cancel_job_in(jobs: Jobs, session: Writing, job: Job, *, keep: bool = False) -> None:
    """``keep``: what its legs have made by then is worth having; else nothing is kept, and nothing charged."""
    if not keep:
        for leg in job.legs:
            leg.optional = False
    if not may(JobState(job.state), Move.ASK_CANCEL):
        if job.state == JobState.NEEDS_REVIEW:
            await endings.fail_in(
                jobs, session, job, "CANCELLED", "Cancelled while waiting for review.", None
            )
        return
    job.state = after(JobState(job.state), Move.ASK_CANCEL)
    job.stage = "CANCELLING"
    job.rung_at = None
    begun = select(Attempt.id).where(Attempt.job_id == job.id, Attempt.state.in_(OPEN_ATTEMPTS))
    if job.lease_token is None and await session.scalar(begun.limit(1)) is None:
        await endings.cancel_in(jobs, session, job)
        return
    await append(session, jobs.doorbell, job, EventKind.STATE)
    session.after(lambda: jobs.doorbell.ring(job.id))


async def resolve_review(
    jobs: Jobs, viewer: Viewer, job_id: str, *, again: bool, note: str, billed: Decimal | None = None
) -> Job:
    """An operator's word on a parked or quarantined job: run it again, or end it as failed. ``billed`` is what the
    vendor turned out to charge for the order that nobody knew about."""
    viewer.need(Scope.OPERATE)
    cost, doubt = believed(billed)
    if doubt:
        raise InvalidInput(
            message=f"billedCost: {doubt}.", path=("billedCost",), fix="Give the figure of the vendor's bill."
        )
    async with jobs.db.writing() as session:
        found = select(Job).where(Job.id == job_id).with_for_update()
        job = (await session.scalars(found)).one_or_none()
        if job is None:
            raise NotFound(message="There is no such job.", path=("jobId",), fix="Check the id.")
        if job.state not in (JobState.NEEDS_REVIEW, JobState.QUARANTINED):
            raise WrongState(
                code="ALREADY_DECIDED", message=f"This job is {job.state}.", state=job.state, path=("jobId",)
            )
        if not note.strip():
            raise InvalidInput(
                code="TEXT_EMPTY", message="note is empty.", path=("note",), fix="Say why, for the record."
            )
        # One that was set aside for its workers' sake is looked up or sent again with its old key, as after any
        # crash; only a person's word on what became of it ends it, and a new order is placed.
        decided = job.state == JobState.NEEDS_REVIEW or not again or cost is not None
        for attempt in (await session.scalars(select(Attempt).where(Attempt.job_id == job.id))).all():
            if decided and attempt.state in (AttemptState.SENT, AttemptState.UNKNOWN):
                attempt.state, attempt.error = AttemptState.FAILED, f"reviewed: {note[:400]}"
                if cost is not None:
                    await endings.book_cost(session, job, attempt, cost)
                    cost = None
        if cost is not None:
            raise InvalidInput(
                message="There is no order whose outcome was unknown.",
                path=("billedCost",),
                fix="Leave it out.",
            )
        if again:
            job.state = after(JobState(job.state), Move.REQUEUE)
            job.stage, job.message, job.crashes, job.wake_at, job.rung_at = "QUEUED", "", 0, None, None
            await append(session, jobs.doorbell, job, EventKind.STATE)
            session.after(lambda: jobs.doorbell.ring(job.id))
        else:
            await endings.fail_in(
                jobs,
                session,
                job,
                "REVIEWED",
                "An operator ended this job.",
                "Ask again; nothing was charged.",
            )
    return job
