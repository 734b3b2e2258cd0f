"""Held-back pages of six authors of the public domain: attributed, and scored above other people's profiles.

The figures stand in docs/style.md; ``benchmarks/style/authors.py`` prints them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "style_authors", ROOT / "benchmarks" / "style" / "authors.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def judged() -> list[Any]:
    return list(_benchmark().judge(6))


def test_held_back_pages_are_attributed(judged: list[Any]) -> None:
    assert len({page.author for page in judged}) >= 5 and len(judged) == 36
    right = sum(page.nearest == page.author for page in judged)
    assert right / len(judged) >= 0.9


def test_held_back_pages_score_clearly_above_other_peoples_profiles(judged: list[Any]) -> None:
    own = [page.scores[page.author] for page in judged]
    others = [score for page in judged for name, score in page.scores.items() if name != page.author]
    assert median(own) >= median(others) + 25
    above = [
        page.scores[page.author] > score
        for page in judged
        for name, score in page.scores.items()
        if name != page.author
    ]
    assert sum(above) / len(above) >= 0.95


def test_the_pages_were_held_back() -> None:
    """None of a page's sentences is in the profile it is judged by."""
    bench = _benchmark()
    for text in bench.texts().values():
        parts = bench.pages(text, 6)
        assert len(parts) == 6 and "".join("".join(parts).split()) == "".join(text.split())


def test_the_figures_of_the_documentation_are_the_measured_ones(judged: list[Any]) -> None:
    said = (ROOT / "docs" / "style.md").read_text(encoding="utf-8")
    right = sum(page.nearest == page.author for page in judged)
    own = median(page.scores[page.author] for page in judged)
    others = median(score for page in judged for name, score in page.scores.items() if name != page.author)
    assert f"{right} of {len(judged)}" in said
    assert f"median {own:g}" in said and f"median {others:g}" in said
