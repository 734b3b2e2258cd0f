"""An upload's way from its announcement to a stored, probed file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Update, and_, case, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.db import Database, Writing, now_plus, utcnow
from persona_graph.errors import InvalidInput, MediaRefused, NotFound, QuotaReached
from persona_graph.media.asset import UPLOADS, Asset, AssetPurpose, AssetState, erased
from persona_graph.media.links import Claims, upload_expired
from persona_graph.media.plain import private_file
from persona_graph.media.probing import Finding, examine_upload
from persona_graph.media.vault import Sealed, Vault, new_object_key
from persona_graph.settings import Settings

HOLD_SECONDS = 30.0
# Not the file's fault: the upload stays open and may be tried again.
_NOT_THE_FILE = ("STORAGE_CORRUPT", "STORAGE_UNAVAILABLE")
# Control characters, direction overrides and lone surrogates: never part of a name, often of an attack.
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_log = logging.getLogger(__name__)


class Uploads:
    def __init__(self, settings: Settings, db: Database, vault: Vault) -> None:
        self._settings = settings
        self._db = db
        self._vault = vault
        # Bombs sent in parallel wait here, so that the machine's cores are never all theirs twice over.
        self._decoders = asyncio.Semaphore(os.cpu_count() or 1)

    async def announce(
        self,
        session: Writing,
        account_id: str,
        purpose: AssetPurpose,
        file_name: str,
        content_type: str,
        size: int,
    ) -> Asset:
        kind = UPLOADS.get(purpose)
        if kind is None:
            raise InvalidInput(message=f"{purpose} files are made here, not uploaded.", path=("purpose",))
        self._need_size(purpose, size)
        await self._need_quota(session, account_id, size)
        asset = Asset(
            account_id=account_id,
            purpose=purpose,
            kind=kind,
            state=AssetState.ANNOUNCED,
            file_name=shown_name(file_name),
            declared_type=shown_name(content_type)[:100],
            declared_size=size,
            expires_at=utcnow() + timedelta(seconds=self._settings.upload_ttl),
        )
        session.add(asset)
        await session.flush()
        return asset

    async def receive(
        self, claims: Claims, chunks: AsyncIterable[bytes], content_length: int | None
    ) -> Asset:
        asset = await self._take(claims, content_length)
        try:
            async with self._holding(asset):
                return await self._store(asset, chunks)
        except MediaRefused as trouble:
            await asyncio.shield(self._give_back(asset))
            # An erasure may pull the bytes away while they are being stored or read.
            if trouble.code in _NOT_THE_FILE and await self._is_erased(asset):
                raise erased(asset.id) from trouble
            raise
        except BaseException:
            await asyncio.shield(self._give_back(asset))
            raise

    async def _is_erased(self, asset: Asset) -> bool:
        async with self._db.reading() as session:
            state = await session.scalar(select(Asset.state).where(Asset.id == asset.id))
        return state is AssetState.ERASED

    def _need_size(self, purpose: AssetPurpose, size: int) -> None:
        if size < 1:
            raise InvalidInput(message="The size must be the file's size in bytes.", path=("size",))
        most, fix = self._most(purpose)
        if size > most:
            raise MediaRefused(
                code="MEDIA_TOO_LARGE",
                message=f"The file has {size:,} bytes; at most {most:,} are accepted.",
                path=("size",),
                fix=fix,
            )

    def _most(self, purpose: AssetPurpose) -> tuple[int, str]:
        if purpose is AssetPurpose.PHOTO:
            return self._settings.max_image_bytes, "Send a smaller image."
        if purpose is AssetPurpose.DOCUMENT:
            return self._settings.max_document_bytes, "Send a part of it, or paste the text."
        if purpose is AssetPurpose.BUNDLE:
            return self._settings.max_bundle_bytes, "Export the persona again, without a passphrase."
        return (
            self._settings.max_audio_bytes,
            "Send a shorter or compressed recording (MP3, FLAC, Opus).",
        )

    async def _need_quota(self, session: AsyncSession, account_id: str, size: int) -> None:
        await _one_at_a_time(session, account_id)
        waiting, stored = await _in_use(session, account_id)
        if waiting >= self._settings.max_uploads_open:
            raise QuotaReached(
                message=f"{waiting} uploads are open already.",
                fix="Finish them, or wait until they expire.",
                limit=self._settings.max_uploads_open,
            )
        if stored + size > self._settings.max_stored_bytes:
            raise QuotaReached(
                message="This upload would exceed the account's storage.",
                fix="Delete samples or photos that are no longer needed.",
                limit=self._settings.max_stored_bytes,
            )

    async def _take(self, claims: Claims, content_length: int | None) -> Asset:
        """Makes the upload ours by one compare-and-set, so that of two parallel PUTs one wins."""
        async with self._db.writing() as session:
            asset = await session.get(Asset, claims.asset_id)
            if asset is None or asset.account_id != claims.account_id:
                raise NotFound(message="No such upload.")
            _need_open(asset)
            if content_length is not None:
                _need_length(asset, content_length)
            free = or_(
                Asset.state == AssetState.ANNOUNCED,
                and_(Asset.state == AssetState.RECEIVING, Asset.held_until <= now_plus()),
            )
            taking = update(Asset).where(Asset.id == asset.id, free).values(
                state=AssetState.RECEIVING, object_key=new_object_key(), held_until=now_plus(HOLD_SECONDS)
            )  # fmt: skip
            taking = taking.returning(Asset.id).execution_options(synchronize_session=False)
            if (await session.execute(taking)).first() is None:
                raise _upload_done(asset.id)
            await session.refresh(asset)
            return asset

    @contextlib.asynccontextmanager
    async def _holding(self, asset: Asset) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._keep_hold(asset))
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    async def _keep_hold(self, asset: Asset) -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS / 3)
            try:
                async with self._db.writing() as session:
                    await session.execute(_ours(asset).values(held_until=now_plus(HOLD_SECONDS)))
            except Exception:
                _log.warning("the hold of upload %s could not be renewed", asset.id, exc_info=True)

    async def _give_back(self, asset: Asset) -> None:
        try:
            async with self._db.writing() as session:
                free = _ours(asset).values(state=AssetState.ANNOUNCED, object_key=None, held_until=None)
                await session.execute(free)
        except Exception:
            # The hold runs out by itself; until then a second try is answered as taken.
            _log.warning("upload %s could not be given back", asset.id, exc_info=True)

    async def _store(self, asset: Asset, chunks: AsyncIterable[bytes]) -> Asset:
        settings = self._settings
        async with contextlib.aclosing(paced(chunks, settings.upload_floor, settings.upload_window)) as body:
            counted = _counted(body, asset)
            sealed = await self._vault.seal(asset.account_id, asset.id, counted, asset.object_key)
        try:
            kept, finding = await self._probe(asset, sealed)
        except BaseException as trouble:
            await asyncio.shield(self._drop(sealed.object_key))
            if isinstance(trouble, MediaRefused) and trouble.code not in _NOT_THE_FILE:
                trouble.asset_id = asset.id
                await self._refuse(asset, trouble)
            raise
        return await self._finish(asset, kept, finding)

    async def _probe(self, asset: Asset, sealed: Sealed) -> tuple[Sealed, Finding]:
        async with self._decoders, private_file(self._vault.open_whole(sealed)) as path:
            finding = await examine_upload(asset.purpose, path, self._settings)
            if finding.replacement is None:
                return sealed, finding
            replaced = await self._vault.seal(asset.account_id, asset.id, file_chunks(finding.replacement))
        await self._drop(sealed.object_key)
        return replaced, finding

    async def _finish(self, asset: Asset, sealed: Sealed, finding: Finding) -> Asset:
        try:
            async with self._db.writing() as session:
                row = await self._still_ours(session, asset)
                row.state = AssetState.READY
                row.lock_away(sealed)
                finding.write_on(row)
                row.received_at, row.held_until = utcnow(), None
        except BaseException:
            await asyncio.shield(self._drop(sealed.object_key))
            raise
        return row

    async def _refuse(self, asset: Asset, refusal: MediaRefused) -> None:
        async with self._db.writing() as session:
            row = await self._still_ours(session, asset)
            row.state = AssetState.REFUSED
            row.refusal_code = refusal.code
            row.refusal_message = refusal.message[:500]
            row.refusal_fix = refusal.fix and refusal.fix[:500]
            row.object_key = row.held_until = None

    async def _still_ours(self, session: AsyncSession, asset: Asset) -> Asset:
        row = await session.get(Asset, asset.id, with_for_update=True)
        if row is None or row.state is AssetState.ERASED:
            raise erased(asset.id)
        if row.state is not AssetState.RECEIVING or row.object_key != asset.object_key:
            raise _upload_done(asset.id)
        return row

    async def _drop(self, object_key: str) -> None:
        """Its data key was never written down, so a failing deletion leaves only noise for the sweep."""
        try:
            await self._vault.store.delete(object_key)
        except Exception:
            _log.warning("object %s could not be deleted", object_key, exc_info=True)


def shown_name(name: str) -> str:
    return _UNSPEAKABLE.sub("", name).strip()[:255]


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, 1024 * 1024):
            yield chunk


async def paced(chunks: AsyncIterable[bytes], floor: int, window: float) -> AsyncGenerator[bytes, None]:
    """Passes chunks on. Only the time spent waiting for the client counts against it."""
    source, clock = aiter(chunks), asyncio.get_running_loop().time
    waited, brought = 0.0, 0
    following: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            following = following or asyncio.create_task(_following(source))
            began = clock()
            await asyncio.wait({following}, timeout=max(0.0, window - waited))
            waited += clock() - began
            chunk = following.result() if following.done() else b""
            if chunk is None:
                return
            brought += len(chunk)
            if waited >= window:
                if brought < floor * window:
                    raise MediaRefused(
                        code="UPLOAD_TOO_SLOW",
                        message=f"The upload brought less than {floor} bytes per second.",
                        fix="Try again on a better connection.",
                    )
                waited, brought = 0.0, 0
            if chunk:
                yield chunk
            if following.done():
                following = None
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _following(source: AsyncIterator[bytes]) -> bytes | None:
    return await anext(source, None)


async def _counted(chunks: AsyncIterable[bytes], asset: Asset) -> AsyncIterator[bytes]:
    brought = 0
    async for chunk in chunks:
        brought += len(chunk)
        _need_length(asset, max(brought, asset.declared_size))
        yield chunk
    _need_length(asset, brought)


def _need_length(asset: Asset, length: int) -> None:
    if length > asset.declared_size:
        raise MediaRefused(
            code="MEDIA_TOO_LARGE",
            message=f"More bytes than the announced {asset.declared_size:,}.",
            fix="Create an upload with the file's real size.",
            asset_id=asset.id,
        )
    if length < asset.declared_size:
        raise MediaRefused(
            code="MEDIA_SIZE_MISMATCH",
            message=f"{length:,} bytes instead of the announced {asset.declared_size:,}.",
            fix="Send the whole file, or create an upload with its real size.",
            asset_id=asset.id,
        )


def _need_open(asset: Asset) -> None:
    if asset.state is AssetState.ERASED:
        raise erased(asset.id)
    if asset.state in (AssetState.READY, AssetState.REFUSED):
        raise _upload_done(asset.id)
    if asset.expires_at is not None and asset.expires_at <= utcnow():
        raise upload_expired(asset.id)


def _upload_done(asset_id: str) -> MediaRefused:
    return MediaRefused(
        code="UPLOAD_DONE",
        message="This upload link has been used, or is being used now.",
        fix="Create a new upload for another file.",
        asset_id=asset_id,
    )


def _ours(asset: Asset) -> Update:
    held = update(Asset).where(Asset.id == asset.id, Asset.state == AssetState.RECEIVING)
    return held.where(Asset.object_key == asset.object_key).execution_options(synchronize_session=False)


async def _one_at_a_time(session: AsyncSession, account_id: str) -> None:
    """Two announcements of one account must not both see the last free place. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:of, 0))"), {"of": f"asset {account_id}"}
        )


async def _in_use(session: AsyncSession, account_id: str) -> tuple[int, int]:
    """How many uploads are open, and how many bytes uploads take or will take."""
    now = utcnow()
    still_open = or_(
        and_(Asset.state.in_((AssetState.ANNOUNCED, AssetState.RECEIVING)), Asset.expires_at > now),
        and_(Asset.state == AssetState.RECEIVING, Asset.held_until > now_plus()),
    )
    bytes_of = case((Asset.state == AssetState.READY, Asset.size), else_=Asset.declared_size)
    found = await session.execute(
        select(func.sum(case((still_open, 1), else_=0)), func.sum(bytes_of)).where(
            Asset.account_id == account_id,
            Asset.purpose.in_(list(UPLOADS)),
            or_(Asset.state == AssetState.READY, still_open),
        )
    )
    waiting, stored = found.one()
    return waiting or 0, int(stored or 0)
