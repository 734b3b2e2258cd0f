"""The table of stored files."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Json, new_id, utcnow
from persona_graph.errors import MediaRefused
from persona_graph.media.vault import Sealed


class AssetPurpose(StrEnum):
    """What a file is for. The first five are uploaded, a BUNDLE is uploaded or made here, the others are made here."""

    SAMPLE = "SAMPLE"
    PHOTO = "PHOTO"
    CONSENT_RECORDING = "CONSENT_RECORDING"
    MUSIC = "MUSIC"
    DOCUMENT = "DOCUMENT"
    BUNDLE = "BUNDLE"
    CLEANED = "CLEANED"
    VOICE_MODEL = "VOICE_MODEL"
    PREVIEW = "PREVIEW"
    PORTRAIT = "PORTRAIT"
    SPEECH = "SPEECH"
    VIDEO = "VIDEO"
    EVENTS = "EVENTS"
    CAPTIONS = "CAPTIONS"
    POSTER = "POSTER"
    PART = "PART"


class AssetKind(StrEnum):
    """What sort of bytes a file holds."""

    AUDIO = "AUDIO"
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    MODEL = "MODEL"
    TEXT = "TEXT"
    BUNDLE = "BUNDLE"


class AssetState(StrEnum):
    """ANNOUNCED and RECEIVING have no bytes yet; REFUSED and ERASED have none any more."""

    ANNOUNCED = "ANNOUNCED"
    RECEIVING = "RECEIVING"
    READY = "READY"
    REFUSED = "REFUSED"
    ERASED = "ERASED"


UPLOADS = {
    AssetPurpose.SAMPLE: AssetKind.AUDIO,
    AssetPurpose.PHOTO: AssetKind.IMAGE,
    AssetPurpose.CONSENT_RECORDING: AssetKind.AUDIO,
    AssetPurpose.MUSIC: AssetKind.AUDIO,
    AssetPurpose.DOCUMENT: AssetKind.TEXT,
    AssetPurpose.BUNDLE: AssetKind.BUNDLE,
}

BUNDLE_KEPT = timedelta(hours=24)


def _word(words: type[StrEnum]) -> Enum:
    return Enum(words, native_enum=False, length=24)


class Asset(Base):
    """One stored file. It can be opened as long as ``wrapped_key`` is there, and by nothing else.

    ``file_name`` is the caller's text and is only ever shown. ``declared_*`` is what the caller said,
    ``content_type`` and ``size`` what was found. ``facts`` are what probing measured. ``object_key`` on a
    RECEIVING row names the attempt that holds it until ``held_until`` (database time).
    """

    __tablename__ = "asset"
    __table_args__ = (
        Index("ix_asset_account", "account_id", "state"),
        Index("ix_asset_object", "object_key"),
        Index("ix_asset_leftover", "state", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    purpose: Mapped[AssetPurpose] = mapped_column(_word(AssetPurpose))
    kind: Mapped[AssetKind] = mapped_column(_word(AssetKind))
    state: Mapped[AssetState] = mapped_column(_word(AssetState))
    file_name: Mapped[str] = mapped_column(String(255), default="")
    declared_type: Mapped[str] = mapped_column(String(100), default="")
    declared_size: Mapped[int] = mapped_column(BigInteger, default=0)
    content_type: Mapped[str | None] = mapped_column(String(100))
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    seconds: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    refusal_code: Mapped[str | None] = mapped_column(String(40))
    refusal_message: Mapped[str | None] = mapped_column(String(500))
    refusal_fix: Mapped[str | None] = mapped_column(String(500))
    object_key: Mapped[str | None] = mapped_column(String(100))
    key_id: Mapped[str | None] = mapped_column(String(32))
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    received_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]

    @property
    def sealed(self) -> Sealed:
        """What the vault needs to open it, or the reason why it cannot be opened."""
        self.need_ready()
        if not (self.object_key and self.key_id and self.wrapped_key and self.sha256) or self.size is None:
            raise erased(self.id)
        return Sealed(
            account_id=self.account_id,
            asset_id=self.id,
            object_key=self.object_key,
            key_id=self.key_id,
            wrapped_key=self.wrapped_key,
            size=self.size,
            sha256=self.sha256,
        )

    def need_ready(self) -> None:
        if self.state is AssetState.READY:
            return
        if self.state is AssetState.ERASED:
            raise erased(self.id)
        if self.state is AssetState.REFUSED:
            raise self.refusal
        raise MediaRefused(
            code="MEDIA_NOT_UPLOADED",
            message="The file has not been uploaded yet.",
            fix="PUT its bytes to the upload link first.",
            asset_id=self.id,
        )

    @property
    def refusal(self) -> MediaRefused:
        return MediaRefused(
            code=self.refusal_code or "MEDIA_UNSUPPORTED",
            message=self.refusal_message or "The file was refused.",
            fix=self.refusal_fix,
            asset_id=self.id,
        )

    def lock_away(self, sealed: Sealed) -> None:
        """These bytes are the asset's from now on."""
        self.object_key, self.key_id, self.wrapped_key = sealed.object_key, sealed.key_id, sealed.wrapped_key
        self.size, self.sha256 = sealed.size, sealed.sha256


def erased(asset_id: str) -> MediaRefused:
    return MediaRefused(
        code="MEDIA_ERASED",
        message="The file was erased.",
        fix="Upload or generate it again.",
        asset_id=asset_id,
    )
