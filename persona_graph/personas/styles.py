"""The writing style of a persona: measured, edited by people, and looked at as one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph import style as styles
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Base, Database, Json, Writing, utcnow
from persona_graph.errors import InvalidInput, WrongState
from persona_graph.personas.finding import find, hold, missing
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.style_sources import StyleSources, gather, measure
from persona_graph.personas.tables import Persona, Platform
from persona_graph.style import Adaptation, Checked, Edits, Profile, Style
from persona_graph.style.edits import EDITABLE, LABELS
from persona_graph.style.platforms import EDITABLE as ADAPTABLE

MOST_TERMS, TERM = 50, 100
MOST_CHECKED = 100_000


class WritingStyle(Base):
    """``measured`` is what the last analysis found, ``edits`` what people set; neither ever writes the other.
    ``sources`` says what was analysed, and why something was not; the texts themselves are not kept."""

    __tablename__ = "writing_style"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    measured: Mapped[dict[str, Any] | None] = mapped_column(Json)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    edits: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    analyzed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    @property
    def style(self) -> Style:
        return Style(Profile.of(self.measured) if self.measured else None, Edits.of(self.edits))


class PlatformEdits(Base):
    """What people set by hand for a persona on one platform."""

    __tablename__ = "platform_adaptation"

    persona_id: Mapped[str] = mapped_column(ForeignKey("persona.id"), primary_key=True)
    platform: Mapped[Platform] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(String(26))
    edits: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


@dataclass(frozen=True)
class StyleChange:
    """``edits`` replaces what is set; ``reset`` names fields to go back to what was measured. Of ``figures`` those that
    are named change, and none of the others."""

    edits: Edits = field(default_factory=Edits)
    reset: Sequence[str] = ()


async def analyze_style(
    personas: Personas, viewer: Viewer, persona_id: str, sources: StyleSources
) -> WritingStyle:
    """Measures everything anew; every edit stays. Refuses when nothing usable was given, with each source's reason."""
    viewer.need(Scope.WRITE)
    async with personas.db.reading() as session:
        persona = await find(session, viewer, Persona, persona_id)
    if persona is None:
        raise missing("Persona", "personaId")
    texts, report = await gather(personas, viewer, sources)
    profile = await measure(personas, texts, sources.language, persona.language)
    async with personas.db.writing() as session:
        await hold(session, viewer, Persona, persona_id, "personaId")
        row = await _row(session, persona)
        row.measured, row.sources, row.analyzed_at = profile.stored(), report, utcnow()
        row.updated_at = utcnow()
    return row


async def update_style(
    personas: Personas, viewer: Viewer, persona_id: str, change: StyleChange
) -> WritingStyle:
    viewer.need(Scope.WRITE)
    edits = _valid(change.edits)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        row = await _row(session, persona)
        before = _without(Edits.of(row.edits), change.reset)
        stored = {name: value for name, value in edits.stored().items() if name != "figures"}
        row.edits = replace(before, **stored, figures={**before.figures, **edits.figures}).stored()
        row.updated_at = utcnow()
    return row


async def set_adaptation(
    personas: Personas,
    viewer: Viewer,
    persona_id: str,
    platform: Platform,
    edits: Mapping[str, Any],
    reset: Sequence[str] = (),
) -> Adaptation:
    """What is given replaces what follows from the style, until it is reset; no analysis changes it."""
    viewer.need(Scope.WRITE)
    for name in (*edits, *reset):
        if name not in ADAPTABLE:
            raise InvalidInput(
                message=f"{name} cannot be set.", path=("reset",), fix=f"Name one of {', '.join(ADAPTABLE)}."
            )
    said = {name: _plain(name, value) for name, value in edits.items()}
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        row = await session.get(PlatformEdits, (persona_id, platform))
        if row is None:
            row = PlatformEdits(
                persona_id=persona_id, platform=platform, account_id=persona.account_id, edits={}
            )
            session.add(row)
        kept = {name: value for name, value in (row.edits or {}).items() if name not in reset}
        row.edits = {**kept, **said}
        row.updated_at = utcnow()
        style = await session.get(WritingStyle, persona_id)
        made = styles.adapt(style.style if style else Style(), platform.value, row.edits)
        _need_sense(made)
    return made


async def check_text(
    personas: Personas, viewer: Viewer, persona_id: str, text: str, platform: Platform | None
) -> Checked:
    """Writes nothing, asks nobody."""
    viewer.need(Scope.WRITE)
    text = plain_text(text, "text", most=MOST_CHECKED)
    async with personas.db.reading() as session:
        persona = await find(session, viewer, Persona, persona_id)
        if persona is None:
            raise missing("Persona", "personaId")
        style, adaptation = await style_of(session, persona_id, platform)
    if style.profile is None and not style.edits.stored():
        raise WrongState(
            code="NOT_READY", state="NOT_ANALYZED", path=("personaId",), message="This persona has no writing style yet.",
            fix="analyzeWritingStyle first, or set one with updateWritingStyle.",
        )  # fmt: skip
    return await asyncio.to_thread(styles.score, style, text, adaptation)


async def style_of(
    session: AsyncSession, persona_id: str, platform: Platform | None = None
) -> tuple[Style, Adaptation | None]:
    """A persona's style, empty if it has none, and what becomes of it on a platform. For other use cases, which have
    made sure that the persona is the viewer's."""
    row = await session.get(WritingStyle, persona_id)
    style = row.style if row else Style()
    if platform is None:
        return style, None
    set_by_hand = await session.get(PlatformEdits, (persona_id, platform))
    return style, styles.adapt(style, platform.value, set_by_hand.edits if set_by_hand else None)


async def styles_of(db: Database, viewer: Viewer, persona_ids: Sequence[str]) -> list[WritingStyle | None]:
    rows = select(WritingStyle).where(
        WritingStyle.persona_id.in_(set(persona_ids)), WritingStyle.account_id == viewer.account_id
    )
    async with db.reading() as session:
        found = {row.persona_id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in persona_ids]


async def edits_of(
    db: Database, viewer: Viewer, persona_ids: Sequence[str]
) -> list[dict[Platform, dict[str, Any]]]:
    """What was set by hand for each persona, by platform."""
    rows = select(PlatformEdits).where(
        PlatformEdits.persona_id.in_(set(persona_ids)), PlatformEdits.account_id == viewer.account_id
    )
    found: dict[str, dict[Platform, dict[str, Any]]] = {}
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            found.setdefault(row.persona_id, {})[row.platform] = row.edits
    return [found.get(id, {}) for id in persona_ids]


def prompt_of(persona: Persona, style: Style, adaptation: Adaptation | None) -> str:
    return styles.render(
        style, adaptation, name=persona.name, language=persona.language, brand_voice=persona.brand_voice or ""
    )


async def erase_style(session: Writing, persona_id: str) -> None:
    """Measurements quote the person's own texts: they go with the persona, whole."""
    await session.execute(delete(WritingStyle).where(WritingStyle.persona_id == persona_id))
    await session.execute(delete(PlatformEdits).where(PlatformEdits.persona_id == persona_id))


async def _row(session: Writing, persona: Persona) -> WritingStyle:
    """The persona is held, so nobody else makes it meanwhile."""
    row = await session.get(WritingStyle, persona.id)
    if row is None:
        row = WritingStyle(persona_id=persona.id, account_id=persona.account_id, sources=[], edits={})
        session.add(row)
    return row


def _valid(edits: Edits) -> Edits:
    for key, value in edits.figures.items():
        if key not in EDITABLE:
            raise InvalidInput(
                message=f"There is no figure {key[:40]!r}.",
                path=("figures",),
                fix=f"Name one of {', '.join(EDITABLE)}.",
            )
        low, high = EDITABLE[key]
        if (
            not (value == value and abs(value) < 1e6)
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            raise InvalidInput(
                message=f"{key} cannot be {value:g}.",
                path=("figures",),
                fix=f"Give {low} to {high if high is not None else 'what is sensible'}.",
            )
    words = {label: _word(getattr(edits, label), label) for label in LABELS}
    lists = {
        name: _terms(getattr(edits, name), name)
        for name in ("permitted_tones", "forbidden_tones", "go_to_words", "go_to_phrases", "avoid_words")
    }
    said = {name: _said(getattr(edits, name), name) for name in ("core_belief", "notes")}
    return replace(edits, **words, **lists, **said)  # type: ignore[arg-type]


def _word(value: str | None, name: str) -> str | None:
    return None if value is None else plain_text(value, name, most=60)


def _said(value: str | None, name: str) -> str | None:
    return None if value is None else plain_text(value, _camel(name), most=2000)


def _terms(values: Sequence[str] | None, name: str, most: int = TERM) -> tuple[str, ...] | None:
    if values is None:
        return None
    if len(values) > MOST_TERMS:
        raise InvalidInput(
            code="TEXT_TOO_LONG",
            message=f"{_camel(name)} has {len(values)} entries.",
            path=(_camel(name),),
            fix=f"Give at most {MOST_TERMS}.",
        )
    return tuple(dict.fromkeys(plain_text(value, _camel(name), most=most) for value in values))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value, _camel(name), most=2000 if name == "notes" else 200)
    return _terms(value, name, most=300) if isinstance(value, list) else value


def _without(edits: Edits, reset: Sequence[str]) -> Edits:
    for name in reset:
        if name in edits.figures or (name in EDITABLE and name not in LABELS):
            edits = replace(
                edits, figures={key: value for key, value in edits.figures.items() if key != name}
            )
        elif name != "figures" and hasattr(edits, name):
            edits = replace(edits, **{name: None})  # type: ignore[arg-type]
        else:
            raise InvalidInput(
                message=f"There is no field {name[:40]!r}.", path=("reset",), fix="Name a field or a figure."
            )
    return edits


def _need_sense(made: Adaptation) -> None:
    for low, high in (
        ("words_low", "words_high"),
        ("hashtags_low", "hashtags_high"),
        ("formality_low", "formality_high"),
    ):
        if not 0 <= getattr(made, low) <= getattr(made, high) <= 1_000_000:
            raise InvalidInput(
                message=f"{_camel(low)} and {_camel(high)} must be a range from 0 upwards.",
                path=(_camel(low),),
                fix="Set both.",
            )
    for name in ("sentence_words", "longest_sentence", "paragraph_sentences"):
        if not 1 <= getattr(made, name) <= 1000:
            raise InvalidInput(message=f"{_camel(name)} must be 1 to 1,000.", path=(_camel(name),))
    if not 0 <= made.emoji_per_1000 <= 1000:
        raise InvalidInput(message="emojiPer1000 must be 0 to 1,000.", path=("emojiPer1000",))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
