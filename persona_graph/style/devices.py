"""Patterns and rhetorical devices, found by their form and quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from persona_graph.style import lexicon as lex
from persona_graph.style.figures import Body, Evidence, quote, sureness
from persona_graph.style.text import Reading, Span

_FEW = r"[^\s,;:.!?—()\"“”-]+(?: [^\s,;:.!?—()\"“”-]+){0,2}"
# Bounded in every place: a text without punctuation must not cost more than its length.
_TRICOLON = re.compile(
    rf"(?<![\w,])[^\s,;:.!?—()\"“”]+(?: [^\s,;:.!?—()\"“”]+)?, {_FEW},? (?:and|or) {_FEW}(?=[,.;:!?—)]|--|$)"
)
_CONTRAST = re.compile(
    r"\bnot (?:only |just |merely |because )?[^.;!?]{2,60}?,? but\b|\b(?:isn't|wasn't|aren't|not) [^.;!?]{2,40}[.;,—] ?(?:it|that|they|this)(?:'s| is| was|'re| are)\b"
    r"|\b(?:rather than|instead of|as opposed to|on the other hand)\b",
    re.IGNORECASE,
)
_SIMILE = re.compile(r"\b(?:like an? \w+|as \w+ as an? \w+|as if|as though)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()\n]{3,120}\)|(?<=\w) ?(?:—|--) ?[^—.!?\n]{3,80}? ?(?:—|--) ?(?=\w)")
_REVEAL = re.compile(r"[^:]{8,160}: (?=[a-zA-Z\"“])[^:]{1,80}")


@dataclass(frozen=True)
class Device:
    key: str
    count: int
    per_1000: float
    confidence: float
    evidence: tuple[Evidence, ...]

    def stored(self) -> dict[str, Any]:
        return asdict(self)


Finder = Callable[[Reading], Iterator[Span]]


def found(body: Body) -> list[Device]:
    """The most frequent first; those that do not occur are left out."""
    made = []
    for key, (finder, english) in FINDERS.items():
        if english and not body.is_english:
            continue
        places = [(reading, span) for reading in body.readings for span in finder(reading)]
        if places:
            per = 1000 * len(places) / max(len(body.words), 1)
            quotes = tuple(quote(*place) for place in places[:3])
            made.append(Device(key, len(places), round(per, 3), round(sureness(body, 1500), 3), quotes))
    return sorted(made, key=lambda device: (-device.count, device.key))


def _matches(pattern: re.Pattern[str]) -> Finder:
    def finder(reading: Reading) -> Iterator[Span]:
        for sentence in reading.sentences:
            for match in pattern.finditer(sentence.text[:2000]):
                yield Span(sentence.start + match.start(), sentence.start + match.end())

    return finder


def _anaphora(reading: Reading) -> Iterator[Span]:
    """Sentences in a row that begin with the same two words."""
    row: list[int] = []
    sentences = reading.sentences
    for at in range(1, len(sentences) + 1):
        a, b = sentences[at - 1].bares[:2], sentences[at].bares[:2] if at < len(sentences) else ()
        if len(a) == 2 and a == b:
            row = row or [at - 1]
            row.append(at)
        elif row:
            yield Span(sentences[row[0]].start, sentences[row[-1]].end)
            row = []


def _rhetorical(reading: Reading) -> Iterator[Span]:
    """A question the same paragraph goes on from without one, outside quotation marks: nobody else answers."""
    for sentence, after in zip(reading.sentences, reading.sentences[1:], strict=False):
        quoted = any(mark in sentence.text for mark in '"“”«')
        if (
            sentence.is_question
            and not quoted
            and not after.is_question
            and after.paragraph == sentence.paragraph
        ):
            yield Span(sentence.start, sentence.end)


def _address(reading: Reading) -> Iterator[Span]:
    for sentence in reading.sentences:
        if not lex.YOU.isdisjoint(sentence.bares) and not any(mark in sentence.text for mark in '"“'):
            yield Span(sentence.start, sentence.end)


def _lone(reading: Reading) -> Iterator[Span]:
    """A short sentence that is a paragraph by itself."""
    seen: dict[int, int] = {}
    for sentence in reading.sentences:
        seen[sentence.paragraph] = seen.get(sentence.paragraph, 0) + 1
    if len(seen) > 1:
        for sentence in reading.sentences:
            if seen[sentence.paragraph] == 1 and len(sentence.words) <= 12:
                yield Span(sentence.start, sentence.end)


def _lists(reading: Reading) -> Iterator[Span]:
    yield from reading.list_items


def _repeated(reading: Reading) -> Iterator[Span]:
    """The same word of weight twice within a few words."""
    for sentence in reading.sentences:
        last: dict[str, int] = {}
        for at, word in enumerate(sentence.words):
            before = last.get(word.bare)
            if (
                before is not None
                and at - before <= 8
                and word.bare not in lex.STOP_WORDS
                and len(word.bare) > 3
            ):
                yield Span(sentence.words[before].start, word.end)
            last[word.bare] = at


FINDERS: dict[str, tuple[Finder, bool]] = {
    "anaphora": (_anaphora, False),
    "tricolon": (_matches(_TRICOLON), True),
    "rhetorical_question": (_rhetorical, False),
    "contrast": (_matches(_CONTRAST), True),
    "simile": (_matches(_SIMILE), True),
    "aside": (_matches(_ASIDE), False),
    "direct_address": (_address, True),
    "one_line_paragraph": (_lone, False),
    "list": (_lists, False),
    "repetition": (_repeated, True),
    "colon_reveal": (_matches(_REVEAL), False),
}
