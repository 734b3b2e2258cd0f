"""Reading jobs for the graph."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import Database
from persona_graph.jobs.events import Event
from persona_graph.jobs.paging import Page, page, pages_of
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Attempt, Job


async def jobs_by_ids(db: Database, viewer: Viewer, ids: Sequence[str]) -> list[Job | None]:
    rows = select(Job).where(Job.id.in_(set(ids)), Job.account_id == viewer.account_id)
    async with db.reading() as session:
        found = {row.id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in ids]


async def jobs_page(
    db: Database, viewer: Viewer, first: int | None, after: str | None, state: JobState | None
) -> Page[Job]:
    return await page(db, Job, _own(viewer, state), first, after)


async def jobs_pages(
    db: Database, viewer: Viewer, persona_ids: Sequence[str], first: int | None, after: str | None,
    state: JobState | None,
) -> list[Page[Job]]:  # fmt: skip
    """For each persona a page of its jobs."""
    return await pages_of(db, Job, "persona_id", persona_ids, _own(viewer, state), first, after)


def _own(viewer: Viewer, state: JobState | None) -> Select[Job]:
    rows = select(Job).where(Job.account_id == viewer.account_id)
    return rows if state is None else rows.where(Job.state == state)


async def events_pages(db: Database, places: Sequence[tuple[str, int]], size: int) -> list[Page[Event]]:
    """For each job (already the viewer's) the events after a number, oldest first."""
    # Numbers have no gaps, so a page is a range of them.
    wanted = (and_(Event.job_id == id, Event.seq > seq, Event.seq <= seq + size + 1) for id, seq in places)
    told: dict[str, list[Event]] = {id: [] for id, _ in places}
    async with db.reading() as session:
        for event in (await session.scalars(select(Event).where(or_(*wanted)).order_by(Event.seq))).all():
            told[event.job_id].append(event)
    pages = [[event for event in told[id] if seq < event.seq <= seq + size + 1] for id, seq in places]
    return [Page(page[:size], len(page) > size) for page in pages]


async def attempts_of(db: Database, job_ids: Sequence[str]) -> list[list[Attempt]]:
    groups: dict[str, list[Attempt]] = {id: [] for id in job_ids}
    rows = select(Attempt).where(Attempt.job_id.in_(set(job_ids))).order_by(Attempt.leg, Attempt.number)
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[row.job_id].append(row)
    return [groups[id] for id in job_ids]


async def queue_places(db: Database, job_ids: Sequence[str]) -> list[int | None]:
    """How many queued jobs stand up to and including each, ``None`` for one that has begun."""
    other = aliased(Job)
    before = select(func.count()).where(other.state == JobState.QUEUED, other.id <= Job.id).scalar_subquery()
    rows = select(Job.id, before).where(Job.id.in_(set(job_ids)), Job.state == JobState.QUEUED)
    async with db.reading() as session:
        places: dict[str, int] = {row[0]: row[1] for row in (await session.execute(rows)).all()}
    return [places.get(id) for id in job_ids]
