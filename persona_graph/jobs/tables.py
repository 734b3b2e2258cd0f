"""The queue of record: jobs, their legs and attempts, and idempotency keys."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from persona_graph.db import Amount, Base, Json, new_id, utcnow
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.provider import Capability


class ProgressSource(StrEnum):
    """How a progress value was obtained: REPORTED by the provider, MEASURED by us, ESTIMATED from
    time and length, or UNKNOWN."""

    REPORTED = "REPORTED"
    MEASURED = "MEASURED"
    ESTIMATED = "ESTIMATED"
    UNKNOWN = "UNKNOWN"


class LegState(StrEnum):
    """One capability within a job: not begun, at work, done, or given up."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AttemptState(StrEnum):
    """SENT is committed before the provider is called; ACCEPTED holds its ticket; UNKNOWN lost the
    reply and may have spent money."""

    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    DONE = "DONE"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    CANCELLED = "CANCELLED"


OPEN_ATTEMPTS = (AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.UNKNOWN)


class Job(Base):
    """``wake_at`` is when it is next due; ``lease_token`` fences every write of the worker that holds it."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "wake_at"), Index("ix_job_account", "account_id", "id"))

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(String(26))
    kind: Mapped[JobKind]
    state: Mapped[JobState] = mapped_column(default=JobState.QUEUED)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(26), index=True)
    tier: Mapped[str] = mapped_column(String(32))
    asked_by: Mapped[str] = mapped_column(String(100))
    spec: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    stage: Mapped[str] = mapped_column(String(64), default="QUEUED")
    fraction: Mapped[float | None] = mapped_column(default=0.0)
    progress_source: Mapped[ProgressSource] = mapped_column(default=ProgressSource.MEASURED)
    message: Mapped[str] = mapped_column(Text, default="")
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_message: Mapped[str | None] = mapped_column(Text)
    failure_fix: Mapped[str | None] = mapped_column(Text)

    seq: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(26))
    lease_until: Mapped[datetime | None]
    wake_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    crashes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    legs: Mapped[list[Leg]] = relationship(order_by="Leg.n", lazy="selectin", cascade="all, delete-orphan")

    def leg(self, n: int) -> Leg:
        return next(leg for leg in self.legs if leg.n == n)

    @property
    def settled(self) -> Decimal:
        return sum((leg.price or Decimal(0) for leg in self.legs), Decimal(0))

    @property
    def partial(self) -> bool:
        """It succeeded without some of its legs."""
        return self.state == JobState.SUCCEEDED and any(leg.state != LegState.DONE for leg in self.legs)

    @property
    def stands(self) -> bool:
        """Something is done, and the rest may be missing."""
        left = [leg for leg in self.legs if leg.state != LegState.DONE]
        return 0 < len(left) < len(self.legs) and all(leg.optional for leg in left)


class Leg(Base):
    """``route`` is the ranked candidates and refusals as routing explained them; ``candidate`` is the
    one now tried; ``result`` gathers what was made (asset ids, measures); ``weight`` is its share of
    the job's progress. The job may end well without one that is ``optional``, if something else is done by then;
    ``failure`` says why it did."""

    __tablename__ = "job_leg"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(24))
    capability: Mapped[Capability]
    state: Mapped[LegState] = mapped_column(default=LegState.PENDING)
    weight: Mapped[float] = mapped_column(default=1.0)
    route: Mapped[dict[str, Any]] = mapped_column(Json)
    candidate: Mapped[int] = mapped_column(default=0)
    quote: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    reserved: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    price: Mapped[Decimal | None] = mapped_column(Amount)
    cost: Mapped[Decimal | None] = mapped_column(Amount)
    result: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    optional: Mapped[bool] = mapped_column(default=False, server_default=false())
    failure: Mapped[dict[str, Any] | None] = mapped_column(Json)


class Attempt(Base):
    """One provider's try at a leg. ``key`` is the idempotency key the provider was given, ``vendor_ref`` the
    vendor's own id of the order, where it said one."""

    __tablename__ = "job_attempt"
    __table_args__ = (
        UniqueConstraint("job_id", "leg", "number"),
        Index("ix_job_attempt_vendor", "provider", "vendor_ref"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    leg: Mapped[int]
    number: Mapped[int]
    provider: Mapped[str] = mapped_column(String(64))
    offer: Mapped[str] = mapped_column(String(64))
    state: Mapped[AttemptState] = mapped_column(default=AttemptState.SENT)
    ticket: Mapped[dict[str, Any] | None] = mapped_column(Json)
    vendor_ref: Mapped[str | None] = mapped_column(String(255))
    starts: Mapped[int] = mapped_column(default=1)
    busy: Mapped[int] = mapped_column(default=0)
    cost: Mapped[Decimal | None] = mapped_column(Amount)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(default=utcnow)
    deadline_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def key(self) -> str:
        return f"pg-{self.id}"


class IdempotencyKey(Base):
    """One paid request of an account: the same key and input give the same job for ever."""

    __tablename__ = "idempotency_key"

    account_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    operation: Mapped[str] = mapped_column(String(32))
    input_hash: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
