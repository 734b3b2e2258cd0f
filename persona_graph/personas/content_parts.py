"""One scene's legs: text, speech, video. What cannot be had is left out, with the reason why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Viewer
from persona_graph.catalog import prices, routing
from persona_graph.catalog.pace import speech_seconds
from persona_graph.errors import (
    ConsentRequired,
    Faults,
    InvalidInput,
    NoProvider,
    TierRefused,
    UserFault,
    WrongState,
)
from persona_graph.jobs.states import JobState
from persona_graph.jobs.submit import LegPlan, Plan, plan_legs
from persona_graph.jobs.tables import Job, LegState
from persona_graph.personas.commissions import Commission, commission_speech, commission_video
from persona_graph.personas.content_wishes import ContentPart, ContentWish, said_of, said_title
from persona_graph.personas.personas import spoken_language
from persona_graph.personas.room import Personas
from persona_graph.personas.styles import prompt_of, style_of
from persona_graph.personas.tables import Output, Persona
from persona_graph.provider import Capability
from persona_graph.style import Adaptation


class PartState(StrEnum):
    """Where a part of content is."""

    GIVEN = "GIVEN"
    WAITING = "WAITING"
    MAKING = "MAKING"
    MADE = "MADE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


# What a part may be left out for; anything else is wrong with the request itself.
UNAVAILABLE = (TierRefused, WrongState, ConsentRequired, NoProvider)
_PARTS = {"TEXT": ContentPart.TEXT, "SPEECH": ContentPart.AUDIO, "VIDEO": ContentPart.VIDEO}
USUAL_CHARACTERS = 2500
# Characters of a word with its space.
SHORT_WORD, LONG_WORD = 5, 7
_NOT_WRITTEN = {
    "zh": "这一句话还没有写出来。", "ja": "この文はまだ書かれていません。", "ko": "이 문장은 아직 쓰이지 않았습니다. ",
    "ru": "Это предложение ещё не написано. ", "uk": "Це речення ще не написане. ", "ar": "هذه الجملة لم تكتب بعد. ",
    "he": "המשפט הזה עוד לא נכתב. ", "hi": "यह वाक्य अभी लिखा नहीं गया है। ", "th": "ประโยคนี้ยังไม่ได้เขียน ",
}  # fmt: skip


@dataclass(frozen=True)
class Skipped:
    """A part that was asked for and cannot be had."""

    part: str
    code: str
    message: str
    fix: str | None = None

    @classmethod
    def of(cls, part: ContentPart, fault: UserFault) -> Skipped:
        return cls(part.value, fault.code, fault.message, fault.fix)


@dataclass(frozen=True)
class Part:
    """How far a part of an output is; ``why`` it is not there, where it never will be."""

    part: ContentPart
    state: PartState
    why: Skipped | None = None


_LEG_STATES = {
    LegState.PENDING: PartState.WAITING, LegState.RUNNING: PartState.MAKING, LegState.DONE: PartState.MADE,
    LegState.FAILED: PartState.FAILED, LegState.CANCELLED: PartState.CANCELLED,
}  # fmt: skip
_UNKEPT = {JobState.FAILED: PartState.FAILED, JobState.CANCELLED: PartState.CANCELLED}


def parts_of(output: Output, job: Job) -> list[Part]:
    """In their order. What a job made that failed in the end was not kept."""
    found = {ContentPart(each["part"]): Skipped(**each) for each in output.skipped or ()}
    parts = {part: Part(part, PartState.SKIPPED, why) for part, why in found.items()}
    parts[ContentPart.TEXT] = Part(ContentPart.TEXT, PartState.GIVEN)
    for leg in job.legs:
        part = _PARTS[leg.name]
        state = _UNKEPT.get(job.state, _LEG_STATES[leg.state])
        told = leg.failure or (
            {"code": job.failure_code, "message": job.failure_message or "", "fix": job.failure_fix}
            if job.failure_code
            else None
        )
        parts[part] = Part(part, state, Skipped(part.value, **told) if told else None)
    return [parts[part] for part in ContentPart if part in parts]


@dataclass(frozen=True)
class Composition:
    """``said`` is None while the text is still to be written."""

    plan: Plan
    spec: dict[str, Any]
    skipped: tuple[Skipped, ...]
    said: str | None


@dataclass(frozen=True)
class Brief:
    """A text to be written, and the leg for it. ``stands_in`` is as long as it may become."""

    leg: LegPlan
    spec: dict[str, Any]
    stands_in: str


async def compose(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona,
    wish: ContentWish, n: int,
) -> Composition:  # fmt: skip
    """Raises what makes a required part impossible, or, if nothing at all could be made, every reason."""
    scene = wish.scenes[n]
    brief = await _brief(personas, session, account, persona, wish, scene.brief) if scene.brief else None
    said = None if scene.script is None else said_of(wish, scene.title, scene.script)
    script = brief.stands_in if brief else said or ""
    left_out: dict[ContentPart, UserFault] = {}
    spoken, video = await _recorded(personas, session, viewer, account, persona, wish, script, left_out)
    for part in wish.required & left_out.keys():
        raise left_out[part]
    legs = [brief.leg] if brief else []
    spec: dict[str, Any] = {"language": spoken_language(wish.language, persona)}
    if spoken is not None:
        legs.append(spoken.legs[0])
        spec |= spoken.spec
    if video is not None:
        spec = {**video.spec, **spec}
        legs.append(video.legs[-1])
    spec |= {"script": said, "written": scene.script, "said_title": said_title(wish, scene.title)}
    if brief is not None:
        spec |= brief.spec
    if not legs:
        raise _nothing(left_out)
    skipped = tuple(Skipped.of(part, left_out[part]) for part in ContentPart if part in left_out)
    legs = [replace(leg, optional=_PARTS[leg.name] not in wish.required) for leg in legs]
    return Composition(plan_legs(personas.jobs, account.tier, legs), spec, skipped, said)


def _nothing(left_out: dict[ContentPart, UserFault]) -> Exception:
    faults = list(dict.fromkeys(left_out.values()))
    if faults:
        return Faults(faults)
    return InvalidInput(
        message="There is nothing to make: the text is there already.", path=("parts",),
        fix="Ask for AUDIO or VIDEO as well, or give a brief instead of a script.",
    )  # fmt: skip


async def _recorded(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona,
    wish: ContentWish, script: str, left_out: dict[ContentPart, UserFault],
) -> tuple[Commission | None, Commission | None]:  # fmt: skip
    """The speech and the video of it, as far as they can be had; what cannot be goes to ``left_out``."""
    if not wish.wants_speech or not script:
        return None, None
    try:
        spoken = await commission_speech(personas, session, viewer, account, persona, wish.speech(script))
        plan_legs(personas.jobs, account.tier, spoken.legs)
    except UNAVAILABLE as fault:
        left_out |= dict.fromkeys(wish.parts - {ContentPart.TEXT}, fault)
        return None, None
    if not wish.wants_video:
        return spoken, None
    try:
        video = await commission_video(personas, session, viewer, account, persona, wish.video(script))
        video = replace(video, legs=[as_long_as(spoken.legs[0], video.legs[-1])])
        plan_legs(personas.jobs, account.tier, video.legs)
    except UNAVAILABLE as fault:
        left_out[ContentPart.VIDEO] = fault
        return (spoken if ContentPart.AUDIO in wish.parts else None), None
    # Vendors of video all take WAV.
    return replace(spoken, spec={**spoken.spec, "container": "wav"}), video


def as_long_as(speech: LegPlan, video: LegPlan) -> LegPlan:
    return replace(video, span=speech.span, need=replace(video.need, seconds=speech.span.likely))


async def _brief(
    personas: Personas,
    session: AsyncSession,
    account: Account,
    persona: Persona,
    wish: ContentWish,
    brief: str,
) -> Brief:
    """Raises NoProvider where nobody here writes texts."""
    language = spoken_language(wish.language, persona)
    style, adaptation = await style_of(session, persona.id, wish.platform)
    most = _most(personas, account, wish, adaptation, language)
    need = routing.Need(
        capability=Capability.TEXT, tier=account.tier, characters=max(len(brief), most), language=language
    )
    leg = LegPlan("TEXT", need, weight=0.3, span=prices.Span.exactly(0))
    try:
        plan_legs(personas.jobs, account.tier, [leg])
    except NoProvider as none:
        raise NoProvider(
            message="No provider on this server can write this text.", path=("brief",), refusals=none.refusals,
            fix="Give the text itself as script, or have the operator install a TEXT provider.",
        ) from none  # fmt: skip
    spec = {
        "brief": brief, "max_chars": most, "style_prompt": prompt_of(persona, style, adaptation),
        "platform": wish.platform,
    }  # fmt: skip
    return Brief(leg, spec, _stand_in(most, language))


def _most(
    personas: Personas, account: Account, wish: ContentWish, adaptation: Adaptation | None, language: str
) -> int:
    """How many characters a text may come to: as the caller says, else as the platform advises; where a video is
    wanted no longer than the tier's videos may be, unless that were too short for the platform."""
    hard = adaptation.character_limit if adaptation else None
    most = min(wish.max_chars or USUAL_CHARACTERS, hard or personas.settings.max_script_chars)
    if wish.max_chars or adaptation is None:
        return most
    most = min(adaptation.words_high * LONG_WORD, hard or personas.settings.max_script_chars)
    video = personas.tiers.tier(account.tier).video
    if wish.wants_video and video.allowed:
        likely = speech_seconds(_stand_in(most, language), language, speed=wish.speed or 1.0).likely
        fitting = int(most * video.max_seconds / likely * 0.95)
        most = min(most, fitting) if fitting >= adaptation.words_low * SHORT_WORD else most
    return most


def _stand_in(characters: int, language: str) -> str:
    """As long as a text may become, for what depends on its length."""
    sentence = _NOT_WRITTEN.get(language.split("-")[0].lower(), "This sentence has not been written yet. ")
    return (sentence * (characters // len(sentence) + 1))[:characters].strip() or sentence
