"""Content: what one request asked for, as one or more scenes. Each scene is an output with a job of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, new_id, utcnow
from persona_graph.personas.tables import ContentType, Platform


class Content(Base):
    """It goes with the last of its outputs. Its idempotency key is that of its first job."""

    __tablename__ = "content"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[ContentType]
    platform: Mapped[Platform | None]
    asked_by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(default=utcnow)
