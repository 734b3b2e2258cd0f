"""The kit as pytest runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from persona_graph.provider.conformance.base import Conformance
from persona_graph.provider.conformance.checks import Bench, Check
from persona_graph.provider.conformance.every import every_check
from persona_graph.provider.conformance.runs import Memory
from persona_graph.provider.report import Finding, Report, Verdict

COLLECTOR = "persona-graph-conformance"


class ProviderConformance(Conformance):
    """Inherit this in a test class and say how the provider is made: every check becomes a test of it, and the
    score is printed when the last one has run."""

    _memory: ClassVar[Memory]
    _report: ClassVar[Report | None] = None

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _score(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        cls._memory, cls._report = Memory(), None
        yield
        if cls._report is not None:
            _publish(request.config, cls._report)

    def _conform(self, check: Check) -> None:
        report = type(self)._report
        if report is None:
            report = type(self)._report = Report(self.provider().id)
        finding = asyncio.run(check.finding(Bench(self, self._memory)))
        report.findings.append(finding)
        _settle(finding)


def _settle(finding: Finding) -> None:
    said = "\n".join(finding.said)
    match finding.verdict:
        case Verdict.FAILED:
            pytest.fail(f"{finding.title}\n{said}", pytrace=False)
        case Verdict.NOT_APPLICABLE:
            pytest.skip(f"not applicable: {said}")
        case Verdict.NOT_MEASURED:
            pytest.skip(f"not measured: {said}")


class Collector:
    """Takes the reports of a session, and prints them at its end. A part of the checks makes no report."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def take(self, report: Report) -> None:
        if len(report.findings) == len(every_check()):
            self.reports.append(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for report in self.reports:
            terminalreporter.section("conformance")
            terminalreporter.write_line(report.text())


def _publish(config: pytest.Config, report: Report) -> None:
    collector = config.pluginmanager.get_plugin(COLLECTOR)
    if collector is None:
        collector = Collector()
        config.pluginmanager.register(collector, COLLECTOR)
    collector.take(report)


def _test_of(check: Check) -> Any:
    def test(self: ProviderConformance) -> None:
        self._conform(check)

    test.__name__ = test.__qualname__ = check.name
    test.__doc__ = check.title
    return test


for _check in every_check():
    setattr(ProviderConformance, _check.name, _test_of(_check))
