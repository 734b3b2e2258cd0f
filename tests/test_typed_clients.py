"""Generated clients say what the schema says, and all GraphQL in the documentation is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    NoUnusedFragmentsRule,
    OperationDefinitionNode,
    build_schema,
    parse,
    print_ast,
    specified_rules,
    validate,
)

from persona_graph.graphql.transport.guard import Limits, price, too_dear, weigh
from tests.client import ROOT
from tools.typed_clients.__main__ import written
from tools.typed_clients.model import Unclear, document_of, read_model

FENCE = re.compile(r"^```graphql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"^```(?:js|jsx|ts|tsx)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TAGGED = re.compile(r"(?:gql|graphql)(?:`|\(\s*`)(.*?)`", re.DOTALL)
RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]
SKIPPED = {".venv", ".tools", ".git", "node_modules", "data"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def test_generated_clients_are_those_of_the_schema() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in written().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "write them anew: python -m tools.typed_clients"


def test_every_mutation_is_an_operation(schema: GraphQLSchema) -> None:
    model = read_model(schema, ROOT / "clients/python/documents", mutations=True)
    assert schema.mutation_type is not None
    assert {o.name for o in model.operations if o.payload} == set(schema.mutation_type.fields)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("query q { viewer { account { ...Nothing } } }", "no fragment and no type"),
        (
            "query a { viewer { label scopes } } query b { viewer { label account { id name } } }",
            "Viewer is read in two ways",
        ),
        ("query q($id: ID!) { persona(id: $id) { id nothing } }", "nothing"),
    ],
    ids=["unknown fragment", "two ways", "unknown field"],
)
def test_documents_that_are_no_good_are_told(
    schema: GraphQLSchema, document: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "documents.graphql").write_text(document, encoding="utf-8")
    with pytest.raises(Unclear, match=why):
        read_model(schema, tmp_path, mutations=False)


def pages() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*.md")):
        if not SKIPPED & set(path.relative_to(ROOT).parts):
            yield path


def documents() -> list[tuple[str, str]]:
    """Each GraphQL document that a page shows, with the page's name: fenced, or tagged in a program."""
    found = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        shown = [
            *FENCE.findall(text),
            *(one for block in PROGRAM.findall(text) for one in TAGGED.findall(block)),
        ]
        found += [(f"{page.relative_to(ROOT)} #{n}", document) for n, document in enumerate(shown, 1)]
    return found


def faults(schema: GraphQLSchema, document: str) -> list[str]:
    """Each operation by itself: a page may show several that have no names."""
    whole = parse(document)
    operations = [d for d in whole.definitions if isinstance(d, OperationDefinitionNode)]
    rest = "\n".join(print_ast(d) for d in whole.definitions if not isinstance(d, OperationDefinitionNode))
    return [
        error.message
        for operation in operations
        for error in validate(schema, parse(print_ast(operation) + "\n" + rest), RULES)
    ]


@pytest.mark.parametrize(("page", "document"), documents(), ids=[name for name, _ in documents()])
def test_graphql_in_the_documentation_is_valid(schema: GraphQLSchema, page: str, document: str) -> None:
    assert faults(schema, document) == []


def test_a_wrong_document_is_found(schema: GraphQLSchema) -> None:
    assert faults(schema, "{ viewer { nobody } }") == ["Cannot query field 'nobody' on type 'Viewer'."]


def test_every_operation_is_one_that_the_server_takes(schema: GraphQLSchema) -> None:
    """With the largest page that may be asked for."""
    model = read_model(schema, ROOT / "clients/python/documents", mutations=True)
    limits, refused = Limits(), []
    for operation in model.operations:
        verdict = weigh(schema, parse(document_of(model, operation)), limits, introspection=False)
        cost = price(verdict.costs[operation.name], {"first": 100}) if not verdict.errors else 0
        if verdict.errors or too_dear(cost, limits):
            refused.append((operation.name, cost, [error.message for error in verdict.errors]))
    assert refused == []
