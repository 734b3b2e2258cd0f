"""Voices and avatars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import global_id, row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, errors_field, maybe, request_of
from persona_graph.graphql.mutations.personas import DeletedPayload
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.jobs import Job, Quote
from persona_graph.graphql.types.personas import Avatar, Voice
from persona_graph.personas import approval, avatars, reading, voices
from persona_graph.personas import tables as rows
from persona_graph.personas.avatars import Sitting
from persona_graph.personas.tables import VoicePolicy
from persona_graph.personas.voices import Submitted, Training


@described_input
class TrainVoiceInput(PaidInput):
    """Recordings to make a voice of: one of 60 to 180 s, or at least 5 of 1 s or more."""

    persona_id: strawberry.ID = f("The persona.")
    name: str = f("The voice's name, 1 to 200 characters.")
    sample_ids: list[strawberry.ID] = f(
        "1 to 25 uploaded assets with purpose SAMPLE, each for this one training: they are deleted when it ends."
    )
    language: str | None = f("BCP 47 tag; the persona's language if null.", default=None)
    preview_text: str | None = f(
        "What the preview says, at most 300 characters; a greeting if null.", default=None
    )


@described_input
class VoiceInput:
    """Which voice."""

    voice_id: strawberry.ID = f("The voice.")


@described_input
class RenameVoiceInput:
    """A voice's new name."""

    voice_id: strawberry.ID = f("The voice.")
    name: str = f("1 to 200 characters.")


@described
class VoicePayload:
    """The changed voice, or why nothing was changed."""

    voice: Voice | None = maybe("The voice.")
    errors: list[UserError] = errors_field()


@described
class TrainVoicePayload:
    """The draft voice and its job at once, or why there is none."""

    voice: Voice | None = maybe("The draft voice; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to.")
    errors: list[UserError] = errors_field()


@described_input
class CreateAvatarInput(PaidInput):
    """A portrait to make an avatar of."""

    persona_id: strawberry.ID = f("The persona.")
    name: str = f("The avatar's name, 1 to 200 characters.")
    photo_id: strawberry.ID = f("An uploaded asset with purpose PHOTO; several avatars may be made of it.")
    prompt: str | None = f(
        "Clothing, background and style in words, for providers that honour it; what the persona's settings say if null, nothing if empty.",
        default=None,
    )
    voice_policy: VoicePolicy = f("Who speaks in the proof clip.", default=VoicePolicy.PERSONA_VOICE)


@described_input
class AvatarInput:
    """Which avatar."""

    avatar_id: strawberry.ID = f("The avatar.")


@described_input
class RenameAvatarInput:
    """An avatar's new name."""

    avatar_id: strawberry.ID = f("The avatar.")
    name: str = f("1 to 200 characters.")


@described
class AvatarPayload:
    """The changed avatar, or why nothing was changed."""

    avatar: Avatar | None = maybe("The avatar.")
    errors: list[UserError] = errors_field()


@described
class CreateAvatarPayload:
    """The draft avatar and its job at once, or why there is none."""

    avatar: Avatar | None = maybe("The draft avatar; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to.")
    errors: list[UserError] = errors_field()


def quote_of(submitted: Submitted) -> Quote | None:
    """From the plan, or, for a repeated request, from the job it made the first time."""
    if submitted.plan is not None:
        return Quote.of_plan(submitted.plan)
    return Quote.of_job(submitted.job) if submitted.job is not None else None


async def subject_of(info: Info, submitted: Submitted, kind: Any) -> Any:
    if submitted.subject_id is None:
        return None
    context = info.context
    return (await reading.by_ids(context.runtime.db, context.viewer, kind, [submitted.subject_id]))[0]


Decision = TypeVar("Decision", VoicePayload, AvatarPayload)


def _voice(row: Any) -> dict[str, Any]:
    return {"voice": Voice.of(row)}


def _avatar(row: Any) -> dict[str, Any]:
    return {"avatar": Avatar.of(row)}


@described
class VoiceMutations:
    """Voices and avatars."""

    @strawberry.mutation(
        description="Train a voice from recordings. Nothing is charged or sent before the set qualifies; the approved voice stays live until the new one is approved."
    )
    async def train_voice(self, info: Info, input: TrainVoiceInput) -> TrainVoicePayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            training = Training(
                row_id("Persona", input.persona_id, "personaId"),
                input.name,
                tuple(row_id("Asset", id, "sampleIds", str(n)) for n, id in enumerate(input.sample_ids)),
                input.language,
                input.preview_text,
            )
            request = request_of("trainVoice", input)
            done = await voices.train_voice(context.runtime.personas, context.viewer, training, request)
            voice = Voice.of(await subject_of(info, done, rows.Voice))
            return {"voice": voice, "job": Job.of(done.job) if done.job else None, "quote": quote_of(done)}

        return await answer(TrainVoicePayload, use_case, lambda shape: shape)

    @strawberry.mutation(description="Make a READY draft the persona's voice; the one before is superseded.")
    async def approve_voice(self, info: Info, input: VoiceInput) -> VoicePayload:
        return await _decide(info, approval.approve, rows.Voice, input.voice_id, VoicePayload, _voice)

    @strawberry.mutation(description="Turn a READY draft down. It stays stored until it is deleted.")
    async def reject_voice(self, info: Info, input: VoiceInput) -> VoicePayload:
        return await _decide(info, approval.reject, rows.Voice, input.voice_id, VoicePayload, _voice)

    @strawberry.mutation(
        description="Bring back a READY voice that was approved before; the one in use is superseded."
    )
    async def activate_voice(self, info: Info, input: VoiceInput) -> VoicePayload:
        return await _decide(info, approval.activate, rows.Voice, input.voice_id, VoicePayload, _voice)

    @strawberry.mutation(description="Rename a voice.")
    async def rename_voice(self, info: Info, input: RenameVoiceInput) -> VoicePayload:
        context = info.context
        return await answer(
            VoicePayload,
            lambda: voices.rename_voice(
                context.runtime.personas,
                context.viewer,
                row_id("Voice", input.voice_id, "voiceId"),
                input.name,
            ),
            _voice,
        )

    @strawberry.mutation(
        description="Delete a voice: its jobs are cancelled, its model and preview destroyed, vendors told to delete their copies until they confirm."
    )
    async def delete_voice(self, info: Info, input: VoiceInput) -> DeletedPayload:
        context = info.context
        return await answer(
            DeletedPayload,
            lambda: voices.delete_voice(
                context.runtime.personas, context.viewer, row_id("Voice", input.voice_id, "voiceId")
            ),
            lambda gone: {"deleted_id": global_id("Voice", gone.id), "pending": gone.pending},
        )

    @strawberry.mutation(description="Make an avatar of a portrait and render a short proof clip to approve.")
    async def create_avatar(self, info: Info, input: CreateAvatarInput) -> CreateAvatarPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            sitting = Sitting(
                row_id("Persona", input.persona_id, "personaId"),
                input.name,
                row_id("Asset", input.photo_id, "photoId"),
                input.prompt,
                input.voice_policy,
            )
            request = request_of("createAvatar", input)
            done = await avatars.create_avatar(context.runtime.personas, context.viewer, sitting, request)
            avatar = Avatar.of(await subject_of(info, done, rows.Avatar))
            return {"avatar": avatar, "job": Job.of(done.job) if done.job else None, "quote": quote_of(done)}

        return await answer(CreateAvatarPayload, use_case, lambda shape: shape)

    @strawberry.mutation(description="Make a READY draft the persona's face; the one before is superseded.")
    async def approve_avatar(self, info: Info, input: AvatarInput) -> AvatarPayload:
        return await _decide(info, approval.approve, rows.Avatar, input.avatar_id, AvatarPayload, _avatar)

    @strawberry.mutation(description="Turn a READY draft down. It stays stored until it is deleted.")
    async def reject_avatar(self, info: Info, input: AvatarInput) -> AvatarPayload:
        return await _decide(info, approval.reject, rows.Avatar, input.avatar_id, AvatarPayload, _avatar)

    @strawberry.mutation(
        description="Bring back a READY avatar that was approved before; the one in use is superseded."
    )
    async def activate_avatar(self, info: Info, input: AvatarInput) -> AvatarPayload:
        return await _decide(info, approval.activate, rows.Avatar, input.avatar_id, AvatarPayload, _avatar)

    @strawberry.mutation(description="Rename an avatar.")
    async def rename_avatar(self, info: Info, input: RenameAvatarInput) -> AvatarPayload:
        context = info.context
        return await answer(
            AvatarPayload,
            lambda: avatars.rename_avatar(
                context.runtime.personas,
                context.viewer,
                row_id("Avatar", input.avatar_id, "avatarId"),
                input.name,
            ),
            _avatar,
        )

    @strawberry.mutation(
        description="Delete an avatar: its jobs are cancelled, its preview is destroyed, and its photo unless another avatar was made of it too."
    )
    async def delete_avatar(self, info: Info, input: AvatarInput) -> DeletedPayload:
        context = info.context
        return await answer(
            DeletedPayload,
            lambda: avatars.delete_avatar(
                context.runtime.personas, context.viewer, row_id("Avatar", input.avatar_id, "avatarId")
            ),
            lambda gone: {"deleted_id": global_id("Avatar", gone.id), "pending": gone.pending},
        )


async def _decide(
    info: Info,
    use_case: Any,
    kind: Any,
    id: str,
    payload: type[Decision],
    shape: Callable[[Any], dict[str, Any]],
) -> Decision:
    context = info.context
    field = f"{kind.__name__.lower()}Id"

    async def decide() -> Any:
        return await use_case(
            context.runtime.personas, context.viewer, kind, row_id(kind.__name__, id, field)
        )

    return await answer(payload, decide, shape)
