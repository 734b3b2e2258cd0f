"""A script made ready to be spoken: cleaned without moving a character, and cut into pieces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_PIECE = 400
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？।॥؟۔။።]+[」』”]*|(?=\n)")
_LETTERS_BEFORE = re.compile(r"[^\W\d_]*$")
_BREATH = re.compile(r"[,;:–—،、，](?=\s|$)|[、，；：]")
_PICTURE = re.compile(
    "[\U0001f000-\U0001faff\U0001fc00-\U0001fcff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u20e3\u200d"
    "\U000e0000-\U000e007f]"
)
# Said by name even when they stand alone.
_SAID_SYMBOLS = "€$£¥%‰&+=@#°©®™§"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the script to say in one go. ``start`` is its first character in the script,
    ``ends_sentence`` asks for a sentence's pause, ``ends_paragraph`` for a longer one."""

    start: int
    text: str
    ends_sentence: bool
    ends_paragraph: bool


def clean(script: str) -> str:
    """The script with all that cannot be said turned into spaces, character for character: controls
    (one of them starts the engine's own commands), lone surrogates, emoji."""
    return _PICTURE.sub(" ", "".join(map(_speakable, script)))


def _speakable(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Co", "Zl", "Zp"):
        return character
    return "\n" if character in "\r\u2028\u2029\u0085" else " "


def says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a symbol with a spoken name."""
    return any(c.isalnum() or c in _SAID_SYMBOLS for c in text)


def pieces(text: str) -> list[Piece]:
    """Cleaned text in order, at most ``LONGEST_PIECE`` characters each; what says nothing is left out."""
    found: list[Piece] = []
    start = 0
    for end in [*_sentence_ends(text), len(text)]:
        if end > start:
            found += _cut(text, start, end)
            start = end
    return [piece for piece in found if says_something(piece.text)]


def _sentence_ends(text: str) -> Iterator[int]:
    for stop in _STOP.finditer(text):
        if not stop.group().startswith(".") or _closes(text, stop.start(), stop.end()):
            yield stop.end()


def _closes(text: str, dot: int, end: int) -> bool:
    """Whether a full stop ends a sentence rather than "Dr." or "e.g."; a doubtful one does not: the
    engine, which then sees both sides of it, knows better."""
    before = _LETTERS_BEFORE.search(text, max(0, dot - 40), dot)
    letters = len(before.group()) if before else 0
    after = text[end : end + 80].lstrip()[:1]
    return not 0 < letters < 4 and not after.islower()


def _cut(text: str, start: int, end: int) -> list[Piece]:
    cuts: list[Piece] = []
    paragraph = re.match(r"[^\S\n]*\n[^\S\n]*\n", text[end : end + 200]) is not None
    while end - start > LONGEST_PIECE:
        middle = _breath(text, start)
        cuts.append(Piece(start, text[start:middle], False, False))
        start = middle
    cuts.append(Piece(start, text[start:end], True, paragraph))
    return cuts


def _breath(text: str, start: int) -> int:
    """Where to cut a sentence that is too long: after its last comma, else at its last space."""
    window = text[start : start + LONGEST_PIECE]
    commas = [m.end() for m in _BREATH.finditer(window)]
    if commas and commas[-1] > LONGEST_PIECE // 4:
        return start + commas[-1]
    space = window.rfind(" ")
    return start + (space if space > LONGEST_PIECE // 4 else LONGEST_PIECE)
