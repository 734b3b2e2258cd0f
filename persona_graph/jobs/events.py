"""The numbered history of a job, which subscriptions read. Redis only says that there is more."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Json, Writing, new_id, utcnow
from persona_graph.jobs.states import TERMINAL, JobState
from persona_graph.jobs.tables import Job, Leg
from persona_graph.jobs.webhooks import WebhookEvent, enqueue
from persona_graph.opaque import opaque_id

if TYPE_CHECKING:
    from persona_graph.jobs.doorbell import Doorbell


TOLD = {
    JobState.SUCCEEDED: WebhookEvent.JOB_SUCCEEDED,
    JobState.FAILED: WebhookEvent.JOB_FAILED,
    JobState.CANCELLED: WebhookEvent.JOB_CANCELLED,
    JobState.NEEDS_REVIEW: WebhookEvent.JOB_NEEDS_REVIEW,
}


class EventKind(StrEnum):
    """What happened. Only STATE events can be terminal."""

    STATE = "STATE"
    STAGE = "STAGE"
    PROGRESS = "PROGRESS"
    ROUTE = "ROUTE"


class Event(Base):
    """``seq`` counts within the job, ``persona_seq`` within the persona, both from 1 without gaps.

    ``snapshot`` is the job as it was: state, stage, fraction, progress source, leg, provider, message,
    failure. A row never changes.
    """

    __tablename__ = "job_event"
    __table_args__ = (
        UniqueConstraint("job_id", "seq"),
        Index("ix_job_event_persona", "persona_id", "persona_seq"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str | None] = mapped_column(String(26))
    seq: Mapped[int]
    persona_seq: Mapped[int]
    kind: Mapped[EventKind]
    at: Mapped[datetime] = mapped_column(default=utcnow)
    terminal: Mapped[bool] = mapped_column(default=False)
    snapshot: Mapped[dict[str, Any]] = mapped_column(Json)


class PersonaFeed(Base):
    """The last ``persona_seq`` given out; its row lock orders writers, so readers never see a gap."""

    __tablename__ = "persona_feed"

    persona_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)


async def append(session: Writing, doorbell: Doorbell, job: Job, kind: EventKind) -> Event:
    """Write down what just changed on ``job`` (its row is locked by the caller) and tell it after the commit."""
    job.seq += 1
    leg = next((leg for leg in job.legs if leg.state == "RUNNING"), None)
    event = Event(
        job_id=job.id,
        account_id=job.account_id,
        persona_id=job.persona_id,
        seq=job.seq,
        persona_seq=await next_persona_seq(session, job.persona_id),
        kind=kind,
        terminal=job.state in TERMINAL,
        snapshot=_snapshot(job, leg),
    )
    session.add(event)
    session.after(lambda: doorbell.announce(event))
    if kind is EventKind.STATE and job.state in TOLD:
        await enqueue(session, job.account_id, TOLD[job.state], _told(job))
    return event


def _told(job: Job) -> dict[str, Any]:
    """What a webhook says of a job: enough to know which it was; the rest is asked for with its id."""
    failure = {"code": job.failure_code, "message": job.failure_message, "fix": job.failure_fix}
    return {
        "jobId": opaque_id("Job", job.id), "personaId": opaque_id("Persona", job.persona_id), "kind": job.kind,
        "state": job.state, "partial": job.partial, "askedBy": job.asked_by, "failure": failure if job.failure_code else None,
    }  # fmt: skip


def _snapshot(job: Job, leg: Leg | None) -> dict[str, Any]:
    failure = {"code": job.failure_code, "message": job.failure_message, "fix": job.failure_fix}
    return {
        "kind": job.kind,
        "state": job.state,
        "stage": job.stage,
        "fraction": job.fraction,
        "source": job.progress_source,
        "message": job.message,
        "leg": leg.name if leg else None,
        "provider": chosen(leg) if leg else None,
        "failure": failure if job.failure_code else None,
    }


def chosen(leg: Leg) -> str | None:
    """The provider a leg is with now."""
    candidates = leg.route.get("candidates", [])
    return candidates[leg.candidate]["provider"] if leg.candidate < len(candidates) else None


async def next_persona_seq(session: AsyncSession, persona_id: str) -> int:
    bump = update(PersonaFeed).where(PersonaFeed.persona_id == persona_id).values(seq=PersonaFeed.seq + 1)
    seq = (await session.execute(bump.returning(PersonaFeed.seq))).scalar_one_or_none()
    if seq is None:
        session.add(PersonaFeed(persona_id=persona_id, seq=1))
        await session.flush()
        return 1
    return seq


async def job_events_after(session: AsyncSession, job_id: str, seq: int, limit: int = 200) -> list[Event]:
    rows = select(Event).where(Event.job_id == job_id, Event.seq > seq).order_by(Event.seq).limit(limit)
    return list((await session.scalars(rows)).all())


async def persona_events_after(
    session: AsyncSession, persona_id: str, seq: int, limit: int = 200
) -> list[Event]:
    rows = select(Event).where(Event.persona_id == persona_id, Event.persona_seq > seq)
    return list((await session.scalars(rows.order_by(Event.persona_seq).limit(limit))).all())
