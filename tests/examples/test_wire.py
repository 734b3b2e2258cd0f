"""What the typed client does when connections break: a real server behind a line that is cut where a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
from persona_graph_client import (
    CreatePersonaInput,
    GenerateSpeechInput,
    PersonaGraph,
    RequestFailed,
    VoicePolicy,
)

from tests.examples.conftest import Place, free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Line:
    """Carries bytes to the server and back. ``cuts``: for each answer to come, the words it is cut behind; none for
    an answer that comes whole."""

    host: str
    port: int
    cuts: list[bytes | None] = field(default_factory=list)
    asked: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        up = asyncio.create_task(self._up(reader, back))
        try:
            await self._down(there, writer)
        finally:
            up.cancel()
            back.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            self.asked += piece.startswith(b"POST ")
            back.write(piece)
            await back.drain()

    async def _down(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = b""
        while piece := await there.read(65536):
            cut = self.cuts[0] if self.cuts else None
            heard += piece
            if cut is not None and cut in heard:
                self.cuts.pop(0)
                return
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def behind(place: Place, *cuts: bytes | None) -> AsyncIterator[tuple[PersonaGraph, Line]]:
    """A client whose every request has a connection of its own."""
    url = httpx.URL(place.url)
    line = Line(str(url.host), int(url.port or 80), list(cuts))
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    http = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0), timeout=60, trust_env=False)
    try:
        async with PersonaGraph(f"http://127.0.0.1:{port}", place.token, http=http) as graph:
            yield graph, line
    finally:
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 5)


def spoken(persona: str, script: str) -> GenerateSpeechInput:
    return GenerateSpeechInput(persona_id=persona, script=script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)


async def test_an_order_whose_answer_was_lost_is_placed_once(graph: PersonaGraph, place: Place) -> None:
    persona = (await graph.create_persona(CreatePersonaInput(name="Lost answer"))).id
    async with behind(place, b"HTTP/1.1", b"HTTP/1.1") as (far, line):
        made = await far.generate_speech(spoken(persona, "Paid for once, however often it is sent."))
    assert line.asked == 3 and line.cuts == []
    page = await graph.outputs(persona)
    assert page is not None and [one.id for one in page.nodes] == [made.output.id]


async def test_what_must_not_happen_twice_is_not_sent_twice(graph: PersonaGraph, place: Place) -> None:
    name = "Sent but once"
    async with behind(place, b"HTTP/1.1") as (far, line):
        with pytest.raises(RequestFailed) as lost:
            await far.create_persona(CreatePersonaInput(name=name))
    assert (lost.value.code, lost.value.status, line.asked) == ("UNREACHABLE", 0, 1)
    page = await graph.personas(first=100)
    assert [row.name for row in page.nodes].count(name) == 1


async def test_a_stream_that_breaks_goes_on_without_gap_or_double(graph: PersonaGraph, place: Place) -> None:
    """W15, in the client: events each once, over three connections."""
    persona = (await graph.create_persona(CreatePersonaInput(name="Cut stream"))).id
    made = await graph.generate_speech(spoken(persona, "Followed over a line that breaks."))
    every = [event async for event in graph.follow(made.job.id)]
    assert len(every) > 2
    async with behind(place, every[1].cursor.encode(), every[2].cursor.encode()) as (far, line):
        heard = [event async for event in far.follow(made.job.id)]
    assert heard == every and line.asked == 3


async def test_nobody_there_is_told() -> None:
    async with PersonaGraph(f"http://127.0.0.1:{free_port()}", "pg_x") as nobody:
        with pytest.raises(RequestFailed) as silent:
            await nobody.viewer()
    assert (silent.value.code, silent.value.status) == ("UNREACHABLE", 0)


def answering(*statuses: int) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A server's answers, one after the other: what is not 200 is what a proxy says in its place."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status = statuses[len(asked) - 1]
        if status != 200:
            return httpx.Response(status, headers={"retry-after": "0"}, text="not now")
        account = {"id": "a", "name": "A", "tier": {"id": "pro", "name": "Pro"}}
        return httpx.Response(
            200, json={"data": {"viewer": {"label": "l", "scopes": [], "account": account}}}
        )

    return httpx.MockTransport(answer), asked


@pytest.mark.parametrize("busy", [429, 502, 503, 504])
async def test_what_only_reads_is_asked_again_of_a_busy_server(busy: int) -> None:
    transport, asked = answering(busy, 200)
    async with PersonaGraph("http://far", "pg_x", http=httpx.AsyncClient(transport=transport)) as graph:
        assert (await graph.viewer()).account.name == "A"
    assert len(asked) == 2 and asked[0].headers["authorization"] == "Bearer pg_x"


async def test_a_change_is_not_sent_again_after_a_gateway_gave_up() -> None:
    transport, asked = answering(504, 200)
    async with PersonaGraph("http://far", "pg_x", http=httpx.AsyncClient(transport=transport)) as graph:
        with pytest.raises(RequestFailed) as lost:
            await graph.create_persona(CreatePersonaInput(name="Perhaps"))
    assert (lost.value.status, len(asked)) == (504, 1)
