"""The books: double entry, append-only. Every posting moves an amount from its credit book to its debit
book, so all books together are always zero; what can still be wrong is what ``statements.verify`` looks for.

    RESERVE  account:held          <- account:available      the ceiling of a quote, before work begins
    RELEASE  account:available     <- account:held           the whole hold, when the leg ends in any way
    SETTLE   account:due           <- house:revenue          the price, at most what was held
    COST     house:vendor-cost:x   <- house:payable:x        what vendor x bills; one per attempt that cost
    GRANT    house:grants          <- account:due            money back; lowers what counts as spent

A leg of a job has at most one RESERVE, RELEASE and SETTLE. Repeating a call changes nothing and returns
the first posting. Which month a posting counts in is the database's clock's to say: a worker whose own is wrong
neither spends next month's cap nor last month's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    case,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.accounts.accounts import Account, database_now, hold_account
from persona_graph.db import Amount, Base, Writing, new_id, utcnow
from persona_graph.errors import SpendRefused

STEP = Decimal("0.000001")
LARGEST = Decimal(10) ** 9
ZERO = Decimal(0)

HELD, AVAILABLE, DUE = "account:held", "account:available", "account:due"
REVENUE, GRANTS = "house:revenue", "house:grants"
VENDOR_COST, PAYABLE = "house:vendor-cost:", "house:payable:"


class LedgerFault(Exception):
    """A bug in the caller: a posting that the books do not allow."""


class PostingKind(StrEnum):
    RESERVE = "RESERVE"
    RELEASE = "RELEASE"
    SETTLE = "SETTLE"
    COST = "COST"
    GRANT = "GRANT"


class Posting(Base):
    """``attempt`` is 0 except for COST, where each attempt of a leg may cost. ``job_id`` of a GRANT is the
    reference it was given for. A row never changes and is never deleted."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        UniqueConstraint("job_id", "leg", "kind", "attempt"),
        Index("ix_ledger_posting_account", "account_id", "kind", "at"),
        CheckConstraint("amount >= 0", name="ck_ledger_posting_amount"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    job_id: Mapped[str] = mapped_column(String(64))
    leg: Mapped[int]
    kind: Mapped[PostingKind] = mapped_column(String(8))
    attempt: Mapped[int] = mapped_column(default=0)
    debit: Mapped[str] = mapped_column(String(100))
    credit: Mapped[str] = mapped_column(String(100))
    amount: Mapped[Decimal] = mapped_column(Amount)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    memo: Mapped[str] = mapped_column(String(200), default="")


class Hold(Base):
    """An open RESERVE, so that what an account has in flight is found without reading its history."""

    __tablename__ = "ledger_hold"
    __table_args__ = (Index("ix_ledger_hold_account", "account_id"),)

    job_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    leg: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    amount: Mapped[Decimal] = mapped_column(Amount)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to, not including, ``end``."""

    start: datetime
    end: datetime

    @classmethod
    def month(cls, of: datetime) -> Period:
        """The calendar month in UTC."""
        first = of.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        later = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
        return cls(first, first.replace(year=later[0], month=later[1]))


@dataclass(frozen=True, slots=True)
class Spend:
    """``spent`` is what was settled less what was granted back, and counts against the cap; ``held`` is in
    flight now; ``cost`` is what vendors billed."""

    spent: Decimal
    held: Decimal
    cost: Decimal


CapOf = Callable[[str], Decimal | None]
"""A tier's monthly spend cap by its name (``Tiers.monthly_cap``); ``None`` is no cap."""


async def reserve(
    session: Writing,
    account_id: str,
    job_id: str,
    leg: int,
    amount: Decimal,
    *,
    cap_of: CapOf,
    at: datetime | None = None,
) -> Posting:
    """Hold ``amount`` for a leg. Raises SpendRefused when spent this month + held + amount is over the cap
    of the tier the account is on at this moment; the account's lock makes parallel callers queue."""
    return (await reserve_legs(session, account_id, job_id, {leg: amount}, cap_of=cap_of, at=at))[leg]


async def reserve_legs(
    session: Writing,
    account_id: str,
    job_id: str,
    amounts: Mapping[int, Decimal],
    *,
    cap_of: CapOf,
    at: datetime | None = None,
) -> dict[int, Posting]:
    """All legs of a job, or none; SpendRefused names their sum."""
    account = await hold_account(session, account_id)
    at = at or await database_now(session)
    first = {leg: await _find(session, job_id, leg, PostingKind.RESERVE) for leg in amounts}
    fresh = {leg: _usd(amounts[leg]) for leg, posting in first.items() if posting is None}
    await check_cap(session, account, sum(fresh.values(), ZERO), cap_of, at)
    for leg, amount in fresh.items():
        session.add(Hold(job_id=job_id, leg=leg, account_id=account_id, amount=amount))
        first[leg] = _post(
            session, PostingKind.RESERVE, account_id, job_id, leg, HELD, AVAILABLE, amount, at=at
        )
    await session.flush()
    return {leg: posting for leg, posting in first.items() if posting is not None}


async def settle(
    session: Writing,
    account_id: str,
    job_id: str,
    leg: int,
    *,
    price: Decimal,
    cost: Decimal | None = None,
    provider: str = "",
    attempt: int = 1,
    at: datetime | None = None,
) -> Posting:
    """End the hold and book the price, never more than was held. ``cost`` is booked under ``provider``."""
    await hold_account(session, account_id)
    settled = await _find(session, job_id, leg, PostingKind.SETTLE)
    if settled is not None:
        return settled
    if await _find(session, job_id, leg, PostingKind.RELEASE) is not None:
        raise LedgerFault(f"leg {leg} of job {job_id} was released; it cannot be charged any more")
    at = at or await database_now(session)
    held = await _end_hold(session, account_id, job_id, leg, at)
    charged = min(_usd(price), held)
    memo = f"measured {_usd(price)}, more than was held" if charged < _usd(price) else ""
    settled = _post(
        session, PostingKind.SETTLE, account_id, job_id, leg, DUE, REVENUE, charged, memo=memo, at=at
    )
    if cost is not None:
        await book_cost(
            session, account_id, job_id, leg, cost=cost, provider=provider, attempt=attempt, at=at
        )
    await session.flush()
    return settled


async def release(
    session: Writing, account_id: str, job_id: str, leg: int, *, memo: str = "", at: datetime | None = None
) -> Posting | None:
    """End the hold without charging. ``None`` if nothing was ever held."""
    await hold_account(session, account_id)
    released = await _find(session, job_id, leg, PostingKind.RELEASE)
    if released is not None or await session.get(Hold, (job_id, leg)) is None:
        return released
    await _end_hold(session, account_id, job_id, leg, at, memo)
    return await _find(session, job_id, leg, PostingKind.RELEASE)


async def release_all(session: Writing, account_id: str, job_id: str, *, memo: str = "") -> None:
    """End whatever a job still holds, as it must at its end."""
    await hold_account(session, account_id)
    for hold in (await session.scalars(select(Hold).where(Hold.job_id == job_id))).all():
        await release(session, account_id, job_id, hold.leg, memo=memo)


async def book_cost(
    session: Writing,
    account_id: str,
    job_id: str,
    leg: int,
    *,
    cost: Decimal,
    provider: str,
    attempt: int = 1,
    at: datetime | None = None,
) -> Posting:
    """What a vendor bills for an attempt, also one that failed or came too late (V4, V12, K4)."""
    if not provider:
        raise LedgerFault("a cost needs its provider")
    first = await _find(session, job_id, leg, PostingKind.COST, attempt)
    if first is not None:
        return first
    at = at or await database_now(session)
    posting = _post(
        session, PostingKind.COST, account_id, job_id, leg, VENDOR_COST + provider, PAYABLE + provider, _usd(cost),
        attempt=attempt, at=at,
    )  # fmt: skip
    await session.flush()
    return posting


async def grant(
    session: Writing,
    account_id: str,
    reference: str,
    amount: Decimal,
    *,
    memo: str,
    at: datetime | None = None,
) -> Posting:
    """Give money back, once per ``reference`` (such as a reviewed job's id)."""
    await hold_account(session, account_id)
    first = await _find(session, reference, 0, PostingKind.GRANT)
    if first is not None:
        return first
    at = at or await database_now(session)
    posting = _post(
        session, PostingKind.GRANT, account_id, reference, 0, GRANTS, DUE, _usd(amount), memo=memo, at=at
    )
    await session.flush()
    return posting


async def spend(session: AsyncSession, account_id: str, period: Period) -> Spend:
    when = (Posting.account_id == account_id, Posting.at >= period.start, Posting.at < period.end)
    row = (
        await session.execute(
            select(
                total_of(PostingKind.SETTLE), total_of(PostingKind.GRANT), total_of(PostingKind.COST)
            ).where(*when)
        )
    ).one()
    settled, granted, cost = (value or ZERO for value in row)
    return Spend(settled - granted, await _held(session, account_id), cost)


async def allowance(
    session: AsyncSession, account: Account, cap_of: CapOf, *, at: datetime | None = None
) -> Decimal | None:
    """What the account may still spend this month, never below zero; ``None`` is no cap."""
    at = at or await database_now(session)
    cap = cap_of(account.tier_at(at))
    if cap is None:
        return None
    now = await spend(session, account.id, Period.month(at))
    return max(cap - now.spent - now.held, ZERO)


async def check_cap(
    session: AsyncSession, account: Account, amount: Decimal, cap_of: CapOf, at: datetime | None = None
) -> None:
    """SpendRefused if ``amount`` is more than the account may still spend this month."""
    if not amount:
        return
    left = await allowance(session, account, cap_of, at=at)
    if left is not None and amount > left:
        raise SpendRefused(
            message=f"This would reserve ${amount:,.4f}; ${left:,.4f} are left this month.",
            needed=amount,
            left=left,
            fix="Make it shorter, wait for the next month, or choose a tier with a higher cap.",
        )


async def _held(session: AsyncSession, account_id: str) -> Decimal:
    total = select(func.sum(Hold.amount)).where(Hold.account_id == account_id)
    return (await session.scalar(total)) or ZERO


async def _end_hold(
    session: Writing, account_id: str, job_id: str, leg: int, at: datetime | None, memo: str = ""
) -> Decimal:
    hold = await session.get(Hold, (job_id, leg))
    if hold is None or hold.account_id != account_id:
        raise LedgerFault(f"leg {leg} of job {job_id} holds nothing of account {account_id}")
    at = at or await database_now(session)
    _post(
        session, PostingKind.RELEASE, account_id, job_id, leg, AVAILABLE, HELD, hold.amount, memo=memo, at=at
    )
    await session.delete(hold)
    await session.flush()
    return hold.amount


async def _find(
    session: AsyncSession, job_id: str, leg: int, kind: PostingKind, attempt: int = 0
) -> Posting | None:
    rows = select(Posting).where(
        Posting.job_id == job_id, Posting.leg == leg, Posting.kind == kind, Posting.attempt == attempt
    )
    return (await session.scalars(rows)).one_or_none()


def _post(
    session: Writing, kind: PostingKind, account_id: str, job_id: str, leg: int, debit: str, credit: str,
    amount: Decimal, *, at: datetime, attempt: int = 0, memo: str = "",
) -> Posting:  # fmt: skip
    posting = Posting(
        at=at, account_id=account_id, job_id=job_id, leg=leg, kind=kind, attempt=attempt,
        debit=debit, credit=credit, amount=amount, memo=memo[:200],
    )  # fmt: skip
    session.add(posting)
    return posting


def total_of(kind: PostingKind) -> Any:
    return func.sum(case((Posting.kind == kind, Posting.amount)), type_=Amount())


def _usd(amount: Decimal) -> Decimal:
    """Exact to the millionth; a finer vendor cost is rounded up, everything else must fit."""
    if not isinstance(amount, Decimal) or not amount.is_finite() or not 0 <= amount <= LARGEST:
        raise LedgerFault(f"not an amount of money: {amount!r}")
    return amount.quantize(STEP, ROUND_CEILING)
