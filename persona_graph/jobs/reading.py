"""Reading jobs for the graph."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import Database
from persona_graph.jobs.events import Event, job_events_after
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Attempt, Job


async def jobs_by_ids(db: Database, viewer: Viewer, ids: Sequence[str]) -> list[Job | None]:
    rows = select(Job).where(Job.id.in_(set(ids)), Job.account_id == viewer.account_id)
    async with db.reading() as session:
        found = {row.id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in ids]


async def jobs_page(
    db: Database, viewer: Viewer, size: int, after: str | None, state: JobState | None, persona_id: str | None
) -> tuple[list[Job], bool]:
    """Newest first."""
    rows = select(Job).where(Job.account_id == viewer.account_id)
    if after is not None:
        rows = rows.where(Job.id < after)
    if state is not None:
        rows = rows.where(Job.state == state)
    if persona_id is not None:
        rows = rows.where(Job.persona_id == persona_id)
    async with db.reading() as session:
        found = list((await session.scalars(rows.order_by(Job.id.desc()).limit(size + 1))).all())
    return found[:size], len(found) > size


async def events_page(db: Database, job_id: str, seq: int, size: int) -> tuple[list[Event], bool]:
    """Oldest first, of a job that is already the viewer's."""
    async with db.reading() as session:
        found = await job_events_after(session, job_id, seq, size + 1)
    return found[:size], len(found) > size


async def attempts_of(db: Database, job_ids: Sequence[str]) -> list[list[Attempt]]:
    groups: dict[str, list[Attempt]] = {id: [] for id in job_ids}
    rows = select(Attempt).where(Attempt.job_id.in_(set(job_ids))).order_by(Attempt.leg, Attempt.number)
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[row.job_id].append(row)
    return [groups[id] for id in job_ids]


async def queue_places(db: Database, job_ids: Sequence[str]) -> list[int | None]:
    """How many queued jobs stand up to and including each, ``None`` for one that has begun."""
    async with db.reading() as session:
        places: dict[str, int | None] = dict.fromkeys(job_ids)
        queued = select(Job.id).where(Job.id.in_(set(job_ids)), Job.state == JobState.QUEUED)
        for id in (await session.scalars(queued)).all():
            before = select(func.count()).select_from(Job).where(Job.state == JobState.QUEUED, Job.id <= id)
            places[id] = await session.scalar(before)
    return [places[id] for id in job_ids]
