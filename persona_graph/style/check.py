"""How far a text is in a writer's style: a score with its parts, and what to change where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt

from persona_graph.style import fingerprint, labels
from persona_graph.style.edits import Style
from persona_graph.style.figures import Body, values
from persona_graph.style.findings import Finding, findings
from persona_graph.style.platforms import Adaptation
from persona_graph.style.profile import Profile
from persona_graph.style.text import Source, read

LONGEST = 100_000
# A text shorter than this is scored, but says little.
RELIABLE_WORDS = 120
_FEWEST = 40
_WEIGHTS = {"fingerprint": 0.45, "sentences": 0.17, "vocabulary": 0.15, "punctuation": 0.12, "tone": 0.11}
_PLATFORM = 0.2
_SENTENCES = ("short_sentences", "long_sentences", "questions", "exclamations", "passive")
_VOCABULARY = ("hedges", "intensifiers", "connectives", "negations", "first_person", "we", "you", "numbers")
_PUNCTUATION = (
    "commas", "semicolons", "colons", "dashes", "ellipses", "exclamation_marks", "question_marks", "parentheses", "emoji",
)  # fmt: skip
# Writers scatter more from text to text than counting alone would make them.
_SCATTER = 1.6


@dataclass(frozen=True)
class Part:
    """0 to 100, or None where nothing can be said; ``reason`` says why."""

    name: str
    score: float | None
    weight: float
    reason: str | None = None


@dataclass(frozen=True)
class Checked:
    """``reliable`` is false for a text or a style too thin to rest much on. Offsets of findings count in ``text``, which is
    the text that was given in its normal form."""

    score: int
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    words: int
    reliable: bool
    text: str


def score(style: Style | Profile, text: str, adaptation: Adaptation | None = None) -> Checked:
    """0 to 100: how far the text is in this style, and on a platform within its ranges. Needs no network and no model."""
    style = style if isinstance(style, Style) else Style(style)
    body = Body((read(Source("", text[:LONGEST])),), style.language)
    found = findings(style, body, adaptation)
    parts = _parts(style, body, adaptation, found)
    told = [part for part in parts if part.score is not None]
    weight = sum(part.weight for part in told)
    total = sum(part.weight * (part.score or 0.0) for part in told) / weight if weight else 0.0
    enough = style.profile is not None and style.profile.confidence >= 0.3
    return Checked(
        round(total), tuple(parts), tuple(found), len(body.words), enough and len(body.words) >= RELIABLE_WORDS,
        body.readings[0].text,
    )  # fmt: skip


def nearest(profiles: Mapping[str, Profile], text: str) -> str:
    """Whose text it most likely is, of these."""
    runs = fingerprint.count(read(Source("", text)).text)
    return max(sorted(profiles), key=lambda name: fingerprint.likeness(profiles[name].print, runs))


def _parts(style: Style, body: Body, adaptation: Adaptation | None, found: list[Finding]) -> list[Part]:
    here = values(body) if body.words else {}
    known = style.numbers()
    share = 1.0 if adaptation is None else 1 - _PLATFORM
    raw = {
        "fingerprint": _fingerprint(style, body),
        "sentences": _sentences(style, body, here, known, adaptation),
        "vocabulary": _vocabulary(body, here, known, found),
        "punctuation": _mean([_rate(key, here, known, len(body.words)) for key in _PUNCTUATION]),
        "tone": _tone(style, body, here, known, found),
    }
    parts = [
        Part(
            name,
            None if value is None else round(100 * value, 1),
            round(_WEIGHTS[name] * share, 3),
            _why(name, value, style),
        )
        for name, value in raw.items()
    ]
    if adaptation is not None:
        parts.append(Part("platform", round(100 * _platform(found), 1), _PLATFORM))
    return parts


def _why(name: str, value: float | None, style: Style) -> str | None:
    if value is not None:
        return None
    if style.profile is None:
        return "Nothing was measured for this persona yet."
    if name == "fingerprint":
        return f"Needs {_FEWEST} words here, and some 500 words analysed."
    return "Nothing was measured that this could be compared with."


def _fingerprint(style: Style, body: Body) -> float | None:
    if style.profile is None or not style.profile.fingerprint or len(body.words) < _FEWEST:
        return None
    return fingerprint.closeness(style.profile.print, fingerprint.count(body.readings[0].text))


def _sentences(
    style: Style,
    body: Body,
    here: Mapping[str, float],
    known: Mapping[str, float],
    adaptation: Adaptation | None,
) -> float | None:
    number = len(body.sentences)
    if not number or not here:
        return None
    near = [_share(key, here, known, number) for key in _SENTENCES]
    target = adaptation.sentence_words if adaptation else known.get("sentence_words")
    if target is not None and "sentence_words" in here:
        spread = max(known.get("sentence_words_spread", 8.0), 3.0)
        off = (here["sentence_words"] - target) / (spread / sqrt(number) + 0.1 * target)
        near += [_near(off), _near(off)]
    return _mean(near)


def _vocabulary(
    body: Body, here: Mapping[str, float], known: Mapping[str, float], found: list[Finding]
) -> float | None:
    words = len(body.words)
    near = [_rate(key, here, known, words) for key in _VOCABULARY]
    if words:
        near += [
            _mean_of("word_letters", here, known, 2.4 / sqrt(words)),
            _mean_of("diversity", here, known, 0.03),
        ]
        near.append(_mean_of("contractions", here, known, 0.25))
    value = _mean(near)
    avoided = sum(finding.rule == "word.avoided" for finding in found)
    return None if value is None else max(0.0, value - 0.08 * avoided)


def _tone(
    style: Style, body: Body, here: Mapping[str, float], known: Mapping[str, float], found: list[Finding]
) -> float | None:
    if not body.is_english or not body.words:
        return None
    more = labels.more_figures(body, here)
    near: list[float | None] = []
    for name in ("formality", "engagement", "complexity"):
        mine = labels.strength_of(name, more)
        near.append(_near((mine - known[name]) / 10) if mine is not None and name in known else None)
    near.append(_mean_of("grade", here, known, 2.0))
    own_tone = style.label("tone")
    if own_tone in labels.TONES:
        near.append(min(1.0, labels.tones(more).get(own_tone, 0.0) / 0.5))
    value = _mean(near)
    forbidden = any(finding.rule == "tone.forbidden" for finding in found)
    return None if value is None else max(0.0, value - 0.4 * forbidden)


_TAKEN = {"ERROR": 0.6, "WARNING": 0.2, "HINT": 0.08}


def _platform(found: list[Finding]) -> float:
    broken = [finding for finding in found if finding.rule.startswith("platform.")]
    return max(0.0, 1 - sum(_TAKEN[finding.severity] for finding in broken))


def _rate(key: str, here: Mapping[str, float], known: Mapping[str, float], words: int) -> float | None:
    if key not in here or key not in known:
        return None
    return _counted(here[key] * words / 1000, known[key] * words / 1000)


def _share(key: str, here: Mapping[str, float], known: Mapping[str, float], number: int) -> float | None:
    if key not in here or key not in known:
        return None
    return _counted(here[key] * number, known[key] * number)


def _counted(seen: float, expected: float) -> float:
    """Freeman and Tukey's root: counts of all sizes scatter alike."""
    return _near((sqrt(seen) + sqrt(seen + 1) - sqrt(4 * expected + 1)) / _SCATTER)


def _mean_of(key: str, here: Mapping[str, float], known: Mapping[str, float], scatter: float) -> float | None:
    if key not in here or key not in known:
        return None
    return _near((here[key] - known[key]) / (scatter * _SCATTER))


def _near(off: float) -> float:
    """1 at the writer's own value, a half some two and a quarter spreads away."""
    return 1 / (1 + exp(min(2.0 * (abs(off) - 2.25), 50.0)))


def _mean(near: list[float | None]) -> float | None:
    told = [value for value in near if value is not None]
    return sum(told) / len(told) if told else None
