"""The keys that settings carry: master keys around the data keys, and the secret behind links."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class KeyMaterialError(ValueError):
    """The configured keys cannot be used; the message names the setting, never a key."""


class KeyMissing(Exception):
    """An object was sealed under a master key that is not configured, or not the same any more."""


@dataclass(frozen=True)
class MasterKeys:
    """RFC 3394 around each object's data key. ``current`` wraps; every key unwraps."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> MasterKeys:
        """``id:base64,id:base64``, the newest first."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            key_id, key = _entry(entry)
            if key_id in keys:
                raise KeyMaterialError(f"master_keys names {key_id!r} twice.")
            keys[key_id] = key
        if not keys:
            raise KeyMaterialError("master_keys is empty; media cannot be stored without an encryption key.")
        return cls(current=next(iter(keys)), keys=keys)

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        return self.current, aes_key_wrap(self.keys[self.current], data_key)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        key = self.keys.get(key_id)
        if key is None:
            raise KeyMissing(f"master key {key_id!r} is not configured")
        try:
            return aes_key_unwrap(key, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise KeyMissing(f"master key {key_id!r} does not open this data key") from error

    def proof(self, key_id: str) -> bytes:
        """Tells whether two keys of one id are the same key, and nothing else about it."""
        return aes_key_wrap(self.keys[key_id], b"persona-graph master key proof 1")


def new_master_key(key_id: str = "k1") -> str:
    """One random entry for ``master_keys``."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def signing_keys(text: str) -> list[str]:
    """Oldest first, as the signer wants them; the setting names the newest first."""
    keys = [part.strip() for part in text.split(",") if part.strip()]
    if not keys:
        raise KeyMaterialError("signing_key is empty; upload and media links cannot be signed.")
    if any(len(key) < KEY_BYTES for key in keys):
        raise KeyMaterialError(f"signing_key is shorter than {KEY_BYTES} characters.")
    return keys[::-1]


def bundle_keys(text: str) -> list[Ed25519PrivateKey]:
    """What bundles are signed with, newest first: one for each entry of ``signing_key``, so that there is no further
    secret to keep. Who rotates the one rotates the other."""
    return [_bundle_key(secret) for secret in reversed(signing_keys(text))]


def _bundle_key(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"persona-graph bundle key 1").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(key: Ed25519PrivateKey) -> str:
    """64 hexadecimal digits, as other installations list it."""
    return key.public_key().public_bytes_raw().hex()


def _entry(entry: str) -> tuple[str, bytes]:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise KeyMaterialError(
            "master_keys wants entries like `id:base64`, the id of at most 32 letters, digits, `.`, `_` or `-`."
        )
    try:
        # Python's decoder drops what it does not know; a mistyped key must not become another key.
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise KeyMaterialError(f"The key of master_keys entry {key_id!r} is not base64.") from error
    if len(key) != KEY_BYTES:
        raise KeyMaterialError(
            f"The key of master_keys entry {key_id!r} has {len(key)} bytes, not {KEY_BYTES}."
        )
    return key_id, key
