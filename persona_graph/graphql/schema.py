"""The schema, put together; ``schema.graphql`` is printed from it."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from persona_graph.graphql import enums
from persona_graph.graphql.describe import describe_inputs
from persona_graph.graphql.mutations.accounts import AccountMutations
from persona_graph.graphql.mutations.batches import BatchMutations
from persona_graph.graphql.mutations.content import ContentMutations
from persona_graph.graphql.mutations.outputs import OutputMutations
from persona_graph.graphql.mutations.personas import PersonaMutations
from persona_graph.graphql.mutations.photos import PhotoMutations
from persona_graph.graphql.mutations.portable import PortableMutations
from persona_graph.graphql.mutations.ratings import RatingMutations
from persona_graph.graphql.mutations.samples import SampleMutations
from persona_graph.graphql.mutations.styles import StyleMutations
from persona_graph.graphql.mutations.twins import TwinMutations
from persona_graph.graphql.mutations.voices import VoiceMutations
from persona_graph.graphql.mutations.webhooks import WebhookMutations
from persona_graph.graphql.mutations.whole import WholeMutations
from persona_graph.graphql.query import Query
from persona_graph.graphql.subscription import Subscription
from persona_graph.graphql.types.core import ERROR_TYPES
from persona_graph.graphql.types.outputs import ContentOutput, SpeechOutput, VideoOutput

__all__ = ["enums", "print_schema", "schema"]

Mutation = merge_types(
    "Mutation",
    (
        PersonaMutations,
        WholeMutations,
        SampleMutations,
        PhotoMutations,
        StyleMutations,
        VoiceMutations,
        TwinMutations,
        OutputMutations,
        BatchMutations,
        ContentMutations,
        RatingMutations,
        WebhookMutations,
        PortableMutations,
        AccountMutations,
    ),
)
Mutation.__strawberry_definition__.description = (  # type: ignore[attr-defined]
    "Everything that can be changed. Expected refusals are in the payload's errors; then nothing was changed."
)

schema = strawberry.Schema(
    query=Query,
    mutation=describe_inputs(Mutation),
    subscription=Subscription,
    types=[*ERROR_TYPES, SpeechOutput, VideoOutput, ContentOutput],
    config=StrawberryConfig(auto_camel_case=True),
)


def print_schema() -> str:
    return schema.as_str() + "\n"
