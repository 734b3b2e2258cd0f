"""From a draft to the real thing: the same wish again, paid for, under the id that the draft has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.errors import WrongState
from persona_graph.jobs.states import TERMINAL
from persona_graph.jobs.submit import Request, Subject, earlier_job, open_job, plan_legs, rehearsed
from persona_graph.jobs.tables import Job
from persona_graph.personas.commissions import Commission, commission_speech, commission_video
from persona_graph.personas.finding import find, hold, missing
from persona_graph.personas.reuse import SOURCES, reuse_key
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Output, OutputKind, Persona
from persona_graph.personas.voices import Submitted
from persona_graph.personas.wishes import speech_wish, video_wish


async def promote_output(personas: Personas, viewer: Viewer, output_id: str, request: Request) -> Submitted:
    """Until the job succeeds the draft stays as it is; if it fails, it stays a draft."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        seen = await find(session, viewer, Output, output_id)
        if seen is None:
            raise missing("output", "outputId")
        # The persona first, as whoever deletes it does.
        persona = await hold(session, viewer, Persona, seen.persona_id, "outputId")
        output = await hold(session, viewer, Output, output_id, "outputId")
        job = await session.get_one(Job, output.job_id)
        _need_finished_draft(output, job)
        made = await _anew(personas, session, viewer, account, persona, output, job.spec["wish"])
        plan = plan_legs(personas.jobs, account.tier, made.legs)
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        output.reuse_key = await reuse_key(personas, session, account.id, made, plan)
        # Kept for another try, should this one fail.
        spec = {**made.spec, "wish": job.spec["wish"], "promotes": True}
        # The kept wish has every setting filled in; who asked for each is told by the draft.
        spec |= {name: job.spec[name] for name in SOURCES if name in job.spec}
        job = await open_job(
            personas.jobs, session, viewer, account, request, made.job_kind,
            Subject("Output", output.id, persona.id), spec, plan,
        )  # fmt: skip
        output.job_id = job.id
    return Submitted(plan, job, output.id)


def _need_finished_draft(output: Output, job: Job) -> None:
    if not output.draft:
        raise WrongState(
            code="NOT_A_DRAFT", message="This output is not a draft.", state="FINAL", path=("outputId",),
            fix="Nothing to do.",
        )  # fmt: skip
    if job.state not in TERMINAL:
        promoting = bool(job.spec.get("promotes"))
        raise WrongState(
            code="ALREADY_DECIDED" if promoting else "NOT_READY", state=job.state, path=("outputId",),
            message="This draft is being promoted already." if promoting else "This draft is not finished.",
            fix="Follow its job to the end." if promoting else "Wait for its job to end, and look at it first.",
        )  # fmt: skip


async def _anew(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, output: Output,
    stored: dict[str, Any],
) -> Commission:  # fmt: skip
    if output.kind is OutputKind.SPEECH:
        wish = replace(speech_wish(stored), draft=False)
        return await commission_speech(personas, session, viewer, account, persona, wish)
    film = replace(video_wish(stored), draft=False)
    return await commission_video(personas, session, viewer, account, persona, film)
