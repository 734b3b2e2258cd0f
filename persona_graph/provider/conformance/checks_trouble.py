"""Trouble at the vendor and on the way to it, and what the core has to be told then."""

from __future__ import annotations

from collections.abc import Sequence

from persona_graph.provider.conformance import faults as line_faults
from persona_graph.provider.conformance.checks import Bench, NotApplicable, check_offers
from persona_graph.provider.conformance.faults import Fault, Meaning
from persona_graph.provider.conformance.runs import Run, Stage, staged, told_to_stop
from persona_graph.provider.errors import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from persona_graph.provider.offers import Offer

MOST_PLACES = 6
PATIENCE = 0.2

# What each trouble may be called while nothing can have been accepted yet.
BEFORE: dict[Meaning, tuple[type[ProviderError], ...]] = {
    Meaning.NOT_SENT: (ProviderBusy, ProviderUnavailable),
    Meaning.BUSY: (ProviderBusy,),
    Meaning.KEY: (ProviderUnavailable,),
    Meaning.AWAY: (ProviderBusy, ProviderUnavailable, OutcomeUnknown),
    Meaning.REFUSED: (OrderRejected, ProviderBusy, ProviderUnavailable, OutcomeUnknown),
    Meaning.LOST: (ProviderBusy, ProviderUnavailable, OutcomeUnknown),
}


async def start_under(bench: Bench, offer: Offer, fault: Fault, at: int) -> Run:
    with staged(bench.suite, bench.memory, fault, at) as stage:
        return await stage.start(offer)


async def places(bench: Bench, offer: Offer) -> range:
    """The numbers of the requests that ``start`` makes."""
    run = await bench.run(offer)
    if not run.started_with:
        raise NotApplicable("start asks nobody")
    return range(min(run.started_with, MOST_PLACES))


async def misnamed(bench: Bench, offer: Offer, faults: Sequence[Fault], at: int, *, paid: bool) -> list[str]:
    """The faults at one request that ``start`` calls by a wrong name. ``paid``: an order stands by then."""
    wrong = []
    for fault in faults:
        run = await start_under(bench, offer, fault, at)
        allowed = (OutcomeUnknown,) if paid else BEFORE[fault.meaning]
        if run.answered or (run.error is not None and type(run.error) in allowed):
            continue
        wanted = " or ".join(kind.__name__ for kind in allowed)
        got = type(run.error).__name__ if run.error else "no answer"
        wrong.append(f"{fault.name} at request {at + 1} of start gives {got}; raise {wanted}")
    return wrong


async def _at_every_place(bench: Bench, offer: Offer, *faults: Fault) -> list[str]:
    """Up to the one that pays; what goes wrong after it is another check's."""
    every, paying = await places(bench, offer), (await bench.run(offer)).paying
    wrong = []
    for at in every:
        if paying is None or at <= paying:
            wrong += await misnamed(bench, offer, faults, at, paid=False)
    return wrong


@check_offers("a vendor that cannot be reached is busy or unavailable")
async def test_not_reached_means_not_accepted(bench: Bench, offer: Offer) -> list[str]:
    return await _at_every_place(bench, offer, *line_faults.NOT_SENT, *line_faults.AWAY)


@check_offers("429 is ProviderBusy, with the wait the vendor asked for")
async def test_busy_is_told_with_its_wait(bench: Bench, offer: Offer) -> list[str]:
    wrong = await _at_every_place(bench, offer, *line_faults.BUSY)
    if wrong:
        return wrong
    for fault in (*line_faults.BUSY, *line_faults.ODD_WAITS):
        run = await start_under(bench, offer, fault, 0)
        if not isinstance(run.error, ProviderBusy):
            wrong.append(f"{fault.name} gives {type(run.error).__name__}; raise ProviderBusy")
        elif fault in line_faults.BUSY and run.error.retry_after != 7:
            wrong.append(f"{fault.name} gives retry_after={run.error.retry_after!r}; hand the 7 seconds on")
        elif not _is_wait(run.error.retry_after):
            wrong.append(f"{fault.name} gives retry_after={run.error.retry_after!r}; a number, or None")
    return wrong


def _is_wait(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and value == value)


@check_offers("a dead key or an empty account is ProviderUnavailable")
async def test_a_dead_key_rests_the_provider(bench: Bench, offer: Offer) -> list[str]:
    return await _at_every_place(bench, offer, *line_faults.KEY)


@check_offers("answers that are no answers, and refusals, are typed")
async def test_every_trouble_is_typed(bench: Bench, offer: Offer) -> list[str]:
    every, paying = await places(bench, offer), (await bench.run(offer)).paying
    wrong = []
    for at in every:
        if paying is None or at < paying:
            wrong += await misnamed(bench, offer, line_faults.LOST, at, paid=False)
        if paying is None or at <= paying:
            wrong += await misnamed(bench, offer, line_faults.REFUSED, at, paid=False)
    return wrong


@check_offers("once there is a ticket, trouble is always ProviderBusy", essential=True)
async def test_trouble_after_the_ticket_is_busy(bench: Bench, offer: Offer) -> list[str]:
    run = await bench.run(offer)
    if run.ticket is None:
        raise NotApplicable("start delivers at once")
    later = range(run.started_with, len(run.heard) - (1 if _fetches_from_outside(run) else 0))
    if not later:
        raise NotApplicable("check asks nobody")
    wrong = []
    for at in sorted({later[0], later[-1]}):
        for fault in (
            *line_faults.NOT_SENT,
            *line_faults.BUSY,
            *line_faults.KEY,
            *line_faults.AWAY,
            *line_faults.LOST,
        ):
            wrong += await _followed(bench, offer, fault, at)
    return wrong


def _fetches_from_outside(run: Run) -> bool:
    return run.delivery is not None and run.delivery.remote_url is not None


async def _followed(bench: Bench, offer: Offer, fault: Fault, at: int) -> list[str]:
    with staged(bench.suite, bench.memory, fault, at) as stage:
        run, errors = await stage.start(offer), list[BaseException]()
        if run.ticket is None:
            return []
        await _follow_a_little(stage, run, errors)
    told = [type(error).__name__ for error in errors if not isinstance(error, ProviderBusy)]
    if told:
        return [f"{fault.name} while checking gives {told[0]}; raise ProviderBusy: the work is paid for"]
    return [] if run.delivery else [f"after {fault.name} while checking, nothing is delivered any more"]


async def _follow_a_little(stage: Stage, run: Run, errors: list[BaseException]) -> None:
    """Until it is delivered; a provider that keeps failing is not asked for ever."""
    while run.delivery is None and len(errors) < 3:
        await stage.follow(run, _Limited(errors, 3))
        if run.faults:
            return


class _Limited(list[BaseException]):
    """Collects errors; the last one it takes ends the following."""

    def __init__(self, into: list[BaseException], most: int) -> None:
        super().__init__()
        self._into, self._most = into, most

    def append(self, error: BaseException) -> None:
        self._into.append(error)
        if len(self._into) >= self._most:
            raise _Enough


class _Enough(Exception):
    pass


@check_offers("when its time is up it stops, and asks nobody any more", essential=True)
async def test_it_stops_when_told(bench: Bench, offer: Offer) -> list[str]:
    wrong = []
    for at in await places(bench, offer):
        wrong += await told_to_stop(bench.suite, bench.memory, offer, at, PATIENCE)
    return wrong
