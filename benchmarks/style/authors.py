"""How well style tells six authors of the public domain apart, on pages that were held back.

Each author's text (tests/samples/authors) is cut into pages of whole sentences; each page in turn is taken away, its
author's profile measured on the rest, and the page given to the six profiles.

    .venv/bin/python benchmarks/style/authors.py
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from persona_graph import style
from persona_graph.style.text import Source, read

AUTHORS = Path(__file__).parents[2] / "tests" / "samples" / "authors"
PAGES = 6


@dataclass(frozen=True)
class Judged:
    """One held-back page: who wrote it, and its score and closeness under each author's profile."""

    author: str
    page: int
    words: int
    scores: dict[str, int]
    nearest: str


def pages(text: str, number: int) -> list[str]:
    reading = read(Source("", text))
    size = len(reading.words) / number
    cuts, seen = [0], 0
    for sentence in reading.sentences:
        seen += len(sentence.words)
        if seen >= size * len(cuts) and len(cuts) < number:
            cuts.append(sentence.end)
    cuts.append(len(reading.text))
    return [reading.text[a:b] for a, b in itertools.pairwise(cuts)]


def texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(AUTHORS.glob("*.txt"))}


def judge(number: int = PAGES) -> Iterator[Judged]:
    cut = {author: pages(text, number) for author, text in texts().items()}
    whole = {author: _profile(parts) for author, parts in cut.items()}
    for author, parts in cut.items():
        for at, page in enumerate(parts):
            rest = _profile(parts[:at] + parts[at + 1 :])
            profiles = {**whole, author: rest}
            scores = {name: style.score(profile, page).score for name, profile in profiles.items()}
            yield Judged(author, at, len(page.split()), scores, style.nearest(profiles, page))


def _profile(parts: list[str]) -> style.Profile:
    return style.measure([Source(f"page {at}", part) for at, part in enumerate(parts)])


def main() -> None:
    for number in (4, 6, 8):
        judged = list(judge(number))
        right = sum(page.nearest == page.author for page in judged)
        own = [page.scores[page.author] for page in judged]
        others = [score for page in judged for name, score in page.scores.items() if name != page.author]
        above = sum(page.scores[page.author] == max(page.scores.values()) for page in judged)
        ordered = [page.scores[page.author] > score for page in judged
                   for name, score in page.scores.items() if name != page.author]  # fmt: skip
        print(f"{len(judged)} pages of {fmean(p.words for p in judged):.0f} words: {right} attributed ({right / len(judged):.0%}); "
              f"highest score is the author's {above}; author's score above another's {fmean(ordered):.0%}")  # fmt: skip
        print(
            f"  own score {min(own)}..{max(own)}, median {median(own)}; others {min(others)}..{max(others)}, median {median(others)}"
        )
        for page in judged:
            if page.nearest != page.author:
                print(f"  {page.author} page {page.page} taken for {page.nearest}: {page.scores}")


if __name__ == "__main__":
    main()
