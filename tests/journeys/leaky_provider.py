"""A provider that quotes its own key in whatever goes wrong. Its speech's script names what that is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Delivery,
    Fidelity,
    Limits,
    Offer,
    Order,
    OrderFailed,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    PluginConfig,
    Progress,
    Provider,
    ProviderUnavailable,
    Speak,
    Ticket,
    hookimpl,
)

FAULTS: Mapping[str, type[Exception]] = {
    "rejected": OrderRejected,
    "failed": OrderFailed,
    "unavailable": ProviderUnavailable,
    "unknown": OutcomeUnknown,
    "broken": RuntimeError,
}
log = logging.getLogger(__name__)


@dataclass
class Leaky:
    key: str

    id = "leaky"
    name = "Leaky"
    api_version = API_VERSION
    offers = (
        Offer(
            id="speak",
            capability=Capability.SPEECH,
            fidelity=Fidelity.STOCK,
            payment_safety=PaymentSafety.KEYED,
            limits=Limits(languages=("eo",)),
        ),
    )

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        assert isinstance(order, Speak)
        log.error("asking with %s", self.key)
        call.log.warning("the key is %s", self.key)
        fault = next(made for name, made in FAULTS.items() if name in order.script)
        raise fault(f"401 for Bearer {self.key} at https://someone:{self.key}@vendor.example/?key={self.key}")

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        raise RuntimeError(self.key)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None: ...

    async def forget_voice(self, vendor_voice: str, call: Call) -> None: ...


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> Iterable[Provider]:
    return [Leaky(config.secret("API_KEY"))]
