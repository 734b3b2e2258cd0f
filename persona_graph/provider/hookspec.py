"""The one hook, and the protocol of what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import pluggy

from persona_graph.provider.call import Call, PluginConfig
from persona_graph.provider.deliveries import Delivery, Progress, Ticket
from persona_graph.provider.offers import Offer
from persona_graph.provider.orders import Order

API_VERSION = 1
PROJECT = "persona_graph"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@runtime_checkable
class Provider(Protocol):
    """One vendor's engine. ``id`` is a stable lower-case word with hyphens, unique in a server."""

    id: str
    name: str
    api_version: int
    offers: Sequence[Offer]

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        """Place the order. May spend money: called once, or again only as PaymentSafety allows."""

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        """Ask how it goes. Free and repeatable, also after a delivery."""

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        """After a lost reply: the order if the vendor has it, ``None`` if it surely has not."""

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """Stop if it can be stopped. Harmless twice, and after the end. To return says that it costs nothing;
        where the vendor goes on and bills it, raise: OrderRejected with its ``billed_cost`` if that is known."""

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """Delete a trained voice at the vendor. Harmless twice; OutcomeUnknown keeps it pending."""


class Hooks:
    @hookspec
    def persona_graph_register_providers(self, config: PluginConfig) -> Iterable[Provider]:
        """Return this plugin's providers. Called once at start, with this plugin's settings only."""
        raise AssertionError("a specification, not called")
