"""Server-sent events: the same subscriptions for clients that have only HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest

from persona_graph.db import utcnow
from persona_graph.graphql.transport import sse, streams

HAPPENINGS = "subscription($after: String) { happenings(after: $after) { n } }"


class Heard:
    """Events as a browser's EventSource would see them."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.comments = 0

    async def next(self) -> dict[str, Any] | None:
        event: dict[str, Any] = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    event[name] = value.removeprefix(" ")
                elif event:
                    if event.get("data"):
                        event["data"] = orjson.loads(event["data"])
                    return event
        return None

    async def rest(self) -> list[dict[str, Any]]:
        found = []
        while event := await self.next():
            found.append(event)
        return found


@asynccontextmanager
async def listening(
    world: Any, query: str, token: str = "alice", *, get: bool = False, **more: Any
) -> AsyncIterator[Heard]:
    headers = {"accept": "text/event-stream", **more.pop("headers", {})}
    async with world.http(token, **headers) as client:
        if get:
            params = {"query": query} | {name: orjson.dumps(value).decode() for name, value in more.items()}
            request = client.stream("GET", world.url, params=params)
        else:
            request = client.stream("POST", world.url, json={"query": query, **more})
        async with request as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["x-accel-buffering"] == "no"
            yield Heard(response.aiter_lines())


@asynccontextmanager
async def stuck(world: Any, until: Any) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that asks for 25 MB of events and does not read them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=4096)
    body = orjson.dumps({"query": "subscription { happenings { text(size: 5000) } }"})
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    await until(lambda: world.board.open == 1)
    world.board.post(5_000)
    yield reader, writer


@pytest.mark.parametrize("get", [False, True])
async def test_stored_then_live_then_complete(world: Any, get: bool) -> None:
    world.board.post(2)
    async with listening(world, HAPPENINGS, get=get) as heard:
        for n in (1, 2):
            assert await heard.next() == {
                "event": "next",
                "id": str(n),
                "data": {"data": {"happenings": {"n": n}}},
            }
        world.board.post()
        assert (await heard.next() or {})["id"] == "3"
        world.board.end()
        assert await heard.rest() == [{"event": "complete", "data": ""}]


async def test_queries_and_mutations_too_but_no_mutation_by_get(world: Any) -> None:
    """G14, G23"""
    async with listening(world, "mutation { bump }") as heard:
        first, last = await heard.rest()
        assert first["data"]["data"] == {"bump": 1}
        assert last["event"] == "complete"
    async with world.http(accept="text/event-stream") as client:
        refused = await client.get(world.url, params={"query": "mutation { bump }"})
    assert refused.status_code == 405
    assert world.board.mutations == 1


async def test_a_client_that_takes_everything_gets_a_stream_only_for_a_subscription(world: Any) -> None:
    everything = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    world.board.post()
    world.board.end()
    async with world.http(accept=everything) as client:
        plain = await client.post(world.url, json={"query": "{ hello }"})
        stream = await client.post(world.url, json={"query": HAPPENINGS})
    assert plain.headers["content-type"].startswith("application/graphql-response+json")
    assert stream.headers["content-type"].startswith("text/event-stream")


async def test_faults_come_as_events(world: Any) -> None:
    for query, expected in (
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { absent }", "NOT_FOUND"), ("subscription { count(to: 2147483648) }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { breaks }", "INTERNAL"),
    ):  # fmt: skip
        async with listening(world, query) as heard:
            events = await heard.rest()
        assert events[-1] == {"event": "complete", "data": ""}
        assert events[-2]["data"]["errors"][0]["extensions"]["code"] == expected
        assert "hunter2" not in str(events)


async def test_malformed_and_unauthenticated_are_plain_answers(world: Any) -> None:
    async with world.http(accept="text/event-stream") as client:
        assert (await client.post(world.url, json=[])).status_code == 400
        assert (
            await client.post(world.url, json={"query": "{ hello }"}, headers={"authorization": ""})
        ).status_code == 401


async def test_resuming_with_last_event_id(world: Any) -> None:
    """W15, W18: it outweighs the place the stream began at, which the browser sends again."""
    world.board.post(5)
    world.board.end()
    async with listening(world, HAPPENINGS, headers={"last-event-id": "3"}) as heard:
        assert [event.get("id") for event in await heard.rest()] == ["4", "5", None]
    async with listening(
        world, HAPPENINGS, variables={"after": "1"}, headers={"last-event-id": "4"}
    ) as heard:
        assert [event.get("id") for event in await heard.rest()] == ["5", None]
    # A subscription that cannot resume starts over.
    async with listening(world, "subscription { count(to: 1) }", headers={"last-event-id": "4"}) as heard:
        assert len(await heard.rest()) == 2


@pytest.mark.parametrize("last", ["x" * 513, "x" * 7000, "\xff", "a\tb"])
async def test_a_last_event_id_that_is_none(world: Any, last: str) -> None:
    """W18"""
    async with world.http(accept="text/event-stream") as client:
        headers = {"last-event-id": last.encode("latin-1")}
        refused = await client.post(world.url, json={"query": HAPPENINGS}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


async def test_a_last_event_id_that_is_garbage(world: Any) -> None:
    """W18: what only the source can know is said in the stream."""
    async with listening(world, HAPPENINGS, headers={"last-event-id": "garbage"}) as heard:
        first, last = await heard.rest()
    assert first["data"]["errors"][0]["extensions"] == {"code": "INVALID_CURSOR", "field": ["after"]}
    assert last["event"] == "complete"


async def test_heartbeats(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """W18: so that proxies keep the connection and clients see that it lives."""
    assert sse.HEARTBEAT_SECONDS == 15
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    async with listening(world, HAPPENINGS) as heard:
        await asyncio.sleep(0.5)
        world.board.post()
        await heard.next()
        assert heard.comments >= 4


async def test_streams_per_account(opened: Any, until: Any) -> None:
    """W10"""
    async with opened(max_sse_per_account=2) as world:
        async with listening(world, HAPPENINGS), listening(world, HAPPENINGS):
            async with world.http(accept="text/event-stream") as client:
                refused = await client.post(world.url, json={"query": HAPPENINGS})
            assert refused.status_code == 429
            assert refused.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
            async with listening(world, "{ viewer }", "bob") as heard:
                assert len(await heard.rest()) == 2
        await until(lambda: len(world.edge.streams) == 0)
        await until(lambda: world.board.open == 0)
        assert world.board.contexts == 0


@pytest.mark.parametrize("how", ["expired", "revoked"])
async def test_a_token_that_ends(
    world: Any, viewer_of: Any, until: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """W9"""
    monkeypatch.setattr(streams, "RECHECK_SECONDS", 0.3)
    if how == "expired":
        world.tokens["alice"] = viewer_of(ends=utcnow() + timedelta(seconds=0.4))
    async with listening(world, HAPPENINGS) as heard:
        world.board.post()
        assert (await heard.next() or {})["id"] == "1"
        if how == "revoked":
            del world.tokens["alice"]
        first, last = await heard.rest()
        assert first["data"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert last["event"] == "complete"
    await until(lambda: world.board.open == 0)


async def test_a_client_that_goes(world: Any, until: Any) -> None:
    """W14"""
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with listening(world, HAPPENINGS):
            await until(lambda: world.board.open == 1)
        await until(lambda: world.board.open == 0)
    await until(lambda: len(world.edge.streams) == 0)
    await until(lambda: len(asyncio.all_tasks()) <= before)


@pytest.mark.parametrize("stock", [False, True])
async def test_a_client_that_stops_reading(opened: Any, until: Any, stock: bool) -> None:
    """W12"""
    async with opened(stream_idle_seconds=0.5, stock=stock) as world, stuck(world, until) as (reader, writer):
        await until(lambda: world.board.open == 0)
        await until(lambda: len(world.edge.streams) == 0)
        if not stock:
            # The connection is over too; a stock server waits for it to be read.
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(50_000_000)
        writer.transport.abort()


async def test_a_stuck_client_does_not_hold_up_the_stop(
    world: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W12, W19"""
    monkeypatch.setattr(sse, "CLOSE_SECONDS", 0.3)
    async with stuck(world, until) as (_, writer):
        async with asyncio.timeout(10):
            await world.edge.close()
        assert world.board.open == 0
        writer.transport.abort()


async def test_a_server_that_stops(world: Any) -> None:
    """W19: no ``complete``, so the client comes back, elsewhere."""
    async with listening(world, HAPPENINGS) as heard:
        world.board.post()
        await heard.next()
        world.server.should_exit = True
        assert await heard.rest() == []
    assert world.board.open == 0
