"""Where sealed objects lie: a folder or an S3 bucket, behind the same five calls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from persona_graph.settings import Settings

# S3 takes no smaller parts; a folder does, and then an upload holds less memory.
_S3_PART = 5 * 1024 * 1024
_FILE_PART = 2 * 1024 * 1024
_UNFINISHED = re.compile(r".+#\d+")


class StoreUnavailable(Exception):
    """The store cannot be reached, is full or forbids it; trying again later may help."""


class ObjectMissing(Exception):
    """No object of that name, or it ends before the range asked for."""


@dataclass(frozen=True, slots=True)
class Stored:
    key: str
    size: int
    at: datetime


class ObjectStore:
    """Keys are ours (never a caller's text). Writes are whole or not at all."""

    def __init__(self, backend: Any, *, folder: Path | None = None) -> None:
        self._backend = backend
        self._folder = folder

    @classmethod
    def open(cls, settings: Settings) -> ObjectStore:
        url = urlsplit(settings.storage)
        if url.scheme == "file":
            return _folder_store(Path(unquote(url.path)))
        if url.scheme == "s3" and url.netloc:
            return cls(_s3_backend(settings, url.netloc, url.path.strip("/")))
        raise ValueError("storage_url must be `file:///path` or `s3://bucket/prefix`.")

    async def write(self, key: str, chunks: AsyncGenerator[bytes, None]) -> None:
        """Streams to ``key``. If ``chunks`` raises, or this call is cancelled, nothing is left."""
        async with contextlib.aclosing(chunks):
            head, more = await _gather_head(chunks, self._part)
            if not more:
                with _translated():
                    await obstore.put_async(self._backend, key, head, use_multipart=False)
            else:
                await self._write_parts(key, head, chunks)
        await self._settle(key)

    async def read(self, key: str, start: int, end: int) -> memoryview:
        """Bytes ``start`` to ``end`` (exclusive); fewer when the object ends earlier."""
        with _translated(reading=True):
            try:
                return memoryview(await obstore.get_range_async(self._backend, key, start=start, end=end))
            except BaseError:
                # A range beyond the end and a failing disk are one error here; the size tells them apart.
                if (await obstore.head_async(self._backend, key))["size"] <= start:
                    raise ObjectMissing(key) from None
                raise

    async def delete(self, key: str) -> None:
        """Gone afterwards, also if it was before."""
        with _translated(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._backend, key)

    async def list(self, prefix: str) -> AsyncIterator[list[Stored]]:
        """Pages of what lies under ``prefix``."""
        with _translated():
            async for page in obstore.list(self._backend, prefix, chunk_size=500):
                yield [Stored(meta["path"], meta["size"], meta["last_modified"]) for meta in page]

    async def sweep_unfinished(self, before: datetime) -> int:
        """Removes parts that a killed process left in the folder; a bucket wants a lifecycle rule."""
        if self._folder is None:
            return 0
        return await asyncio.to_thread(_sweep_parts, self._folder, before)

    @property
    def window(self) -> int:
        """Chunks worth reading at once: a bucket answers late, a folder at once."""
        return 4 if self._folder is None else 1

    @property
    def _part(self) -> int:
        return _S3_PART if self._folder is None else _FILE_PART

    async def _write_parts(self, key: str, head: bytes, chunks: AsyncIterator[bytes]) -> None:
        # A cancelled put leaves an unfinished multipart upload in the bucket, one whose source fails
        # does not; so the put is shielded and its source is made to fail.
        relay = _Relay(head)
        put = asyncio.ensure_future(
            obstore.put_async(self._backend, key, relay.out(), chunk_size=self._part, max_concurrency=2)
        )
        put.add_done_callback(lambda _: relay.stop_waiting())
        try:
            async for chunk in chunks:
                await relay.give(chunk)
                if put.done():
                    break
            relay.finish()
            with _translated():
                await asyncio.shield(put)
        except BaseException:
            relay.abandon()
            with contextlib.suppress(BaseException):
                await asyncio.shield(put)
            raise

    async def _settle(self, key: str) -> None:
        """A row may be committed next: the bytes must survive a power cut that the row survives."""
        if self._folder is not None:
            with _translated():
                await asyncio.to_thread(_sync, self._folder / key)


class _Abandoned(Exception):
    """Makes the put fail, so that it takes back what it has sent."""


class _Relay:
    """Hands chunks from the task that makes them to the put that takes them, two at most waiting."""

    def __init__(self, head: bytes) -> None:
        self._waiting: asyncio.Queue[bytes | _Abandoned | None] = asyncio.Queue()
        self._waiting.put_nowait(head)
        self._room = asyncio.Semaphore(2)
        self.stop_waiting = self._room.release

    async def give(self, chunk: bytes) -> None:
        await self._room.acquire()
        self._waiting.put_nowait(chunk)

    def finish(self) -> None:
        self._waiting.put_nowait(None)

    def abandon(self) -> None:
        self._waiting.put_nowait(_Abandoned())

    async def out(self) -> AsyncIterator[bytes]:
        while (chunk := await self._waiting.get()) is not None:
            if isinstance(chunk, _Abandoned):
                raise chunk
            yield chunk
            self._room.release()


async def _gather_head(chunks: AsyncIterator[bytes], part: int) -> tuple[bytes, bool]:
    """The first part, and whether there may be more: most objects are small and need one request."""
    head = bytearray()
    async for chunk in chunks:
        head += chunk
        if len(head) >= part:
            return bytes(head), True
    return bytes(head), False


@contextlib.contextmanager
def _translated(*, reading: bool = False) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        # A write that finds nothing lacks its bucket or folder.
        raise (ObjectMissing if reading else StoreUnavailable)(str(error)) from error
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


def _folder_store(folder: Path) -> ObjectStore:
    with _translated():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ObjectStore(LocalStore(folder), folder=folder)


def _s3_backend(settings: Settings, bucket: str, prefix: str) -> S3Store:
    login: dict[str, Any] = {}
    if settings.storage_key.get_secret_value():
        login = {
            "access_key_id": settings.storage_key.get_secret_value(),
            "secret_access_key": settings.storage_secret.get_secret_value(),
        }
    if settings.storage_endpoint:
        login["endpoint"] = settings.storage_endpoint
    return S3Store(
        bucket,
        prefix=prefix or None,
        region=settings.storage_region,
        virtual_hosted_style_request=not settings.storage_endpoint,
        client_options={
            "allow_http": settings.storage_endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=60),
        },
        # The defaults keep a request waiting three minutes for a store that is down.
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        **login,
    )


def _sync(path: Path) -> None:
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep_parts(folder: Path, before: datetime) -> int:
    swept = 0
    for path in folder.rglob("*#*"):
        if _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            swept += 1
    return swept
