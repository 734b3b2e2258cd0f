"""What the checks found, the grade that follows from it, and the file that carries both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from textwrap import fill
from typing import Any

KIT_VERSION = 1
FILE_NAME = "conformance.json"


class Verdict(StrEnum):
    """NOT_MEASURED: it concerns this provider, but its tests do not say how to look."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_MEASURED = "NOT_MEASURED"


class Grade(StrEnum):
    """How a provider did in the conformance kit, worked out from its checks: essential ones guard money,
    secrets and the loop of jobs."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome. ``said``: what to do about it, or why it does not apply."""

    check: str
    title: str
    essential: bool
    verdict: Verdict
    said: tuple[str, ...] = ()


@dataclass
class Report:
    """Everything found about one provider."""

    provider: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def grade(self) -> Grade:
        return grade_of((finding.essential, finding.verdict) for finding in self.findings)

    def count(self, verdict: Verdict) -> int:
        return sum(finding.verdict is verdict for finding in self.findings)

    def text(self) -> str:
        """For people: the failures first."""
        rows = sorted(self.findings, key=lambda finding: _GRAVEST.index(finding.verdict))
        tally = ", ".join(
            f"{n} {v.value.lower().replace('_', ' ')}" for v in _GRAVEST if (n := self.count(v))
        )
        head = f"{self.provider}: grade {self.grade} ({tally})"
        return "\n".join([head, *(line for finding in rows for line in _lines(finding))])

    @classmethod
    def of(cls, provider: str, rows: Iterable[Mapping[str, Any]]) -> Report:
        """Of what ``plain`` made."""
        found = [
            Finding(row["check"], row["title"], row["essential"], Verdict(row["verdict"]), tuple(row["said"]))
            for row in rows
        ]
        return cls(provider, found)

    @classmethod
    def together(cls, reports: Iterable[Report]) -> list[Report]:
        """One of each provider. Several suites may look at it, and what any of them found stands."""
        found: dict[str, dict[str, Finding]] = {}
        for report in reports:
            rows = found.setdefault(report.provider, {})
            for finding in report.findings:
                known = rows.get(finding.check)
                rows[finding.check] = finding if known is None else _graver(known, finding)
        return [cls(provider, list(rows.values())) for provider, rows in found.items()]

    def plain(self) -> list[dict[str, Any]]:
        return [
            {
                "check": finding.check, "title": finding.title, "essential": finding.essential,
                "verdict": finding.verdict.value, "said": list(finding.said),
            }
            for finding in self.findings
        ]  # fmt: skip


# A: everything that concerns the provider was measured and passed. B: nothing failed, but something that is not
# essential was not measured. C: something failed, nothing of it essential. D: something essential failed or
# was not measured.
def grade_of(seen: Iterable[tuple[bool, Verdict]]) -> Grade:
    every = list(seen)
    bad = {Verdict.FAILED, Verdict.NOT_MEASURED}
    if not every or any(essential and verdict in bad for essential, verdict in every):
        return Grade.D
    verdicts = {verdict for _, verdict in every}
    if Verdict.FAILED in verdicts:
        return Grade.C
    return Grade.B if Verdict.NOT_MEASURED in verdicts else Grade.A


_GRAVEST = (Verdict.FAILED, Verdict.NOT_MEASURED, Verdict.PASSED, Verdict.NOT_APPLICABLE)


def _graver(one: Finding, other: Finding) -> Finding:
    if one.verdict is other.verdict:
        return replace(one, said=tuple(dict.fromkeys(one.said + other.said)))
    return min(one, other, key=lambda finding: _GRAVEST.index(finding.verdict))


_MARKS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_APPLICABLE: "–", Verdict.NOT_MEASURED: "?"}


def _lines(finding: Finding) -> Iterable[str]:
    yield f"  {_MARKS[finding.verdict]} {finding.title}{' (essential)' if finding.essential else ''}"
    if finding.verdict is not Verdict.PASSED:
        for said in finding.said:
            yield fill(said, 110, initial_indent="      ", subsequent_indent="      ")


# --- The file -----------------------------------------------------------------------------------


def source_digest(package: Path) -> str:
    """Of a package's Python files: what was measured, and whether it is still the same."""
    made = hashlib.sha256()
    for path in sorted(package.rglob("*.py")) if package.is_dir() else [package]:
        made.update(path.relative_to(package.parent).as_posix().encode() + b"\0")
        made.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return made.hexdigest()


def written(distribution: str, version: str, digest: str, reports: Iterable[Report]) -> str:
    """The text of a ``conformance.json``. It holds what was found; the grade is worked out when it is read."""
    content = {
        "kit": KIT_VERSION,
        "distribution": distribution,
        "version": version,
        "source": digest,
        "providers": {report.provider: report.plain() for report in reports},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_grades(text: str, *, version: str, digest: str) -> dict[str, Grade]:
    """By provider id. Empty if it was not written about just this version and source."""
    try:
        content = json.loads(text)
        if (content["kit"], content["version"], content["source"]) != (KIT_VERSION, version, digest):
            return {}
        return {provider: _grade(rows) for provider, rows in content["providers"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _grade(rows: Iterable[Mapping[str, Any]]) -> Grade:
    return grade_of((bool(row["essential"]), Verdict(row["verdict"])) for row in rows)
