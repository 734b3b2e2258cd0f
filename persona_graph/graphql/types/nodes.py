"""Finding anything by its global id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from persona_graph.graphql.context import Info
from persona_graph.graphql.types.assets import Asset
from persona_graph.graphql.types.content import Content
from persona_graph.graphql.types.core import Node
from persona_graph.graphql.types.jobs import Job
from persona_graph.graphql.types.outputs import output_of
from persona_graph.graphql.types.personas import Avatar, Consent, Persona, Voice


async def load_node(info: Info, kind: str, id: str) -> Node | None:
    """The viewer's node of that type; ``None`` for anything else."""
    load = _LOADERS.get(kind)
    return await load(info, id) if load else None


async def _persona(info: Info, id: str) -> Node | None:
    return Persona.of(await info.context.personas.load(id))


async def _voice(info: Info, id: str) -> Node | None:
    return Voice.of(await info.context.voices.load(id))


async def _avatar(info: Info, id: str) -> Node | None:
    return Avatar.of(await info.context.avatars.load(id))


async def _asset(info: Info, id: str) -> Node | None:
    return Asset.of(await info.context.assets.load(id))


async def _job(info: Info, id: str) -> Node | None:
    row = await info.context.jobs.load(id)
    return Job.of(row) if row else None


async def _consent(info: Info, id: str) -> Node | None:
    row = await info.context.consents.load(id)
    return Consent.of(row) if row else None


async def _content(info: Info, id: str) -> Node | None:
    return Content.of(await info.context.contents.load(id))


def _output(kind: str) -> Callable[[Info, str], Awaitable[Node | None]]:
    async def load(info: Info, id: str) -> Node | None:
        found: Any = output_of(await info.context.outputs.load(id))
        return found if type(found).__name__ == kind else None

    return load


_LOADERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    "Persona": _persona,
    "Voice": _voice,
    "Avatar": _avatar,
    "Asset": _asset,
    "Job": _job,
    "Consent": _consent,
    "SpeechOutput": _output("SpeechOutput"),
    "VideoOutput": _output("VideoOutput"),
    "ContentOutput": _output("ContentOutput"),
    "Content": _content,
}
