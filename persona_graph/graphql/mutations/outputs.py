"""Speech, video and their jobs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.enums import Aspect, Resolution, SpeechFormat
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, errors_field, maybe, request_of
from persona_graph.graphql.mutations.personas import DeletedPayload
from persona_graph.graphql.mutations.voices import quote_of, subject_of
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.jobs import Job, Quote
from persona_graph.graphql.types.outputs import Output, SpeechOutput, VideoOutput, output_of
from persona_graph.graphql.types.sound import EffectsInput, MusicInput, sound_wish
from persona_graph.jobs import cancel
from persona_graph.media.mixing.effects import Preset
from persona_graph.personas import drafts, outputs
from persona_graph.personas import tables as rows
from persona_graph.personas.sound import CaptionMode
from persona_graph.personas.tables import ContentType, Platform, VoicePolicy
from persona_graph.personas.wishes import SpeechWish, VideoWish

_DRAFT = "Make it for nothing, with a provider that bills nothing, in a stock voice if need be: to look at, not to publish. promoteOutput makes it for real."
_REUSE = (
    "Whether an earlier output of an identical request may be given again, for nothing; false makes it anew."
)


@described_input
class GenerateSpeechInput(PaidInput):
    """A script to speak as the persona."""

    persona_id: strawberry.ID = f("The persona.")
    script: str = f(
        "What to say; plain text, at least one word, at most 20,000 characters unless the server is set otherwise."
    )
    platform: Platform | None = f("Where it will appear.", default=None)
    language: str | None = f("BCP 47 tag; what the persona's settings say if null.", default=None)
    format: SpeechFormat | None = f(
        "File format; what the persona's settings say if null, WAV without any.", default=None
    )
    emotion: str | None = f(
        "A word such as neutral, happy or calm, for providers that honour it; what the persona's settings say if null.",
        default=None,
    )
    speed: float | None = f(
        "0.5 to 2; 1 is the voice's own pace. What the persona's settings say if null.", default=None
    )
    pitch: float | None = f("-12 to 12 semitones; what the persona's settings say if null.", default=None)
    voice_policy: VoicePolicy = f("Whether a stock voice may stand in.", default=VoicePolicy.PERSONA_VOICE)
    preset: Preset = f("A set of effects by name.", default=Preset.NONE)
    effects: EffectsInput | None = f("Amounts in place of the preset's.", default=None)
    music: MusicInput | None = f("Background music.", default=None)
    captions: bool = f("Whether to make captions as well.", default=False)
    content_type: ContentType | None = f("What it is; what its platform suggests if null.", default=None)
    draft: bool = f(_DRAFT, default=False)
    reuse: bool = f(_REUSE, default=True)


@described_input
class GenerateVideoInput(PaidInput):
    """A video of the persona speaking: of a script, or of an earlier speech output."""

    persona_id: strawberry.ID = f("The persona.")
    script: str | None = f("What to say; give this or speechOutputId.", default=None)
    speech_output_id: strawberry.ID | None = f(
        "A ready SpeechOutput or ContentOutput of the persona, whose speech is shown.", default=None
    )
    platform: Platform | None = f("Where it will appear.", default=None)
    language: str | None = f("BCP 47 tag; what the persona's settings say if null.", default=None)
    resolution: Resolution | None = f(
        "The short side; what the persona's settings say if null, 480 pixels without any.", default=None
    )
    aspect: Aspect | None = f(
        "The shape; what the persona's settings say if null, a square without any.", default=None
    )
    prompt: str | None = f(
        "Clothing, background and style in words, for providers that honour it; what the persona's settings say if null, nothing if empty.",
        default=None,
    )
    emotion: str | None = f("Of a script: as in generateSpeech.", default=None)
    speed: float | None = f("Of a script: as in generateSpeech.", default=None)
    pitch: float | None = f("Of a script: as in generateSpeech.", default=None)
    voice_policy: VoicePolicy = f("Whether a stock voice may stand in.", default=VoicePolicy.PERSONA_VOICE)
    captions: CaptionMode = f(
        "How captions are shown; other than NONE, they are files of the output as well.",
        default=CaptionMode.NONE,
    )
    content_type: ContentType | None = f("What it is; what its platform suggests if null.", default=None)
    draft: bool = f(_DRAFT, default=False)
    reuse: bool = f(_REUSE, default=True)


@described_input
class PromoteOutputInput(PaidInput):
    """A draft to make for real."""

    output_id: strawberry.ID = f("A finished draft.")


@described
class PromoteOutputPayload:
    """The output and its job at once, or why there is none."""

    output: Output | None = maybe("The output, a draft until the job succeeds; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to.")
    errors: list[UserError] = errors_field()


@described
class GenerateSpeechPayload:
    """The output and its job at once, or why there is none."""

    output: SpeechOutput | None = maybe("The output; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to.")
    errors: list[UserError] = errors_field()


@described
class GenerateVideoPayload:
    """The output and its job at once, or why there is none."""

    output: VideoOutput | None = maybe("The output; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to.")
    errors: list[UserError] = errors_field()


@described_input
class DeleteOutputInput:
    """Which output to delete."""

    output_id: strawberry.ID = f("The output.")


@described_input
class CancelJobInput:
    """Which job to cancel."""

    job_id: strawberry.ID = f("The job.")


@described_input
class ResolveReviewInput:
    """An operator's word on a job that is NEEDS_REVIEW or QUARANTINED."""

    job_id: strawberry.ID = f("The job, of any account.")
    again: bool = f("True runs it again; false ends it as failed, uncharged.")
    note: str = f("Why, for the record.")
    billed_cost: Decimal | None = f(
        "What the vendor turned out to charge for the order whose outcome was unknown, in USD; null if nothing.",
        default=None,
    )


@described
class JobPayload:
    """The changed job, or why nothing was changed."""

    job: Job | None = maybe("The job.")
    errors: list[UserError] = errors_field()


def _job(row: Any) -> dict[str, Any]:
    return {"job": Job.of(row)}


@described
class OutputMutations:
    """Speech, video and their jobs."""

    @strawberry.mutation(description="Speak a script as the persona.")
    async def generate_speech(self, info: Info, input: GenerateSpeechInput) -> GenerateSpeechPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            wish = SpeechWish(
                row_id("Persona", input.persona_id, "personaId"), input.script, input.platform, input.language,
                input.format.value if input.format else None, input.emotion, input.speed, input.pitch, input.voice_policy,
                sound_wish(input.preset, input.effects, input.music, input.captions), input.content_type,
                input.draft, input.reuse,
            )  # fmt: skip
            request = request_of("generateSpeech", input)
            done = await outputs.generate_speech(context.runtime.personas, context.viewer, wish, request)
            return await _made(info, done)

        return await answer(GenerateSpeechPayload, use_case, lambda shape: shape)

    @strawberry.mutation(
        description="Make the persona's portrait speak: a script (speech first, then video: two legs of one job), or an earlier speech output."
    )
    async def generate_video(self, info: Info, input: GenerateVideoInput) -> GenerateVideoPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            spoken = input.speech_output_id
            wish = VideoWish(
                row_id("Persona", input.persona_id, "personaId"), input.script,
                row_id("SpeechOutput", spoken, "speechOutputId") if spoken is not None else None, input.platform,
                input.language, input.resolution.value if input.resolution else None,
                input.aspect.value if input.aspect else None, input.prompt, input.voice_policy, input.captions,
                input.content_type, input.draft, input.reuse, emotion=input.emotion, speed=input.speed,
                pitch=input.pitch,
            )  # fmt: skip
            request = request_of("generateVideo", input)
            done = await outputs.generate_video(context.runtime.personas, context.viewer, wish, request)
            return await _made(info, done)

        return await answer(GenerateVideoPayload, use_case, lambda shape: shape)

    @strawberry.mutation(
        description="Make a draft for real: the same wish, paid for, under the same id. The draft stays as it is until the job succeeds; its timings are then computed anew."
    )
    async def promote_output(self, info: Info, input: PromoteOutputInput) -> PromoteOutputPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            output_id = row_id("Output", input.output_id, "outputId")
            request = request_of("promoteOutput", input)
            done = await drafts.promote_output(context.runtime.personas, context.viewer, output_id, request)
            return await _made(info, done)

        return await answer(PromoteOutputPayload, use_case, lambda shape: shape)

    @strawberry.mutation(description="Delete an output and its files; a job that makes it is cancelled.")
    async def delete_output(self, info: Info, input: DeleteOutputInput) -> DeletedPayload:
        context = info.context
        return await answer(
            DeletedPayload,
            lambda: outputs.delete_output(
                context.runtime.personas, context.viewer, row_id("Output", input.output_id, "outputId")
            ),
            lambda _: {"deleted_id": input.output_id, "pending": []},
        )

    @strawberry.mutation(
        description="Stop a job. Nothing is charged unless it was done before the stop reached it."
    )
    async def cancel_job(self, info: Info, input: CancelJobInput) -> JobPayload:
        context = info.context
        return await answer(
            JobPayload,
            lambda: cancel.cancel_job(
                context.runtime.jobs, context.viewer, row_id("Job", input.job_id, "jobId")
            ),
            _job,
        )

    @strawberry.mutation(
        description="Operators: decide on a job that nobody could finish. Needs the OPERATE scope."
    )
    async def resolve_review(self, info: Info, input: ResolveReviewInput) -> JobPayload:
        context = info.context
        return await answer(
            JobPayload,
            lambda: cancel.resolve_review(
                context.runtime.jobs, context.viewer, row_id("Job", input.job_id, "jobId"), again=input.again,
                note=input.note, billed=input.billed_cost,
            ),
            _job,
        )  # fmt: skip


async def _made(info: Info, done: Any) -> dict[str, Any]:
    output = output_of(await subject_of(info, done, rows.Output))
    return {"output": output, "job": Job.of(done.job) if done.job else None, "quote": quote_of(done)}
