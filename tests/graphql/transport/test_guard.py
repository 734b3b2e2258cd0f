"""The cost rule and the document cache. What would explode would hang these tests, not slow them."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import parse

from persona_graph.graphql.transport import Limits, guard
from persona_graph.graphql.transport.documents import Documents
from persona_graph.graphql.transport.faults import Rejected
from persona_graph.graphql.transport.requests import Ask


@pytest.fixture
def documents(schema: strawberry.Schema) -> Documents:
    return Documents(schema, introspection=False)


def refused(documents: Documents, query: str, name: str | None = None) -> list[dict[str, Any]]:
    with pytest.raises(Rejected) as rejected:
        documents.operation(Ask(query, name))
    return [dict(error.extensions or {}, message=error.message) for error in rejected.value.errors]


def codes(documents: Documents, query: str) -> list[str]:
    return [error["code"] for error in refused(documents, query)]


def chain(count: int, fan: int, last: str = "id") -> str:
    """Each fragment spreads the next ``fan`` times: what it unfolds to has fan ** count fields."""
    spreads = [" ".join([f"...F{n + 1}"] * fan) for n in range(count - 1)] + [last]
    return "{ thing { ...F0 } } " + " ".join(
        f"fragment F{n} on Thing {{ {body} }}" for n, body in enumerate(spreads)
    )


@pytest.mark.parametrize(
    ("count", "fan"), [(20, 2), (20, 3), (20, 9), (21, 2), (60, 2), (1000, 2), (1000, 3)]
)
def test_fragments_that_double(documents: Documents, count: int, fan: int) -> None:
    """G1: the unfolded size would be up to 3 ** 1000."""
    errors = refused(documents, chain(count, fan))
    assert errors[0]["code"] in ("QUERY_TOO_COMPLEX", "DOCUMENT_TOO_LARGE")


def test_fragments_of_nothing(documents: Documents) -> None:
    """G1: the parser takes empty selection sets, so nothing can be doubled too."""
    empty = chain(19, 2).replace("{ id }", "{ }")
    assert [error["kind"] for error in refused(documents, empty)] == ["fields"]


def test_a_few_plain_fragments_are_fine(documents: Documents) -> None:
    assert documents.operation(Ask(chain(10, 1))).price({}) == 2


@pytest.mark.parametrize("length", [1, 2, 15, 50])
def test_fragment_cycles(documents: Documents, length: int) -> None:
    """G2"""
    ring = " ".join(
        f"fragment F{n} on Thing {{ id friend {{ ...F{(n + 1) % length} }} }}" for n in range(length)
    )
    assert codes(documents, "{ thing { ...F0 } } " + ring)[0] in (
        "GRAPHQL_VALIDATION_FAILED",
        "QUERY_TOO_COMPLEX",
    )


def test_many_aliases_also_in_fragments(documents: Documents) -> None:
    """G3"""
    assert codes(documents, "{ " + " ".join(f"a{n}: hello" for n in range(1000)) + " }") == [
        "DOCUMENT_TOO_LARGE"
    ]
    plain = "{ " + " ".join(f"a{n}: hello" for n in range(600)) + " }"
    assert {error["kind"] for error in refused(documents, plain)} == {"fields", "aliases"}
    hidden = "{ ...A ...B } fragment A on Query { " + " ".join(f"a{n}: hello" for n in range(8)) + " }"
    hidden += " fragment B on Query { " + " ".join(f"b{n}: hello" for n in range(8)) + " }"
    assert [error["kind"] for error in refused(documents, hidden)] == ["aliases"]
    documents.operation(Ask("{ " + " ".join(f"a{n}: hello" for n in range(15)) + " }"))


@pytest.mark.parametrize("depth", [13, 50, 150, 250, 5000])
@pytest.mark.parametrize("step", ["friend {", "... on Thing {", "... {", "things(first: 1) {"])
def test_depth(documents: Documents, depth: int, step: str) -> None:
    """G4: through fields, inline fragments and lists, beyond what a recursive parser can take."""
    query = "{ thing { " + f"{step} " * depth + "id" + " }" * depth + " } }"
    assert codes(documents, query)[0] in ("QUERY_TOO_COMPLEX", "DOCUMENT_TOO_LARGE")


def test_depth_through_fragments(documents: Documents) -> None:
    """G4: seven levels by fragments, five below them."""
    steps = " ".join(f"fragment F{n} on Thing {{ friend {{ ...F{n + 1} }} }}" for n in range(6))
    last = "fragment F6 on Thing { friend { friend { friend { friend { friend { id } } } } } }"
    query = "{ thing { ...F0 } } " + steps + last
    assert [error["kind"] for error in refused(documents, query)] == ["depth"]
    documents.operation(
        Ask(
            query.replace("friend { friend { friend {", "friend { friend {", 1).replace(
                "} } } } } }", "} } } } }"
            )
        )
    )


@pytest.mark.parametrize("depth", [12, 250, 5000, 20_000])
def test_nested_values(documents: Documents, depth: int) -> None:
    """G4, G9: lists and objects in literals."""
    for opening, closing in ("[", "]"), ("{a:", "}"):
        query = "{ total(of: " + opening * depth + "1" + closing * depth + ") }"
        assert codes(documents, query)[0] in (
            "QUERY_TOO_COMPLEX", "DOCUMENT_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED",
        )  # fmt: skip


def test_in_a_deep_stack_too(documents: Documents) -> None:
    """G4: never a RecursionError, even when little of the stack is left."""
    query = "{ thing { " + "friend { " * 180 + "id" + " }" * 180 + " } }"

    def down(levels: int) -> list[str]:
        return down(levels - 1) if levels else codes(documents, query)

    assert down(700) == ["QUERY_TOO_COMPLEX"]


@pytest.mark.parametrize(
    "text",
    ["{ " + "hello " * 170_000 + "}", "#" * 1_000_000, "# x\n" * 20_000 + "{ hello }", '{ hello(name: """' + "x\n" * 500_000 + '""") }',
     "{ hello }" + "," * 1_000_000, "{ " + "hello " * 10_000 + "}", "{" * 90_000, "\ufeff" * 90_000, '"' * 90_000,
     "query(" + "$a: Int " * 3_000 + ") { hello }", "{ total(of: [" + "1," * 40_000 + "]) }"],
    ids=lambda text: f"{text[:12]}…{len(text)}",
)  # fmt: skip
def test_long_documents(documents: Documents, text: str) -> None:
    """G5, G7: tokens, comments, block strings, ignored characters."""
    assert codes(documents, text)[0] in ("DOCUMENT_TOO_LARGE", "GRAPHQL_PARSE_FAILED")


def test_directives(documents: Documents) -> None:
    """G6: at most one error of a kind."""
    unknown = refused(documents, "{ " + " ".join(f"hello @aa{n}" for n in range(10)) + " }")
    assert [error["code"] for error in unknown] == ["GRAPHQL_VALIDATION_FAILED"]
    many = refused(documents, "{ hello " + "@include(if: true) " * 1000 + "}")
    assert many[0]["code"] in ("QUERY_TOO_COMPLEX", "DOCUMENT_TOO_LARGE")
    spread = "{ ...F ...F ...F ...F ...F ...F } fragment F on Query { hello " + "@skip(if: false) " * 4 + "}"
    assert [error["kind"] for error in refused(documents, spread)] == ["directives"]
    on_variables = "query(" + " ".join(f"$a{n}: Int @a" for n in range(30)) + ") { hello }"
    assert [error["kind"] for error in refused(documents, on_variables)] == ["directives"]


def test_one_field_often_and_fields_that_overlap(documents: Documents) -> None:
    """G7: the rule that compares each pair never sees them."""
    overlapping = "{ " + " ".join(f'hello(name: "{n}")' for n in range(200)) + " }"
    assert [error["kind"] for error in refused(documents, overlapping)] == ["twins"]
    assert {error["kind"] for error in refused(documents, "{ " + "hello " * 900 + "}")} == {"fields"}
    spread = "{ " + " ".join(f"...F{n}" for n in range(20)) + " } "
    spread += " ".join(
        f'fragment F{n} on Query {{ hello(name: "{n}") hello(name: "x{n}") }}' for n in range(20)
    )
    assert [error["kind"] for error in refused(documents, spread)] == ["twins"]
    below = (
        "{ "
        + " ".join(f"thing {{ things(first: {n}) {{ id }} things(first: 9{n}) {{ id }} }}" for n in range(15))
        + " }"
    )
    assert "twins" in {error["kind"] for error in refused(documents, below)}
    # The same name in many places is no twin.
    documents.operation(
        Ask("{ " + " ".join(f"a{n}: thing {{ id friend {{ id }} }}" for n in range(15)) + " }")
    )
    few = refused(documents, "{ " + " ".join(f'hello(name: "{n}")' for n in range(20)) + " }")
    assert [error["code"] for error in few] == ["GRAPHQL_VALIDATION_FAILED"]


def test_introspection_hidden_anywhere(documents: Documents) -> None:
    """G8"""
    for query in (
        "{ __schema { __typename } }", "{ ... { ... { __schema { __typename } } } }",
        "{ ...F } fragment F on Query { x: __type(name: \"Q\") { name } }", "{ thing { __schema { __typename } } }",
    ):  # fmt: skip
        assert "INTROSPECTION_DISABLED" in codes(documents, query)


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ hello }", {}, 1),
        ("{ thing { id name friend { id } } }", {}, 3),
        ("{ things(first: 50) { id name } }", {}, 60),
        ("{ things { id name } }", {}, 24),
        ("{ things(first: null) { id name } }", {}, 24),
        ("{ things(last: 10) { id } }", {}, 11),
        ("{ things(first: 10, last: 10) { id } }", {}, 22),
        ("{ things(first: -5) { id } }", {}, 2),
        ("query($n: Int) { things(first: $n) { id } }", {"n": 100}, 110),
        ("query($n: Int = 7) { things(first: $n) { id } }", {}, 8),
        ("query($n: Int = 7) { things(first: $n) { id } }", {"n": None}, 22),
        ("query($n: Int) { things(first: 5) { things(first: $n) { id } } }", {"n": 10}, 60),
        ("query($n: Int) { things(first: 5) { ...F } } fragment F on Thing { things(first: $n) { id } }", {"n": 10}, 60),
    ],
)  # fmt: skip
def test_what_things_cost(documents: Documents, query: str, variables: dict[str, Any], cost: int) -> None:
    """Objects count one, plain values a tenth, pages multiply."""
    assert documents.operation(Ask(query)).price(variables) == cost


def test_pages_of_pages_are_too_dear(documents: Documents) -> None:
    """G15"""
    assert [
        error["kind"] for error in refused(documents, "{ things(first: 100) { things(first: 100) { id } } }")
    ] == ["cost"]
    huge = "{ things(first: 99999999999999999999) { things(first: 2147483647) { things { id } } } }"
    assert refused(documents, huge)[0]["value"] == guard.CAP
    # A variable that is shared by doubling fragments is resolved once for each.
    doubling = "query($n: Int) " + chain(5, 2, "things(first: $n) { id }")
    operation = documents.operation(Ask(doubling))
    assert operation.price({"n": 1}) < guard.CAP
    assert operation.price({"n": 10**9}) == guard.CAP
    with pytest.raises(Rejected):
        documents.check_cost(operation.price({"n": 100}))


def test_limits_can_be_others(schema: strawberry.Schema) -> None:
    tight = Documents(schema, introspection=False, limits=Limits(fields=2, depth=1))
    assert {error["kind"] for error in refused(tight, "{ hello viewer thing { id } }")} == {"fields", "depth"}
    verdict = guard.weigh(
        schema._schema, parse("{ hello viewer mustBoom }"), Limits(fields=2), introspection=False
    )
    assert [error.extensions["kind"] for error in verdict.errors if error.extensions] == ["fields"]


def test_documents_are_made_once_and_bad_ones_are_not_kept(
    documents: Documents, schema: strawberry.Schema
) -> None:
    first = documents.operation(Ask("query A { hello } query B { viewer }", "A"))
    assert documents.operation(Ask("query A { hello } query B { viewer }", "A")) is first
    assert documents.operation(Ask(None, "A", {}, first.digest)) is first
    for bad in ("{ nope }", "{", "{ __schema { __typename } }"):
        refused(documents, bad)
    assert len(documents._kept) == 1


def test_the_cache_is_bounded(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    from persona_graph.graphql.transport import documents as module

    monkeypatch.setattr(module, "MAX_DOCUMENTS", 10)
    monkeypatch.setattr(module, "MAX_CHARS", 2_000)
    kept = documents.operation(Ask("{ hello }"))
    for n in range(50):
        documents.operation(Ask(f"query Q{n} {{ hello }}"))
        assert documents.operation(Ask("{ hello }")) is kept
    assert len(documents._kept) == 10
    for n in range(10):
        documents.operation(Ask(f"query Q{n} {{ hello }} #" + "x" * 500))
    assert documents._chars == sum(one.chars for one in documents._kept.values()) <= 2_000


def test_what_a_payload_depends_on(documents: Documents) -> None:
    """``after`` is left out only where it does nothing but say where to resume."""
    plain = documents.operation(Ask("subscription($after: String) { happenings(after: $after) { n } }"))
    assert plain.shaping == ()
    used = documents.operation(
        Ask("subscription($after: String) { happenings(after: $after) { n echo(text: $after) } }")
    )
    assert used.shaping == ("after",)
    hidden = documents.operation(
        Ask(
            "subscription($after: String) { happenings(after: $after) { ...F } } fragment F on Event { echo(text: $after) }"
        )
    )
    assert hidden.shaping == ("after",)
    other = documents.operation(
        Ask("subscription($s: Int!, $after: String) { happenings(after: $after) { text(size: $s) } }")
    )
    assert other.shaping == ("s",)
    query = documents.operation(Ask("query($after: String) { things(after: $after) { id } }"))
    assert query.shaping == ("after",)
