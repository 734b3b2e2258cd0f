"""Does a plugin's provider keep the wall's contract? Checked once, when it is loaded. Pure."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from persona_graph.provider.hookspec import API_VERSION
from persona_graph.provider.knocks import TakesKnocks
from persona_graph.provider.offers import (
    Capability,
    Cost,
    DataUse,
    Fidelity,
    Limits,
    Offer,
    PaymentSafety,
)

MAX_OFFERS = 64
MAX_UNIT_COST = Decimal(1000)
MAX_GIVE_UP = timedelta(days=7)

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_METHODS = {
    "start": ("offer", "order", "call"),
    "check": ("ticket", "call"),
    "find": ("offer", "order", "call"),
    "cancel": ("ticket", "call"),
    "forget_voice": ("vendor_voice", "call"),
}


class ContractFault(Exception):
    """What a provider got wrong, in words for its author."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read of a provider, each attribute once, so that nothing changes after the check."""

    id: str
    name: str
    offers: tuple[Offer, ...]


def checked(provider: Any) -> Checked:
    """The provider as it stands now; raises ContractFault for the first thing wrong."""
    version = getattr(provider, "api_version", None)
    if version != API_VERSION or isinstance(version, bool):
        raise ContractFault(f"it speaks provider API {version!r}; this server speaks {API_VERSION}")
    ident: Any = getattr(provider, "id", None)
    if not _is_id(ident):
        raise ContractFault("its provider's id is not a lower-case word with hyphens")
    found = Checked(ident, getattr(provider, "name", ""), _sequence(getattr(provider, "offers", None)))
    for fault in (*_name_faults(found.name), *_method_faults(provider), *_offers_faults(found.offers)):
        raise ContractFault(f"provider {ident!r}: {fault}")
    return found


def _sequence(offers: Any) -> tuple[Offer, ...]:
    return tuple(offers) if isinstance(offers, list | tuple) else ()


def _name_faults(name: Any) -> Iterator[str]:
    if not isinstance(name, str) or not 0 < len(name) <= 100 or not name.isprintable():
        yield "it has no name of 1 to 100 printable characters"


def _method_faults(provider: Any) -> Iterator[str]:
    for name, parameters in _METHODS.items():
        method = getattr(provider, name, None)
        if not inspect.iscoroutinefunction(method):
            yield f"{name} is not an async method"
            continue
        try:
            inspect.signature(method).bind(*parameters)
        except TypeError:
            yield f"{name} does not take ({', '.join(parameters)})"
    if isinstance(provider, TakesKnocks):
        yield from _knock_faults(provider.verify_knock)


def _knock_faults(verify: Any) -> Iterator[str]:
    if not callable(verify) or inspect.iscoroutinefunction(verify) or inspect.isgeneratorfunction(verify):
        yield "verify_knock is not a plain method"
        return
    try:
        inspect.signature(verify).bind("knock")
    except TypeError:
        yield "verify_knock does not take (knock)"


def _offers_faults(offers: tuple[Offer, ...]) -> Iterator[str]:
    if not 0 < len(offers) <= MAX_OFFERS:
        yield f"offers is not a list or tuple of 1 to {MAX_OFFERS} offers"
        return
    seen: set[str] = set()
    for number, offer in enumerate(offers, 1):
        # Exactly Offer: a subclass could compute another price at every look.
        if type(offer) is not Offer or not _is_id(offer.id):
            yield f"offer {number} is not an Offer with a lower-case id"
            return
        if offer.id in seen:
            yield f"offer id {offer.id!r} is used twice"
        seen.add(offer.id)
        yield from (f"offer {offer.id!r}: {fault}" for fault in _offer_faults(offer))


def _offer_faults(offer: Offer) -> Iterator[str]:
    if not isinstance(offer.capability, Capability):
        yield "capability is not a Capability"
    if not isinstance(offer.payment_safety, PaymentSafety):
        yield "payment_safety is not a PaymentSafety"
    if not isinstance(offer.fidelity, Fidelity | None):
        yield "fidelity is not a Fidelity"
    if not isinstance(offer.uses_trained_voice, bool):
        yield "uses_trained_voice is not a bool"
    elif offer.uses_trained_voice and offer.fidelity is Fidelity.STOCK:
        yield "it uses the trained voice and yet calls its fidelity STOCK"
    if (
        not isinstance(offer.give_up_after, timedelta)
        or not timedelta(0) < offer.give_up_after <= MAX_GIVE_UP
    ):
        yield f"give_up_after is not a timedelta of at most {MAX_GIVE_UP.days} days"
    if offer.typical_seconds is not None and not _is_number(offer.typical_seconds, least=0):
        yield "typical_seconds is not a length of time"
    yield from _cost_faults(offer.cost)
    yield from _limits_faults(offer.limits)
    yield from _data_use_faults(offer.data_use)


def _cost_faults(cost: Cost) -> Iterator[str]:
    if type(cost) is not Cost:
        yield "cost is not a Cost"
        return
    amounts = [(name, getattr(cost, name)) for name in ("per_run", "per_1000_chars", "per_block")]
    if not _are_pairs(cost.per_block_at):
        yield "cost.per_block_at is not a tuple of (resolution, amount) pairs"
    else:
        amounts += [(f"per_block_at[{resolution!r}]", amount) for resolution, amount in cost.per_block_at]
        if len(dict(cost.per_block_at)) < len(cost.per_block_at):
            yield "cost.per_block_at names a resolution twice"
    yield from (fault for name, amount in amounts for fault in _amount_faults(name, amount))
    if not _is_whole(cost.block_seconds, 1, 3600):
        yield "cost.block_seconds is not a whole number of 1 to 3600 seconds"
    if not _is_whole(cost.min_blocks, 0, 10_000):
        yield "cost.min_blocks is not a whole number of 0 to 10,000"
    if not _is_whole(cost.han_weight, 1, 10):
        yield "cost.han_weight is not a whole number of 1 to 10"


def _amount_faults(name: str, amount: Any) -> Iterator[str]:
    if not isinstance(amount, Decimal):
        yield f"cost.{name} is a {type(amount).__name__}, not a Decimal"
    elif not amount.is_finite() or not 0 <= amount <= MAX_UNIT_COST:
        yield f"cost.{name} is {amount:.6g}, not between 0 and {MAX_UNIT_COST} USD"


def _limits_faults(limits: Limits) -> Iterator[str]:
    if type(limits) is not Limits:
        yield "limits is not a Limits"
        return
    for name in ("min_seconds", "max_seconds"):
        if (value := getattr(limits, name)) is not None and not _is_number(value, least=0):
            yield f"limits.{name} is not a length of time"
            return
    if limits.min_seconds and limits.max_seconds and limits.min_seconds > limits.max_seconds:
        yield "limits.min_seconds is more than limits.max_seconds"
    for name in ("max_chars", "max_bytes", "max_concurrent"):
        if (value := getattr(limits, name)) is not None and not _is_whole(value, 1, 2**53):
            yield f"limits.{name} is not a whole number above 0"
    for name in ("content_types", "resolutions", "languages", "options"):
        if not _are_words(getattr(limits, name)):
            yield f"limits.{name} is not a tuple of words"


def _data_use_faults(use: DataUse) -> Iterator[str]:
    if type(use) is not DataUse:
        yield "data_use is not a DataUse"
        return
    if not _are_words(use.leaves):
        yield "data_use.leaves is not a tuple of words"
    if use.kept_days is not None and not _is_whole(use.kept_days, 0, 2**31):
        yield "data_use.kept_days is not a whole number of days"
    kinds: dict[str, type] = {"region": str, "trains_on_it": bool, "deletion_supported": bool}
    for field in fields(use):
        kind = kinds.get(field.name)
        if kind and not isinstance(getattr(use, field.name), kind):
            yield f"data_use.{field.name} is not a {kind.__name__}"


def _is_id(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Enum) and bool(_ID.fullmatch(value))


def _is_number(value: object, least: float) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value >= least
    )


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _are_pairs(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and _are_words(pair[:1]) for pair in value
    )


def _are_words(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(word, str) and 0 < len(word) <= 200 for word in value)
