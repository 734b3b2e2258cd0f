"""What happened to a persona by itself, for its owner to read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import Database, Writing
from persona_graph.jobs.paging import Page, pages_of
from persona_graph.jobs.webhooks import WebhookEvent, enqueue
from persona_graph.opaque import opaque_id
from persona_graph.personas.tables import Notice, NoticeKind, Voice


async def tell_of_voice(
    session: Writing, voice: Voice, kind: NoticeKind, message: str, fix: str | None = None
) -> Notice:
    """A row, and a message to every webhook that wants to know."""
    notice = Notice(
        account_id=voice.account_id, persona_id=voice.persona_id, kind=kind, subject_kind="Voice",
        subject_id=voice.id, message=message, fix=fix,
    )  # fmt: skip
    session.add(notice)
    facts = {
        "voiceId": opaque_id("Voice", voice.id), "personaId": opaque_id("Persona", voice.persona_id),
        "message": message, "fix": fix,
    }  # fmt: skip
    await enqueue(session, voice.account_id, WebhookEvent[kind.name], facts)
    return notice


async def notices_pages(
    db: Database, viewer: Viewer, persona_ids: Sequence[str], first: int | None, after: str | None
) -> list[Page[Notice]]:
    """For each persona a page of its notices, newest first."""
    mine = select(Notice).where(Notice.account_id == viewer.account_id)
    return await pages_of(db, Notice, "persona_id", persona_ids, mine, first, after)
