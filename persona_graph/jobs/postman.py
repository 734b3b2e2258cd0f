"""Delivers webhooks: from every worker, each message by one of them at a time, again and later until it is taken."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
from sqlalchemy import delete, select, update

from persona_graph.db import now_plus, utcnow
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.webhooks import DeliveryState, Webhook, WebhookDelivery, secrets_of, signature
from persona_graph.media.keys import KeyMissing
from persona_graph.outbound import OutboundRefused

BATCH = 20
ANSWER_SECONDS = 10.0
MOST_ANSWER = 64 * 1024
# After each failed try the next one; two days in all.
PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0, 50400.0)
# A worker that dies with a message in its hands: it is tried again after that.
IN_HAND_SECONDS = 60.0
LOG_DAYS = 30
DISABLE_AFTER = timedelta(days=5)
SENDER = "webhooks"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """``status`` is 0 where nobody answered."""

    status: int
    words: str
    final: bool = False

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


async def deliver_due(jobs: Jobs, patience: float = ANSWER_SECONDS) -> int:
    """Try what is due; an endpoint has ``patience`` seconds to answer. Answers how many were tried."""
    due = await _claim(jobs)
    await asyncio.gather(*(_deliver(jobs, id, patience) for id in due))
    return len(due)


async def forget_old_deliveries(jobs: Jobs) -> None:
    old = delete(WebhookDelivery).where(
        WebhookDelivery.state != DeliveryState.PENDING,
        WebhookDelivery.created_at < now_plus(-LOG_DAYS * 86400),
    )
    async with jobs.db.writing() as session:
        await session.execute(old)


async def _claim(jobs: Jobs) -> list[str]:
    due = (WebhookDelivery.state == DeliveryState.PENDING) & (WebhookDelivery.next_at <= now_plus())
    rows = select(WebhookDelivery.id).where(due).order_by(WebhookDelivery.next_at).limit(BATCH)
    async with jobs.db.reading() as session:
        found = list((await session.scalars(rows)).all())
    if not found:
        return []
    async with jobs.db.writing() as session:
        # Whoever holds one of them is at it already.
        mine = (
            select(WebhookDelivery.id).where(WebhookDelivery.id.in_(found), due).order_by(WebhookDelivery.id)
        )
        taken = list((await session.scalars(mine.with_for_update(skip_locked=True))).all())
        marked = update(WebhookDelivery).where(WebhookDelivery.id.in_(taken))
        marked = marked.values(next_at=now_plus(IN_HAND_SECONDS), tries=WebhookDelivery.tries + 1)
        await session.execute(marked.execution_options(synchronize_session=False))
        return taken


async def _deliver(jobs: Jobs, delivery_id: str, patience: float) -> None:
    async with jobs.db.reading() as session:
        delivery = await session.get(WebhookDelivery, delivery_id)
        webhook = await session.get(Webhook, delivery.webhook_id) if delivery else None
    if delivery is None or webhook is None:
        return
    if webhook.disabled_at is not None or webhook.deleted_at is not None:
        answer = Answer(0, "the webhook is disabled", final=True)
    else:
        answer = await _send(jobs, webhook, delivery, patience)
    await _note(jobs, delivery, answer)


async def _send(jobs: Jobs, webhook: Webhook, delivery: WebhookDelivery, patience: float) -> Answer:
    try:
        headers = _headers(jobs, webhook, delivery)
    except KeyMissing:
        return Answer(0, "its secret cannot be opened: a master key is missing")
    try:
        async with asyncio.timeout(patience):
            return await _post(jobs.http(SENDER), webhook.url, delivery.body.encode(), headers)
    except OutboundRefused as refused:
        return Answer(0, str(refused), final=True)
    except TimeoutError:
        return Answer(0, f"no answer within {patience:g} s")
    except (httpx.HTTPError, httpx.InvalidURL) as trouble:
        return Answer(0, f"not reached: {type(trouble).__name__}")


def _headers(jobs: Jobs, webhook: Webhook, delivery: WebhookDelivery) -> dict[str, str]:
    now, body = int(time.time()), delivery.body.encode()
    signed = [
        signature(secret, delivery.message_id, now, body)
        for secret in secrets_of(webhook, jobs.media.vault.keys)
    ]
    return {
        "content-type": "application/json",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signed),
    }


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> Answer:
    async with client.stream("POST", url, content=body, headers=headers) as response:
        heard = b""
        async for piece in response.aiter_bytes():
            heard += piece
            if len(heard) >= MOST_ANSWER:
                break
        words = heard[:200].decode("utf-8", "replace").replace("\x00", "")
        return Answer(response.status_code, words, final=response.status_code == 410)


async def _note(jobs: Jobs, seen: WebhookDelivery, answer: Answer) -> None:
    async with jobs.db.writing() as session:
        delivery = await session.get(WebhookDelivery, seen.id, with_for_update=True)
        if delivery is None or delivery.state != DeliveryState.PENDING:
            return
        webhook = await session.get_one(Webhook, delivery.webhook_id, with_for_update=True)
        delivery.status, delivery.answer = answer.status or None, answer.words[:500]
        if answer.taken:
            webhook.failing_since = None
            delivery.state, delivery.next_at, delivery.ended_at = DeliveryState.DELIVERED, None, utcnow()
            return
        webhook.failing_since = webhook.failing_since or utcnow()
        if answer.final or delivery.tries > len(PAUSES):
            delivery.state, delivery.next_at, delivery.ended_at = DeliveryState.FAILED, None, utcnow()
        else:
            delivery.next_at = now_plus(PAUSES[delivery.tries - 1])
        _disable(webhook, answer)


def _disable(webhook: Webhook, answer: Answer) -> None:
    """One that says it is gone, or that has taken nothing for days, is not bothered any more."""
    if webhook.disabled_at is not None:
        return
    if answer.status == 410:
        webhook.disabled_at, webhook.disabled_why = utcnow(), "it answered 410 Gone"
    elif webhook.failing_since and webhook.failing_since + DISABLE_AFTER < utcnow():
        webhook.disabled_at, webhook.disabled_why = utcnow(), "it took nothing for five days"
    if webhook.disabled_at is not None:
        log.warning("webhook %s is disabled: %s", webhook.id, webhook.disabled_why)
