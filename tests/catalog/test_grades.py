"""A grade is shown for what was measured, and for nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from persona_graph.catalog.listing import listed, shown
from persona_graph.catalog.registry import load_plugins
from persona_graph.provider.conformance import Finding, Report, Verdict
from persona_graph.provider.report import FILE_NAME, Grade, grade_of, read_grades, source_digest, written
from tests.catalog.test_registry import GOOD, Site, site

__all__ = ["site"]

PASSED, FAILED, ASIDE, UNSEEN = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_APPLICABLE, Verdict.NOT_MEASURED


@pytest.mark.parametrize(
    ("seen", "grade"),
    [
        ([(True, PASSED), (False, PASSED), (True, ASIDE)], "A"),
        ([(True, PASSED), (False, UNSEEN)], "B"),
        ([(True, PASSED), (False, FAILED), (False, UNSEEN)], "C"),
        ([(True, FAILED), (False, PASSED)], "D"),
        ([(True, UNSEEN), (False, PASSED)], "D"),
        ([], "D"),
    ],
)
def test_the_rule_of_grades(seen: list[tuple[bool, Verdict]], grade: str) -> None:
    assert grade_of(seen) == grade


def report(verdict: Verdict = PASSED, provider: str = "toy") -> Report:
    return Report(provider, [Finding("a_check", "it is fine", True, verdict, ("why",))])


class Installed:
    """A plugin with a package of its own on the import path, and reports about it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.package = site.folder / f"pg_graded_{site.folder.name.replace('-', '_')}"
        self.package.mkdir()
        (self.package / "__init__.py").write_text(GOOD)
        site.put("toy", "", version="1.2", value=self.package.name)
        site.modules.append(self.package.name)
        self.reports = site.folder / "data" / "conformance"

    def measured(self, verdict: Verdict = PASSED, *, version: str = "1.2", shipped: bool = True) -> Path:
        file = self.package / FILE_NAME if shipped else self.reports / "toy.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written("dist-toy", version, source_digest(self.package), [report(verdict)]))
        return file

    def grade(self) -> str | None:
        import importlib.metadata

        found = importlib.metadata.distributions(path=[str(self.site.folder)])
        entries = [e for made in found for e in made.entry_points.select(group="persona_graph")]
        catalog = load_plugins(lambda _: {}, entries, self.reports)
        [told] = listed(catalog)["providers"]
        assert (f"grade {told['grade']}" in shown(catalog)) == (told["grade"] is not None)
        grade: str | None = told["grade"]
        return grade


@pytest.fixture
def installed(site: Site) -> Installed:
    return Installed(site)


def test_without_a_report_there_is_no_grade(installed: Installed) -> None:
    assert installed.grade() is None


def test_a_report_that_came_with_the_package_counts(installed: Installed) -> None:
    installed.measured()
    assert installed.grade() == "A"


def test_what_was_measured_here_comes_before_what_the_author_says(installed: Installed) -> None:
    installed.measured(PASSED)
    installed.measured(FAILED, shipped=False)
    assert installed.grade() == "D"


def test_another_version_was_not_measured(installed: Installed) -> None:
    installed.measured(version="1.1")
    assert installed.grade() is None


def test_a_source_that_changed_was_not_measured(installed: Installed) -> None:
    installed.measured()
    (installed.package / "more.py").write_text("x = 1\n")
    assert installed.grade() is None


def test_a_stale_report_here_leaves_the_author_s(installed: Installed) -> None:
    installed.measured(FAILED, version="1.1", shipped=False)
    installed.measured(PASSED)
    assert installed.grade() == "A"


def test_a_written_grade_is_not_believed(installed: Installed) -> None:
    file = installed.measured(FAILED)
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "grade": "A", "grades": {"toy": "A"}}))
    assert installed.grade() == "D"


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"kit": 1}', '{"kit": 1, "version": "1", "source": "s", "providers": []}',
     '{"kit": 1, "version": "1", "source": "s", "providers": {"toy": [{"essential": true, "verdict": "FINE"}]}}',
     '{"kit": 1, "version": "1", "source": "s", "providers": {"toy": 5}}', "[" * 100_000],
    ids=range(9),
)  # fmt: skip
def test_garbage_is_no_grade(installed: Installed, text: str) -> None:
    """P3: a file that a plugin brings never keeps it, or the server, from starting."""
    assert read_grades(text, version="1", digest="s") == {}
    (installed.package / FILE_NAME).write_text(text)
    assert installed.grade() is None


def test_a_huge_or_unreadable_file_is_no_grade(installed: Installed) -> None:
    (installed.package / FILE_NAME).write_bytes(b"\xff\xfe" * 10)
    assert installed.grade() is None
    (installed.package / FILE_NAME).write_bytes(b" " * 1_000_001)
    assert installed.grade() is None


def test_a_report_outlives_its_file() -> None:
    first = report(FAILED)
    again = Report.of("toy", json.loads(json.dumps(first.plain())))
    assert (again.findings, again.grade, again.text()) == (first.findings, Grade.D, first.text())
    assert "✗ it is fine (essential)\n      why" in first.text()
