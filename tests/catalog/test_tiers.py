from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.catalog.tiers import SHIPPED, Feature, TiersFault, load_tiers, usd
from persona_graph.errors import TierRefused
from persona_graph.provider import Capability

TIERS = load_tiers()
D = Decimal
F = Feature


def test_the_shipped_tiers_are_those_of_the_product() -> None:
    """148–165: the whole table of tiers, cell by cell."""
    table = {tier.id: {a.feature: a.price for a in tier.allowances()} for tier in TIERS.all}
    video = "$0.15 (480p) or $0.30 (720p) per started 5 s"
    assert table == {
        "free": {
            F.WRITING_STYLE: "included", F.TEXT: "included", F.SPEECH: "included", F.OWN_VOICE: None,
            F.VOICE_TRAINING: None, F.AVATAR: None, F.TALKING_VIDEO: None,
        },
        "basic": {
            F.WRITING_STYLE: "included", F.TEXT: "included", F.SPEECH: "$0.02 per minute",
            F.OWN_VOICE: "$0.02 per minute", F.VOICE_TRAINING: "$0.75 once per voice", F.AVATAR: None,
            F.TALKING_VIDEO: None,
        },
        "pro": {
            F.WRITING_STYLE: "included", F.TEXT: "included", F.SPEECH: "$0.02 per minute",
            F.OWN_VOICE: "$0.02 per minute", F.VOICE_TRAINING: "included", F.AVATAR: "included", F.TALKING_VIDEO: video,
        },
        "enterprise": {
            F.WRITING_STYLE: "included", F.TEXT: "included", F.SPEECH: "$0.02 per minute",
            F.OWN_VOICE: "$0.02 per minute", F.VOICE_TRAINING: "included", F.AVATAR: "included", F.TALKING_VIDEO: video,
        },
    }  # fmt: skip
    assert [TIERS.monthly_cap(tier.id) for tier in TIERS.all] == [D(0), D(25), D(100), None]
    assert [tier.video.max_seconds for tier in TIERS.all if tier.video.allowed] == [120, 600]
    assert (TIERS.default_video_seconds, TIERS.short_video_seconds, TIERS.cheapest.id) == (5, 120, "free")


def test_the_offline_provider_is_always_the_last() -> None:
    for tier in TIERS.all:
        for capability in Capability:
            section = tier.section(capability)
            if section.allowed and capability is not Capability.TEXT:
                assert section.providers[-1].startswith("local-")


@pytest.mark.parametrize(
    ("tier", "feature", "seconds", "required", "price"),
    [
        ("free", F.VOICE_TRAINING, None, "basic", "$0.75 once per voice"),
        ("free", F.OWN_VOICE, None, "basic", "$0.02 per minute"),
        ("free", F.AVATAR, None, "pro", "included"),
        ("basic", F.AVATAR, None, "pro", "included"),
        ("basic", F.TALKING_VIDEO, 5, "pro", "$0.15 (480p)"),
        ("basic", F.TALKING_VIDEO, 300, "enterprise", "$0.15 (480p)"),
        ("pro", F.TALKING_VIDEO, 120.5, "enterprise", "per started 5 s"),
        ("enterprise", F.TALKING_VIDEO, 600.5, None, "600 s"),
    ],
)
def test_a_refusal_names_the_tier_that_can_and_its_price(
    tier: str, feature: Feature, seconds: float | None, required: str | None, price: str
) -> None:
    """151, 157, 161–164, 204."""
    with pytest.raises(TierRefused) as refused:
        TIERS.admit(tier, feature, seconds)
    fault = refused.value
    assert (fault.code, fault.tier, fault.required_tier) == ("TIER_REQUIRED", tier, required)
    assert price in (fault.fix or "")
    assert TIERS.tier(tier).name in fault.message


@given(st.sampled_from(Feature), st.none() | st.floats(0, 700))
def test_the_required_tier_is_the_first_that_admits(feature: Feature, seconds: float | None) -> None:
    required = TIERS.required_tier(feature, seconds)
    for tier in TIERS.all:
        if tier is required:
            assert TIERS.admit(tier.id, feature, seconds) is tier
            break
        with pytest.raises(TierRefused):
            TIERS.admit(tier.id, feature, seconds)


def test_a_refusal_where_no_tier_has_it(tmp_path: Path) -> None:
    only_free = SHIPPED.read_text().partition("[tiers.basic]")[0]
    path = tmp_path / "tiers.toml"
    path.write_text(only_free)
    with pytest.raises(TierRefused) as refused:
        load_tiers(path).admit("free", F.AVATAR)
    assert refused.value.required_tier is None and "No tier" in (refused.value.fix or "")


PRO_VIDEO = SHIPPED.read_text().splitlines().index("[tiers.pro.video]") + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("price_once = 0.75", "price_once = -0.75", "tiers.basic.voice_training.price_once: Input should be greater"),
        ("price_once = 0.75", "price_once = nan", "price_once"),
        ("price_once = 0.75", "price_once = 0.00001", "price_once"),
        ("price_once = 0.75", "price_once = 1e12", "price_once"),
        ("price_once = 0.75", 'price_once = "cheap"', "price_once"),
        ("price_once = 0.75\n", "", "tiers.basic.voice_training: Value error, is allowed, so it needs price_once"),
        ("monthly_cap = 25\n", "", "tiers.basic.monthly_cap: Field required"),
        ("monthly_cap = 25", 'monthly_cap = "lots"', "tiers.basic.monthly_cap"),
        ("max_seconds = 120\n", "", f"line {PRO_VIDEO}: tiers.pro.video: Value error, is allowed, so it needs max_seconds"),
        ("max_seconds = 120", "max_second = 120", f"line {PRO_VIDEO + 2}: tiers.pro.video.max_second: Extra inputs"),
        ("block_seconds = 5", "block_seconds = 0", f"line {PRO_VIDEO + 3}: tiers.pro.video.block_seconds"),
        ('"480p" = 0.15', '"480p" = inf', f"line {PRO_VIDEO + 4}: tiers.pro.video.price_per_block.480p"),
        ('"local-portrait"]', '"local-portrait", "*"]', f"line {PRO_VIDEO}: tiers.pro.video"),
        ('"local-portrait"]', '"Local Portrait"]', f"line {PRO_VIDEO + 5}: tiers.pro.video.providers.3"),
        ('short_only = ["wavespeed-hunyuan"]', 'short_only = ["x"]', "short_only names x"),
        ("[tiers.pro]", "[tiers.PRO]", "PRO"),
        ("[tiers.pro]", "[tiers.pro", "line"),
        ("default_video_seconds = 5", "", "default_video_seconds: Field required"),
    ],
)  # fmt: skip
def test_a_fault_in_the_file_is_named_by_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    """203: an operator's slip in the price list never becomes a price."""
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "my-tiers.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TiersFault) as fault:
        load_tiers(path)
    assert said in str(fault.value)
    assert str(fault.value).startswith("my-tiers.toml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TiersFault, match=r"none\.toml"):
        load_tiers(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TiersFault, match=r"binary\.toml"):
        load_tiers(tmp_path / "binary.toml")


def test_an_unknown_tier_is_named_with_the_known_ones() -> None:
    with pytest.raises(TiersFault, match="'gold'; there are free, basic, pro, enterprise"):
        TIERS.tier("gold")


def test_prices_are_exact() -> None:
    """A float 0.02 would be 0.0200000000000000004."""
    assert TIERS.tier("pro").speech.price_per_minute == D("0.02")


@pytest.mark.parametrize(
    ("amount", "words"),
    [("0.75", "$0.75"), ("0.3", "$0.30"), ("0.0033", "$0.0033"), ("1500", "$1,500.00"), ("0", "$0.00"), ("100", "$100.00")],
)  # fmt: skip
def test_money_in_words(amount: str, words: str) -> None:
    assert usd(D(amount)) == words
