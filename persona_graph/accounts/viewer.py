"""The authenticated caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from persona_graph.db import utcnow
from persona_graph.errors import Forbidden


class Scope(StrEnum):
    """What a token may do: READ looks; WRITE creates, trains, generates and deletes; OPERATE sets
    tiers and resolves reviews. None includes another."""

    READ = "READ"
    WRITE = "WRITE"
    OPERATE = "OPERATE"


def scopes_of(words: str) -> frozenset[Scope]:
    """The scopes among space-separated words, as in a JWT's ``scope`` claim; others' words are skipped."""
    return frozenset(Scope(word) for word in words.upper().split() if word in Scope.__members__)


@dataclass(frozen=True, slots=True)
class Viewer:
    """``label`` names the service or user that calls, as it appears on outputs. ``token_id`` is there for
    service tokens. After ``expires_at`` nothing more may be told to this viewer."""

    account_id: str
    label: str
    scopes: frozenset[Scope]
    token_id: str | None = None
    expires_at: datetime | None = None

    def need(self, scope: Scope) -> None:
        if scope not in self.scopes:
            raise Forbidden(message=f"This token lacks the {scope} scope.", fix="Use a token that has it.")

    def expired(self, now: datetime | None = None) -> bool:
        return self.expires_at is not None and self.expires_at <= (now or utcnow())
