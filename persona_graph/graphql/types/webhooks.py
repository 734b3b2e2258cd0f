"""Endpoints of writer services, and what they were told."""

from __future__ import annotations

from datetime import datetime

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import After, First, described, f
from persona_graph.graphql.ids import cursor_row, global_id
from persona_graph.graphql.types.core import Connection
from persona_graph.jobs import webhooks as rows
from persona_graph.jobs.webhooks import DeliveryState, WebhookEvent


@described
class WebhookDelivery:
    """One message to one endpoint."""

    id: strawberry.ID = f("Opaque id, for redeliverWebhook.")
    message_id: str = f("What the `webhook-id` header says; the same when it is delivered again.")
    event: WebhookEvent = f("What it tells of.")
    body: str = f("The JSON that is sent, to the byte.")
    state: DeliveryState = f("How far it came.")
    tries: int = f("How often it was sent.")
    next_at: datetime | None = f("When it is tried next; null when it is over.")
    status: int | None = f("The HTTP status of the last answer; null where nobody answered.")
    answer: str | None = f("The beginning of the last answer, or why there was none.")
    created_at: datetime = f("When it happened.")
    ended_at: datetime | None = f("When it was taken, or given up.")

    @classmethod
    def of(cls, row: rows.WebhookDelivery) -> WebhookDelivery:
        return cls(
            id=global_id("WebhookDelivery", row.id), message_id=row.message_id, event=row.event, body=row.body,
            state=row.state, tries=row.tries, next_at=row.next_at, status=row.status, answer=row.answer,
            created_at=row.created_at, ended_at=row.ended_at,
        )  # fmt: skip


@described
class Webhook:
    """An address of a writer service that is told what happened, signed by the Standard Webhooks scheme."""

    id: strawberry.ID = f("Opaque id.")
    url: str = f("Where messages are posted.")
    events: list[WebhookEvent] = f("What it is told of; empty for everything.")
    created_at: datetime = f("When it was made.")
    rotated_at: datetime | None = f("When its secret was last changed.")
    disabled_at: datetime | None = f(
        "Since when it is told nothing, because it said that it is gone or took nothing for five days."
    )
    disabled_why: str | None = f("Why.")
    row: strawberry.Private[rows.Webhook]

    @classmethod
    def of(cls, row: rows.Webhook) -> Webhook:
        return cls(
            id=global_id("Webhook", row.id), url=row.url, events=[WebhookEvent(event) for event in row.events],
            created_at=row.created_at, rotated_at=row.rotated_at, disabled_at=row.disabled_at,
            disabled_why=row.disabled_why, row=row,
        )  # fmt: skip

    @strawberry.field(description="What it was told within 30 days, newest first.")
    async def deliveries(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[WebhookDelivery]:
        page = await info.context.deliveries_of(first, cursor_row(after)).load(self.row.id)
        told: Connection[WebhookDelivery] = Connection.of_rows(
            page.rows, [WebhookDelivery.of(row) for row in page.rows], page.more
        )
        return told
