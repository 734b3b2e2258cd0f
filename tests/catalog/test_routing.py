from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.catalog.prices import quote, terms
from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.routing import (
    STOCK_VOICE,
    DataDemands,
    Need,
    RefusalCode,
    Route,
    VoiceWish,
    rank,
)
from persona_graph.catalog.tiers import SHIPPED, load_tiers
from persona_graph.errors import InvalidInput, NoProvider, TierRefused
from persona_graph.provider import Capability, Cost, DataUse, Limits, Offer
from tests.catalog.toys import (
    EVERYTHING,
    GTTS,
    HUNYUAN,
    INFINITETALK,
    LOCAL_PORTRAIT,
    LOCAL_VOICE,
    MINIMAX,
    D,
    Toy,
    catalog,
    speaker,
    video,
)

TIERS = load_tiers()
C = Capability
R = RefusalCode


def ids(route: Route) -> list[str]:
    return [f"{c.provider}/{c.offer}" for c in route.candidates]


def reasons(route: Route) -> dict[str, RefusalCode]:
    return {f"{r.provider}/{r.offer}".rstrip("/"): r.code for r in route.refusals}


def video_need(seconds: float | None, tier: str = "enterprise", **more: Any) -> Need:
    return Need(capability=C.TALKING_VIDEO, tier=tier, seconds=seconds, **more)


def speech_need(tier: str, voice: VoiceWish = STOCK_VOICE, **more: Any) -> Need:
    return Need(capability=C.SPEECH, tier=tier, voice=voice, **more)


# -- video: who renders at which length -------------------------------------------------------------

H, I, L = "wavespeed-hunyuan/talk", "wavespeed-infinitetalk/talk", "local-portrait/talk"  # noqa: E741


@pytest.mark.parametrize(
    ("tier", "seconds", "expected"),
    [
        ("pro", 5, [H, I, L]),
        ("pro", 119, [H, I, L]),
        ("pro", 120, [H, I, L]),
        ("enterprise", 119, [H, I, L]),
        ("enterprise", 120, [H, I, L]),
        ("enterprise", 120.5, [I, L]),
        ("enterprise", 121, [I, L]),
        ("enterprise", 599, [I, L]),
        ("enterprise", 600, [I, L]),
        ("enterprise", None, [H, I, L]),
    ],
)
def test_80_94_the_provider_by_length(tier: str, seconds: float | None, expected: list[str]) -> None:
    """80, 94, 155–157: Hunyuan for short, InfiniteTalk for long, the offline one last."""
    assert ids(rank(video_need(seconds, tier), EVERYTHING, TIERS)) == expected


@pytest.mark.parametrize(
    ("tier", "seconds", "required"), [("pro", 121, "enterprise"), ("enterprise", 601, None)]
)
def test_157_161_longer_than_the_tier_allows(tier: str, seconds: float, required: str | None) -> None:
    with pytest.raises(TierRefused) as refused:
        rank(video_need(seconds, tier), EVERYTHING, TIERS)
    assert refused.value.required_tier == required


def test_80_the_boundary_is_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "tiers.toml"
    path.write_text(SHIPPED.read_text().replace("short_video_seconds = 120", "short_video_seconds = 60"))
    tiers = load_tiers(path)
    assert ids(rank(video_need(60), EVERYTHING, tiers)) == [H, I, L]
    route = rank(video_need(61), EVERYTHING, tiers)
    assert ids(route) == [I, L]
    assert route.refusals[0].code is R.SHORT_ONLY
    assert (
        route.refusals[0].words == "wavespeed-hunyuan (talk): it is used for videos up to 60 s; this is 61 s"
    )


def test_every_refusal_is_explained_in_words() -> None:
    narrow = catalog(
        HUNYUAN, replace_limits(INFINITETALK, max_seconds=600), video("local-portrait", 90, min_seconds=1)
    )
    route = rank(video_need(121, resolution="720p"), narrow, TIERS)
    assert [r.words for r in route.refusals] == [
        "wavespeed-hunyuan (talk): it is used for videos up to 120 s; this is 121 s",
        "local-portrait (talk): 121 s is longer than its 90 s limit",
    ]
    route = rank(video_need(0.5), narrow, TIERS)
    assert [r.words for r in route.refusals] == [
        "local-portrait (talk): 0.5 s is shorter than the 1 s it needs"
    ]


def replace_limits(toy: Toy, **limits: Any) -> Toy:
    return Toy(toy.id, *(replace(o, limits=replace(o.limits, **limits)) for o in toy.offers))


def test_94_a_resolution_that_a_provider_does_not_render_or_nobody_sells() -> None:
    only_480 = catalog(replace_limits(HUNYUAN, resolutions=("480p",)), LOCAL_PORTRAIT)
    route = rank(video_need(10, resolution="720p"), only_480, TIERS)
    assert ids(route) == [L]
    assert reasons(route) == {H: R.RESOLUTION, "wavespeed-infinitetalk": R.NOT_INSTALLED}
    with pytest.raises(InvalidInput, match="8k"):
        rank(video_need(10, resolution="8k"), only_480, TIERS)


def test_without_vendors_the_offline_provider_serves_and_the_route_says_why() -> None:
    route = rank(video_need(10), catalog(LOCAL_PORTRAIT), TIERS).required()
    assert ids(route) == [L]
    assert reasons(route) == {
        "wavespeed-hunyuan": R.NOT_INSTALLED, "wavespeed-infinitetalk": R.NOT_INSTALLED,
    }  # fmt: skip


def test_205_price_and_cost_of_each_candidate() -> None:
    route = rank(video_need(12, resolution="720p"), EVERYTHING, TIERS)
    assert [(c.price, c.cost) for c in route.candidates] == [
        (D("0.90"), D("0.45")), (D("0.90"), D("0.45")), (D("0.90"), D(0)),
    ]  # fmt: skip
    assert "price $0.90, cost $0.45" in route.candidates[0].why
    assert "number 1 of Enterprise for talking video" in route.candidates[0].why
    quoted = quote(
        terms(TIERS.tier("enterprise"), C.TALKING_VIDEO, resolution="720p"), route.offers(EVERYTHING)
    )
    assert quoted.cost_low == 0


# -- speech: whose voice ----------------------------------------------------------------------------

OWN_AT_BOTH = VoiceWish(enrolled_at=frozenset({"minimax", "local-voice"}))
OWN_AT_LOCAL = VoiceWish(enrolled_at=frozenset({"local-voice"}))
OWN_NOWHERE = VoiceWish(enrolled_at=frozenset())


@pytest.mark.parametrize(
    ("tier", "voice", "expected"),
    [
        ("basic", OWN_AT_BOTH, ["minimax/own", "local-voice/own"]),
        ("basic", OWN_AT_LOCAL, ["local-voice/own"]),
        ("basic", OWN_NOWHERE, []),
        ("pro", OWN_AT_LOCAL, ["local-voice/own"]),
        ("basic", replace(OWN_AT_BOTH, stock_allowed=True), ["minimax/own", "local-voice/own", "gtts/stock", "local-voice/stock"]),
        ("pro", replace(OWN_AT_LOCAL, stock_allowed=True), ["local-voice/own", "gtts/stock", "local-voice/stock"]),
        ("pro", replace(OWN_NOWHERE, stock_allowed=True), ["gtts/stock", "local-voice/stock"]),
        ("pro", STOCK_VOICE, ["gtts/stock", "local-voice/stock"]),
        ("pro", VoiceWish(), ["gtts/stock", "local-voice/stock"]),
        ("free", STOCK_VOICE, ["gtts/stock", "local-voice/stock"]),
        ("free", OWN_AT_BOTH, ["gtts/stock", "local-voice/stock"]),
        ("free", OWN_NOWHERE, ["gtts/stock", "local-voice/stock"]),
    ],
)  # fmt: skip
def test_151_152_fallback_changes_the_vendor_never_the_speaker(
    tier: str, voice: VoiceWish, expected: list[str]
) -> None:
    """53–56, 77, 151, 184: a stock voice only where it is allowed or the tier has nothing else."""
    route = rank(speech_need(tier, voice), EVERYTHING, TIERS)
    assert ids(route) == expected
    assert [c.own_voice for c in route.candidates] == [offer.endswith("/own") for offer in expected]


def test_the_reasons_for_each_voice() -> None:
    route = rank(speech_need("basic", OWN_AT_LOCAL), EVERYTHING, TIERS)
    assert reasons(route) == {
        "minimax/own": R.NOT_ENROLLED, "gtts/stock": R.OTHER_SPEAKER, "local-voice/stock": R.OTHER_SPEAKER,
    }  # fmt: skip
    assert "an approximation of the own voice" in route.candidates[0].why
    route = rank(speech_need("free", OWN_AT_BOTH), EVERYTHING, TIERS)
    assert reasons(route)["local-voice/own"] is R.OWN_VOICE_NOT_IN_TIER
    assert reasons(route)["minimax/own"] is R.NOT_LISTED
    assert "all that Free has" in route.candidates[0].why


def test_no_provider_lists_every_reason() -> None:
    with pytest.raises(NoProvider) as refused:
        rank(speech_need("basic", OWN_NOWHERE), EVERYTHING, TIERS).required()
    assert refused.value.refusals == (
        "minimax (own): this voice was not trained there",
        "gtts (stock): it would speak in somebody else's voice, which was not allowed",
        "local-voice (own): this voice was not trained there",
        "local-voice (stock): it would speak in somebody else's voice, which was not allowed",
    )


@given(
    tier=st.sampled_from(["free", "basic", "pro", "enterprise"]),
    enrolled=st.none() | st.frozensets(st.sampled_from(["minimax", "local-voice", "x", "y"])),
    stock=st.booleans(),
    fidelities=st.lists(st.sampled_from(["own", "stock", "both"]), min_size=4, max_size=4),
)
def test_the_speaker_never_changes_unasked(
    tier: str, enrolled: frozenset[str] | None, stock: bool, fidelities: list[str]
) -> None:
    toys = [
        speaker(name, own="" if kind == "stock" else "0.1", stock="" if kind == "own" else "0.1")
        for name, kind in zip(("minimax", "local-voice", "x", "y"), fidelities, strict=True)
    ]
    need = speech_need(tier, VoiceWish(enrolled_at=enrolled, stock_allowed=stock))
    route = rank(need, catalog(*toys), TIERS)
    for candidate in route.candidates:
        if candidate.own_voice:
            assert enrolled is not None and candidate.provider in enrolled and tier != "free"
        else:
            assert stock or enrolled is None or tier == "free"
    kinds = [candidate.own_voice for candidate in route.candidates]
    assert kinds == sorted(kinds, reverse=True), "the own voice comes first"
    offered = {(p.id, o.id) for p, o in catalog(*toys).offers(C.SPEECH)}
    told = {(c.provider, c.offer) for c in route.candidates} | {
        (r.provider, r.offer) for r in route.refusals if r.offer
    }
    assert told == offered, "every offer is either a candidate or refused with a reason"


# -- tiers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capability", "tier", "required", "price"),
    [
        (C.VOICE_TRAINING, "free", "basic", "$0.75 once per voice"),
        (C.TALKING_VIDEO, "free", "pro", "per started 5 s"),
        (C.TALKING_VIDEO, "basic", "pro", "per started 5 s"),
    ],
)
def test_151_162_164_a_tier_refusal_names_the_tier_and_its_price(
    capability: Capability, tier: str, required: str, price: str
) -> None:
    with pytest.raises(TierRefused) as refused:
        rank(Need(capability=capability, tier=tier, seconds=5), EVERYTHING, TIERS)
    assert refused.value.required_tier == required and price in (refused.value.fix or "")


def test_148_152_training_goes_to_the_tiers_providers() -> None:
    route = rank(Need(capability=C.VOICE_TRAINING, tier="basic", seconds=90), EVERYTHING, TIERS)
    assert ids(route) == ["minimax/train", "local-voice/train"]
    assert [(c.price, c.cost) for c in route.candidates] == [(D("0.75"), D("1.5")), (D("0.75"), D("1.5"))]
    assert rank(Need(capability=C.VOICE_TRAINING, tier="pro"), EVERYTHING, TIERS).candidates[0].price == 0


# -- limits of an offer -----------------------------------------------------------------------------

TRAINER = Toy(
    "minimax",
    Offer(
        id="train",
        capability=C.VOICE_TRAINING,
        limits=Limits(
            min_seconds=10,
            max_seconds=300,
            max_bytes=20_000_000,
            content_types=("audio/wav",),
            languages=("en", "zh"),
        ),
    ),
)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"seconds": 9.9}, R.TOO_SHORT),
        ({"seconds": 300.1}, R.TOO_LONG),
        ({"largest_file": 20_000_001}, R.FILE_TOO_LARGE),
        ({"content_types": ("audio/wav", "audio/flac")}, R.CONTENT_TYPE),
        ({"language": "de"}, R.LANGUAGE),
        (
            {
                "seconds": 10,
                "largest_file": 20_000_000,
                "content_types": ("audio/wav",),
                "language": "zh-Hant-TW",
            },
            None,
        ),
        ({"seconds": 300, "language": "EN-us"}, None),
    ],
)
def test_limits(more: dict[str, Any], code: RefusalCode | None) -> None:
    route = rank(Need(capability=C.VOICE_TRAINING, tier="pro", **more), catalog(TRAINER), TIERS)
    refusals = [refusal.code for refusal in route.refusals if refusal.code is not R.NOT_INSTALLED]
    assert refusals == ([code] if code else [])
    assert ids(route) == ([] if code else ["minimax/train"])


def test_a_long_script_is_no_reason_to_refuse_speech_but_text() -> None:
    short = Limits(max_chars=100)
    toys = catalog(
        Toy("gtts", Offer(id="s", capability=C.SPEECH, limits=short)),
        Toy("writer", Offer(id="t", capability=C.TEXT, limits=short)),
    )
    assert ids(rank(speech_need("pro", characters=20_000), toys, TIERS)) == ["gtts/s"]
    route = rank(Need(capability=C.TEXT, tier="pro", characters=20_000), toys, TIERS)
    assert [refusal.words for refusal in route.refusals] == ["writer (t): 20,000 characters are over its 100"]


def test_settings_without_effect_are_named_on_the_candidate() -> None:
    toys = catalog(Toy("gtts", Offer(id="s", capability=C.SPEECH, limits=Limits(options=("speed",)))))
    [candidate] = rank(
        speech_need("pro", options=frozenset({"speed", "pitch", "emotion"})), toys, TIERS
    ).candidates
    assert candidate.ignores == ("emotion", "pitch")
    assert "without effect there: emotion, pitch" in candidate.why


@pytest.mark.parametrize(
    ("demands", "use", "said"),
    [
        (DataDemands(nothing_leaves=True), DataUse(leaves=("script",)), "script would leave this server"),
        (DataDemands(no_training=True), DataUse(leaves=("script",), trains_on_it=True), "trains its models"),
        (DataDemands(deletion=True), DataUse(leaves=("script",), deletion_supported=False), "cannot delete"),
        (DataDemands(max_kept_days=30), DataUse(leaves=("script",), kept_days=31), "keeps the data for 31 days"),
        (DataDemands(max_kept_days=30), DataUse(leaves=("script",)), "an unknown time"),
        (DataDemands(regions=("eu",)), DataUse(leaves=("script",), region="us"), "go to us"),
        (DataDemands(regions=("eu",)), DataUse(leaves=("script",)), "an unknown region"),
        (DataDemands(max_kept_days=30), DataUse(leaves=("script",), kept_days=30), None),
        (DataDemands(regions=("eu",)), DataUse(leaves=("script",), region="eu"), None),
        (DataDemands(nothing_leaves=True, no_training=True, deletion=True, max_kept_days=0, regions=("eu",)), DataUse(), None),
    ],
)  # fmt: skip
def test_what_happens_to_the_data_can_be_demanded(
    demands: DataDemands, use: DataUse, said: str | None
) -> None:
    toys = catalog(Toy("gtts", Offer(id="s", capability=C.SPEECH, data_use=use)))
    route = rank(speech_need("pro", demands=demands), toys, TIERS)
    told = [refusal.reason for refusal in route.refusals if refusal.code is R.DATA_USE]
    assert (said in told[0] if said else told == []) and ids(route) == ([] if said else ["gtts/s"])


# -- order ------------------------------------------------------------------------------------------


def test_other_plugins_stand_where_the_star_is_the_cheapest_first() -> None:
    others = [speaker("aaa", own="0.3"), speaker("zzz", own="0.2"), speaker("mmm", own="0.2")]
    toys = catalog(LOCAL_VOICE, *others, MINIMAX, GTTS)
    everywhere = VoiceWish(enrolled_at=frozenset({"aaa", "mmm", "zzz", "minimax", "local-voice"}))
    route = rank(speech_need("pro", everywhere, characters=1000), toys, TIERS)
    assert ids(route) == ["minimax/own", "mmm/own", "zzz/own", "aaa/own", "local-voice/own"]
    route = rank(speech_need("free", characters=1000), catalog(LOCAL_VOICE, speaker("aaa", stock="1")), TIERS)
    assert ids(route) == ["local-voice/stock"]
    assert reasons(route)["aaa/stock"] is R.NOT_LISTED


def test_a_plugin_orders_its_own_offers() -> None:
    offers = [
        Offer(id=id, capability=C.SPEECH, cost=Cost(per_run=D(cost)))
        for id, cost in (("hd", "2"), ("turbo", "1"))
    ]
    route = rank(speech_need("pro"), catalog(Toy("gtts", *offers)), TIERS)
    assert ids(route) == ["gtts/hd", "gtts/turbo"]


@given(
    st.permutations(
        [GTTS, HUNYUAN, INFINITETALK, LOCAL_PORTRAIT, LOCAL_VOICE, MINIMAX, speaker("x", stock="1")]
    )
)
def test_the_route_does_not_depend_on_the_order_of_loading(toys: list[Toy]) -> None:
    everywhere = VoiceWish(enrolled_at=frozenset({"minimax", "local-voice"}), stock_allowed=True)
    sorted_toys = sorted(toys, key=lambda toy: toy.id)
    for need in (video_need(100), speech_need("pro", everywhere, characters=10), speech_need("free")):
        assert rank(need, catalog(*toys), TIERS) == rank(need, catalog(*sorted_toys), TIERS)


@pytest.mark.parametrize(
    "need",
    [
        video_need(121),
        speech_need("pro", replace(OWN_AT_LOCAL, stock_allowed=True), options=frozenset({"pitch"})),
    ],
)
def test_a_route_survives_json(need: Need) -> None:
    """It is stored with the job."""
    route = rank(need, EVERYTHING, TIERS)
    assert route.candidates and route.refusals
    assert Route.from_json(json.loads(json.dumps(route.to_json()))) == route


def test_an_empty_server_refuses_with_what_is_missing() -> None:
    with pytest.raises(NoProvider) as refused:
        rank(video_need(5), Catalog(), TIERS).required()
    assert [reason.partition(":")[0] for reason in refused.value.refusals] == [
        "wavespeed-hunyuan", "wavespeed-infinitetalk", "local-portrait",
    ]  # fmt: skip
