"""Content: texts with their readings and videos, scene by scene."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.types.core import Node
from persona_graph.graphql.types.outputs import ContentOutput, output_of
from persona_graph.personas.content_parts import Skipped
from persona_graph.personas.content_tables import Content as Row
from persona_graph.personas.content_wishes import ContentPart
from persona_graph.personas.tables import ContentType, Platform

if TYPE_CHECKING:
    from persona_graph.graphql.types.personas import Persona

LazyPersona = Annotated["Persona", strawberry.lazy("persona_graph.graphql.types.personas")]


@described
class Content(Node):
    """What one generateContent asked for: one text, or the scenes of a story."""

    id: strawberry.ID = f("Opaque id.")
    title: str | None = f("Its title; null if it has none.")
    content_type: ContentType = f("What it is.")
    platform: Platform | None = f("Where it will appear.")
    asked_by: str = f("The service or user that asked.")
    created_at: datetime = f("When it was asked for.")
    row: strawberry.Private[Row]

    @classmethod
    def of(cls, row: Row | None) -> Content | None:
        if row is None:
            return None
        return cls(
            id=global_id("Content", row.id), title=row.title or None, content_type=row.content_type,
            platform=row.platform, asked_by=row.asked_by, created_at=row.at, row=row,
        )  # fmt: skip

    @strawberry.field(
        description="Its scenes in order, each as it was made last; those that were deleted are missing."
    )
    async def scenes(self, info: Info) -> list[ContentOutput]:
        found = [output_of(row) for row in await info.context.scenes_of.load(self.row.id)]
        return [output for output in found if isinstance(output, ContentOutput)]

    @strawberry.field(description="Whose it is.")
    async def persona(self, info: Info) -> LazyPersona | None:
        from persona_graph.graphql.types.personas import Persona

        return Persona.of(await info.context.personas.load(self.row.persona_id))


@described
class SkippedPart:
    """A part that was asked for and cannot be had; the others are made."""

    scene: int = f("The place of its scene, from 0.")
    part: ContentPart = f("Which part.")
    code: str = f("Why, as a stable word; all are listed in docs/errors.md.")
    message: str = f("The same for people.")
    fix: str | None = f("What to do about it.")

    @classmethod
    def of(cls, scene: int, skipped: Skipped) -> SkippedPart:
        return cls(
            scene=scene, part=ContentPart(skipped.part), code=skipped.code, message=skipped.message, fix=skipped.fix
        )  # fmt: skip
