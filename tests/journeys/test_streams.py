"""Following jobs: left and resumed every few events, over both transports, without gap or double (W15)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from websockets.asyncio.client import connect

from tests.client import Answered, Client
from tests.journeys.conftest import Stage, Trained

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEPS = 8
Listen = Callable[[str, str | None, int | None], Awaitable[list[dict[str, Any]]]]


async def resumed(listen: Listen, job: str, step: int) -> list[dict[str, Any]]:
    """Everything, by a client that is thrown out after every few events and comes back with its last cursor."""
    seen: list[dict[str, Any]] = []
    while not (seen and seen[-1]["terminal"]):
        heard = await listen(job, seen[-1]["cursor"] if seen else None, step)
        assert 0 < len(heard) <= step, "the stream ended before the terminal event"
        seen += heard
    # Behind the last one there is nothing more, and the stream says so.
    assert await listen(job, seen[-1]["cursor"], None) == []
    return seen


async def test_a_client_that_comes_back_misses_nothing(
    stage: Stage, client: Client, trained: Trained
) -> None:
    """W15: six clients follow one job, live; two to the end, four leaving and resuming, two of them after each event."""
    stage.tell("ticks-own", str(STEPS))
    try:
        made = await client.change(
            "generateSpeech", "job { id }", personaId=trained.persona, script="Count with me."
        )
        job = made["job"]["id"]
        leaving = (resumed(listen, job, step) for listen in (client.events, client.sse) for step in (1, 4))
        heard = await asyncio.gather(client.events(job), client.sse(job), *leaving)
    finally:
        stage.untell("ticks-own")
    seen = heard[0]
    assert all(one == seen for one in heard)
    assert [event["sequence"] for event in seen] == list(range(1, len(seen) + 1))
    assert [event["terminal"] for event in seen] == [False] * (len(seen) - 1) + [True]
    assert (seen[-1]["state"], seen[-1]["progress"]["fraction"]) == ("SUCCEEDED", 1.0)
    fractions = [event["progress"]["fraction"] for event in seen]
    assert fractions == sorted(fractions)
    assert sum(event["progress"]["source"] == "REPORTED" for event in seen) >= STEPS
    # At leisure, afterwards: the same.
    assert await resumed(client.events, job, 2) == await resumed(client.sse, job, 5) == seen


async def test_all_jobs_of_a_persona_in_one_stream(client: Client, trained: Trained) -> None:
    """``personaEvents`` carries a cursor of its own and goes on when a job ends."""
    document = "subscription($id: ID!, $after: String) { personaEvents(personaId: $id, after: $after) { cursor jobId jobKind sequence terminal job { id state } } }"
    address = str(client.http.base_url).rstrip("/").replace("http", "ws", 1) + "/graphql"

    async def listen(after: str | None, jobs: set[str]) -> list[Any]:
        seen: list[Any] = []
        async with (
            asyncio.timeout(60),
            connect(address, subprotocols=cast(Any, ["graphql-transport-ws"]), proxy=None) as socket,
        ):
            await socket.send(json.dumps({"type": "connection_init", "payload": client.headers}))
            variables = {"id": trained.persona, "after": after}
            await socket.send(
                json.dumps(
                    {"id": "1", "type": "subscribe", "payload": {"query": document, "variables": variables}}
                )
            )
            async for frame in socket:
                message = json.loads(frame)
                if message["type"] == "next":
                    event = message["payload"]["data"]["personaEvents"]
                    seen.append(event)
                    jobs -= {event["jobId"]} if event["terminal"] else set()
                    if not jobs:
                        return seen
        raise AssertionError("the stream of a persona does not end by itself")

    made = [
        await client.change("generateSpeech", "job { id }", personaId=trained.persona, script=f"Number {n}.")
        for n in range(2)
    ]
    ids = {one["job"]["id"] for one in made}
    seen = await listen(None, set(ids))
    for id in ids:
        mine = [event for event in seen if event["jobId"] == id]
        assert [event["sequence"] for event in mine] == list(range(1, len(mine) + 1))
        assert mine[-1]["job"] == {"id": id, "state": "SUCCEEDED"}
    third = (
        await client.change("generateSpeech", "job { id }", personaId=trained.persona, script="Number three.")
    )["job"]["id"]
    later = await listen(seen[-1]["cursor"], {third})
    assert {event["jobId"] for event in later} == {third}
    assert not {event["cursor"] for event in seen} & {event["cursor"] for event in later}


async def test_a_cursor_of_another_stream_is_none(client: Client, trained: Trained) -> None:
    """W18: forged, foreign and garbage cursors are typed, over both transports."""
    jobs = []
    for n in range(2):
        made = await client.change(
            "generateSpeech", "job { id }", personaId=trained.persona, script=f"Number {n}."
        )
        await client.succeeded(made["job"]["id"])
        jobs.append(made["job"]["id"])
    foreign = (await client.events(jobs[1]))[0]["cursor"]
    for cursor in (foreign, "x", "A" * 300, foreign[:-4]):
        for listen in (client.events, client.sse):
            with pytest.raises(Answered) as refused:
                await listen(jobs[0], cursor)
            assert refused.value.code == "INVALID_CURSOR"
    # One beyond the end is a place after which nothing comes.
    beyond = (await client.events(jobs[0]))[-1]["cursor"]
    assert await client.events(jobs[0], beyond) == []
