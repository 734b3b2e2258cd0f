"""Usage as a table for spreadsheets: a line per job that moved money or made something."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.ledger import Posting, PostingKind
from persona_graph.db import Database
from persona_graph.errors import QuotaReached
from persona_graph.jobs.tables import Attempt, AttemptState, Job
from persona_graph.personas.tables import ContentType, Output
from persona_graph.personas.usage import Whose

COLUMNS = (
    "at", "job", "kind", "output", "persona", "platform", "content_type", "service", "voice", "avatar", "providers",
    "seconds", "draft", "reused", "price", "cost", "currency",
)  # fmt: skip
PAGE = 500
MOST_LINES = 10_000
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Named = Callable[[str, str], str]
"""From a type's name and a row's id to the id that the reader knows it by."""


def plain_id(_kind: str, id: str) -> str:
    return id


async def usage_csv(db: Database, whose: Whose, named: Named = plain_id) -> str:
    """All of it as one text. Raises QuotaReached where that would be too long for an answer."""
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(COLUMNS)
    lines = 0
    async for page in usage_pages(db, whose, named):
        lines += len(page)
        if lines > MOST_LINES:
            raise QuotaReached(
                message=f"There are more than {MOST_LINES:,} lines.", limit=MOST_LINES, path=("period",),
                fix="Ask for a shorter period, or have the operator run `persona-graph export usage`.",
            )  # fmt: skip
        out.writerows(page)
    return written.getvalue()


async def usage_pages(db: Database, whose: Whose, named: Named = plain_id) -> AsyncIterator[list[list[str]]]:
    """In the order in which the jobs were asked for."""
    after = ""
    while True:
        async with db.reading() as session:
            found = await _page(session, whose, after)
            providers = await _providers(session, [row.job_id for row in found])
        if not found:
            return
        yield [_cells(row, providers.get(row.job_id, ()), named) for row in found]
        after = found[-1].job_id


async def _page(session: AsyncSession, whose: Whose, after: str) -> Sequence[Any]:
    sums = (
        func.sum(case((Posting.kind == kind, Posting.amount)), type_=Posting.amount.type)
        for kind in (PostingKind.SETTLE, PostingKind.COST)
    )
    moved = (
        select(Posting.job_id, func.max(Posting.at).label("at"), *(each.label(name) for each, name in zip(sums, ("price", "cost"), strict=True)))
        .outerjoin(Job, Job.id == Posting.job_id)
        .where(*whose.postings, Posting.job_id > after)
        .group_by(Posting.job_id)
        .order_by(Posting.job_id)
        .limit(PAGE)
        .subquery()
    )  # fmt: skip
    rows = (
        select(
            moved, Job.kind, Job.persona_id, Job.asked_by, Job.subject_kind, Job.subject_id, Output.id.label("output"),
            Output.kind.label("output_kind"), Output.job_id.label("latest"), Output.platform, Output.content_type,
            Output.voice_id, Output.avatar_id, Output.seconds, Output.draft, Output.reused_from,
        )
        .outerjoin(Job, Job.id == moved.c.job_id)
        .outerjoin(Output, (Job.subject_kind == "Output") & (Output.id == Job.subject_id))
        .order_by(moved.c.job_id)
    )  # fmt: skip
    return (await session.execute(rows)).all()


async def _providers(session: AsyncSession, job_ids: Iterable[str]) -> dict[str, list[str]]:
    rows = (
        select(Attempt.job_id, Attempt.provider)
        .where(Attempt.job_id.in_(list(job_ids)), Attempt.state == AttemptState.DONE)
        .distinct()
        .order_by(Attempt.job_id, Attempt.provider)
    )
    found: dict[str, list[str]] = {}
    for job_id, provider in await session.execute(rows):
        found.setdefault(job_id, []).append(provider)
    return found


def _cells(row: Any, providers: Sequence[str], named: Named) -> list[str]:
    made = row.output is not None
    # An earlier job of a promoted output made its draft.
    draft = made and (row.draft or row.latest != row.job_id)
    # As the API calls the types of outputs.
    output_kind = f"{row.output_kind.capitalize()}Output" if made else ""
    voice = row.subject_id if row.subject_kind == "Voice" else row.voice_id
    avatar = row.subject_id if row.subject_kind == "Avatar" else row.avatar_id
    cells = (
        row.at.isoformat(), named("Job", row.job_id), row.kind, named(output_kind, row.output) if made else "",
        named("Persona", row.persona_id) if row.persona_id else "", row.platform,
        (row.content_type or ContentType.OTHER) if made else "", row.asked_by,
        named("Voice", voice) if voice else "", named("Avatar", avatar) if avatar else "", " ".join(providers),
        f"{row.seconds:.3f}" if made and row.seconds is not None and row.latest == row.job_id else "",
        _yes(draft), _yes(made and row.reused_from is not None), _usd(row.price), _usd(row.cost), "USD",
    )  # fmt: skip
    return [_harmless(str(cell or "")) for cell in cells]


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _usd(amount: Decimal | None) -> str:
    return f"{amount or Decimal(0):.6f}"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
