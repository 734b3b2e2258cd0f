"""One bounded piece of a job at a time: claim, place or ask or keep, commit, and say when to ring again.

Money rules: an attempt is committed as SENT before the provider is called, its ticket before it is asked
again. After a crash or a lost reply only what ``PaymentSafety`` allows is repeated.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from sqlalchemy import select

from persona_graph.catalog import bills
from persona_graph.catalog.registry import Registered
from persona_graph.db import is_away, new_id, uncut, was_undone
from persona_graph.errors import UserFault
from persona_graph.jobs import endings, midway
from persona_graph.jobs.answers import seconds_of, ticket_fault
from persona_graph.jobs.asking import Kind, Trouble, ask_check, ask_find, ask_start, tell_cancel
from persona_graph.jobs.bench import open_bench
from persona_graph.jobs.call import LentCall, folder_of, lend
from persona_graph.jobs.endings import ENDED
from persona_graph.jobs.knocks import soon_if_knocked
from persona_graph.jobs.lease import Fenced, Lease, claim, one_transaction, release, renew
from persona_graph.jobs.places import Full, look_again_in, look_for_place
from persona_graph.jobs.remembered import recall, remember
from persona_graph.jobs.remote import LAST_PAUSES, Unfetched, fetched, is_remote
from persona_graph.jobs.rests import DOWN_SECONDS, LONGEST_BUSY, LONGEST_DOWN, Rest
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, AttemptState, Job, Leg, LegState
from persona_graph.jobs.work import SkipCandidate, WorkRefused
from persona_graph.provider import Delivery, Offer, Order, PaymentSafety, Ticket

START_SECONDS = 240.0
CHECK_SECONDS = 30.0
STORE_SECONDS = 10.0
STARTS = 3
# Looks for a file that a vendor says is there.
FETCHES = 8
# The code of an OrderRejected that says the vendor does not have the trained voice any more.
VOICE_GONE = "VOICE_GONE"
_FIXES = {VOICE_GONE: "Enrol it again with trainTwin, or train a new voice."}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scene:
    """A job as a slice found it: the leg at hand and its attempt under way."""

    job: Job
    leg: Leg
    attempt: Attempt | None


@dataclass(frozen=True)
class Placed:
    """An attempt with the provider and the offer it is for."""

    attempt: Attempt
    provider: Registered
    offer: Offer

    @property
    def ticket(self) -> Ticket:
        return Ticket(self.attempt.ticket or {})

    @property
    def free(self) -> bool:
        cost = self.offer.cost
        return not any((cost.per_run, cost.per_1000_chars, cost.per_block, *dict(cost.per_block_at).values()))

    @property
    def safety(self) -> PaymentSafety:
        """What costs nothing cannot be paid twice."""
        return PaymentSafety.KEYED if self.free else self.offer.payment_safety


async def advance(jobs: Jobs, job_id: str) -> float | None:
    """Do what can be done now. Returns seconds until it is worth coming back, or ``None``."""
    if jobs.is_held(job_id):
        return None
    lease = Lease(job_id)
    jobs.keep_alive(job_id, lease.token)
    try:
        return await _slice(jobs, lease) if await claim(jobs, lease) else None
    except Fenced:
        log.info("job %s went to another worker", job_id)
        return None
    except asyncio.CancelledError:
        # In a task of its own: this one may be told to stop again while it gives the job back.
        await uncut(release(jobs, lease))
        raise
    except Exception as trouble:
        if was_undone(trouble) or is_away(trouble):
            log.warning("job %s: the database is away: %s", job_id, type(trouble).__name__)
            await release(jobs, lease)
            return None
        log.exception("job %s stumbled", job_id)
        return await midway.stumble(jobs, lease)
    finally:
        jobs.let_go(job_id, lease.token)


# Steps return seconds to wait, ENDED at the job's end, or None to go straight on.


async def _slice(jobs: Jobs, lease: Lease) -> float | None:
    while True:
        jobs.keep_alive(lease.job_id, lease.token)
        scene = await _look(jobs, lease)
        if scene.job.state == JobState.CANCELLING:
            wait = await _cancel(jobs, lease, scene)
        else:
            wait = await _step(jobs, lease, scene)
        if wait is not None:
            return wait if wait >= 0 else None


async def _step(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    try:
        if scene.attempt is None:
            return await _begin(jobs, lease, scene)
        if scene.attempt.state == AttemptState.ACCEPTED:
            return await _check(jobs, lease, scene, scene.attempt)
        return await _reconcile(jobs, lease, scene, scene.attempt)
    except SkipCandidate as skip:
        await midway.give_way(jobs, lease, scene.leg, scene.attempt, str(skip))
        return None
    except (WorkRefused, UserFault) as refused:
        if refused.code == "STORAGE_UNAVAILABLE":
            return await midway.wait_for(jobs, lease, scene.leg, refused.message, STORE_SECONDS)
        await endings.refuse(jobs, lease, scene.attempt, refused.code, refused.message, refused.fix)
        return ENDED


@one_transaction
async def _look(jobs: Jobs, lease: Lease) -> Scene:
    async with jobs.db.reading() as session:
        job = await session.get(Job, lease.job_id)
        if job is None or job.lease_token != lease.token:
            raise Fenced(lease.job_id)
        leg = next(leg for leg in job.legs if leg.state in (LegState.PENDING, LegState.RUNNING))
        mine = (Attempt.job_id == job.id, Attempt.leg == leg.n, Attempt.state.in_(OPEN_ATTEMPTS))
        latest = select(Attempt).where(*mine).order_by(Attempt.number.desc()).limit(1)
        return Scene(job, leg, (await session.scalars(latest)).one_or_none())


# Placing an order.


async def _begin(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    """Prepare the leg's order and place it with the next candidate."""
    candidates = scene.leg.route["candidates"]
    if scene.leg.candidate >= len(candidates):
        reason = scene.leg.result.get("last_error") or "No provider took it."
        message = f"Every provider failed. The last one said: {reason}"
        fix = "Try again later; nothing was charged."
        await endings.refuse(jobs, lease, None, "PROVIDERS_EXHAUSTED", message, fix)
        return ENDED
    chosen = candidates[scene.leg.candidate]
    provider = jobs.catalog.find(chosen["provider"])
    offer = provider.offer(chosen["offer"]) if provider else None
    if provider is None or offer is None:
        raise SkipCandidate(f"{chosen['provider']} is not installed any more")
    rest = await jobs.rests.find(provider.id)
    if rest is not None:
        return await _let_rest(jobs, lease, scene, offer, rest)
    try:
        if offer.limits.max_concurrent is not None:
            async with jobs.db.reading() as session:
                await look_for_place(session, provider.id, offer)
        job = await midway.begin(jobs, lease, scene.leg)
        order = await jobs.works[job.kind].order(
            open_bench(jobs, lease, job, job.leg(scene.leg.n), provider.id)
        )
        _check_cost(job.leg(scene.leg.n), offer, order, f"{provider.id}/{offer.id}")
        attempt = await midway.send(jobs, lease, scene.leg, provider, offer, new_id())
    except Full as full:
        return await _queue_up(jobs, lease, scene, offer, str(full))
    if attempt is None:
        return None
    return await _place(jobs, lease, scene, Placed(attempt, provider, offer), order)


def _check_cost(leg: Leg, offer: Offer, order: Order, name: str) -> None:
    """Nothing is sent to a vendor that has become dearer than what was quoted (V11)."""
    if bills.has_become_dearer(offer, order, leg.quote, name):
        raise SkipCandidate(f"{name} costs more now than what was quoted; ask again for a new quote")


async def _let_rest(jobs: Jobs, lease: Lease, scene: Scene, offer: Offer, rest: Rest) -> float | None:
    """One that is down is passed over for the next, one that is busy is waited for: so is the last one of all."""
    candidates = scene.leg.route["candidates"]
    why = f"{candidates[scene.leg.candidate]['provider']} is {'unavailable' if rest.down else 'busy'}"
    others = scene.leg.candidate + 1 < len(candidates)
    if (rest.down and others) or await midway.has_waited(jobs, scene.job, offer.give_up_after):
        await midway.give_way(jobs, lease, scene.leg, None, why)
        return None
    # Looked at again before a long rest is over: this job may tire of it sooner.
    return await midway.wait_for(jobs, lease, scene.leg, why, min(rest.seconds, LONGEST_BUSY))


async def _queue_up(jobs: Jobs, lease: Lease, scene: Scene, offer: Offer, why: str) -> float | None:
    """For a place at an offer that has its hands full. Who has no other one to go to waits as long as it takes."""
    if await _has_tired(jobs, scene, offer):
        await midway.give_way(jobs, lease, scene.leg, None, why)
        return None
    again = await look_again_in(jobs, f"WAITING_FOR_{scene.leg.name}")
    return await midway.wait_for(jobs, lease, scene.leg, why, again)


async def _has_tired(jobs: Jobs, scene: Scene, offer: Offer) -> bool:
    others = scene.leg.candidate + 1 < len(scene.leg.route["candidates"])
    return others and await midway.has_waited(jobs, scene.job, offer.give_up_after)


async def _place(jobs: Jobs, lease: Lease, scene: Scene, placed: Placed, order: Order) -> float | None:
    call = lend(jobs, scene.job, placed.attempt, START_SECONDS)
    await renew(jobs, lease)
    jobs.keep_alive(lease.job_id, lease.token)
    answer = await ask_start(placed.provider, placed.offer, order, call)
    if isinstance(answer, Trouble):
        if answer.paced and not await _has_tired(jobs, scene, placed.offer):
            seconds = midway.pause_seconds(0, answer.retry_after)
            return await midway.stand_back(jobs, lease, placed.attempt, answer.why, seconds)
        return await _not_placed(jobs, lease, scene, placed.attempt, answer)
    if isinstance(answer, Delivery):
        await asyncio.to_thread(remember, call.folder, answer)
    return await _taken(jobs, lease, scene, placed, order, answer)


async def _taken(
    jobs: Jobs, lease: Lease, scene: Scene, placed: Placed, order: Order, answer: Ticket | Delivery
) -> float | None:
    if isinstance(answer, Delivery):
        return await _keep(jobs, lease, scene, placed, order, answer)
    fault = ticket_fault(answer)
    if fault is not None:
        await endings.breach(jobs, lease, placed.attempt, fault, endings.Bill(placed.offer, order=order))
        return ENDED
    answer = await soon_if_knocked(jobs, placed.provider, placed.attempt.id, answer)
    return await midway.accept(jobs, lease, placed.attempt, answer)


async def _not_placed(
    jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt, trouble: Trouble
) -> float | None:
    placed = _placed(jobs, attempt)
    at_no_cost = trouble.kind is Kind.UNAVAILABLE and placed is not None and placed.free
    if attempt.starts > 1 and trouble.kind in (Kind.BUSY, Kind.UNAVAILABLE) and not at_no_cost:
        # An earlier sending may have been accepted: under another key, or elsewhere, it would be paid again.
        return await _later(jobs, lease, scene, attempt, trouble.why, trouble.retry_after)
    match trouble.kind:
        case Kind.BUSY if trouble.paced:
            await midway.give_way(jobs, lease, scene.leg, attempt, trouble.why)
            return None
        case Kind.BUSY:
            seconds = midway.pause_seconds(attempt.busy, trouble.retry_after)
            await jobs.rests.begin(attempt.provider, seconds)
            return await midway.rest(jobs, lease, attempt, trouble.why, seconds)
        case Kind.UNAVAILABLE:
            seconds = seconds_of(trouble.retry_after, DOWN_SECONDS, LONGEST_DOWN, DOWN_SECONDS)
            await jobs.rests.begin(attempt.provider, seconds, down=True)
            await midway.give_way(jobs, lease, scene.leg, attempt, trouble.why)
            return None
        case Kind.UNKNOWN:
            return await midway.lose(jobs, lease, attempt, trouble.why)
        case _:
            return await _end_on(jobs, lease, scene, attempt, trouble)


async def _end_on(jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt, trouble: Trouble) -> float | None:
    """The vendor's last word, or a plugin that cannot be talked to. A voice that is gone there may have a twin."""
    if trouble.code == VOICE_GONE:
        await midway.lose_voice(jobs, lease, attempt, trouble.why)
    bill = _billed(_placed(jobs, attempt), trouble)
    others = scene.leg.candidate + 1 < len(scene.leg.route["candidates"])
    if others and (trouble.elsewhere or trouble.code == VOICE_GONE):
        await midway.give_way(jobs, lease, scene.leg, attempt, trouble.why, bill)
        return None
    if trouble.kind is Kind.BREACH:
        await endings.breach(jobs, lease, attempt, trouble.why)
    else:
        fix = _FIXES.get(
            trouble.code, "Ask again later." if trouble.elsewhere else "Change the input and ask again."
        )
        await endings.refuse(jobs, lease, attempt, trouble.code, trouble.why, fix, bill)
    return ENDED


async def _keep(
    jobs: Jobs, lease: Lease, scene: Scene, placed: Placed, order: Order | None, delivery: Delivery
) -> float | None:
    jobs.keep_alive(lease.job_id, lease.token)
    try:
        if is_remote(delivery):
            await open_bench(jobs, lease, scene.job, scene.leg, placed.attempt.provider).stage(
                f"FETCHING_{scene.leg.name}", 0.85
            )
            delivery = await fetched(
                jobs, lease, placed.attempt, delivery, () if _may_ask_again(placed) else LAST_PAUSES
            )
        return await endings.keep(jobs, lease, placed.attempt, placed.offer, delivery, order)
    except Unfetched as trouble:
        bill = endings.Bill(placed.offer, delivery.billed_cost, order)
        return await _not_fetched(jobs, lease, scene, placed, bill, trouble)
    except endings.StoreAway as away:
        return await _later(jobs, lease, scene, placed.attempt, str(away))


def _may_ask_again(placed: Placed) -> bool:
    """Whether the vendor can be asked for the same work once more, without paying for it again."""
    return placed.attempt.state == AttemptState.ACCEPTED or placed.safety is not PaymentSafety.BLIND


async def _not_fetched(
    jobs: Jobs, lease: Lease, scene: Scene, placed: Placed, bill: endings.Bill, trouble: Unfetched
) -> float:
    """The vendor made it, it is paid, and it is not here."""
    attempt, cancelling = placed.attempt, scene.job.state == JobState.CANCELLING
    left = attempt.busy < FETCHES and (attempt.state == AttemptState.ACCEPTED or attempt.starts < STARTS)
    again = left and not trouble.final and not cancelling and _may_ask_again(placed)
    if again and not await midway.is_overdue(jobs, attempt):
        return await midway.pause(jobs, lease, attempt, str(trouble), None)
    if cancelling:
        await endings.cancel(jobs, lease, attempt, bill)
    else:
        message = f"{placed.provider.name} says it is done, but its file could not be fetched: {trouble}."
        await endings.refuse(
            jobs, lease, attempt, "DELIVERY_LOST", message, "Ask again; nothing was charged.", bill
        )
    return ENDED


# Following one that was accepted.


async def _check(jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt) -> float | None:
    placed = _placed(jobs, attempt)
    if placed is None:
        return await _later(jobs, lease, scene, attempt, "it is not installed here", 30)
    answer = await ask_check(placed.provider, placed.ticket, lend(jobs, scene.job, attempt, CHECK_SECONDS))
    if isinstance(answer, Delivery):
        return await _keep(jobs, lease, scene, placed, None, answer)
    if isinstance(answer, Trouble):
        return await _not_known(jobs, lease, scene, attempt, answer)
    if await midway.is_overdue(jobs, attempt):
        return await _give_up(jobs, lease, scene, attempt)
    answer = await soon_if_knocked(jobs, placed.provider, attempt.id, answer)
    return await midway.report(jobs, lease, attempt, answer)


async def _not_known(
    jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt, trouble: Trouble
) -> float | None:
    match trouble.kind:
        case Kind.REJECTED | Kind.BREACH:
            return await _end_on(jobs, lease, scene, attempt, trouble)
        case Kind.UNKNOWN:
            return await midway.lose(jobs, lease, attempt, trouble.why)
        case _:
            return await _later(jobs, lease, scene, attempt, trouble.why, trouble.retry_after)


async def _later(
    jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt, why: str, retry_after: object = None
) -> float:
    """Trouble with an order that may be paid: only the time its offer gives itself ends that."""
    if await midway.is_overdue(jobs, attempt):
        return await _give_up(jobs, lease, scene, attempt)
    return await midway.pause(jobs, lease, attempt, why, retry_after)


async def _give_up(jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt) -> float:
    placed, bill = _placed(jobs, attempt), None
    if placed is not None and attempt.ticket is not None:
        bill = await _stop(placed, lend(jobs, scene.job, attempt, CHECK_SECONDS))
    await endings.give_up(jobs, lease, attempt, bill)
    return ENDED


async def _stop(placed: Placed, call: LentCall) -> endings.Bill | None:
    """Tell the vendor. What it does not confirm to have stopped, it will bill."""
    trouble = await tell_cancel(placed.provider, placed.ticket, call)
    return endings.Bill(placed.offer, trouble.billed) if trouble is not None else None


# Finding out about one that may have been accepted.


async def _reconcile(jobs: Jobs, lease: Lease, scene: Scene, attempt: Attempt) -> float | None:
    """An order was sent and nobody knows what became of it."""
    placed = _placed(jobs, attempt)
    if placed is None:
        return await _later(jobs, lease, scene, attempt, "it is not installed here", 30)
    known = await asyncio.to_thread(recall, folder_of(jobs, attempt.id))
    if known is not None:
        return await _keep(jobs, lease, scene, placed, None, known)
    if placed.safety is PaymentSafety.BLIND:
        await endings.park(jobs, lease, attempt)
        return ENDED
    bench = open_bench(jobs, lease, scene.job, scene.leg, attempt.provider)
    order = await jobs.works[scene.job.kind].order(bench)
    if placed.safety is PaymentSafety.FINDABLE:
        call = lend(jobs, scene.job, attempt, CHECK_SECONDS)
        found = await ask_find(placed.provider, placed.offer, order, call)
        if isinstance(found, Trouble):
            return await _not_known(jobs, lease, scene, attempt, found)
        if found is not None:
            return await _taken(jobs, lease, scene, placed, order, found)
    if attempt.starts >= STARTS:
        why = f"{attempt.provider} lost the order three times"
        await midway.give_way(jobs, lease, scene.leg, attempt, why)
        return None
    again = await midway.send_again(jobs, lease, attempt)
    return await _place(jobs, lease, scene, replace(placed, attempt=again), order)


# Stopping.


async def _cancel(jobs: Jobs, lease: Lease, scene: Scene) -> float | None:
    """Tell the provider, unless it turns out to have finished: then the job has succeeded, late."""
    attempt, bill = scene.attempt, None
    placed = _placed(jobs, attempt) if attempt is not None else None
    if attempt is not None and attempt.state != AttemptState.ACCEPTED:
        if placed is None or placed.safety is PaymentSafety.BLIND:
            await endings.park(jobs, lease, attempt)
            return ENDED
    elif placed is not None:
        call = lend(jobs, scene.job, placed.attempt, CHECK_SECONDS)
        answer = await ask_check(placed.provider, placed.ticket, call)
        if isinstance(answer, Delivery):
            return await _keep(jobs, lease, scene, placed, None, answer)
        if isinstance(answer, Trouble) and answer.kind is Kind.REJECTED:
            bill = _billed(placed, answer)
        else:
            bill = await _stop(placed, call)
    await endings.cancel(jobs, lease, attempt, bill)
    return ENDED


def _billed(placed: Placed | None, refusal: Trouble) -> endings.Bill | None:
    """A refusal costs what the vendor says, and nothing if it does not say."""
    return endings.Bill(placed.offer, refusal.billed) if placed and refusal.billed is not None else None


def _placed(jobs: Jobs, attempt: Attempt) -> Placed | None:
    """``None`` where the provider is not installed (any more)."""
    provider = jobs.catalog.find(attempt.provider)
    offer = provider.offer(attempt.offer) if provider else None
    return Placed(attempt, provider, offer) if provider and offer else None
