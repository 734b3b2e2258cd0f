"""From a request to a queued job: route, quote, idempotency, reservation and first event, one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Viewer
from persona_graph.catalog import bills, prices, routing
from persona_graph.db import Writing, new_id
from persona_graph.errors import IdempotencyMismatch, InvalidInput, SpendRefused
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.tables import IdempotencyKey, Job, Leg
from persona_graph.media.sentences import parts
from persona_graph.provider import Offer

KEY_LENGTH = 255


@dataclass(frozen=True)
class Paid:
    """What every paid mutation takes besides its input."""

    idempotency_key: str | None = None
    dry_run: bool = False
    max_price: Decimal | None = None

    def __post_init__(self) -> None:
        key = self.idempotency_key
        if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isprintable()):
            raise InvalidInput(
                message=f"idempotencyKey must have 1 to {KEY_LENGTH} printable characters.", path=("idempotencyKey",),
                fix="Use a fresh UUID for each new request, and the same one when you repeat it.",
            )  # fmt: skip
        if self.max_price is not None and not (self.max_price.is_finite() and self.max_price >= 0):
            raise InvalidInput(message="maxPrice must be an amount of at least 0.", path=("maxPrice",))


@dataclass(frozen=True)
class Request:
    """One paid request as the caller made it; its hash tells a repeat from another request."""

    operation: str
    input: Mapping[str, Any]
    paid: Paid

    @property
    def input_hash(self) -> str:
        canonical = orjson.dumps([self.operation, self.input], option=orjson.OPT_SORT_KEYS, default=str)
        return hashlib.sha256(canonical).hexdigest()


@dataclass(frozen=True)
class LegPlan:
    """One leg to come. ``span`` is the seconds of media it takes or makes; ``weight`` its share of progress. What
    other legs made is kept without one that is ``optional``."""

    name: str
    need: routing.Need
    weight: float
    span: prices.Span
    optional: bool = False


@dataclass(frozen=True)
class PlannedLeg:
    plan: LegPlan
    route: routing.Route
    quote: prices.Quote


@dataclass(frozen=True)
class Plan:
    """What a request would do, through whom, and for how much (USD)."""

    tier: str
    legs: tuple[PlannedLeg, ...]

    @property
    def price(self) -> Decimal:
        return sum((leg.quote.price_likely for leg in self.legs), Decimal(0))

    @property
    def price_ceiling(self) -> Decimal:
        return sum((leg.quote.price_ceiling for leg in self.legs), Decimal(0))


@dataclass(frozen=True)
class Subject:
    """What the job is about, as ``Node`` knows it."""

    kind: str
    id: str
    persona_id: str


def plan_legs(jobs: Jobs, tier: str, legs: Sequence[LegPlan]) -> Plan:
    """Route and price each leg. Raises TierRefused or NoProvider; reads nothing, writes nothing."""
    planned = []
    for leg in legs:
        route = routing.rank(leg.need, jobs.catalog, jobs.tiers).required()
        planned.append(PlannedLeg(leg, route, _quote(jobs, tier, leg, route)))
    return Plan(tier, tuple(planned))


def _quote(jobs: Jobs, tier: str, leg: LegPlan, route: routing.Route) -> prices.Quote:
    need, agreed = leg.need, prices.INCLUDED
    if not need.included:
        agreed = prices.terms(jobs.tiers.tier(tier), need.capability, resolution=need.resolution)

    def pieces(offer: Offer) -> Sequence[str]:
        """As they are cut when it is spoken."""
        most = offer.limits.max_chars
        fits = not most or len(need.script) <= most
        return [need.script] if fits else parts(need.script, most or 1, need.language)

    return prices.quote(
        agreed, route.offers(jobs.catalog), seconds=leg.span, characters=need.characters,
        resolution=need.resolution, pieces=pieces,
    )  # fmt: skip


async def earlier_job(session: AsyncSession, viewer: Viewer, request: Request) -> Job | None:
    """The job an earlier call with this idempotency key made. The account's row is locked by the caller."""
    if request.paid.idempotency_key is None or request.paid.dry_run:
        return None
    row = await session.get(IdempotencyKey, (viewer.account_id, request.paid.idempotency_key))
    if row is None:
        return None
    if row.operation != request.operation or row.input_hash != request.input_hash:
        raise IdempotencyMismatch(
            message=f"This idempotency key was used for another {row.operation} request.", path=("idempotencyKey",),
            fix="Use a fresh key for a new request; repeat the same input to get the same job.",
        )  # fmt: skip
    return await session.get_one(Job, row.job_id)


def check_ceiling(ceiling: Decimal, paid: Paid) -> None:
    if paid.max_price is not None and ceiling > paid.max_price:
        raise SpendRefused(
            code="PRICE_ABOVE_MAX", needed=ceiling, left=paid.max_price, path=("maxPrice",),
            message=f"This may cost up to ${ceiling}, above the given maxPrice of ${paid.max_price}.",
            fix="Raise maxPrice or shorten the input.",
        )  # fmt: skip


async def rehearsed(jobs: Jobs, session: AsyncSession, account: Account, plan: Plan, paid: Paid) -> bool:
    """Refuse what its price forbids; true if to know that is all that was asked for."""
    check_ceiling(plan.price_ceiling, paid)
    if paid.dry_run:
        await ledger.check_cap(session, account, plan.price_ceiling, jobs.tiers.monthly_cap)
    return paid.dry_run


async def open_job(
    jobs: Jobs, session: Writing, viewer: Viewer, account: Account, request: Request, kind: JobKind,
    subject: Subject, spec: dict[str, Any], plan: Plan,
) -> Job:  # fmt: skip
    """Queue the job and hold its money. ``account`` is locked by the caller."""
    job = Job(
        id=new_id(), account_id=account.id, persona_id=subject.persona_id, kind=kind, subject_kind=subject.kind,
        subject_id=subject.id, tier=plan.tier, asked_by=viewer.label, spec=spec,
        legs=[_leg(jobs, n, leg) for n, leg in enumerate(plan.legs)],
    )  # fmt: skip
    session.add(job)
    await session.flush()
    amounts = {leg.n: leg.reserved for leg in job.legs}
    await ledger.reserve_legs(session, account.id, job.id, amounts, cap_of=jobs.tiers.monthly_cap)
    if request.paid.idempotency_key is not None:
        session.add(
            IdempotencyKey(
                account_id=account.id, key=request.paid.idempotency_key, operation=request.operation,
                input_hash=request.input_hash, job_id=job.id,
            )
        )  # fmt: skip
    await append(session, jobs.doorbell, job, EventKind.STATE)
    session.after(lambda: jobs.doorbell.ring(job.id))
    return job


def _leg(jobs: Jobs, n: int, planned: PlannedLeg) -> Leg:
    """What cannot be told from the result is kept with the quote, for whoever prices the same work anew; and the
    vendors' prices, for whoever is about to pay them."""
    need = planned.plan.need
    offers = ((each, jobs.catalog.find_offer(each.provider, each.offer)) for each in planned.route.candidates)
    rates = {f"{each.provider}/{each.offer}": bills.rates_json(offer) for each, offer in offers if offer}
    about = {"included": need.included, "resolution": need.resolution, "rates": rates}
    return Leg(
        n=n, name=planned.plan.name, capability=planned.plan.need.capability, weight=planned.plan.weight,
        route=planned.route.to_json(), quote={**planned.quote.to_json(), **about},
        reserved=planned.quote.price_ceiling, optional=planned.plan.optional,
        result={},
    )  # fmt: skip
