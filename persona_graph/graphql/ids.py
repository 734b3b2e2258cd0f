"""Opaque global ids: the type's name and the row's id. A wrong type and a wrong id look the same."""

from __future__ import annotations

import base64
import binascii
import re

import strawberry

from persona_graph.errors import InvalidInput, NotFound
from persona_graph.opaque import opaque, opaque_id

# Accounts may have ids that an identity provider chose; all others are ours.
_ROW = re.compile(r"[A-Za-z0-9_-]{1,26}")
_KINDS = {
    "Output": ("SpeechOutput", "VideoOutput", "ContentOutput"), "SpeechOutput": ("SpeechOutput", "ContentOutput"),
}  # fmt: skip
_CURSOR = re.compile(r"at:([A-Za-z0-9]{26})")
# What people call a thing, where it is not its type's name.
_WORDS = {
    "Asset": "file", "ServiceToken": "token", "SpeechOutput": "speech output", "Enrolment": "twin",
    "WebhookDelivery": "delivery", "DriftCheck": "drift check",
    "LexiconEntry": "entry", "PersonaVersion": "version",
}  # fmt: skip


def global_id(kind: str, id: str) -> strawberry.ID:
    return strawberry.ID(opaque_id(kind, id))


def split_id(id: str) -> tuple[str, str] | None:
    kind, colon, row = _read(id).partition(":")
    return (kind, row) if colon and _ROW.fullmatch(row) else None


def row_id(kind: str, id: str, *field: str) -> str:
    """The row's id, if this is an id of that kind of thing. ``field`` is the path of the input field.
    ``Output`` stands for all kinds of outputs, ``SpeechOutput`` for those with a speech of their own."""
    parts = split_id(id)
    kinds = _KINDS.get(kind, (kind,))
    if parts is None or parts[0] not in kinds:
        word = _WORDS.get(kind, kind.lower())
        raise NotFound(message=f"There is no such {word}.", path=field, fix="Check the id.")
    return parts[1]


def page_cursor(row: str) -> str:
    return opaque(f"at:{row}")


def cursor_row(cursor: str | None) -> str | None:
    """The row behind which a page begins."""
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(_read(cursor))
    if found is None:
        raise InvalidInput(
            code="INVALID_CURSOR", message="This cursor is not one of this list.", path=("after",),
            fix="Use pageInfo.endCursor of an earlier page.",
        )  # fmt: skip
    return found[1]


def _read(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
