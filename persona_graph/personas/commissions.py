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
from persona_graph.personas.lexicon import lexicon_in
from persona_graph.personas.persona_settings import PITCH, SPEED, filled_in, within
from persona_graph.personas.personas import spoken_language
from persona_graph.personas.pins import parts_for
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
    Platform,
    Voice,
    VoicePolicy,
)
from persona_graph.personas.wishes import (
    SpeechWish,
    VideoWish,
    Wish,
    style_of_speech,
    style_options,
    wish_json,
)

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
    check_sound(wish.sound)
    return replace(wish, script=script, emotion=_style_checked(wish))


def _style_checked(wish: Wish) -> str | None:
    """Its emotion as it is stored."""
    within("speed", wish.speed, SPEED)
    within("pitch", wish.pitch, PITCH)
    return None if wish.emotion is None else plain_text(wish.emotion, "emotion", most=40)


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
    prompt = None if wish.prompt is None else plain_text(wish.prompt, "prompt", most=500, least=0)
    return replace(wish, script=script, prompt=prompt, emotion=_style_checked(wish))


async def commission_speech(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: SpeechWish
) -> Commission:  # fmt: skip
    """``wish`` as ``checked_speech`` left it."""
    wish, asked = await filled_in(session, persona, wish)
    language = spoken_language(wish.language, persona)
    voice, leg, said = await _spoken_now(
        personas, session, viewer, account, persona, wish, wish.script, language
    )
    sound = await sound_spec(personas, session, viewer, wish.sound, wish.platform)
    spec = {
        "voice": voice.id if voice else None, "script": wish.script, "language": language,
        "container": wish.container, "asked": asked, **said, **sound,
    }  # fmt: skip
    return _commission(replace(wish, language=language), wish.script, voice, None, spec, [leg])


async def commission_video(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: VideoWish
) -> Commission:  # fmt: skip
    """``wish`` as ``checked_video`` left it."""
    personas.tiers.admit(account.tier, Feature.TALKING_VIDEO)
    wish, asked = await filled_in(session, persona, wish)
    avatar = await _showing_avatar(session, viewer, persona, wish.platform)
    await need_consent(session, persona.id, ConsentScope.LIKENESS)
    language = spoken_language(wish.language, persona)
    spec: dict[str, Any] = {
        "avatar": avatar.id, "language": language, "resolution": wish.resolution, "aspect": wish.aspect,
        "prompt": wish.prompt, "script": wish.script, "loudness": loudness_for(wish.platform),
        "asked_shown": asked,
    }  # fmt: skip
    script = wish.script
    if script is not None:
        voice, speech_plan, said = await _spoken_now(
            personas, session, viewer, account, persona, wish, script, language
        )
        spec |= said
        legs, span = [speech_plan], speech_plan.span
    else:
        speech, voice, span = await _spoken(session, viewer, persona, wish)
        legs, script = [], speech.script
        spec |= {"speech": speech.reading_id, "timings": speech.timings_id, "script": script}
    legs.append(plan_video(account.tier, span, resolution=spec["resolution"], prompt=spec["prompt"]))
    spec["captions_shown"] = shown_captions(wish.captions, script)
    spec["voice"] = voice.id if voice else None
    return _commission(replace(wish, language=language), script, voice, avatar, spec, legs)


async def _spoken_now(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, wish: Wish,
    script: str, language: str,
) -> tuple[Voice | None, LegPlan, dict[str, Any]]:  # fmt: skip
    """Who speaks, the leg for it, and what the spec says of how."""
    style, options = style_of_speech(wish), style_options(wish)
    lexicon = await lexicon_in(session, persona.id, script, language)
    if lexicon:
        options |= {"pronunciations"}
    voice, leg = await speech_leg(
        personas, session, viewer, account, persona, script, language, _policy(wish), speed=style["speed"],
        options=options, persona_voice=wish.persona_voice, platform=wish.platform,
    )  # fmt: skip
    return voice, leg, {"style": style, **({"lexicon": lexicon} if lexicon else {})}


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
    if speech is None or speech.persona_id != persona.id or speech.kind is OutputKind.VIDEO:
        raise missing("speech output", "speechOutputId")
    asset = await session.get(Asset, speech.reading_id) if speech.reading_id else None
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


async def _showing_avatar(
    session: AsyncSession, viewer: Viewer, persona: Persona, platform: Platform | None
) -> Avatar:
    _, avatar_id = await parts_for(session, persona, platform)
    avatar = await find(session, viewer, Avatar, avatar_id) if avatar_id else None
    if avatar is None or avatar.status != AvatarStatus.READY or avatar.approval != Approval.APPROVED:
        raise await nothing_live(session, persona, Avatar)
    return avatar


def _one_of(field: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidInput(
            message=f"{field} is {value[:20]!r}.", path=(field,), fix=f"Use {' or '.join(allowed)}."
        )
