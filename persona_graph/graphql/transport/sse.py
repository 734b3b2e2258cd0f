"""Server-sent events on the same path: graphql-sse in its distinct-connections mode.

An event's ``id`` is its cursor, so a client that comes back with Last-Event-ID goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLError, OperationType
from starlette.types import Message, Receive, Scope, Send

from persona_graph.accounts.viewer import Viewer
from persona_graph.graphql.transport import accept
from persona_graph.graphql.transport.budget import Turnstile
from persona_graph.graphql.transport.documents import Operation
from persona_graph.graphql.transport.engine import Engine, encoded, encoded_errors
from persona_graph.graphql.transport.faults import Malformed, Rejected, fault, masked, unauthenticated
from persona_graph.graphql.transport.requests import Ask
from persona_graph.graphql.transport.streams import Authenticate, follow, vigil
from persona_graph.settings import Settings

HEARTBEAT_SECONDS = 15.0
CLOSE_SECONDS = 5.0
MAX_EVENT_ID = 512
TURN = 32
HEARTBEAT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


class Unheard(Exception):
    """The client is gone, or stopped reading."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    operation: Operation
    ask: Ask
    spent: dict[str, Any]


class EventStreams:
    """Open streams. ``close`` ends them without ``complete``, so that clients resume elsewhere."""

    def __init__(self, engine: Engine, authenticate: Authenticate, settings: Settings) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._idle = settings.stream_idle_seconds
        self._by_account = Turnstile(settings.max_sse_per_account)
        self._closing = asyncio.Event()

    async def close(self) -> None:
        self._closing.set()
        while self._by_account.inside:
            await asyncio.sleep(0.01)

    def __len__(self) -> int:
        return self._by_account.inside

    async def run(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        ask: Ask,
        viewer: Viewer,
        token: str | None,
        read_only: bool,
    ) -> None:
        """Answer as a stream. Raises ``Malformed`` or ``Rejected`` only before the stream has begun."""
        if self._closing.is_set() or not self._by_account.enter(viewer.account_id):
            error = fault("Too many event streams of this account are open.", "TOO_MANY_STREAMS")
            raise Rejected([error], status=429, headers={"retry-after": "5"})
        try:
            prepared = self._prepared(ask, viewer, headers, read_only)
            stream = _Stream(send, self._idle)
            await stream.begin()
            if isinstance(prepared, _Prepared):
                await self._until_over(stream, receive, prepared, viewer, token)
            else:
                await stream.end(encoded_errors(prepared))
        except Unheard:
            pass  # the server drops the connection
        finally:
            self._by_account.leave(viewer.account_id)

    def _prepared(
        self, ask: Ask, viewer: Viewer, headers: dict[bytes, bytes], read_only: bool
    ) -> _Prepared | list[GraphQLError]:
        try:
            operation, spent = self._engine.prepared(ask, viewer)
        except Rejected as rejected:
            # What is wrong with a document is an event; what is wrong with the request is not.
            if isinstance(rejected, Malformed) or rejected.status != 400:
                raise
            return rejected.errors
        if read_only and operation.kind is OperationType.MUTATION:
            raise Malformed("Mutations need POST.", code="METHOD_NOT_ALLOWED", status=405, allow="POST")
        return _Prepared(operation, _resumed(ask, operation, headers.get(b"last-event-id", b"")), spent)

    async def _until_over(
        self, stream: _Stream, receive: Receive, prepared: _Prepared, viewer: Viewer, token: str | None
    ) -> None:
        """Whatever comes first: the end of the events, of the client, of the token, or of the server."""
        telling = asyncio.create_task(self._tell(stream, prepared, viewer))
        gone = asyncio.create_task(_gone(receive))
        revoked = asyncio.create_task(vigil(self._authenticate, token, viewer))
        closing = asyncio.create_task(self._closing.wait())
        beating = asyncio.create_task(stream.beat())
        tasks: list[asyncio.Task[Any]] = [telling, gone, revoked, closing, beating]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over = [task for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if telling in over:
            telling.result()
        elif revoked in over:
            await stream.end(encoded_errors(unauthenticated().errors))
        elif closing in over:
            await stream.stop()

    async def _tell(self, stream: _Stream, prepared: _Prepared, viewer: Viewer) -> None:
        operation, variables = prepared.operation, prepared.ask.variables
        try:
            if operation.kind is OperationType.SUBSCRIPTION:
                await follow(self._engine, operation, variables, viewer, stream.deliver)
                await stream.end()
                return
            result = await self._engine.answer(operation, variables, viewer)
            await stream.end(encoded(result, {"cost": prepared.spent}))
        except Rejected as rejected:
            await stream.end(encoded_errors(rejected.errors))
        except Unheard:
            raise
        except Exception as error:
            await stream.end(encoded_errors([fault("Internal error", **masked(error, "a stream"))]))


class _Stream:
    """The answer as it is written. Whoever does not take it in for too long loses it."""

    def __init__(self, send: Send, idle: float) -> None:
        self._send = send
        self._idle = idle
        self._told = 0

    async def begin(self) -> None:
        headers = [
            (b"content-type", f"{accept.EVENTS}; charset=utf-8".encode()),
            (b"cache-control", b"no-cache, no-transform"),
            # Asks nginx and its kin not to hold events back.
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await self._patiently({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(HEARTBEAT)

    def deliver(self, payload: bytes, cursor: str | None, /) -> Awaitable[None]:
        return self._tell(_next(payload, cursor))

    async def _tell(self, data: bytes) -> None:
        await self._write(data)
        self._told += 1
        if self._told % TURN == 0:
            # A write that need not wait lets nobody else run.
            await asyncio.sleep(0)

    async def end(self, last: bytes | None = None) -> None:
        await self._write((_next(last, None) if last is not None else b"") + COMPLETE)
        await self.stop()

    async def stop(self) -> None:
        # Who does not read does not hold up a server that stops.
        self._idle = min(self._idle, CLOSE_SECONDS)
        await self._write(b"", more=False)

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._write(HEARTBEAT)

    async def _write(self, data: bytes, more: bool = True) -> None:
        await self._patiently({"type": "http.response.body", "body": data, "more_body": more})

    async def _patiently(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._idle):
                await self._send(message)
        except (TimeoutError, OSError):
            raise Unheard from None


def _next(payload: bytes, cursor: str | None) -> bytes:
    place = b""
    if cursor is not None and cursor.isascii() and cursor.isprintable():
        place = b"id: " + cursor.encode() + b"\n"
    return b"event: next\n" + place + b"data: " + payload + b"\n\n"


def _resumed(ask: Ask, operation: Operation, last: bytes) -> Ask:
    """Go on after the event the client saw last, which is later than any ``after`` it began with."""
    if not last or "after" not in operation.declared:
        return ask
    text = last.decode("latin-1")
    if len(text) > MAX_EVENT_ID or not text.isascii() or not text.isprintable():
        raise Malformed("Last-Event-ID is not one of ours.", code="INVALID_CURSOR")
    return replace(ask, variables={**ask.variables, "after": text})


async def _gone(receive: Receive) -> None:
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
