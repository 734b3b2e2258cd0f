"""One estimator: what is quoted, held, charged and booked come from the same figures, whatever is made."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.catalog import bills
from persona_graph.catalog.pace import speech_seconds
from persona_graph.catalog.prices import INCLUDED, Quote, Span, Terms, cost, quote, terms
from persona_graph.catalog.tiers import Tier, load_tiers
from persona_graph.media.sentences import parts
from persona_graph.provider import (
    Animate,
    Capability,
    Cost,
    FileRef,
    Limits,
    Offer,
    Speak,
    TrainVoice,
    VendorVoice,
    Write,
)

D = Decimal
TIERS = load_tiers()
RESOLUTIONS = ("480p", "720p")
RATES = st.decimals(0, 2, places=6)
COSTS = st.builds(
    Cost,
    per_run=RATES,
    per_1000_chars=RATES,
    per_block=RATES,
    per_block_at=st.lists(st.tuples(st.sampled_from(RESOLUTIONS), RATES), max_size=2, unique_by=lambda p: p[0]).map(tuple),
    block_seconds=st.integers(1, 30),
    min_blocks=st.integers(0, 4),
    han_weight=st.integers(1, 3),
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "Good morning.",
        "Why?",
        "a",
        "one, two,",
        "你好。",
        "世界",
        "Ünïcödé!",
        "x" * 70,
        "\U0001f469‍\U0001f52c",
        "3.5",
    ]
)
SCRIPTS = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
SELLING = [(tier, resolution) for tier in TIERS.all for resolution in RESOLUTIONS if tier.video.allowed] + [
    (tier, "") for tier in TIERS.all
]


def sheet(seconds: float) -> FileRef:
    return FileRef(id="f", name="f.wav", content_type="audio/wav", size=1, seconds=seconds)


@given(
    costs=st.lists(COSTS, min_size=1, max_size=4), most=st.none() | st.integers(40, 200), script=SCRIPTS,
    tier=st.sampled_from(TIERS.all), shares=st.data(),
)  # fmt: skip
def test_g20_a_speech_is_held_charged_and_booked_as_it_was_quoted(
    costs: list[Cost], most: int | None, script: str, tier: Tier, shares: st.DataObject
) -> None:
    """129, 149, 205: over tiers, providers and scripts, cut or not: any measured length within the estimate is
    charged by the quote's own formula, and what each part's vendor bills lies between the quoted costs."""
    offers = [
        Offer(id=f"o{n}", capability=Capability.SPEECH, cost=rate, limits=Limits(max_chars=most))
        for n, rate in enumerate(costs)
    ]
    pieces = [script] if most is None or len(script) <= most else parts(script, most)
    span = speech_seconds(script)
    agreed = terms(tier, Capability.SPEECH)
    quoted = quote(agreed, offers, seconds=span, characters=len(script), pieces=lambda _: pieces)
    quoted = Quote.from_json(json.loads(json.dumps(quoted.to_json())))

    measured = shares.draw(st.floats(span.low, span.high))
    charged = quoted.settle(seconds=measured, characters=len(script))
    assert charged == quote(agreed, [], seconds=Span.exactly(measured), characters=len(script)).price_likely
    assert charged <= quoted.price_ceiling

    weights = [shares.draw(st.floats(0.01, 1)) for _ in pieces]
    lengths = [measured * weight / sum(weights) for weight in weights]
    for offer in offers:
        booked = sum(
            (bills.for_order(offer, Speak(script=piece), seconds=length)[0] for piece, length in zip(pieces, lengths, strict=True)),
            D(0),
        )  # fmt: skip
        assert quoted.cost_low <= booked <= quoted.cost_high


@given(COSTS, st.sampled_from(SELLING), st.floats(0, 700))
def test_a_video_of_a_measured_speech_costs_what_was_said(
    rate: Cost, selling: tuple[Tier, str], seconds: float
) -> None:
    """137, 155, 156, 205: with the speech at hand the estimate is the charge and the booking, at each resolution."""
    tier, resolution = selling
    offer = Offer(id="o", capability=Capability.TALKING_VIDEO, cost=rate)
    agreed = terms(tier, Capability.TALKING_VIDEO, resolution=resolution) if resolution else INCLUDED
    quoted = quote(agreed, [offer], seconds=Span.exactly(seconds), resolution=resolution)
    assert quoted.price_likely == quoted.price_ceiling == quoted.settle(seconds=seconds)
    order = Animate(portrait=sheet(0), speech=sheet(seconds), resolution=resolution)
    assert quoted.cost_low == quoted.cost_high == bills.for_order(offer, order, seconds=seconds)[0]
    assert bills.for_order(offer, order)[0] == quoted.cost_low, "also where nothing could be measured"


@given(COSTS, st.lists(st.floats(1, 200), min_size=1, max_size=25))
def test_a_training_costs_what_was_said(rate: Cost, lengths: list[float]) -> None:
    """148: the samples are measured before anybody is asked."""
    offer = Offer(id="o", capability=Capability.VOICE_TRAINING, cost=rate)
    quoted = quote(Terms(once=D("0.75")), [offer], seconds=Span.exactly(sum(lengths)))
    order = TrainVoice(samples=tuple(map(sheet, lengths)))
    assert (
        quoted.cost_high
        == bills.for_order(offer, order, seconds=sum(lengths))[0]
        == bills.for_order(offer, order)[0]
    )
    assert quoted.settle(seconds=sum(lengths)) == D("0.75")


def test_a_resolution_and_a_han_character_have_prices_of_their_own() -> None:
    rate = Cost(per_block=D("0.15"), per_block_at=(("720p", D("0.30")),), block_seconds=5)
    video = Offer(id="v", capability=Capability.TALKING_VIDEO, cost=rate)
    assert [cost(video, seconds=12, resolution=at) for at in ("", "480p", "720p")] == [
        D("0.45"),
        D("0.45"),
        D("0.90"),
    ]
    speech = Offer(id="s", capability=Capability.SPEECH, cost=Cost(per_1000_chars=D("0.1"), han_weight=2))
    assert cost(speech, script="你好, you") == D("0.0009")
    assert cost(speech, characters=7) == D("0.0007"), "a script that is not at hand is counted as it was"


def test_the_first_use_of_a_voice_that_would_expire_is_billed_once() -> None:
    from datetime import UTC, datetime

    offer = Offer(
        id="s",
        capability=Capability.SPEECH,
        cost=Cost(per_run=D("0.01")),
        uses_trained_voice=True,
        first_use=D("1.5"),
    )
    fresh = VendorVoice(id="v", expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert bills.for_order(offer, Speak(script="x", voice=fresh), seconds=1)[0] == D("1.51")
    assert bills.for_order(offer, Speak(script="x", voice=VendorVoice(id="v")), seconds=1)[0] == D("0.01")
    assert quote(INCLUDED, [offer], pieces=lambda _: ["x"]).cost_high == D("1.51")


def test_a_text_is_billed_by_what_was_written() -> None:
    offer = Offer(id="t", capability=Capability.TEXT, cost=Cost(per_1000_chars=D(1)))
    assert bills.for_order(offer, Write(brief="12345"), written=100)[0] == D("0.1")
    assert bills.for_order(offer, Write(brief="12345"))[0] == D("0.005")


@pytest.mark.parametrize("billed", [D("NaN"), D(-1), D(5000), "0.1", 0.1])
def test_p6_what_a_vendor_cannot_mean_is_replaced_by_its_declaration(billed: object) -> None:
    offer = Offer(id="s", capability=Capability.SPEECH, cost=Cost(per_run=D("0.01")))
    booked, doubt = bills.for_order(offer, Speak(script="x"), billed=billed, seconds=1)
    assert booked == D("0.01") and doubt
    assert bills.for_order(offer, Speak(script="x"), billed=D("0.2"), seconds=1) == (D("0.2"), None)
