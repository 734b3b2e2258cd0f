"""Photos, before an avatar is made of one."""

from __future__ import annotations

from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, maybe
from persona_graph.graphql.types.assets import Asset, MediaRefusal
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.photos import PhotoReport
from persona_graph.personas.photos import AssessedPhoto, assess_photo


@described_input
class AssessPhotoInput:
    """Which photo."""

    photo_id: strawberry.ID = f("An uploaded asset with purpose PHOTO, accepted or refused.")


@described
class AssessPhotoPayload:
    """Whether an avatar can be made of the photo, and how it would look."""

    accepted: bool | None = maybe("Whether it passed every check.")
    refusal: MediaRefusal | None = maybe("What is wrong with it and what to do; null when it was accepted.")
    report: PhotoReport | None = maybe(
        "What was measured; null when it was refused: then nothing of it is kept."
    )
    preview: Asset | None = maybe(
        "The portrait as a 1:1 video frames it: a PNG of at most 512 pixels, erased with the photo. Null when it was refused."
    )
    errors: list[UserError] = errors_field()


@described
class PhotoMutations:
    """Photos."""

    @strawberry.mutation(
        description="Judge an uploaded photo before an avatar is made of it. Free; asking again gives the same answer."
    )
    async def assess_photo(self, info: Info, input: AssessPhotoInput) -> AssessPhotoPayload:
        context = info.context

        async def use_case() -> AssessedPhoto:
            photo_id = row_id("Asset", input.photo_id, "photoId")
            return await assess_photo(context.runtime.personas, context.viewer, photo_id)

        return await answer(AssessPhotoPayload, use_case, _shape)


def _shape(assessed: AssessedPhoto) -> dict[str, Any]:
    photo = Asset.of(assessed.photo)
    refusal = photo.refusal if photo else None
    row = assessed.photo
    return {
        "accepted": refusal is None,
        "refusal": refusal,
        "report": PhotoReport.of(row.facts or {}, row.width, row.height) if refusal is None else None,
        "preview": Asset.of(assessed.preview),
    }
