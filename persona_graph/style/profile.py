"""Everything measured on a writer's texts, in plain values that can be stored and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from statistics import fmean
from typing import Any

from persona_graph.style import devices, fingerprint, labels, vocabulary
from persona_graph.style.figures import FEWEST_WORDS, Area, Body, Figure, measured, sureness, values
from persona_graph.style.fingerprint import Fingerprint
from persona_graph.style.text import Reading, Source, read

VERSION = 1
ENOUGH_WORDS = 1000
_COMPARED = ("sentence_words", "long_words", "commas", "diversity", "questions", "you", "first_person")
_TOO_SHORT = f"Fewer than {FEWEST_WORDS} words."


@dataclass(frozen=True)
class Profile:
    """``figures`` and ``labels`` by key, as :class:`Figure` and :class:`~persona_graph.style.labels.Label` store
    themselves. ``fingerprint`` is for comparing only: it is shown to nobody."""

    language: str
    texts: int
    words: int
    sentences: int
    confidence: float
    completeness: float
    figures: Mapping[str, Mapping[str, Any]] = field(repr=False)
    labels: Mapping[str, Mapping[str, Any]] = field(repr=False)
    go_to_words: Sequence[Mapping[str, Any]] = field(repr=False, default=())
    go_to_phrases: Sequence[Mapping[str, Any]] = field(repr=False, default=())
    avoided: Sequence[Mapping[str, Any]] = field(repr=False, default=())
    devices: Sequence[Mapping[str, Any]] = field(repr=False, default=())
    missing: Sequence[str] = ()
    fingerprint: Mapping[str, Any] = field(repr=False, default_factory=dict)
    version: int = VERSION

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Profile:
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    @property
    def print(self) -> Fingerprint:
        return Fingerprint(**self.fingerprint)

    def value(self, key: str) -> float | None:
        found = self.figures.get(key)
        value = None if found is None else found["value"]
        return None if value is None else float(value)

    def numbers(self) -> dict[str, float]:
        return {key: float(each["value"]) for key, each in self.figures.items() if each["value"] is not None}


def measure(sources: Sequence[Source], language: str = "en") -> Profile:
    """Of all texts together: the same texts give the same profile, in whatever order; a text given twice counts once."""
    readings = distinct([read(source) for source in sources])
    body = Body(tuple(readings), language)
    if len(body.words) < FEWEST_WORDS and not body.is_unspaced:
        return _nothing(body)
    figures = {figure.key: figure for figure in [*measured(body), _consistency(body)]}
    known = {key: figure.value for key, figure in figures.items() if figure.value is not None}
    named = labels.labels(body, known)
    figures |= {figure.key: figure for figure in _strengths(body, known)}
    words, phrases = vocabulary.go_to_words(body), vocabulary.go_to_phrases(body)
    passed_over, patterns = vocabulary.avoided(body), devices.found(body)
    missing = _missing(body, figures, named, bool(words), bool(passed_over), bool(patterns))
    told = [each.value is not None for each in figures.values()]
    told += [each.value is not None for each in named.values()]
    told += [bool(words), bool(phrases), bool(passed_over), bool(patterns)]
    return Profile(
        language=language, texts=len(readings), words=len(body.words), sentences=len(body.sentences),
        confidence=_confidence(body), completeness=round(fmean(told), 3),
        figures={key: figure.stored() for key, figure in figures.items()},
        labels={key: label.stored() for key, label in named.items()},
        go_to_words=[each.stored() for each in words], go_to_phrases=[each.stored() for each in phrases],
        avoided=[each.stored() for each in passed_over], devices=[each.stored() for each in patterns],
        missing=missing, fingerprint=fingerprint.of(readings).stored(),
    )  # fmt: skip


def distinct(readings: Sequence[Reading]) -> list[Reading]:
    found = {
        reading.digest: reading for reading in sorted(readings, key=lambda each: each.name, reverse=True)
    }
    return [found[digest] for digest in sorted(found)]


def _nothing(body: Body) -> Profile:
    why = [f"There are {len(body.words)} words; a style needs at least {FEWEST_WORDS}."]
    return Profile(
        body.language, len(body.readings), len(body.words), len(body.sentences), 0.0, 0.0, {}, {}, missing=why
    )


def _confidence(body: Body) -> float:
    """Falls with few words, few texts, and texts that are unlike each other."""
    amount = sureness(body, 3000)
    variety = min(1.0, 0.6 + 0.1 * len(body.readings))
    return round(amount * variety, 3)


def _consistency(body: Body) -> Figure:
    """How alike the texts are; nothing can be said of one."""
    bodies = [
        Body((reading,), body.language) for reading in body.readings if len(reading.words) >= FEWEST_WORDS
    ]
    value: float | None = None
    reason: str | None = "Needs at least two texts of 50 words or more."
    if len(bodies) > 1 and not body.is_unspaced:
        each = [values(one) for one in bodies]
        apart = []
        for key in _COMPARED:
            found = [one[key] for one in each if key in one]
            if len(found) > 1 and (middle := fmean(found)):
                apart.append(min(1.0, fmean(abs(one - middle) for one in found) / middle))
        value, reason = round(100 * (1 - fmean(apart)), 1), None
    return _summary("consistency", value, body, reason)


def _strengths(body: Body, found: Mapping[str, float]) -> list[Figure]:
    more = labels.more_figures(body, found)
    reason = f"Only judged in English; these texts are in {body.language}." if not body.is_english else None
    made = []
    for name in ("formality", "engagement", "complexity"):
        value = None if reason else labels.strength_of(name, more)
        made.append(_summary(name, None if value is None else round(value, 1), body, reason))
    return made


def _summary(key: str, value: float | None, body: Body, reason: str | None) -> Figure:
    return Figure(
        key=key, area=Area.SUMMARY, unit="0 to 100", value=value, low=0, high=100, reason=None if value is not None else reason,
        confidence=0.0 if value is None else round(sureness(body, 800), 3),
    )  # fmt: skip


def _missing(
    body: Body,
    figures: Mapping[str, Figure],
    named: Mapping[str, labels.Label],
    words: bool,
    passed: bool,
    patterns: bool,
) -> list[str]:
    said = []
    if len(body.words) < ENOUGH_WORDS:
        said.append(f"There are {len(body.words):,} words; from {ENOUGH_WORDS:,} on most figures hold.")
    if len(body.readings) < 3:
        said.append(
            f"There {'is one text' if len(body.readings) == 1 else 'are two texts'}; three or more show what varies."
        )
    if not words:
        said.append("No word comes back often enough to be called a go-to word.")
    if not passed and body.is_english:
        said.append("Too few choices between words to say which are avoided.")
    if not patterns:
        said.append("No rhetorical device was found.")
    why: dict[str, list[str]] = {}
    empty = [(key, figure.reason) for key, figure in figures.items() if figure.value is None]
    empty += [(key, label.reason) for key, label in named.items() if label.value is None]
    for key, reason in empty:
        why.setdefault(reason or "Too little text.", []).append(key)
    return said + [f"{', '.join(keys)}: {reason}" for reason, keys in why.items()]
