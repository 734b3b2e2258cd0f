"""docs/usage.md says what the code does."""

from __future__ import annotations

import re

from persona_graph.personas.insights import REASON_DAYS, TARGETS, InsightName
from persona_graph.personas.tables import Platform
from persona_graph.personas.usage_csv import MOST_LINES
from persona_graph.personas.wishes import SpeechWish, content_type_of
from tests.client import ROOT

PAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")


def test_every_insight_is_told_with_its_target() -> None:
    """Rows 189–197."""
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \| ([^|]*) \|$", PAGE, re.MULTILINE))
    assert set(rows) >= set(InsightName)
    for name, target in TARGETS.items():
        assert rows[name].strip() == f"more than {target:g}"
    assert f"within {REASON_DAYS} days" in PAGE and f"{MOST_LINES:,} lines" in PAGE


def test_what_a_platform_suggests() -> None:
    for platform in (None, *Platform):
        [row] = re.findall(
            rf"^\| .*(?:`{platform}`|\b{str(platform).lower()}\b).* \| `([A-Z_]+)` \|$", PAGE, re.MULTILINE
        )
        assert row == content_type_of(SpeechWish("p", "s", platform)), platform
