"""Enrolments that a vendor drops unless they are used: watched, announced, renewed within a cap, marked when gone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from persona_graph.accounts.accounts import hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog import routing
from persona_graph.db import Writing, now_plus, utcnow
from persona_graph.errors import InvalidInput, UserFault
from persona_graph.jobs.states import TERMINAL, JobKind
from persona_graph.jobs.submit import Paid, Plan, Request, Subject, open_job, plan_legs
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.personas.finding import hold
from persona_graph.personas.notices import tell_of_voice
from persona_graph.personas.planning import plan_speech
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import (
    SPEAKING,
    Enrolment,
    EnrolmentState,
    NoticeKind,
    TrainingStatus,
    Voice,
)

BATCH = 100
# Thirty days rather than a calendar month: such a cap is about a rate.
CAP_PERIOD = timedelta(days=30)
MOST_CAP = Decimal(1000)
RENEWER = "lease watch"
RENEWAL_TEXTS = {"en": "Yes.", "de": "Ja.", "fr": "Oui.", "es": "Sí."}

log = logging.getLogger(__name__)


async def set_renewal(personas: Personas, viewer: Viewer, voice_id: str, cap: Decimal | None) -> Voice:
    """Allow, or with ``None`` forbid, that the voice's enrolments are kept alive at the operator's cost."""
    viewer.need(Scope.WRITE)
    if cap is not None and not (cap.is_finite() and 0 < cap <= MOST_CAP):
        raise InvalidInput(
            message=f"monthlyCap is {cap}.", path=("monthlyCap",),
            fix=f"Use an amount above 0, at most {MOST_CAP}, or null to stop renewing.",
        )  # fmt: skip
    async with personas.db.writing() as session:
        voice = await hold(session, viewer, Voice, voice_id, "voiceId")
        voice.renewal_cap = cap
    return voice


async def end_expiry(session: Writing, voice_id: str | None, provider: str) -> None:
    """The vendor keeps the voice from now on."""
    for enrolment in await _live(session, voice_id, provider):
        enrolment.expires_at = enrolment.warned_at = None
    await show_expiry(session, voice_id)


async def lose(session: Writing, voice_id: str | None, provider: str, why: str) -> None:
    """The vendor dropped its copy before its time (V13)."""
    for enrolment in await _live(session, voice_id, provider):
        await _mark_lost(session, enrolment, NoticeKind.VOICE_LOST, f"{provider} has lost this voice: {why}")


async def watch_leases(personas: Personas) -> int:
    """The chore: what runs out soon is renewed or announced, what ran out is marked. Answers how many it saw."""
    soon = now_plus(personas.settings.lease_warning_hours * 3600)
    rows = select(Enrolment.id).where(
        Enrolment.state == EnrolmentState.LIVE, Enrolment.expires_at.is_not(None), Enrolment.expires_at < soon
    )
    async with personas.db.reading() as session:
        due = list((await session.scalars(rows.order_by(Enrolment.expires_at).limit(BATCH))).all())
    for enrolment_id in due:
        await _look_at(personas, enrolment_id)
    return len(due)


async def _look_at(personas: Personas, enrolment_id: str) -> None:
    async with personas.db.writing() as session:
        enrolment = await session.get_one(Enrolment, enrolment_id)
        # The account first, as everywhere: its lock also keeps two workers from renewing twice.
        await hold_account(session, enrolment.account_id)
        await session.refresh(enrolment)
        if enrolment.state != EnrolmentState.LIVE or enrolment.expires_at is None:
            return
        if enrolment.expires_at <= utcnow():
            day = f"{enrolment.expires_at:%d %B %Y}"
            said = f"{enrolment.provider} dropped this voice on {day}, because it was never used there."
            await _mark_lost(session, enrolment, NoticeKind.VOICE_EXPIRED, said)
        elif not await _is_renewing(session, enrolment):
            await _renew_or_announce(personas, session, enrolment)


async def _renew_or_announce(personas: Personas, session: Writing, enrolment: Enrolment) -> None:
    voice = await session.get_one(Voice, enrolment.voice_id)
    why = await _renew(personas, session, voice, enrolment)
    if why is None or enrolment.warned_at is not None:
        return
    enrolment.warned_at = utcnow()
    said = f"{enrolment.provider} drops this voice on {enrolment.expires_at:%d %B %Y} unless it speaks before. {why}"
    fix = "Generate speech with it, or allow renewing it with setVoiceRenewal."
    await tell_of_voice(session, voice, NoticeKind.VOICE_EXPIRING, said, fix)


async def _renew(personas: Personas, session: Writing, voice: Voice, enrolment: Enrolment) -> str | None:
    """Queue a renewal; or say why there is none."""
    if voice.renewal_cap is None:
        return "Renewing it was not allowed."
    account = await hold_account(session, voice.account_id)
    text = RENEWAL_TEXTS.get(voice.language.split("-")[0], RENEWAL_TEXTS["en"])
    try:
        plan = _plan(personas, account.tier, text, voice.language, enrolment.provider)
    except UserFault as fault:
        return f"It cannot be renewed: {fault.message}"
    expected, spent = _cost(personas, plan), await _spent(session, voice)
    if spent + expected > voice.renewal_cap:
        return f"Renewing it would cost ${expected:.2f}, and ${spent:.2f} of the ${voice.renewal_cap:.2f} for 30 days are spent."
    spec = {"voice": voice.id, "enrolment": enrolment.id, "script": text, "language": voice.language}
    watch = Viewer(voice.account_id, RENEWER, frozenset({Scope.WRITE}))
    subject = Subject("Voice", voice.id, voice.persona_id)
    request = Request("renewVoice", spec, Paid())
    await open_job(
        personas.jobs, session, watch, account, request, JobKind.VOICE_RENEWAL, subject, spec, plan
    )
    return None


def _plan(personas: Personas, tier: str, text: str, language: str, provider: str) -> Plan:
    wish = routing.VoiceWish(enrolled_at=frozenset({provider}))
    leg = plan_speech("RENEWAL", tier, text, language, wish, included=True)
    return plan_legs(personas.jobs, tier, [leg])


def _cost(personas: Personas, plan: Plan) -> Decimal:
    """What the vendor is expected to bill, its fee for the first use included."""
    chosen = plan.legs[0].route.candidates[0]
    offer = personas.catalog.find_offer(chosen.provider, chosen.offer)
    return chosen.cost + (offer.first_use if offer else Decimal(0))


async def _is_renewing(session: Writing, enrolment: Enrolment) -> bool:
    rows = select(Job).where(
        Job.subject_id == enrolment.voice_id,
        Job.kind == JobKind.VOICE_RENEWAL,
        Job.state.not_in(TERMINAL),
    )
    return any(job.spec.get("enrolment") == enrolment.id for job in (await session.scalars(rows)).all())


async def _spent(session: Writing, voice: Voice) -> Decimal:
    """What renewals of this voice cost within the period of the cap."""
    rows = (
        select(func.sum(Attempt.cost))
        .join(Job, Job.id == Attempt.job_id)
        .where(
            Job.subject_id == voice.id,
            Job.kind == JobKind.VOICE_RENEWAL,
            Attempt.sent_at > now_plus(-CAP_PERIOD.total_seconds()),
        )
    )
    return await session.scalar(rows) or Decimal(0)


async def _live(session: Writing, voice_id: str | None, provider: str) -> list[Enrolment]:
    rows = select(Enrolment).where(
        Enrolment.voice_id == voice_id,
        Enrolment.provider == provider,
        Enrolment.state == EnrolmentState.LIVE,
    )
    return list((await session.scalars(rows.with_for_update())).all())


async def _mark_lost(session: Writing, enrolment: Enrolment, kind: NoticeKind, said: str) -> None:
    enrolment.state = EnrolmentState.LOST
    voice = await session.get_one(Voice, enrolment.voice_id)
    silent = not await _expiries(session, voice.id)
    if silent and voice.status == TrainingStatus.READY:
        voice.status = TrainingStatus.EXPIRED
    fix = "Enrol it again with trainTwin, or train a new voice." if silent else None
    await tell_of_voice(
        session, voice, kind, said if silent else f"{said} Another enrolment still speaks.", fix
    )
    await show_expiry(session, voice.id)


async def show_expiry(session: Writing, voice_id: str | None) -> None:
    """A voice expires with the last of its enrolments that can speak."""
    voice = await session.get(Voice, voice_id) if voice_id else None
    if voice is not None:
        ends = await _expiries(session, voice.id)
        voice.expires_at = None if None in ends else max((end for end in ends if end), default=None)


async def _expiries(session: Writing, voice_id: str) -> list[datetime | None]:
    """When each enrolment that can speak ends; ``None`` for never."""
    await session.flush()
    rows = select(Enrolment.expires_at).where(
        Enrolment.voice_id == voice_id,
        Enrolment.state == EnrolmentState.LIVE,
        Enrolment.standing.in_(SPEAKING),
    )
    return list((await session.scalars(rows)).all())
