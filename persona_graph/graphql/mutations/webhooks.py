"""Webhooks of writer services."""

from __future__ import annotations

from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, maybe
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.webhooks import Webhook, WebhookDelivery
from persona_graph.jobs import webhooks
from persona_graph.jobs.webhooks import WebhookEvent


@described_input
class CreateWebhookInput:
    """An address that is to be told what happens."""

    url: str = f("A public https:// address that answers 2xx within 10 seconds.")
    events: list[WebhookEvent] = f("What it is to be told of; empty for everything.", default_factory=list)


@described_input
class WebhookInput:
    """Which webhook."""

    webhook_id: strawberry.ID = f("The webhook.")


@described_input
class DeliveryInput:
    """Which delivery."""

    delivery_id: strawberry.ID = f("The delivery.")


@described
class WebhookPayload:
    """The webhook, or why nothing was changed."""

    webhook: Webhook | None = maybe("The webhook.")
    secret: str | None = maybe(
        "What its messages are signed with, `whsec_` and base64 of 32 bytes; shown this once, when it is made or changed."
    )
    errors: list[UserError] = errors_field()


@described
class DeliveryPayload:
    """The message that is on its way, or why there is none."""

    delivery: WebhookDelivery | None = maybe("The message.")
    errors: list[UserError] = errors_field()


def _with_secret(made: Any) -> dict[str, Any]:
    return {"webhook": Webhook.of(made[0]), "secret": made[1]}


def _alone(row: Any) -> dict[str, Any]:
    return {"webhook": Webhook.of(row)}


def _delivery(row: Any) -> dict[str, Any]:
    return {"delivery": WebhookDelivery.of(row)}


@described
class WebhookMutations:
    """Webhooks of writer services."""

    @strawberry.mutation(
        description="Have an address told what happens, signed by the Standard Webhooks scheme."
    )
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> WebhookPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        keys = runtime.media.vault.keys
        return await answer(
            WebhookPayload,
            lambda: webhooks.create_webhook(
                runtime.db, runtime.outbound, keys, viewer, input.url, input.events
            ),
            _with_secret,
        )

    @strawberry.mutation(
        description="Change a webhook's secret. For 24 hours messages carry both signatures."
    )
    async def rotate_webhook_secret(self, info: Info, input: WebhookInput) -> WebhookPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        return await answer(
            WebhookPayload,
            lambda: webhooks.rotate_secret(runtime.db, runtime.media.vault.keys, viewer, _webhook_id(input)),
            _with_secret,
        )

    @strawberry.mutation(description="Tell a disabled webhook again what happens from now on.")
    async def enable_webhook(self, info: Info, input: WebhookInput) -> WebhookPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        return await answer(
            WebhookPayload, lambda: webhooks.enable_webhook(runtime.db, viewer, _webhook_id(input)), _alone
        )

    @strawberry.mutation(description="Delete a webhook, its secret and its log.")
    async def delete_webhook(self, info: Info, input: WebhookInput) -> WebhookPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        return await answer(
            WebhookPayload, lambda: webhooks.delete_webhook(runtime.db, viewer, _webhook_id(input)), _alone
        )

    @strawberry.mutation(
        description="Send a webhook a message that says nothing, to see whether it is taken."
    )
    async def test_webhook(self, info: Info, input: WebhookInput) -> DeliveryPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        return await answer(
            DeliveryPayload, lambda: webhooks.test_webhook(runtime.db, viewer, _webhook_id(input)), _delivery
        )

    @strawberry.mutation(
        description="Send a message of the log again, the same bytes under the same `webhook-id`, signed anew."
    )
    async def redeliver_webhook(self, info: Info, input: DeliveryInput) -> DeliveryPayload:
        runtime, viewer = info.context.runtime, info.context.viewer
        return await answer(
            DeliveryPayload,
            lambda: webhooks.redeliver(
                runtime.db, viewer, row_id("WebhookDelivery", input.delivery_id, "deliveryId")
            ),
            _delivery,
        )


def _webhook_id(input: WebhookInput) -> str:
    return row_id("Webhook", input.webhook_id, "webhookId")
