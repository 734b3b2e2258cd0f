"""Every input field of every mutation with what one would rather not get (G10, G11): a typed answer, never an
internal error, and text that is accepted comes back as it was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, get_named_type

from tests.client import input_type
from tests.graphql.test_access import MUTATIONS, Estate, estate, inputs
from tests.world import World, open_world

TEXTS = [
    "", " ", "a" * 30_000, "\u202egpj.exe", "🙂" * 300, "%s %d %n", "' OR '1'='1'; --", "\\", "\u2028\u2029", "{{7*7}}",
    "e\u0301", "\x7f\x1b[31m", "\x01", "../../etc/passwd", "null", "<script>", "\ufeff", "\ufdfd" * 250, "İ" * 200, "0",
]  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "String": [*TEXTS, 5, [], {}, True],
    "ID": [*TEXTS[:8], "Vm9pY2U6", "Vm9pY2U6Li4vLi4v", 0, -1, 2**40],
    "Int": [0, -1, 1, 2**31 - 1, -(2**31), 2**31, 1.5, "1"],
    "Float": [0, -0.0, 1e308, -1e308, 5e-324, 2**53 + 1, "1"],
    "Boolean": [0, "true", None],
    "Decimal": ["0", "-0", "1e400", "1e-400", "9" * 400, "NaN", "sNaN", "Infinity", "0x10", "", 0.1, 10**30],
    "DateTime": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2020-02-30T00:00:00Z", "", "1e5", "now", 0, "9999-12-31T23:59:59-14:00"],
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with open_world(tmp_path, redis_url, database_url=url, cost_budget=10_000_000) as world:
        yield world


def changes(mutation: str) -> Iterator[tuple[str, Any]]:
    for name, field in input_type(mutation).fields.items():
        kind: Any = get_named_type(field.type)
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        values = (
            ["", "NOTHING", 5]
            if isinstance(kind, GraphQLEnumType)
            else VALUES.get(kind.name, [{}, [], "x", 5])
        )
        listed = isinstance(bare, GraphQLList)
        for value in [*values, None]:
            yield name, [value] if listed else value
        if listed:
            yield from ((name, value) for value in ([], [None], "x", [[]], ["x"] * 1000))


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_no_value_of_any_field_is_an_internal_error(mutation: str, world: World) -> None:
    mine: Estate = await estate(world, "Mine")
    client = mine.owner.client
    document = f"mutation($input: {input_type(mutation).name}!) {{ {mutation}(input: $input) {{ errors {{ __typename code message path fix }} }} }}"
    for name, value in changes(mutation):
        input = {**inputs(mine)[mutation], name: value}
        answer = await client.post(document, input=input)
        shown = f"{name}: {value!r:.60} → {answer.text[:300]}"
        assert answer.status_code < 500, shown
        body = answer.json()
        for error in body.get("errors", ()):
            assert error["extensions"]["code"] in ("BAD_USER_INPUT", "BAD_REQUEST"), shown
        if body.get("data"):
            for error in body["data"][mutation]["errors"]:
                assert error["message"] and len(error["message"]) < 2000, shown
