"""Every threat has a test that names it, but for those listed as open."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.client import ROOT

# A number in a docstring, alone or as the ends of a range; or in a name, as in ``test_u1_u2_bombs``.
TOLD = re.compile(r"\b([A-Z])(\d{1,2})\b(?:[–-]\1(\d{1,2})\b)?")
NAMED = re.compile(r"(?<=_)([a-z])(\d{1,2})(?=_)")
COUNTS = {"U": 26, "G": 23, "H": 7, "W": 19, "K": 11, "T": 8, "P": 9, "V": 14, "R": 11, "C": 7, "B": 11}
# Those that no test shows yet.
OPEN = {
    "R7",  # a SQLite file copied while it is open
    "C6",  # an old and a new version side by side
    "C7",  # 64 open files, a tenth of a processor
    "B2", "B5", "B6", "B8", "B9",
}  # fmt: skip
ALL = [f"{letter}{n}" for letter, most in COUNTS.items() for n in range(1, most + 1)]
PROMISED = [threat for threat in ALL if threat not in OPEN]


@cache
def covered() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for threat in _threats(node.name, ast.get_docstring(node) or ""):
                    found.setdefault(threat, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _threats(name: str, docstring: str) -> Iterator[str]:
    for letter, number in NAMED.findall(name):
        yield f"{letter.upper()}{int(number)}"
    for letter, first, last in TOLD.findall(docstring):
        yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))


@pytest.mark.parametrize("threat", PROMISED)
def test_it_has_a_test(threat: str) -> None:
    assert covered().get(threat), f"no test has {threat} in its name or docstring"


def test_names_and_ranges_are_read() -> None:
    assert list(_threats("test_u1_u22_x", "U3–U5, W7")) == ["U1", "U22", "U3", "U4", "U5", "W7"]
    assert list(_threats("test_upload_2_u", "about 5 things")) == []
