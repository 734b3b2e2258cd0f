"""Approving a persona as a whole; its versions, what differs between two, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Database, Writing, utcnow
from persona_graph.errors import Faults, WrongState
from persona_graph.jobs.paging import Page, pages_of
from persona_graph.personas.approval import Decided, put_live
from persona_graph.personas.finding import hold, missing
from persona_graph.personas.onboarding import OnboardingStep, StepState, facts_of, steps
from persona_graph.personas.persona_settings import Manner
from persona_graph.personas.pins import pinned_parts
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.styles import PlatformEdits, WritingStyle
from persona_graph.personas.tables import Approval, Avatar, Persona, Platform, Voice
from persona_graph.personas.whole_tables import PersonaSettings, PersonaVersion, PlatformPin

__all__ = [
    "PersonaVersion",
    "PlatformPin",
    "approve_persona",
    "pin_version",
    "rollback_persona",
    "unpin_version",
]
_STYLE = ("measured", "sources", "edits", "analyzed_at")


async def approve_persona(
    personas: Personas, viewer: Viewer, persona_id: str, note: str | None
) -> tuple[Persona, PersonaVersion]:
    """Every READY draft comes into use, and the whole becomes a version, unless it is the latest already."""
    viewer.need(Scope.WRITE)
    said = plain_text(note, "note", most=200, least=0) or None if note is not None else None
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        facts = await facts_of(session, persona, account.tier)
        last = steps(personas, facts)[-1]
        if last.name is OnboardingStep.APPROVE and last.state is StepState.BLOCKED:
            raise Faults(list(last.blockers))
        for part in (facts.voice, facts.avatar):
            if part is not None and part.status == "READY" and part.approval == Approval.DRAFT:
                await put_live(session, viewer, part)
        version = await _recorded(session, viewer, persona, facts.version, said)
    return persona, version


async def _recorded(
    session: Writing, viewer: Viewer, persona: Persona, latest: PersonaVersion | None, note: str | None,
    back_to: PersonaVersion | None = None,
) -> PersonaVersion:  # fmt: skip
    made = PersonaVersion(
        account_id=persona.account_id, persona_id=persona.id, number=latest.number + 1 if latest else 1,
        voice_id=persona.voice_id, avatar_id=persona.avatar_id, style=await _style(session, persona.id),
        settings=await _settings(session, persona), note=note, approved_by=viewer.label,
        rolled_back_to=back_to.id if back_to else None,
    )  # fmt: skip
    if latest is not None and not list(_changes(latest, made)):
        return latest
    session.add(made)
    await session.flush()
    return made


async def _style(session: AsyncSession, persona_id: str) -> dict[str, Any]:
    row = await session.get(WritingStyle, persona_id)
    adapted = select(PlatformEdits).where(PlatformEdits.persona_id == persona_id)
    edits = {each.platform.value: each.edits for each in (await session.scalars(adapted)).all() if each.edits}
    if row is None:
        return {"platforms": edits}
    at = row.analyzed_at.isoformat() if row.analyzed_at else None
    return {
        "measured": row.measured, "sources": row.sources, "edits": row.edits, "analyzed_at": at, "platforms": edits
    }  # fmt: skip


async def _settings(session: AsyncSession, persona: Persona) -> dict[str, Any]:
    row = await session.get(PersonaSettings, persona.id)
    return {
        "own": row.own if row else {},
        "platforms": row.platforms if row else {},
        "language": persona.language,
    }


async def rollback_persona(
    personas: Personas, viewer: Viewer, version_id: str, note: str | None
) -> tuple[Persona, PersonaVersion]:
    """Voice, avatar, style and settings as they were then; that is a new version. Refused if one of them was erased."""
    viewer.need(Scope.WRITE)
    said = plain_text(note, "note", most=200, least=0) or None if note is not None else None
    async with personas.db.writing() as session:
        persona, version = await _held(session, viewer, version_id)
        voice, avatar = await _parts(session, viewer, version, "versionId")
        latest = await _latest(session, persona.id)
        for kind, part, live_id in ((Voice, voice, persona.voice_id), (Avatar, avatar, persona.avatar_id)):
            if part is not None:
                await put_live(session, viewer, part)
            elif live_id is not None:
                await _put_away(session, persona, kind)
        await _restore_style(session, persona, version.style)
        await _restore_settings(session, persona, version.settings)
        persona.updated_at = utcnow()
        await session.flush()
        made = await _recorded(session, viewer, persona, latest, said, version)
    return persona, made


async def pin_version(
    personas: Personas, viewer: Viewer, version_id: str, platform: Platform
) -> tuple[Persona, PersonaVersion]:
    """What is made for the platform goes by this version from now on: its voice, face and settings."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        persona, version = await _held(session, viewer, version_id)
        parts = await _parts(session, viewer, version, "versionId")
        pin = await session.get(PlatformPin, (persona.id, platform))
        before = pin.version_id if pin is not None else None
        if pin is None:
            pin = PlatformPin(persona_id=persona.id, platform=platform, account_id=persona.account_id)
            session.add(pin)
        pin.version_id, pin.at = version.id, utcnow()
        for part in parts:
            if part is not None and part.approval == Approval.SUPERSEDED:
                part.approval = Approval.APPROVED
        await session.flush()
        if before is not None:
            await _let_go(session, persona, before)
    return persona, version


async def unpin_version(personas: Personas, viewer: Viewer, persona_id: str, platform: Platform) -> Persona:
    """The platform goes by what is live again."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        pin = await session.get(PlatformPin, (persona.id, platform))
        if pin is not None:
            before = pin.version_id
            await session.delete(pin)
            await session.flush()
            await _let_go(session, persona, before)
    return persona


async def _let_go(session: Writing, persona: Persona, version_id: str) -> None:
    """What was only kept for a pin is superseded again."""
    version = await session.get_one(PersonaVersion, version_id)
    still = await pinned_parts(session, persona.id) | {persona.voice_id, persona.avatar_id}
    for kind, id in ((Voice, version.voice_id), (Avatar, version.avatar_id)):
        part: Decided | None = await session.get(kind, id) if id is not None and id not in still else None
        if part is not None and part.approval == Approval.APPROVED:
            part.approval = Approval.SUPERSEDED


async def _put_away(session: Writing, persona: Persona, kind: type[Voice] | type[Avatar]) -> None:
    column = "voice_id" if kind is Voice else "avatar_id"
    part: Decided | None = await session.get(kind, getattr(persona, column))
    setattr(persona, column, None)
    kept = await pinned_parts(session, persona.id)
    if part is not None and part.approval == Approval.APPROVED and part.id not in kept:
        part.approval = Approval.SUPERSEDED


async def _held(session: Writing, viewer: Viewer, version_id: str) -> tuple[Persona, PersonaVersion]:
    rows = select(PersonaVersion).where(
        PersonaVersion.id == version_id, PersonaVersion.account_id == viewer.account_id
    )
    version = (await session.scalars(rows)).one_or_none()
    if version is None:
        raise missing("version", "versionId")
    return await hold(session, viewer, Persona, version.persona_id, "versionId"), version


async def _parts(
    session: AsyncSession, viewer: Viewer, version: PersonaVersion, field: str
) -> tuple[Voice | None, Avatar | None]:
    voice = await session.get(Voice, version.voice_id) if version.voice_id else None
    avatar = await session.get(Avatar, version.avatar_id) if version.avatar_id else None
    for part, word in ((voice, "voice"), (avatar, "avatar")):
        if part is not None:
            _need_usable(part, word, version, field)
    return voice, avatar


def _need_usable(part: Decided, word: str, version: PersonaVersion, field: str) -> None:
    if part.deleted_at is not None:
        raise WrongState(
            code="ERASED", message=f"The {word} of version {version.number} was erased.", state="ERASED",
            path=(field,), fix=f"Choose another version, or make a new {word} and approve the persona again.",
        )  # fmt: skip
    if part.status != "READY":
        raise WrongState(
            code="NOT_READY", message=f"The {word} of version {version.number} is {part.status}.",
            state=part.status, path=(field,), fix=f"Choose another version, or make a new {word}.",
        )  # fmt: skip


async def _latest(session: AsyncSession, persona_id: str) -> PersonaVersion | None:
    rows = select(PersonaVersion).where(PersonaVersion.persona_id == persona_id)
    return (await session.scalars(rows.order_by(PersonaVersion.number.desc()).limit(1))).one_or_none()


async def _restore_style(session: Writing, persona: Persona, style: Mapping[str, Any]) -> None:
    row = await session.get(WritingStyle, persona.id)
    if "edits" not in style:
        if row is not None:
            await session.delete(row)
    else:
        if row is None:
            row = WritingStyle(persona_id=persona.id, account_id=persona.account_id)
            session.add(row)
        at = style.get("analyzed_at")
        row.measured, row.sources, row.edits = (
            style.get("measured"),
            style.get("sources") or [],
            style["edits"],
        )
        row.analyzed_at, row.updated_at = _moment(at), utcnow()
    adapted = select(PlatformEdits).where(PlatformEdits.persona_id == persona.id)
    now = {each.platform.value: each for each in (await session.scalars(adapted)).all()}
    then: Mapping[str, Any] = style.get("platforms") or {}
    for name in now.keys() | then.keys():
        if name in now:
            now[name].edits, now[name].updated_at = then.get(name, {}), utcnow()
        else:
            session.add(
                PlatformEdits(
                    persona_id=persona.id, platform=Platform(name), account_id=persona.account_id, edits=then[name]
                )
            )  # fmt: skip


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


async def _restore_settings(session: Writing, persona: Persona, settings: Mapping[str, Any]) -> None:
    row = await session.get(PersonaSettings, persona.id)
    if row is None:
        row = PersonaSettings(persona_id=persona.id, account_id=persona.account_id)
        session.add(row)
    row.own, row.platforms, row.updated_at = (
        settings.get("own") or {},
        settings.get("platforms") or {},
        utcnow(),
    )
    persona.language = settings.get("language") or persona.language


@dataclass(frozen=True)
class Change:
    """One thing that differs; ``None`` where it is not set. Voices and avatars by their ids."""

    field: str
    before: str | None
    after: str | None


def changes(before: PersonaVersion | None, after: PersonaVersion) -> list[Change]:
    """What became different, by field; against nothing, everything that is set."""
    return list(_changes(before, after))


def _changes(before: PersonaVersion | None, after: PersonaVersion) -> Iterator[Change]:
    old, new = _facts(before) if before is not None else {}, _facts(after)
    for field in sorted(old.keys() | new.keys()):
        if old.get(field) != new.get(field):
            yield Change(field, old.get(field), new.get(field))


def _facts(version: PersonaVersion) -> dict[str, str]:
    """Everything in a version that can be told apart, as words."""
    settings, style = version.settings, version.style
    found: dict[str, Any] = {
        "voice": version.voice_id, "avatar": version.avatar_id, "language": settings.get("language"),
        "style.analyzedAt": style.get("analyzed_at"),
    }  # fmt: skip
    found |= _named("settings", Manner.of(settings.get("own")).stored())
    for platform, level in (settings.get("platforms") or {}).items():
        found |= _named(f"settings.{platform}", Manner.of(level).stored())
    measured = style.get("measured") or {}
    found |= {f"style.{name}": label.get("value") for name, label in (measured.get("labels") or {}).items()}
    found |= _named("style.set", style.get("edits") or {})
    for platform, level in (style.get("platforms") or {}).items():
        found |= _named(f"style.{platform}", level)
    return {name: _words(value) for name, value in found.items() if value not in (None, "", [], {})}


def _named(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{_camel(name)}": value for name, value in values.items()}


def _camel(name: str) -> str:
    first, *rest = ("format" if name == "container" else name).split("_")
    return first + "".join(part.capitalize() for part in rest)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(each)}" for name, each in sorted(value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_words(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


async def versions_pages(
    db: Database, viewer: Viewer, persona_ids: Sequence[str], first: int | None, after: str | None
) -> list[Page[PersonaVersion]]:
    """For each persona a page of its versions, newest first."""
    mine = select(PersonaVersion).where(PersonaVersion.account_id == viewer.account_id)
    return await pages_of(db, PersonaVersion, "persona_id", persona_ids, mine, first, after)


async def pins_of(
    db: Database, viewer: Viewer, persona_ids: Sequence[str]
) -> list[list[tuple[Platform, PersonaVersion]]]:
    """For each persona which platform keeps to which version."""
    rows = (
        select(PlatformPin, PersonaVersion)
        .join(PersonaVersion, PersonaVersion.id == PlatformPin.version_id)
        .where(PlatformPin.persona_id.in_(set(persona_ids)), PlatformPin.account_id == viewer.account_id)
        .order_by(PlatformPin.platform)
    )
    found: dict[str, list[tuple[Platform, PersonaVersion]]] = {id: [] for id in persona_ids}
    async with db.reading() as session:
        for pin, version in (await session.execute(rows)).all():
            found[pin.persona_id].append((pin.platform, version))
    return [found[id] for id in persona_ids]


async def version_before(db: Database, version: PersonaVersion) -> PersonaVersion | None:
    rows = (
        select(PersonaVersion)
        .where(PersonaVersion.persona_id == version.persona_id, PersonaVersion.number < version.number)
        .order_by(PersonaVersion.number.desc())
    )
    async with db.reading() as session:
        return (await session.scalars(rows.limit(1))).one_or_none()
