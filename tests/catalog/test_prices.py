from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.catalog.prices import (
    INCLUDED,
    PRICE_STEP,
    Quote,
    Span,
    Terms,
    believed,
    cost,
    price,
    quote,
    terms,
)
from persona_graph.catalog.tiers import Tier, load_tiers
from persona_graph.errors import InvalidInput
from persona_graph.provider import Capability, Cost, Limits, Offer

TIERS = load_tiers()
BASIC, PRO = TIERS.tier("basic"), TIERS.tier("pro")
D = Decimal
C = Capability


@pytest.mark.parametrize(
    ("tier", "capability", "measure", "expected"),
    [
        ("basic", C.VOICE_TRAINING, {}, "0.75"),
        ("pro", C.VOICE_TRAINING, {}, "0"),
        ("enterprise", C.VOICE_TRAINING, {}, "0"),
        ("free", C.SPEECH, {"seconds": 3600}, "0"),
        ("basic", C.SPEECH, {"seconds": 60}, "0.02"),
        ("basic", C.SPEECH, {"seconds": 61.234}, "0.0205"),
        ("basic", C.SPEECH, {"seconds": 0.001}, "0.0001"),
        ("pro", C.SPEECH, {"seconds": 3600}, "1.20"),
        ("pro", C.TALKING_VIDEO, {"seconds": 0}, "0"),
        ("pro", C.TALKING_VIDEO, {"seconds": 0.5}, "0.15"),
        ("pro", C.TALKING_VIDEO, {"seconds": 5}, "0.15"),
        ("pro", C.TALKING_VIDEO, {"seconds": 5.08}, "0.15"),
        ("pro", C.TALKING_VIDEO, {"seconds": 5.101}, "0.30"),
        ("pro", C.TALKING_VIDEO, {"seconds": 10.000000001}, "0.30"),
        ("pro", C.TALKING_VIDEO, {"seconds": 5.5, "resolution": "720p"}, "0.60"),
        ("pro", C.TALKING_VIDEO, {"seconds": 120}, "3.60"),
        ("enterprise", C.TALKING_VIDEO, {"seconds": 600, "resolution": "720p"}, "36.00"),
        ("pro", C.TEXT, {"characters": 5000}, "0"),
    ],
)
def test_prices_of_the_product(
    tier: str, capability: Capability, measure: dict[str, Any], expected: str
) -> None:
    """148, 149, 155, 156, 160."""
    assert price(TIERS.tier(tier), capability, **measure) == D(expected)


def test_what_the_tier_does_not_sell_has_no_price() -> None:
    with pytest.raises(ValueError, match="not part of Free"):
        price(TIERS.tier("free"), C.VOICE_TRAINING)
    with pytest.raises(InvalidInput, match="1080p") as refused:
        price(PRO, C.TALKING_VIDEO, seconds=5, resolution="1080p")
    assert "480p, 720p" in (refused.value.fix or "")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_what_is_no_length_has_no_price(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a length"):
        price(BASIC, C.SPEECH, seconds=seconds)


SECONDS = st.floats(0, 700)
SOLD = [
    (tier, capability, resolution)
    for tier in TIERS.all
    for capability in C
    for resolution in ("480p", "720p")
    if tier.section(capability).allowed
]


@given(st.sampled_from(SOLD), SECONDS, SECONDS, st.integers(0, 20_000))
def test_longer_never_costs_less(
    sold: tuple[Tier, Capability, str], one: float, two: float, characters: int
) -> None:
    tier, capability, resolution = sold
    low, high = sorted((one, two))
    at = terms(tier, capability, resolution=resolution)
    assert at.price(seconds=low, characters=characters) <= at.price(seconds=high, characters=characters)
    assert at.price(seconds=low) % PRICE_STEP == 0


OFFERS = [
    Offer(
        id="block", capability=C.TALKING_VIDEO, cost=Cost(per_block=D("0.15"), block_seconds=5, min_blocks=1)
    ),
    Offer(
        id="second", capability=C.TALKING_VIDEO, cost=Cost(per_block=D("0.03"), block_seconds=1, min_blocks=5)
    ),
    Offer(id="free", capability=C.TALKING_VIDEO),
]


@given(st.sampled_from(SOLD), st.lists(SECONDS, min_size=3, max_size=3), SECONDS, st.integers(0, 20_000))
def test_settlement_is_the_quoted_formula_and_never_above_the_ceiling(
    sold: tuple[Tier, Capability, str], ends: list[float], measured: float, characters: int
) -> None:
    """155, 156, 205: estimate = reservation = charge; G20: the hold is never less than the bill."""
    tier, capability, resolution = sold
    span = Span(*sorted(ends))
    agreed = terms(tier, capability, resolution=resolution)
    quoted = quote(agreed, OFFERS, seconds=span, characters=characters)
    settled = quoted.settle(seconds=measured, characters=characters)
    own = price(tier, capability, seconds=measured, resolution=resolution, characters=characters)
    assert settled == min(own, quoted.price_ceiling)
    if measured <= span.high:
        assert settled == own
    assert quoted.price_likely <= quoted.price_ceiling
    for offer in OFFERS:
        if span.low <= measured <= span.high:
            assert quoted.cost_low <= cost(offer, seconds=measured, characters=characters) <= quoted.cost_high
    assert Quote.from_json(json.loads(json.dumps(quoted.to_json()))) == quoted


@given(SECONDS)
def test_a_quote_for_a_measured_length_is_the_bill(seconds: float) -> None:
    """137, 205: with the speech at hand, nothing is left to estimate."""
    quoted = quote(terms(PRO, C.TALKING_VIDEO), OFFERS, seconds=Span.exactly(seconds))
    assert quoted.price_likely == quoted.price_ceiling == quoted.settle(seconds=seconds)


def test_agreed_terms_outlive_the_price_list() -> None:
    """A downgrade or a new price list between quote and settlement changes nothing."""
    quoted = quote(terms(BASIC, C.VOICE_TRAINING), [])
    stored = Quote.from_json(json.loads(json.dumps(quoted.to_json())))
    assert stored.settle() == D("0.75")
    assert (stored.cost_low, stored.cost_high) == (D(0), D(0))
    assert INCLUDED.price(seconds=600, characters=10_000) == 0
    assert Terms.from_json(INCLUDED.to_json()) == INCLUDED


def test_a_script_over_the_vendors_limit_is_billed_in_several_runs() -> None:
    offer = Offer(
        id="o",
        capability=C.SPEECH,
        cost=Cost(per_run=D("0.01"), per_1000_chars=D("0.1")),
        limits=Limits(max_chars=1000),
    )
    assert [cost(offer, characters=n) for n in (0, 1000, 1001, 3000)] == [
        D("0.01"), D("0.11"), D("0.1201"), D("0.33"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "billed", [D(-1), D("NaN"), D("sNaN"), D("Infinity"), D(10) ** 12, "1", 0.5, 1, b"", [D(1)]]
)
def test_p6_a_bill_that_cannot_be_is_not_believed(billed: object) -> None:
    booked, fault = believed(billed)
    assert booked is None and fault and "billed_cost" in fault


def test_the_vendors_own_bill_is_booked() -> None:
    assert believed(D("0.2100004")) == (D("0.210000"), None)
    assert believed(None) == (None, None)
