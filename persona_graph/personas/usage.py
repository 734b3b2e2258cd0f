"""What was made in a period, where it went, and what it came to.

Money is summed from the ledger's postings, whatever is said about it elsewhere: the sums of every split are those
of the books. Counts and lengths are of outputs that were ready in the period; drafts are counted apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.ledger import VENDOR_COST, Period, Posting, PostingKind
from persona_graph.db import Database
from persona_graph.jobs.tables import Attempt, AttemptState, Job
from persona_graph.personas.tables import Output

ZERO = Decimal(0)
MONEY = (PostingKind.SETTLE, PostingKind.COST)


class UsageDimension(StrEnum):
    """By what usage is split."""

    PERSONA = "PERSONA"
    KIND = "KIND"
    PLATFORM = "PLATFORM"
    CONTENT_TYPE = "CONTENT_TYPE"
    SERVICE = "SERVICE"
    PROVIDER = "PROVIDER"
    VOICE = "VOICE"
    AVATAR = "AVATAR"


@dataclass(frozen=True)
class Whose:
    """Whose usage: an account's, or that of some of its personas."""

    account_id: str
    period: Period
    persona_ids: tuple[str, ...] | None = None

    @property
    def postings(self) -> list[ColumnElement[bool]]:
        of = [
            Posting.account_id == self.account_id, Posting.kind.in_(MONEY), Posting.at >= self.period.start,
            Posting.at < self.period.end,
        ]  # fmt: skip
        return of if self.persona_ids is None else [*of, Job.persona_id.in_(self.persona_ids)]

    @property
    def outputs(self) -> list[ColumnElement[bool]]:
        of = [
            Output.account_id == self.account_id, Output.ready_at >= self.period.start,
            Output.ready_at < self.period.end,
        ]  # fmt: skip
        return of if self.persona_ids is None else [*of, Output.persona_id.in_(self.persona_ids)]


@dataclass(frozen=True)
class Line:
    """``key`` says what of: an enum's word, a provider, a service or a row's id; ``None`` where there is none.
    ``reused`` of the ``outputs`` shared their files with earlier ones."""

    key: str | None
    outputs: int = 0
    reused: int = 0
    drafts: int = 0
    seconds: float = 0.0
    price: Decimal = ZERO
    cost: Decimal = ZERO


async def usage_of(db: Database, whose: Whose, by: UsageDimension | None = None) -> list[Line]:
    """All of it in one line, or a line for each value of a dimension, the costliest first."""
    async with db.reading() as session:
        tally = await _tally(session, whose, [by] if by else [])
    return _sorted(tally.values()) if by else [tally.get((), Line(None))]


async def usage_of_each(
    db: Database, account_id: str, period: Period, persona_ids: Sequence[str], by: UsageDimension | None = None
) -> list[list[Line]]:  # fmt: skip
    """The same for each persona, in as many statements as for one."""
    whose = Whose(account_id, period, tuple(set(persona_ids)))
    dimensions = [UsageDimension.PERSONA, *([by] if by else [])]
    async with db.reading() as session:
        tally = await _tally(session, whose, dimensions)
    each: dict[str | None, list[Line]] = {id: [] if by else [Line(None)] for id in persona_ids}
    for keys, line in tally.items():
        each[keys[0]] = [*each[keys[0]], line] if by else [replace(line, key=None)]
    return [_sorted(each[id]) for id in persona_ids]


async def _tally(
    session: AsyncSession, whose: Whose, dimensions: Sequence[UsageDimension]
) -> dict[tuple[str | None, ...], Line]:
    count = len(dimensions)
    made, money = {}, {}
    for row in await session.execute(_counted(whose, [_of_output(by) for by in dimensions])):
        made[_keys(row[:count])] = row[count:]
    for row in await session.execute(_priced(whose, [_of_posting(by) for by in dimensions])):
        money[_keys(row[:count])] = row[count:]
    return {
        keys: _line(keys[-1] if keys else None, made.get(keys), money.get(keys)) for keys in {**made, **money}
    }


def _keys(values: Sequence[Any]) -> tuple[str | None, ...]:
    return tuple(None if value is None else str(value) for value in values)


def _sorted(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.price, -line.cost, -line.outputs, line.key or ""))


def _line(key: str | None, made: Sequence[Any] | None, money: Sequence[Any] | None) -> Line:
    outputs, reused, drafts, seconds = made or (0, 0, 0, 0.0)
    price, cost = money or (ZERO, ZERO)
    return Line(
        key, int(outputs or 0), int(reused or 0), int(drafts or 0), float(seconds or 0.0), price or ZERO,
        cost or ZERO,
    )  # fmt: skip


def _counted(whose: Whose, keys: list[Any]) -> Select[Any]:
    final = Output.draft.is_(False)
    rows = select(
        *keys,
        func.sum(case((final, 1), else_=0)),
        func.sum(case((final & Output.reused_from.is_not(None), 1), else_=0)),
        func.sum(case((final, 0), else_=1)),
        func.sum(case((final, func.coalesce(Output.seconds, 0.0)), else_=0.0)),
    ).where(*whose.outputs)
    if any(key is _SERVED_BY.c.provider for key in keys):
        rows = rows.select_from(Output).outerjoin(_SERVED_BY, _SERVED_BY.c.job_id == Output.job_id)
    return rows.group_by(*keys)


def _priced(whose: Whose, keys: list[Any]) -> Select[Any]:
    """By a subquery, because a database may not see that two readings of one expression are the same."""
    named = [key.label(f"key{n}") for n, key in enumerate(keys)]
    moved = (
        select(*named, Posting.kind, Posting.amount)
        .select_from(Posting)
        .outerjoin(Job, Job.id == Posting.job_id)
        .outerjoin(Output, (Job.subject_kind == "Output") & (Output.id == Job.subject_id))
        .where(*whose.postings)
        .subquery()
    )
    own = [moved.c[column.name] for column in named]
    sums = [
        func.sum(case((moved.c.kind == kind, moved.c.amount)), type_=Posting.amount.type) for kind in MONEY
    ]
    return select(*own, *sums).group_by(*own)


# Who did the work of a job; of a leg that several tried, the one that came to its end.
_SERVED_BY = (
    select(Attempt.job_id, Attempt.provider).where(Attempt.state == AttemptState.DONE).distinct().subquery()
)


def _of_output(by: UsageDimension) -> Any:
    return {
        UsageDimension.PERSONA: Output.persona_id,
        UsageDimension.KIND: Output.kind,
        UsageDimension.PLATFORM: Output.platform,
        UsageDimension.CONTENT_TYPE: Output.content_type,
        UsageDimension.SERVICE: Output.asked_by,
        UsageDimension.PROVIDER: _SERVED_BY.c.provider,
        UsageDimension.VOICE: Output.voice_id,
        UsageDimension.AVATAR: Output.avatar_id,
    }[by]


def _of_posting(by: UsageDimension) -> Any:
    return {
        UsageDimension.PERSONA: Job.persona_id,
        UsageDimension.KIND: Job.kind,
        UsageDimension.PLATFORM: Output.platform,
        UsageDimension.CONTENT_TYPE: Output.content_type,
        UsageDimension.SERVICE: Job.asked_by,
        UsageDimension.PROVIDER: provider_of_posting(),
        UsageDimension.VOICE: _subject("Voice", Output.voice_id),
        UsageDimension.AVATAR: _subject("Avatar", Output.avatar_id),
    }[by]


def _subject(kind: str, column: Any) -> ColumnElement[Any]:
    """A training is about its voice, not for an output."""
    return case((Job.subject_kind == kind, Job.subject_id), else_=column)


def provider_of_posting() -> ColumnElement[Any]:
    """Who is owed a cost; whose work a price was settled for."""
    worker = (
        select(Attempt.provider)
        .where(
            Attempt.job_id == Posting.job_id, Attempt.leg == Posting.leg, Attempt.state == AttemptState.DONE
        )
        .order_by(Attempt.number.desc())
        .limit(1)
        .correlate(Posting)
        .scalar_subquery()
    )
    return case(
        (Posting.kind == PostingKind.COST, func.substr(Posting.debit, len(VENDOR_COST) + 1)), else_=worker
    )
