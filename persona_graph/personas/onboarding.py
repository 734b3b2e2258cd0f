"""From nothing to a persona that is approved as a whole: which steps are done, which is next, and what stands in the
way. Voice and avatar can always be left out; nothing is forced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.tiers import Feature
from persona_graph.db import Writing, utcnow
from persona_graph.errors import ConsentRequired, TierRefused, UserFault, WrongState
from persona_graph.personas import erasure
from persona_graph.personas.finding import hold, live_consent
from persona_graph.personas.room import Personas
from persona_graph.personas.styles import WritingStyle
from persona_graph.personas.tables import Approval, Avatar, Consent, ConsentScope, Persona, Voice
from persona_graph.personas.whole_tables import PersonaOnboarding, PersonaVersion

Part = Voice | Avatar


class OnboardingStep(StrEnum):
    """The steps, in their order."""

    WRITING_STYLE = "WRITING_STYLE"
    VOICE = "VOICE"
    AVATAR = "AVATAR"
    APPROVE = "APPROVE"


class StepState(StrEnum):
    """DONE; NEXT is what to do now; OPEN can be done now as well; BLOCKED says by what; SKIPPED was left out."""

    DONE = "DONE"
    NEXT = "NEXT"
    OPEN = "OPEN"
    BLOCKED = "BLOCKED"
    SKIPPED = "SKIPPED"


class PersonaPart(StrEnum):
    """What a person can opt out of."""

    VOICE = "VOICE"
    AVATAR = "AVATAR"


SCOPES = {PersonaPart.VOICE: ConsentScope.VOICE, PersonaPart.AVATAR: ConsentScope.LIKENESS}


@dataclass(frozen=True)
class Step:
    """``offered``: whether the tier has it at all; what is not offered stands in nobody's way."""

    name: OnboardingStep
    state: StepState
    next: str | None = None
    blockers: tuple[UserFault, ...] = ()
    offered: bool = True
    opted_out: bool = False


@dataclass(frozen=True)
class Facts:
    """Everything the steps are judged by."""

    persona: Persona
    tier: str
    style: WritingStyle | None
    voice: Voice | None
    avatar: Avatar | None
    consents: frozenset[ConsentScope]
    choices: PersonaOnboarding | None
    version: PersonaVersion | None


@dataclass(frozen=True)
class Whole:
    """The steps, and what they are about."""

    steps: list[Step]
    style: WritingStyle | None
    voice: Voice | None
    avatar: Avatar | None


async def whole_of(personas: Personas, persona: Persona) -> Whole:
    """``persona`` is the viewer's."""
    async with personas.db.reading() as session:
        account = await session.get_one(Account, persona.account_id)
        facts = await facts_of(session, persona, account.tier)
    return Whole(steps(personas, facts), facts.style, facts.voice, facts.avatar)


async def facts_of(session: AsyncSession, persona: Persona, tier: str) -> Facts:
    latest = (
        select(PersonaVersion)
        .where(PersonaVersion.persona_id == persona.id)
        .order_by(PersonaVersion.number.desc())
    )
    consents = [scope for scope in ConsentScope if await live_consent(session, persona.id, scope) is not None]
    return Facts(
        persona, tier, await session.get(WritingStyle, persona.id), await _current(session, persona, Voice),
        await _current(session, persona, Avatar), frozenset(consents),
        await session.get(PersonaOnboarding, persona.id),
        (await session.scalars(latest.limit(1))).one_or_none(),
    )  # fmt: skip


async def _current(session: AsyncSession, persona: Persona, kind: Any) -> Any:
    """The newest that could still come into use, else the one in use, else the newest."""
    rows = select(kind).where(kind.persona_id == persona.id, kind.deleted_at.is_(None))
    found: Sequence[Any] = (await session.scalars(rows.order_by(kind.id.desc()))).all()
    draft = next((one for one in found if one.approval == Approval.DRAFT and one.status == "READY"), None)
    live_id = persona.voice_id if kind is Voice else persona.avatar_id
    live = next((one for one in found if one.id == live_id), None)
    return draft or live or (found[0] if found else None)


def steps(personas: Personas, facts: Facts) -> list[Step]:
    made = [
        _style_step(facts),
        _part_step(personas, facts, OnboardingStep.VOICE),
        _part_step(personas, facts, OnboardingStep.AVATAR),
    ]
    return _with_next([*made, _approve_step(facts, made)])


def _with_next(found: list[Step]) -> list[Step]:
    """Of what can be done, the first is what to do."""
    first = next((n for n, step in enumerate(found) if step.state is StepState.OPEN), None)
    return [replace(step, state=StepState.NEXT) if n == first else step for n, step in enumerate(found)]


def _style_step(facts: Facts) -> Step:
    name = OnboardingStep.WRITING_STYLE
    if facts.style is not None and (facts.style.measured or facts.style.edits):
        return Step(name, StepState.DONE, "Look at it with writingStyle; change it with updateWritingStyle.")
    state = StepState.SKIPPED if _left_out(facts, name) else StepState.OPEN
    return Step(name, state, "Call analyzeWritingStyle with texts, documents or pages of the person.")


_FEATURES = {OnboardingStep.VOICE: Feature.VOICE_TRAINING, OnboardingStep.AVATAR: Feature.AVATAR}
_MAKE = {OnboardingStep.VOICE: "trainVoice", OnboardingStep.AVATAR: "createAvatar"}


def _part_step(personas: Personas, facts: Facts, name: OnboardingStep) -> Step:
    part: Part | None = facts.voice if name is OnboardingStep.VOICE else facts.avatar
    out = facts.choices is not None and name.value in facts.choices.opted_out
    if part is not None and part.status == "READY" and part.approval in (Approval.DRAFT, Approval.APPROVED):
        word = name.value.lower()
        draft = f"Look at the {word}'s preview; approvePersona puts it into use, or approve{name.value.capitalize()}."
        return Step(name, StepState.DONE, draft if part.approval == Approval.DRAFT else None)
    refused = _not_in_tier(personas, facts.tier, name)
    if refused is not None:
        return Step(name, StepState.BLOCKED, refused.fix, (refused,), offered=False, opted_out=out)
    if part is not None and part.status in ("TRAINING", "CREATING"):
        return Step(name, StepState.BLOCKED, "Follow its job to the end.", (_at_work(name, part),))
    if _left_out(facts, name):
        return Step(
            name, StepState.SKIPPED, f"Call {_MAKE[name]} whenever it is wanted after all.", opted_out=out
        )
    scope = SCOPES[PersonaPart(name.value)]
    if scope not in facts.consents:
        fault = ConsentRequired(
            message=f"There is no live {scope} consent for this persona.", scope=scope,
            fix=f"Ask the person, then call grantConsent with scope {scope}; or leave the step out with skipOnboardingStep.",
        )  # fmt: skip
        return Step(name, StepState.BLOCKED, fault.fix, (fault,))
    why = f"The last one is {part.status if part.status != 'READY' else part.approval}. " if part else ""
    return Step(name, StepState.OPEN, f"{why}Call {_MAKE[name]}, or leave it out with skipOnboardingStep.")


def _left_out(facts: Facts, name: OnboardingStep) -> bool:
    chosen = facts.choices
    return chosen is not None and name.value in (*chosen.skipped, *chosen.opted_out)


def _not_in_tier(personas: Personas, tier: str, name: OnboardingStep) -> TierRefused | None:
    try:
        personas.tiers.admit(tier, _FEATURES[name])
    except TierRefused as refused:
        return refused
    return None


def _at_work(name: OnboardingStep, part: Part) -> WrongState:
    return WrongState(
        code="NOT_READY", message=f"The {name.value.lower()} is {part.status}.", state=part.status, path=(),
        fix="Wait for its job to succeed and look at the preview, or cancel the job.",
    )  # fmt: skip


def _approve_step(facts: Facts, made: Sequence[Step]) -> Step:
    name = OnboardingStep.APPROVE
    in_the_way = [
        step for step in made if step.offered and step.state not in (StepState.DONE, StepState.SKIPPED)
    ]
    if in_the_way and facts.version is None:
        faults = tuple(_unfinished(step) for step in in_the_way)
        return Step(name, StepState.BLOCKED, "Finish or skip the steps before.", faults)
    drafts = [part for part in (facts.voice, facts.avatar) if part and part.approval == Approval.DRAFT]
    drafts = [part for part in drafts if part.status == "READY"]
    if facts.version is not None and not drafts:
        return Step(name, StepState.DONE)
    return Step(name, StepState.OPEN, "Look at the whole and call approvePersona.")


def _unfinished(step: Step) -> WrongState:
    word = step.name.value.lower().replace("_", " ")
    return WrongState(
        code="NOT_READY", message=f"The {word} step is not done.", state=step.state.value, path=("personaId",),
        fix=step.next,
    )  # fmt: skip


async def skip_step(personas: Personas, viewer: Viewer, persona_id: str, step: OnboardingStep) -> Persona:
    """Nothing is deleted; doing the step later undoes it."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        if step is OnboardingStep.APPROVE:
            raise WrongState(
                code="NOT_APPROVED", message="The approval cannot be skipped.", state="OPEN", path=("step",),
                fix="Call approvePersona.",
            )  # fmt: skip
        row = await _choices(session, persona)
        row.skipped = sorted({*row.skipped, step.value})
        row.updated_at = utcnow()
    return persona


async def resume_step(personas: Personas, viewer: Viewer, persona_id: str, step: OnboardingStep) -> Persona:
    """The step counts again, also after an opt-out: the person's consent is asked for anew."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        row = await _choices(session, persona)
        row.skipped = [name for name in row.skipped if name != step.value]
        row.opted_out = [name for name in row.opted_out if name != step.value]
        row.updated_at = utcnow()
    return persona


async def opt_out(
    personas: Personas, viewer: Viewer, persona_id: str, part: PersonaPart
) -> tuple[Persona, tuple[str, ...]]:
    """Use stops at once: every voice or avatar is erased with its jobs, the consent ends. Answers the providers that
    have not confirmed deleting their copy yet."""
    viewer.need(Scope.WRITE)
    pending: list[str] = []
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        kind: Any = Voice if part is PersonaPart.VOICE else Avatar
        rows = select(kind).where(kind.persona_id == persona.id, kind.deleted_at.is_(None))
        for one in (await session.scalars(rows.order_by(kind.id))).all():
            if part is PersonaPart.VOICE:
                pending += await erasure.erase_voice(personas, session, one)
            else:
                await erasure.erase_avatar(personas, session, one)
        ended = update(Consent).where(
            Consent.persona_id == persona.id, Consent.scope == SCOPES[part], Consent.withdrawn_at.is_(None)
        )
        await session.execute(ended.values(withdrawn_at=utcnow()))
        row = await _choices(session, persona)
        row.opted_out = sorted({*row.opted_out, part.value})
        row.updated_at = persona.updated_at = utcnow()
    return persona, tuple(dict.fromkeys(pending))


async def _choices(session: Writing, persona: Persona) -> PersonaOnboarding:
    row = await session.get(PersonaOnboarding, persona.id)
    if row is None:
        row = PersonaOnboarding(
            persona_id=persona.id, account_id=persona.account_id, skipped=[], opted_out=[]
        )
        session.add(row)
    return row
