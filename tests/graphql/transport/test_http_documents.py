"""GraphQL over HTTP: which documents run, what they may cost, and what is said of those that fail."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import orjson
import pytest

NEW = "application/graphql-response+json"


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def test_operation_names(world: Any) -> None:
    """G13"""
    two = "query A { hello } query B { viewer }"
    assert (await world.post(two, operationName="B")).json()["data"] == {"viewer": "alice"}
    for name in (None, "", "C", "\x7f"):
        response = await world.post(two, operationName=name)
        assert (response.status_code, code(response)) == (400, "OPERATION_NOT_FOUND")
    assert (await world.post("query A { hello }", operationName="B")).status_code == 400
    hundred = " ".join(f"query Q{n} {{ hello }}" for n in range(100))
    assert (await world.post(hundred)).status_code == 400
    assert (await world.post("fragment F on Query { hello }")).status_code == 400


async def test_batches_are_refused(world: Any) -> None:
    """G13"""
    async with world.http() as client:
        response = await client.post(world.url, json=[{"query": "mutation { bump }"}] * 100)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert world.board.mutations == 0


async def test_what_a_resolver_raises_is_masked(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """G21, T7: the text of an exception stays in the log, under the id that the client sees."""
    with caplog.at_level(logging.ERROR):
        response = await world.post("{ boom hello }")
        null = await world.post("{ mustBoom }")
    assert response.status_code == 200
    assert response.json()["data"] == {"boom": None, "hello": "Hello you"}
    error = response.json()["errors"][0]
    assert error["message"] == "Internal error"
    assert error["path"] == ["boom"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "hunter2" not in response.text + null.text
    assert error["extensions"]["id"] in caplog.text
    assert "hunter2" in caplog.text
    assert (null.status_code, null.json()["data"]) == (200, None)


async def test_an_expected_fault_keeps_its_code_and_fix(world: Any) -> None:
    response = await world.post("{ missing }")
    assert response.json()["errors"][0] == {
        "message": "Not found.", "path": ["missing"], "locations": [{"line": 1, "column": 3}],
        "extensions": {"code": "NOT_FOUND", "fix": "Look elsewhere."},
    }  # fmt: skip


async def test_no_suggestions_in_production(opened: Any) -> None:
    """G22"""
    asks = [
        {"query": "{ helo }"}, {"query": "{ hello(nam: 1) }"}, {"query": "query($n: Strin) { hello(name: $n) }"},
        {"query": "{ ...F } fragment F on Quer { hello }"}, {"query": "{ hello @inclde(if: true) }"},
    ]  # fmt: skip
    for introspection in (False, True):
        async with opened(introspection=introspection) as world:
            texts = [(await world.post(ask["query"])).text for ask in asks]
            assert any("Did you mean" in text for text in texts) is introspection


async def test_introspection_only_by_flag(opened: Any) -> None:
    """G8"""
    from graphql import build_client_schema, get_introspection_query

    circular = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    hidden = '{ ...F } fragment F on Query { ... on Query { a: __type(name: "Thing") { name } } }'
    async with opened() as world:
        for query in (get_introspection_query(), "{ __schema { __typename } }", circular, hidden):
            response = await world.post(query)
            assert (response.status_code, code(response)) == (400, "INTROSPECTION_DISABLED")
        assert (await world.post("{ __typename }")).json()["data"] == {"__typename": "Query"}
    async with opened(introspection=True) as world:
        full = await world.post(get_introspection_query(input_value_deprecation=True, descriptions=True))
        assert build_client_schema(full.json()["data"]).query_type
        refused = await world.post(circular)
        assert (refused.status_code, code(refused)) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_subscriptions_that_are_not_one(world: Any) -> None:
    """G23: two roots, hidden roots, @defer."""
    for query in (
        "subscription { count(to: 1) absent }", "subscription { ...F } fragment F on Subscription { count(to: 1) absent }",
        "{ ... @defer { hello } }", "query { hello @stream }", "subscription { __typename }",
    ):  # fmt: skip
        response = await world.post(query)
        assert (response.status_code, code(response)) == (400, "GRAPHQL_VALIDATION_FAILED"), query


async def test_the_rate_budget_runs_out_and_refills(opened: Any) -> None:
    async with opened(cost_budget=3, cost_refill=0.001) as world:
        left = [(await world.post("{ hello }")).json()["extensions"]["cost"]["left"] for _ in range(3)]
        assert left == [2, 1, 0]
        refused = await world.post("{ hello }")
        assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0
        # Another account has its own.
        assert (await world.post("{ hello }", "bob")).status_code == 200


async def test_reading_unknown_documents_is_paid_for_too(opened: Any) -> None:
    """G5: nonsense that takes long to refuse is not free."""
    async with opened(cost_budget=1_000, cost_refill=0.001) as world:
        nonsense = "{ total(of: [" + "1 " * 900 + "x]) nope }"
        answers = [code(await world.post(f"{nonsense} # {n}")) for n in range(60)]
        assert answers[0] == "GRAPHQL_VALIDATION_FAILED"
        assert answers[-1] == "RATE_LIMITED"
        known = "{ hello } #" + "x" * 5_000
        assert [(await world.post(known, "bob")).status_code for _ in range(100)] == [200] * 100


async def test_page_sizes_in_variables_count(world: Any) -> None:
    """G15 as far as cost goes"""
    nested = "query($n: Int) { things(first: 30) { things(first: $n) { id name } } }"
    good = await world.post(nested, variables={"n": 5})
    assert good.status_code == 200
    for n in (100, 2**31 - 1):
        refused = await world.post(nested, variables={"n": n})
        assert (refused.status_code, code(refused)) == (400, "QUERY_TOO_COMPLEX")
    # Not given and null are taken for the default, a wrong kind is for validation to say.
    assert (await world.post(nested)).status_code == 200
    assert (await world.post(nested, variables={"n": None})).status_code == 200
    assert code(await world.post(nested, variables={"n": "5"})) == "BAD_USER_INPUT"


async def test_a_plan_answers_in_place_of_the_executor_or_declines(opened: Any) -> None:
    planned: list[str | None] = []

    def planner(operation: Any) -> Any:
        planned.append(operation.name)

        async def plan(context: Any, variables: Any) -> Any:
            if variables.get("name") == "nobody":
                return None
            return {"hello": f"planned for {context['viewer'].account_id}"}

        return plan if operation.name == "Planned" else None

    async with opened(planner=planner) as world:
        query = 'query Planned($name: String = "you") { hello(name: $name) }'
        for _ in range(3):
            assert (await world.post(query)).json()["data"] == {"hello": "planned for alice"}
        declined = await world.post(query, variables={"name": "nobody"})
        assert declined.json()["data"] == {"hello": "Hello nobody"}
        assert (await world.post("query Other { hello }")).json()["data"] == {"hello": "Hello you"}
        assert planned == ["Planned", "Other"]
        assert world.board.contexts == 0


async def test_a_stock_server_runs_it_too(opened: Any) -> None:
    async with opened(stock=True) as world:
        assert (await world.post("{ hello }")).json()["data"] == {"hello": "Hello you"}


async def test_trusted_documents_and_persisted_ones(opened: Any, tmp_path: Any) -> None:
    from hashlib import sha256

    texts = {"Hello": "query Hello { hello }", "Me": "{ viewer }"}
    file = tmp_path / "trusted.json"
    file.write_bytes(orjson.dumps(texts))
    named = {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
    async with opened(trusted_documents=file, trusted_only=True) as world, world.http(accept=NEW) as client:
        found = await client.post(world.url, json={"documentId": f"sha256:{named['Hello']}"})
        assert found.json()["data"] == {"hello": "Hello you"}
        assert (await client.get(world.url, params={"documentId": named["Me"]})).json()["data"] == {
            "viewer": "alice"
        }
        assert (
            code(await client.post(world.url, json={"query": "{ __typename }"}))
            == "PERSISTED_QUERY_NOT_FOUND"
        )
        assert (
            code(await client.post(world.url, json={"documentId": "0" * 64})) == "PERSISTED_QUERY_NOT_FOUND"
        )
    async with opened() as world, world.http(accept=NEW) as client:
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": named["Hello"]}}
        assert (
            code(await client.post(world.url, json={"extensions": persisted})) == "PERSISTED_QUERY_NOT_FOUND"
        )
        await client.post(world.url, json={"query": texts["Hello"], "extensions": persisted})
        again = await client.post(world.url, json={"extensions": persisted})
        assert again.json()["data"] == {"hello": "Hello you"}
        lie = await client.post(world.url, json={"query": "{ viewer }", "extensions": persisted})
        assert code(lie) == "BAD_REQUEST"
