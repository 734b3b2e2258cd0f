"""A script in pieces of at most a hundred characters, as few as sentences allow: every piece is a request."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_PIECE = 100
# A full stop ends a sentence only before a space, so that 3.50 and example.com stay whole.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？।॥؟])[”’」』）]*\s*")
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+|(?<=[，、；：،])\s*")


def clean(script: str) -> str:
    """One line without what cannot be said: control characters, half surrogates, invisible marks."""
    kept = (
        char if unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else " "
        for char in script
    )
    return " ".join("".join(kept).replace("\ufeff", "").split())


def says_something(text: str) -> bool:
    """Whether there is anything but punctuation and pictures."""
    return any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "Sc" for char in text)


def weight(text: str) -> int:
    """Characters as a browser counts them."""
    return len(text) + sum(char > "\uffff" for char in text)


def pieces(text: str) -> list[str]:
    """``text``, which is clean, cut where a breath may be; what says nothing is left out."""
    joined = _joined(_short(text, (_SENTENCE_END, _CLAUSE_END)))
    return [piece.strip() for piece in joined if says_something(piece)]


def _short(text: str, cuts: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    if weight(text) <= LONGEST_PIECE:
        yield text
    elif cuts:
        # Joined again before the next finer cut, so that only a sentence that is too long is taken apart.
        for part in _joined(_parts(text, cuts[0])):
            yield from _short(part, cuts[1:])
    else:
        yield from _by_words(text)


def _parts(text: str, cut: re.Pattern[str]) -> Iterator[str]:
    begin = 0
    for found in cut.finditer(text):
        if found.end() > begin:
            yield text[begin : found.end()]
            begin = found.end()
    if begin < len(text):
        yield text[begin:]


def _by_words(text: str) -> Iterator[str]:
    yield from _joined(part for word in re.findall(r"\S+\s*", text) for part in _by_force(word))


def _by_force(word: str) -> Iterator[str]:
    """A word that is too long, cut before a character that stands for itself."""
    begin = 0
    while weight(word[begin:]) > LONGEST_PIECE:
        end = begin + LONGEST_PIECE
        while weight(word[begin:end]) > LONGEST_PIECE:
            end -= 1
        soft = end
        while soft > begin + LONGEST_PIECE // 2 and _leans(word, soft):
            soft -= 1
        end = soft if soft > begin + 1 and not _leans(word, soft) else end
        yield word[begin:end]
        begin = end
    yield word[begin:]


def _leans(word: str, at: int) -> bool:
    """Whether the character there belongs to the one before it."""
    return at < len(word) and (
        unicodedata.category(word[at])[0] == "M" or "\u200d" in (word[at], word[at - 1])
    )


def _joined(parts: Iterable[str]) -> list[str]:
    """Neighbours that fit into one piece."""
    made: list[str] = []
    for part in parts:
        if made and weight((made[-1] + part).strip()) <= LONGEST_PIECE:
            made[-1] += part
        else:
            made.append(part)
    return made
