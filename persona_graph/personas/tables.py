"""What a persona consists of. Only this room writes these tables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Amount, Base, Json, new_id, utcnow


class TrainingStatus(StrEnum):
    """Where a voice is: NOT_TRAINED, TRAINING, READY, FAILED, or EXPIRED when the vendor dropped it."""

    NOT_TRAINED = "NOT_TRAINED"
    TRAINING = "TRAINING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class AvatarStatus(StrEnum):
    """Where an avatar is: NOT_TRAINED, CREATING, READY or FAILED."""

    NOT_TRAINED = "NOT_TRAINED"
    CREATING = "CREATING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Approval(StrEnum):
    """Whether it may be used: only READY and APPROVED ever reaches content; SUPERSEDED was approved
    until a newer one was; REJECTED never."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    SUPERSEDED = "SUPERSEDED"
    REJECTED = "REJECTED"


class ConsentScope(StrEnum):
    """What a person agreed to: VOICE (train and speak) or LIKENESS (show the face)."""

    VOICE = "VOICE"
    LIKENESS = "LIKENESS"


class Platform(StrEnum):
    """Where an output will appear."""

    LINKEDIN = "LINKEDIN"
    FACEBOOK = "FACEBOOK"
    BLOG = "BLOG"
    X = "X"
    INSTAGRAM = "INSTAGRAM"
    YOUTUBE = "YOUTUBE"
    MEDIUM = "MEDIUM"
    SUBSTACK = "SUBSTACK"
    EMAIL = "EMAIL"
    STORY = "STORY"
    PODCAST = "PODCAST"


class ContentType(StrEnum):
    """What an output is, as the services that publish it count it."""

    LINKEDIN_POST = "LINKEDIN_POST"
    SOCIAL_POST = "SOCIAL_POST"
    BLOG_POST = "BLOG_POST"
    ARTICLE = "ARTICLE"
    STORY = "STORY"
    EMAIL = "EMAIL"
    NEWSLETTER = "NEWSLETTER"
    PODCAST = "PODCAST"
    VIDEO_MESSAGE = "VIDEO_MESSAGE"
    ADVERTISEMENT = "ADVERTISEMENT"
    LESSON = "LESSON"
    OTHER = "OTHER"


class OutputKind(StrEnum):
    SPEECH = "SPEECH"
    VIDEO = "VIDEO"
    CONTENT = "CONTENT"


class VoicePolicy(StrEnum):
    """PERSONA_VOICE speaks only with the persona's own approved voice; ALLOW_STOCK_VOICE lets a
    provider's stock voice stand in where there is none."""

    PERSONA_VOICE = "PERSONA_VOICE"
    ALLOW_STOCK_VOICE = "ALLOW_STOCK_VOICE"


class Persona(Base):
    __tablename__ = "persona"
    __table_args__ = (Index("ix_persona_account", "account_id", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    name: Mapped[str] = mapped_column(String(200))
    archetype: Mapped[str | None] = mapped_column(String(200))
    brand_voice: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(16), default="en")
    voice_id: Mapped[str | None] = mapped_column(String(26))
    avatar_id: Mapped[str | None] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
    deleted_at: Mapped[datetime | None]
    golden_lines: Mapped[list[str] | None] = mapped_column(Json)


class Consent(Base):
    """One agreement of the person whose voice or face it is. A row is never changed, only withdrawn."""

    __tablename__ = "consent"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), index=True)
    scope: Mapped[ConsentScope]
    subject: Mapped[str] = mapped_column(String(200))
    statement: Mapped[str] = mapped_column(Text)
    statement_version: Mapped[str] = mapped_column(String(32))
    granted_by: Mapped[str] = mapped_column(String(100))
    granted_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Voice(Base):
    """A trained voice. ``fingerprint`` is the speaker embedding of its samples; ``similarity`` the
    measured cosine of its preview to that fingerprint; ``quality`` and ``characteristics`` what its samples were
    judged to be worth and to sound like (see quality.py). ``renewal_cap`` is what renewing its enrolments may
    cost the operator within a month, in USD; ``None``: nothing is renewed. ``drift_cap`` is what scheduled drift
    checks may cost the account."""

    __tablename__ = "voice"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    status: Mapped[TrainingStatus] = mapped_column(default=TrainingStatus.NOT_TRAINED)
    approval: Mapped[Approval] = mapped_column(default=Approval.DRAFT)
    fidelity: Mapped[str | None] = mapped_column(String(16))
    similarity: Mapped[float | None]
    fingerprint: Mapped[list[float] | None] = mapped_column(Json)
    quality: Mapped[dict[str, Any] | None] = mapped_column(Json)
    characteristics: Mapped[dict[str, Any] | None] = mapped_column(Json)
    preview_id: Mapped[str | None] = mapped_column(String(26))
    job_id: Mapped[str | None] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    trained_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    renewal_cap: Mapped[Decimal | None] = mapped_column(Amount)
    drift_cap: Mapped[Decimal | None] = mapped_column(Amount)
    deleted_at: Mapped[datetime | None]


class Sample(Base):
    """A recording a voice was trained on. ``asset_id`` is emptied when training settles."""

    __tablename__ = "voice_sample"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    voice_id: Mapped[str] = mapped_column(ForeignKey("voice.id"), index=True)
    n: Mapped[int]
    asset_id: Mapped[str | None] = mapped_column(String(26))
    file_name: Mapped[str] = mapped_column(String(255))
    seconds: Mapped[float]
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class EnrolmentState(StrEnum):
    """LIVE can speak; LOST was dropped by the vendor; FORGETTING waits for the vendor to confirm deletion;
    FORGOTTEN is gone."""

    LIVE = "LIVE"
    LOST = "LOST"
    FORGETTING = "FORGETTING"
    FORGOTTEN = "FORGOTTEN"


class Standing(StrEnum):
    """FIRST is what the voice was trained as; a TWIN was made at another vendor and only speaks once it is
    ACCEPTED."""

    FIRST = "FIRST"
    TWIN = "TWIN"
    ACCEPTED = "ACCEPTED"


SPEAKING = (Standing.FIRST, Standing.ACCEPTED)


class Enrolment(Base):
    """One vendor's copy of a voice. ``similarity`` is the measured cosine of a twin's preview to the voice's
    fingerprint. ``warned_at`` is when its owner was told that it is about to lapse."""

    __tablename__ = "voice_enrolment"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    voice_id: Mapped[str] = mapped_column(ForeignKey("voice.id"), index=True)
    account_id: Mapped[str] = mapped_column(String(26))
    provider: Mapped[str] = mapped_column(String(64))
    vendor_voice: Mapped[str] = mapped_column(String(255))
    model_id: Mapped[str | None] = mapped_column(String(26))
    state: Mapped[EnrolmentState] = mapped_column(default=EnrolmentState.LIVE, index=True)
    enrolled_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    standing: Mapped[Standing] = mapped_column(default=Standing.FIRST, server_default="FIRST")
    similarity: Mapped[float | None]
    preview_id: Mapped[str | None] = mapped_column(String(26))
    job_id: Mapped[str | None] = mapped_column(String(26))
    warned_at: Mapped[datetime | None]


class NoticeKind(StrEnum):
    """What a persona's owner should know without having asked."""

    VOICE_EXPIRING = "VOICE_EXPIRING"
    VOICE_RENEWED = "VOICE_RENEWED"
    VOICE_EXPIRED = "VOICE_EXPIRED"
    VOICE_LOST = "VOICE_LOST"
    VOICE_DRIFTED = "VOICE_DRIFTED"


class Notice(Base):
    """Something that happened to a persona by itself. A row never changes."""

    __tablename__ = "persona_notice"
    __table_args__ = (Index("ix_persona_notice_persona", "persona_id", "id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"))
    kind: Mapped[NoticeKind]
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(26))
    message: Mapped[str] = mapped_column(Text)
    fix: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=utcnow)


class Avatar(Base):
    """A portrait the persona appears as. ``photo`` is what was measured on it."""

    __tablename__ = "avatar"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[AvatarStatus] = mapped_column(default=AvatarStatus.NOT_TRAINED)
    approval: Mapped[Approval] = mapped_column(default=Approval.DRAFT)
    portrait_id: Mapped[str | None] = mapped_column(String(26))
    photo: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    preview_id: Mapped[str | None] = mapped_column(String(26))
    job_id: Mapped[str | None] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ready_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Output(Base):
    """Something someone asked for. ``served`` says per leg who did it and how near it comes. Of content ``written`` is
    the text as it is published and ``script`` what is spoken of it, ``skipped`` says which parts could not be asked
    for, and it is scene ``scene`` of ``content_id``. ``reuse_key`` is
    what an identical request has too; a reused output shares the files of the one it was ``reused_from``. ``draft``
    until it is promoted. ``settings`` and ``pronunciations`` say what became of those that were asked for."""

    __tablename__ = "output"
    __table_args__ = (
        Index("ix_output_persona", "persona_id", "id"),
        Index("ix_output_reuse", "account_id", "reuse_key"),
        Index("ix_output_account", "account_id", "ready_at"),
        Index("ix_output_asset", "asset_id"),
        Index("ix_output_content", "content_id", "scene"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"))
    kind: Mapped[OutputKind]
    job_id: Mapped[str] = mapped_column(String(26), unique=True)
    voice_id: Mapped[str | None] = mapped_column(String(26))
    avatar_id: Mapped[str | None] = mapped_column(String(26))
    platform: Mapped[Platform | None]
    content_type: Mapped[ContentType | None]
    asked_by: Mapped[str] = mapped_column(String(100))
    script: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(String(200))
    written: Mapped[str | None] = mapped_column(Text)
    skipped: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    content_id: Mapped[str | None] = mapped_column(String(26))
    scene: Mapped[int | None]
    draft: Mapped[bool] = mapped_column(default=False, server_default=false())
    reuse_key: Mapped[str | None] = mapped_column(String(64))
    reused_from: Mapped[str | None] = mapped_column(String(26))
    seconds: Mapped[float | None]
    asset_id: Mapped[str | None] = mapped_column(String(26))
    speech_id: Mapped[str | None] = mapped_column(String(26))
    timings_id: Mapped[str | None] = mapped_column(String(26))
    timing_source: Mapped[str | None] = mapped_column(String(16))
    vtt_id: Mapped[str | None] = mapped_column(String(26))
    srt_id: Mapped[str | None] = mapped_column(String(26))
    poster_id: Mapped[str | None] = mapped_column(String(26))
    music: Mapped[dict[str, Any] | None] = mapped_column(Json)
    similarity: Mapped[float | None]
    style_score: Mapped[int | None]
    served: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    settings: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    pronunciations: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    cost: Mapped[Decimal | None] = mapped_column(Amount)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ready_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @property
    def reading_id(self) -> str | None:
        """The file of its speech alone."""
        return self.speech_id or (None if self.kind is OutputKind.VIDEO else self.asset_id)
