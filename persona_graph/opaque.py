"""How a row's id is shown outside: opaque, with the kind of thing it names."""

from __future__ import annotations

import base64


def opaque(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def opaque_id(kind: str, id: str) -> str:
    return opaque(f"{kind}:{id}")
