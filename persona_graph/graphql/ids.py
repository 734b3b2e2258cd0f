"""Opaque global ids: the type's name and the row's id. A wrong type and a wrong id look the same."""

from __future__ import annotations

import base64
import binascii

import strawberry

from persona_graph.errors import InvalidInput, NotFound


def global_id(kind: str, id: str) -> strawberry.ID:
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{id}".encode()).decode().rstrip("="))


def split_id(id: str) -> tuple[str, str] | None:
    try:
        raw = base64.b64decode(id + "=" * (-len(id) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    kind, colon, row = raw.partition(":")
    return (kind, row) if colon and len(row) == 26 and row.isalnum() else None


def row_id(kind: str | tuple[str, ...], id: str, field: str) -> str:
    """The row's id, if this is an id of that kind of thing."""
    kinds = (kind,) if isinstance(kind, str) else kind
    parts = split_id(id)
    if parts is None or parts[0] not in kinds:
        raise NotFound(message=f"There is no such {kinds[-1].lower()}.", path=(field,), fix="Check the id.")
    return parts[1]


def page_cursor(row: str) -> str:
    return base64.urlsafe_b64encode(f"at:{row}".encode()).decode().rstrip("=")


def cursor_row(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raw = ""
    if not raw.startswith("at:") or len(raw) != 29:
        raise InvalidInput(
            code="INVALID_CURSOR", message="This cursor is not one of this list.", path=("after",),
            fix="Use pageInfo.endCursor of an earlier page.",
        )  # fmt: skip
    return raw[3:]
