"""Words and phrases a writer goes to, and words they pass over for another that would have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import log
from typing import Any

from persona_graph.style import lexicon as lex
from persona_graph.style.background import everybody
from persona_graph.style.figures import Body, Evidence, quote
from persona_graph.style.text import Reading, Span

MOST_WORDS, MOST_PHRASES, MOST_AVOIDED = 20, 12, 12
_AT_LEAST = 3
# Of so many choices all went the other way: by chance, with two in three, once in fifty.
_CHOICES = 5


@dataclass(frozen=True)
class Term:
    """``times`` how much more often than in other people's English; None where that is not known."""

    text: str
    count: int
    per_1000: float
    times: float | None
    evidence: tuple[Evidence, ...] = ()

    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Avoided:
    """``text`` never stands where ``instead`` stands ``count`` times."""

    text: str
    instead: str
    count: int
    evidence: tuple[Evidence, ...] = ()

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def go_to_words(body: Body) -> list[Term]:
    names = _names(body)
    spread = _texts_with(body)
    found = []
    for word, seen in body.counts.items():
        if seen < _AT_LEAST or len(word) < 3 or word in lex.STOP_WORDS or word in names:
            continue
        # What only one of several texts says again and again is its subject.
        if len(body.readings) > 2 and spread[word] < 2:
            continue
        times = seen / len(body.words) / everybody().words.share(word) if body.is_english else None
        if times is None or times >= 2:
            found.append((seen * log(times) if times else seen, word, seen, times))
    best = sorted(found, key=lambda each: (-each[0], each[1]))[:MOST_WORDS]
    return [
        Term(
            word,
            seen,
            _per_1000(body, seen),
            None if times is None else round(times, 1),
            _quotes(body, (word,)),
        )
        for _, word, seen, times in best
    ]


def go_to_phrases(body: Body) -> list[Term]:
    """Two to four words in a row inside a sentence, with a word of weight or of the writer's own turn in them."""
    names = _names(body)
    seen: Counter[tuple[str, ...]] = Counter()
    for _, sentence in body.sentences:
        bares = sentence.bares
        for size in (2, 3, 4):
            seen.update(bares[at : at + size] for at in range(len(bares) - size + 1))
    kept = {
        phrase: times
        for phrase, times in seen.items()
        if times >= _AT_LEAST and _says_something(phrase, names)
    }
    # "the end of the" adds nothing where "the end of the day" is as frequent.
    inner = {part for phrase, times in kept.items() for part in _parts(phrase) if kept.get(part, 0) <= times}
    best = sorted(
        (phrase for phrase in kept if phrase not in inner), key=lambda each: (-kept[each] * len(each), each)
    )[:MOST_PHRASES]
    return [
        Term(" ".join(each), kept[each], _per_1000(body, kept[each]), None, _quotes(body, each))
        for each in best
    ]


def avoided(body: Body) -> list[Avoided]:
    if not body.is_english:
        return []
    found = []
    for row in lex.CHOICES:
        taken = [word for word in row if body.counts[word]]
        if len(taken) == 1 and body.counts[taken[0]] >= _CHOICES:
            found += [(body.counts[taken[0]], word, taken[0]) for word in row if word != taken[0]]
    best = sorted(found, key=lambda each: (-each[0], each[1]))[:MOST_AVOIDED]
    return [Avoided(word, instead, seen, _quotes(body, (instead,), 1)) for seen, word, instead in best]


def _per_1000(body: Body, seen: int) -> float:
    return round(1000 * seen / len(body.words), 3)


def _says_something(phrase: tuple[str, ...], names: frozenset[str]) -> bool:
    weighty = [word for word in phrase if word not in lex.STOP_WORDS]
    if names.intersection(phrase):
        return False
    return bool(weighty) if len(phrase) == 2 else bool(weighty) or len(phrase) == 4


def _parts(phrase: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    if len(phrase) > 2:
        yield phrase[1:]
        yield phrase[:-1]
        yield from _parts(phrase[1:])
        yield from _parts(phrase[:-1])


def _names(body: Body) -> frozenset[str]:
    """Words with a capital inside a sentence, and hardly ever without one."""
    inside: set[str] = set()
    capital: Counter[str] = Counter()
    for reading in body.readings:
        capital.update(word.bare for word in reading.words if reading.text[word.start].isupper())
    for reading, sentence in body.sentences:
        inside.update(word.bare for word in sentence.words[1:] if reading.text[word.start].isupper())
    return frozenset(
        word for word in inside if capital[word] >= 0.8 * body.counts[word] and word not in lex.FIRST
    )


def _texts_with(body: Body) -> Counter[str]:
    return Counter(word for reading in body.readings for word in set(reading.bares))


def _quotes(body: Body, phrase: tuple[str, ...], most: int = 2) -> tuple[Evidence, ...]:
    found = []
    for reading in body.readings:
        for span in _places(reading, phrase):
            found.append(quote(reading, span))
            if len(found) == most:
                return tuple(found)
    return tuple(found)


def _places(reading: Reading, phrase: tuple[str, ...]) -> Iterable[Span]:
    size = len(phrase)
    for sentence in reading.sentences:
        bares = sentence.bares
        for at in range(len(bares) - size + 1):
            if bares[at : at + size] == phrase:
                yield Span(sentence.start, sentence.end)
                break
