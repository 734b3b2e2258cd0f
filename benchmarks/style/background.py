"""Makes persona_graph/style/background.tsv: counts of words and of runs of four characters in the English prose of the
documentation of the packages installed beside this project. Only counts are kept, of what is common: no text.

    .venv/bin/python benchmarks/style/background.py
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from persona_graph.style.fingerprint import count
from persona_graph.style.text import Source, read

RUNS, WORDS = 12_000, 6_000
OUT = Path(__file__).parents[2] / "persona_graph" / "style" / "background.tsv"
_NO_PROSE = re.compile(
    r"[`<>{}|=\[\]_*#\\]|https?:|::|/\w+/|copyright|warrant|licen[sc]e|liab|redistribut", re.IGNORECASE
)


def texts(folder: Path) -> Iterator[str]:
    for pattern in ("METADATA", "*.md", "*.rst"):
        for path in sorted(folder.rglob(pattern)):
            yield re.sub(r"```.*?```", "", path.read_text(encoding="utf-8", errors="ignore"), flags=re.DOTALL)
    for path in sorted(folder.rglob("*.py")):
        yield from _docstrings(path)


def _docstrings(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def prose(text: str) -> Iterator[str]:
    """Paragraphs of whole sentences without markup."""
    for paragraph in re.split(r"\n\s*\n", text):
        plain = " ".join(paragraph.split())
        letters = sum(char.isalpha() or char == " " for char in plain)
        whole = 80 <= len(plain) <= 3000 and plain[-1] in ".!?" and letters > 0.92 * len(plain)
        if whole and not _NO_PROSE.search(plain):
            yield plain


def main() -> None:
    runs: Counter[str] = Counter()
    words: Counter[str] = Counter()
    folder = Path(sysconfig.get_path("purelib"))
    for paragraph in sorted({p for text in texts(folder) for p in prose(text)}):
        runs.update(count(paragraph))
        words.update(read(Source("", paragraph)).bares)
    lines = [f"run\t\t{runs.total()}", f"word\t\t{words.total()}"]
    lines += [f"run\t{what}\t{seen}" for what, seen in runs.most_common(RUNS)]
    lines += [f"word\t{what}\t{seen}" for what, seen in words.most_common(WORDS)]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"{words.total():,} words; {len(runs):,} runs, {len(words):,} words of which the commonest are kept"
    )


if __name__ == "__main__":
    main()
