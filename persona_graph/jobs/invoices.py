"""A vendor's bill against what was booked for its attempts, line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.ledger import Period, Posting, PostingKind
from persona_graph.errors import InvalidInput
from persona_graph.jobs.tables import Attempt

MOST_LINES = 1_000_000
LARGEST = Decimal(10) ** 7
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the bill's columns are called. A bill may do without dates."""

    reference: str = "reference"
    amount: str = "amount"
    date: str = "date"


@dataclass(frozen=True, slots=True)
class BillLine:
    number: int
    reference: str
    amount: Decimal
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One attempt, or one line that no attempt is known for. ``verdict`` is ``matched``, ``differs``,
    ``only theirs`` or ``only ours``."""

    verdict: str
    reference: str
    theirs: Decimal
    ours: Decimal
    job_id: str = ""
    leg: int | None = None
    note: str = ""


@dataclass(slots=True)
class Comparison:
    matches: list[Match] = field(default_factory=list)

    def of(self, verdict: str) -> list[Match]:
        return [match for match in self.matches if match.verdict == verdict]

    @property
    def theirs(self) -> Decimal:
        return sum((match.theirs for match in self.matches), _ZERO)

    @property
    def ours(self) -> Decimal:
        return sum((match.ours for match in self.matches), _ZERO)

    @property
    def agrees(self) -> bool:
        return all(match.verdict == "matched" for match in self.matches)


@dataclass(slots=True)
class _Booked:
    """An attempt and what was booked for it; ``at`` is when."""

    id: str
    job_id: str
    leg: int
    cost: Decimal
    at: datetime | None
    billed: list[BillLine] = field(default_factory=list)


def read_bill(path: Path, columns: Columns) -> list[BillLine]:
    """Raises InvalidInput that names the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidInput(message=f"{path.name} cannot be read: {fault}.") from fault
    try:
        # Spreadsheets of some countries separate by semicolons.
        delimiter = ";" if ";" in text.partition("\n")[0] and "," not in text.partition("\n")[0] else ","
        rows = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
        missing = {columns.reference, columns.amount} - set(rows.fieldnames or ())
        if missing:
            raise InvalidInput(
                message=f"{path.name} has no column {' and no '.join(sorted(map(repr, missing)))}.",
                fix=f"It has {', '.join(map(repr, rows.fieldnames or ())) or 'none'}; say which is which.",
            )
        return list(_lines(path, rows, columns))
    except csv.Error as fault:
        raise InvalidInput(message=f"{path.name} is not a CSV file: {fault}.") from fault


def _lines(path: Path, rows: csv.DictReader[str], columns: Columns) -> Iterator[BillLine]:
    for count, row in enumerate(rows):
        number = rows.line_num
        if count >= MOST_LINES:
            raise InvalidInput(message=f"{path.name} has more than {MOST_LINES:,} lines.", fix="Split it.")
        if not any(value.strip() for value in row.values() if isinstance(value, str)):
            continue
        reference = (row[columns.reference] or "").strip()
        at = (row.get(columns.date) or "").strip()
        try:
            amount = Decimal((row[columns.amount] or "").strip().removeprefix("$"))
            if not amount.is_finite() or abs(amount) > LARGEST:
                raise InvalidOperation
            yield BillLine(number, reference, amount, _moment(at) if at else None)
        except (InvalidOperation, ValueError):
            said = repr(row[columns.amount])[:40] if not at else f"{row[columns.amount]!r} on {at!r}"[:80]
            raise InvalidInput(
                message=f"{path.name}, line {number}: {said} is not an amount and a date.",
                fix="Write amounts as 0.15 and dates as 2026-01-31, with a time if there is one.",
            ) from None


def _moment(text: str) -> datetime:
    """A time without a zone is UTC's."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def period_of(lines: Sequence[BillLine]) -> Period | None:
    """The whole days that the bill's dates span."""
    dates = [line.at for line in lines if line.at is not None]
    if not dates:
        return None
    first = min(dates).replace(hour=0, minute=0, second=0, microsecond=0)
    last = max(dates).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(first, last + timedelta(days=1))


async def compare(
    session: AsyncSession, provider: str, bill: Sequence[BillLine], period: Period | None, tolerance: Decimal = _ZERO
) -> Comparison:  # fmt: skip
    """A line belongs to the attempt whose id, key or vendor's id it names. What was booked outside of the period is
    matched where the bill names it, and not missed where it does not."""
    attempts, by_name = await _booked(session, provider)
    if not attempts:
        raise await _stranger(session, provider)
    made = Comparison()
    for line in bill:
        known = by_name.get(line.reference, set())
        if len(known) == 1:
            attempts[next(iter(known))].billed.append(line)
            continue
        note = f"line {line.number}" + (f"; {len(known)} attempts have this reference" if known else "")
        made.matches.append(Match("only theirs", line.reference, line.amount, _ZERO, note=note))
    for attempt in attempts.values():
        match = _match(attempt, period, tolerance)
        if match is not None:
            made.matches.append(match)
    return made


async def _stranger(session: AsyncSession, provider: str) -> InvalidInput:
    """A name that was mistyped would make every line of the bill look like the vendor's mistake."""
    known = (await session.scalars(select(Attempt.provider).distinct().order_by(Attempt.provider))).all()
    return InvalidInput(
        message=f"Nothing was ever ordered from a provider {provider!r}.",
        fix=f"Orders went to: {', '.join(known) or 'nobody'}.",
    )


def _match(attempt: _Booked, period: Period | None, tolerance: Decimal) -> Match | None:
    theirs = sum((line.amount for line in attempt.billed), _ZERO)
    if not attempt.billed:
        at = attempt.at
        within = period is None or (at is not None and period.start <= at < period.end)
        if not attempt.cost or not within:
            return None
        return Match("only ours", attempt.id, _ZERO, attempt.cost, attempt.job_id, attempt.leg)
    same = abs(theirs - attempt.cost) <= tolerance
    note = "line " + ", ".join(str(line.number) for line in attempt.billed)
    reference = attempt.billed[0].reference
    verdict = "matched" if same else "differs"
    return Match(verdict, reference, theirs, attempt.cost, attempt.job_id, attempt.leg, note)


async def _booked(session: AsyncSession, provider: str) -> tuple[dict[str, _Booked], dict[str, set[str]]]:
    """The provider's attempts by their ids, and the ids by every name that a bill may know one by."""
    posting = and_(
        Posting.job_id == Attempt.job_id, Posting.leg == Attempt.leg, Posting.attempt == Attempt.number,
        Posting.kind == PostingKind.COST,
    )  # fmt: skip
    rows = select(
        Attempt.id,
        Attempt.job_id,
        Attempt.leg,
        Attempt.vendor_ref,
        Attempt.ticket,
        Posting.amount,
        Posting.at,
    ).outerjoin(Posting, posting)
    attempts: dict[str, _Booked] = {}
    names: dict[str, set[str]] = {}
    for id, job_id, leg, vendor_ref, ticket, cost, at in await session.execute(
        rows.where(Attempt.provider == provider).order_by(Attempt.id)
    ):
        attempts[id] = _Booked(id, job_id, leg, cost or _ZERO, at)
        for name in _names(id, vendor_ref, ticket):
            names.setdefault(name, set()).add(id)
    return attempts, names


def _names(id: str, vendor_ref: str | None, ticket: dict[str, Any] | None) -> set[str]:
    """A plugin that does not say the vendor's id has it in its ticket, which is where it finds the work by."""
    if vendor_ref:
        return {id, f"pg-{id}", vendor_ref}
    told = {value for value in (ticket or {}).values() if isinstance(value, str) and value}
    return {id, f"pg-{id}", *told}
