"""Looking things up on a viewer's behalf: what is not theirs is not there."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import now_plus
from persona_graph.errors import NotFound, WrongState
from persona_graph.personas.tables import Avatar, Consent, Output, Persona, Voice

Owned = TypeVar("Owned", bound=Persona | Voice | Avatar | Output)


async def find(session: AsyncSession, viewer: Viewer, kind: type[Owned], id: str) -> Owned | None:
    mine = select(kind).where(kind.id == id, kind.account_id == viewer.account_id, kind.deleted_at.is_(None))
    return (await session.scalars(mine)).one_or_none()


async def hold(session: AsyncSession, viewer: Viewer, kind: type[Owned], id: str, field: str) -> Owned:
    """The row, locked for this transaction."""
    mine = select(kind).where(kind.id == id, kind.account_id == viewer.account_id, kind.deleted_at.is_(None))
    # NO KEY UPDATE on Postgres: a plain one collides with the share that a foreign key takes on its persona, also
    # when the row that has the key is changed a second time in one transaction.
    found = (await session.scalars(mine.with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise missing(kind.__name__, field)
    return found


def missing(what: str, *field: str) -> NotFound:
    return NotFound(message=f"There is no such {what.lower()}.", path=field, fix="Check the id.")


def still_a_draft(*field: str) -> WrongState:
    return WrongState(
        code="IS_DRAFT", message="This output is a draft.", state="DRAFT", path=field,
        fix="Promote it with promoteOutput first.",
    )  # fmt: skip


async def live_consent(session: AsyncSession, persona_id: str, scope: str) -> Consent | None:
    rows = select(Consent).where(
        Consent.persona_id == persona_id,
        Consent.scope == scope,
        Consent.withdrawn_at.is_(None),
        (Consent.expires_at.is_(None)) | (Consent.expires_at > now_plus()),
    )
    return (await session.scalars(rows.order_by(Consent.id.desc()).limit(1))).one_or_none()
