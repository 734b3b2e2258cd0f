"""The commits in the middle of a job, each one transaction: sent, accepted, reported, lost, resting, given way.
Those that answer with seconds have let go of the job until then."""

from __future__ import annotations

import logging
import random
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.catalog.registry import Registered
from persona_graph.db import Writing, now_plus
from persona_graph.jobs.answers import fraction_of, seconds_of, words
from persona_graph.jobs.bench import say_stage, share
from persona_graph.jobs.doorbell import AHEAD_SECONDS
from persona_graph.jobs.endings import Bill, book_cost, end_attempt
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.lease import CRASHES, Fenced, Lease, fenced, one_transaction, quarantine
from persona_graph.jobs.places import need_place
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState, Move, after
from persona_graph.jobs.tables import Attempt, AttemptState, Job, Leg, LegState, ProgressSource
from persona_graph.provider import Offer, Progress, Ticket

BUSY_LIMIT = 8
BUSY_CAP_SECONDS = 300.0
# At most five looks a second, and so at most five events.
SOONEST_SECONDS = 0.2
LOOK_SECONDS = 2.0

log = logging.getLogger(__name__)


@one_transaction
async def begin(jobs: Jobs, lease: Lease, leg: Leg) -> Job:
    """The house work before the order."""
    async with fenced(jobs, lease) as (session, job):
        job.leg(leg.n).state = LegState.RUNNING
        await say_stage(jobs, session, job, job.leg(leg.n), f"PREPARING_{leg.name}", 0.0)
        return job


@one_transaction
async def send(
    jobs: Jobs, lease: Lease, leg: Leg, provider: Registered, offer: Offer, attempt_id: str
) -> Attempt | None:
    """From this commit on money may be spent. ``None`` if the job was cancelled meanwhile. Raises Full."""
    async with fenced(jobs, lease) as (session, job):
        known = await session.get(Attempt, attempt_id)
        if known is not None or job.state == JobState.CANCELLING:
            return known
        await need_place(jobs, session, provider.id, offer)
        number, busy = await _count(session, leg, provider.id)
        attempt = Attempt(
            id=attempt_id, job_id=job.id, leg=leg.n, number=number + 1, provider=provider.id, offer=offer.id,
            busy=busy, deadline_at=now_plus(offer.give_up_after.total_seconds()),
        )  # fmt: skip
        session.add(attempt)
        await say_stage(jobs, session, job, job.leg(leg.n), leg.name, 0.1)
        return attempt


@one_transaction
async def send_again(jobs: Jobs, lease: Lease, attempt: Attempt) -> Attempt:
    async with fenced(jobs, lease) as (session, _job):
        again = await session.get_one(Attempt, attempt.id)
        again.starts = attempt.starts + 1
        again.state, again.ticket = AttemptState.SENT, None
        return again


@one_transaction
async def accept(jobs: Jobs, lease: Lease, attempt: Attempt, ticket: Ticket) -> float:
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.ticket, mine.state, mine.busy = dict(ticket.data), AttemptState.ACCEPTED, 0
        mine.vendor_ref = ticket.vendor_ref or mine.vendor_ref
        job.crashes = 0
        return _wait(job, _look_again(ticket.check_again_in))


@one_transaction
async def report(jobs: Jobs, lease: Lease, attempt: Attempt, progress: Progress) -> float:
    """Tell subscribers, at most when something moved by a percent or changed its words."""
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.busy, job.crashes = 0, 0
        before = (job.fraction, job.message, job.progress_source)
        job.message = words(progress.stage, 200)
        fraction = fraction_of(progress.fraction)
        if fraction is None:
            job.progress_source = ProgressSource.UNKNOWN
        else:
            job.progress_source = ProgressSource.REPORTED
            job.fraction = max(job.fraction or 0.0, share(job, job.leg(attempt.leg), 0.1 + 0.8 * fraction))
        moved = abs((job.fraction or 0) - (before[0] or 0)) >= 0.01
        if moved or before[1:] != (job.message, job.progress_source):
            await append(session, jobs.doorbell, job, EventKind.PROGRESS)
        return _wait(job, _look_again(progress.check_again_in))


@one_transaction
async def lose(jobs: Jobs, lease: Lease, attempt: Attempt, why: str) -> float:
    """Nobody knows what became of the order; it is looked into soon."""
    log.warning("job %s: outcome at %s unknown: %s", lease.job_id, attempt.provider, why)
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.state, mine.error = AttemptState.UNKNOWN, why[:500]
        leg = job.leg(attempt.leg)
        leg.result = {**leg.result, "last_error": why[:300]}
        return _wait(job, 0.5 * mine.starts)


@one_transaction
async def pause(jobs: Jobs, lease: Lease, attempt: Attempt, why: str, retry_after: object) -> float:
    """Trouble with work in progress: ask again later."""
    log.info("job %s: %s: %s", lease.job_id, attempt.provider, why)
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.busy = attempt.busy + 1
        mine.error = why[:500]
        return _wait(job, pause_seconds(attempt.busy, retry_after))


@one_transaction
async def rest(jobs: Jobs, lease: Lease, attempt: Attempt, why: str, seconds: float) -> float | None:
    """Surely not accepted: the same provider again after a while, within reason."""
    async with fenced(jobs, lease) as (session, job):
        mine = await end_attempt(jobs, session, attempt, AttemptState.FAILED, why)
        mine.busy = attempt.busy + 1
        if mine.busy >= BUSY_LIMIT:
            await _next_candidate(jobs, session, job, attempt.leg, f"{attempt.provider} stayed busy: {why}")
            return None
        return _wait(job, seconds)


@one_transaction
async def stand_back(jobs: Jobs, lease: Lease, attempt: Attempt, why: str, seconds: float) -> float:
    """Nothing was sent, because it is others' turn: that is no try of this job's."""
    async with fenced(jobs, lease) as (session, job):
        await end_attempt(jobs, session, attempt, AttemptState.FAILED, why)
        leg = job.leg(attempt.leg)
        await say_stage(jobs, session, job, leg, f"WAITING_FOR_{leg.name}", None, why)
        return _wait(job, seconds * random.uniform(1.0, 1.2))  # noqa: S311


@one_transaction
async def give_way(
    jobs: Jobs, lease: Lease, leg: Leg, attempt: Attempt | None, why: str, bill: Bill | None = None
) -> None:
    """To the next candidate. What this one charges nevertheless is the house's loss."""
    async with fenced(jobs, lease) as (session, job):
        if attempt is not None:
            await end_attempt(jobs, session, attempt, AttemptState.FAILED, why)
            if bill is not None:
                await book_cost(session, job, attempt, bill.cost(job.leg(attempt.leg)))
        if job.leg(leg.n).candidate == leg.candidate:
            await _next_candidate(jobs, session, job, leg.n, why)


@one_transaction
async def lose_voice(jobs: Jobs, lease: Lease, attempt: Attempt, why: str) -> None:
    """The vendor dropped a voice behind our back."""
    async with fenced(jobs, lease) as (session, job):
        await jobs.works[job.kind].voice_gone(session, job, attempt.provider, why)


async def _next_candidate(jobs: Jobs, session: Writing, job: Job, n: int, why: str) -> None:
    leg = job.leg(n)
    leg.candidate += 1
    leg.result = {**leg.result, "last_error": why[:300]}
    job.message = why[:200]
    await append(session, jobs.doorbell, job, EventKind.ROUTE)


@one_transaction
async def wait_for(jobs: Jobs, lease: Lease, leg: Leg, why: str, seconds: float) -> float:
    """Nothing is under way; what is needed for it is not there. Not all that wait come back at once."""
    log.info("job %s waits %.0f s: %s", lease.job_id, seconds, why)
    async with fenced(jobs, lease) as (session, job):
        job.leg(leg.n).state = LegState.RUNNING
        await say_stage(jobs, session, job, job.leg(leg.n), f"WAITING_FOR_{leg.name}", None, why)
        return _wait(job, seconds * random.uniform(1.0, 1.2))  # noqa: S311


@one_transaction
async def has_waited(jobs: Jobs, job: Job, long: timedelta) -> bool:
    late = select(Job.id).where(Job.id == job.id, Job.started_at < now_plus(-long.total_seconds()))
    async with jobs.db.reading() as session:
        return (await session.scalar(late)) is not None


@one_transaction
async def stumble(jobs: Jobs, lease: Lease) -> float | None:
    """A bug of ours: count it like a crash, so that it cannot spin for ever."""
    try:
        async with fenced(jobs, lease) as (session, job):
            job.crashes += 1
            if job.crashes >= CRASHES:
                await quarantine(jobs, session, job, "An internal error came up three times.")
                return None
            return _wait(job, 2.0 * job.crashes)
    except Fenced:
        return None


@one_transaction
async def is_overdue(jobs: Jobs, attempt: Attempt) -> bool:
    """Whether the time that the offer gives itself is up, by the database's clock."""
    late = select(Attempt.id).where(Attempt.id == attempt.id, Attempt.deadline_at < now_plus())
    async with jobs.db.reading() as session:
        return (await session.scalar(late)) is not None


async def _count(session: AsyncSession, leg: Leg, provider: str) -> tuple[int, int]:
    """The number of the last attempt at this leg, and how often in a row this provider was busy."""
    rows = select(Attempt).where(Attempt.job_id == leg.job_id, Attempt.leg == leg.n)
    last = (await session.scalars(rows.order_by(Attempt.number.desc()).limit(1))).one_or_none()
    if last is None:
        return 0, 0
    return last.number, last.busy if last.provider == provider else 0


def _wait(job: Job, seconds: float) -> float:
    """Let go of the job until the database's clock says so. One that is to be cancelled does not wait."""
    if job.state == JobState.CANCELLING:
        seconds = 0.0
    if job.state == JobState.RUNNING:
        job.state = after(job.state, Move.WAIT)
    job.wake_at = now_plus(seconds)
    job.lease_token = job.lease_until = None
    # For a short wait the worker rings ahead; the sweeper comes in if that ring gets lost.
    job.rung_at = now_plus(seconds) if seconds <= AHEAD_SECONDS else None
    return seconds


def _look_again(asked: object) -> float:
    return seconds_of(asked, SOONEST_SECONDS, BUSY_CAP_SECONDS, LOOK_SECONDS)


def pause_seconds(tries: int, retry_after: object) -> float:
    own = random.uniform(SOONEST_SECONDS, min(2.0 ** min(tries, 8), BUSY_CAP_SECONDS))  # noqa: S311
    return max(own, seconds_of(retry_after, SOONEST_SECONDS, BUSY_CAP_SECONDS, SOONEST_SECONDS))
