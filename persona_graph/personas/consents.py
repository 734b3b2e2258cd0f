"""Consent: without a live one nothing of a person is trained, rendered or sent anywhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import ConsentRequired, InvalidInput, WrongState
from persona_graph.jobs.cancel import cancel_job_in
from persona_graph.jobs.states import TERMINAL, JobKind
from persona_graph.jobs.tables import Job
from persona_graph.personas.erasure import drop_bundles
from persona_graph.personas.finding import hold, live_consent, missing
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.tables import Consent, ConsentScope, Persona

STATEMENT_VERSION = "1"
STATEMENTS: dict[ConsentScope, str] = {
    ConsentScope.VOICE: (
        "I am {subject}, or I act with their written permission. I agree that recordings of this voice are used to "
        "train a synthetic voice, that this voice speaks texts for the persona, and that recordings are sent to the "
        "provider shown for the training. The recordings are deleted when the training settles. I can withdraw "
        "this at any time; the voice is then no longer used."
    ),
    ConsentScope.LIKENESS: (
        "I am {subject}, or I act with their written permission. I agree that this photo is used to render videos in "
        "which the face appears to speak for the persona, and that it is sent to the provider shown for it. I can "
        "withdraw this at any time; the face is then no longer used."
    ),
}
_USES: dict[ConsentScope, tuple[JobKind, ...]] = {
    ConsentScope.VOICE: (
        JobKind.VOICE_TRAINING,
        JobKind.VOICE_TWIN,
        JobKind.VOICE_RENEWAL,
        JobKind.VOICE_DRIFT,
        JobKind.SPEECH,
        JobKind.VIDEO,
        JobKind.CONTENT,
        JobKind.AVATAR,
    ),
    ConsentScope.LIKENESS: (JobKind.AVATAR, JobKind.VIDEO, JobKind.CONTENT),
}


async def grant_consent(
    personas: Personas, viewer: Viewer, persona_id: str, scope: ConsentScope, subject: str,
    expires_at: datetime | None,
) -> Consent:  # fmt: skip
    viewer.need(Scope.WRITE)
    subject = plain_text(subject, "subject", most=200)
    if expires_at is not None and expires_at <= utcnow():
        raise InvalidInput(
            message="expiresAt lies in the past.", path=("expiresAt",), fix="Choose a later time."
        )
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        consent = Consent(
            account_id=viewer.account_id, persona_id=persona.id, scope=scope, subject=subject,
            statement=STATEMENTS[scope].format(subject=subject), statement_version=STATEMENT_VERSION,
            granted_by=viewer.label, expires_at=expires_at,
        )  # fmt: skip
        session.add(consent)
    return consent


async def withdraw_consent(personas: Personas, viewer: Viewer, consent_id: str) -> Consent:
    """Stop use at once: jobs under way that rest on it are cancelled."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        mine = select(Consent).where(Consent.id == consent_id, Consent.account_id == viewer.account_id)
        consent = (await session.scalars(mine.with_for_update())).one_or_none()
        if consent is None:
            raise missing("consent", "consentId")
        if consent.withdrawn_at is not None:
            raise WrongState(
                code="ALREADY_DECIDED", message="This consent was withdrawn before.", state="WITHDRAWN",
                path=("consentId",), fix="Nothing to do.",
            )  # fmt: skip
        consent.withdrawn_at = utcnow()
        await session.flush()
        await drop_bundles(personas, session, viewer.account_id, consent.persona_id)
        if await live_consent(session, consent.persona_id, consent.scope) is None:
            rests = (
                select(Job)
                .where(
                    Job.persona_id == consent.persona_id,
                    Job.kind.in_(_USES[ConsentScope(consent.scope)]),
                    Job.state.not_in(TERMINAL),
                )
                .order_by(Job.id)
            )
            for job in (await session.scalars(rests.with_for_update())).all():
                if _rests_on(job, ConsentScope(consent.scope)):
                    await cancel_job_in(personas.jobs, session, job)
    return consent


def _rests_on(job: Job, scope: ConsentScope) -> bool:
    if scope is ConsentScope.LIKENESS:
        return job.kind != JobKind.CONTENT or bool(job.spec.get("avatar"))
    return job.kind == JobKind.VOICE_TRAINING or bool(job.spec.get("voice"))


async def end_consents(session: AsyncSession, persona_id: str) -> None:
    """With its persona a consent ends; that it was given stays on record."""
    live = update(Consent).where(Consent.persona_id == persona_id, Consent.withdrawn_at.is_(None))
    await session.execute(live.values(withdrawn_at=utcnow()))


async def need_consent(session: AsyncSession, persona_id: str, scope: ConsentScope) -> Consent:
    consent = await live_consent(session, persona_id, scope)
    if consent is None:
        raise ConsentRequired(
            message=f"There is no live {scope} consent for this persona.", scope=scope,
            fix=f"Ask the person, then call grantConsent with scope {scope}.",
        )  # fmt: skip
    return consent
