"""Judging recordings before a training is bought."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, maybe
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.quality import (
    SampleAssessment,
    VoiceCharacteristics,
    VoiceQuality,
    samples_of,
)
from persona_graph.personas.assessing import assess_samples


@described_input
class AssessSamplesInput:
    """Recordings to judge."""

    sample_ids: list[strawberry.ID] = f(
        "1 to 25 uploaded assets with purpose SAMPLE, together at most 25 minutes."
    )


@described
class AssessSamplesPayload:
    """What a training of these recordings would be worth, or why that cannot be said."""

    samples: list[SampleAssessment] | None = maybe("Each recording by itself, in the order given.")
    qualifies: bool | None = maybe(
        "Whether trainVoice would take the accepted ones: one of 60 to 180 s, or at least 5 of 1 s or more."
    )
    quality: VoiceQuality | None = maybe("The accepted ones together.")
    characteristics: VoiceCharacteristics | None = maybe("What the voice in the accepted ones is like.")
    errors: list[UserError] = errors_field()


@described
class SampleMutations:
    """Samples."""

    @strawberry.mutation(
        description="Judge recordings as trainVoice would: each accepted or refused with its reason, the set's score and what to record next. Free; nothing is stored, charged or sent anywhere."
    )
    async def assess_samples(self, info: Info, input: AssessSamplesInput) -> AssessSamplesPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            ids = [row_id("Asset", id, "sampleIds", str(n)) for n, id in enumerate(input.sample_ids)]
            assessed = await assess_samples(context.runtime.personas, context.viewer, ids)
            found = assessed.assessment
            return {
                "samples": samples_of(assessed), "qualifies": found.qualifies,
                "quality": VoiceQuality.of(asdict(found.quality)),
                "characteristics": VoiceCharacteristics.of(asdict(found.characteristics)),
            }  # fmt: skip

        return await answer(AssessSamplesPayload, use_case, lambda shape: shape)
