"""How a leg and a job end: kept, failed, cancelled, given up or parked. Each is one transaction over job,
attempt, ledger, subject and event. The price is booked only when the whole job succeeded."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path

from persona_graph.accounts import ledger
from persona_graph.catalog import prices
from persona_graph.db import Writing, utcnow
from persona_graph.errors import UserFault
from persona_graph.jobs.bench import open_bench, say_stage
from persona_graph.jobs.call import discard_folder, folder_of
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.lease import Lease, fenced
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState, Move, after
from persona_graph.jobs.tables import Attempt, AttemptState, Job, LegState
from persona_graph.jobs.work import Kept, WorkRefused
from persona_graph.provider import Delivery, Offer, Order

log = logging.getLogger(__name__)

ENDED = -1.0


async def keep(
    jobs: Jobs, lease: Lease, attempt: Attempt, offer: Offer, order: Order, delivery: Delivery
) -> float | None:
    """Check and store what came back, then settle the leg. Returns None to go on with the next leg."""
    fault = _contract_fault(jobs, attempt, delivery)
    if fault:
        await fail(jobs, lease, "PLUGIN_CONTRACT", f"{attempt.provider} broke its contract: {fault}.", "Tell the operator; nothing was charged.")
        return ENDED
    async with fenced(jobs, lease) as (session, job):
        leg = next(leg for leg in job.legs if leg.n == attempt.leg)
        await say_stage(jobs, session, job, leg, f"FINISHING_{leg.name}", 0.9)
    work = jobs.works[job.kind]
    try:
        kept = await work.keep(open_bench(jobs, lease, job, leg, attempt.provider), order, delivery)
    except (WorkRefused, UserFault) as refused:
        # What came back cannot be used: the vendor's bill stands, the user's does not.
        await _book_failed_delivery(jobs, lease, attempt, offer, delivery)
        await fail(jobs, lease, refused.code, refused.message, refused.fix)
        return ENDED
    ended = await _settle_leg(jobs, lease, attempt, offer, delivery, kept)
    discard(jobs, attempt)
    return ENDED if ended else None


async def _settle_leg(
    jobs: Jobs, lease: Lease, attempt: Attempt, offer: Offer, delivery: Delivery, kept: Kept
) -> bool:
    async with fenced(jobs, lease) as (session, job):
        leg = next(leg for leg in job.legs if leg.n == attempt.leg)
        session.add_all(kept.rows)
        await session.flush()
        await _end_attempt(session, attempt, AttemptState.DONE, _cost(offer, delivery, kept))
        leg.state, leg.cost = LegState.DONE, _cost(offer, delivery, kept)
        leg.result = {
            **leg.result, **kept.result, "seconds": kept.seconds, "provider": attempt.provider, "offer": offer.id,
            "fidelity": offer.fidelity, "honoured": list(delivery.honoured_options), "characters": kept.characters,
        }  # fmt: skip
        leg.price = prices.Quote.from_json(leg.quote).settle(seconds=kept.seconds, characters=kept.characters)
        await _book_cost(session, job, attempt, leg.cost)
        work = jobs.works[job.kind]
        await work.leg_settled(session, job, leg, delivery)
        if any(each.state != LegState.DONE for each in job.legs):
            return False
        for each in job.legs:
            await ledger.settle(session, job.account_id, job.id, each.n, price=each.price or Decimal(0))
        await _close(jobs, session, job, Move.SUCCEED)
        return True


async def fail(jobs: Jobs, lease: Lease, code: str, message: str, fix: str | None) -> None:
    async with fenced(jobs, lease) as (session, job):
        await fail_in(jobs, session, job, code, message, fix)


async def fail_in(jobs: Jobs, session: Writing, job: Job, code: str, message: str, fix: str | None) -> None:
    """Fail a job whose row the caller has locked: every hold is released, nothing is charged."""
    job.failure_code, job.failure_message, job.failure_fix = code, message[:1000], fix
    await _release_all(session, job, LegState.FAILED)
    await _close(jobs, session, job, Move.FAIL)


async def cancel(jobs: Jobs, lease: Lease, attempt: Attempt | None) -> None:
    async with fenced(jobs, lease) as (session, job):
        if attempt is not None:
            await _end_attempt(session, attempt, AttemptState.CANCELLED, None)
        await cancel_in(jobs, session, job)
    if attempt is not None:
        discard(jobs, attempt)


async def cancel_in(jobs: Jobs, session: Writing, job: Job) -> None:
    await _release_all(session, job, LegState.CANCELLED)
    await _close(jobs, session, job, Move.CANCEL)


async def give_up(jobs: Jobs, lease: Lease, attempt: Attempt) -> None:
    """The offer's time is up: the user gets the money back, the vendor's answer no longer matters."""
    async with fenced(jobs, lease) as (session, job):
        await _end_attempt(session, attempt, AttemptState.FAILED, None)
        await fail_in(
            jobs, session, job, "PROVIDER_TIMEOUT", f"{attempt.provider} did not finish in the time it gives itself.",
            "Ask again; nothing was charged.",
        )  # fmt: skip
    discard(jobs, attempt)


async def park(jobs: Jobs, lease: Lease, attempt: Attempt) -> None:
    """Money may have been spent and nobody can find out by machine."""
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.state = AttemptState.UNKNOWN
        job.state = after(JobState(job.state), Move.PARK)
        job.stage, job.message = "NEEDS_REVIEW", f"{attempt.provider} may have done the work; an operator must look."
        job.lease_token = job.lease_until = None
        await append(session, jobs.doorbell, job, EventKind.STATE)


def discard(jobs: Jobs, attempt: Attempt) -> None:
    discard_folder(jobs, attempt.id)


async def _close(jobs: Jobs, session: Writing, job: Job, move: Move) -> None:
    job.state = after(JobState(job.state), move)
    job.stage, job.message = job.state.value, ""
    job.ended_at = utcnow()
    job.lease_token = job.lease_until = None
    if move is Move.SUCCEED:
        job.fraction = 1.0
    await jobs.works[job.kind].settled(session, job, job.state)
    await append(session, jobs.doorbell, job, EventKind.STATE)


async def _release_all(session: Writing, job: Job, state: LegState) -> None:
    await ledger.release_all(session, job.account_id, job.id)
    for leg in job.legs:
        leg.price = Decimal(0)
        if leg.state != LegState.DONE:
            leg.state = state


async def _end_attempt(
    session: Writing, attempt: Attempt, state: AttemptState, cost: Decimal | None
) -> None:
    mine = await session.get_one(Attempt, attempt.id)
    mine.state, mine.cost, mine.ended_at = state, cost, utcnow()


async def _book_failed_delivery(
    jobs: Jobs, lease: Lease, attempt: Attempt, offer: Offer, delivery: Delivery
) -> None:
    async with fenced(jobs, lease) as (session, job):
        cost = _cost(offer, delivery, Kept())
        await _end_attempt(session, attempt, AttemptState.FAILED, cost)
        await _book_cost(session, job, attempt, cost)


async def _book_cost(session: Writing, job: Job, attempt: Attempt, cost: Decimal) -> None:
    await ledger.book_cost(
        session, job.account_id, job.id, attempt.leg, cost=cost, provider=attempt.provider, attempt=attempt.number
    )


def _cost(offer: Offer, delivery: Delivery, kept: Kept) -> Decimal:
    booked, doubt = prices.booked_cost(
        offer, delivery.billed_cost, seconds=kept.seconds, characters=kept.characters
    )
    if doubt:
        log.warning("offer %s: %s; its declared cost is booked instead", offer.id, doubt)
    return booked


def _contract_fault(jobs: Jobs, attempt: Attempt, delivery: Delivery) -> str | None:
    if isinstance(delivery.media, Path):
        folder = folder_of(jobs, attempt.id).resolve()
        if not delivery.media.resolve().is_relative_to(folder) or not delivery.media.is_file():
            return "it delivered a file outside its folder"
    if delivery.vendor_voice is not None and not 0 < len(delivery.vendor_voice) <= 255:
        return "a vendor voice id is 1 to 255 characters"
    return None
