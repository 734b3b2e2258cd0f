"""Twins: the same voice enrolled at a second vendor, so that a fallback never changes the speaker.

A twin is made of recordings of the same person (checked against the voice's fingerprint), is quoted and paid
for by itself, and only stands in once somebody who heard its preview accepted it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog import routing
from persona_graph.catalog.tiers import Feature
from persona_graph.db import Writing
from persona_graph.errors import InvalidInput, WrongState
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import (
    LegPlan,
    Plan,
    Request,
    Subject,
    earlier_job,
    open_job,
    plan_legs,
    rehearsed,
)
from persona_graph.personas.consents import need_consent
from persona_graph.personas.erasure import erase_asset
from persona_graph.personas.finding import hold, missing
from persona_graph.personas.leases import show_expiry
from persona_graph.personas.planning import plan_speech
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import (
    ConsentScope,
    Enrolment,
    EnrolmentState,
    Sample,
    Standing,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.voices import (
    Submitted,
    Training,
    preview_text,
    sample_row,
    samples_of,
    training_leg,
)

# Below this the speaker embedding (Resemblyzer) hears somebody else: between different people it reached 0.75
# with the recordings of docs/quality.md, and an approximate voice of the same person 0.68.
LEAST_SIMILARITY = 0.65


@dataclass(frozen=True)
class TwinWish:
    voice_id: str
    provider: str
    sample_ids: tuple[str, ...]


async def train_twin(personas: Personas, viewer: Viewer, wish: TwinWish, request: Request) -> Submitted:
    """Queue the enrolment of a voice at one more provider."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        voice = await hold(session, viewer, Voice, wish.voice_id, "voiceId")
        personas.tiers.admit(account.tier, Feature.VOICE_TRAINING)
        _need_known(voice)
        await _not_yet_at(personas, session, voice, wish.provider)
        training = Training(voice.persona_id, voice.name, wish.sample_ids, voice.language)
        assets = await samples_of(personas, session, viewer, training)
        leg = training_leg(account, voice.language, assets)
        leg = replace(leg, need=routing.only(leg.need, wish.provider))
        preview = preview_text(training, voice.language)
        plan = _plan(personas, account.tier, preview, voice.language, leg, wish.provider)
        await need_consent(session, voice.persona_id, ConsentScope.VOICE)
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        first = await session.scalar(select(func.max(Sample.n)).where(Sample.voice_id == voice.id))
        start = 0 if first is None else first + 1
        session.add_all(sample_row(voice, n, asset) for n, asset in enumerate(assets, start))
        spec = {
            "voice": voice.id, "language": voice.language, "preview": preview, "provider": wish.provider, "first_sample": start,
        }  # fmt: skip
        job = await open_job(
            personas.jobs, session, viewer, account, request, JobKind.VOICE_TWIN,
            Subject("Voice", voice.id, voice.persona_id), spec, plan,
        )  # fmt: skip
    return Submitted(plan, job, voice.id)


def _plan(personas: Personas, tier: str, text: str, language: str, train: LegPlan, provider: str) -> Plan:
    wish = routing.VoiceWish(enrolled_at=frozenset({provider}))
    speak = plan_speech("PREVIEW", tier, text, language, wish, included=True)
    return plan_legs(personas.jobs, tier, [train, speak])


def _need_known(voice: Voice) -> None:
    if voice.status not in (TrainingStatus.READY, TrainingStatus.EXPIRED) or not voice.fingerprint:
        raise WrongState(
            code="NOT_READY", message=f"This voice is {voice.status}; a twin needs one that was trained.",
            state=voice.status, path=("voiceId",), fix="Wait for its training, or train a new voice.",
        )  # fmt: skip


async def _not_yet_at(personas: Personas, session: AsyncSession, voice: Voice, provider: str) -> None:
    if personas.catalog.find(provider) is None:
        installed = ", ".join(each.id for each in personas.catalog.providers)
        raise InvalidInput(
            message=f"There is no provider {provider[:64]!r}.",
            path=("provider",),
            fix=f"Use one of: {installed}.",
        )
    rows = select(Enrolment.id).where(
        Enrolment.voice_id == voice.id,
        Enrolment.provider == provider,
        Enrolment.state == EnrolmentState.LIVE,
    )
    if await session.scalar(rows.limit(1)) is not None:
        raise WrongState(
            code="ALREADY_DECIDED", message=f"This voice is already enrolled at {provider}.", state="LIVE",
            path=("provider",), fix="Accept that enrolment, or delete it first with deleteTwin.",
        )  # fmt: skip


async def accept_twin(personas: Personas, viewer: Viewer, enrolment_id: str) -> Voice:
    """From now on it speaks when the first enrolment cannot."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        twin, voice = await _hold_twin(session, viewer, enrolment_id)
        if twin.standing == Standing.ACCEPTED:
            raise WrongState(
                code="ALREADY_DECIDED", message="This twin was accepted before.", state="ACCEPTED",
                path=("enrolmentId",), fix="Nothing to do.",
            )  # fmt: skip
        if twin.state != EnrolmentState.LIVE or twin.preview_id is None:
            raise WrongState(
                code="NOT_READY", message="This twin has no preview yet, or is gone.", state=twin.state,
                path=("enrolmentId",), fix="Wait for its job to succeed and listen to the preview.",
            )  # fmt: skip
        if twin.similarity is None or twin.similarity < LEAST_SIMILARITY:
            heard = "could not be compared" if twin.similarity is None else f"reaches {twin.similarity:.2f}"
            raise InvalidInput(
                message=f"The twin's preview {heard} with the voice; at least {LEAST_SIMILARITY} is needed to stand in for it.",
                path=("enrolmentId",), fix="Train it again with more or better recordings, or at another provider.",
            )  # fmt: skip
        twin.standing = Standing.ACCEPTED
        if voice.status == TrainingStatus.EXPIRED:
            voice.status = TrainingStatus.READY
        await show_expiry(session, voice.id)
    return voice


async def delete_twin(personas: Personas, viewer: Viewer, enrolment_id: str) -> Voice:
    """Use stops at once; the vendor is told until it confirms."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        twin, voice = await _hold_twin(session, viewer, enrolment_id)
        await drop_twin(personas, session, twin)
        await show_expiry(session, voice.id)
    return voice


async def drop_twin(personas: Personas, session: Writing, twin: Enrolment) -> None:
    for asset_id in (twin.model_id, twin.preview_id):
        await erase_asset(personas, session, asset_id)
    twin.model_id = twin.preview_id = twin.similarity = None
    if twin.state in (EnrolmentState.LIVE, EnrolmentState.LOST):
        twin.state = EnrolmentState.FORGETTING


async def _hold_twin(session: Writing, viewer: Viewer, enrolment_id: str) -> tuple[Enrolment, Voice]:
    mine = select(Enrolment).where(
        Enrolment.id == enrolment_id,
        Enrolment.account_id == viewer.account_id,
        Enrolment.standing != Standing.FIRST,
    )
    twin = (await session.scalars(mine.with_for_update())).one_or_none()
    if twin is None:
        raise missing("twin", "enrolmentId")
    return twin, await hold(session, viewer, Voice, twin.voice_id, "enrolmentId")
