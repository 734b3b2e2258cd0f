"""Bytes that say who wrote them: a bundle's three lines of head, and what they vouch for.

It is no archive: there is nothing to unpack, no name to write anywhere, no size that a header could lie about, and
nothing behind the head is read before its signature was checked over every byte (U18)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from persona_graph.errors import MediaRefused
from persona_graph.media.keys import public_key

BUNDLE_TYPE = "application/vnd.persona-graph.bundle"
VERSION = 1
_FIRST = re.compile(rb"persona-graph-bundle/([1-9][0-9]{0,3})\n")
_REST = re.compile(rb"([0-9a-f]{64})\n([0-9a-f]{128})\n")
_SEND_AGAIN = "Export it again and send the file as it is."


@dataclass(frozen=True)
class Head:
    """``key`` is the public key that vouches for it, ``signed`` what it signed of the head itself."""

    key: str
    signature: bytes
    signed: bytes
    length: int


def write_letter(body: bytes, key: Ed25519PrivateKey) -> bytes:
    first = f"persona-graph-bundle/{VERSION}\n{public_key(key)}\n".encode()
    return first + key.sign(first + body).hex().encode() + b"\n" + body


def read_head(content: bytes) -> Head:
    """Raises MediaRefused: BUNDLE_DAMAGED, BUNDLE_TOO_NEW."""
    first = _FIRST.match(content)
    if first is None:
        raise damaged("This is not a bundle, or its beginning is missing.")
    if int(first[1]) > VERSION:
        raise too_new(f"This bundle is of version {int(first[1])}; this server reads version {VERSION}.")
    rest = _REST.match(content, first.end())
    if rest is None:
        raise damaged("The head of this bundle is incomplete or was changed.")
    return Head(rest[1].decode(), bytes.fromhex(rest[2].decode()), content[: rest.end(1) + 1], rest.end())


def open_letter(content: bytes, trusted: Collection[str]) -> tuple[Head, bytes]:
    """The body, once its signature is known to be of one of those keys. Raises MediaRefused."""
    head = read_head(content)
    if head.key not in trusted:
        raise MediaRefused(
            code="BUNDLE_FOREIGN_KEY",
            message=f"This bundle was signed with the key {head.key}, which is not trusted here.",
            fix="If you know whose key that is, ask the operator to add it to PERSONA_GRAPH_TRUSTED_BUNDLE_KEYS.",
        )
    body = content[head.length :]
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(head.key)).verify(head.signature, head.signed + body)
    except (InvalidSignature, ValueError):
        raise MediaRefused(
            code="BUNDLE_CHANGED", message="This bundle is not as it was signed: it was changed or cut.",
            fix=_SEND_AGAIN,
        ) from None  # fmt: skip
    return head, body


def damaged(message: str) -> MediaRefused:
    return MediaRefused(code="BUNDLE_DAMAGED", message=message, fix=_SEND_AGAIN)


def too_new(message: str) -> MediaRefused:
    return MediaRefused(
        code="BUNDLE_TOO_NEW", message=message, fix="Bring this server to the version that wrote the bundle."
    )
