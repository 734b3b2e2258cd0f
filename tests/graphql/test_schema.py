"""The schema as it is published: printed, described, and everywhere of the same shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_specified_scalar_type,
)

from persona_graph import errors
from persona_graph.graphql.schema import print_schema, schema
from persona_graph.graphql.types.core import _TYPES, user_error
from tests.client import ROOT

SCHEMA: GraphQLSchema = schema._schema
OURS = [
    kind
    for name, kind in SCHEMA.type_map.items()
    if not name.startswith("__") and not is_specified_scalar_type(kind)
]
OBJECTS = [kind for kind in OURS if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
assert SCHEMA.mutation_type is not None
MUTATIONS: dict[str, GraphQLField] = SCHEMA.mutation_type.fields


def test_the_published_schema_is_the_one_that_runs() -> None:
    published = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert published == print_schema(), "run `python3 run.py schema` and look at the diff"


def everything() -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument, input field and enum value, with its description."""
    for kind in OURS:
        yield kind.name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{kind.name}.{name}", value.description) for name, value in kind.values.items())
        for name, field in getattr(kind, "fields", {}).items():
            yield f"{kind.name}.{name}", field.description
            for argument, what in getattr(field, "args", {}).items():
                yield f"{kind.name}.{name}({argument}:)", what.description


def test_everything_is_described() -> None:
    assert [name for name, description in everything() if not (description or "").strip()] == []


def test_descriptions_are_sentences_for_people() -> None:
    unfit = re.compile(r"``|Enum where members|<class|\bTODO\b|\n\n\n")
    assert [name for name, text in everything() if unfit.search(text or "")] == []
    # Scalars are described by the library.
    unfinished = [
        name
        for name, text in everything()
        if name not in ("DateTime", "Decimal") and text and text[-1] not in '.)"'
    ]
    assert unfinished == []


def shape(kind: Any) -> str:
    return str(kind)


def test_mutations_take_one_input_and_answer_with_a_payload() -> None:
    for name, field in MUTATIONS.items():
        assert list(field.args) == ["input"], name
        taken = field.args["input"].type
        assert isinstance(taken, GraphQLNonNull) and isinstance(taken.of_type, GraphQLInputObjectType), name
        assert taken.of_type.name.endswith("Input"), name
        assert isinstance(field.type, GraphQLNonNull), name
        payload = field.type.of_type
        assert isinstance(payload, GraphQLObjectType) and payload.name.endswith("Payload"), name
        fields = dict(payload.fields)
        assert shape(fields.pop("errors").type) == "[UserError!]!", name
        strict = [other for other, one in fields.items() if isinstance(one.type, GraphQLNonNull)]
        assert fields and strict == [], f"{name}: null when there are errors, so nullable: {strict}"


PAID = {
    "trainVoice",
    "trainTwin",
    "createAvatar",
    "generateSpeech",
    "generateSpeechBatch",
    "generateContent",
    "checkDrift",
    "retryJob",
    "generateVideo",
    "promoteOutput",
}


def test_paid_mutations_can_be_rehearsed_limited_and_repeated() -> None:
    for name, field in MUTATIONS.items():
        inputs = get_named_type(field.args["input"].type).fields  # type: ignore[union-attr]
        paid = {"idempotencyKey", "dryRun", "maxPrice"} & set(inputs)
        assert paid == ({"idempotencyKey", "dryRun", "maxPrice"} if name in PAID else set()), name
        payload = get_named_type(field.type).fields  # type: ignore[union-attr]
        # A batch has a job for each of its items.
        made = "items" if name.endswith("Batch") else "job"
        assert ({made, "quote"} <= set(payload)) == (name in PAID), name


def test_lists_hold_no_nulls_and_are_there() -> None:
    for kind in OBJECTS:
        for name, field in kind.fields.items():
            if "[" in shape(field.type) and not kind.name.endswith("Payload"):
                assert re.fullmatch(r"\[\w+!\]!", shape(field.type)), f"{kind.name}.{name}"


def test_lists_that_grow_are_connections_of_one_shape() -> None:
    connections = [kind for kind in OBJECTS if kind.name.endswith("Connection")]
    assert {kind.name for kind in connections} == {
        "PersonaConnection", "JobConnection", "DriftCheckConnection", "OutputConnection", "JobEventConnection", "NoticeConnection",
        "WebhookDeliveryConnection", "PersonaVersionConnection",
    }  # fmt: skip
    for kind in connections:
        of = kind.name.removesuffix("Connection")
        assert {name: shape(field.type) for name, field in kind.fields.items()} == {
            "edges": f"[{of}Edge!]!", "nodes": f"[{of}!]!", "pageInfo": "PageInfo!",
        }  # fmt: skip
        edge = SCHEMA.type_map[f"{of}Edge"].fields  # type: ignore[attr-defined]
        assert {name: shape(field.type) for name, field in edge.items()} == {
            "cursor": "String!",
            "node": f"{of}!",
        }
    for kind in OBJECTS:
        for name, field in kind.fields.items():
            if get_named_type(field.type) in connections:
                paging = {argument: shape(one.type) for argument, one in field.args.items()}
                assert paging["first"] == "Int" and paging["after"] == "String", f"{kind.name}.{name}"


def test_nodes_have_ids_and_can_be_null() -> None:
    """Not yours and not there are the same null, so whoever looks one up must allow for it."""
    node = SCHEMA.type_map["Node"]
    implementing = {kind.name for kind in OBJECTS if node in getattr(kind, "interfaces", ())}
    assert {
        "Persona",
        "Voice",
        "Avatar",
        "Asset",
        "Job",
        "Consent",
        "SpeechOutput",
        "VideoOutput",
    } <= implementing
    assert SCHEMA.query_type is not None
    for name in ("node", "persona", "job"):
        assert not isinstance(SCHEMA.query_type.fields[name].type, GraphQLNonNull), name


def test_every_refusal_has_a_type_of_its_own() -> None:
    assert set(_subclasses(errors.UserFault)) == set(errors.FAULTS) == set(_TYPES)
    for fault, kind in _TYPES.items():
        shown = SCHEMA.type_map[kind.__strawberry_definition__.name]  # type: ignore[attr-defined]
        assert isinstance(shown, GraphQLObjectType)
        assert [one.name for one in shown.interfaces] == ["UserError"], fault.__name__
    assert len(set(_TYPES.values())) == len(_TYPES)


@pytest.mark.parametrize("fault", errors.FAULTS, ids=lambda fault: fault.__name__)
def test_every_refusal_can_be_shown(fault: type[errors.UserFault]) -> None:
    for code in fault.codes:
        shown = user_error(fault(message="m", code=code, path=("a", "b"), fix="f"))
        assert (shown.code, shown.message, shown.path, shown.fix) == (code, "m", ["a", "b"], "f")
        assert type(shown) is _TYPES[fault]


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def test_lists_of_types_are_not_lists_of_maybe() -> None:
    """Inputs neither: a null among ids could only be a mistake."""
    for kind in OURS:
        if isinstance(kind, GraphQLInputObjectType):
            for name, field in kind.fields.items():
                bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
                if isinstance(bare, GraphQLList):
                    assert isinstance(bare.of_type, GraphQLNonNull), f"{kind.name}.{name}"
