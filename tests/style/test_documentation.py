"""docs/style.md names what there is, with the figures of the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from persona_graph.media import documents
from persona_graph.personas import style_sources
from persona_graph.style import FACTS, check, findings
from persona_graph.style.devices import FINDERS
from persona_graph.style.figures import KINDS
from persona_graph.style.labels import COMPLEXITIES, ENGAGEMENTS, REGISTERS, TONES
from persona_graph.style.prompt import _DEVICES

PAGE = (Path(__file__).parents[2] / "docs" / "style.md").read_text(encoding="utf-8")


def test_every_figure_device_label_and_platform_is_named() -> None:
    for kind in KINDS:
        assert f"| `{kind.key}` | {kind.area} | {kind.unit} |" in PAGE
    for name in (
        *FINDERS,
        *TONES,
        *(word for grades in (REGISTERS, COMPLEXITIES, ENGAGEMENTS) for _, word in grades),
    ):
        assert f"`{name}`" in PAGE, name
    for name, facts in FACTS.items():
        limit = f"{facts.characters:,}" if facts.characters else "none"
        assert f"| {name} | {limit} | {facts.source} | {facts.words[0]:,} to {facts.words[1]:,} |" in PAGE
    assert set(_DEVICES) == set(FINDERS)


def test_every_rule_is_named_and_no_other() -> None:
    source = inspect.getsource(findings)
    rules = set(
        re.findall(r'"((?:word|sentence|contraction|tone|readability|formality|platform)\.[a-z_]+)"', source)
    )
    rules |= {f"punctuation.{key}" for key in findings._MARKS}
    said = re.findall(r"`((?:\w+)\.(?:\w+))`", PAGE.split("Rules:")[1].split("\n\n")[0])
    assert sorted(said) == sorted(rules)


def test_weights_and_bounds_are_those_of_the_code() -> None:
    for name, weight in check._WEIGHTS.items():
        assert f"| `{name}` | {100 * weight:.0f} % |" in PAGE
    assert sum(check._WEIGHTS.values()) == 1.0 and f"`platform` | {100 * check._PLATFORM:.0f} %" in PAGE
    assert f"under {check.RELIABLE_WORDS} words" in PAGE
    assert (
        f"{style_sources.MOST_CHARACTERS:,} characters" in PAGE
        and f"{style_sources.TEXT_CHARACTERS:,} characters" in PAGE
    )
    assert (
        f"up to {style_sources.MOST_TEXTS} pasted texts, {style_sources.MOST_DOCUMENTS} documents and {style_sources.MOST_URLS} web pages"
        in PAGE
    )
    assert (
        f"{style_sources.PAGE_SECONDS:.0f} s, {style_sources.REDIRECTS} redirects" in PAGE
        and f"{documents.MOST_PAGES} pages" in PAGE
    )
