"""Reading for the graph: batches and pages, each in a session of its own, rows of one account only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, select

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import Base, Database
from persona_graph.errors import InvalidInput
from persona_graph.personas.tables import Avatar, Consent, Enrolment, Output, Persona, Platform, Sample, Voice

MOST = 100
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows newest first, and whether more follow."""

    rows: list[Row]
    more: bool


def page_size(first: int | None) -> int:
    if first is None:
        return 20
    if not 1 <= first <= MOST:
        raise InvalidInput(
            code="PAGE_SIZE", message=f"first is {first}.", path=("first",), fix=f"Use 1 to {MOST}."
        )
    return first


async def page(db: Database, rows: Select[Any], id_column: Any, first: int | None, after: str | None) -> Page[Any]:
    """A keyset page, newest first; ``after`` is the id of the last row the caller has."""
    size = page_size(first)
    if after is not None:
        rows = rows.where(id_column < after)
    async with db.reading() as session:
        found = list((await session.scalars(rows.order_by(id_column.desc()).limit(size + 1))).all())
    return Page(found[:size], len(found) > size)


async def personas_page(db: Database, viewer: Viewer, first: int | None, after: str | None) -> Page[Persona]:
    mine = select(Persona).where(Persona.account_id == viewer.account_id, Persona.deleted_at.is_(None))
    return await page(db, mine, Persona.id, first, after)


async def outputs_page(
    db: Database, viewer: Viewer, persona_id: str, first: int | None, after: str | None, platform: Platform | None
) -> Page[Output]:
    mine = select(Output).where(
        Output.account_id == viewer.account_id, Output.persona_id == persona_id, Output.deleted_at.is_(None)
    )
    if platform is not None:
        mine = mine.where(Output.platform == platform)
    return await page(db, mine, Output.id, first, after)


async def by_ids(db: Database, viewer: Viewer, kind: Any, ids: Sequence[str]) -> list[Any]:
    """The viewer's rows in the order of ``ids``; ``None`` where there is none."""
    rows = select(kind).where(kind.id.in_(set(ids)), kind.account_id == viewer.account_id)
    if hasattr(kind, "deleted_at"):
        rows = rows.where(kind.deleted_at.is_(None))
    async with db.reading() as session:
        found = {row.id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in ids]


async def of_personas(
    db: Database, viewer: Viewer, kind: type[Voice] | type[Avatar] | type[Consent], persona_ids: Sequence[str]
) -> list[list[Any]]:
    """For each persona its rows, newest first."""
    rows: Select[Any] = select(kind).where(kind.persona_id.in_(set(persona_ids)), kind.account_id == viewer.account_id)
    if kind is not Consent:
        rows = rows.where(kind.deleted_at.is_(None))  # type: ignore[union-attr]
    return await _grouped(db, rows.order_by(kind.id.desc()), "persona_id", persona_ids)


async def of_voices(
    db: Database, kind: type[Sample] | type[Enrolment], voice_ids: Sequence[str]
) -> list[list[Any]]:
    """For each voice (already the viewer's) its samples or enrolments."""
    rows: Select[Any] = select(kind).where(kind.voice_id.in_(set(voice_ids)))
    return await _grouped(db, rows.order_by(kind.id), "voice_id", voice_ids)


async def _grouped(db: Database, rows: Select[Any], column: str, keys: Sequence[str]) -> list[list[Any]]:
    groups: dict[str, list[Any]] = {key: [] for key in keys}
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[getattr(row, column)].append(row)
    return [groups[key] for key in keys]
