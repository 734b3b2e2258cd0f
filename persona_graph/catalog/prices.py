"""One formula for quote, reservation and settlement. Pure.

Price is what the account pays by its tier; cost is what the vendor bills the operator by its offer.
A price is exact, then rounded up once to a hundredth of a cent. A media length counts to the millisecond;
a video block counts as started when more than a tenth of a second lies in it, because a container pads
the last frame and nobody should pay for padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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


def cost(
    offer: Offer, *, seconds: float = 0, characters: int = 0, script: str = "", resolution: str = ""
) -> Decimal:
    """What the vendor will bill by its declaration; a script over its limit goes in several runs. ``script`` is
    counted as the vendor counts it; ``characters`` stand for one that is not at hand."""
    counted = offer.cost.weigh(script) if script else characters
    billed = offer.cost.of(seconds=seconds, characters=counted, resolution=resolution)
    limit = offer.limits.max_chars
    if limit and offer.capability is Capability.SPEECH:
        billed += offer.cost.per_run * max(0, math.ceil((len(script) or characters) / limit) - 1)
    return billed.quantize(COST_STEP, ROUND_CEILING)


def cost_range(
    offer: Offer, span: Span, *, characters: int = 0, pieces: Sequence[str] = (), resolution: str = ""
) -> tuple[Decimal, Decimal]:
    """The least and the most that the vendor will bill. ``pieces`` are the scripts of the orders it takes; how
    long each of several will be is not known, so each may begin a block more."""
    if len(pieces) < 2:
        script = pieces[0] if pieces else ""
        low, high = (
            cost(offer, seconds=seconds, characters=characters, script=script, resolution=resolution)
            for seconds in (span.low, span.high)
        )
        return low, high
    rate = offer.cost
    block = dict(rate.per_block_at).get(resolution, rate.per_block)
    least = sum((cost(offer, script=piece, resolution=resolution) for piece in pieces), _ZERO)
    surely = max(0, _blocks(rate.block_seconds, span.low) - rate.min_blocks * len(pieces))
    at_most = _blocks(rate.block_seconds, span.high) + len(pieces) - 1
    return least + block * surely, least + block * at_most


def _blocks(block_seconds: int, seconds: float) -> int:
    return math.ceil(round(seconds / block_seconds, 6))


def believed(billed: object) -> tuple[Decimal | None, str | None]:
    """A vendor's own figure as it may be booked, or why it cannot be believed (P6)."""
    if billed is None:
        return None, None
    if not isinstance(billed, Decimal):
        return None, f"billed_cost is a {type(billed).__name__}, not a Decimal"
    if not billed.is_finite() or not 0 <= billed <= ABSURD_BILL:
        return None, f"billed_cost {billed:.6g} is not between 0 and {ABSURD_BILL} USD"
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


Pieces = Callable[[Offer], Sequence[str]]
"""The scripts of the orders that an offer would be given for a text; none where there is no text."""


def quote(
    agreed: Terms, offers: Sequence[Offer], *, seconds: Span | None = None, characters: int = 0,
    resolution: str = "", pieces: Pieces = lambda _offer: (),
) -> Quote:  # fmt: skip
    """``offers`` are the candidates that may come to serve it; ``seconds`` is ``Span.exactly`` of a measured
    length, or an estimate."""
    span = seconds or Span.exactly(0)
    costs = [
        cost_range(offer, span, characters=characters, pieces=pieces(offer), resolution=resolution)
        for offer in offers
    ]
    return Quote(
        price_likely=agreed.price(seconds=span.likely, characters=characters),
        price_ceiling=agreed.price(seconds=span.high, characters=characters),
        cost_low=min((low for low, _ in costs), default=_ZERO),
        cost_high=max(
            (high + offer.first_use for (_, high), offer in zip(costs, offers, strict=True)), default=_ZERO
        ),
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
