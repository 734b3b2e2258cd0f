"""One bounded piece of a job at a time: claim, place or ask or keep, commit, and say when to ring again.

Money rules: an attempt is committed as SENT before the provider is called, its ticket before it is asked
again. After a crash or a lost reply only what ``PaymentSafety`` allows is repeated.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.catalog.registry import Registered
from persona_graph.db import now_plus, utcnow
from persona_graph.errors import UserFault
from persona_graph.jobs import endings
from persona_graph.jobs.bench import open_bench, say_stage, share
from persona_graph.jobs.call import lend
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.lease import Fenced, Lease, claim, fenced, release
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState, Move, after
from persona_graph.jobs.tables import Attempt, AttemptState, Job, Leg, LegState, ProgressSource
from persona_graph.jobs.work import SkipCandidate, WorkRefused
from persona_graph.provider import (
    Delivery,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
)

SLICE_SECONDS = 300.0
CHECK_SECONDS = 30.0
STARTS = 3
BUSY_LIMIT = 8
BUSY_CAP_SECONDS = 300.0

log = logging.getLogger(__name__)
OPEN = (AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.UNKNOWN)


@dataclass
class Scene:
    """A job as a slice found it."""

    job: Job
    leg: Leg
    attempt: Attempt | None


async def advance(jobs: Jobs, job_id: str) -> float | None:
    """Do what can be done now. Returns seconds until it is worth coming back, or ``None``."""
    lease = await claim(jobs, job_id)
    if lease is None:
        return None
    if jobs.heartbeat:
        jobs.heartbeat.hold(lease.token, SLICE_SECONDS)
    try:
        return await _slice(jobs, lease)
    except Fenced:
        log.info("job %s went to another worker", job_id)
        return None
    except asyncio.CancelledError:
        await asyncio.shield(release(jobs, lease))
        raise
    except Exception:
        log.exception("job %s stumbled", job_id)
        return await _stumble(jobs, lease)
    finally:
        if jobs.heartbeat:
            jobs.heartbeat.drop(lease.token)


async def _slice(jobs: Jobs, lease: Lease) -> float | None:
    while True:
        scene = await _look(jobs, lease)
        if scene.job.state == JobState.CANCELLING:
            await _cancel(jobs, lease, scene)
            return None
        wait = await _step(jobs, lease, scene)
        if wait is not None:
            return wait if wait >= 0 else None


# Steps return seconds to wait, -1 at the job's end, or None to go straight on.
ENDED = -1.0


async def _step(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    try:
        if scene.attempt is None:
            return await _begin(jobs, lease, scene)
        if scene.attempt.state == AttemptState.ACCEPTED:
            return await _check(jobs, lease, scene)
        return await _reconcile(jobs, lease, scene)
    except (WorkRefused, UserFault) as refused:
        await endings.fail(jobs, lease, refused.code, refused.message, refused.fix)
        return ENDED


async def _look(jobs: Jobs, lease: Lease) -> Scene:
    async with jobs.db.reading() as session:
        job = await session.get(Job, lease.job_id)
        if job is None or job.lease_token != lease.token:
            raise Fenced(lease.job_id)
        leg = next(leg for leg in job.legs if leg.state in (LegState.PENDING, LegState.RUNNING))
        latest = select(Attempt).where(Attempt.job_id == job.id, Attempt.leg == leg.n, Attempt.state.in_(OPEN))
        attempt = (await session.scalars(latest.order_by(Attempt.number.desc()).limit(1))).one_or_none()
        return Scene(job, leg, attempt)


async def _begin(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    """Prepare the leg's order and place it with the next candidate."""
    candidates = scene.leg.route["candidates"]
    if scene.leg.candidate >= len(candidates):
        reason = scene.leg.result.get("last_error") or "No provider took it."
        await endings.fail(
            jobs, lease, "PROVIDERS_EXHAUSTED", f"Every provider failed. The last one said: {reason}",
            "Try again later; nothing was charged.",
        )  # fmt: skip
        return ENDED
    chosen = candidates[scene.leg.candidate]
    found = jobs.catalog.find(chosen["provider"])
    offer = _offer(found, chosen["offer"])
    if found is None or offer is None:
        await _next_candidate(jobs, lease, scene.leg, f"{chosen['provider']} is not installed any more")
        return None
    async with fenced(jobs, lease) as (session, job):
        leg = _same(job, scene.leg)
        leg.state = LegState.RUNNING
        await say_stage(jobs, session, job, leg, f"PREPARING_{leg.name}", 0.0)
    bench = open_bench(jobs, lease, job, leg, chosen["provider"])
    try:
        order = await jobs.works[job.kind].order(bench)
    except SkipCandidate as skip:
        await _next_candidate(jobs, lease, leg, str(skip))
        return None
    async with fenced(jobs, lease) as (session, job):
        if job.state == JobState.CANCELLING:
            return None
        leg = _same(job, scene.leg)
        number, busy = await _count(session, leg)
        attempt = Attempt(
            job_id=job.id, leg=leg.n, number=number + 1, provider=found.id, offer=offer.id, busy=busy,
            deadline_at=now_plus(offer.give_up_after.total_seconds()),
        )  # fmt: skip
        session.add(attempt)
        await say_stage(jobs, session, job, leg, leg.name, 0.1)
    return await _place(jobs, lease, Scene(job, leg, attempt), found, offer, order)


async def _place(
    jobs: Jobs, lease: Lease, scene: Scene, provider: Registered, offer: Offer, order: Order
) -> float | None:
    attempt = scene.attempt
    assert attempt is not None
    call = lend(jobs, scene.job, attempt, SLICE_SECONDS - 60)
    try:
        async with asyncio.timeout(call.remaining):
            answer = await provider.start(offer, order, call)
    except ProviderBusy as busy:
        return await _rest(jobs, lease, scene, str(busy), busy.retry_after)
    except ProviderUnavailable as gone:
        await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, str(gone))
        await _next_candidate(jobs, lease, scene.leg, str(gone))
        return None
    except OrderRejected as rejected:
        await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, str(rejected))
        await endings.fail(jobs, lease, rejected.code, str(rejected), "Change the input and ask again.")
        return ENDED
    except Exception as unknown:
        return await _lost(jobs, lease, scene, unknown)
    if isinstance(answer, Ticket):
        return await _accept(jobs, lease, attempt, answer)
    if isinstance(answer, Delivery):
        return await endings.keep(jobs, lease, attempt, offer, order, answer)
    return await _breach(jobs, lease, attempt, f"start answered {type(answer).__name__}")


async def _accept(jobs: Jobs, lease: Lease, attempt: Attempt, ticket: Ticket) -> float | None:
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.ticket, mine.state = dict(ticket.data), AttemptState.ACCEPTED
        return _wait(job, ticket.check_again_in)


async def _check(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    attempt = scene.attempt
    assert attempt is not None
    provider = jobs.catalog.find(attempt.provider)
    offer = _offer(provider, attempt.offer)
    if provider is None or offer is None:
        return await _pause(jobs, lease, attempt, f"{attempt.provider} is not installed here", 30)
    call = lend(jobs, scene.job, attempt, CHECK_SECONDS)
    try:
        async with asyncio.timeout(call.remaining):
            answer = await provider.check(Ticket(attempt.ticket or {}), call)
    except OrderRejected as rejected:
        await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, str(rejected))
        await endings.fail(jobs, lease, rejected.code, str(rejected), "Change the input and ask again.")
        return ENDED
    except OutcomeUnknown as unknown:
        return await _lost(jobs, lease, scene, unknown)
    except ProviderBusy as busy:
        return await _pause(jobs, lease, attempt, str(busy), busy.retry_after)
    except Exception as trouble:
        # A ticket is money already committed: whatever goes wrong, only time ends it.
        return await _pause(jobs, lease, attempt, f"{type(trouble).__name__}: {trouble}", None)
    if isinstance(answer, Progress):
        return await _report(jobs, lease, attempt, answer)
    if isinstance(answer, Delivery):
        bench = open_bench(jobs, lease, scene.job, scene.leg, attempt.provider)
        order = await jobs.works[scene.job.kind].order(bench)
        return await endings.keep(jobs, lease, attempt, offer, order, answer)
    return await _breach(jobs, lease, attempt, f"check answered {type(answer).__name__}")


async def _report(jobs: Jobs, lease: Lease, attempt: Attempt, progress: Progress) -> float | None:
    """Tell subscribers, at most when something moved by a percent or changed its words."""
    if await _overdue(jobs, attempt):
        await endings.give_up(jobs, lease, attempt)
        return ENDED
    async with fenced(jobs, lease) as (session, job):
        leg = next(leg for leg in job.legs if leg.n == attempt.leg)
        before = (job.fraction, job.message, job.progress_source)
        job.message = progress.stage[:200]
        if progress.fraction is None:
            job.progress_source = ProgressSource.UNKNOWN
        else:
            within = 0.1 + 0.8 * min(max(float(progress.fraction), 0.0), 1.0)
            job.progress_source = ProgressSource.REPORTED
            job.fraction = max(job.fraction or 0.0, share(job, leg, within))
        moved = abs((job.fraction or 0) - (before[0] or 0)) >= 0.01
        if moved or before[1:] != (job.message, job.progress_source):
            await append(session, jobs.doorbell, job, EventKind.PROGRESS)
        return _wait(job, min(max(progress.check_again_in, 0.2), BUSY_CAP_SECONDS))


async def _reconcile(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    """An order was sent and nobody knows what became of it."""
    attempt = scene.attempt
    assert attempt is not None
    provider = jobs.catalog.find(attempt.provider)
    offer = _offer(provider, attempt.offer)
    if provider is None or offer is None:
        return await _pause(jobs, lease, attempt, f"{attempt.provider} is not installed here", 30)
    bench = open_bench(jobs, lease, scene.job, scene.leg, attempt.provider)
    order = await jobs.works[scene.job.kind].order(bench)
    if offer.payment_safety is PaymentSafety.FINDABLE:
        call = lend(jobs, scene.job, attempt, CHECK_SECONDS)
        try:
            async with asyncio.timeout(call.remaining):
                answer = await provider.find(offer, order, call)
        except Exception as trouble:
            return await _pause(jobs, lease, attempt, f"looking the order up: {trouble}", None)
        if isinstance(answer, Ticket):
            return await _accept(jobs, lease, attempt, answer)
        if isinstance(answer, Delivery):
            return await endings.keep(jobs, lease, attempt, offer, order, answer)
    elif offer.payment_safety is PaymentSafety.BLIND:
        await endings.park(jobs, lease, attempt)
        return ENDED
    if attempt.starts >= STARTS:
        await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, "lost three times")
        await _next_candidate(jobs, lease, scene.leg, f"{attempt.provider} lost the order three times")
        return None
    async with fenced(jobs, lease) as (session, job):
        again = await session.get_one(Attempt, attempt.id)
        again.starts += 1
        again.state, again.ticket = AttemptState.SENT, None
        leg = _same(job, scene.leg)
    return await _place(jobs, lease, Scene(job, leg, again), provider, offer, order)


async def _cancel(jobs: Jobs, lease: Lease, scene: Scene) -> None:
    attempt = scene.attempt
    if attempt is not None:
        provider = jobs.catalog.find(attempt.provider)
        offer = _offer(provider, attempt.offer)
        blind = offer is None or offer.payment_safety is PaymentSafety.BLIND
        if attempt.state != AttemptState.ACCEPTED and blind:
            await endings.park(jobs, lease, attempt)
            return
        if provider is not None and attempt.ticket is not None:
            call = lend(jobs, scene.job, attempt, CHECK_SECONDS)
            try:
                async with asyncio.timeout(call.remaining):
                    await provider.cancel(Ticket(attempt.ticket), call)
            except Exception as trouble:
                # Cancelling is a courtesy to the vendor; the job ends here either way.
                log.warning("job %s: %s did not confirm the cancel: %s", lease.job_id, attempt.provider, trouble)
    await endings.cancel(jobs, lease, attempt)


async def _rest(jobs: Jobs, lease: Lease, scene: Scene, why: str, retry_after: float | None) -> float | None:
    """Surely not accepted: the same provider again after a while, within reason."""
    attempt = scene.attempt
    assert attempt is not None
    await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, why, busy=attempt.busy + 1)
    if attempt.busy + 1 >= BUSY_LIMIT:
        await _next_candidate(jobs, lease, scene.leg, f"{attempt.provider} stayed busy: {why}")
        return None
    async with fenced(jobs, lease) as (_session, job):
        return _wait(job, _pause_seconds(attempt.busy, retry_after))


async def _pause(
    jobs: Jobs, lease: Lease, attempt: Attempt, why: str, retry_after: float | None
) -> float | None:
    """Trouble with work in progress: ask again later, until the offer's time is up."""
    log.info("job %s: %s: %s", lease.job_id, attempt.provider, why)
    if await _overdue(jobs, attempt):
        await endings.give_up(jobs, lease, attempt)
        return ENDED
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.busy += 1
        mine.error = why[:500]
        return _wait(job, _pause_seconds(mine.busy, retry_after))


async def _lost(jobs: Jobs, lease: Lease, scene: Scene, why: Exception) -> float | None:
    attempt = scene.attempt
    assert attempt is not None
    log.warning("job %s: outcome at %s unknown: %s: %s", lease.job_id, attempt.provider, type(why).__name__, why)
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.state, mine.error = AttemptState.UNKNOWN, f"{type(why).__name__}: {why}"[:500]
        leg = _same(job, scene.leg)
        leg.result = {**leg.result, "last_error": str(why)[:300]}
        return _wait(job, 0.5 * mine.starts)


async def _breach(jobs: Jobs, lease: Lease, attempt: Attempt, what: str) -> float:
    await _end_attempt(jobs, lease, attempt, AttemptState.FAILED, f"PLUGIN_CONTRACT: {what}")
    await endings.fail(
        jobs, lease, "PLUGIN_CONTRACT", f"The provider plugin {attempt.provider} broke its contract: {what}.",
        "Tell the operator; nothing was charged.",
    )  # fmt: skip
    return ENDED


async def _stumble(jobs: Jobs, lease: Lease) -> float | None:
    """A bug of ours: count it like a crash, so that it cannot spin for ever."""
    try:
        async with fenced(jobs, lease) as (session, job):
            job.crashes += 1
            if job.crashes >= STARTS and job.state != JobState.CANCELLING:
                job.state = after(JobState(job.state), Move.QUARANTINE)
                job.stage, job.message = "QUARANTINED", "An internal error came up three times."
                await append(session, jobs.doorbell, job, EventKind.STATE)
                job.lease_token = job.lease_until = None
                return None
            return _wait(job, 2.0 * job.crashes)
    except Fenced:
        return None


async def _next_candidate(jobs: Jobs, lease: Lease, leg: Leg, why: str) -> None:
    async with fenced(jobs, lease) as (session, job):
        mine = _same(job, leg)
        mine.candidate += 1
        mine.result = {**mine.result, "last_error": why[:300]}
        job.message = why[:200]
        await append(session, jobs.doorbell, job, EventKind.ROUTE)


async def _end_attempt(
    jobs: Jobs, lease: Lease, attempt: Attempt, state: AttemptState, why: str, busy: int = 0
) -> None:
    async with fenced(jobs, lease) as (session, _job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.state, mine.error, mine.ended_at, mine.busy = state, why[:500], utcnow(), busy
    endings.discard(jobs, attempt)


async def _count(session: AsyncSession, leg: Leg) -> tuple[int, int]:
    """The number of the last attempt at this leg, and how often in a row its provider was busy."""
    rows = select(Attempt).where(Attempt.job_id == leg.job_id, Attempt.leg == leg.n)
    last = (await session.scalars(rows.order_by(Attempt.number.desc()).limit(1))).one_or_none()
    return (0, 0) if last is None else (last.number, last.busy)


async def _overdue(jobs: Jobs, attempt: Attempt) -> bool:
    late = select(Attempt.id).where(Attempt.id == attempt.id, Attempt.deadline_at < now_plus())
    async with jobs.db.reading() as session:
        return (await session.scalar(late)) is not None


def _wait(job: Job, seconds: float) -> float:
    """Let go of the job until the database's clock says so."""
    if job.state == JobState.RUNNING:
        job.state = after(job.state, Move.WAIT)
    job.wake_at = now_plus(seconds)
    job.lease_token = job.lease_until = job.rung_at = None
    return seconds


def _pause_seconds(tries: int, retry_after: float | None) -> float:
    if retry_after is not None and retry_after == retry_after:
        return min(max(retry_after, 0.2), BUSY_CAP_SECONDS)
    return random.uniform(0.2, min(2.0 ** min(tries, 8), BUSY_CAP_SECONDS))  # noqa: S311


def _same(job: Job, leg: Leg) -> Leg:
    return next(mine for mine in job.legs if mine.n == leg.n)


def _offer(provider: Registered | None, offer_id: str) -> Offer | None:
    return provider.offer(offer_id) if provider else None


