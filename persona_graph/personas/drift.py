"""Whether a voice still sounds as it did: its golden lines spoken again, measured, and compared with the baseline."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.tiers import Feature
from persona_graph.db import Database, Writing, now_plus
from persona_graph.errors import InvalidInput, UserFault
from persona_graph.jobs.paging import Page, pages_of
from persona_graph.jobs.states import TERMINAL, JobKind
from persona_graph.jobs.submit import (
    Paid,
    Plan,
    Request,
    Subject,
    earlier_job,
    open_job,
    plan_legs,
    rehearsed,
)
from persona_graph.jobs.tables import Job, Leg
from persona_graph.personas.finding import hold
from persona_graph.personas.golden import lines_of, name_of
from persona_graph.personas.legs import speech_leg
from persona_graph.personas.notices import tell_of_voice
from persona_graph.personas.portable_tables import DriftCheck
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Approval, NoticeKind, Persona, TrainingStatus, Voice, VoicePolicy
from persona_graph.personas.voices import Submitted

# What the same voice differs by from one rendering of the golden lines to the next, and what other voices differ by,
# is measured in docs/quality.md ("Drift").
TOLERANCES: Mapping[str, float] = {
    "similarity": 0.05,
    "pitch": 1.0,
    "rate": 0.15,
    "loudness": 2.0,
    "spectrum": 3.0,
}
CAP_PERIOD = timedelta(days=30)
MOST_CAP = Decimal(1000)
WATCH = "drift watch"
BATCH = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measures:
    """``similarity`` is the cosine with the voice's fingerprint; None where it could not be measured."""

    similarity: float | None
    pitch_hz: float | None
    syllables_per_second: float | None
    loudness: float
    bands: Sequence[float] | None


@dataclass(frozen=True)
class Deviation:
    """``by`` in the unit of the measure: a difference of cosines, semitones, a share, LU, dB (mean over the bands)."""

    measure: str
    before: float | None
    now: float | None
    by: float
    tolerance: float

    @property
    def over(self) -> bool:
        return abs(self.by) > self.tolerance


def compare(before: Measures, now: Measures) -> list[Deviation]:
    """What both have, each measure once. Pure. Getting nearer to the person is no drift."""
    pairs = {
        "similarity": (before.similarity, now.similarity),
        "pitch": (before.pitch_hz, now.pitch_hz),
        "rate": (before.syllables_per_second, now.syllables_per_second),
        "loudness": (before.loudness, now.loudness),
    }
    found = []
    for name, (was, is_) in pairs.items():
        if was is not None and is_ is not None and (by := _apart(name, was, is_)) is not None:
            found.append(Deviation(name, was, is_, round(by, 4), TOLERANCES[name]))
    if before.bands and now.bands and len(before.bands) == len(now.bands):
        by = sum(abs(a - b) for a, b in zip(before.bands, now.bands, strict=True)) / len(now.bands)
        found.append(Deviation("spectrum", None, None, round(by, 4), TOLERANCES["spectrum"]))
    return found


def _apart(name: str, was: float, is_: float) -> float | None:
    if name == "similarity":
        return min(is_ - was, 0.0)
    if name == "loudness":
        return is_ - was
    if was <= 0 or is_ <= 0:
        return None
    return 12 * math.log2(is_ / was) if name == "pitch" else is_ / was - 1


async def check_drift(
    personas: Personas, viewer: Viewer, persona_id: str, as_baseline: bool, request: Request
) -> Submitted:
    """Queue a rendering of the golden lines in the voice in use; ``as_baseline`` makes it what later ones are
    compared with."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        voice, plan = await _planned(personas, session, viewer, account, persona)
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        job = await _queue(personas, session, viewer, account, persona, voice, plan, as_baseline, request)
    return Submitted(plan, job, voice.id)


async def set_watch(personas: Personas, viewer: Viewer, voice_id: str, cap: Decimal | None) -> Voice:
    """Allow, or with ``None`` forbid, that the voice is checked by itself at the account's cost."""
    viewer.need(Scope.WRITE)
    if cap is not None and not (cap.is_finite() and 0 < cap <= MOST_CAP):
        raise InvalidInput(
            message=f"monthlyCap is {cap}.", path=("monthlyCap",),
            fix=f"Use an amount above 0, at most {MOST_CAP}, or null to check only when asked.",
        )  # fmt: skip
    async with personas.db.writing() as session:
        voice = await hold(session, viewer, Voice, voice_id, "voiceId")
        voice.drift_cap = cap
    return voice


async def watch_drift(personas: Personas) -> int:
    """The chore: voices in use whose owner allowed it and whose last check is long ago, or that have no baseline
    yet. Answers how many it queued."""
    days = personas.settings.drift_days
    if not days:
        return 0
    checked = select(Job.subject_id).where(
        Job.kind == JobKind.VOICE_DRIFT, Job.created_at > now_plus(-days * 86_400)
    )
    rows = select(Voice.id).join(Persona, Persona.voice_id == Voice.id).where(
        Voice.drift_cap.is_not(None), Voice.deleted_at.is_(None), Voice.status == TrainingStatus.READY,
        Voice.approval == Approval.APPROVED, Voice.id.not_in(checked),
    )  # fmt: skip
    async with personas.db.reading() as session:
        due = list((await session.scalars(rows.order_by(Voice.id).limit(BATCH))).all())
    queued = 0
    for voice_id in due:
        try:
            queued += await _check_by_itself(personas, voice_id, days)
        except UserFault as fault:
            log.info("the voice %s was not checked for drift: %s", voice_id, fault.message)
    return queued


async def _check_by_itself(personas: Personas, voice_id: str, days: float) -> bool:
    async with personas.db.writing() as session:
        voice = await session.get_one(Voice, voice_id)
        # The account first, as everywhere: its lock also keeps two workers from checking twice.
        account = await hold_account(session, voice.account_id)
        await session.refresh(voice)
        watch = Viewer(voice.account_id, WATCH, frozenset({Scope.WRITE}))
        persona = await hold(session, watch, Persona, voice.persona_id, "personaId")
        if voice.drift_cap is None or persona.voice_id != voice.id or await _checked(session, voice, days):
            return False
        spoken, plan = await _planned(personas, session, watch, account, persona)
        if spoken.id != voice.id or await _spent(session, voice) + plan.price_ceiling > voice.drift_cap:
            return False
        request = Request("checkDrift", {"persona": persona.id}, Paid())
        await _queue(personas, session, watch, account, persona, voice, plan, False, request)
    return True


async def _planned(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona
) -> tuple[Voice, Plan]:
    personas.tiers.admit(account.tier, Feature.OWN_VOICE)
    script = "\n".join(lines_of(persona))
    voice, leg = await speech_leg(
        personas, session, viewer, account, persona, script, persona.language, VoicePolicy.PERSONA_VOICE
    )
    assert voice is not None
    return voice, plan_legs(personas.jobs, account.tier, [leg])


async def _queue(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, persona: Persona, voice: Voice,
    plan: Plan, as_baseline: bool, request: Request,
) -> Job:  # fmt: skip
    spec = {
        "voice": voice.id, "script": "\n".join(lines_of(persona)), "language": persona.language,
        "baseline": as_baseline,
    }  # fmt: skip
    subject = Subject("Voice", voice.id, persona.id)
    return await open_job(
        personas.jobs, session, viewer, account, request, JobKind.VOICE_DRIFT, subject, spec, plan
    )


async def keep_check(session: Writing, voice: Voice, job: Job, leg: Leg) -> DriftCheck:
    """The row of a rendering that succeeded, and the alarm if it is over tolerance."""
    now = Measures(**leg.result["measures"])
    made = DriftCheck(
        account_id=voice.account_id, voice_id=voice.id, job_id=job.id, provider=leg.result["provider"],
        lines=name_of(job.spec["script"]), measures=asdict(now), deviations=[],
    )  # fmt: skip
    before = None if job.spec["baseline"] else await _baseline(session, made)
    if before is None:
        made.baseline = True
        made.message = "The baseline: later checks of these lines at this provider are compared with it."
    else:
        deviations = compare(Measures(**before.measures), now)
        made.baseline_id, made.deviations = before.id, [asdict(each) for each in deviations]
        over = [each for each in deviations if each.over]
        made.drifted, made.message = bool(over), _said(made.provider, over)
    session.add(made)
    if made.drifted:
        await tell_of_voice(
            session, voice, NoticeKind.VOICE_DRIFTED, made.message,
            "Listen to what it speaks now. If it is not the voice you approved, train it again; if it is, make this the baseline with checkDrift(asBaseline: true).",
        )  # fmt: skip
    return made


async def drift_pages(
    db: Database, account_id: str, voice_ids: Sequence[str], first: int | None, after: str | None
) -> list[Page[DriftCheck]]:
    """For each voice a page of its checks, newest first."""
    mine = select(DriftCheck).where(DriftCheck.account_id == account_id)
    return await pages_of(db, DriftCheck, "voice_id", voice_ids, mine, first, after)


async def _baseline(session: Writing, made: DriftCheck) -> DriftCheck | None:
    """The newest one of the same words, voice and provider: vendors differ by more than any of them drifts."""
    rows = select(DriftCheck).where(
        DriftCheck.voice_id == made.voice_id, DriftCheck.provider == made.provider,
        DriftCheck.lines == made.lines, DriftCheck.baseline,
    )  # fmt: skip
    return (await session.scalars(rows.order_by(DriftCheck.id.desc()).limit(1))).one_or_none()


_WORDS = {
    "similarity": lambda each: f"it is less like the person, {each.now:.2f} where it was {each.before:.2f}",
    "pitch": lambda each: f"{abs(each.by):.1f} semitones {'higher' if each.by > 0 else 'lower'}",
    "rate": lambda each: f"{abs(each.by):.0%} {'faster' if each.by > 0 else 'slower'}",
    "loudness": lambda each: f"{abs(each.by):.1f} LU {'louder' if each.by > 0 else 'softer'}",
    "spectrum": lambda each: f"its spectrum is {each.by:.1f} dB away",
}


def _said(provider: str, over: Sequence[Deviation]) -> str:
    if not over:
        return "As it was, within tolerance."
    return f"At {provider} the golden lines do not sound as they did: {', '.join(_WORDS[each.measure](each) for each in over)}."


async def _checked(session: AsyncSession, voice: Voice, days: float) -> bool:
    rows = select(Job.id).where(
        Job.subject_id == voice.id, Job.kind == JobKind.VOICE_DRIFT,
        (Job.created_at > now_plus(-days * 86_400)) | Job.state.not_in(TERMINAL),
    )  # fmt: skip
    return await session.scalar(rows.limit(1)) is not None


async def _spent(session: AsyncSession, voice: Voice) -> Decimal:
    """What checks that nobody asked for took from the account within the period of the cap, or may yet take."""
    price = case((Job.state.in_(TERMINAL), Leg.price), else_=Leg.reserved)
    rows = (
        select(func.sum(price))
        .join(Job, Job.id == Leg.job_id)
        .where(
            Job.subject_id == voice.id, Job.kind == JobKind.VOICE_DRIFT, Job.asked_by == WATCH,
            Job.created_at > now_plus(-CAP_PERIOD.total_seconds()),
        )
    )  # fmt: skip
    return await session.scalar(rows) or Decimal(0)


__all__ = ["DriftCheck", "Measures", "check_drift", "compare", "keep_check", "set_watch", "watch_drift"]
