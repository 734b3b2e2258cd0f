"""Uploads: permission to make one, what it may be used for, and its end."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import MediaRefused, NotFound, UserFault
from persona_graph.media.assets import BUNDLE_KEPT, UPLOADS, Asset, AssetPurpose, AssetState
from persona_graph.personas.erasure import erase_asset
from persona_graph.personas.finding import missing
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Avatar, Sample

BATCH = 100
WASTED = [purpose for purpose in UPLOADS if purpose not in (AssetPurpose.MUSIC, AssetPurpose.BUNDLE)]


async def announce(
    personas: Personas, viewer: Viewer, purpose: AssetPurpose, file_name: str, content_type: str, size: int
) -> Asset:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        return await personas.media.announce(
            session, viewer.account_id, purpose, file_name, content_type, size
        )


async def usable(
    personas: Personas, session: AsyncSession, viewer: Viewer, id: str, purpose: AssetPurpose, *field: str
) -> Asset:
    """The viewer's stored file of that purpose. A photo may serve several avatars; a sample serves one
    training, because it is deleted when that one ends."""
    try:
        asset = await personas.media.usable(session, viewer.account_id, id, purpose)
        if purpose is AssetPurpose.SAMPLE:
            await _need_unused(session, asset)
    except NotFound:
        raise missing("file", *field) from None
    except UserFault as fault:
        fault.path = field
        raise
    return asset


async def delete_upload(personas: Personas, viewer: Viewer, asset_id: str) -> str:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        mine = select(Asset).where(Asset.id == asset_id, Asset.account_id == viewer.account_id)
        asset = (await session.scalars(mine.with_for_update())).one_or_none()
        if asset is None or asset.state is AssetState.ERASED:
            raise missing("file", "assetId")
        if asset.purpose not in UPLOADS:
            raise MediaRefused(
                code="MEDIA_WRONG_KIND", message="This file was made here, not uploaded.", asset_id=asset.id,
                path=("assetId",), fix="Delete the voice, avatar or output it belongs to.",
            )  # fmt: skip
        await _need_unused(session, asset)
        await erase_asset(personas, session, asset.id)
    return asset_id


async def erase_unused_uploads(personas: Personas) -> int:
    """Nobody made anything of these: a person's recordings and photos are not kept for nothing. Music is nobody's
    voice or face and serves again and again. A bundle, uploaded or made here, stays a day."""
    long_ago = utcnow() - timedelta(days=personas.settings.unused_upload_days)
    old = select(Asset).where(
        Asset.state == AssetState.READY,
        or_(
            and_(Asset.purpose.in_(WASTED), Asset.received_at < long_ago),
            and_(Asset.purpose == AssetPurpose.BUNDLE, Asset.received_at < utcnow() - BUNDLE_KEPT),
        ),
        Asset.id.not_in(select(Sample.asset_id).where(Sample.asset_id.is_not(None))),
        Asset.id.not_in(select(Avatar.portrait_id).where(Avatar.portrait_id.is_not(None))),
    )
    async with personas.db.writing() as session:
        unused = (
            await session.scalars(old.order_by(Asset.id).limit(BATCH).with_for_update(skip_locked=True))
        ).all()
        for asset in unused:
            await erase_asset(personas, session, asset.id)
    return len(unused)


async def _need_unused(session: AsyncSession, asset: Asset) -> None:
    used = or_(
        select(Sample.id).where(Sample.asset_id == asset.id).exists(),
        select(Avatar.id).where(Avatar.portrait_id == asset.id).exists(),
    )
    if await session.scalar(select(used)):
        sample = asset.purpose is AssetPurpose.SAMPLE
        raise MediaRefused(
            code="MEDIA_IN_USE", asset_id=asset.id, path=("assetId",),
            message="A voice is being trained on this recording." if sample else "An avatar is made of this photo.",
            fix="Cancel that training, or upload the recording again." if sample else "Delete the avatar; the photo goes with it.",
        )  # fmt: skip
