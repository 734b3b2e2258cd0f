"""How long checking and measuring a style take on this machine, and that hostile texts cost no more than their length.

.venv/bin/python benchmarks/style/speed.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from persona_graph import style
from persona_graph.style import Source, Style

AUTHORS = Path(__file__).parents[2] / "tests" / "samples" / "authors"
HOSTILE = (
    "a ", "a.", ".", "(", "—", "a, ", "a: ", "like a ", "not x ", "A. ", "ab\n\n", '"', "1.2", "x, y and z ", "- a\n",
)  # fmt: skip


def timed(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and longest, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken), max(taken)


def main() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(AUTHORS.glob("*.txt"))}
    profile = style.measure([Source(name, text) for name, text in texts.items()])
    adaptation = style.adapt(Style(profile), "LINKEDIN")
    for words in (100, 300, 1000, 5000):
        text = " ".join((" ".join(texts.values()).split() * 2)[:words])
        middle, longest = timed(lambda text=text: style.score(profile, text, adaptation), 20)  # type: ignore[misc]
        print(f"check of {words:,} words: median {middle:.0f} ms, longest {longest:.0f} ms")
    for copies in (1, 7):
        sources = [
            Source(f"{name} {n}", f"{text} Copy {n}.") for name, text in texts.items() for n in range(copies)
        ]
        words = style.measure(sources).words
        print(f"measuring {words:,} words: {timed(lambda s=sources: style.measure(s), 3)[0]:.0f} ms")  # type: ignore[misc]
    slowest = max(
        (timed(lambda text=text: style.score(profile, text, adaptation), 1)[0], text[:12])  # type: ignore[misc]
        for text in ((each * 100_000)[:100_000] for each in HOSTILE)
    )
    print(
        f"the slowest of {len(HOSTILE)} hostile texts of 100,000 characters: {slowest[0]:.0f} ms ({slowest[1]!r})"
    )


if __name__ == "__main__":
    main()
