"""Which language a text is in. Only called in a child process: the classifier brings numpy and 60 MB with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import exp

_LOOKED_AT = 4000
_ENOUGH = 60


@dataclass(frozen=True)
class Language:
    """``code`` is ISO 639-1; ``confidence`` the share of the text that agrees, lower for very little text."""

    code: str
    confidence: float


def guess(texts: list[str]) -> Language | None:
    """Of each text in proportion to its length; None where there is too little to tell."""
    from py3langid.langid import classify

    found: Counter[str] = Counter()
    for text in texts:
        for start in range(0, min(len(text), 10 * _LOOKED_AT), _LOOKED_AT):
            piece = text[start : start + _LOOKED_AT]
            if len(piece.strip()) >= _ENOUGH:
                found[str(classify(piece)[0])] += len(piece)
    if not found:
        return None
    total = sum(found.values())
    code, most = min(found.items(), key=lambda item: (-item[1], item[0]))
    return Language(code, round(most / total * (1 - exp(-total / 400)), 3))
