"""What a persona is as a whole, beside its voice, face and style: settings, lexicon, choices, versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Json, Writing, new_id, utcnow
from persona_graph.personas.pronouncing import CaseRule, Entry
from persona_graph.personas.tables import Platform


class PersonaSettings(Base):
    """``own`` holds everywhere, ``platforms`` what differs on each. The language is the persona's own column."""

    __tablename__ = "persona_settings"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    own: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    platforms: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class PersonaOnboarding(Base):
    """What was left out on purpose. Whether a step is done is never stored: it is looked at."""

    __tablename__ = "persona_onboarding"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    skipped: Mapped[list[str]] = mapped_column(Json, default=list)
    opted_out: Mapped[list[str]] = mapped_column(Json, default=list)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class LexiconEntry(Base):
    """``language`` is empty where it holds in any."""

    __tablename__ = "lexicon_entry"
    __table_args__ = (UniqueConstraint("persona_id", "language", "written"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"))
    written: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(16), default="")
    case_rule: Mapped[CaseRule]
    spoken: Mapped[str | None] = mapped_column(String(120))
    ipa: Mapped[str | None] = mapped_column(String(120))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    @property
    def entry(self) -> Entry:
        return Entry(self.written, self.spoken, self.ipa, self.language, self.case_rule)


class PersonaVersion(Base):
    """One approved state: who speaks, who is shown, how it is written, and the settings. A row never changes."""

    __tablename__ = "persona_version"
    __table_args__ = (UniqueConstraint("persona_id", "number"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"))
    number: Mapped[int]
    voice_id: Mapped[str | None] = mapped_column(String(26))
    avatar_id: Mapped[str | None] = mapped_column(String(26))
    style: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    note: Mapped[str | None] = mapped_column(String(200))
    approved_by: Mapped[str] = mapped_column(String(100))
    rolled_back_to: Mapped[str | None] = mapped_column(String(26))
    at: Mapped[datetime] = mapped_column(default=utcnow)


class PlatformPin(Base):
    """What is made for the platform goes by that version, whatever is live."""

    __tablename__ = "persona_platform_pin"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    platform: Mapped[Platform] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    version_id: Mapped[str] = mapped_column(ForeignKey("persona_version.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)


async def erase_whole(session: Writing, persona_id: str) -> None:
    """All of it goes with its persona."""
    for table in (PersonaSettings, PersonaOnboarding, LexiconEntry, PlatformPin, PersonaVersion):
        await session.execute(delete(table).where(table.persona_id == persona_id))
