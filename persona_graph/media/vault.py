"""Encryption at rest. Every object has its own random key, wrapped by a master key; every chunk says
whose it is, which it is and whether it is the last, so that nothing can be swapped, cut or reordered."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from persona_graph.db import new_id
from persona_graph.errors import MediaRefused
from persona_graph.media.keys import KEY_BYTES, KeyMaterialError, KeyMissing, MasterKeys
from persona_graph.media.store import ObjectMissing, ObjectStore, StoreUnavailable
from persona_graph.settings import Settings

CHUNK = 1024 * 1024
TAG = 16
OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class Sealed:
    """All that is needed to open one object again, the master key aside."""

    account_id: str
    asset_id: str
    object_key: str
    key_id: str
    wrapped_key: bytes = field(repr=False)
    size: int
    sha256: str

    @property
    def chunks(self) -> int:
        return max(1, -(-self.size // CHUNK))


class Vault:
    def __init__(self, store: ObjectStore, keys: MasterKeys) -> None:
        self.store = store
        self.keys = keys

    @classmethod
    def open_store(cls, settings: Settings) -> Vault:
        """Raises KeyMaterialError, ValueError or StoreUnavailable with what is wrong in the settings."""
        keys = MasterKeys.parse(settings.master_keys.get_secret_value())
        return cls(ObjectStore.open(settings), keys)

    async def check(self) -> None:
        """Called at start: the store answers, and each master key is the one it was written with."""
        for key_id in self.keys.keys:
            name, proof = f"keys/{key_id}", self.keys.proof(key_id)
            try:
                known = bytes(await self.store.read(name, 0, len(proof) + 1))
            except ObjectMissing:
                await self.store.write(name, _once(proof))
            else:
                if known != proof:
                    raise KeyMaterialError(
                        f"Master key {key_id!r} is not the one this store was written with."
                    )

    async def seal(
        self, account_id: str, asset_id: str, chunks: AsyncIterable[bytes], object_key: str | None = None
    ) -> Sealed:
        """Encrypts a stream into the store. If ``chunks`` raises, the error passes and nothing is kept."""
        object_key = object_key or new_object_key()
        data_key = secrets.token_bytes(KEY_BYTES)
        seal = _Cipher(data_key, account_id, asset_id, object_key)
        try:
            await self.store.write(object_key, seal.stream(chunks))
        except StoreUnavailable as error:
            raise unavailable(asset_id) from error
        key_id, wrapped = self.keys.wrap(data_key)
        return Sealed(
            account_id=account_id,
            asset_id=asset_id,
            object_key=object_key,
            key_id=key_id,
            wrapped_key=wrapped,
            size=seal.size,
            sha256=seal.digest.hexdigest(),
        )

    async def open(
        self, sealed: Sealed, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Plain bytes ``start`` to ``end`` (exclusive), reading only the chunks they lie in."""
        end = sealed.size if end is None else min(end, sealed.size)
        cipher = self._cipher(sealed)
        index, until = start // CHUNK, max(1, -(-end // CHUNK))
        # The first read is small so that a player's first bytes come at once.
        window = 1
        while index < until:
            upto = min(index + window, until)
            for chunk in await self._chunks(sealed, cipher, index, upto):
                first = index * CHUNK
                piece = chunk[max(0, start - first) : end - first]
                index += 1
                if piece:
                    yield piece
            window = self.store.window

    async def read_whole(self, sealed: Sealed) -> bytes:
        """Everything, checked once more against the hash on the row."""
        return b"".join([piece async for piece in self.open_whole(sealed)])

    async def open_whole(self, sealed: Sealed) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        async for piece in self.open(sealed):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != sealed.sha256:
            raise corrupt(sealed.asset_id)

    def _cipher(self, sealed: Sealed) -> _Cipher:
        try:
            data_key = self.keys.unwrap(sealed.key_id, sealed.wrapped_key)
        except KeyMissing as error:
            raise corrupt(sealed.asset_id) from error
        return _Cipher(data_key, sealed.account_id, sealed.asset_id, sealed.object_key)

    async def _chunks(self, sealed: Sealed, cipher: _Cipher, index: int, until: int) -> list[bytes]:
        step = CHUNK + TAG
        last = sealed.chunks - 1
        end = until * step if until <= last else sealed.size + sealed.chunks * TAG
        try:
            # One byte more than there should be: an object that was made longer is noticed too.
            raw = await self.store.read(sealed.object_key, index * step, end + (until > last))
        except ObjectMissing as error:
            raise corrupt(sealed.asset_id) from error
        except StoreUnavailable as error:
            raise unavailable(sealed.asset_id) from error
        if len(raw) != end - index * step:
            raise corrupt(sealed.asset_id)
        try:
            return [
                cipher.open(raw[(at - index) * step : (at - index + 1) * step], at, at == last)
                for at in range(index, until)
            ]
        except InvalidTag as error:
            raise corrupt(sealed.asset_id) from error


class _Cipher:
    """One object's key. It is used for this object only, so a counter is a safe nonce."""

    def __init__(self, data_key: bytes, account_id: str, asset_id: str, object_key: str) -> None:
        self._aead = AESGCM(data_key)
        self._context = "\0".join(("persona-graph/1", account_id, asset_id, object_key)).encode()
        self.size = 0
        self.digest = hashlib.sha256()

    async def stream(self, chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
        waiting = bytearray()
        index = 0
        async for chunk in chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            waiting += chunk
            # A full chunk waits for the next byte: only then is it known not to be the last.
            while len(waiting) > CHUNK:
                yield self.seal(bytes(waiting[:CHUNK]), index, last=False)
                del waiting[:CHUNK]
                index += 1
        yield self.seal(bytes(waiting), index, last=True)

    def seal(self, plain: bytes, index: int, last: bool) -> bytes:
        nonce, context = self._marks(index, last)
        return self._aead.encrypt(nonce, plain, context)

    def open(self, sealed: memoryview, index: int, last: bool) -> bytes:
        nonce, context = self._marks(index, last)
        return self._aead.decrypt(nonce, sealed, context)

    def _marks(self, index: int, last: bool) -> tuple[bytes, bytes]:
        place = index.to_bytes(8, "big") + bytes([last])
        return b"\0\0\0" + place, self._context + place


def new_object_key() -> str:
    """A fresh key for each write, so that a retried upload never meets its own past."""
    name = new_id()
    return f"{OBJECTS}/{name[-2:]}/{name}"


def corrupt(asset_id: str) -> MediaRefused:
    return MediaRefused(
        code="STORAGE_CORRUPT",
        message="The stored file cannot be opened: it was changed, or its key is not here.",
        fix="Upload or generate it again; tell the operator.",
        asset_id=asset_id,
    )


def unavailable(asset_id: str) -> MediaRefused:
    return MediaRefused(
        code="STORAGE_UNAVAILABLE",
        message="The media store cannot be reached or is full.",
        fix="Try again in a minute.",
        asset_id=asset_id,
    )


async def _once(chunk: bytes) -> AsyncGenerator[bytes, None]:
    yield chunk
