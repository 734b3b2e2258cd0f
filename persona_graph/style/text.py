"""A text as the other modules look at it: paragraphs, sentences and words, each with its place in the source."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from persona_graph.style.lexicon import ABBREVIATIONS

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"(?<![\w.])\d[\d.,:/%]*")
_STOP = re.compile(r"[.!?…؟۔]+[\"'”’»)\]]*(?=\s|$)|[。！？｡]+[」』”’）]*|[\u0964\u0965]")
_LAST = re.compile(r"([^\s(\[\"'„“«]+)$")
_LINE = re.compile(r"\n+")
_BLANK = re.compile(r"\n[ \t]*\n+")
_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*•‣–✓✔➡→]|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+\S", re.MULTILINE)
# Scripts that put no space between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True)
class Word(Span):
    """``bare`` is in lower case with a straight apostrophe."""

    bare: str


@dataclass(frozen=True)
class Sentence(Span):
    text: str
    words: tuple[Word, ...]
    paragraph: int

    @property
    def is_question(self) -> bool:
        return "?" in self.text[-4:] or self.text.rstrip()[-1:] in "？؟"

    @property
    def is_exclamation(self) -> bool:
        return "!" in self.text[-4:]

    @property
    def bares(self) -> tuple[str, ...]:
        return tuple(word.bare for word in self.words)


@dataclass(frozen=True)
class Source:
    """One text by its name. ``kind`` is TEXT, DOCUMENT or PAGE."""

    name: str
    text: str
    kind: str = "TEXT"


@dataclass(frozen=True)
class Reading:
    """A source that has been read; ``text`` is what all offsets count in."""

    name: str
    text: str
    words: tuple[Word, ...] = field(repr=False)
    sentences: tuple[Sentence, ...] = field(repr=False)
    paragraphs: tuple[Span, ...] = field(repr=False)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()

    @cached_property
    def bares(self) -> tuple[str, ...]:
        return tuple(word.bare for word in self.words)

    @cached_property
    def numbers(self) -> int:
        return sum(1 for _ in _NUMBER.finditer(self.text))

    @cached_property
    def list_items(self) -> tuple[Span, ...]:
        return tuple(Span(found.start(), found.end()) for found in _LIST_ITEM.finditer(self.text))

    @cached_property
    def headings(self) -> int:
        return sum(1 for _ in _HEADING.finditer(self.text))

    @property
    def is_unspaced(self) -> bool:
        """Written in a script without spaces, where counting words by them would mean nothing."""
        return len(_UNSPACED.findall(self.text)) > 0.2 * max(sum(map(str.isalpha, self.text)), 1)


def normal(text: str) -> str:
    """The form that offsets count in: NFC, one kind of line end, no control characters, and of those without a width only
    the joiners, which spell words in some scripts and emoji in all."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c for c in text if c in "\n\t\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    ).strip()


def read(source: Source) -> Reading:
    text = normal(source.text)
    words = tuple(_words(text))
    paragraphs = tuple(_paragraphs(text))
    return Reading(source.name, text, words, tuple(_sentences(text, paragraphs, words)), paragraphs)


def _words(text: str) -> Iterator[Word]:
    for found in _WORD.finditer(text):
        yield Word(found.start(), found.end(), found[0].lower().replace("’", "'"))


def _paragraphs(text: str) -> Iterator[Span]:
    """Between blank lines; in a text without any, each line is one, unless its lines are only wrapped. A list item is a
    paragraph of its own."""
    breaks = _BLANK if _BLANK.search(text) or _is_wrapped(text) else _LINE
    cuts = {found.end() for found in breaks.finditer(text)}
    cuts |= {found.start() for found in _LIST_ITEM.finditer(text)}
    edges = sorted({0, *cuts, len(text)})
    for start, end in itertools.pairwise(edges):
        piece = text[start:end]
        if piece.strip():
            yield Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))


def _is_wrapped(text: str) -> bool:
    """Most lines break off inside a sentence."""
    lines = [line.rstrip() for line in text.split("\n")][:-1]
    return len(lines) > 2 and sum(line[-1:] not in '.!?:…"”' for line in lines) > 0.6 * len(lines)


def _sentences(text: str, paragraphs: tuple[Span, ...], words: tuple[Word, ...]) -> Iterator[Sentence]:
    at = 0
    for number, paragraph in enumerate(paragraphs):
        for span in _sentence_spans(text, paragraph):
            inside = []
            while at < len(words) and words[at].start < span.end:
                if words[at].start >= span.start:
                    inside.append(words[at])
                at += 1
            if inside:
                yield Sentence(span.start, span.end, text[span.start : span.end], tuple(inside), number)


def _sentence_spans(text: str, paragraph: Span) -> Iterator[Span]:
    begin = paragraph.start
    for stop in _STOP.finditer(text, paragraph.start, paragraph.end):
        if _ends(text, begin, stop, paragraph.end):
            yield _trimmed(text, begin, stop.end())
            begin = stop.end()
    if text[begin : paragraph.end].strip():
        yield _trimmed(text, begin, paragraph.end)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _ends(text: str, begin: int, stop: re.Match[str], end: int) -> bool:
    after = text[stop.end() : min(stop.end() + 80, end)].lstrip().lstrip("\"'“‘«([")[:1]
    if after.islower():
        return False
    if stop[0] != ".":
        return True
    # Looked for in a few characters only, so that a text without spaces costs no more than another.
    word = _LAST.search(text[max(begin, stop.start() - 24) : stop.start()])
    if word is None:
        return True
    bare = word[1].lower()
    if bare in ABBREVIATIONS:
        return after == ""
    return not (len(bare) == 1 and word[1].isupper() and word[1] != "I" and after != "")
