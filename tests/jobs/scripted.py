"""A provider that answers what its script says, and remembers what it was asked."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from persona_graph.catalog.registry import Catalog, Plugin, Registered
from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Limits,
    Offer,
    Order,
    PaymentSafety,
    Progress,
    Ticket,
)
from persona_graph.provider.contract import checked

Answer = Any
"""A value is returned, an exception raised, a function called with the call (and awaited, if it is async)."""


@dataclass(frozen=True)
class Asked:
    """One call, as the provider saw it."""

    method: str
    key: str
    what: Any
    at: float = field(default_factory=time.monotonic)


class ScriptEnded(AssertionError):
    """The core asked more often than the script has answers for."""


class Scripted:
    """Each method has its own list of answers. ``...`` at the end of a list repeats the answer before it."""

    api_version = API_VERSION

    def __init__(self, id: str, offer: Offer, **answers: Sequence[Answer]) -> None:
        self.id, self.name = id, f"Scripted {id}"
        self.offers: Sequence[Offer] = (offer,)
        self.answers = {name: list(script) for name, script in answers.items()}
        self.history: list[Asked] = []

    def calls(self, method: str) -> int:
        return sum(asked.method == method for asked in self.history)

    def keys(self, method: str = "start") -> list[str]:
        return [asked.key for asked in self.history if asked.method == method]

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        return await self._answer("start", call, order)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        return await self._answer("check", call, dict(ticket.data))

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return await self._answer("find", call, order)

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        return await self._answer("cancel", call, dict(ticket.data))

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        return await self._answer("forget_voice", call, vendor_voice)

    async def _answer(self, method: str, call: Call, what: Any) -> Any:
        self.history.append(Asked(method, call.idempotency_key, what))
        answer = self._next(method)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(call)
            if inspect.isawaitable(answer):
                answer = await answer
        return answer

    def _next(self, method: str) -> Answer:
        script = self.answers.get(method, [None] if method in ("cancel", "forget_voice") else [])
        if not script:
            raise ScriptEnded(f"{self.id}.{method} was asked {self.calls(method)} times")
        if len(script) > 1 and script[1] is ...:
            return script[0]
        return script.pop(0)


def speech_offer(
    safety: PaymentSafety = PaymentSafety.KEYED, *, cost: str = "0.01", give_up: float = 3600, **more: Any
) -> Offer:
    return Offer(
        id="speak",
        capability=Capability.SPEECH,
        cost=Cost(per_run=Decimal(cost)),
        fidelity=Fidelity.STOCK,
        payment_safety=safety,
        give_up_after=timedelta(seconds=give_up),
        limits=Limits(),
        **more,
    )


def video_offer(safety: PaymentSafety = PaymentSafety.KEYED, *, cost: str = "0.05") -> Offer:
    return Offer(
        id="talk",
        capability=Capability.TALKING_VIDEO,
        cost=Cost(per_run=Decimal(cost)),
        payment_safety=safety,
        give_up_after=timedelta(seconds=3600),
    )


def text_offer(safety: PaymentSafety = PaymentSafety.KEYED, *, cost: str = "0.03") -> Offer:
    return Offer(
        id="write",
        capability=Capability.TEXT,
        cost=Cost(per_run=Decimal(cost)),
        payment_safety=safety,
        give_up_after=timedelta(seconds=3600),
    )


def speaker(id: str = "toy", safety: PaymentSafety = PaymentSafety.KEYED, **script: Any) -> Scripted:
    """A stock speaker. ``cost`` and ``give_up`` go to its offer, the rest are answers."""
    about = {name: script.pop(name) for name in ("cost", "give_up") if name in script}
    return Scripted(id, speech_offer(safety, **about), **script)


def catalog(*providers: Scripted) -> Catalog:
    """As ``load_plugins`` would take them in, the contract checked."""
    taken = []
    for provider in providers:
        seen = checked(provider)
        plugin = Plugin(provider.id, "scripted", "1")
        taken.append(Registered(seen.id, seen.name, seen.offers, plugin, provider))
    return Catalog(tuple(taken))


DELIVERY = Delivery(media=b"12", content_type="audio/wav", billed_cost=Decimal("0.02"))
TICKET = Ticket({"order": "7"}, check_again_in=1.0)


def then(answer: Answer, also: Callable[[], object]) -> Callable[[Call], Answer]:
    """Answers as given, and has ``also`` happen first."""

    def both(_call: Call) -> Answer:
        also()
        return answer

    return both
