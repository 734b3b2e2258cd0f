"""Stored files as the rest of the house sees them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from persona_graph.db import Database, Writing, new_id, now_plus, utcnow
from persona_graph.errors import Forbidden, MediaRefused, NotFound
from persona_graph.media.asset import (
    BUNDLE_KEPT,
    UPLOADS,
    Asset,
    AssetKind,
    AssetPurpose,
    AssetState,
)
from persona_graph.media.links import Claims, Link, Links
from persona_graph.media.plain import private_file, sweep_private_files
from persona_graph.media.probing import examine_output
from persona_graph.media.uploads import Uploads, file_chunks, shown_name
from persona_graph.media.vault import CHUNK, OBJECTS, Vault
from persona_graph.settings import Settings

__all__ = ["BUNDLE_KEPT", "UPLOADS", "Asset", "AssetKind", "AssetPurpose", "AssetState", "Link", "Media"]

_log = logging.getLogger(__name__)


class Media:
    """One per process. ``check`` at start, ``close`` at the end."""

    def __init__(self, settings: Settings, db: Database, vault: Vault) -> None:
        self.vault = vault
        self.links = Links(settings)
        self._settings = settings
        self._db = db
        self._uploads = Uploads(settings, db, vault)
        self._deleting: set[asyncio.Task[None]] = set()

    async def check(self) -> None:
        """Raises if the keys or the store cannot be used; removes plain files of killed processes."""
        await self.vault.check()
        await asyncio.to_thread(sweep_private_files)

    async def close(self) -> None:
        """Waits for deletions under way; what they leave, ``collect_orphans`` finds."""
        await asyncio.gather(*self._deleting, return_exceptions=True)

    async def announce(
        self,
        session: Writing,
        account_id: str,
        purpose: AssetPurpose,
        file_name: str,
        content_type: str,
        size: int,
    ) -> Asset:
        """Permission to upload ``size`` bytes. Raises InvalidInput, MediaRefused or QuotaReached."""
        return await self._uploads.announce(session, account_id, purpose, file_name, content_type, size)

    def upload_link(self, asset: Asset) -> Link:
        return self.links.upload(asset.id, asset.account_id, asset.expires_at or utcnow())

    def media_link(self, asset: Asset, *, download: bool = False) -> Link:
        _need_shown(asset)
        return self.links.media(asset.id, asset.account_id, download=download, until=_last_moment(asset))

    async def receive(
        self, token: str, chunks: AsyncIterable[bytes], content_length: int | None, content_type: str = ""
    ) -> Asset:
        """Streams an upload into the vault and probes it. ``content_type`` is a claim, not looked at.

        Raises NotFound, Forbidden or MediaRefused; a refusal of the content is kept on the row.
        """
        return await self._uploads.receive(self.links.read_upload(token), chunks, content_length)

    async def keep(
        self,
        account_id: str,
        purpose: AssetPurpose,
        source: bytes | Path,
        content_type: str,
        *,
        name: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> Asset:
        """Stores and probes what was made here; the caller adds the row to its transaction."""
        asset = Asset(
            id=new_id(),
            account_id=account_id,
            purpose=purpose,
            kind=_kind(content_type),
            state=AssetState.READY,
        )
        asset.content_type = asset.declared_type = content_type
        asset.file_name = shown_name(name)
        pieces = _slices(source) if isinstance(source, bytes) else file_chunks(source)
        sealed = await self.vault.seal(account_id, asset.id, pieces)
        asset.lock_away(sealed)
        asset.declared_size, asset.received_at, asset.created_at = sealed.size, utcnow(), utcnow()
        asset.facts = dict(facts or {})
        try:
            await self._measure(asset)
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.shield(self.vault.store.delete(sealed.object_key))
            raise
        return asset

    def plain(self, asset: Asset) -> AbstractAsyncContextManager[Path]:
        """``async with media.plain(asset) as path``: a private decrypted file, gone at exit."""
        return private_file(self.vault.open_whole(asset.sealed))

    async def read(self, asset: Asset) -> bytes:
        return await self.vault.read_whole(asset.sealed)

    def stream(self, asset: Asset, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """Plain bytes ``start`` to ``end`` (exclusive)."""
        return self.vault.open(asset.sealed, start, end)

    async def resolve(self, token: str) -> Asset:
        """The asset of a media link. Raises NotFound, Forbidden or MediaRefused (erased)."""
        return await self.linked(self.links.read_media(token))

    async def linked(self, claims: Claims) -> Asset:
        async with self._db.reading() as session:
            asset = await session.get(Asset, claims.asset_id)
        if asset is None or asset.account_id != claims.account_id:
            raise NotFound(message="No such file.")
        _need_shown(asset)
        return asset

    async def usable(
        self, session: AsyncSession, account_id: str, asset_id: str, purpose: AssetPurpose
    ) -> Asset:
        """The viewer's stored file of that purpose. Raises NotFound or MediaRefused with what is wrong."""
        asset = await session.get(Asset, asset_id)
        if asset is None or asset.account_id != account_id:
            raise NotFound(message="No such file.", fix="Upload it first.")
        if asset.purpose is not purpose:
            raise MediaRefused(
                code="MEDIA_WRONG_KIND",
                message=f"This file was uploaded as {asset.purpose}, not as {purpose}.",
                fix=f"Upload it with purpose {purpose}.",
                asset_id=asset.id,
            )
        asset.need_ready()
        return asset

    def erase(self, session: Writing, asset: Asset) -> None:
        """From this transaction on nobody can open it; the bytes themselves go after the commit."""
        if asset not in session:
            raise ValueError("erase wants an asset of this session")
        asset.state, asset.erased_at = AssetState.ERASED, utcnow()
        asset.wrapped_key = asset.sha256 = asset.facts = asset.held_until = None
        asset.file_name = ""
        # Also where this session knows them to be empty: an upload may have finished since it looked.
        for name in ("wrapped_key", "sha256", "facts"):
            flag_modified(asset, name)
        object_key = asset.object_key
        if object_key is not None:
            session.after(lambda: self._delete_soon(asset.id, object_key))

    async def collect_orphans(self, older_than: timedelta) -> int:
        """Deletes the bytes of erased assets, objects that no row can open, uploads that never came
        and what killed processes left. Answers how many objects went."""
        before = utcnow() - older_than
        gone = await self._delete_erased()
        async for page in self.vault.store.list(OBJECTS):
            old = [stored.key for stored in page if stored.at < before]
            for key in old and sorted(set(old) - await self._known(old)):
                await self.vault.store.delete(key)
                gone += 1
        async with self._db.writing() as session:
            never_came = or_(Asset.state == AssetState.ANNOUNCED, Asset.held_until < now_plus())
            await session.execute(delete(Asset).where(
                Asset.state.in_((AssetState.ANNOUNCED, AssetState.RECEIVING)), Asset.expires_at < before, never_came
            ))  # fmt: skip
        gone += await self.vault.store.sweep_unfinished(before)
        await asyncio.to_thread(sweep_private_files)
        return gone

    async def rewrap(self, limit: int = 500) -> int:
        """Moves up to ``limit`` data keys to the current master key, so that an old one can be retired."""
        keys = self.vault.keys
        async with self._db.writing() as session:
            old = (
                select(Asset)
                .where(Asset.wrapped_key.is_not(None), Asset.key_id != keys.current)
                .order_by(Asset.id)
                .limit(limit)
            )
            rows = (await session.scalars(old.with_for_update())).all()
            for row in rows:
                data_key = keys.unwrap(row.key_id or "", row.wrapped_key or b"")
                row.key_id, row.wrapped_key = keys.wrap(data_key)
        return len(rows)

    async def _measure(self, asset: Asset) -> None:
        if asset.kind not in (AssetKind.AUDIO, AssetKind.IMAGE, AssetKind.VIDEO):
            return
        async with self.plain(asset) as path:
            finding = await examine_output(asset.kind, path, self._settings)
        finding.write_on(asset)

    def _delete_soon(self, asset_id: str, object_key: str) -> None:
        task = asyncio.create_task(self._delete_bytes(asset_id, object_key))
        self._deleting.add(task)
        task.add_done_callback(self._deleting.discard)

    async def _delete_bytes(self, asset_id: str, object_key: str) -> None:
        try:
            await self.vault.store.delete(object_key)
            async with self._db.writing() as session:
                emptied = update(Asset).where(Asset.id == asset_id, Asset.object_key == object_key)
                await session.execute(emptied.values(object_key=None))
        except Exception:
            _log.warning("the bytes of erased asset %s stay for the sweep", asset_id, exc_info=True)

    async def _delete_erased(self) -> int:
        async with self._db.reading() as session:
            left = select(Asset.id, Asset.object_key).where(
                Asset.state == AssetState.ERASED, Asset.object_key.is_not(None)
            )
            rows = (await session.execute(left.limit(1000))).all()
        for asset_id, object_key in rows:
            await self._delete_bytes(asset_id, str(object_key))
        return len(rows)

    async def _known(self, object_keys: list[str]) -> set[str]:
        async with self._db.reading() as session:
            openable = select(Asset.object_key).where(
                Asset.wrapped_key.is_not(None), Asset.object_key.in_(object_keys)
            )
            return {key for key in (await session.scalars(openable)).all() if key}


def is_ours(asset: Asset) -> bool:
    """Written by our own encoders: an original stays a download, whatever it claims to be."""
    return asset.purpose is AssetPurpose.PHOTO or asset.purpose not in UPLOADS


def _need_shown(asset: Asset) -> None:
    asset.need_ready()
    if asset.purpose is AssetPurpose.VOICE_MODEL:
        raise Forbidden(message="Voice models are never handed out.")


def _last_moment(asset: Asset) -> datetime | None:
    """A bundle holds a face: no link to it outlives the day it is kept for (B7)."""
    return (
        asset.received_at + BUNDLE_KEPT
        if asset.purpose is AssetPurpose.BUNDLE and asset.received_at
        else None
    )


def _kind(content_type: str) -> AssetKind:
    major, _, minor = content_type.partition(";")[0].strip().lower().partition("/")
    kinds = {
        "audio": AssetKind.AUDIO,
        "image": AssetKind.IMAGE,
        "video": AssetKind.VIDEO,
        "text": AssetKind.TEXT,
    }
    return kinds.get(major, AssetKind.TEXT if minor in ("json", "x-ndjson") else AssetKind.MODEL)


async def _slices(source: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(source), CHUNK):
        yield source[at : at + CHUNK]
