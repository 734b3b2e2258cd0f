"""graphql-transport-ws on a real socket, word for word, with well-behaved clients and with all others."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from persona_graph.accounts.viewer import Scope
from persona_graph.db import utcnow
from persona_graph.graphql.transport import streams

HAPPENINGS = "subscription($after: String) { happenings(after: $after) { n } }"


@pytest.fixture(params=["ours", "stock"])
async def world(opened: Any, request: pytest.FixtureRequest) -> Any:
    """Everything here holds on our server and on a stock uvicorn."""
    async with opened(stock=request.param == "stock") as started:
        yield started


async def test_queries_mutations_and_subscriptions(world: Any) -> None:
    async with world.socket() as talk:
        first, last = await talk.ask(
            "query A($n: String) { hello(name: $n) viewer }", "q", variables={"n": "Ada"}
        )
        assert first["payload"]["data"] == {"hello": "Hello Ada", "viewer": "alice"}
        assert first["payload"]["extensions"]["cost"]["cost"] == 1
        assert last == {"id": "q", "type": "complete"}
        assert (await talk.ask("mutation { bump }"))[0]["payload"]["data"] == {"bump": 1}
        *events, end = await talk.ask("subscription { count(to: 3) }", "äöü💥")
        assert [event["payload"]["data"]["count"] for event in events] == [1, 2, 3]
        assert {event["id"] for event in events} == {"äöü💥"}
        assert end["type"] == "complete"


async def test_ping_and_pong(world: Any) -> None:
    async with world.raw() as connection:
        # Also before the connection is initialised.
        await connection.send('{"type":"ping","payload":{"a":1}}')
        assert await connection.recv() == '{"type":"pong"}'
        await connection.send('{"type":"pong"}')
        await connection.send('{"type":"connection_init","payload":{"Authorization":"Bearer alice"}}')
        assert await connection.recv() == '{"type":"connection_ack"}'


async def test_the_token_may_come_with_the_handshake(world: Any) -> None:
    async with world.raw(additional_headers={"authorization": "Bearer bob"}) as connection:
        await connection.send('{"type":"connection_init"}')
        assert await connection.recv() == '{"type":"connection_ack"}'
        await connection.send('{"id":"1","type":"subscribe","payload":{"query":"{ viewer }"}}')
        assert '"viewer":"bob"' in str(await connection.recv())
    # What the message says outweighs it.
    async with world.raw(additional_headers={"authorization": "Bearer bob"}) as connection:
        await connection.send('{"type":"connection_init","payload":{"authorization":"Bearer nobody"}}')
        assert await _closed(connection) == (4403, "Forbidden")


async def test_subscribe_before_init(world: Any) -> None:
    """W1"""
    async with world.raw() as connection:
        await connection.send('{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}')
        assert await _closed(connection) == (4401, "Unauthorized")


async def test_init_twice(world: Any) -> None:
    """W2"""
    async with world.socket() as talk:
        await talk.say(type="connection_init")
        assert await talk.closed() == (4429, "Too many initialisation requests")


async def test_duplicate_id(world: Any) -> None:
    """W2"""
    async with world.socket() as talk:
        await talk.subscribe(HAPPENINGS, "x")
        await talk.subscribe(HAPPENINGS, "x")
        assert await talk.closed() == (4409, "Subscriber for x already exists")


async def test_an_id_may_be_used_again_after_the_end(world: Any, until: Any) -> None:
    """W2"""
    async with world.socket() as talk:
        for _ in range(3):
            assert (await talk.ask("{ hello }", "x"))[-1]["type"] == "complete"
        await talk.subscribe(HAPPENINGS, "x")
        await until(lambda: world.board.open == 1)
        await talk.say(id="x", type="complete")
        assert (await talk.ask("{ hello }", "x"))[0]["payload"]["data"] == {"hello": "Hello you"}
        await until(lambda: world.board.open == 0)


BAD_FRAMES = [
    "", "x", "{", "null", "5", '"x"', "[]", "[1]", "true", "{}", '{"type":null}', '{"type":5}', '{"type":"nope"}',
    '{"type":"start","id":"1","payload":{"query":"{hello}"}}', '{"type":"connection_ack"}', '{"type":"next","id":"1"}',
    '{"type":"ping","payload":"x"}', '{"type":"pong","payload":[]}', '{"type":"connection_init","payload":"x"}',
    '{"type":"connection_init","payload":[]}', "[" * 200_000, '{"a":' * 200_000, '{"type":"ping","payload":NaN}', "\x00",
    '{"type":"\\ud800"}',
]  # fmt: skip
BAD_AFTER_INIT = [
    '{"type":"subscribe"}', '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"1","payload":null}',
    '{"type":"subscribe","id":"1","payload":"x"}', '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{}}', '{"type":"subscribe","id":"1","payload":{"query":5}}',
    '{"type":"subscribe","id":{},"payload":{"query":"{hello}"}}', '{"type":"subscribe","id":5,"payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"' + "x" * 70_000 + '","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","operationName":{}}}',
    '{"type":"subscribe","id":"1","payload":[{"query":"{hello}"}]}', '{"type":"complete"}', '{"type":"complete","id":{}}',
]  # fmt: skip


async def test_malformed_messages(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """W3, W4: always 4400, never a traceback."""
    with caplog.at_level(logging.WARNING):
        for text in BAD_FRAMES:
            async with world.raw() as connection:
                await connection.send(text)
                assert (await _closed(connection))[0] == 4400, text[:80]
        for text in BAD_AFTER_INIT:
            async with world.socket() as talk:
                await talk.connection.send(text)
                assert (await talk.closed())[0] == 4400, text[:80]
        async with world.socket() as talk:
            await talk.connection.send(b'{"type":"ping"}')
            assert await talk.closed() == (4400, "Binary messages are not supported")
    assert "Traceback" not in caplog.text


async def test_faults_in_an_operation_leave_the_socket(world: Any) -> None:
    async with world.socket() as talk:
        for query, more, expected in (
            ("{ nope }", {}, "GRAPHQL_VALIDATION_FAILED"), ("{", {}, "GRAPHQL_PARSE_FAILED"),
            ("query A { hello } query B { hello }", {}, "OPERATION_NOT_FOUND"),
            ("query($n: Int!) { number(n: $n) }", {"variables": {"n": 2**40}}, "BAD_USER_INPUT"),
            ("query($n: String) { hello(name: $n) }", {"variables": {"n": "\x00"}}, "BAD_USER_INPUT"),
            ("subscription { count(to: 1) absent }", {}, "GRAPHQL_VALIDATION_FAILED"),
            ("{ things(first: 100) { things(first: 100) { id } } }", {}, "QUERY_TOO_COMPLEX"),
            ("{ __schema { __typename } }", {}, "INTROSPECTION_DISABLED"),
        ):  # fmt: skip
            heard = await talk.ask(query, **more)
            assert [one["type"] for one in heard] == ["error"]
            assert heard[0]["payload"][0]["extensions"]["code"] == expected
        assert (await talk.ask("{ hello }"))[-1]["type"] == "complete"


async def test_what_is_not_there_says_so_and_ends(world: Any) -> None:
    """W16"""
    async with world.socket() as talk:
        heard = await talk.ask("subscription { absent }")
        assert [one["type"] for one in heard] == ["error"]
        assert heard[0]["payload"][0]["extensions"] == {"code": "NOT_FOUND"}
        assert heard[0]["payload"][0]["path"] == ["absent"]


async def test_a_source_that_breaks_is_masked(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """G21"""
    async with world.socket() as talk:
        event, error = await talk.ask("subscription { breaks }")
        assert event["payload"]["data"] == {"breaks": 1}
        assert error["type"] == "error"
        assert error["payload"][0]["message"] == "Internal error"
        assert "hunter2" not in str(error)
        assert error["payload"][0]["extensions"]["id"] in caplog.text


async def test_no_init_in_time(opened: Any) -> None:
    """W5: also for a client that keeps talking without saying who it is."""
    async with opened(ws_init_seconds=0.3) as world:
        async with world.raw() as connection:
            assert await _closed(connection) == (4408, "Connection initialisation timeout")
        async with world.raw() as connection:
            with pytest.raises(ConnectionClosed):
                while True:
                    await connection.send('{"type":"ping"}')
                    await connection.recv()
                    await asyncio.sleep(0.02)
            assert connection.close_code == 4408
        async with world.socket() as talk:
            await asyncio.sleep(0.5)
            assert (await talk.ask("{ hello }"))[-1]["type"] == "complete"


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["foo", "bar"]])
async def test_other_subprotocols_are_refused(world: Any, protocols: list[str] | None) -> None:
    """W6"""
    with pytest.raises(InvalidStatus) as refused:
        await world.raw(subprotocols=protocols)
    assert refused.value.response.status_code == 400


async def test_ours_among_others(world: Any) -> None:
    """W6"""
    async with world.raw(subprotocols=["graphql-ws", "graphql-transport-ws"]) as connection:
        assert connection.subprotocol == "graphql-transport-ws"


async def test_origins(opened: Any) -> None:
    """W7"""
    async with opened(
        allowed_origins=["https://app.example.com"], public_url="https://api.example.com/"
    ) as world:
        own = f"http://127.0.0.1:{world.port}"
        for origin in (
            None,
            own,
            own.upper().replace("HTTP", "http"),
            "https://app.example.com",
            "https://api.example.com",
        ):
            async with world.raw(origin=origin):
                pass
        foreign = [
            "null", "https://evil.example", "https://app.example.com.evil.example", "http://app.example.com",
            f"http://127.0.0.1:{world.port + 1}", "http://127.0.0.1", f"file://127.0.0.1:{world.port}", "",
            "https://app.example.com@evil.example", f"ftp://127.0.0.1:{world.port}",
        ]  # fmt: skip
        for origin in foreign:
            with pytest.raises(InvalidStatus) as refused:
                await world.raw(additional_headers={"origin": origin})
            assert refused.value.response.status_code == 403, origin
        with pytest.raises(InvalidStatus):
            await world.raw(additional_headers={"cookie": "session=1"})
        with pytest.raises(InvalidStatus):
            await world.raw(additional_headers=[("origin", own), ("origin", "https://evil.example")])


@pytest.mark.parametrize(
    "payload", ["{}", "null", '{"authorization":"Bearer nobody"}', '{"authorization":"Basic alice"}', '{"authorization":5}',
                '{"authorization":"alice"}', '{"authorization":"Bearer ' + "x" * 9000 + '"}', '{"authorization":"Bearer \\u0000"}'],
)  # fmt: skip
async def test_bad_tokens(world: Any, payload: str) -> None:
    """W8"""
    async with world.raw() as connection:
        await connection.send('{"type":"connection_init","payload":' + payload + "}")
        await connection.send('{"id":"1","type":"subscribe","payload":{"query":"mutation { bump }"}}')
        assert await _closed(connection) == (4403, "Forbidden")
    assert world.board.mutations == 0


async def test_an_account_store_that_is_away(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """W8, G21: closed without a word of why."""
    world.broken = True
    async with world.raw() as connection:
        await connection.send('{"type":"connection_init"}')
        assert await _closed(connection) == (1011, "Internal error")
    assert "internal error" in caplog.text


async def test_a_token_that_expires_while_streaming(world: Any, viewer_of: Any, until: Any) -> None:
    """W9: at its time, not at the next check."""
    world.tokens["brief"] = viewer_of(ends=utcnow() + timedelta(seconds=0.6))
    async with world.socket("brief") as talk:
        await talk.subscribe(HAPPENINGS)
        world.board.post()
        assert (await talk.hear())["payload"]["data"]["happenings"]["n"] == 1
        assert await talk.closed() == (4403, "Forbidden")
    await until(lambda: world.board.open == 0)


@pytest.mark.parametrize("how", ["revoked", "other rights", "other account"])
async def test_a_token_that_is_revoked_while_streaming(
    world: Any, viewer_of: Any, until: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """W9"""
    monkeypatch.setattr(streams, "RECHECK_SECONDS", 0.3)
    async with world.socket() as talk:
        await talk.subscribe(HAPPENINGS)
        world.board.post()
        await talk.hear()
        # Once while the store is away, which revokes nobody.
        world.broken = True
        await asyncio.sleep(0.5)
        assert talk.connection.close_code is None
        world.broken = False
        if how == "revoked":
            del world.tokens["alice"]
        else:
            world.tokens["alice"] = (
                viewer_of("eve") if "account" in how else viewer_of(scopes=frozenset({Scope.READ}))
            )
        assert await talk.closed() == (4403, "Forbidden")
        world.board.post()
    await until(lambda: world.board.open == 0)


async def test_reconnecting_with_the_last_cursor(world: Any) -> None:
    """W15: no gap, no duplicate."""
    world.board.post(10)
    seen: list[int] = []
    while len(seen) < 10:
        async with world.socket() as talk:
            await talk.subscribe(HAPPENINGS, variables={"after": str(seen[-1])} if seen else {})
            for _ in range(min(3, 10 - len(seen))):
                seen.append((await talk.hear())["payload"]["data"]["happenings"]["n"])
    world.board.end()
    async with world.socket() as talk:
        assert (await talk.ask(HAPPENINGS, variables={"after": "10"})) == [{"id": "1", "type": "complete"}]
    assert seen == list(range(1, 11))


async def test_one_socket_many_operations_side_by_side(world: Any, until: Any) -> None:
    async with world.socket() as talk:
        for n in range(20):
            await talk.subscribe(HAPPENINGS, f"op{n}")
        await until(lambda: world.board.open == 20)
        world.board.post()
        heard = [await talk.hear() for _ in range(20)]
        assert {one["id"] for one in heard} == {f"op{n}" for n in range(20)}
        await talk.say(id="op3", type="complete")
        await until(lambda: world.board.open == 19)
        world.board.post()
        world.board.end()
        later = [await talk.hear() for _ in range(38)]
        assert "op3" not in {one["id"] for one in later}
        assert sum(one["type"] == "complete" for one in later) == 19


async def test_completing_stops_a_query_too(world: Any, until: Any) -> None:
    async with world.socket() as talk:
        await talk.subscribe("{ wait }")
        await until(lambda: world.board.open == 1)
        await talk.say(id="1", type="complete")
        await until(lambda: world.board.open == 0)
        assert (await talk.ask("{ hello }", "2"))[-1]["type"] == "complete"


async def _closed(connection: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(20):
        await connection.wait_closed()
    return connection.close_code or 0, connection.close_reason or ""
