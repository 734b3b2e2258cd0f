"""Batches: what one request asked for at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from persona_graph.db import Base, Json, new_id, utcnow


class SpeechBatch(Base):
    """Its idempotency key is that of its first job."""

    __tablename__ = "speech_batch"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(String(26))
    at: Mapped[datetime] = mapped_column(default=utcnow)

    items: Mapped[list[BatchItem]] = relationship(order_by="BatchItem.n", lazy="selectin")


class BatchItem(Base):
    """One script's outcome: its job, or in ``fault`` why there is none."""

    __tablename__ = "speech_batch_item"

    batch_id: Mapped[str] = mapped_column(ForeignKey("speech_batch.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    fault: Mapped[dict[str, Any] | None] = mapped_column(Json)
