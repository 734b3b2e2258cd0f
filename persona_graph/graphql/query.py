"""The query root."""

from __future__ import annotations

from typing import Annotated

import strawberry

from persona_graph.graphql.context import Info, need_read
from persona_graph.graphql.describe import Id, described
from persona_graph.graphql.ids import split_id
from persona_graph.graphql.types.catalog import Provider, QuarantinedPlugin, Tier, Viewer
from persona_graph.graphql.types.core import Node
from persona_graph.graphql.types.jobs import Job
from persona_graph.graphql.types.nodes import load_node
from persona_graph.graphql.types.personas import Persona
from persona_graph.provider import Capability


@described
class Query:
    """Everything that can be read. What is not yours looks like what is not there."""

    @strawberry.field(description="Anything by its id; null if there is no such thing or it is not yours.")
    async def node(self, info: Info, id: Id) -> Node | None:
        need_read(info)
        parts = split_id(id)
        return await load_node(info, *parts) if parts else None

    @strawberry.field(description="The authenticated caller.")
    def viewer(self, info: Info) -> Viewer:
        caller = info.context.viewer
        return Viewer(label=caller.label, scopes=sorted(caller.scopes), caller=caller)

    @strawberry.field(description="A persona by its id; null if there is none or it is not yours.")
    async def persona(self, info: Info, id: Id) -> Persona | None:
        need_read(info)
        parts = split_id(id)
        found = await load_node(info, *parts) if parts and parts[0] == "Persona" else None
        return found if isinstance(found, Persona) else None

    @strawberry.field(description="A job by its id; null if there is none or it is not yours.")
    async def job(self, info: Info, id: Id) -> Job | None:
        need_read(info)
        parts = split_id(id)
        found = await load_node(info, *parts) if parts and parts[0] == "Job" else None
        return found if isinstance(found, Job) else None

    @strawberry.field(description="The providers installed on this server.")
    def providers(
        self,
        info: Info,
        capability: Annotated[
            Capability | None, strawberry.argument(description="Only those that can do this.")
        ] = None,
    ) -> list[Provider]:
        catalog = info.context.runtime.catalog
        return [
            Provider.of(row)
            for row in catalog.providers
            if capability is None or any(offer.capability is capability for offer in row.offers)
        ]

    @strawberry.field(description="Plugins that were left out, and why.")
    def quarantined_plugins(self, info: Info) -> list[QuarantinedPlugin]:
        return [
            QuarantinedPlugin(
                plugin=q.plugin, distribution=q.distribution, version=q.version, reason=q.reason
            )
            for q in info.context.runtime.catalog.quarantined
        ]

    @strawberry.field(description="All tiers, the cheapest first.")
    def tiers(self, info: Info) -> list[Tier]:
        return [Tier.of(tier) for tier in info.context.runtime.tiers.all]
