"""The approved states of a persona, and which of them a platform keeps to."""

from __future__ import annotations

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.db import Writing
from persona_graph.personas.tables import Persona, Platform
from persona_graph.personas.whole_tables import PersonaVersion, PlatformPin


async def pinned_version(
    session: AsyncSession, persona_id: str, platform: Platform | None
) -> PersonaVersion | None:
    if platform is None:
        return None
    rows = (
        select(PersonaVersion)
        .join(PlatformPin, PlatformPin.version_id == PersonaVersion.id)
        .where(PlatformPin.persona_id == persona_id, PlatformPin.platform == platform)
    )
    return (await session.scalars(rows)).one_or_none()


async def pinned_parts(session: AsyncSession, persona_id: str) -> frozenset[str]:
    """The voices and avatars that some platform keeps to."""
    rows = (
        select(PersonaVersion.voice_id, PersonaVersion.avatar_id)
        .join(PlatformPin, PlatformPin.version_id == PersonaVersion.id)
        .where(PlatformPin.persona_id == persona_id)
    )
    found = (await session.execute(rows)).all()
    return frozenset(id for pair in found for id in pair if id is not None)


async def parts_for(
    session: AsyncSession, persona: Persona, platform: Platform | None
) -> tuple[str | None, str | None]:
    """Whose voice speaks and whose face is shown there."""
    version = await pinned_version(session, persona.id, platform)
    return (persona.voice_id, persona.avatar_id) if version is None else (version.voice_id, version.avatar_id)


async def drop_pins(session: Writing, part_id: str) -> None:
    """Of a voice or avatar that is erased: its platforms go by what is live again."""
    using = select(PersonaVersion.id).where(
        or_(PersonaVersion.voice_id == part_id, PersonaVersion.avatar_id == part_id)
    )
    await session.execute(delete(PlatformPin).where(PlatformPin.version_id.in_(using)))
