"""Make and delete avatars. The portrait is the avatar; a short proof clip is the preview to approve."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.tiers import Feature
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Plan, Request, Subject, earlier_job, open_job, plan_legs, rehearsed
from persona_graph.media.assets import AssetPurpose
from persona_graph.personas import erasure
from persona_graph.personas.consents import need_consent
from persona_graph.personas.finding import hold
from persona_graph.personas.legs import speech_leg
from persona_graph.personas.persona_settings import prompt_for
from persona_graph.personas.planning import plan_video
from persona_graph.personas.room import Deleted, Personas, plain_text
from persona_graph.personas.tables import Avatar, AvatarStatus, ConsentScope, Persona, VoicePolicy
from persona_graph.personas.uploads import usable
from persona_graph.personas.voices import Submitted

PROOF_TEXTS = {
    "en": "Hello, this is my new portrait.",
    "de": "Hallo, das ist mein neues Porträt.",
    "fr": "Bonjour, voici mon nouveau portrait.",
    "es": "Hola, este es mi nuevo retrato.",
}


@dataclass(frozen=True)
class Sitting:
    persona_id: str
    name: str
    photo_id: str
    prompt: str | None = None
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE


async def create_avatar(personas: Personas, viewer: Viewer, sitting: Sitting, request: Request) -> Submitted:
    viewer.need(Scope.WRITE)
    name = plain_text(sitting.name, "name", most=200)
    called = None if sitting.prompt is None else plain_text(sitting.prompt, "prompt", most=500, least=0)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        earlier = await earlier_job(session, viewer, request)
        if earlier is not None:
            return Submitted(None, earlier, earlier.subject_id)
        persona = await hold(session, viewer, Persona, sitting.persona_id, "personaId")
        personas.tiers.admit(account.tier, Feature.AVATAR)
        photo = await usable(personas, session, viewer, sitting.photo_id, AssetPurpose.PHOTO, "photoId")
        await need_consent(session, persona.id, ConsentScope.LIKENESS)
        prompt = await prompt_for(session, persona, called)
        proof = PROOF_TEXTS.get(persona.language.split("-")[0], PROOF_TEXTS["en"])
        voice_id, plan = await _plan(
            personas, session, viewer, account, persona, proof, prompt, sitting.voice_policy
        )
        if await rehearsed(personas.jobs, session, account, plan, request.paid):
            return Submitted(plan, None, None)
        avatar = Avatar(
            account_id=viewer.account_id, persona_id=persona.id, name=name, status=AvatarStatus.CREATING,
            portrait_id=photo.id,
            photo={**(photo.facts or {}), "width": photo.width, "height": photo.height},
        )  # fmt: skip
        session.add(avatar)
        await session.flush()
        spec = {
            "avatar": avatar.id, "voice": voice_id, "script": proof, "language": persona.language, "prompt": prompt,
            "resolution": "480p", "aspect": "1:1",
        }  # fmt: skip
        job = await open_job(
            personas.jobs, session, viewer, account, request, JobKind.AVATAR,
            Subject("Avatar", avatar.id, persona.id), spec, plan,
        )  # fmt: skip
        avatar.job_id = job.id
    return Submitted(plan, job, avatar.id)


async def _plan(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, proof: str,
    prompt: str, policy: VoicePolicy,
) -> tuple[str | None, Plan]:  # fmt: skip
    voice, speech = await speech_leg(
        personas, session, viewer, account, persona, proof, persona.language, policy, included=True
    )
    video = plan_video(account.tier, speech.span, prompt=prompt, included=True)
    plan = plan_legs(personas.jobs, account.tier, [speech, video])
    return (voice.id if voice else None), plan


async def rename_avatar(personas: Personas, viewer: Viewer, avatar_id: str, name: str) -> Avatar:
    viewer.need(Scope.WRITE)
    name = plain_text(name, "name", most=200)
    async with personas.db.writing() as session:
        avatar = await hold(session, viewer, Avatar, avatar_id, "avatarId")
        avatar.name = name
    return avatar


async def delete_avatar(personas: Personas, viewer: Viewer, avatar_id: str) -> Deleted:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        avatar = await hold(session, viewer, Avatar, avatar_id, "avatarId")
        await erasure.erase_avatar(personas, session, avatar)
    return Deleted(avatar_id)
