"""Ask for speech and video, and delete what was made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Writing, new_id
from persona_graph.jobs.repeats import end_at_once, for_nothing
from persona_graph.jobs.submit import Plan, Request, Subject, earlier_job, open_job, plan_legs, rehearsed
from persona_graph.jobs.tables import Job
from persona_graph.personas import erasure
from persona_graph.personas.commissions import (
    Commission,
    checked_speech,
    checked_video,
    commission_speech,
    commission_video,
)
from persona_graph.personas.finding import hold
from persona_graph.personas.reuse import find_stored, reuse_key
from persona_graph.personas.room import Deleted, Personas
from persona_graph.personas.tables import Output, Persona
from persona_graph.personas.voices import Submitted
from persona_graph.personas.wishes import SpeechWish, VideoWish, content_type_of, wish_json

__all__ = ["SpeechWish", "VideoWish", "delete_output", "generate_speech", "generate_video"]


async def generate_speech(
    personas: Personas, viewer: Viewer, wish: SpeechWish, request: Request
) -> Submitted:
    viewer.need(Scope.WRITE)
    wish = checked_speech(personas, wish)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        persona = await hold(session, viewer, Persona, wish.persona_id, "personaId")
        made = await commission_speech(personas, session, viewer, account, persona, wish)
        return await _submit(personas, session, viewer, account, persona, made, request)


async def generate_video(personas: Personas, viewer: Viewer, wish: VideoWish, request: Request) -> Submitted:
    viewer.need(Scope.WRITE)
    wish = checked_video(personas, wish)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        persona = await hold(session, viewer, Persona, wish.persona_id, "personaId")
        made = await commission_video(personas, session, viewer, account, persona, wish)
        return await _submit(personas, session, viewer, account, persona, made, request)


async def _submit(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, persona: Persona, made: Commission,
    request: Request,
) -> Submitted:  # fmt: skip
    """Queue the work, or share what identical work made before."""
    priced = await price(personas, session, account, made)
    if await rehearsed(personas.jobs, session, account, priced.plan, request.paid):
        return Submitted(priced.plan, None, None)
    return await place(personas, session, viewer, account, persona, priced, request)


@dataclass(frozen=True)
class Priced:
    """A commission and what it comes to: nothing, where ``stored`` is what identical work made before."""

    made: Commission
    plan: Plan
    reuse_key: str | None
    stored: tuple[Output, Job] | None


async def price(personas: Personas, session: AsyncSession, account: Account, made: Commission) -> Priced:
    """Writes nothing."""
    plan = plan_legs(personas.jobs, account.tier, made.legs)
    key = await reuse_key(personas, session, account.id, made, plan)
    stored = await find_stored(session, account.id, key) if made.wish.reuse else None
    return Priced(made, plan if stored is None else for_nothing(plan), key, stored)


async def place(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, persona: Persona, priced: Priced,
    request: Request,
) -> Submitted:  # fmt: skip
    """The output and its job, queued or, where there is nothing to do, ended."""
    made = priced.made
    output = _output(viewer, persona, made, priced.reuse_key)
    job = await open_job(
        personas.jobs, session, viewer, account, request, made.job_kind, Subject("Output", output.id, persona.id),
        {"wish": wish_json(made.wish), **made.spec}, priced.plan,
    )  # fmt: skip
    output.job_id = job.id
    session.add(output)
    if priced.stored is not None:
        output.reused_from = priced.stored[0].id
        await session.flush()
        await end_at_once(personas.jobs, session, job, priced.stored[1].legs)
    return Submitted(priced.plan, job, output.id)


def _output(viewer: Viewer, persona: Persona, made: Commission, key: str | None) -> Output:
    return Output(
        id=new_id(), account_id=viewer.account_id, persona_id=persona.id, kind=made.kind, script=made.script,
        platform=made.wish.platform, content_type=content_type_of(made.wish), asked_by=viewer.label,
        voice_id=made.voice.id if made.voice else None, avatar_id=made.avatar.id if made.avatar else None,
        draft=made.wish.draft, reuse_key=key,
    )  # fmt: skip


async def delete_output(personas: Personas, viewer: Viewer, output_id: str) -> Deleted:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        output = await hold(session, viewer, Output, output_id, "outputId")
        await erasure.erase_output(personas, session, output)
    return Deleted(output_id)
