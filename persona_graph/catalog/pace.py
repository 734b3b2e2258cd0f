"""How long a script will take to say, before anybody has said it. Pure.

The bounds are seconds per character at a voice's natural pace. They were set so that espeak-ng at 120
words a minute stays under the high end and at 230 above the low one, over prose in eleven languages, digits,
acronyms, addresses, symbols and emoji (tests/catalog/test_pace.py measures it again); people and vendors'
voices speak at 130 to 190. The high end is what gets reserved, so it errs upwards.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from persona_graph.catalog.prices import Span

_LATIN_LIKE = Span(0.030, 0.068, 0.100)
_SPELLED = Span(0.030, 0.25, 0.55)
_DIGIT = Span(0.15, 0.42, 0.75)
_SYMBOL = Span(0.0, 0.25, 0.80)
_EMOJI = Span(0.0, 0.40, 1.60)
_SPACE = Span(0.0, 0.0, 0.03)
_STOP = Span(0.0, 0.35, 1.0)
_COMMA = Span(0.0, 0.15, 0.60)
_QUIET = Span(0.0, 0.0, 0.10)
_MARK = Span(0.0, 0.0, 0.02)
_EDGES = Span(0.0, 0.30, 1.50)
_OTHER_LETTER = Span(0.03, 0.12, 1.30)

# A voice of another language may spell such a letter out by its name.
_FOREIGN_HIGH = 1.30

# first and last code point, languages that read it, seconds per character
_SCRIPTS: tuple[tuple[int, int, frozenset[str], Span], ...] = (
    (0x0370, 0x03FF, frozenset({"el"}), Span(0.030, 0.068, 0.11)),
    (0x0400, 0x052F, frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg"}), Span(0.030, 0.068, 0.11)),
    (0x0530, 0x058F, frozenset({"hy"}), Span(0.030, 0.075, 0.13)),
    (0x0590, 0x05FF, frozenset({"he", "yi"}), Span(0.040, 0.095, 0.20)),
    (0x0600, 0x06FF, frozenset({"ar", "fa", "ur", "ps"}), Span(0.040, 0.095, 0.20)),
    (0x0900, 0x0DFF, frozenset({"hi", "mr", "ne", "bn", "pa", "gu", "ta", "te", "kn", "ml", "si", "or", "as"}), Span(0.030, 0.075, 0.17)),
    (0x0E00, 0x0E7F, frozenset({"th"}), Span(0.030, 0.085, 0.20)),
    (0x0E80, 0x0FFF, frozenset({"lo", "bo"}), Span(0.030, 0.085, 0.20)),
    (0x1000, 0x109F, frozenset({"my"}), Span(0.030, 0.085, 0.20)),
    (0x10A0, 0x10FF, frozenset({"ka"}), Span(0.030, 0.075, 0.13)),
    (0x1100, 0x11FF, frozenset({"ko"}), Span(0.040, 0.080, 0.15)),
    (0x1200, 0x139F, frozenset({"am", "ti"}), Span(0.080, 0.160, 0.35)),
    (0x1780, 0x17FF, frozenset({"km"}), Span(0.030, 0.085, 0.20)),
    (0x3040, 0x30FF, frozenset({"ja"}), Span(0.070, 0.130, 0.24)),
    (0x3400, 0x9FFF, frozenset({"zh", "yue", "cmn"}), Span(0.130, 0.250, 0.45)),
    (0xAC00, 0xD7AF, frozenset({"ko"}), Span(0.080, 0.160, 0.28)),
    (0xF900, 0xFAFF, frozenset({"zh", "yue", "cmn"}), Span(0.130, 0.250, 0.45)),
    (0x20000, 0x3FFFF, frozenset({"zh", "yue", "cmn"}), Span(0.130, 0.250, 0.45)),
)  # fmt: skip

# Pauses that some vendors take out of the text: <break time="9s"/>, <#2.5#> (G20).
_BREAK = re.compile(r"<break\s+time\s*=\s*[\"']?(\d{1,7}(?:\.\d{1,3})?)\s*(ms|s)[\"']?\s*/?>", re.IGNORECASE)
_PAUSE = re.compile(r"<#(\d{1,7}(?:\.\d{1,3})?)#>")
_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = frozenset("aeiouyæøœœıə")
_STOPS = frozenset(".!?…。！？｡।؟\n\r\u2028\u2029")
_COMMAS = frozenset(",;:，、；：،؛–—")


def speech_seconds(script: str, language: str = "en", *, speed: float = 1.0) -> Span:
    """Low, likely and high length in seconds of ``script`` spoken at ``speed``."""
    bare, pauses = _without_pauses(script)
    primary = language.split("-")[0].lower()
    spoken, low = _total(script, primary), _total(bare, primary).low
    return Span(
        round(low / speed, 2),
        round((spoken.likely + _EDGES.likely) / speed + pauses, 2),
        round((spoken.high + _EDGES.high) / speed + pauses, 2),
    )


def _without_pauses(script: str) -> tuple[str, float]:
    seconds = sum(float(n) / (1000 if unit.lower() == "ms" else 1) for n, unit in _BREAK.findall(script))
    seconds += sum(float(n) for n in _PAUSE.findall(script))
    return _PAUSE.sub("", _BREAK.sub("", script)), seconds


def _total(text: str, language: str) -> Span:
    low = likely = high = 0.0
    for character in _unspelled(text):
        pace = _pace(character, language)
        low, likely, high = low + pace.low, likely + pace.likely, high + pace.high
    for count, pace in (
        (_spelled_letters(text), _SPELLED),
        (_pauses(text, _STOPS), _STOP),
        (_pauses(text, _COMMAS), _COMMA),
    ):
        low, likely, high = low + count * pace.low, likely + count * pace.likely, high + count * pace.high
    return Span(low, likely, high)


def _is_spelled(word: str) -> bool:
    """Read letter by letter: single letters, capitals in a row, words without a vowel."""
    plain = unicodedata.normalize("NFD", word)
    if not plain[0].isascii():
        return False
    return len(word) == 1 or word.isupper() or not any(c.lower() in _VOWELS for c in plain)


def _spelled_letters(text: str) -> int:
    return sum(len(word) for word in _WORD.findall(text) if _is_spelled(word))


def _unspelled(text: str) -> str:
    return _WORD.sub(lambda match: "" if _is_spelled(match[0]) else match[0], text)


def _pauses(text: str, signs: frozenset[str]) -> int:
    """Runs of such signs: one pause each."""
    return sum(c in signs and (i == 0 or text[i - 1] not in signs) for i, c in enumerate(text))


@lru_cache(maxsize=4096)
def _pace(character: str, language: str) -> Span:
    category = unicodedata.category(character)
    if category == "Nd" or category == "No" or category == "Nl":
        return _DIGIT
    if character in _STOPS or character in _COMMAS:
        return _QUIET
    if category[0] == "Z" or category[0] == "C":
        return _SPACE
    script = _script_pace(character, language)
    if script is not None and category[0] in "LM":
        return script
    if category[0] == "M":
        return _MARK
    if category[0] == "L":
        return _LATIN_LIKE if category != "Lo" else _OTHER_LETTER
    if category == "So":
        return _EMOJI
    return _QUIET if category in ("Ps", "Pe", "Pi", "Pf") or character in "'\"" else _SYMBOL


def _script_pace(character: str, language: str) -> Span | None:
    for first, last, languages, pace in _SCRIPTS:
        if first <= ord(character) <= last:
            at_home = language in languages
            return pace if at_home else Span(min(pace.low, 0.03), pace.likely, max(pace.high, _FOREIGN_HIGH))
    return None
