"""Bearer tokens as they come in headers and in connection_init."""

from __future__ import annotations

MAX_TOKEN_CHARS = 8_192


def bearer(value: object) -> str | None:
    """The token of an Authorization value, or None for anything else."""
    if not isinstance(value, str):
        return None
    scheme, _, token = value.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARS or not token.isascii():
        return None
    return token
