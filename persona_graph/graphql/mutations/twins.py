"""Voice twins and the renewal of enrolments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, request_of
from persona_graph.graphql.mutations.voices import TrainVoicePayload, VoicePayload, quote_of, subject_of
from persona_graph.graphql.types.jobs import Job
from persona_graph.graphql.types.personas import Voice
from persona_graph.personas import leases, twins
from persona_graph.personas import tables as rows
from persona_graph.personas.twins import TwinWish


@described_input
class TrainTwinInput(PaidInput):
    """A voice, one more provider for it, and recordings of the same person."""

    voice_id: strawberry.ID = f("A voice that was trained.")
    provider: str = f("The id of the provider where it is to be enrolled too.")
    sample_ids: list[strawberry.ID] = f(
        "1 to 25 uploaded assets with purpose SAMPLE, of the same person: one of 60 to 180 s, or at least 5 of 1 s or more. They are deleted when the job ends."
    )


@described_input
class TwinInput:
    """Which twin."""

    enrolment_id: strawberry.ID = f("An enrolment of a voice that is a twin.")


@described_input
class SetVoiceRenewalInput:
    """How much keeping a voice alive may cost."""

    voice_id: strawberry.ID = f("The voice.")
    monthly_cap: Decimal | None = f(
        "What renewing its enrolments may cost the operator within 30 days, in USD; null: nothing is renewed.",
        default=None,
    )


def _voice(row: Any) -> dict[str, Any]:
    return {"voice": Voice.of(row)}


@described
class TwinMutations:
    """Voice twins and renewals."""

    @strawberry.mutation(
        description="Enrol a trained voice at one more provider, so that it can stand in there. The recordings must be of the same person. Nothing speaks with the twin before acceptTwin."
    )
    async def train_twin(self, info: Info, input: TrainTwinInput) -> TrainVoicePayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            wish = TwinWish(
                row_id("Voice", input.voice_id, "voiceId"),
                input.provider,
                tuple(row_id("Asset", id, "sampleIds", str(n)) for n, id in enumerate(input.sample_ids)),
            )
            request = request_of("trainTwin", input)
            done = await twins.train_twin(context.runtime.personas, context.viewer, wish, request)
            voice = Voice.of(await subject_of(info, done, rows.Voice))
            return {"voice": voice, "job": Job.of(done.job) if done.job else None, "quote": quote_of(done)}

        return await answer(TrainVoicePayload, use_case, lambda shape: shape)

    @strawberry.mutation(
        description="Let a twin speak when the first enrolment cannot. Listen to its preview before; a twin whose measured similarity is under 0.65 is refused."
    )
    async def accept_twin(self, info: Info, input: TwinInput) -> VoicePayload:
        return await answer(
            VoicePayload,
            lambda: twins.accept_twin(
                info.context.runtime.personas,
                info.context.viewer,
                row_id("Enrolment", input.enrolment_id, "enrolmentId"),
            ),
            _voice,
        )

    @strawberry.mutation(
        description="Delete a twin, accepted or not: it stops speaking at once, and its vendor is told until it confirms."
    )
    async def delete_twin(self, info: Info, input: TwinInput) -> VoicePayload:
        return await answer(
            VoicePayload,
            lambda: twins.delete_twin(
                info.context.runtime.personas,
                info.context.viewer,
                row_id("Enrolment", input.enrolment_id, "enrolmentId"),
            ),
            _voice,
        )

    @strawberry.mutation(
        description="Allow, or no longer allow, that enrolments of a voice are used once before their vendor drops them."
    )
    async def set_voice_renewal(self, info: Info, input: SetVoiceRenewalInput) -> VoicePayload:
        return await answer(
            VoicePayload,
            lambda: leases.set_renewal(
                info.context.runtime.personas,
                info.context.viewer,
                row_id("Voice", input.voice_id, "voiceId"),
                input.monthly_cap,
            ),
            _voice,
        )
