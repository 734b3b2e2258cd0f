"""Train, rename and delete voices, and find the one that speaks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog import prices, routing
from persona_graph.catalog.tiers import Feature
from persona_graph.errors import Faults, InvalidInput, MediaRefused, UserFault
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
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.personas import erasure
from persona_graph.personas.consents import need_consent
from persona_graph.personas.finding import find, hold
from persona_graph.personas.personas import spoken_language
from persona_graph.personas.pins import parts_for
from persona_graph.personas.planning import plan_speech
from persona_graph.personas.room import Deleted, Personas, plain_text, spoken_text
from persona_graph.personas.tables import (
    SPEAKING,
    Approval,
    ConsentScope,
    Enrolment,
    EnrolmentState,
    Persona,
    Platform,
    Sample,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.uploads import usable
from persona_graph.provider import Capability

MOST_SAMPLES = 25
GOOD_SAMPLES = 5
GOOD_SECONDS = 1.0
CLEANED_BYTES_PER_SECOND = 48_000
WHOLE_SECONDS = (60.0, 180.0)
PREVIEW_TEXTS = {
    "en": "Hello. This is how I sound now. If you like what you hear, approve this voice, and I will read your texts aloud.",
    "de": "Hallo. So klinge ich jetzt. Wenn dir das gefällt, gib diese Stimme frei, und ich lese deine Texte vor.",
    "fr": "Bonjour. Voici ma nouvelle voix. Si elle vous plaît, approuvez-la, et je lirai vos textes.",
    "es": "Hola. Así sueno ahora. Si te gusta, aprueba esta voz y leeré tus textos.",
}


@dataclass(frozen=True)
class Submitted:
    """The answer to a paid request: the plan always, the job and its subject unless it was a dry run."""

    plan: Plan | None
    job: Job | None
    subject_id: str | None


@dataclass(frozen=True)
class Training:
    persona_id: str
    name: str
    sample_ids: tuple[str, ...]
    language: str | None = None
    preview_text: str | None = None


async def train_voice(personas: Personas, viewer: Viewer, training: Training, request: Request) -> Submitted:
    """Make a draft voice and queue its training. The approved voice stays live meanwhile."""
    viewer.need(Scope.WRITE)
    name = plain_text(training.name, "name", most=200)
    if training.preview_text is not None:
        spoken_text(training.preview_text, "previewText", 300)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        persona = await hold(session, viewer, Persona, training.persona_id, "personaId")
        personas.tiers.admit(account.tier, Feature.VOICE_TRAINING)
        language = spoken_language(training.language, persona)
        samples = await samples_of(personas, session, viewer, training)
        plan = _plan(personas, account, training, language, samples)
        await need_consent(session, persona.id, ConsentScope.VOICE)
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        voice = Voice(
            account_id=viewer.account_id, persona_id=persona.id, name=name, language=language,
            status=TrainingStatus.TRAINING,
        )  # fmt: skip
        session.add(voice)
        await session.flush()
        session.add_all(sample_row(voice, n, asset) for n, asset in enumerate(samples))
        spec = {"voice": voice.id, "language": language, "preview": preview_text(training, language)}
        job = await open_job(
            personas.jobs, session, viewer, account, request, JobKind.VOICE_TRAINING,
            Subject("Voice", voice.id, persona.id), spec, plan,
        )  # fmt: skip
        voice.job_id = job.id
    return Submitted(plan, job, voice.id)


async def samples_of(
    personas: Personas, session: AsyncSession, viewer: Viewer, training: Training
) -> list[Asset]:
    """The uploads, each fit for training; every unfit one gets its own refusal."""
    ids = training.sample_ids
    if not 1 <= len(ids) <= MOST_SAMPLES or len(set(ids)) < len(ids):
        raise InvalidInput(
            message=f"sampleIds must name 1 to {MOST_SAMPLES} different uploads; there are {len(ids)}.",
            path=("sampleIds",), fix="Give each recording once.",
        )  # fmt: skip
    assets: list[Asset] = []
    faults: list[UserFault] = []
    for n, asset_id in enumerate(ids):
        try:
            assets.append(
                await usable(personas, session, viewer, asset_id, AssetPurpose.SAMPLE, "sampleIds", str(n))
            )
        except UserFault as fault:
            faults.append(fault)
    faults = faults or _unqualified(assets)
    if faults:
        raise Faults(faults)
    return assets


def _unqualified(assets: list[Asset]) -> list[UserFault]:
    """Nothing, for one file of 60–180 s, or at least 5 files of 1 s or more (rows 30, 234, 241); else what is
    wrong with each file and with the set."""
    lengths = [asset.seconds or 0.0 for asset in assets]
    good = sum(seconds >= GOOD_SECONDS for seconds in lengths)
    if good >= GOOD_SAMPLES or any(WHOLE_SECONDS[0] <= seconds <= WHOLE_SECONDS[1] for seconds in lengths):
        return []
    longest = max(lengths)
    too_long = len(assets) == 1 and longest > WHOLE_SECONDS[1]
    short = [
        MediaRefused(
            code="MEDIA_TOO_SHORT", path=("sampleIds", str(n)), asset_id=asset.id,
            message=f"This recording has {seconds:.1f} s.", fix=f"Record at least {GOOD_SECONDS:g} s.",
        )
        for n, (asset, seconds) in enumerate(zip(assets, lengths, strict=True))
        if seconds < GOOD_SECONDS
    ]  # fmt: skip
    whole = MediaRefused(
        code="MEDIA_TOO_LONG" if too_long else "MEDIA_TOO_SHORT", path=("sampleIds",),
        message=f"The set does not qualify: {good} good recording(s), the longest {longest:.1f} s.",
        fix="Give one recording of 60 to 180 s, or at least 5 recordings of 1 s or more each.",
    )  # fmt: skip
    return [*short, whole]


def _plan(
    personas: Personas, account: Account, training: Training, language: str, assets: list[Asset]
) -> Plan:
    train = training_leg(account, language, assets)
    trainers = routing.rank(train.need, personas.catalog, personas.tiers)
    at = frozenset(candidate.provider for candidate in trainers.candidates)
    # Whoever trains it speaks the preview; the others are skipped when that is known.
    speak = plan_speech(
        "PREVIEW",
        account.tier,
        preview_text(training, language),
        language,
        routing.VoiceWish(enrolled_at=at),
        included=True,
    )
    return plan_legs(personas.jobs, account.tier, [train, speak])


def training_leg(account: Account, language: str, assets: list[Asset]) -> LegPlan:
    seconds = sum(asset.seconds or 0.0 for asset in assets)
    need = routing.Need(
        capability=Capability.VOICE_TRAINING, tier=account.tier, seconds=seconds, language=language,
        largest_file=int(max((asset.seconds or 0.0) for asset in assets) * CLEANED_BYTES_PER_SECOND),
        content_types=("audio/wav",),
    )  # fmt: skip
    return LegPlan("VOICE_TRAINING", need, weight=3.0, span=prices.Span.exactly(seconds))


def preview_text(training: Training, language: str) -> str:
    if training.preview_text is not None:
        return spoken_text(training.preview_text, "previewText", 300)
    return PREVIEW_TEXTS.get(language.split("-")[0], PREVIEW_TEXTS["en"])


def sample_row(voice: Voice, n: int, asset: Asset) -> Sample:
    return Sample(
        voice_id=voice.id, n=n, asset_id=asset.id, file_name=asset.file_name[:255], seconds=asset.seconds or 0.0,
        facts=asset.facts or {},
    )  # fmt: skip


async def rename_voice(personas: Personas, viewer: Viewer, voice_id: str, name: str) -> Voice:
    viewer.need(Scope.WRITE)
    name = plain_text(name, "name", most=200)
    async with personas.db.writing() as session:
        voice = await hold(session, viewer, Voice, voice_id, "voiceId")
        voice.name = name
    return voice


async def delete_voice(personas: Personas, viewer: Viewer, voice_id: str) -> Deleted:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        voice = await hold(session, viewer, Voice, voice_id, "voiceId")
        pending = await erasure.erase_voice(personas, session, voice)
    return Deleted(voice_id, pending)


async def speaking_voice(
    session: AsyncSession, viewer: Viewer, persona: Persona, platform: Platform | None = None
) -> Voice | None:
    """The persona's voice, or the one the platform keeps to, if it is one that content may use: READY and APPROVED."""
    voice_id, _ = await parts_for(session, persona, platform)
    voice = await find(session, viewer, Voice, voice_id) if voice_id else None
    if voice is None or voice.status != TrainingStatus.READY or voice.approval != Approval.APPROVED:
        return None
    return voice


async def enrolled_at(session: AsyncSession, voice: Voice) -> frozenset[str]:
    rows = select(Enrolment.provider).where(
        Enrolment.voice_id == voice.id,
        Enrolment.state == EnrolmentState.LIVE,
        Enrolment.standing.in_(SPEAKING),
    )
    return frozenset((await session.scalars(rows)).all())
