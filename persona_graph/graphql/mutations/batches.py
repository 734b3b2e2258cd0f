"""Many scripts in one request."""

from __future__ import annotations

from typing import Any, cast

import strawberry

from persona_graph.errors import UserFault
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.enums import SpeechFormat
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, errors_field, maybe, request_of
from persona_graph.graphql.types.core import UserError, user_error
from persona_graph.graphql.types.jobs import Job, Quote
from persona_graph.graphql.types.outputs import SpeechOutput, output_of
from persona_graph.graphql.types.sound import EffectsInput, MusicInput, sound_wish
from persona_graph.media.mixing.effects import Preset
from persona_graph.personas import batch, reading
from persona_graph.personas import tables as rows
from persona_graph.personas.batch import MOST_ITEMS, Asked, Outcome
from persona_graph.personas.tables import ContentType, Platform, VoicePolicy
from persona_graph.personas.wishes import SpeechWish


@described_input
class SpeechItemInput:
    """One script of a batch, with what generateSpeech takes besides."""

    script: str = f("What to say; as in generateSpeech.")
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
    draft: bool = f("As in generateSpeech.", default=False)
    reuse: bool = f("As in generateSpeech.", default=True)

    def wish(self, persona_id: str) -> Asked:
        try:
            return self._wish(persona_id)
        except UserFault as fault:
            return fault

    def _wish(self, persona_id: str) -> SpeechWish:
        return SpeechWish(
            persona_id, self.script, self.platform, self.language, self.format.value if self.format else None, self.emotion, self.speed,
            self.pitch, self.voice_policy, sound_wish(self.preset, self.effects, self.music, self.captions),
            self.content_type, self.draft, self.reuse,
        )  # fmt: skip


@described_input
class GenerateSpeechBatchInput(PaidInput):
    """Several scripts to speak as one persona."""

    persona_id: strawberry.ID = f("The persona.")
    items: list[SpeechItemInput] = f(f"1 to {MOST_ITEMS} scripts.")


@described
class SpeechBatchItem:
    """What became of one script."""

    index: int = f("Its place in the input, from 0.")
    output: SpeechOutput | None = f("The output; null on a dry run and where it was refused.")
    job: Job | None = f("Follow it with jobEvents; null on a dry run and where it was refused.")
    quote: Quote | None = f("What it comes to; null where it was refused.")
    errors: list[UserError] = f("Why this script was refused; empty if it was not.")


@described
class GenerateSpeechBatchPayload:
    """Script by script the output and its job, or why there is none."""

    items: list[SpeechBatchItem] | None = maybe("In the order of the input; null if the whole was refused.")
    quote: Quote | None = maybe("What all that were not refused come to.")
    errors: list[UserError] = errors_field()


@described
class BatchMutations:
    """Many scripts in one request."""

    @strawberry.mutation(
        description="Speak several scripts as the persona, each as a job of its own. A script that is refused does not stop the others; a price over the cap or over maxPrice stops all."
    )
    async def generate_speech_batch(
        self, info: Info, input: GenerateSpeechBatchInput
    ) -> GenerateSpeechBatchPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            wishes = [item.wish(persona_id) for item in input.items]
            request = request_of("generateSpeechBatch", input)
            made = await batch.generate_speech_batch(
                context.runtime.personas, context.viewer, persona_id, wishes, request
            )
            return {"items": await _items(info, made), "quote": _whole(made)}

        return await answer(GenerateSpeechBatchPayload, use_case, lambda shape: shape)


async def _items(info: Info, made: list[Outcome]) -> list[SpeechBatchItem]:
    context = info.context
    ids = [each.job.subject_id if each.job else "" for each in made]
    found = await reading.by_ids(context.runtime.db, context.viewer, rows.Output, ids)
    return [
        SpeechBatchItem(
            index=n, output=cast(SpeechOutput | None, output_of(output)), job=Job.of(each.job) if each.job else None, quote=_quote(each),
            errors=[user_error(fault) for fault in each.faults],
        )
        for n, (each, output) in enumerate(zip(made, found, strict=True))
    ]  # fmt: skip


def _quote(each: Outcome) -> Quote | None:
    """From the plan, or, for a repeated request, from the job it made the first time."""
    if each.plan is not None:
        return Quote.of_plan(each.plan)
    return Quote.of_job(each.job) if each.job is not None else None


def _whole(made: list[Outcome]) -> Quote:
    plans = [each.plan for each in made if each.plan is not None]
    return Quote.of_plan(*plans) if plans else Quote.of_job(*(each.job for each in made if each.job))
