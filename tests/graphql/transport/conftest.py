"""A small schema of our own behind real sockets, for everything the transports promise."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import InvalidInput, NotFound, Unauthenticated
from persona_graph.graphql.transport import Edge, Limits, Planner, Server, uvicorn_options
from persona_graph.settings import Settings

DSN = "postgresql://admin:hunter2@db.internal/prod"


@dataclass
class Happening:
    """A source event as the feed gives it: a number, its cursor, and a memo that all its readers share."""

    n: int
    cursor: str
    memo: dict[Any, Any] | None = field(default_factory=dict)


class Board:
    """Where the test schema's subscriptions come from, and what the tests look at afterwards."""

    def __init__(self) -> None:
        self.events: list[Happening] = []
        self.more = asyncio.Event()
        self.ended = False
        self.open = 0
        self.contexts = 0
        self.shaped = 0
        self.mutations = 0
        self.told = 0
        self.serial = 0
        self.slow = asyncio.Event()
        self.slow.set()

    def post(self, count: int = 1, *, memo: bool = True) -> None:
        for _ in range(count):
            n = len(self.events) + 1
            self.events.append(Happening(n, str(n), {} if memo else None))
        self._wake()

    def end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        old, self.more = self.more, asyncio.Event()
        old.set()


@strawberry.type
class Thing:
    id: strawberry.ID
    name: str

    @strawberry.field
    def things(self, first: int | None = 20, last: int | None = None) -> list[Thing]:
        return [Thing(id=strawberry.ID(f"{self.id}.{n}"), name="x") for n in range(first or 0)]

    @strawberry.field
    def friend(self) -> Thing:
        return self


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"Hello {name}"

    @strawberry.field
    def number(self, n: int) -> int:
        return n

    @strawberry.field
    def ratio(self, x: float) -> float:
        return x

    @strawberry.field
    def total(self, of: list[int]) -> int:
        return sum(of)

    @strawberry.field
    def thing(self) -> Thing:
        return Thing(id=strawberry.ID("1"), name="one")

    @strawberry.field
    def things(
        self, first: int | None = 20, last: int | None = None, after: str | None = None
    ) -> list[Thing]:
        return [Thing(id=strawberry.ID(str(n)), name="x") for n in range(first or 0)]

    @strawberry.field
    def viewer(self, info: strawberry.Info) -> str:
        return str(info.context["viewer"].account_id)

    @strawberry.field
    def boom(self) -> str | None:
        raise RuntimeError(f"could not connect to {DSN}")

    @strawberry.field
    def must_boom(self) -> str:
        raise RuntimeError(f"could not connect to {DSN}")

    @strawberry.field
    def missing(self) -> str | None:
        raise NotFound(message="Not found.", fix="Look elsewhere.")

    @strawberry.field
    def surrogate(self) -> str:
        return "\ud800"

    @strawberry.field
    async def wait(self, info: strawberry.Info) -> str:
        info.context["board"].open += 1
        try:
            await asyncio.sleep(3600)
        finally:
            info.context["board"].open -= 1
        return "late"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def bump(self, info: strawberry.Info) -> int:
        board = info.context["board"]
        board.mutations += 1
        return board.mutations


@strawberry.type
class Event:
    n: int

    @strawberry.field
    async def text(self, info: strawberry.Info, size: int = 10) -> str:
        board: Board = info.context["board"]
        board.shaped += 1
        await board.slow.wait()
        return "x" * size

    @strawberry.field
    def account(self, info: strawberry.Info) -> str:
        return str(info.context["viewer"].account_id)

    @strawberry.field
    def scopes(self, info: strawberry.Info) -> list[str]:
        return sorted(info.context["viewer"].scopes)

    @strawberry.field
    def serial(self, info: strawberry.Info) -> int:
        return int(info.context["serial"])

    @strawberry.field
    def boom(self) -> str | None:
        raise RuntimeError(f"could not connect to {DSN}")

    @strawberry.field
    def echo(self, text: str | None = None) -> str | None:
        return text


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def happenings(self, info: strawberry.Info, after: str | None = None) -> AsyncIterator[Event]:
        """Stored ones first, then live ones, like the feed."""
        board: Board = info.context["board"]
        if after is not None and not after.isdigit():
            raise InvalidInput(message="Not a cursor.", code="INVALID_CURSOR", path=("after",))
        place = int(after or 0)
        board.open += 1
        try:
            while True:
                while place < len(board.events):
                    happening = board.events[place]
                    place += 1
                    board.told += 1
                    yield happening  # type: ignore[misc]
                if board.ended:
                    return
                await board.more.wait()
        finally:
            board.open -= 1

    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for n in range(1, to + 1):
            yield n

    @strawberry.subscription
    async def absent(self) -> AsyncIterator[int]:
        raise NotFound(message="Not found.")
        yield 1

    @strawberry.subscription
    async def breaks(self) -> AsyncIterator[int]:
        yield 1
        raise RuntimeError(f"could not connect to {DSN}")


@pytest.fixture(scope="session")
def schema() -> strawberry.Schema:
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


def viewer_of(
    account: str = "alice", *, scopes: frozenset[Scope] = frozenset(Scope), ends: datetime | None = None
) -> Viewer:
    return Viewer(account_id=account, label="test", scopes=scopes, expires_at=ends)


@dataclass
class World:
    """One running server and what its tests need to reach it."""

    edge: Edge
    board: Board
    tokens: dict[str, Viewer]
    settings: Settings
    server: uvicorn.Server
    port: int = 0
    broken: bool = False

    async def authenticate(self, token: str | None) -> Viewer:
        if self.broken:
            raise ConnectionError(DSN)
        if token is None or token not in self.tokens:
            raise Unauthenticated
        return self.tokens[token]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    def http(self, token: str | None = "alice", **headers: str) -> httpx.AsyncClient:
        auth = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(headers={**auth, **headers}, timeout=30, trust_env=False)

    async def post(self, query: object, token: str | None = "alice", **more: Any) -> httpx.Response:
        async with self.http(token, accept="application/graphql-response+json") as client:
            return await client.post(self.url, json={"query": query, **more})

    def raw(self, **options: Any) -> connect:
        options = {
            "subprotocols": ["graphql-transport-ws"],
            "compression": None,
            "max_size": None,
            "proxy": None,
            **options,
        }
        return connect(self.url.replace("http", "ws"), **options)

    @contextlib.asynccontextmanager
    async def socket(self, token: str = "alice", **options: Any) -> AsyncIterator[Talk]:
        async with self.raw(**options) as connection:
            talk = Talk(connection)
            await talk.say(type="connection_init", payload={"authorization": f"Bearer {token}"})
            assert await talk.hear() == {"type": "connection_ack"}
            yield talk


class Talk:
    """graphql-transport-ws from the client's side."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = orjson.loads(await asyncio.wait_for(self.connection.recv(), 20))
        return message

    async def subscribe(self, query: str, op_id: str = "1", **more: Any) -> None:
        await self.say(id=op_id, type="subscribe", payload={"query": query, **more})

    async def ask(self, query: str, op_id: str = "1", **more: Any) -> list[dict[str, Any]]:
        """Everything one operation says, to its end."""
        await self.subscribe(query, op_id, **more)
        heard = [await self.hear()]
        while heard[-1]["type"] not in ("complete", "error"):
            heard.append(await self.hear())
        return heard

    async def closed(self) -> tuple[int, str]:
        async with asyncio.timeout(20):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


class _NoSignals(Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _StockNoSignals(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


Opener = Callable[..., contextlib.AbstractAsyncContextManager[World]]


@pytest.fixture
def opened(schema: strawberry.Schema) -> Opener:
    """Start a server with settings of the test's choosing; ``stock`` is uvicorn without our protocol classes."""

    @contextlib.asynccontextmanager
    async def start(
        *, stock: bool = False, limits: Limits | None = None, planner: Planner | None = None, **fields: Any
    ) -> AsyncIterator[World]:
        settings = Settings(**{"introspection": False, **fields})
        board = Board()
        tokens = {"alice": viewer_of(), "bob": viewer_of("bob")}
        world: World

        @contextlib.asynccontextmanager
        async def context(viewer: Viewer) -> AsyncIterator[dict[str, Any]]:
            board.contexts += 1
            board.serial += 1
            try:
                yield {"viewer": viewer, "board": board, "serial": board.serial}
            finally:
                board.contexts -= 1

        edge = Edge(
            schema, context, lambda token: world.authenticate(token), settings, limits=limits, planner=planner
        )
        app = Starlette(routes=edge.routes)
        options: dict[str, Any] = {} if stock else uvicorn_options(settings)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="warning", **options)
        server = _StockNoSignals(config) if stock else _NoSignals(config, edge.close)
        world = World(edge, board, tokens, settings, server)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        world.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield world
        finally:
            server.should_exit = True
            if stock:
                await edge.close()
            await asyncio.wait_for(serving, 30)

    return start


@pytest.fixture
async def world(opened: Opener) -> AsyncIterator[World]:
    async with opened() as started:
        yield started


async def until(what: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.01)


@pytest.fixture(name="until")
def _until() -> Any:
    return until


@pytest.fixture(name="viewer_of")
def _viewer_of() -> Any:
    return viewer_of


@pytest.fixture(name="Talk")
def _talk() -> type[Talk]:
    return Talk


@pytest.fixture
def soon() -> datetime:
    return utcnow() + timedelta(seconds=0.5)
