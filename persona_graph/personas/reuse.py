"""An identical request is answered with what it made the first time, for nothing.

Identical is what has one key: every option of the wish, every setting it led to, the voice as the vendor keeps it,
and who would do the work now. Another account never comes into it (U24): the key names the account, and so does
the question that finds a stored output."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.jobs.states import JobState
from persona_graph.jobs.submit import Plan, PlannedLeg
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset, AssetState
from persona_graph.personas.commissions import Commission
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Enrolment, EnrolmentState, Output
from persona_graph.personas.wishes import wish_json

# Says nothing about what is made: how it is filed, and how it was asked for.
LABELS = frozenset({"content_type", "draft", "reuse"})
# What a setting is counts, not who said so.
SOURCES = frozenset({"asked", "asked_shown"})
# A later rule of what is identical, or of how things are finished, makes every key another one.
EDITION = 1


async def reuse_key(
    personas: Personas, session: AsyncSession, account_id: str, made: Commission, plan: Plan
) -> str | None:
    """``None`` for a draft: it is not to be shown as anything else."""
    if made.wish.draft:
        return None
    wish = {name: value for name, value in wish_json(made.wish).items() if name not in LABELS}
    spec = {name: value for name, value in made.spec.items() if name not in SOURCES}
    facts = [
        EDITION, account_id, made.kind, wish, spec, made.avatar.portrait_id if made.avatar else None,
        [await _snapshot(personas, session, leg, made.voice.id if made.voice else None) for leg in plan.legs],
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _snapshot(
    personas: Personas, session: AsyncSession, leg: PlannedLeg, voice_id: str | None
) -> list[Any]:
    """Who would do the leg now: the first candidate, and the vendor's copy of the voice there."""
    first = leg.route.candidates[0]
    provider = personas.catalog.find(first.provider)
    version = [provider.plugin.distribution, provider.plugin.version] if provider else None
    return [
        leg.plan.name,
        first.provider,
        first.offer,
        version,
        await _copies(session, first.own_voice, voice_id, first.provider),
    ]


async def _copies(
    session: AsyncSession, own_voice: bool, voice_id: str | None, provider: str
) -> list[list[str]]:
    if not own_voice or voice_id is None:
        return []
    rows = select(Enrolment.id, Enrolment.vendor_voice).where(
        Enrolment.voice_id == voice_id, Enrolment.provider == provider, Enrolment.state == EnrolmentState.LIVE
    )
    return [
        [id, vendor_voice] for id, vendor_voice in (await session.execute(rows.order_by(Enrolment.id))).all()
    ]


async def find_stored(session: AsyncSession, account_id: str, key: str | None) -> tuple[Output, Job] | None:
    """The latest live output of that key with the job that made it. Its row is locked, so that it cannot be
    deleted before it is shared."""
    if key is None:
        return None
    rows = (
        select(Output, Job)
        .join(Job, Job.id == Output.job_id)
        .join(Asset, Asset.id == Output.asset_id)
        .where(
            Output.account_id == account_id, Output.reuse_key == key, Output.deleted_at.is_(None),
            Output.draft.is_(False), Output.ready_at.is_not(None), Job.state == JobState.SUCCEEDED,
            Asset.state == AssetState.READY,
        )
        .order_by(Output.id.desc())
        .limit(1)
        .with_for_update(of=Output)
    )  # fmt: skip
    found = (await session.execute(rows)).first()
    return (found[0], found[1]) if found else None
