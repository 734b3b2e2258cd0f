"""What jobs of the past would have come to by another tiers file: the lengths that were measured then, its prices,
its gates and its caps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.ledger import Period
from persona_graph.catalog import prices
from persona_graph.catalog.tiers import Feature, Tier, Tiers
from persona_graph.errors import InvalidInput
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import Attempt, Job, Leg, LegState
from persona_graph.provider import Capability

BATCH = 500
_ZERO = Decimal(0)


@dataclass(slots=True)
class Difference:
    """One account on one tier: what it was charged, and what it would have been. ``refused`` jobs are not part of
    the tier in that file, ``over_cap`` ones did not fit into the month; neither would have been charged."""

    tier: str
    account_id: str
    account: str
    jobs: int = 0
    charged: Decimal = _ZERO
    would_be: Decimal = _ZERO
    refused: int = 0
    over_cap: int = 0

    @property
    def difference(self) -> Decimal:
        return self.would_be - self.charged


async def replay(session: AsyncSession, tiers: Tiers, since: datetime | None = None) -> list[Difference]:
    """By tier, then by account. Only jobs that succeeded were charged, and so only they are replayed; what was
    served again from the store is left out, as it is charged by no tier."""
    found: dict[tuple[str, str], Difference] = {}
    spent: dict[tuple[str, datetime], Decimal] = {}
    async for job, name in _charged_jobs(session, since):
        line = found.setdefault((job.tier, job.account_id), Difference(job.tier, job.account_id, name))
        line.jobs += 1
        line.charged += job.settled
        tier = tiers.tiers.get(job.tier)
        price = None if tier is None else _price(job, tier)
        if tier is None or price is None:
            line.refused += 1
            continue
        month = (job.account_id, Period.month(job.ended_at or job.created_at).start)
        so_far = spent.get(month, _ZERO)
        if price and tier.cap is not None and so_far + price > tier.cap:
            line.over_cap += 1
            continue
        spent[month] = so_far + price
        line.would_be += price
    return sorted(found.values(), key=lambda line: (line.tier, line.account, line.account_id))


async def _charged_jobs(session: AsyncSession, since: datetime | None) -> AsyncIterator[Row[Job, str]]:
    after = ""
    worked = select(Attempt.id).where(Attempt.job_id == Job.id).exists()
    rows = select(Job, Account.name).join(Account, Account.id == Job.account_id)
    rows = rows.where(Job.state == JobState.SUCCEEDED, worked)
    if since is not None:
        rows = rows.where(Job.ended_at >= since)
    while True:
        page = (await session.execute(rows.where(Job.id > after).order_by(Job.id).limit(BATCH))).all()
        for row in page:
            yield row
        if len(page) < BATCH:
            return
        after = page[-1][0].id
        session.expunge_all()


def _price(job: Job, tier: Tier) -> Decimal | None:
    """``None`` if the tier would not have done it."""
    if job.kind is JobKind.AVATAR and not tier.allows(Feature.AVATAR):
        return None
    total = _ZERO
    for leg in (each for each in job.legs if each.state == LegState.DONE):
        video = leg.capability is Capability.TALKING_VIDEO
        seconds = float(leg.result.get("seconds", 0.0))
        if _is_included(job, leg):
            continue
        if not tier.allows(Feature(leg.capability.value), seconds if video else None):
            return None
        try:
            agreed = prices.terms(tier, leg.capability, resolution=_resolution(job, leg))
        except InvalidInput:
            return None
        total += agreed.price(seconds=seconds, characters=int(leg.result.get("characters", 0)))
    return total


def _is_included(job: Job, leg: Leg) -> bool:
    """Jobs of earlier versions did not note it."""
    return bool(leg.quote.get("included", leg.name == "PREVIEW" or job.kind is JobKind.AVATAR))


def _resolution(job: Job, leg: Leg) -> str:
    return str(leg.quote.get("resolution") or job.spec.get("resolution") or "480p")


def total(lines: Sequence[Difference]) -> Difference:
    whole = Difference("", "", "")
    for line in lines:
        whole.jobs, whole.refused, whole.over_cap = (
            whole.jobs + line.jobs, whole.refused + line.refused, whole.over_cap + line.over_cap,
        )  # fmt: skip
        whole.charged, whole.would_be = whole.charged + line.charged, whole.would_be + line.would_be
    return whole
