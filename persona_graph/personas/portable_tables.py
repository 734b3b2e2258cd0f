"""Where a persona came from, and what became of how its voices sound."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Json, new_id, utcnow


class PersonaImport(Base):
    """``consents`` are the records that the bundle carried: history, never a permission here."""

    __tablename__ = "persona_import"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    key: Mapped[str] = mapped_column(String(64))
    consents: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    unusable: Mapped[list[str]] = mapped_column(Json, default=list)
    exported_at: Mapped[datetime | None]
    imported_at: Mapped[datetime] = mapped_column(default=utcnow)


class DriftCheck(Base):
    """One rendering of a persona's golden lines. ``lines`` names them by their hash: only the same words, spoken at the
    same provider, are compared. ``measures`` were taken on what the provider delivered, before anything was
    done to it; ``deviations`` are those from the ``baseline`` of that time. A row never changes."""

    __tablename__ = "drift_check"
    __table_args__ = (Index("ix_drift_check_voice", "voice_id", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    voice_id: Mapped[str] = mapped_column(ForeignKey("voice.id"))
    job_id: Mapped[str] = mapped_column(String(26), unique=True)
    provider: Mapped[str] = mapped_column(String(64))
    lines: Mapped[str] = mapped_column(String(64))
    baseline: Mapped[bool] = mapped_column(default=False, server_default=false())
    baseline_id: Mapped[str | None] = mapped_column(String(26))
    measures: Mapped[dict[str, Any]] = mapped_column(Json)
    deviations: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    drifted: Mapped[bool] = mapped_column(default=False, server_default=false())
    message: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=utcnow)
