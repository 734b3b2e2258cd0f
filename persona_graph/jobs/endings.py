"""How a leg and a job end: kept, failed, cancelled, given up or parked. Each is one transaction over job,
attempt, ledger, subject and event, so that nothing is ever half ended: an attempt that is over in a job that is
not would be placed, and paid for, again. Prices are booked only when the job succeeded: all of them, or, where
the legs that are missing were optional, those of the legs that are done."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from persona_graph.accounts import ledger
from persona_graph.catalog import bills, prices
from persona_graph.db import Writing, utcnow
from persona_graph.errors import UserFault
from persona_graph.jobs.answers import delivery_fault
from persona_graph.jobs.bench import open_bench, say_stage
from persona_graph.jobs.call import discard_folder, folder_of
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.lease import Lease, fenced, one_transaction
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState, Move, after
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, AttemptState, Job, Leg, LegState
from persona_graph.jobs.work import Bench, Kept, Measures, SkipCandidate, WorkRefused
from persona_graph.provider import Delivery, Offer, Order

ENDED = -1.0
# What came back has been paid for: a store that is away is given this long, in pauses, before it is let go.
STORE_PAUSES = (1.0, 3.0, 9.0)
NOTHING_CHARGED = "Tell the operator; nothing was charged."
CANCELLED: dict[str, str | None] = {
    "code": "CANCELLED", "message": "The job was cancelled before this was done.", "fix": "Ask again.",
}  # fmt: skip

log = logging.getLogger(__name__)


class StoreAway(Exception):
    """The delivery is good and cannot be stored just now."""


@dataclass
class Bill:
    """What the vendor charges for an attempt, whether it came to something or not: ``billed`` is its own word.
    ``order`` is known as soon as it was placed or put together again."""

    offer: Offer
    billed: object = None
    order: Order | None = None

    def cost(self, leg: Leg, kept: Kept | None = None) -> Decimal:
        """Without ``kept`` nothing was measured, and what its declaration leads to expect takes its place."""
        if self.order is None:
            booked, doubt = prices.believed(self.billed)
            cost = _share(leg) if booked is None else booked
        else:
            seconds, written = (None, 0) if kept is None else (kept.seconds, kept.characters)
            cost, doubt = bills.for_order(
                self.offer, self.order, billed=self.billed, seconds=seconds, written=written
            )
        if doubt:
            log.warning("offer %s: %s; its declared cost is booked instead", self.offer.id, doubt)
        return cost


def _share(leg: Leg) -> Decimal:
    """What was expected of the candidate at hand, by the orders that its leg takes."""
    _, orders = leg.result.get("part") or (0, 1)
    expected = Decimal(leg.route["candidates"][leg.candidate]["cost"]) / max(1, orders)
    return expected.quantize(prices.COST_STEP)


async def keep(
    jobs: Jobs, lease: Lease, attempt: Attempt, offer: Offer, delivery: Delivery, order: Order | None = None
) -> float | None:
    """Check and store what came back, then settle the leg. Returns None to go on with the next leg.
    Raises StoreAway."""
    bill = Bill(offer, delivery.billed_cost, order)
    fault = await asyncio.to_thread(delivery_fault, delivery, folder_of(jobs, attempt.id))
    if fault is not None:
        await breach(jobs, lease, attempt, fault, bill)
        return ENDED
    bench = await _finishing(jobs, lease, attempt)
    try:
        kept = await _kept(jobs, bench, bill, delivery)
    except (WorkRefused, UserFault) as refused:
        # What came back cannot be used: the vendor's bill stands, the user's does not.
        await refuse(jobs, lease, attempt, refused.code, refused.message, refused.fix, bill)
        return ENDED
    if kept.more:
        await _settle_part(jobs, lease, attempt, bill, delivery, kept)
        return None
    return ENDED if await _settle_leg(jobs, lease, attempt, bill, delivery, kept) else None


@one_transaction
async def _finishing(jobs: Jobs, lease: Lease, attempt: Attempt) -> Bench:
    async with fenced(jobs, lease) as (session, job):
        leg = job.leg(attempt.leg)
        await say_stage(jobs, session, job, leg, f"FINISHING_{leg.name}", 0.9)
    return open_bench(jobs, lease, job, leg, attempt.provider)


async def _kept(jobs: Jobs, bench: Bench, bill: Bill, delivery: Delivery) -> Kept:
    work = jobs.works[bench.job.kind]
    for pause in (*STORE_PAUSES, None):
        try:
            bill.order = bill.order or await work.order(bench)
            return await work.keep(bench, bill.order, delivery)
        except SkipCandidate as gone:
            raise WorkRefused("MEDIA_ERASED", f"What this job rests on was deleted: {gone}.") from None
        except (UserFault, OSError) as fault:
            if not (isinstance(fault, OSError) or fault.code == "STORAGE_UNAVAILABLE"):
                raise
            if pause is None:
                raise StoreAway(f"it cannot be stored: {fault}") from fault
        await asyncio.sleep(pause)
    raise AssertionError("unreachable")


@one_transaction
async def _settle_part(
    jobs: Jobs, lease: Lease, attempt: Attempt, bill: Bill, delivery: Delivery, kept: Kept
) -> None:
    """One order of several in a leg is done and paid; what was made of it is remembered in the same commit."""
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        if mine.state == AttemptState.DONE:  # the answer to an earlier commit was lost
            return
        session.add_all(kept.rows)
        await session.flush()
        leg = job.leg(attempt.leg)
        mine.busy = 0
        mine.vendor_ref = delivery.vendor_ref or mine.vendor_ref
        await end_attempt(jobs, session, attempt, AttemptState.DONE)
        await book_cost(session, job, attempt, bill.cost(leg, kept))
        leg.result = {**leg.result, **kept.result}
        job.crashes = 0
        await jobs.works[job.kind].delivered(session, job, attempt.provider, delivery)


@one_transaction
async def _settle_leg(
    jobs: Jobs, lease: Lease, attempt: Attempt, bill: Bill, delivery: Delivery, kept: Kept
) -> bool:
    """True if that was the last leg."""
    async with fenced(jobs, lease) as (session, job):
        leg = job.leg(attempt.leg)
        if leg.state == LegState.DONE:  # the answer to an earlier commit was lost
            return False
        session.add_all(kept.rows)
        await session.flush()
        mine = await end_attempt(jobs, session, attempt, AttemptState.DONE)
        mine.vendor_ref = delivery.vendor_ref or mine.vendor_ref
        await book_cost(session, job, attempt, bill.cost(leg, kept))
        whole = kept.whole or Measures(kept.seconds, kept.characters)
        leg.state = LegState.DONE
        leg.result = {
            **leg.result, **kept.result, "seconds": whole.seconds, "provider": attempt.provider,
            "offer": bill.offer.id, "fidelity": bill.offer.fidelity,
            "honoured": [*delivery.honoured_options, *kept.honoured], "characters": whole.characters,
        }  # fmt: skip
        leg.price = prices.Quote.from_json(leg.quote).settle(
            seconds=whole.seconds, characters=whole.characters
        )
        job.crashes = 0
        await jobs.works[job.kind].delivered(session, job, attempt.provider, delivery)
        await jobs.works[job.kind].leg_settled(session, job, leg, delivery)
        if any(each.state != LegState.DONE for each in job.legs):
            return False
        await succeed_in(jobs, session, job)
        return True


async def succeed_in(jobs: Jobs, session: Writing, job: Job) -> None:
    """End a job whose legs are all done: their prices are booked."""
    for each in job.legs:
        await ledger.settle(session, job.account_id, job.id, each.n, price=each.price or Decimal(0))
    await _close(jobs, session, job, Move.SUCCEED)


async def breach(jobs: Jobs, lease: Lease, attempt: Attempt, what: str, bill: Bill | None = None) -> None:
    """The plugin did something that its contract does not allow."""
    message = f"The provider plugin {attempt.provider} broke its contract: {what}."
    await refuse(jobs, lease, attempt, "PLUGIN_CONTRACT", message, NOTHING_CHARGED, bill)


@one_transaction
async def refuse(
    jobs: Jobs, lease: Lease, attempt: Attempt | None, code: str, message: str, fix: str | None,
    bill: Bill | None = None,
) -> None:  # fmt: skip
    """Fail for a reason the user can read. What the vendor bills nevertheless is the house's loss."""
    async with fenced(jobs, lease) as (session, job):
        if attempt is not None:
            await end_attempt(jobs, session, attempt, AttemptState.FAILED, message)
            if bill is not None:
                await book_cost(session, job, attempt, bill.cost(job.leg(attempt.leg)))
        await _end_unmade(jobs, session, job, code, message, fix)


async def _end_unmade(
    jobs: Jobs, session: Writing, job: Job, code: str, message: str, fix: str | None
) -> None:
    """A worker that was at it when its job was cancelled may stumble over what was deleted with it, or give up:
    whatever it says, that job was cancelled."""
    if job.state == JobState.CANCELLING:
        await cancel_in(jobs, session, job)
    else:
        await fail_in(jobs, session, job, code, message, fix)


async def fail_in(jobs: Jobs, session: Writing, job: Job, code: str, message: str, fix: str | None) -> None:
    """Fail a job whose row the caller has locked: every hold is released, nothing is charged. What is done of one
    that stands without the rest is kept instead."""
    if job.stands:
        why = {"code": code, "message": message[:1000], "fix": fix}
        await _keep_done(jobs, session, job, LegState.FAILED, why)
        return
    job.failure_code, job.failure_message, job.failure_fix = code, message[:1000], fix
    await _release_all(session, job, LegState.FAILED)
    await _close(jobs, session, job, Move.FAIL)


@one_transaction
async def cancel(jobs: Jobs, lease: Lease, attempt: Attempt | None = None, bill: Bill | None = None) -> None:
    """``bill`` is there where the vendor goes on nevertheless."""
    async with fenced(jobs, lease) as (session, job):
        if attempt is not None and bill is not None:
            await book_cost(session, job, attempt, bill.cost(job.leg(attempt.leg)))
        await cancel_in(jobs, session, job)


async def cancel_in(jobs: Jobs, session: Writing, job: Job) -> None:
    """What was done before the stop reached it is kept, where it stands without the rest."""
    if job.stands:
        await _keep_done(jobs, session, job, LegState.CANCELLED, CANCELLED)
        return
    await _release_all(session, job, LegState.CANCELLED)
    await _close(jobs, session, job, Move.CANCEL)


async def _keep_done(
    jobs: Jobs, session: Writing, job: Job, state: LegState, why: dict[str, str | None]
) -> None:
    """Leg by leg: what is done is charged, the holds of the others are released."""
    for leg in job.legs:
        if leg.state == LegState.DONE:
            await ledger.settle(session, job.account_id, job.id, leg.n, price=leg.price or Decimal(0))
            continue
        await ledger.release(session, job.account_id, job.id, leg.n)
        leg.state, leg.price, leg.failure = state, Decimal(0), why
    await _close(jobs, session, job, Move.KEEP)


@one_transaction
async def give_up(jobs: Jobs, lease: Lease, attempt: Attempt, bill: Bill | None = None) -> None:
    """The offer's time is up: the user gets the money back, the vendor's answer no longer matters."""
    async with fenced(jobs, lease) as (session, job):
        await end_attempt(jobs, session, attempt, AttemptState.FAILED)
        if bill is not None:
            await book_cost(session, job, attempt, bill.cost(job.leg(attempt.leg)))
        await _end_unmade(
            jobs, session, job, "PROVIDER_TIMEOUT", f"{attempt.provider} did not finish in the time it gives itself.",
            "Ask again; nothing was charged.",
        )  # fmt: skip


@one_transaction
async def park(jobs: Jobs, lease: Lease, attempt: Attempt) -> None:
    """Money may have been spent and nobody can find out by machine."""
    async with fenced(jobs, lease) as (session, job):
        mine = await session.get_one(Attempt, attempt.id)
        mine.state = AttemptState.UNKNOWN
        job.state = after(job.state, Move.PARK)
        job.stage, job.message = (
            "NEEDS_REVIEW",
            f"{attempt.provider} may have done the work; an operator must look.",
        )
        job.lease_token = job.lease_until = None
        await append(session, jobs.doorbell, job, EventKind.STATE)


async def end_attempt(
    jobs: Jobs, session: Writing, attempt: Attempt, state: AttemptState, why: str | None = None
) -> Attempt:
    mine = await session.get_one(Attempt, attempt.id)
    mine.state, mine.ended_at = state, utcnow()
    mine.error = why[:500] if why is not None else mine.error
    session.after(lambda: discard_folder(jobs, mine.id))
    return mine


async def _close(jobs: Jobs, session: Writing, job: Job, move: Move) -> None:
    job.state = after(job.state, move)
    job.stage, job.message = job.state.value, ""
    job.ended_at = utcnow()
    job.lease_token = job.lease_until = None
    if move in (Move.SUCCEED, Move.KEEP):
        job.fraction = 1.0
    left = select(Attempt).where(Attempt.job_id == job.id, Attempt.state.in_(OPEN_ATTEMPTS))
    for attempt in (await session.scalars(left)).all():
        over = AttemptState.CANCELLED if move is Move.CANCEL else AttemptState.FAILED
        await end_attempt(jobs, session, attempt, over)
    await jobs.works[job.kind].settled(session, job, job.state)
    await append(session, jobs.doorbell, job, EventKind.STATE)


async def _release_all(session: Writing, job: Job, state: LegState) -> None:
    await ledger.release_all(session, job.account_id, job.id)
    for leg in job.legs:
        leg.price = Decimal(0)
        if leg.state != LegState.DONE:
            leg.state = state


async def book_cost(session: Writing, job: Job, attempt: Attempt, cost: Decimal) -> None:
    mine = await session.get_one(Attempt, attempt.id)
    leg = job.leg(attempt.leg)
    mine.cost, leg.cost = cost, (leg.cost or Decimal(0)) + cost
    await ledger.book_cost(
        session,
        job.account_id,
        job.id,
        attempt.leg,
        cost=cost,
        provider=attempt.provider,
        attempt=attempt.number,
    )
