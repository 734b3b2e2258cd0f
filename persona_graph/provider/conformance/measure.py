"""Runs the conformance suites among a plugin's tests, and nothing else of them:
``python -m persona_graph.provider.conformance.measure REPORT TESTS``. A process of its own, because tests are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from persona_graph.provider.conformance.suite import COLLECTOR, Collector, ProviderConformance
from persona_graph.provider.report import Report

# What pytest says when it found no test, and when tests failed: both are answers.
ANSWERS = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


class Selection:
    """Leaves the suites only, and keeps what they find."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.suites: set[type] = set()

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self.collector, COLLECTOR)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if _is_of_a_suite(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
        self.suites = {item.cls for item in chosen}  # type: ignore[attr-defined]

    @property
    def is_whole(self) -> bool:
        """Whether every suite came to its end: one that did not may hide what is wrong."""
        return len(self.collector.reports) == len(self.suites)


def _is_of_a_suite(item: pytest.Item) -> bool:
    kind = getattr(item, "cls", None)
    return isinstance(kind, type) and issubclass(kind, ProviderConformance)


def main(words: Sequence[str]) -> int:
    out, tests = words
    selection = Selection()
    said = pytest.main([tests, "-p", "no:cacheprovider", "--no-header"], plugins=[selection])
    reports = Report.together(selection.collector.reports)
    Path(out).write_text(json.dumps({each.provider: each.plain() for each in reports}), encoding="utf-8")
    return 0 if said in ANSWERS and selection.is_whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
