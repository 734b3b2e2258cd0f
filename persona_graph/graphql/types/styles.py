"""Writing styles, platform adaptations and checks of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, f
from persona_graph.personas import styles as rows
from persona_graph.personas.styles import prompt_of
from persona_graph.personas.tables import Persona, Platform
from persona_graph.style import Adaptation, Checked, Style, adapt, describe
from persona_graph.style.edits import figure_facts
from persona_graph.style.figures import Area

OnPlatform = Annotated[Platform, strawberry.argument(description="The platform.")]
OnSomePlatform = Annotated[
    Platform | None,
    strawberry.argument(description="As it is fitted to this platform; null for the style alone."),
]
InArea = Annotated[Area | None, strawberry.argument(description="Only those about this.")]


@described
class StyleEvidence:
    """A place in a source that shows what was measured."""

    source: str = f("The source's name.")
    start: int = f("Where it begins, in characters of the source's text (NFC, line feeds).")
    end: int = f("Where it ends.")
    quote: str = f("What stands there; at most 240 characters.")


@described
class StyleLabel:
    """Tone, register, complexity or engagement in a word."""

    value: str | None = f("What counts: the edit, else what was measured; null if neither is there.")
    measured: str | None = f("What was measured.")
    edited: str | None = f("What was set by hand.")
    score: float | None = f("How strong it was measured, 0 to 100.")
    confidence: float = f("0 to 1 of what was measured; falls with little text.")
    because: list[str] = f("The figures it rests on, `name=value`, the most telling first.")
    others: list[str] = f("What comes close.")
    reason: str | None = f("Why nothing was measured.")
    evidence: list[StyleEvidence] = f("Where it shows.")


@described
class StyleFigure:
    """One number of a style. What each means and how it is counted stands in docs/style.md."""

    key: str = f("Its name, for example `sentence_words`.")
    area: Area = f("What it is about.")
    value: float | None = f("What counts: the edit, else what was measured.")
    measured: float | None = f("What was measured; null where it does not hold, with a reason.")
    edited: float | None = f("What was set by hand.")
    unit: str = f("What it counts.")
    low: float | None = f("The lowest it can be; null where there is no bound.")
    high: float | None = f("The highest it can be; null where there is no bound.")
    confidence: float = f("0 to 1; falls with little text.")
    reason: str | None = f("Why nothing was measured.")
    evidence: list[StyleEvidence] = f("Where it shows.")


@described
class StyleTerm:
    """A word or phrase the writer comes back to."""

    text: str = f("The word or phrase, in lower case.")
    count: int = f("How often it stands there.")
    per_1000: float = f("The same in 1,000 words.")
    times: float | None = f(
        "How many times as often as in other people's English; null where that is not known."
    )
    evidence: list[StyleEvidence] = f("Where it stands.")


@described
class AvoidedWord:
    """A word the writer passes over for another."""

    text: str = f("The word.")
    instead: str | None = f("What stands in its place; null if it was only set by hand.")
    count: int | None = f("How often the other one stands; null if it was only set by hand.")
    evidence: list[StyleEvidence] = f("Where the other one stands.")


@described
class StyleDevice:
    """A pattern or rhetorical device."""

    key: str = f("Its name, for example `anaphora`; all are in docs/style.md.")
    count: int = f("How often it was found.")
    per_1000: float = f("The same in 1,000 words.")
    confidence: float = f("0 to 1; falls with little text.")
    evidence: list[StyleEvidence] = f("Where it stands.")


@described
class StyleSource:
    """One text, document or page of the last analysis."""

    name: str = f("Its name, or the page's address.")
    kind: str = f("TEXT, DOCUMENT or PAGE.")
    words: int = f("Words found in it.")
    accepted: bool = f("Whether it was measured.")
    code: str | None = f("Why it was not: a code of docs/errors.md; null if it was.")
    message: str | None = f("The same for people.")
    fix: str | None = f("What to do about it.")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> StyleSource:
        code = stored.get("code")
        return cls(
            name=stored["name"], kind=stored["kind"], words=stored["words"], accepted=code is None, code=code,
            message=stored.get("message"), fix=stored.get("fix"),
        )  # fmt: skip


@described
class WritingStyle:
    """How a person writes: measured on their texts, and what was set by hand over it."""

    language: str | None = f("ISO 639-1 code of the texts; null until they were analysed.")
    words: int = f("Words measured; 0 until then.")
    texts: int = f("Texts measured.")
    confidence: float = f("0 to 1: falls with few words and few texts.")
    completeness: float = f("0 to 1: the share of all fields that could be measured.")
    missing: list[str] = f("What could not be measured, and why.")
    core_belief: str | None = f("What the writer believes; only ever set by hand.")
    notes: str | None = f("What else is to be observed; only ever set by hand.")
    permitted_tones: list[str] = f("The tone, and others that may be taken.")
    forbidden_tones: list[str] = f("Tones never to be taken; only ever set by hand.")
    edited: list[str] = f("The fields and figures that were set by hand.")
    analyzed_at: datetime | None = f("When it was last measured.")
    updated_at: datetime = f("When it last changed.")
    row: strawberry.Private[rows.WritingStyle]
    style: strawberry.Private[Style]

    @classmethod
    def of(cls, row: rows.WritingStyle | None) -> WritingStyle | None:
        if row is None:
            return None
        style, profile = row.style, row.style.profile
        edits = style.edits.stored()
        edited = sorted({*(name for name in edits if name != "figures"), *edits.get("figures", {})})
        return cls(
            language=profile.language if profile else None, words=profile.words if profile else 0,
            texts=profile.texts if profile else 0, confidence=profile.confidence if profile else 0.0,
            completeness=profile.completeness if profile else 0.0,
            missing=list(profile.missing) if profile else ["No text was analysed yet."],
            core_belief=style.edits.core_belief, notes=style.edits.notes, permitted_tones=style.tones,
            forbidden_tones=list(style.edits.forbidden_tones or ()), edited=edited, analyzed_at=row.analyzed_at,
            updated_at=row.updated_at, row=row, style=style,
        )  # fmt: skip

    @strawberry.field(
        description="The style in a few sentences, put together from its figures by rule, not by a model; empty where nothing is known."
    )
    def summary(self) -> str:
        return describe(self.style)

    @strawberry.field(description="The tone, for example `warm`, `assertive`, `analytical`.")
    def tone(self) -> StyleLabel:
        return _label(self.style, "tone")

    @strawberry.field(description="The register: `casual`, `conversational`, `neutral` or `formal`.")
    def register(self) -> StyleLabel:
        return _label(self.style, "register")

    @strawberry.field(description="The complexity: `simple`, `moderate`, `demanding` or `complex`.")
    def complexity(self) -> StyleLabel:
        return _label(self.style, "complexity")

    @strawberry.field(description="How much the reader is drawn in: `low`, `moderate` or `high`.")
    def engagement(self) -> StyleLabel:
        return _label(self.style, "engagement")

    @strawberry.field(
        description="Sentence structure, vocabulary, address, punctuation, formatting, readability and summaries, in numbers."
    )
    def figures(self, area: InArea = None) -> list[StyleFigure]:
        found = [_figure(self.style, key, stored) for key, stored in self._measured.items()]
        known = set(self._measured)
        found += [_only_edited(self.style, key) for key in self.style.edits.figures if key not in known]
        return [each for each in found if area is None or each.area is area]

    @strawberry.field(description="Words the writer comes back to, the most telling first.")
    def go_to_words(self) -> list[StyleTerm]:
        return _terms(self.style, "go_to_words", self.style.go_to_words)

    @strawberry.field(description="Phrases the writer comes back to.")
    def go_to_phrases(self) -> list[StyleTerm]:
        return _terms(self.style, "go_to_phrases", self.style.go_to_phrases)

    @strawberry.field(description="Words the writer never takes where they could.")
    def avoided_words(self) -> list[AvoidedWord]:
        measured = {each["text"]: each for each in self.style.profile.avoided} if self.style.profile else {}
        return [
            AvoidedWord(
                text=word, instead=instead, count=measured[word]["count"] if word in measured else None,
                evidence=_evidence(measured[word]["evidence"]) if word in measured else [],
            )
            for word, instead in self.style.avoided.items()
        ]  # fmt: skip

    @strawberry.field(description="Patterns and rhetorical devices, the most frequent first.")
    def devices(self) -> list[StyleDevice]:
        return [
            StyleDevice(**{**each, "evidence": _evidence(each["evidence"])})
            for each in (self.style.profile.devices if self.style.profile else ())
        ]

    @strawberry.field(description="What the last analysis was given, in that order, and what became of each.")
    def sources(self) -> list[StyleSource]:
        return [StyleSource.of(each) for each in self.row.sources]

    @property
    def _measured(self) -> Mapping[str, Mapping[str, Any]]:
        return self.style.profile.figures if self.style.profile else {}


@described
class PlatformAdaptation:
    """A writing style fitted to one platform. Limits and their sources stand in docs/style.md."""

    platform: Platform = f("The platform.")
    character_limit: int | None = f("What one post can hold at most; null where there is no limit.")
    words_low: int = f("Advised length, from.")
    words_high: int = f("Advised length, to.")
    hashtags_low: int = f("Hashtags, from.")
    hashtags_high: int = f("Hashtags, to.")
    emoji_per_1000: float = f("Emoji in 1,000 words, at most.")
    sentence_words: float = f("Words of a sentence, on average.")
    longest_sentence: int = f("Words of the longest sentence.")
    paragraph_sentences: int = f("Sentences of a paragraph, at most.")
    formality_low: float = f("Formality from 0 to 100, from.")
    formality_high: float = f("Formality from 0 to 100, to.")
    tones: list[str] = f("The tones that fit, the writer's own first.")
    formatting: list[str] = f("How it is set out.")
    engagement: list[str] = f("How readers are drawn in.")
    devices: list[str] = f("Which of the writer's devices serve here.")
    links: str = f("Where links go.")
    notes: str = f("What else is to be observed; only ever set by hand.")
    edited: list[str] = f("The fields that were set by hand; no analysis changes them.")

    @classmethod
    def of(cls, made: Adaptation) -> PlatformAdaptation:
        plain: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(made).items()
        }
        return cls(**(plain | {"platform": Platform(made.platform)}))


@described
class StylePart:
    """One part of a score."""

    name: str = f("`fingerprint`, `sentences`, `vocabulary`, `punctuation`, `tone` or `platform`.")
    score: float | None = f("0 to 100; null where nothing can be said, with a reason.")
    weight: float = f("Its share of the whole.")
    reason: str | None = f("Why nothing can be said.")


@described
class StyleFinding:
    """What departs from the style or the platform, and where."""

    rule: str = f("The rule's id; all are in docs/style.md.")
    severity: str = f("ERROR (it cannot be posted like this), WARNING or HINT.")
    message: str = f("What it is.")
    suggestion: str = f("What to do about it.")
    start: int | None = f(
        "Where it begins, in characters of `StyleCheck.text`; null if it is about the whole text."
    )
    end: int | None = f("Where it ends.")
    quote: str | None = f("What stands there; at most 160 characters.")


@described
class StyleCheck:
    """How far a text is in a persona's style."""

    score: int = f(
        "0 to 100. What to expect of one's own and of other people's texts stands in docs/style.md."
    )
    reliable: bool = f("Whether text and style are long enough to rest on it.")
    words: int = f("Words in the text.")
    text: str = f("The text the offsets count in: as it was given, in NFC and with line feeds.")
    parts: list[StylePart] = f("What the score is made of.")
    findings: list[StyleFinding] = f("The platform's first, then in the order of the text; at most 50.")

    @classmethod
    def of(cls, checked: Checked) -> StyleCheck:
        return cls(
            score=checked.score, reliable=checked.reliable, words=checked.words, text=checked.text,
            parts=[StylePart(**vars(part)) for part in checked.parts],
            findings=[StyleFinding(**vars(finding)) for finding in checked.findings],
        )  # fmt: skip


@described
class StyleFields:
    """What a persona shows of its style."""

    row: strawberry.Private[Persona]

    @strawberry.field(description="How it writes; null until a style was analysed or set.")
    async def writing_style(self, info: Info) -> WritingStyle | None:
        return WritingStyle.of(await info.context.styles_of.load(self.row.id))

    @strawberry.field(description="Its writing style fitted to a platform.")
    async def adaptation(self, info: Info, platform: OnPlatform) -> PlatformAdaptation:
        _, made = await self._style(info, platform)
        return PlatformAdaptation.of(made)

    @strawberry.field(
        description="Its writing style as instructions for any language model; only what is known is said."
    )
    async def style_prompt(self, info: Info, platform: OnSomePlatform = None) -> str:
        style, made = await self._style(info, platform)
        return prompt_of(self.row, style, made)

    async def _style(self, info: Info, platform: Platform | None) -> tuple[Style, Any]:
        row = await info.context.styles_of.load(self.row.id)
        style = row.style if row else Style()
        if platform is None:
            return style, None
        by_hand = await info.context.style_edits_of.load(self.row.id)
        return style, adapt(style, platform.value, by_hand.get(platform))


def _label(style: Style, name: str) -> StyleLabel:
    stored: Mapping[str, Any] = (style.profile.labels.get(name) if style.profile else None) or {}
    return StyleLabel(
        value=style.label(name), measured=stored.get("value"), edited=getattr(style.edits, name), score=stored.get("score"),
        confidence=stored.get("confidence", 0.0), because=list(stored.get("because", ())), others=list(stored.get("others", ())),
        reason=stored.get("reason") if stored else "No text was analysed yet.", evidence=_evidence(stored.get("evidence", ())),
    )  # fmt: skip


def _figure(style: Style, key: str, stored: Mapping[str, Any]) -> StyleFigure:
    return StyleFigure(
        key=key, area=Area(stored["area"]), value=style.value(key), measured=stored["value"], edited=style.edits.figures.get(key),
        unit=stored["unit"], low=stored["low"], high=stored["high"], confidence=stored["confidence"], reason=stored["reason"],
        evidence=_evidence(stored["evidence"]),
    )  # fmt: skip


def _only_edited(style: Style, key: str) -> StyleFigure:
    area, unit, low, high = figure_facts(key)
    return StyleFigure(
        key=key, area=area, value=style.value(key), measured=None, edited=style.edits.figures[key], unit=unit, low=low, high=high,
        confidence=0.0, reason="No text was analysed yet.", evidence=[],
    )  # fmt: skip


def _terms(style: Style, name: str, texts: Sequence[str]) -> list[StyleTerm]:
    measured = {each["text"]: each for each in getattr(style.profile, name)} if style.profile else {}
    nothing = {"count": 0, "per_1000": 0.0, "times": None, "evidence": ()}
    return [
        StyleTerm(
            **{
                **nothing,
                **measured.get(text, {}),
                "text": text,
                "evidence": _evidence(measured.get(text, nothing)["evidence"]),
            }
        )
        for text in texts
    ]


def _evidence(stored: Sequence[Mapping[str, Any]]) -> list[StyleEvidence]:
    return [StyleEvidence(**each) for each in stored]
