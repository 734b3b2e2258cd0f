"""A photo judged before an avatar is made of it, and how its portrait would be framed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.errors import MediaRefused
from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.media.bounded import Bounds
from persona_graph.media.framing import frame_of
from persona_graph.personas.room import Personas
from persona_graph.personas.uploads import usable

PREVIEW_ASPECT = "1:1"


@dataclass(frozen=True)
class AssessedPhoto:
    """``photo`` is READY or REFUSED, with what was measured or what is wrong on it."""

    photo: Asset
    preview: Asset | None


async def assess_photo(personas: Personas, viewer: Viewer, photo_id: str) -> AssessedPhoto:
    """Free. The preview is kept beside the photo, made once and erased with it."""
    viewer.need(Scope.WRITE)
    async with personas.db.reading() as session:
        photo = await _judged(personas, session, viewer, photo_id)
        preview = await _preview_of(session, photo)
    if preview is not None or not (photo.facts or {}).get("face_box"):
        return AssessedPhoto(photo, preview)
    made = await _framed(personas, photo)
    async with personas.db.writing() as session:
        row = (await session.scalars(select(Asset).where(Asset.id == photo.id).with_for_update())).one()
        row.need_ready()
        # Somebody else's preview may have been stored meanwhile; then nobody can open ours, and the sweep finds it.
        preview = await _preview_of(session, row)
        if preview is None:
            session.add(made)
            row.facts = {**(row.facts or {}), "preview": made.id}
            preview = made
    return AssessedPhoto(row, preview)


async def _judged(personas: Personas, session: AsyncSession, viewer: Viewer, photo_id: str) -> Asset:
    try:
        return await usable(personas, session, viewer, photo_id, AssetPurpose.PHOTO, "photoId")
    except MediaRefused:
        photo = await session.get(Asset, photo_id)
        if photo is None or photo.purpose is not AssetPurpose.PHOTO or photo.state is not AssetState.REFUSED:
            raise
        return photo


async def _preview_of(session: AsyncSession, photo: Asset) -> Asset | None:
    preview_id = (photo.facts or {}).get("preview")
    return await session.get(Asset, preview_id) if preview_id else None


async def _framed(personas: Personas, photo: Asset) -> Asset:
    # Imported here: the decoders must not weigh on a process that never decodes.
    from persona_graph.media.photo import cut_out

    facts = photo.facts or {}
    frame = frame_of(PREVIEW_ASPECT, photo.width or 0, photo.height or 0, facts["face_box"])
    async with personas.media.plain(photo) as path:
        out = path.with_name("frame.png")
        await cut_out(path, out, frame, bounds=Bounds.of(personas.settings))
        return await personas.media.keep(
            photo.account_id, AssetPurpose.PORTRAIT, out, "image/png", name="frame.png"
        )
