"""Keyset pages, newest first: of one list, or of many lists of the same kind in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from persona_graph.db import Base, Database
from persona_graph.errors import InvalidInput

MOST, USUAL = 100, 20
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows newest first, and whether more follow."""

    rows: list[Row]
    more: bool


def page_size(first: int | None) -> int:
    if first is None:
        return USUAL
    if not 1 <= first <= MOST:
        raise InvalidInput(
            code="PAGE_SIZE", message=f"first is {first}.", path=("first",), fix=f"Use 1 to {MOST}."
        )
    return first


async def page(db: Database, kind: Any, rows: Select[Any], first: int | None, after: str | None) -> Page[Any]:
    """``after`` is the id of the last row the caller has."""
    size = page_size(first)
    if after is not None:
        rows = rows.where(kind.id < after)
    async with db.reading() as session:
        found = list((await session.scalars(rows.order_by(kind.id.desc()).limit(size + 1))).all())
    return Page(found[:size], len(found) > size)


async def pages_of(
    db: Database, kind: Any, owner: str, owners: Sequence[str], rows: Select[Any], first: int | None,
    after: str | None,
) -> list[Page[Any]]:  # fmt: skip
    """The same page of each owner's list; ``owner`` names the column of ``kind`` that says whose a row is."""
    size, column = page_size(first), getattr(kind, owner)
    if after is not None:
        rows = rows.where(kind.id < after)
    place = func.row_number().over(partition_by=column, order_by=kind.id.desc()).label("place")
    ranked = rows.where(column.in_(set(owners))).with_only_columns(kind.id, place).subquery()
    wanted = select(kind).join(ranked, ranked.c.id == kind.id).where(ranked.c.place <= size + 1)
    lists: dict[str, list[Any]] = {id: [] for id in owners}
    async with db.reading() as session:
        for row in (await session.scalars(wanted.order_by(kind.id.desc()))).all():
            lists[getattr(row, owner)].append(row)
    return [Page(found[:size], len(found) > size) for found in map(lists.__getitem__, owners)]
