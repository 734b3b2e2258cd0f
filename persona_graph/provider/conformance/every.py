"""All checks, in the order in which they are worth reading."""

from __future__ import annotations

from collections.abc import Sequence

# Imported so that their checks are on the list.
from persona_graph.provider.conformance import (
    checks_course,
    checks_declared,
    checks_money,
    checks_trouble,
    checks_words,
)
from persona_graph.provider.conformance.base import Conformance
from persona_graph.provider.conformance.checks import CHECKS, Bench, Check
from persona_graph.provider.conformance.runs import Memory
from persona_graph.provider.report import Report

ROOMS = (checks_declared, checks_course, checks_trouble, checks_money, checks_words)


def every_check() -> Sequence[Check]:
    return tuple(CHECKS[name] for room in ROOMS for name in vars(room) if name in CHECKS)


async def conformance_of(suite: Conformance) -> Report:
    """Every check of one provider, without pytest."""
    bench, report = Bench(suite, Memory()), Report(suite.provider().id)
    for check in every_check():
        report.findings.append(await check.finding(bench))
    return report
