"""How often words and runs of four characters occur in other people's English, to tell what is a writer's own.

``background.tsv`` holds counts alone, made by ``benchmarks/style/background.py`` from the prose in the documentation
of the open-source packages this project is built on; docs/style.md says how much and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("background.tsv")


@dataclass(frozen=True)
class Table:
    """Counts of the commonest, and of all there were."""

    counts: dict[str, int]
    total: int
    rarest: int

    def share(self, what: str) -> float:
        """Of one that is not among the commonest, half that of the rarest which is."""
        return self.counts.get(what, self.rarest / 2) / self.total


@dataclass(frozen=True)
class Background:
    runs: Table
    words: Table


@cache
def everybody() -> Background:
    counts: dict[str, dict[str, int]] = {"run": {}, "word": {}}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        kind, what, seen = line.split("\t")
        counts[kind][what] = int(seen)
    tables = {kind: Table(table, table.pop(""), min(table.values())) for kind, table in counts.items()}
    return Background(tables["run"], tables["word"])
