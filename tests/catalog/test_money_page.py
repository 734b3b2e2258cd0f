"""The prices that docs/money.md gives as examples are those of the shipped tiers (row 203)."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from persona_graph.catalog.prices import ABSURD_BILL, price
from persona_graph.catalog.tiers import load_tiers, usd
from persona_graph.personas.batch import MOST_ITEMS
from persona_graph.provider import Capability
from tests.client import ROOT

PAGE = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^\| (\w+) \| ([A-Z_]+)(?: (\w+))? \| ([\d.]+) s \| \$([\d.]+) \|$", PAGE, re.MULTILINE
)


@pytest.mark.parametrize(("tier", "capability", "resolution", "seconds", "told"), EXAMPLES)
def test_an_example_is_what_it_would_cost(
    tier: str, capability: str, resolution: str, seconds: str, told: str
) -> None:
    found = price(
        load_tiers().tier(tier),
        Capability(capability),
        seconds=float(seconds),
        resolution=resolution or "480p",
    )
    assert found == Decimal(told)


def test_the_page_has_examples_and_the_limits_of_the_code() -> None:
    assert len(EXAMPLES) == 9
    assert f"up to {MOST_ITEMS} scripts" in PAGE
    assert f"above {ABSURD_BILL:,} USD" in PAGE
    assert usd(Decimal("0.02")) == "$0.02"
