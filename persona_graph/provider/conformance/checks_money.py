"""Nothing is paid twice, and what was given up is given up."""

from __future__ import annotations

from persona_graph.provider.conformance import faults as line_faults
from persona_graph.provider.conformance.call import KitCall
from persona_graph.provider.conformance.checks import Bench, NotApplicable, NotMeasured, check_offers
from persona_graph.provider.conformance.checks_trouble import misnamed, places
from persona_graph.provider.conformance.faults import Fault
from persona_graph.provider.conformance.runs import Run, Stage, staged
from persona_graph.provider.errors import OrderRejected, OutcomeUnknown, ProviderBusy
from persona_graph.provider.offers import Capability, Cost, Offer, PaymentSafety
from persona_graph.provider.orders import Order

DROPPED = line_faults.LOST[1]
LISTED_WITHIN = 60.0


def _is_free(cost: Cost) -> bool:
    amounts = (cost.per_run, cost.per_1000_chars, cost.per_block, *dict(cost.per_block_at).values())
    return not any(amounts)


async def _paying(bench: Bench, offer: Offer) -> int:
    """The request of ``start`` that takes the paid order."""
    run = await bench.run(offer)
    if run.paying is None and _is_free(offer.cost):
        raise NotApplicable("it costs nothing")
    if run.paying is None:
        raise NotMeasured(
            "count paid orders in the vendor: vendor.charge(), or paid= of an emulator's ledger"
        )
    if run.paying >= run.started_with:
        raise NotApplicable("nothing is paid for in start")
    return run.paying


@check_offers("a lost answer to the paying request is OutcomeUnknown", essential=True)
async def test_a_lost_answer_is_an_unknown_outcome(bench: Bench, offer: Offer) -> list[str]:
    paying, wrong = await _paying(bench, offer), list[str]()
    for at in await places(bench, offer):
        if at == paying:
            wrong += await misnamed(bench, offer, line_faults.LOST, at, paid=True)
        elif at > paying:
            every = (*line_faults.NOT_SENT, *line_faults.BUSY, *line_faults.AWAY, *line_faults.LOST)
            wrong += await misnamed(bench, offer, every, at, paid=True)
    return wrong


@check_offers("a repeated start is paid once, as KEYED promises (P8)", essential=True)
async def test_a_repeated_start_pays_once(bench: Bench, offer: Offer) -> list[str]:
    if offer.payment_safety is not PaymentSafety.KEYED:
        raise NotApplicable(f"payment is {offer.payment_safety}, so the core never repeats a start")
    run = await bench.run(offer)
    if run.paid is None and _is_free(offer.cost) and not run.heard:
        raise NotApplicable("it costs nothing and asks nobody")
    if run.paid is None:
        raise NotMeasured(
            "count accepted orders: vendor.charge(key), a ledger's paid=, or the suite's paid()"
        )
    if not run.paid:
        raise NotApplicable("nothing is accepted that could be paid twice")
    with staged(bench.suite, bench.memory, _lost(run), run.paying or 0) as stage:
        first = await stage.start(offer)
        stage.line.fault = None
        again = await stage.start(offer, order=first.order)
        paid = stage.paid()
        if not again.answered:
            return [
                f"the second start with the same key ends with {again.error!r}; answer as if the first had been heard"
            ]
        if paid != 1:
            return [
                f"{paid} orders were accepted for one idempotency_key; send call.idempotency_key so that the vendor honours it, or do not claim KEYED"
            ]
        await stage.follow(again)
        if again.delivery is None:
            return ["what the second start found is never delivered"]
    return await _other_keys_pay(bench, offer)


def _lost(run: Run) -> Fault | None:
    return DROPPED if run.paying is not None and run.paying < run.started_with else None


async def _other_keys_pay(bench: Bench, offer: Offer) -> list[str]:
    with staged(bench.suite, bench.memory) as stage:
        first = await stage.start(offer)
        other = stage.another("kit-key-2")
        second = await stage.start(offer, other, first.order)
        counted = stage.paid() == 2 if stage.line.vendor is not None else second.answered
        for run, call in ((first, stage.call), (second, other)):
            await _given_up(stage, run, call)
    return (
        []
        if counted
        else ["another idempotency_key is taken for the same order; two jobs would share one result"]
    )


async def _given_up(stage: Stage, run: Run, call: KitCall) -> None:
    """Nobody waits for it; what it says about that is another check's."""
    if (ticket := run.ticket) is not None:
        await stage.asked(Run(run.offer), "cancel", lambda: stage.provider().cancel(ticket, call))


@check_offers("find adopts what was accepted, and never orders again", essential=True)
async def test_find_adopts_instead_of_repeating(bench: Bench, offer: Offer) -> list[str]:
    if offer.payment_safety is not PaymentSafety.FINDABLE:
        return await _find_only_looks(bench, offer)
    paying = await _paying(bench, offer)
    with staged(bench.suite, bench.memory, DROPPED, paying) as stage:
        first = await stage.start(offer)
        if not isinstance(first.error, OutcomeUnknown):
            return ["its start does not say OutcomeUnknown, so find is never asked"]
        stage.line.fault = None
        assert first.order is not None
        elsewhere = stage.call.folder.parent / "elsewhere"
        elsewhere.mkdir()
        stage.call = stage.call.elsewhere(elsewhere)
        found = await stage.find(offer, first.order, stage.call)
        if not found.answered:
            return [f"find does not find the order that the vendor has: {found.error or 'it says None'}"]
        await stage.follow(found)
        if stage.paid() != 1:
            return [f"{stage.paid()} orders were paid for where find was to look up one"]
        if found.delivery is None:
            return ["what find found is never delivered"]
    return await _find_only_looks(bench, offer)


async def _find_only_looks(bench: Bench, offer: Offer) -> list[str]:
    await bench.run(offer)
    with staged(bench.suite, bench.memory) as stage:
        order = bench.suite.order(offer, stage.call)
        found = await _found_for_sure(stage, offer, order)
        if stage.paid():
            return ["find placed an order; it may only look"]
        if found.error is not None:
            return [
                *found.faults,
                f"find of an order that was never placed raises {found.error!r}; answer None",
            ]
        if found.answered:
            return ["find finds an order that was never placed; it would hand out somebody else's"]
    return []


async def _found_for_sure(stage: Stage, offer: Offer, order: Order) -> Run:
    """Where a vendor lists what it took only after a while, ``find`` may ask to be called once more."""
    found = await stage.find(offer, order, stage.call)
    if isinstance(found.error, ProviderBusy):
        seconds = found.error.retry_after or LISTED_WITHIN
        await stage.wait(seconds)
        stage.call = stage.call.later(seconds)
        found = await stage.find(offer, order, stage.call)
    return found


@check_offers("cancelling twice, and after the end, is harmless")
async def test_cancelling_twice_is_harmless(bench: Bench, offer: Offer) -> list[str]:
    finished = await bench.run(offer)
    if finished.ticket is None:
        raise NotApplicable("start delivers at once")
    wrong = list[str]()
    with staged(bench.suite, bench.memory) as stage:
        run = await stage.start(offer)
        for time in ("first", "second"):
            wrong += await _cancelled(stage, run, f"the {time} cancel")
    with staged(bench.suite, bench.memory) as stage:
        run = await stage.follow(await stage.start(offer))
        wrong += await _cancelled(stage, run, "a cancel after the delivery")
    return wrong


async def _cancelled(stage: Stage, run: Run, what: str) -> list[str]:
    assert run.ticket is not None
    ticket = run.ticket
    silent = Run(run.offer)
    await stage.asked(silent, what, lambda: stage.provider().cancel(ticket, stage.call))
    if silent.error is None or _says_its_bill(silent.error):
        return []
    return [f"{what} raises {silent.error!r}; cancel is harmless"]


def _says_its_bill(error: BaseException) -> bool:
    """A vendor that does not stop, and bills it: the one thing that a cancel may raise every time."""
    return isinstance(error, OrderRejected) and error.billed_cost is not None


@check_offers("forgetting a voice twice is harmless")
async def test_forgetting_a_voice_twice_is_harmless(bench: Bench, offer: Offer) -> list[str]:
    if offer.capability is not Capability.VOICE_TRAINING:
        raise NotApplicable("it trains no voice")
    with staged(bench.suite, bench.memory) as stage:
        run = await stage.follow(await stage.start(offer))
        if run.delivery is None or not run.delivery.vendor_voice:
            raise NotMeasured("no voice was delivered")
        voice, wrong = run.delivery.vendor_voice, list[str]()
        for time in ("first", "second"):
            silent = Run(offer)
            await stage.asked(
                silent, "forget_voice", lambda: stage.provider().forget_voice(voice, stage.call)
            )
            unsupported = isinstance(silent.error, OutcomeUnknown) and not offer.data_use.deletion_supported
            if silent.error and not unsupported:
                wrong.append(
                    f"the {time} forget_voice raises {silent.error!r}; a voice that is gone is forgotten"
                )
    return wrong
