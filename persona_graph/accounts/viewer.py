"""The authenticated caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from persona_graph.errors import Forbidden


class Scope(StrEnum):
    """What a token may do: READ looks; WRITE creates, trains, generates and deletes; OPERATE sets
    tiers and resolves reviews."""

    READ = "READ"
    WRITE = "WRITE"
    OPERATE = "OPERATE"


@dataclass(frozen=True, slots=True)
class Viewer:
    """``label`` names the service or user that calls, as it appears on outputs."""

    account_id: str
    label: str
    scopes: frozenset[Scope]
    token_id: str | None = None
    expires_at: datetime | None = None

    def need(self, scope: Scope) -> None:
        if scope not in self.scopes:
            raise Forbidden(message=f"This token lacks the {scope} scope.", fix="Use a token that has it.")
