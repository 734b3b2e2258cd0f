"""What a vendor bills for one order: by its own word, or by the prices that its offer declares. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from persona_graph.catalog import prices
from persona_graph.catalog.pace import speech_seconds
from persona_graph.provider import Animate, Cost, Offer, Order, Speak, TrainVoice, Write

_ZERO = Decimal(0)
_AMOUNTS = ("per_run", "per_1000_chars", "per_block")
_COUNTS = ("block_seconds", "min_blocks", "han_weight")


def for_order(
    offer: Offer, order: Order, *, billed: object = None, seconds: float | None = None, written: int = 0
) -> tuple[Decimal, str | None]:
    """What to book for an order, and, where the vendor's own figure ``billed`` cannot be believed, why (P6).
    ``seconds`` is the length of what came back, ``None`` where nothing could be measured; ``written`` the
    characters of a text that came back."""
    length = _expected_seconds(order) if seconds is None else seconds
    declared = prices.cost(offer, seconds=length, **_amounts(order, written)) + _first_use(offer, order)
    booked, doubt = prices.believed(billed)
    return declared if booked is None else booked, doubt


def rates_json(offer: Offer) -> dict[str, Any]:
    """The offer's prices, to be kept with a quote."""
    rate = offer.cost
    amounts = {name: str(getattr(rate, name)) for name in _AMOUNTS}
    at = [[resolution, str(amount)] for resolution, amount in rate.per_block_at]
    return {**amounts, "per_block_at": at, **{name: getattr(rate, name) for name in _COUNTS}}


def _rates(stored: Mapping[str, Any]) -> Cost:
    read: dict[str, Any] = {name: Decimal(stored[name]) for name in _AMOUNTS}
    read |= {name: int(stored[name]) for name in _COUNTS}
    at = tuple((resolution, Decimal(amount)) for resolution, amount in stored["per_block_at"])
    return Cost(**read, per_block_at=at)


def has_become_dearer(offer: Offer, order: Order, quoted: Mapping[str, Any], name: str) -> bool:
    """Whether this order would cost more than by the prices under that name in the stored quote, and more than the
    whole was quoted to cost at most. One that is merely longer than expected does not count."""
    then = quoted.get("rates", {}).get(name)
    if then is None:
        return False
    now, _ = for_order(offer, order)
    before, _ = for_order(replace(offer, cost=_rates(then)), order)
    return now > before and now > Decimal(quoted["cost_high"])


def _amounts(order: Order, written: int) -> Mapping[str, Any]:
    match order:
        case Speak():
            return {"script": order.script}
        case Animate():
            return {"resolution": order.resolution}
        case Write():
            return {"characters": written or len(order.brief)}
        case _:
            return {}


def _expected_seconds(order: Order) -> float:
    match order:
        case Speak():
            return speech_seconds(order.script, order.language, speed=order.style.speed).likely
        case Animate():
            return order.speech.seconds or 0.0
        case TrainVoice():
            return sum(sample.seconds or 0.0 for sample in order.samples)
        case _:
            return 0.0


def _first_use(offer: Offer, order: Order) -> Decimal:
    """A voice that would expire is one that was not used yet."""
    expiring = isinstance(order, Speak) and order.voice is not None and order.voice.expires_at is not None
    return offer.first_use if expiring else _ZERO
