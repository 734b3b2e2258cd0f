"""Tone, register, complexity and engagement in a word, each from figures and with the figures that say so. The ranges
are ours and stand in docs/style.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from persona_graph.style import lexicon as lex
from persona_graph.style.figures import Body, Evidence, quote, sureness


@dataclass(frozen=True)
class Cue:
    """0 where the figure is at ``low``, 1 at ``high``; the other way round where low is the larger."""

    figure: str
    low: float
    high: float

    def of(self, figures: Mapping[str, float]) -> float | None:
        value = figures.get(self.figure)
        if value is None:
            return None
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


TONES = {
    "enthusiastic": (Cue("exclamations", 0, 0.2), Cue("positive", 5, 25), Cue("intensifiers", 4, 16)),
    "warm": (Cue("you_and_we", 5, 40), Cue("warm", 1, 10), Cue("positive", 5, 25)),
    "assertive": (Cue("certain", 6, 22), Cue("hedges", 14, 2), Cue("long_sentences", 0.3, 0)),
    "reflective": (Cue("first_person", 8, 45), Cue("thinking", 5, 22), Cue("hedges", 3, 14)),
    "analytical": (Cue("connectives", 5, 20), Cue("numbers", 2, 20), Cue("long_words", 0.18, 0.34)),
    "narrative": (Cue("past", 25, 90), Cue("third_person", 15, 80), Cue("you_and_we", 30, 5)),
    "critical": (Cue("negations", 15, 45), Cue("negative", 4, 20), Cue("contrast", 4, 16)),
    "tentative": (Cue("hedges", 8, 24), Cue("questions", 0.05, 0.3), Cue("certain", 14, 4)),
}
FORMALITY = (
    Cue("contractions", 0.6, 0), Cue("first_and_second", 70, 10), Cue("long_words", 0.14, 0.34),
    Cue("exclamations", 0.15, 0), Cue("fillers", 14, 2), Cue("sentence_words", 8, 28), Cue("emoji", 4, 0),
)  # fmt: skip
ENGAGEMENT = (
    Cue("questions", 0, 0.2), Cue("you_and_we", 2, 45), Cue("exclamations", 0, 0.12), Cue("short_sentences", 0.05, 0.45),
    Cue("paragraph_sentences", 7, 1.5),
)  # fmt: skip
COMPLEXITY = (
    Cue("grade", 4, 16), Cue("sentence_words", 8, 30), Cue("long_words", 0.12, 0.36), Cue("diversity", 0.6, 0.8),
)  # fmt: skip
REGISTERS = ((30, "casual"), (50, "conversational"), (70, "neutral"), (101, "formal"))
COMPLEXITIES = ((25, "simple"), (50, "moderate"), (75, "demanding"), (101, "complex"))
ENGAGEMENTS = ((25, "low"), (55, "moderate"), (101, "high"))
NO_TONE = 0.3


@dataclass(frozen=True)
class Label:
    """``score`` is 0 to 100; ``because`` names the figures with their values; ``others`` come close."""

    value: str | None
    score: float | None
    confidence: float
    because: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def more_figures(body: Body, figures: Mapping[str, float]) -> dict[str, float]:
    """With those that only labels are made of."""
    more = dict(figures)
    if body.is_english and body.words:
        more |= {
            "positive": body.rate(lex.POSITIVE), "negative": body.rate(lex.NEGATIVE), "warm": body.rate(lex.WARM),
            "certain": body.rate(lex.CERTAIN), "thinking": body.rate(lex.THINKING),
            "contrast": body.rate(("but", "yet", "however", "although", "though", "whereas", "instead")),
            "third_person": body.rate(lex.THIRD),
            "past": body.rate(lex.PAST | {word for word in body.counts if word.endswith("ed") and len(word) > 4}),
            "you_and_we": figures.get("you", 0) + figures.get("we", 0),
            "first_and_second": figures.get("you", 0) + figures.get("we", 0) + figures.get("first_person", 0),
        }  # fmt: skip
    return more


def labels(body: Body, figures: Mapping[str, float]) -> dict[str, Label]:
    if not body.is_english:
        why = f"Only judged in English; these texts are in {body.language}."
        return {
            name: Label(None, None, 0.0, reason=why)
            for name in ("tone", "register", "complexity", "engagement")
        }
    all_figures = more_figures(body, figures)
    return {
        "tone": _tone(body, all_figures),
        "register": _graded(body, all_figures, FORMALITY, REGISTERS),
        "complexity": _graded(body, all_figures, COMPLEXITY, COMPLEXITIES),
        "engagement": _graded(body, all_figures, ENGAGEMENT, ENGAGEMENTS),
    }


def tones(figures: Mapping[str, float]) -> dict[str, float]:
    """0 to 1 each."""
    return {
        tone: strength for tone, cues in TONES.items() if (strength := _strength(cues, figures)) is not None
    }


def strength_of(name: str, figures: Mapping[str, float]) -> float | None:
    """Formality, engagement or complexity, 0 to 100."""
    cues = {"formality": FORMALITY, "engagement": ENGAGEMENT, "complexity": COMPLEXITY}[name]
    strength = _strength(cues, figures)
    return None if strength is None else 100 * strength


def _strength(cues: tuple[Cue, ...], figures: Mapping[str, float]) -> float | None:
    found = [value for cue in cues if (value := cue.of(figures)) is not None]
    return sum(found) / len(found) if len(found) * 2 > len(cues) else None


def _tone(body: Body, figures: Mapping[str, float]) -> Label:
    ranked = sorted(tones(figures).items(), key=lambda item: (-item[1], item[0]))
    if not ranked:
        return Label(None, None, 0.0, reason="Too little text.")
    name, strength = ranked[0]
    others = tuple(other for other, value in ranked[1:] if value >= strength - 0.12 and value >= NO_TONE)
    if strength < NO_TONE:
        return Label("neutral", 0.0, round(0.5 * sureness(body, 1500), 3), ("no tone stands out",))
    # A tone that hardly leads the next is less sure.
    lead = strength - ranked[1][1] if len(ranked) > 1 else strength
    confidence = round(sureness(body, 1500) * min(1.0, 0.5 + 2.5 * lead), 3)
    return Label(
        name, round(100 * strength, 1), confidence, _because(TONES[name], figures), others,
        evidence=_evidence(body, name),
    )  # fmt: skip


def _graded(
    body: Body, figures: Mapping[str, float], cues: tuple[Cue, ...], grades: tuple[tuple[int, str], ...]
) -> Label:
    strength = _strength(cues, figures)
    if strength is None:
        return Label(None, None, 0.0, reason="Too little text.")
    score = round(100 * strength, 1)
    word = next(word for below, word in grades if score < below)
    edge = min((abs(score - below) for below, _ in grades[:-1]), default=50)
    confidence = round(sureness(body, 800) * min(1.0, 0.6 + edge / 25), 3)
    return Label(word, score, confidence, _because(cues, figures))


def _because(cues: tuple[Cue, ...], figures: Mapping[str, float]) -> tuple[str, ...]:
    said = [(cue.of(figures) or 0.0, cue.figure) for cue in cues if cue.figure in figures]
    return tuple(
        f"{figure}={figures[figure]:.3g}" for _, figure in sorted(said, key=lambda each: (-each[0], each[1]))
    )


_TELLING = {
    "enthusiastic": lex.POSITIVE, "warm": lex.WARM, "assertive": lex.CERTAIN, "reflective": lex.THINKING,
    "analytical": lex.CONNECTIVES, "narrative": lex.PAST, "critical": lex.NEGATIVE, "tentative": lex.HEDGES,
}  # fmt: skip


def _evidence(body: Body, tone: str) -> tuple[Evidence, ...]:
    telling = _TELLING[tone]
    rich = sorted(
        range(len(body.sentences)),
        key=lambda at: (-sum(bare in telling for bare in body.sentences[at][1].bares), at),
    )[:3]
    return tuple(quote(*body.sentences[at]) for at in sorted(rich))
