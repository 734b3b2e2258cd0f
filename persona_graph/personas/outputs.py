"""Ask for speech and video, and delete what was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.prices import Span
from persona_graph.catalog.tiers import Feature
from persona_graph.db import Writing, new_id
from persona_graph.errors import InvalidInput, WrongState
from persona_graph.jobs.states import TERMINAL, JobKind
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
from persona_graph.media.assets import Asset
from persona_graph.media.mixing.effects import loudness_for
from persona_graph.personas import erasure
from persona_graph.personas.approval import nothing_live
from persona_graph.personas.consents import need_consent
from persona_graph.personas.finding import find, hold, missing
from persona_graph.personas.legs import speech_leg
from persona_graph.personas.personas import spoken_language
from persona_graph.personas.planning import plan_video
from persona_graph.personas.room import Deleted, Personas, plain_text, spoken_text
from persona_graph.personas.sound import (
    PLAIN_SOUND,
    CaptionMode,
    SoundWish,
    check_sound,
    shown_captions,
    sound_spec,
)
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    ConsentScope,
    Output,
    OutputKind,
    Persona,
    Platform,
    Voice,
    VoicePolicy,
)
from persona_graph.personas.voices import Submitted

SPEED = (0.5, 2.0)
PITCH = (-12.0, 12.0)
RESOLUTIONS = ("480p", "720p")
ASPECTS = ("1:1", "16:9", "9:16")


@dataclass(frozen=True)
class SpeechWish:
    """``container`` is ``wav``, ``mp3`` or ``ogg``; ``speed`` 0.5–2, ``pitch`` −12 to 12 semitones."""

    persona_id: str
    script: str
    platform: Platform | None = None
    language: str | None = None
    container: str = "wav"
    emotion: str = "neutral"
    speed: float = 1.0
    pitch: float = 0.0
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    sound: SoundWish = PLAIN_SOUND

    @property
    def options(self) -> frozenset[str]:
        """The style settings that differ from what every voice does anyway."""
        asked = {
            "emotion": self.emotion.strip() != "neutral",
            "speed": self.speed != 1,
            "pitch": self.pitch != 0,
        }
        return frozenset(name for name, wanted in asked.items() if wanted)


@dataclass(frozen=True)
class VideoWish:
    """A video of ``script`` spoken now, or of an earlier speech output."""

    persona_id: str
    script: str | None = None
    speech_output_id: str | None = None
    platform: Platform | None = None
    language: str | None = None
    resolution: str = "480p"
    aspect: str = "1:1"
    prompt: str = ""
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    captions: CaptionMode = CaptionMode.NONE


@dataclass(frozen=True)
class SpeechPlan:
    """A speech that could be made: who speaks it, what it comes to, and what its job would be told."""

    wish: SpeechWish
    persona: Persona
    voice: Voice | None
    plan: Plan
    spec: dict[str, Any]


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
        planned = await plan_speech_output(personas, session, viewer, account, persona, wish)
        if await rehearsed(personas.jobs, session, account, planned.plan, request.paid):
            return Submitted(planned.plan, None, None)
        job = await open_speech(personas, session, viewer, account, planned, request)
    return Submitted(planned.plan, job, job.subject_id)


def checked_speech(personas: Personas, wish: SpeechWish) -> SpeechWish:
    """The wish with its texts as they are stored; what can be refused without a look at the database."""
    script = spoken_text(wish.script, "script", personas.settings.max_script_chars)
    _within("speed", wish.speed, SPEED)
    _within("pitch", wish.pitch, PITCH)
    emotion = plain_text(wish.emotion, "emotion", most=40)
    check_sound(wish.sound)
    return replace(wish, script=script, emotion=emotion)


async def plan_speech_output(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: SpeechWish
) -> SpeechPlan:  # fmt: skip
    """Writes nothing. ``wish`` was checked."""
    language = spoken_language(wish.language, persona)
    voice, leg = await speech_leg(
        personas, session, viewer, account, persona, wish.script, language, wish.voice_policy, speed=wish.speed,
        options=wish.options,
    )  # fmt: skip
    sound = await sound_spec(personas, session, viewer, wish.sound, wish.platform)
    plan = plan_legs(personas.jobs, account.tier, [leg])
    spec = {
        "voice": voice.id if voice else None, "script": wish.script, "language": language, "container": wish.container,
        "style": {"emotion": wish.emotion, "speed": wish.speed, "pitch": wish.pitch}, **sound,
    }  # fmt: skip
    return SpeechPlan(wish, persona, voice, plan, spec)


async def open_speech(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, planned: SpeechPlan, request: Request
) -> Job:  # fmt: skip
    """The output and its queued job."""
    wish = planned.wish
    output = _output(
        viewer, planned.persona, OutputKind.SPEECH, wish.script, wish.platform, planned.voice, None
    )
    job = await open_job(
        personas.jobs, session, viewer, account, request, JobKind.SPEECH,
        Subject("Output", output.id, planned.persona.id), planned.spec, planned.plan,
    )  # fmt: skip
    output.job_id = job.id
    session.add(output)
    return job


async def generate_video(personas: Personas, viewer: Viewer, wish: VideoWish, request: Request) -> Submitted:
    viewer.need(Scope.WRITE)
    if (wish.script is None) == (wish.speech_output_id is None):
        raise InvalidInput(
            message="Give either script or speechOutputId.",
            path=("script",),
            fix="Give exactly one of the two.",
        )
    script = None
    if wish.script is not None:
        script = spoken_text(wish.script, "script", personas.settings.max_script_chars)
    _one_of("resolution", wish.resolution, RESOLUTIONS)
    _one_of("aspect", wish.aspect, ASPECTS)
    prompt = plain_text(wish.prompt, "prompt", most=500, least=0)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        personas.tiers.admit(account.tier, Feature.TALKING_VIDEO)
        persona = await hold(session, viewer, Persona, wish.persona_id, "personaId")
        avatar = await _showing_avatar(session, viewer, persona)
        await need_consent(session, persona.id, ConsentScope.LIKENESS)
        language = spoken_language(wish.language, persona)
        spec = {
            "avatar": avatar.id, "language": language, "resolution": wish.resolution, "aspect": wish.aspect,
            "prompt": prompt, "script": script, "loudness": loudness_for(wish.platform),
        }  # fmt: skip
        if script is not None:
            voice, legs = await _speak_then_show(
                personas, session, viewer, account, persona, script, language, wish
            )
        else:
            speech, voice, legs = await _show(session, viewer, account, persona, wish)
            script = speech.script
            spec |= {"speech": speech.asset_id, "timings": speech.timings_id, "script": script}
        spec["captions_shown"] = shown_captions(wish.captions, script)
        spec["voice"] = voice.id if voice else None
        plan = plan_legs(personas.jobs, account.tier, legs)
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        output = _output(viewer, persona, OutputKind.VIDEO, script, wish.platform, voice, avatar)
        job = await open_job(
            personas.jobs, session, viewer, account, request, JobKind.VIDEO,
            Subject("Output", output.id, persona.id), spec, plan,
        )  # fmt: skip
        output.job_id = job.id
        session.add(output)
    return Submitted(plan, job, output.id)


async def _speak_then_show(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, script: str,
    language: str, wish: VideoWish,
) -> tuple[Voice | None, list[LegPlan]]:  # fmt: skip
    voice, speech = await speech_leg(
        personas, session, viewer, account, persona, script, language, wish.voice_policy
    )
    return voice, [
        speech,
        plan_video(account.tier, speech.span, resolution=wish.resolution, prompt=wish.prompt),
    ]


async def _show(
    session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: VideoWish
) -> tuple[Output, Voice | None, list[LegPlan]]:
    speech = await find(session, viewer, Output, wish.speech_output_id or "")
    if speech is None or speech.persona_id != persona.id or speech.kind != OutputKind.SPEECH:
        raise missing("speech output", "speechOutputId")
    asset = await session.get(Asset, speech.asset_id) if speech.asset_id else None
    if asset is None:
        job = await session.get_one(Job, speech.job_id)
        raise WrongState(
            code="NOT_READY", message=f"There is no finished speech; its job is {job.state}.", state=job.state,
            path=("speechOutputId",),
            fix="Make a new one." if job.state in TERMINAL else "Wait for its job to succeed.",
        )  # fmt: skip
    if speech.voice_id:
        await need_consent(session, persona.id, ConsentScope.VOICE)
    voice = await find(session, viewer, Voice, speech.voice_id) if speech.voice_id else None
    length = Span.exactly(asset.seconds or 0.0)
    return speech, voice, [plan_video(account.tier, length, resolution=wish.resolution, prompt=wish.prompt)]


async def _showing_avatar(session: AsyncSession, viewer: Viewer, persona: Persona) -> Avatar:
    avatar = await find(session, viewer, Avatar, persona.avatar_id) if persona.avatar_id else None
    if avatar is None or avatar.status != AvatarStatus.READY or avatar.approval != Approval.APPROVED:
        raise await nothing_live(session, persona, Avatar)
    return avatar


def _output(
    viewer: Viewer, persona: Persona, kind: OutputKind, script: str, platform: Platform | None, voice: Voice | None,
    avatar: Avatar | None,
) -> Output:  # fmt: skip
    return Output(
        id=new_id(), account_id=viewer.account_id, persona_id=persona.id, kind=kind, script=script, platform=platform,
        asked_by=viewer.label, voice_id=voice.id if voice else None, avatar_id=avatar.id if avatar else None,
    )  # fmt: skip


async def delete_output(personas: Personas, viewer: Viewer, output_id: str) -> Deleted:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        output = await hold(session, viewer, Output, output_id, "outputId")
        await erasure.erase_output(personas, session, output)
    return Deleted(output_id)


def _within(field: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(
            message=f"{field} is {value:g}.", path=(field,), fix=f"Use {bounds[0]:g} to {bounds[1]:g}."
        )


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidInput(
            message=f"{field} is {value[:20]!r}.", path=(field,), fix=f"Use {' or '.join(allowed)}."
        )
