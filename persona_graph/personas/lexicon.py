"""The words of a persona that are not said as they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Database, utcnow
from persona_graph.errors import InvalidInput, QuotaReached
from persona_graph.personas.finding import hold, missing
from persona_graph.personas.personas import language_tag
from persona_graph.personas.pronouncing import Entry, fitting, matches
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.tables import Persona
from persona_graph.personas.whole_tables import LexiconEntry

MOST_ENTRIES = 500
WRITTEN, SPOKEN, IPA = 60, 120, 120
# The letters of the IPA chart, its modifiers and combining marks, what separates syllables and groups, and tones.
_IPA = re.compile(
    "[a-zæçðøħŋœβθχɐ-ʯʰ-˿\u0300-\u036f\u1d00-\u1dbf\u1dc4-\u1dff\u2c71\ua700-\ua71a\ua78e\uab53ǀ-ǃ.|‖‿↗↘ ]+"
)


async def set_pronunciation(
    personas: Personas, viewer: Viewer, persona_id: str, asked: Entry
) -> LexiconEntry:
    """A word that is there already, in that language, is said the new way."""
    viewer.need(Scope.WRITE)
    entry = checked(asked)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        rows = select(LexiconEntry).where(
            LexiconEntry.persona_id == persona.id, LexiconEntry.language == entry.language,
            LexiconEntry.written == entry.written,
        )  # fmt: skip
        row = (await session.scalars(rows)).one_or_none()
        if row is None:
            await _need_room(session, persona.id)
            row = LexiconEntry(
                account_id=persona.account_id, persona_id=persona.id, written=entry.written, language=entry.language
            )  # fmt: skip
            session.add(row)
        row.case_rule, row.spoken, row.ipa, row.updated_at = entry.case, entry.spoken, entry.ipa, utcnow()
    return row


async def remove_pronunciation(personas: Personas, viewer: Viewer, entry_id: str) -> str:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        mine = select(LexiconEntry).where(
            LexiconEntry.id == entry_id, LexiconEntry.account_id == viewer.account_id
        )
        row = (await session.scalars(mine)).one_or_none()
        if row is None:
            raise missing("entry", "entryId")
        await session.delete(row)
    return entry_id


async def _need_room(session: AsyncSession, persona_id: str) -> None:
    rows = select(func.count()).where(LexiconEntry.persona_id == persona_id)
    if (await session.scalar(rows) or 0) >= MOST_ENTRIES:
        raise QuotaReached(
            message=f"The lexicon has {MOST_ENTRIES} entries.", path=("written",), limit=MOST_ENTRIES,
            fix="Remove one with removePronunciation.",
        )  # fmt: skip


def checked(asked: Entry) -> Entry:
    written = _line(asked.written, "written", WRITTEN)
    spoken = _line(asked.spoken, "spoken", SPOKEN) if asked.spoken is not None else None
    ipa = _transcription(asked.ipa) if asked.ipa is not None else None
    if spoken is None and ipa is None:
        raise InvalidInput(
            message="Neither a spoken form nor a transcription was given.", path=("spoken",),
            fix="Give spoken, ipa, or both.",
        )  # fmt: skip
    if spoken == written:
        raise InvalidInput(
            message="The spoken form is what is written.", path=("spoken",), fix="Write it as it sounds."
        )
    return Entry(written, spoken, ipa, language_tag(asked.language) if asked.language else "", asked.case)


def _line(value: str, field: str, most: int) -> str:
    text = plain_text(value, field, most=most)
    if any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Zl", "Zp") for char in text):
        raise InvalidInput(
            message=f"{field} holds a control character.", path=(field,), fix="Give one line of plain text."
        )
    if not any(char.isalnum() for char in text):
        raise InvalidInput(
            code="TEXT_EMPTY", message=f"{field} has nothing to say.", path=(field,),
            fix="Give at least one letter or digit.",
        )  # fmt: skip
    return text


def _transcription(value: str) -> str:
    """Without the slashes or brackets around it."""
    text = plain_text(value, "ipa", most=IPA + 2)
    if len(text) > 2 and text[0] + text[-1] in ("//", "[]"):
        text = text[1:-1].strip()
    text = _line(text, "ipa", IPA)
    # NFC joins a few letters with their marks; the chart keeps them apart.
    parts = unicodedata.normalize("NFD", text).replace("c\u0327", "ç")
    strays = sorted(set(_IPA.sub("", parts)))
    if strays:
        raise InvalidInput(
            message=f"ipa holds {' '.join(strays)[:40]!r}, which is not of the International Phonetic Alphabet.",
            path=("ipa",), fix="Write IPA letters, such as ˈniːtʃə.",
        )  # fmt: skip
    return text


async def entries_for(session: AsyncSession, persona_id: str, language: str) -> list[Entry]:
    rows = select(LexiconEntry).where(LexiconEntry.persona_id == persona_id).order_by(LexiconEntry.id)
    return fitting([row.entry for row in (await session.scalars(rows)).all()], language)


async def lexicon_in(
    session: AsyncSession, persona_id: str, script: str, language: str
) -> list[dict[str, Any]]:
    """The entries that a script has words for, as a job's spec holds them: nothing else may change what is made."""
    found = matches(script, await entries_for(session, persona_id, language))
    return [entry.stored() for entry in dict.fromkeys(match.entry for match in found)]


async def lexicons_of(db: Database, viewer: Viewer, persona_ids: Sequence[str]) -> list[list[LexiconEntry]]:
    """For each persona its entries by the alphabet."""
    rows = select(LexiconEntry).where(
        LexiconEntry.persona_id.in_(set(persona_ids)), LexiconEntry.account_id == viewer.account_id
    )
    found: dict[str, list[LexiconEntry]] = {id: [] for id in persona_ids}
    async with db.reading() as session:
        for row in (await session.scalars(rows.order_by(LexiconEntry.written, LexiconEntry.id))).all():
            found[row.persona_id].append(row)
    return [found[id] for id in persona_ids]
