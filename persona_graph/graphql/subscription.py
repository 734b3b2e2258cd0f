"""The subscription root: stored events first, then live ones, each once and in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from persona_graph.errors import NotFound
from persona_graph.graphql.context import Info, need_read
from persona_graph.graphql.describe import After, described
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.types.jobs import JobEvent
from persona_graph.jobs.feed import Follower, place

JobId = Annotated[strawberry.ID, strawberry.argument(description="The job.")]
PersonaId = Annotated[strawberry.ID, strawberry.argument(description="The persona.")]


@described
class Subscription:
    """Live progress. A stream may be left and resumed with the last cursor without gap or duplicate."""

    @strawberry.subscription(
        description="The events of one job after a cursor, or from its first; ends after the terminal one."
    )
    async def job_events(
        self, info: Info, job_id: JobId, after: After = None
    ) -> AsyncGenerator[JobEvent, None]:
        need_read(info)
        id = row_id("Job", job_id, "jobId")
        if await info.context.jobs.load(id) is None:
            raise NotFound(message="There is no such job.", path=("jobId",), fix="Check the id.")
        async for event in _told(info.context.runtime.feed.job(id, place(id, after))):
            yield event

    @strawberry.subscription(
        description="The events of all jobs of a persona after a cursor, or from the first; does not end by itself."
    )
    async def persona_events(
        self, info: Info, persona_id: PersonaId, after: After = None
    ) -> AsyncGenerator[JobEvent, None]:
        need_read(info)
        id = row_id("Persona", persona_id, "personaId")
        if await info.context.personas.load(id) is None:
            raise NotFound(message="There is no such persona.", path=("personaId",), fix="Check the id.")
        async for event in _told(info.context.runtime.feed.persona(id, place(id, after))):
            yield event


async def _told(follower: Follower) -> AsyncGenerator[JobEvent, None]:
    try:
        async for event in follower:
            yield JobEvent.of(event)
    finally:
        await follower.aclose()
