"""Reading for the graph: batches and pages, each in a session of its own, rows of one account only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import Database
from persona_graph.jobs.paging import Page, page, pages_of
from persona_graph.personas.tables import Avatar, Consent, Enrolment, Output, Persona, Platform, Sample, Voice


async def personas_page(db: Database, viewer: Viewer, first: int | None, after: str | None) -> Page[Persona]:
    mine = select(Persona).where(Persona.account_id == viewer.account_id, Persona.deleted_at.is_(None))
    return await page(db, Persona, mine, first, after)


async def outputs_pages(
    db: Database, viewer: Viewer, persona_ids: Sequence[str], first: int | None, after: str | None,
    platform: Platform | None,
) -> list[Page[Output]]:  # fmt: skip
    """For each persona a page of its outputs."""
    mine = select(Output).where(Output.account_id == viewer.account_id, Output.deleted_at.is_(None))
    if platform is not None:
        mine = mine.where(Output.platform == platform)
    return await pages_of(db, Output, "persona_id", persona_ids, mine, first, after)


async def scenes_of(db: Database, viewer: Viewer, content_ids: Sequence[str]) -> list[list[Output]]:
    """For each content its scenes in order, each as it was made last."""
    rows = select(Output).where(
        Output.content_id.in_(set(content_ids)), Output.account_id == viewer.account_id, Output.deleted_at.is_(None)
    )  # fmt: skip
    found: dict[str, dict[int, Output]] = {id: {} for id in content_ids}
    async with db.reading() as session:
        for row in (await session.scalars(rows.order_by(Output.id))).all():
            found[row.content_id or ""][row.scene or 0] = row
    return [[row for _, row in sorted(found[id].items())] for id in content_ids]


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
    rows: Select[Any] = select(kind).where(
        kind.persona_id.in_(set(persona_ids)), kind.account_id == viewer.account_id
    )
    if kind is not Consent:
        rows = rows.where(kind.deleted_at.is_(None))  # type: ignore[union-attr]
    return await _grouped(db, rows.order_by(kind.id.desc()), "persona_id", persona_ids)


async def of_voices(
    db: Database, kind: type[Sample] | type[Enrolment], voice_ids: Sequence[str]
) -> list[list[Any]]:
    """For each voice (already the viewer's) its samples or enrolments."""
    rows: Select[Any] = select(kind).where(kind.voice_id.in_(set(voice_ids)))
    place = kind.n if kind is Sample else kind.id
    return await _grouped(db, rows.order_by(place), "voice_id", voice_ids)


async def _grouped(db: Database, rows: Select[Any], column: str, keys: Sequence[str]) -> list[list[Any]]:
    groups: dict[str, list[Any]] = {key: [] for key in keys}
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[getattr(row, column)].append(row)
    return [groups[key] for key in keys]
