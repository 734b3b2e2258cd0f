"""Syllables of a word: by rule in English, by hyphenation patterns (Hunspell's, through pyphen) elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_VOWELS = re.compile(r"[aeiouy]+")
# Two vowels that are said apart.
_APART = re.compile(
    r"(?<![ct])ia|(?<![cgnstlx])io|eo(?!u|ple|n)|(?<![qg])ua(?!r)|iu|[aeiou]ing\b|[rd]ea\b|crea|rea(?:[lt]i)|ien|iet|ier\b|oe[mt]"
)
_SILENT = re.compile(r"(?:[^laeiouy]e|[^aeioucgszxh]es|[^aeioutd]ed|[aeiouy]le)$")
_SILENT_INSIDE = re.compile(r"[a-z]{2}e(?:ly|ment|ful|less|ness|some|where|fore|thing|times?)")
_ODD = {"business": 2, "every": 2, "something": 2, "being": 2, "lion": 2, "evening": 2, "different": 3}


@lru_cache(maxsize=20_000)
def english(word: str) -> int:
    bare = word.replace("'", "")
    if bare in _ODD:
        return _ODD[bare]
    if len(bare) <= 3:
        return max(1, len(_VOWELS.findall(bare.rstrip("e")) or [1]))
    count = len(_VOWELS.findall(bare)) + len(_APART.findall(bare))
    count -= bool(_SILENT.search(bare)) + bool(_SILENT_INSIDE.search(bare))
    return max(count, 1)


def counter(language: str) -> Callable[[str], int] | None:
    """None for a language there are no patterns for."""
    if language == "en":
        return english
    import pyphen

    found = pyphen.language_fallback(language)
    if found is None:
        return None
    # What typesetting would not cut off is still a syllable.
    patterns = pyphen.Pyphen(lang=found, left=1, right=1)
    return lambda word: len(patterns.positions(word)) + 1
