"""Make, change and delete a persona."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Select, delete, select

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import InvalidInput
from persona_graph.personas import erasure
from persona_graph.personas.consents import end_consents
from persona_graph.personas.finding import hold
from persona_graph.personas.portable_tables import PersonaImport
from persona_graph.personas.room import Deleted, Personas, plain_text
from persona_graph.personas.styles import erase_style
from persona_graph.personas.tables import Avatar, Output, Persona, Voice
from persona_graph.personas.whole_tables import erase_whole

LANGUAGE = 16


@dataclass(frozen=True)
class PersonaChange:
    """New values; ``None`` leaves a field as it is, an empty string clears an optional one."""

    name: str | None = None
    archetype: str | None = None
    brand_voice: str | None = None
    language: str | None = None


async def create_persona(personas: Personas, viewer: Viewer, change: PersonaChange) -> Persona:
    viewer.need(Scope.WRITE)
    persona = Persona(account_id=viewer.account_id, name=plain_text(change.name or "", "name", most=200))
    _apply(persona, change)
    async with personas.db.writing() as session:
        session.add(persona)
    return persona


async def update_persona(personas: Personas, viewer: Viewer, id: str, change: PersonaChange) -> Persona:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, id, "personaId")
        if change.name is not None:
            persona.name = plain_text(change.name, "name", most=200)
        _apply(persona, change)
        persona.updated_at = utcnow()
    return persona


async def delete_persona(personas: Personas, viewer: Viewer, id: str) -> Deleted:
    """Cancel its jobs, erase its voices, avatars and outputs, then the persona itself."""
    viewer.need(Scope.WRITE)
    pending: list[str] = []
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, id, "personaId")
        for voice in (await session.scalars(_live(Voice, id))).all():
            pending += await erasure.erase_voice(personas, session, voice)
        for avatar in (await session.scalars(_live(Avatar, id))).all():
            await erasure.erase_avatar(personas, session, avatar)
        for output in (await session.scalars(_live(Output, id))).all():
            await erasure.erase_output(personas, session, output)
        await end_consents(session, id)
        await erasure.drop_bundles(personas, session, viewer.account_id, id)
        await session.execute(delete(PersonaImport).where(PersonaImport.persona_id == id))
        await erase_style(session, id)
        await erase_whole(session, id)
        persona.deleted_at = utcnow()
        persona.voice_id = persona.avatar_id = None
        persona.name, persona.archetype, persona.brand_voice = "", None, None
        persona.golden_lines = None
    return Deleted(id, tuple(dict.fromkeys(pending)))


Part = TypeVar("Part", Voice, Avatar, Output)


def _live(kind: type[Part], persona_id: str) -> Select[Part]:
    return select(kind).where(kind.persona_id == persona_id, kind.deleted_at.is_(None))


def _apply(persona: Persona, change: PersonaChange) -> None:
    if change.archetype is not None:
        persona.archetype = plain_text(change.archetype, "archetype", most=200, least=0) or None
    if change.brand_voice is not None:
        persona.brand_voice = plain_text(change.brand_voice, "brandVoice", most=5000, least=0) or None
    if change.language is not None:
        persona.language = language_tag(change.language)


def language_tag(value: str) -> str:
    """A BCP 47 tag, checked for its shape; whether a provider speaks it is routing's business."""
    parts = value.strip().split("-")
    fits = 2 <= len(parts[0]) <= 3 and parts[0].isascii() and parts[0].isalpha() and len(value) <= LANGUAGE
    if not fits or not all(part.isascii() and part.isalnum() for part in parts[1:]):
        raise InvalidInput(
            code="UNKNOWN_LANGUAGE", message=f"{value[:20]!r} is not a language tag.", path=("language",),
            fix="Use a BCP 47 tag such as en, de or pt-BR.",
        )  # fmt: skip
    return value.strip()


def spoken_language(asked: str | None, persona: Persona) -> str:
    return persona.language if asked is None else language_tag(asked)
