"""Reading the books: balances, statements, and whether they can be right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, case, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.ledger import (
    AVAILABLE,
    DUE,
    GRANTS,
    HELD,
    PAYABLE,
    REVENUE,
    VENDOR_COST,
    ZERO,
    Hold,
    Period,
    Posting,
    PostingKind,
    total_of,
)
from persona_graph.db import Amount

# debit and credit of each kind; those of a vendor go on with its name
BOOKS = {
    PostingKind.RESERVE: (HELD, AVAILABLE),
    PostingKind.RELEASE: (AVAILABLE, HELD),
    PostingKind.SETTLE: (DUE, REVENUE),
    PostingKind.COST: (VENDOR_COST, PAYABLE),
    PostingKind.GRANT: (GRANTS, DUE),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the books, and where: at a posting, or at a leg of a job."""

    what: str
    job_id: str = ""
    leg: int | None = None
    posting_id: str = ""

    def __str__(self) -> str:
        if self.posting_id:
            return f"posting {self.posting_id}: {self.what}"
        return f"job {self.job_id}, leg {self.leg}: {self.what}" if self.job_id else self.what


@dataclass(frozen=True, slots=True)
class Line:
    """One leg on an account's statement: price and cost side by side. ``price`` is ``None`` while nothing was
    settled; ``held`` is what is still reserved."""

    job_id: str
    leg: int
    at: datetime
    held: Decimal
    price: Decimal | None
    cost: Decimal


async def balance(session: AsyncSession, account_id: str | None = None) -> dict[str, Decimal]:
    """Each book's debits less its credits, of one account or of the whole house. They add up to zero."""
    of = () if account_id is None else (Posting.account_id == account_id,)
    sides = union_all(
        select(Posting.debit.label("book"), Posting.amount.label("amount")).where(*of),
        select(Posting.credit.label("book"), (-Posting.amount).label("amount")).where(*of),
    ).subquery()
    total = func.sum(sides.c.amount, type_=Amount()).label("amount")
    rows = await session.execute(select(sides.c.book, total).group_by(sides.c.book).order_by(sides.c.book))
    return {row.book: row.amount for row in rows}


async def statement(session: AsyncSession, account_id: str, period: Period) -> list[Line]:
    """Every leg that moved money in the period, the latest first."""
    net_held = total_of(PostingKind.RESERVE), total_of(PostingKind.RELEASE)
    rows = await session.execute(
        select(
            Posting.job_id, Posting.leg, func.max(Posting.at), *net_held,
            total_of(PostingKind.SETTLE), total_of(PostingKind.COST),
        )
        .where(Posting.account_id == account_id, Posting.kind != PostingKind.GRANT)
        .group_by(Posting.job_id, Posting.leg)
        .having(func.max(Posting.at) >= period.start, func.max(Posting.at) < period.end)
        .order_by(func.max(Posting.at).desc(), Posting.job_id, Posting.leg)
    )  # fmt: skip
    return [
        Line(job, leg, at, (reserved or ZERO) - (released or ZERO), price, cost or ZERO)
        for job, leg, at, reserved, released, price, cost in rows
    ]


async def verify(session: AsyncSession, ended_jobs: Select[str] | None = None) -> list[str]:
    """``find_faults`` in words."""
    return [str(fault) for fault in await find_faults(session, ended_jobs)]


async def find_faults(session: AsyncSession, ended_jobs: Select[str] | None = None) -> list[Fault]:
    """What is wrong with the books; empty if nothing is. ``ended_jobs`` selects the ids of jobs that must
    not hold anything any more."""
    total = sum((await balance(session)).values(), ZERO)
    faults = [Fault(f"the books add up to {total}, not 0")] if total else []
    faults += await _wrong_books(session)
    faults += await _wrong_legs(session)
    faults += await _wrong_holds(session, ended_jobs)
    return faults


async def _wrong_books(session: AsyncSession) -> list[Fault]:
    wrong = [
        (Posting.kind == kind) & ~(Posting.debit.startswith(debit) & Posting.credit.startswith(credit))
        for kind, (debit, credit) in BOOKS.items()
    ]
    rows = await session.execute(select(Posting.id, Posting.kind).where(or_(*wrong, Posting.amount < ZERO)))
    return [Fault(f"{kind} between the wrong books or below 0", posting_id=id) for id, kind in rows]


async def _wrong_legs(session: AsyncSession) -> list[Fault]:
    reserved, released, settled = (
        func.coalesce(total_of(kind), ZERO, type_=Amount())
        for kind in (PostingKind.RESERVE, PostingKind.RELEASE, PostingKind.SETTLE)
    )
    ended = func.sum(case((Posting.kind == PostingKind.RELEASE, 1), else_=0))
    mine = (
        select(Hold.amount).where(Hold.job_id == Posting.job_id, Hold.leg == Posting.leg).correlate(Posting)
    )
    held = func.coalesce(mine.scalar_subquery(), ZERO, type_=Amount())
    rules: dict[str, ColumnElement[bool]] = {
        "released another amount than was reserved": (ended > 0) & (released != reserved),
        "settled more than was reserved": settled > reserved,
        "settled without ending its hold": (settled > ZERO) & (ended == 0),
        "moved money of two accounts": func.count(Posting.account_id.distinct()) > 1,
        "its hold is not what its postings say": held != reserved - released,
    }
    legs = select(Posting.job_id, Posting.leg).where(Posting.kind != PostingKind.GRANT)
    faults = []
    for fault, broken in rules.items():
        rows = await session.execute(legs.group_by(Posting.job_id, Posting.leg).having(broken))
        faults += [Fault(fault, job, leg) for job, leg in rows]
    return faults


async def _wrong_holds(session: AsyncSession, ended_jobs: Select[str] | None) -> list[Fault]:
    reserved = select(Posting.id).where(
        Posting.job_id == Hold.job_id, Posting.leg == Hold.leg, Posting.kind == PostingKind.RESERVE
    )
    stray = await session.execute(select(Hold.job_id, Hold.leg).where(~reserved.exists()))
    faults = [Fault("it holds money that no posting reserved", job, leg) for job, leg in stray]
    if ended_jobs is not None:
        left = await session.execute(select(Hold.job_id, Hold.leg).where(Hold.job_id.in_(ended_jobs)))
        faults += [Fault("it has ended and still holds money", job, leg) for job, leg in left]
    return faults


async def rows_of(session: AsyncSession, fault: Fault) -> list[Posting]:
    """The postings that a fault is about, oldest first."""
    at_leg = (Posting.job_id == fault.job_id, Posting.leg == fault.leg)
    where = (Posting.id == fault.posting_id,) if fault.posting_id else at_leg
    return list((await session.scalars(select(Posting).where(*where).order_by(Posting.id))).all())
