"""The ledger against the jobs: that what was held, charged and booked is what the jobs came to, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.ledger import Hold, Posting, PostingKind
from persona_graph.accounts.statements import Fault, balance, find_faults
from persona_graph.catalog.prices import Quote
from persona_graph.jobs.states import TERMINAL, JobState
from persona_graph.jobs.tables import Attempt, Job, Leg, LegState

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Audit:
    """``books`` are the house's, each with its debits less its credits; they add up to zero."""

    postings: int
    accounts: int
    jobs: int
    books: dict[str, Decimal]
    faults: tuple[Fault, ...]


async def audit(session: AsyncSession) -> Audit:
    """Everything there is, looked at."""
    counted = select(
        func.count(), func.count(Posting.account_id.distinct()), func.count(Posting.job_id.distinct())
    )
    postings, accounts, jobs = (await session.execute(counted)).one()
    ended = select(Job.id).where(Job.state.in_(TERMINAL))
    faults = [*await find_faults(session, ended), *await _against_jobs(session)]
    return Audit(postings, accounts, jobs, await balance(session), tuple(faults))


async def _against_jobs(session: AsyncSession) -> list[Fault]:
    faults: list[Fault] = []
    for what, rows in _rules().items():
        faults += [Fault(what, job, leg) for job, leg in (await session.execute(rows)).all()]
    return faults + await _other_prices(session)


def _rules() -> dict[str, Select[str, int]]:
    """What is wrong, and the legs where it is."""
    legs = select(Leg.job_id, Leg.n).join(Job, Job.id == Leg.job_id)
    open_ = Job.state.not_in(TERMINAL)
    postings = select(Posting.job_id, Posting.leg)
    cost = and_(
        Posting.kind == PostingKind.COST, Posting.job_id == Attempt.job_id, Posting.leg == Attempt.leg,
        Posting.attempt == Attempt.number,
    )  # fmt: skip
    same_cost = cost & (Posting.amount == Attempt.cost) & Posting.debit.endswith(":" + Attempt.provider)
    return {
        "charged, though its job did not succeed": postings.join(Job, Job.id == Posting.job_id).where(
            Posting.kind == PostingKind.SETTLE, Job.state != JobState.SUCCEEDED
        ),
        "it is done in a job that succeeded, and its price was not charged": legs.where(
            Job.state == JobState.SUCCEEDED,
            Leg.state == LegState.DONE,
            ~_posted(PostingKind.SETTLE, Posting.amount == Leg.price),
        ),
        "charged, though it was not done": legs.where(
            Leg.state != LegState.DONE, _posted(PostingKind.SETTLE, Posting.amount >= 0)
        ),
        "it is missing from a job that succeeded, and that may not be": legs.where(
            Job.state == JobState.SUCCEEDED, Leg.state != LegState.DONE, ~Leg.optional
        ),
        "reserved another amount than was quoted": legs.where(
            ~_posted(PostingKind.RESERVE, Posting.amount == Leg.reserved)
        ),
        "its job goes on, and nothing holds its money": legs.where(
            open_, ~select(Hold.job_id).where(Hold.job_id == Leg.job_id, Hold.leg == Leg.n).exists()
        ),
        "it holds money for a job that is not there": select(Hold.job_id, Hold.leg).where(
            ~select(Job.id).where(Job.id == Hold.job_id).exists()
        ),
        "an attempt's cost was not booked as it was": select(Attempt.job_id, Attempt.leg).where(
            Attempt.cost.is_not(None), ~select(Posting.id).where(same_cost).exists()
        ),
        "a cost was booked that no attempt had": postings.join(Job, Job.id == Posting.job_id).where(
            Posting.kind == PostingKind.COST,
            ~select(Attempt.id).where(cost & Attempt.cost.is_not(None)).exists(),
        ),
        "paid by another account than its job's": postings.join(Job, Job.id == Posting.job_id).where(
            Posting.kind != PostingKind.GRANT, Posting.account_id != Job.account_id
        ),
    }


def _posted(kind: PostingKind, also: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = (Posting.job_id == Leg.job_id, Posting.leg == Leg.n, Posting.kind == kind)
    return select(Posting.id).where(*mine, also).exists()


async def _other_prices(session: AsyncSession) -> list[Fault]:
    """Legs whose charge is not what their quote's formula gives for what was measured."""
    faults: list[Fault] = []
    after = ""
    while True:
        jobs = (
            select(Job).where(Job.state == JobState.SUCCEEDED, Job.id > after).order_by(Job.id).limit(BATCH)
        )
        found = (await session.scalars(jobs)).all()
        for job in found:
            faults += [Fault(what, job.id, leg.n) for leg in job.legs if (what := _other_price(leg))]
        if len(found) < BATCH:
            return faults
        after = found[-1].id
        session.expunge_all()


def _other_price(leg: Leg) -> str | None:
    if "seconds" not in leg.result or leg.price is None or leg.state != LegState.DONE:
        return None
    measured = {"seconds": leg.result["seconds"], "characters": leg.result.get("characters", 0)}
    due = Quote.from_json(leg.quote).settle(**measured)
    return f"charged {leg.price}, and what was measured comes to {due}" if due != leg.price else None
