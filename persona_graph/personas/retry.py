"""A job's wish once more: a new job, with a quote of its own, made by whoever would make it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.errors import NotFound, WrongState
from persona_graph.jobs.states import TERMINAL, JobKind, JobState
from persona_graph.jobs.submit import Request
from persona_graph.jobs.tables import Job
from persona_graph.personas.content import Composed, Piece, Place, generate_content
from persona_graph.personas.content_wishes import content_wish
from persona_graph.personas.outputs import generate_speech, generate_video
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Output
from persona_graph.personas.voices import Submitted
from persona_graph.personas.wishes import speech_wish, video_wish

# What such a job was made of is gone when it has ended, or has to be looked at by somebody first.
_INSTEAD = {
    JobKind.VOICE_TRAINING: "Its recordings were erased when it ended: upload them again and call trainVoice.",
    JobKind.VOICE_TWIN: "Its recordings were erased when it ended: upload them again and call trainTwin.",
    JobKind.VOICE_RENEWAL: "It is done again by itself; generateSpeech with the voice renews it as well.",
    JobKind.AVATAR: "Call createAvatar with the same photo.",
}


async def retry_job(personas: Personas, viewer: Viewer, job_id: str, request: Request) -> Composed:
    """Of a speech or a video the one piece has no content."""
    viewer.need(Scope.WRITE)
    job, place = await _find(personas, viewer, job_id)
    wish = _need_wish(job)
    if job.kind is JobKind.CONTENT:
        return await generate_content(personas, viewer, content_wish(wish), request, place)
    if job.kind is JobKind.SPEECH:
        done = await generate_speech(personas, viewer, speech_wish(wish), request)
    else:
        done = await generate_video(personas, viewer, video_wish(wish), request)
    return _one(done)


def _one(done: Submitted) -> Composed:
    return Composed(None, [Piece(0, "", done.plan, (), done.job, done.subject_id)])


async def _find(personas: Personas, viewer: Viewer, job_id: str) -> tuple[Job, Place | None]:
    mine = select(Job).where(Job.id == job_id, Job.account_id == viewer.account_id)
    async with personas.db.reading() as session:
        job = (await session.scalars(mine)).one_or_none()
        if job is None:
            raise NotFound(message="There is no such job.", path=("jobId",), fix="Check the id.")
        output = await session.get(Output, job.subject_id) if job.kind is JobKind.CONTENT else None
    if output is None or output.content_id is None:
        return job, None
    return job, Place(output.content_id, output.scene or 0)


def _need_wish(job: Job) -> Mapping[str, Any]:
    if job.state not in TERMINAL:
        raise _refused(job, f"This job is {job.state}.", "Wait for it to end, or cancel it first.")
    if job.state == JobState.SUCCEEDED:
        fix = (
            "Ask anew for what is missing: generateVideo takes the speech that was made."
            if job.partial
            else None
        )
        raise _refused(job, "This job succeeded.", fix or "Nothing to do; ask anew for another one.")
    if job.kind in _INSTEAD:
        raise _refused(job, f"A job of kind {job.kind} cannot be repeated.", _INSTEAD[JobKind(job.kind)])
    if job.spec.get("promotes"):
        raise _refused(job, "This job was to make a draft for real.", "Call promoteOutput again.")
    wish: Mapping[str, Any] | None = job.spec.get("wish")
    if wish is None:
        raise _refused(job, "What this job was asked for is not known any more.", "Ask anew.")
    return wish


def _refused(job: Job, message: str, fix: str) -> WrongState:
    return WrongState(code="NOT_REPEATABLE", message=message, state=job.state, path=("jobId",), fix=fix)
