"""What the persona use cases share."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.tiers import Tiers
from persona_graph.db import Database
from persona_graph.errors import InvalidInput
from persona_graph.jobs.room import Jobs
from persona_graph.media.assets import Media
from persona_graph.outbound import Outbound
from persona_graph.settings import Settings


@dataclass
class Personas:
    settings: Settings
    db: Database
    media: Media
    jobs: Jobs
    catalog: Catalog
    tiers: Tiers

    @property
    def outbound(self) -> Outbound:
        return self.jobs.outbound


@dataclass(frozen=True)
class Deleted:
    """``pending`` are the providers that have not confirmed deleting their copy of a voice yet."""

    id: str
    pending: tuple[str, ...] = ()


def plain_text(value: str, field: str, *, most: int, least: int = 1) -> str:
    """Text from outside: trimmed, NFC, storable. Postgres refuses NUL, and half a surrogate pair is not text."""
    text = unicodedata.normalize("NFC", value.strip()) if _is_text(value, field) else ""
    if len(text) < least:
        raise InvalidInput(
            code="TEXT_EMPTY", message=f"{field} is empty.", path=(field,), fix="Give some text."
        )
    if len(text) > most:
        raise InvalidInput(
            code="TEXT_TOO_LONG", path=(field,), message=f"{field} has {len(text):,} characters.",
            fix=f"Use at most {most:,}.",
        )  # fmt: skip
    return text


def _is_text(value: str, field: str) -> bool:
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidInput(
            message=f"{field} holds a NUL or half of a surrogate pair, which is not text.", path=(field,),
            fix="Remove it.",
        )  # fmt: skip
    return True


def spoken_text(value: str, field: str, most: int) -> str:
    """A script: text with at least one letter or digit to say."""
    text = plain_text(value, field, most=most)
    if not any(unicodedata.category(char)[0] in "LN" for char in text):
        raise InvalidInput(
            code="TEXT_EMPTY",
            message=f"{field} has nothing to say.",
            path=(field,),
            fix="Give at least one word.",
        )
    return text
