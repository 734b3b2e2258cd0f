"""The figures of a style: what each is, and how it is counted. A figure that does not hold is None with a reason."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from math import sqrt
from statistics import fmean, median, pstdev
from typing import Any

from persona_graph.style import lexicon as lex
from persona_graph.style.syllables import counter
from persona_graph.style.text import Reading, Sentence, Span

QUOTE = 240
WINDOW = 100
FEWEST_WORDS = 50


class Area(StrEnum):
    """What a figure is about."""

    SENTENCES = "SENTENCES"
    VOCABULARY = "VOCABULARY"
    ADDRESS = "ADDRESS"
    PUNCTUATION = "PUNCTUATION"
    FORMATTING = "FORMATTING"
    READABILITY = "READABILITY"
    SUMMARY = "SUMMARY"


@dataclass(frozen=True)
class Evidence:
    """A place in a source, in characters of its normalised text, and what stands there."""

    source: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    key: str
    area: Area
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    confidence: float = 0.0
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Body:
    """All of a writer's texts together, or one text to be checked."""

    readings: tuple[Reading, ...]
    language: str

    @cached_property
    def words(self) -> list[str]:
        return [bare for reading in self.readings for bare in reading.bares]

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(self.words)

    @cached_property
    def sentences(self) -> list[tuple[Reading, Sentence]]:
        return [(reading, sentence) for reading in self.readings for sentence in reading.sentences]

    @cached_property
    def lengths(self) -> list[int]:
        return [len(sentence.words) for _, sentence in self.sentences]

    @cached_property
    def text(self) -> str:
        return "\n\n".join(reading.text for reading in self.readings)

    @cached_property
    def syllables(self) -> int | None:
        count = counter(self.language)
        return None if count is None else sum(count(word) * seen for word, seen in self.counts.items())

    @property
    def is_english(self) -> bool:
        return self.language == "en"

    @property
    def is_unspaced(self) -> bool:
        return bool(self.readings) and sum(reading.is_unspaced for reading in self.readings) * 2 > len(
            self.readings
        )

    def rate(self, words: Iterable[str]) -> float:
        """Per 1,000 words."""
        return 1000 * sum(self.counts[word] for word in words) / max(len(self.words), 1)

    def share(self, kind: Callable[[Sentence], bool]) -> float:
        return sum(kind(sentence) for _, sentence in self.sentences) / max(len(self.sentences), 1)

    def quotes(self, kind: Callable[[Sentence], bool], most: int = 3) -> tuple[Evidence, ...]:
        found = []
        for reading, sentence in self.sentences:
            if kind(sentence):
                found.append(quote(reading, sentence))
                if len(found) == most:
                    break
        return tuple(found)

    def words_quoted(self, words: Iterable[str], most: int = 3) -> tuple[Evidence, ...]:
        wanted = frozenset(words)
        return self.quotes(lambda sentence: not wanted.isdisjoint(sentence.bares), most)


def quote(reading: Reading, span: Span) -> Evidence:
    end = min(span.end, span.start + QUOTE)
    return Evidence(reading.name, span.start, end, reading.text[span.start : end])


@dataclass(frozen=True)
class _Kind:
    """``needed`` words make the figure as sure as it gets; ``english`` ones are None in other languages."""

    key: str
    area: Area
    unit: str
    value: Callable[[Body], float | None]
    evidence: Callable[[Body], tuple[Evidence, ...]] = field(default=lambda body: ())
    needed: int = 600
    scale: tuple[float | None, float | None] = (0, None)
    english: bool = False
    surest: float = 1.0


def measured(body: Body) -> list[Figure]:
    return [_figure(kind, body) for kind in KINDS]


def values(body: Body) -> dict[str, float]:
    """The same without evidence, for one text to be checked."""
    return {kind.key: value for kind in KINDS if (value := _value(kind, body)[0]) is not None}


def sureness(body: Body, needed: int) -> float:
    """Half at a quarter of the needed words, and never above 0.8 for a single text: one cannot show what varies."""
    amount = min(1.0, sqrt(len(body.words) / needed))
    return amount if len(body.readings) > 1 else 0.8 * amount


def _figure(kind: _Kind, body: Body) -> Figure:
    value, reason = _value(kind, body)
    return Figure(
        key=kind.key, area=kind.area, unit=kind.unit, value=None if value is None else round(value, 3),
        low=kind.scale[0], high=kind.scale[1], reason=reason,
        confidence=0.0 if value is None else round(min(sureness(body, kind.needed), kind.surest), 3),
        evidence=() if value is None else kind.evidence(body),
    )  # fmt: skip


def _value(kind: _Kind, body: Body) -> tuple[float | None, str | None]:
    if body.is_unspaced:
        return None, "The script puts no spaces between words, so words cannot be counted."
    if len(body.words) < 1:
        return None, "There are no words."
    if kind.english and not body.is_english:
        return None, f"Only measured in English; these texts are in {body.language}."
    value = kind.value(body)
    return value, None if value is not None else _WHY.get(kind.key, "Too little text.")


_WHY = {
    "diversity": f"Needs at least {WINDOW} words.",
    "contractions": "There is no place where a contraction could stand or stands.",
    "reading_ease": "No formula for this language.",
}


# --- How they are counted -------------------------------------------------------------------------


def contractible(body: Body) -> tuple[int, int]:
    """How often a contraction stands, and how often its long form stands where it could."""
    pairs: Counter[str] = Counter()
    for _, sentence in body.sentences:
        bares = sentence.bares
        pairs.update(f"{a} {b}" for a, b in itertools.pairwise(bares))
    short = sum(body.counts[word] for word in {short for short, _ in lex.CONTRACTIBLE})
    long = sum(pairs[form] if " " in form else body.counts[form] for _, form in lex.CONTRACTIBLE)
    return short, long


def _contractions(body: Body) -> float | None:
    short, long = contractible(body)
    return short / (short + long) if short + long else None


def _diversity(body: Body) -> float | None:
    """Different words in a hundred, on average over all stretches of a hundred: does not fall with length."""
    words = body.words
    if len(words) < WINDOW:
        return None
    inside = Counter(words[:WINDOW])
    different = [len(inside)]
    for leaving, coming in zip(words, words[WINDOW:], strict=False):
        inside[leaving] -= 1
        if not inside[leaving]:
            del inside[leaving]
        inside[coming] += 1
        different.append(len(inside))
    return fmean(different) / WINDOW


def is_passive(sentence: Sentence) -> bool:
    bares = sentence.bares
    for at, word in enumerate(bares[:-1]):
        if word in lex.BE:
            then = bares[at + 2] if bares[at + 1].endswith("ly") and at + 2 < len(bares) else bares[at + 1]
            if then in lex.PARTICIPLES or (then.endswith("ed") and len(then) > 4):
                return True
    return False


def is_fragment(sentence: Sentence) -> bool:
    """At most ten words and no verb we know: an estimate."""
    bares = sentence.bares
    return len(bares) <= 10 and not any(
        bare in lex.VERBS or bare.endswith(("ed", "n't")) or (len(bare) > 5 and bare.endswith("es"))
        for bare in bares
    )


def _per_mille(marks: str) -> Callable[[Body], float]:
    return lambda body: 1000 * sum(map(body.text.count, marks)) / max(len(body.words), 1)


def _marked(marks: str) -> Callable[[Body], tuple[Evidence, ...]]:
    return lambda body: body.quotes(lambda sentence: any(mark in sentence.text for mark in marks))


def _dashes(body: Body) -> float:
    text = body.text
    return 1000 * (text.count("—") + text.count(" – ") + text.count("--")) / max(len(body.words), 1)


def _has_dash(sentence: Sentence) -> bool:
    return any(mark in sentence.text for mark in ("—", " – ", "--"))


def _ellipses(body: Body) -> float:
    return 1000 * (body.text.count("…") + body.text.count("...")) / max(len(body.words), 1)


def is_emoji(char: str) -> bool:
    point = ord(char)
    return 0x1F300 <= point <= 0x1FAFF or 0x2600 <= point <= 0x27BF or 0x1F1E6 <= point <= 0x1F1FF


def _emoji(body: Body) -> float:
    return 1000 * sum(map(is_emoji, body.text)) / max(len(body.words), 1)


def hashtags(text: str) -> list[str]:
    return [word for word in text.split() if len(word) > 1 and word[0] == "#" and word[1].isalpha()]


def _paragraph_sentences(body: Body) -> list[int]:
    return list(Counter((id(reading), sentence.paragraph) for reading, sentence in body.sentences).values())


def _ease(body: Body) -> float | None:
    if body.syllables is None or not body.sentences or body.language not in _EASE:
        return None
    base, per_sentence, per_word = _EASE[body.language]
    words = len(body.words)
    return base - per_sentence * words / len(body.sentences) - per_word * body.syllables / words


# Flesch 1948; Amstad 1978; Fernández Huerta 1959; Kandel and Moles 1958; Douma 1960; Franchina and Vacca 1972.
_EASE = {
    "en": (206.835, 1.015, 84.6),
    "de": (180.0, 1.0, 58.5),
    "es": (206.84, 1.02, 60.0),
    "fr": (207.0, 1.015, 73.6),
    "nl": (206.84, 0.93, 77.0),
    "it": (217.0, 1.3, 60.0),
}


def _grade(body: Body) -> float:
    """Kincaid 1975."""
    words = len(body.words)
    return 0.39 * words / len(body.sentences) + 11.8 * (body.syllables or 0) / words - 15.59


def _fog(body: Body) -> float:
    """Gunning 1952, names and endings not left out."""
    count = counter("en")
    assert count is not None
    hard = sum(seen for word, seen in body.counts.items() if count(word) >= 3)
    return 0.4 * (len(body.words) / len(body.sentences) + 100 * hard / len(body.words))


def _long(sentence: Sentence) -> bool:
    return len(sentence.words) >= 30


def _short(sentence: Sentence) -> bool:
    return len(sentence.words) <= 8


def _near_mean(body: Body) -> tuple[Evidence, ...]:
    middle = fmean(body.lengths)
    nearest = sorted(range(len(body.sentences)), key=lambda at: (abs(body.lengths[at] - middle), at))[:2]
    return tuple(quote(*body.sentences[at]) for at in nearest)


def _lone(body: Body) -> float:
    sizes = _paragraph_sentences(body)
    return sum(size == 1 for size in sizes) / len(sizes)


def _words_figure(key: str, words: frozenset[str], area: Area = Area.VOCABULARY) -> _Kind:
    return _Kind(
        key, area, "per 1,000 words", lambda body: body.rate(words), lambda body: body.words_quoted(words),
        needed=1000, english=True,
    )  # fmt: skip


def _sentence_share(
    key: str, kind: Callable[[Sentence], bool], *, english: bool = False, surest: float = 1.0
) -> _Kind:
    return _Kind(
        key, Area.SENTENCES, "share of sentences", lambda body: body.share(kind), lambda body: body.quotes(kind),
        scale=(0, 1), english=english, surest=surest,
    )  # fmt: skip


def _mark(key: str, marks: str) -> _Kind:
    return _Kind(key, Area.PUNCTUATION, "per 1,000 words", _per_mille(marks), _marked(marks))


KINDS: Sequence[_Kind] = (
    _Kind("sentence_words", Area.SENTENCES, "words", lambda body: fmean(body.lengths), _near_mean, scale=(1, None)),
    _Kind("sentence_words_median", Area.SENTENCES, "words", lambda body: median(body.lengths), scale=(1, None)),
    _Kind("sentence_words_spread", Area.SENTENCES, "words, standard deviation", lambda body: pstdev(body.lengths)),
    _sentence_share("short_sentences", _short),
    _sentence_share("long_sentences", _long),
    _sentence_share("questions", lambda sentence: sentence.is_question),
    _sentence_share("exclamations", lambda sentence: sentence.is_exclamation),
    _sentence_share("fragments", is_fragment, english=True, surest=0.5),
    _sentence_share("passive", is_passive, english=True, surest=0.7),
    _Kind("paragraph_sentences", Area.FORMATTING, "sentences", lambda body: fmean(_paragraph_sentences(body)), scale=(1, None)),
    _Kind("lone_sentences", Area.FORMATTING, "share of paragraphs", _lone, scale=(0, 1)),
    _Kind("word_letters", Area.VOCABULARY, "letters", lambda body: fmean(map(len, body.words)), scale=(1, None)),
    _Kind("long_words", Area.VOCABULARY, "share of words", lambda body: fmean(len(word) >= 7 for word in body.words), scale=(0, 1)),
    _Kind("diversity", Area.VOCABULARY, "different words in 100 by 100", _diversity, needed=1000, scale=(0, 1)),
    _Kind(
        "contractions", Area.VOCABULARY, "share of where they can stand", _contractions,
        lambda body: body.words_quoted(short for short, _ in lex.CONTRACTIBLE), needed=1500, scale=(0, 1), english=True,
    ),
    _words_figure("hedges", lex.HEDGES),
    _words_figure("intensifiers", lex.INTENSIFIERS),
    _words_figure("fillers", lex.FILLERS),
    _words_figure("connectives", lex.CONNECTIVES),
    _words_figure("negations", lex.NEGATIONS),
    _words_figure("first_person", lex.FIRST, Area.ADDRESS),
    _words_figure("we", lex.WE, Area.ADDRESS),
    _words_figure("you", lex.YOU, Area.ADDRESS),
    _Kind("numbers", Area.VOCABULARY, "per 1,000 words", lambda body: 1000 * sum(r.numbers for r in body.readings) / len(body.words)),
    _mark("commas", ","),
    _mark("semicolons", ";"),
    _mark("colons", ":"),
    _Kind("dashes", Area.PUNCTUATION, "per 1,000 words", _dashes, lambda body: body.quotes(_has_dash)),
    _Kind("ellipses", Area.PUNCTUATION, "per 1,000 words", _ellipses, lambda body: body.quotes(lambda s: "…" in s.text or "..." in s.text)),
    _mark("exclamation_marks", "!"),
    _mark("question_marks", "?"),
    _mark("parentheses", "("),
    _Kind("emoji", Area.FORMATTING, "per 1,000 words", _emoji, lambda body: body.quotes(lambda s: any(map(is_emoji, s.text)))),
    _Kind("hashtags", Area.FORMATTING, "per 1,000 words", lambda body: 1000 * len(hashtags(body.text)) / len(body.words)),
    _Kind("list_items", Area.FORMATTING, "per 1,000 words", lambda body: 1000 * sum(len(r.list_items) for r in body.readings) / len(body.words)),
    _Kind("reading_ease", Area.READABILITY, "Flesch's scale", _ease, scale=(None, None)),
    _Kind("grade", Area.READABILITY, "school years", _grade, scale=(None, None), english=True),
    _Kind("fog", Area.READABILITY, "school years", _fog, english=True),
)  # fmt: skip
