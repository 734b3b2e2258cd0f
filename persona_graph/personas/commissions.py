"""From a wish to what is needed to fulfil it: who speaks, who is shown, which legs, and the job's spec."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Viewer
from persona_graph.catalog.prices import Span
from persona_graph.catalog.tiers import Feature
from persona_graph.errors import InvalidInput, WrongState
from persona_graph.jobs.states import TERMINAL, JobKind
from persona_graph.jobs.submit import LegPlan
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset
from persona_graph.media.mixing.effects import loudness_for
from persona_graph.personas.approval import nothing_live
from persona_graph.personas.consents import need_consent
from persona_graph.personas.finding import find, missing, still_a_draft
from persona_graph.personas.legs import speech_leg
from persona_graph.personas.personas import spoken_language
from persona_graph.personas.planning import plan_video
from persona_graph.personas.room import Personas, plain_text, spoken_text
from persona_graph.personas.sound import check_sound, shown_captions, sound_spec
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    ConsentScope,
    Output,
    OutputKind,
    Persona,
    Voice,
    VoicePolicy,
)
from persona_graph.personas.wishes import SpeechWish, VideoWish, Wish, wish_json

SPEED = (0.5, 2.0)
PITCH = (-12.0, 12.0)
RESOLUTIONS = ("480p", "720p")
ASPECTS = ("1:1", "16:9", "9:16")


@dataclass(frozen=True)
class Commission:
    """``wish`` with its texts as they are stored and its language chosen."""

    wish: Wish
    script: str
    voice: Voice | None
    avatar: Avatar | None
    spec: dict[str, Any]
    legs: list[LegPlan]

    @property
    def kind(self) -> OutputKind:
        return OutputKind.SPEECH if isinstance(self.wish, SpeechWish) else OutputKind.VIDEO

    @property
    def job_kind(self) -> JobKind:
        return JobKind.SPEECH if isinstance(self.wish, SpeechWish) else JobKind.VIDEO


def checked_speech(personas: Personas, wish: SpeechWish) -> SpeechWish:
    """What can be said of a wish without looking anything up."""
    script = spoken_text(wish.script, "script", personas.settings.max_script_chars)
    _within("speed", wish.speed, SPEED)
    _within("pitch", wish.pitch, PITCH)
    emotion = plain_text(wish.emotion, "emotion", most=40)
    check_sound(wish.sound)
    return replace(wish, script=script, emotion=emotion)


def checked_video(personas: Personas, wish: VideoWish) -> VideoWish:
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
    return replace(wish, script=script, prompt=plain_text(wish.prompt, "prompt", most=500, least=0))


async def commission_speech(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: SpeechWish
) -> Commission:  # fmt: skip
    """``wish`` as ``checked_speech`` left it."""
    language = spoken_language(wish.language, persona)
    voice, leg = await speech_leg(
        personas, session, viewer, account, persona, wish.script, language, _policy(wish), speed=wish.speed,
        options=wish.options, persona_voice=wish.persona_voice,
    )  # fmt: skip
    sound = await sound_spec(personas, session, viewer, wish.sound, wish.platform)
    spec = {
        "voice": voice.id if voice else None, "script": wish.script, "language": language,
        "container": wish.container,
        "style": {"emotion": wish.emotion, "speed": wish.speed, "pitch": wish.pitch}, **sound,
    }  # fmt: skip
    return _commission(replace(wish, language=language), wish.script, voice, None, spec, [leg])


async def commission_video(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: VideoWish
) -> Commission:  # fmt: skip
    """``wish`` as ``checked_video`` left it."""
    personas.tiers.admit(account.tier, Feature.TALKING_VIDEO)
    avatar = await _showing_avatar(session, viewer, persona)
    await need_consent(session, persona.id, ConsentScope.LIKENESS)
    language = spoken_language(wish.language, persona)
    spec = {
        "avatar": avatar.id, "language": language, "resolution": wish.resolution, "aspect": wish.aspect,
        "prompt": wish.prompt, "script": wish.script, "loudness": loudness_for(wish.platform),
    }  # fmt: skip
    script = wish.script
    if script is not None:
        voice, speech_plan = await speech_leg(
            personas, session, viewer, account, persona, script, language, _policy(wish),
            persona_voice=wish.persona_voice,
        )  # fmt: skip
        legs, span = [speech_plan], speech_plan.span
    else:
        speech, voice, span = await _spoken(session, viewer, persona, wish)
        legs, script = [], speech.script
        spec |= {"speech": speech.asset_id, "timings": speech.timings_id, "script": script}
    legs.append(plan_video(account.tier, span, resolution=wish.resolution, prompt=wish.prompt))
    spec["captions_shown"] = shown_captions(wish.captions, script)
    spec["voice"] = voice.id if voice else None
    return _commission(replace(wish, language=language), script, voice, avatar, spec, legs)


def _commission(
    wish: Wish, script: str, voice: Voice | None, avatar: Avatar | None, spec: dict[str, Any], legs: list[LegPlan]
) -> Commission:  # fmt: skip
    if wish.draft:
        # The wish is what promotion makes anew, with whoever speaks and is shown by then.
        spec = {**spec, "draft": True, "wish": wish_json(wish)}
        legs = [replace(leg, need=replace(leg.need, unbilled=True, included=True)) for leg in legs]
    return Commission(wish, script, voice, avatar, spec, legs)


def _policy(wish: Wish) -> VoicePolicy:
    """A draft is spoken by whoever does it for nothing, and says whose voice it is."""
    return VoicePolicy.ALLOW_STOCK_VOICE if wish.draft else wish.voice_policy


async def _spoken(
    session: AsyncSession, viewer: Viewer, persona: Persona, wish: VideoWish
) -> tuple[Output, Voice | None, Span]:
    """The earlier speech, and how long it is."""
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
    if speech.draft and not wish.draft:
        raise still_a_draft("speechOutputId")
    if speech.voice_id:
        await need_consent(session, persona.id, ConsentScope.VOICE)
    voice = await find(session, viewer, Voice, speech.voice_id) if speech.voice_id else None
    return speech, voice, Span.exactly(asset.seconds or 0.0)


async def _showing_avatar(session: AsyncSession, viewer: Viewer, persona: Persona) -> Avatar:
    avatar = await find(session, viewer, Avatar, persona.avatar_id) if persona.avatar_id else None
    if avatar is None or avatar.status != AvatarStatus.READY or avatar.approval != Approval.APPROVED:
        raise await nothing_live(session, persona, Avatar)
    return avatar


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
