"""Telling a writer service what happened: its endpoints, and the log of what each was told.

A delivery is written in the transaction of what it tells about, so none is lost and none is told of something
that was rolled back. The scheme is Standard Webhooks: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.accounts.accounts import hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Base, Database, Json, Writing, new_id, utcnow
from persona_graph.errors import InvalidInput, NotFound, QuotaReached, WrongState
from persona_graph.jobs.paging import Page, pages_of
from persona_graph.media.keys import MasterKeys
from persona_graph.outbound import Outbound

MOST_ENDPOINTS = 20
MOST_URL = 2000
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105
# During a rotation both secrets sign, so that a receiver may change over when it likes.
OLD_SECRET_LIVES = timedelta(hours=24)


class WebhookEvent(StrEnum):
    """What an endpoint can be told of."""

    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_NEEDS_REVIEW = "job.needs_review"
    VOICE_EXPIRING = "voice.expiring"
    VOICE_RENEWED = "voice.renewed"
    VOICE_EXPIRED = "voice.expired"
    VOICE_LOST = "voice.lost"
    VOICE_DRIFTED = "voice.drifted"
    TEST = "webhook.test"


class DeliveryState(StrEnum):
    """PENDING is tried again at its time; DELIVERED was answered with 2xx; FAILED was given up."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Webhook(Base):
    """An address that wants to know. ``events`` is empty for all. The secrets are wrapped under a master key."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26), index=True)
    url: Mapped[str] = mapped_column(String(MOST_URL))
    events: Mapped[list[str]] = mapped_column(Json, default=list)
    key_id: Mapped[str] = mapped_column(String(32))
    wrapped_secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_key_id: Mapped[str | None] = mapped_column(String(32))
    old_wrapped_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    rotated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None] = mapped_column(String(200))
    deleted_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One message to one endpoint. ``body`` is what is signed and sent, the same bytes at every try."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "state", "next_at"),
        Index("ix_webhook_delivery_webhook", "webhook_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id"))
    message_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[WebhookEvent]
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.PENDING)
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]


async def enqueue(session: Writing, account_id: str, event: WebhookEvent, facts: Mapping[str, Any]) -> None:
    """Write down for every endpoint that wants it what is to be told once this transaction is committed."""
    rows = select(Webhook).where(
        Webhook.account_id == account_id, Webhook.deleted_at.is_(None), Webhook.disabled_at.is_(None)
    )
    for webhook in (await session.scalars(rows)).all():
        if not webhook.events or event.value in webhook.events:
            session.add(message(webhook, event, facts))


def message(webhook: Webhook, event: WebhookEvent, facts: Mapping[str, Any]) -> WebhookDelivery:
    now = utcnow()
    body = orjson.dumps({"type": event.value, "timestamp": now.isoformat(), "data": dict(facts)}).decode()
    id = new_id()
    return WebhookDelivery(
        id=id, webhook_id=webhook.id, message_id=f"msg_{id}", event=event, body=body, next_at=now
    )


async def create_webhook(
    db: Database, outbound: Outbound, keys: MasterKeys, viewer: Viewer, url: str, events: Collection[WebhookEvent]
) -> tuple[Webhook, str]:  # fmt: skip
    """The endpoint, and its secret, which is shown this once."""
    viewer.need(Scope.WRITE)
    _check_url(outbound, url)
    secret = secrets.token_bytes(SECRET_BYTES)
    key_id, wrapped = keys.wrap(secret)
    async with db.writing() as session:
        await hold_account(session, viewer.account_id)
        mine = (Webhook.account_id == viewer.account_id) & Webhook.deleted_at.is_(None)
        if (await session.scalar(select(func.count()).where(mine)) or 0) >= MOST_ENDPOINTS:
            raise QuotaReached(
                message=f"An account has at most {MOST_ENDPOINTS} webhooks.", limit=MOST_ENDPOINTS,
                fix="Delete one with deleteWebhook.",
            )  # fmt: skip
        webhook = Webhook(
            account_id=viewer.account_id, url=url, events=sorted({event.value for event in events}),
            key_id=key_id, wrapped_secret=wrapped,
        )  # fmt: skip
        session.add(webhook)
    return webhook, shown(secret)


async def rotate_secret(
    db: Database, keys: MasterKeys, viewer: Viewer, webhook_id: str
) -> tuple[Webhook, str]:
    """A new secret; the old one signs too for a day."""
    viewer.need(Scope.WRITE)
    secret = secrets.token_bytes(SECRET_BYTES)
    async with db.writing() as session:
        webhook = await _hold(session, viewer, webhook_id)
        webhook.old_key_id, webhook.old_wrapped_secret = webhook.key_id, webhook.wrapped_secret
        webhook.key_id, webhook.wrapped_secret = keys.wrap(secret)
        webhook.rotated_at = utcnow()
    return webhook, shown(secret)


async def enable_webhook(db: Database, viewer: Viewer, webhook_id: str) -> Webhook:
    """Tell it again what happens from now on."""
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        webhook = await _hold(session, viewer, webhook_id)
        webhook.disabled_at = webhook.disabled_why = webhook.failing_since = None
    return webhook


async def delete_webhook(db: Database, viewer: Viewer, webhook_id: str) -> Webhook:
    """Its secret is destroyed; what was not delivered never will be."""
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        webhook = await _hold(session, viewer, webhook_id)
        webhook.deleted_at = utcnow()
        webhook.wrapped_secret, webhook.old_wrapped_secret = b"", None
        rows = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id)
        for delivery in (await session.scalars(rows)).all():
            await session.delete(delivery)
    return webhook


async def test_webhook(db: Database, viewer: Viewer, webhook_id: str) -> WebhookDelivery:
    """Send it a message that says nothing."""
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        webhook = await _hold(session, viewer, webhook_id)
        _need_enabled(webhook)
        delivery = message(webhook, WebhookEvent.TEST, {"askedBy": viewer.label})
        session.add(delivery)
    return delivery


async def redeliver(db: Database, viewer: Viewer, delivery_id: str) -> WebhookDelivery:
    """The same message again, under the same id: a receiver that has it drops it."""
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        mine = select(WebhookDelivery).join(Webhook).where(
            WebhookDelivery.id == delivery_id,
            Webhook.account_id == viewer.account_id,
            Webhook.deleted_at.is_(None),
        )  # fmt: skip
        before = (await session.scalars(mine)).one_or_none()
        if before is None:
            raise NotFound(message="There is no such delivery.", path=("deliveryId",), fix="Check the id.")
        _need_enabled(await session.get_one(Webhook, before.webhook_id))
        delivery = WebhookDelivery(
            webhook_id=before.webhook_id, message_id=before.message_id, event=before.event, body=before.body,
            next_at=utcnow(),
        )  # fmt: skip
        session.add(delivery)
    return delivery


async def own_webhooks(db: Database, viewer: Viewer) -> list[Webhook]:
    rows = select(Webhook).where(Webhook.account_id == viewer.account_id, Webhook.deleted_at.is_(None))
    async with db.reading() as session:
        return list((await session.scalars(rows.order_by(Webhook.id))).all())


async def deliveries_pages(
    db: Database, viewer: Viewer, webhook_ids: Sequence[str], first: int | None, after: str | None
) -> list[Page[WebhookDelivery]]:
    """For each endpoint a page of its log, newest first."""
    mine = select(WebhookDelivery).join(Webhook).where(Webhook.account_id == viewer.account_id)
    return await pages_of(db, WebhookDelivery, "webhook_id", webhook_ids, mine, first, after)


def secrets_of(webhook: Webhook, keys: MasterKeys) -> list[bytes]:
    """Those that sign now, the newest first."""
    live = [keys.unwrap(webhook.key_id, webhook.wrapped_secret)]
    old = webhook.old_wrapped_secret
    if old and webhook.old_key_id and webhook.rotated_at and webhook.rotated_at + OLD_SECRET_LIVES > utcnow():
        live.append(keys.unwrap(webhook.old_key_id, old))
    return live


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def shown(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def _check_url(outbound: Outbound, url: str) -> None:
    parts = urlsplit(url) if len(url) <= MOST_URL and url.isascii() and url.isprintable() else None
    plain = parts is not None and parts.hostname and not parts.username and " " not in url
    if not plain or not (url.startswith("https://") or outbound.allows(url)):
        raise InvalidInput(
            message="url is not an HTTPS address.", path=("url",),
            fix="Give a public https:// address without user name and password.",
        )  # fmt: skip


def _need_enabled(webhook: Webhook) -> None:
    if webhook.disabled_at is not None:
        raise WrongState(
            code="NOT_READY", message=f"This webhook is disabled: {webhook.disabled_why}", state="DISABLED",
            path=("webhookId",), fix="Mend the receiver, then call enableWebhook.",
        )  # fmt: skip


async def _hold(session: AsyncSession, viewer: Viewer, webhook_id: str) -> Webhook:
    mine = select(Webhook).where(
        Webhook.id == webhook_id, Webhook.account_id == viewer.account_id, Webhook.deleted_at.is_(None)
    )
    found = (await session.scalars(mine.with_for_update())).one_or_none()
    if found is None:
        raise NotFound(message="There is no such webhook.", path=("webhookId",), fix="Check the id.")
    return found
