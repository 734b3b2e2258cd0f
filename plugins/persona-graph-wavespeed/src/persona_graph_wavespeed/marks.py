"""How an order of ours is told from others at a vendor that knows no idempotency key: by an input that
follows from the key and that changes nothing for the person who ordered."""

from __future__ import annotations

import hashlib
from base64 import b32encode


def seed(idempotency_key: str) -> int:
    """0 to 2,147,483,647."""
    return int.from_bytes(_digest("seed", idempotency_key)[:4]) & 0x7FFF_FFFF


def voice_id(idempotency_key: str) -> str:
    """A letter first, then letters and digits, always with a digit: what every copy of the rules accepts."""
    letters = b32encode(_digest("voice", idempotency_key)).decode().rstrip("=")[:24]
    return f"Pg1{letters}"


def _digest(purpose: str, key: str) -> bytes:
    return hashlib.sha256(f"persona-graph/{purpose}/{key}".encode()).digest()
