"""One formula for quote, reservation and settlement. Pure.

Price is what the account pays by its tier; cost is what the vendor bills the operator by its offer.
A price is exact, then rounded up once to a hundredth of a cent. A media length counts to the millisecond;
a video block counts as started when more than a tenth of a second lies in it, because a container pads
the last frame and nobody should pay for padding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple, Self

from persona_graph.catalog.tiers import Tier
from persona_graph.errors import InvalidInput
from persona_graph.provider import Capability, Offer

PRICE_STEP = Decimal("0.0001")
COST_STEP = Decimal("0.000001")
PADDING_SECONDS = Decimal("0.1")
ABSURD_BILL = Decimal(1000)

_MILLISECOND = Decimal("0.001")
_ZERO = Decimal(0)


class Span(NamedTuple):
    """An amount that is not known yet: it lies between ``low`` and ``high``."""

    low: float
    likely: float
    high: float

    @classmethod
    def exactly(cls, amount: float) -> Self:
        return cls(amount, amount, amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The unit prices of one purchase in USD, kept with it: a later change of the price list or of the
    account's tier does not touch what was agreed."""

    once: Decimal = _ZERO
    per_minute: Decimal = _ZERO
    per_block: Decimal = _ZERO
    block_seconds: int = 5
    per_1000_chars: Decimal = _ZERO

    def price(self, *, seconds: float = 0, characters: int = 0) -> Decimal:
        length = _length(seconds)
        exact = self.once + self.per_minute * length / 60 + self.per_1000_chars * characters / 1000
        blocks = max(math.ceil((length - PADDING_SECONDS) / self.block_seconds), 1 if length else 0)
        return (exact + self.per_block * blocks).quantize(PRICE_STEP, ROUND_CEILING)

    def to_json(self) -> dict[str, Any]:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            once=Decimal(stored["once"]),
            per_minute=Decimal(stored["per_minute"]),
            per_block=Decimal(stored["per_block"]),
            block_seconds=int(stored["block_seconds"]),
            per_1000_chars=Decimal(stored["per_1000_chars"]),
        )


INCLUDED = Terms()
"""For work that the tier includes, such as a preview."""


def terms(tier: Tier, capability: Capability, *, resolution: str = "480p") -> Terms:
    """The tier's unit prices. The tier must allow the capability (``Tiers.admit``)."""
    if not tier.section(capability).allowed:
        raise ValueError(f"{capability} is not part of {tier.name}")
    match capability:
        case Capability.VOICE_TRAINING:
            return Terms(once=tier.voice_training.price_once)
        case Capability.SPEECH:
            return Terms(per_minute=tier.speech.price_per_minute)
        case Capability.TALKING_VIDEO:
            return Terms(per_block=_block_price(tier, resolution), block_seconds=tier.video.block_seconds)
        case Capability.TEXT:
            return Terms(per_1000_chars=tier.text.price_per_1000_chars)


def price(
    tier: Tier, capability: Capability, *, seconds: float = 0, resolution: str = "480p", characters: int = 0
) -> Decimal:
    """What the account pays for media of ``seconds`` (speech, video) or text of ``characters``."""
    return terms(tier, capability, resolution=resolution).price(seconds=seconds, characters=characters)


def cost(offer: Offer, *, seconds: float = 0, characters: int = 0) -> Decimal:
    """What the vendor will bill by its declaration; a script over its limit goes in several runs."""
    billed = offer.cost.of(seconds=seconds, characters=characters)
    limit = offer.limits.max_chars
    if limit and offer.capability is Capability.SPEECH:
        billed += offer.cost.per_run * max(0, math.ceil(characters / limit) - 1)
    return billed.quantize(COST_STEP, ROUND_CEILING)


def booked_cost(
    offer: Offer, billed: object, *, seconds: float = 0, characters: int = 0
) -> tuple[Decimal, str | None]:
    """What to book for a delivery: the vendor's own figure, or the declared one with the reason why the
    vendor's cannot be believed (P6)."""
    declared = cost(offer, seconds=seconds, characters=characters)
    if billed is None:
        return declared, None
    if not isinstance(billed, Decimal):
        return declared, f"billed_cost is a {type(billed).__name__}, not a Decimal"
    if not billed.is_finite() or not 0 <= billed <= ABSURD_BILL:
        return declared, f"billed_cost {billed:.6g} is not between 0 and {ABSURD_BILL} USD"
    return billed.quantize(COST_STEP, ROUND_HALF_UP), None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a purchase will come to, in USD. ``price_ceiling`` is what gets reserved; ``cost_low`` and
    ``cost_high`` span the candidate offers as well as the estimate."""

    price_likely: Decimal
    price_ceiling: Decimal
    cost_low: Decimal
    cost_high: Decimal
    terms: Terms

    def settle(self, *, seconds: float = 0, characters: int = 0) -> Decimal:
        """The price for what was measured: by the agreed terms, and never above what was reserved."""
        return min(self.terms.price(seconds=seconds, characters=characters), self.price_ceiling)

    def to_json(self) -> dict[str, Any]:
        figures = {f.name: str(getattr(self, f.name)) for f in fields(self) if f.name != "terms"}
        return {**figures, "terms": self.terms.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            price_likely=Decimal(stored["price_likely"]),
            price_ceiling=Decimal(stored["price_ceiling"]),
            cost_low=Decimal(stored["cost_low"]),
            cost_high=Decimal(stored["cost_high"]),
            terms=Terms.from_json(stored["terms"]),
        )


def quote(
    agreed: Terms, offers: Sequence[Offer], *, seconds: Span | None = None, characters: int = 0
) -> Quote:
    """``offers`` are the candidates that may come to serve it; ``seconds`` is ``Span.exactly`` of a measured
    length, or an estimate."""
    span = seconds or Span.exactly(0)
    lows = [cost(offer, seconds=span.low, characters=characters) for offer in offers]
    highs = [cost(offer, seconds=span.high, characters=characters) for offer in offers]
    return Quote(
        price_likely=agreed.price(seconds=span.likely, characters=characters),
        price_ceiling=agreed.price(seconds=span.high, characters=characters),
        cost_low=min(lows, default=_ZERO),
        cost_high=max(highs, default=_ZERO),
        terms=agreed,
    )


def _block_price(tier: Tier, resolution: str) -> Decimal:
    try:
        return tier.video.price_per_block[resolution]
    except KeyError:
        sold = ", ".join(tier.video.price_per_block)
        raise InvalidInput(
            message=f"{tier.name} has no video in {resolution!r}.",
            path=("resolution",),
            fix=f"Choose one of: {sold}.",
        ) from None


def _length(seconds: float) -> Decimal:
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"not a length of time: {seconds!r}")
    return Decimal(str(seconds)).quantize(_MILLISECOND, ROUND_HALF_UP)


def _plain(value: Decimal | int) -> str | int:
    return str(value) if isinstance(value, Decimal) else value
