"""graphql-transport-ws: queries, mutations and subscriptions over one WebSocket.

Close codes are the protocol's own. A client that is wrong, slow, gone or no longer allowed loses its
socket and nothing else; its operations end with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

import orjson
from graphql import OperationType
from starlette.types import Message, Receive, Scope, Send

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import Unauthenticated
from persona_graph.graphql.transport.budget import Pace, Turnstile
from persona_graph.graphql.transport.engine import Engine, encoded
from persona_graph.graphql.transport.faults import Rejected, fault, formatted, masked
from persona_graph.graphql.transport.requests import Ask, ask_of
from persona_graph.graphql.transport.strangers import Strangers
from persona_graph.graphql.transport.streams import Authenticate, follow, vigil
from persona_graph.graphql.transport.tokens import bearer
from persona_graph.settings import Settings

SUBPROTOCOL = "graphql-transport-ws"
WIRE = "persona_graph.wire"
MAX_ID_CHARS = 64
BURST, RATE = 2_000, 500
# A stream with much to deliver lets the others run after so many payloads.
TURN = 32
CLOSE_SECONDS = 5.0

log = logging.getLogger(__name__)


class Close(Exception):
    """Why a socket ends; without a code the peer is gone already."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Stalled(Close):
    """The peer does not read, so it is dropped without a word."""

    def __init__(self) -> None:
        super().__init__(None, "stopped reading")


BAD, UNAUTHORIZED, FORBIDDEN, INIT_TIMEOUT, DUPLICATE, AGAIN = 4400, 4401, 4403, 4408, 4409, 4429
GOING_AWAY, POLICY, TOO_BIG, INTERNAL, TRY_LATER = 1001, 1008, 1009, 1011, 1013


class Sockets:
    """The ASGI application for WebSockets, and the register of those that are open."""

    def __init__(
        self, engine: Engine, authenticate: Authenticate, settings: Settings, strangers: Strangers
    ) -> None:
        self.engine = engine
        self.strangers = strangers
        self.authenticate = authenticate
        self.settings = settings
        self.by_account = Turnstile(settings.max_sockets_per_account)
        self._by_address = Turnstile(settings.max_sockets_per_address)
        self._open: set[Socket] = set()
        self._closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        address = str((scope.get("client") or ("",))[0])
        if refused := self._refusal(scope):
            await _refuse(scope, send, *refused)
            return
        if not self._by_address.enter(address):
            await _refuse(scope, send, 429, "Too many WebSockets from this address.")
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            socket = Socket(self, scope, receive, send)
            self._open.add(socket)
            try:
                await socket.run()
            finally:
                self._open.discard(socket)
        except OSError:
            pass  # the client went away in the handshake
        finally:
            self._by_address.leave(address)

    async def close(self) -> None:
        """Tell every client to go elsewhere."""
        self._closing = True
        for socket in list(self._open):
            socket.end(Close(GOING_AWAY, "Server is going away"))
        while self._open:
            await asyncio.sleep(0.01)

    def __len__(self) -> int:
        return len(self._open)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        if self._closing:
            return 503, "Server is going away."
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            return 400, f"Only the {SUBPROTOCOL} subprotocol is spoken here."
        if not _origin_allowed(scope, self.settings):
            return 403, "This origin is not allowed."
        return None


class Socket:
    """One connection. A reader takes messages in order; each operation is a task of its own."""

    def __init__(self, sockets: Sockets, scope: Scope, receive: Receive, send: Send) -> None:
        self._sockets = sockets
        self._receive = receive
        self._send = send
        self._wire: Any = scope.get("extensions", {}).get(WIRE)
        self._idle = sockets.settings.stream_idle_seconds
        self._address = str((scope.get("client") or ("",))[0])
        self._header_token = bearer(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        self._pace = Pace(BURST, RATE)
        self._viewer: Viewer | None = None
        self._counted: str | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Future[Close] = asyncio.get_running_loop().create_future()

    def end(self, close: Close) -> None:
        if not self._ending.done():
            self._ending.set_result(close)

    async def run(self) -> None:
        reader = asyncio.create_task(self._read(), name="ws-reader")
        try:
            either: list[asyncio.Future[Any]] = [reader, self._ending]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Operations end before the close is said, so nothing follows it.
            for task in (reader, *self._tasks):
                task.cancel()
            await asyncio.gather(reader, *self._tasks, return_exceptions=True)
            if self._counted is not None:
                self._sockets.by_account.leave(self._counted)
        close = self._ending.result() if self._ending.done() else Close(None)
        await self._say_goodbye(close)

    async def _read(self) -> None:
        try:
            await self._initialised()
            while True:
                await self._take(await self._message())
        except Close as close:
            self.end(close)
        except Exception as error:
            masked(error, "a WebSocket")
            self.end(Close(INTERNAL, "Internal error"))

    async def _initialised(self) -> None:
        try:
            async with asyncio.timeout(self._sockets.settings.ws_init_seconds) as limit:
                while self._viewer is None:
                    await self._take(await self._message())
        except TimeoutError:
            if limit.expired():
                raise Close(INIT_TIMEOUT, "Connection initialisation timeout") from None
            raise

    async def _message(self) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Close(None)
        if self._pace.exceeded():
            raise Close(POLICY, "Too many messages")
        text = message.get("text")
        if text is None:
            raise Close(BAD, "Binary messages are not supported")
        if len(text) > self._sockets.settings.max_body_bytes:
            raise Close(TOO_BIG, "Message too big")
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Close(BAD, "Invalid JSON") from None
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            raise Close(BAD, "Invalid message")
        return value

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete":
            self._complete(_id(message))
        elif kind == "ping":
            _optional_object(message)
            await self._say({"type": "pong"})
        elif kind == "pong":
            _optional_object(message)
        elif kind == "connection_init":
            await self._init(message)
        else:
            raise Close(BAD, "Unknown message type")

    async def _init(self, message: dict[str, Any]) -> None:
        if self._viewer is not None:
            raise Close(AGAIN, "Too many initialisation requests")
        payload = _optional_object(message)
        given = next((value for key, value in payload.items() if key.lower() == "authorization"), None)
        token = bearer(given) if given is not None else self._header_token
        try:
            viewer = await self._sockets.strangers.admit(self._sockets.authenticate, token, self._address)
        except Unauthenticated:
            raise Close(FORBIDDEN, "Forbidden") from None
        if not self._sockets.by_account.enter(viewer.account_id):
            raise Close(TRY_LATER, "Too many WebSockets of this account")
        self._counted = viewer.account_id
        self._viewer = viewer
        self._start(self._watch(token, viewer))
        await self._say({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if self._viewer is None:
            raise Close(UNAUTHORIZED, "Unauthorized")
        op_id = _id(message)
        if op_id in self._operations:
            raise Close(DUPLICATE, f"Subscriber for {op_id} already exists"[:120])
        try:
            ask = ask_of(message.get("payload"))
            if len(self._operations) >= self._sockets.settings.ws_max_operations:
                limit = self._sockets.settings.ws_max_operations
                raise Rejected([fault(f"This socket already runs {limit} operations.", "TOO_MANY_STREAMS")])
        except Rejected as rejected:
            if (rejected.errors[0].extensions or {}).get("code") == "BAD_REQUEST":
                raise Close(BAD, "Invalid subscribe payload") from None
            await self._say({"id": op_id, "type": "error", "payload": formatted(rejected.errors)})
            return
        self._operations[op_id] = self._start(self._operation(op_id, ask, self._viewer))

    def _complete(self, op_id: str) -> None:
        task = self._operations.pop(op_id, None)
        if task is not None:
            task.cancel()

    async def _operation(self, op_id: str, ask: Ask, viewer: Viewer) -> None:
        errors: list[dict[str, Any]] | None = None
        try:
            await self._answer(op_id, ask, viewer)
        except Rejected as rejected:
            errors = formatted(rejected.errors)
        except Close as close:
            self.end(close)
            return
        except Exception as error:
            errors = [{"message": "Internal error", "extensions": masked(error, "an operation")}]
        finally:
            if self._operations.get(op_id) is asyncio.current_task():
                del self._operations[op_id]
        try:
            if errors is not None:
                await self._say({"id": op_id, "type": "error", "payload": errors})
            else:
                await self._say({"id": op_id, "type": "complete"})
        except Close as close:
            self.end(close)

    async def _answer(self, op_id: str, ask: Ask, viewer: Viewer) -> None:
        engine = self._sockets.engine
        operation, spent = engine.prepared(ask, viewer)
        deliver = _Delivery(self, op_id)
        if operation.kind is OperationType.SUBSCRIPTION:
            await follow(engine, operation, ask.variables, viewer, deliver)
            return
        result = await engine.answer(operation, ask.variables, viewer)
        waiting = deliver(encoded(result, {"cost": spent}), None)
        if waiting is not None:
            await waiting

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _watch(self, token: str | None, viewer: Viewer) -> None:
        await vigil(self._sockets.authenticate, token, viewer)
        self.end(Close(FORBIDDEN, "Forbidden"))

    async def _say(self, message: dict[str, Any]) -> None:
        waiting = self.push(orjson.dumps(message))
        if waiting is not None:
            await waiting

    def push(self, text: bytes) -> Awaitable[None] | None:
        """Write one message; what comes back is to be awaited before the next."""
        if self._wire is None:
            return self._patiently({"type": "websocket.send", "text": text.decode()})
        try:
            self._wire.push(text)
        except OSError:
            raise Close(None) from None
        return None if self._wire.writable.is_set() else self._drained()

    async def _patiently(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._idle):
                await self._send(message)
        except TimeoutError:
            raise Stalled from None
        except (OSError, RuntimeError):
            # Gone, or closed by the server because pings went unanswered.
            raise Close(None) from None

    async def _drained(self) -> None:
        try:
            async with asyncio.timeout(self._idle):
                await self._wire.writable.wait()
        except TimeoutError:
            raise Stalled from None

    async def _say_goodbye(self, close: Close) -> None:
        if isinstance(close, Stalled):
            self._abort()
        elif close.code is not None:
            message = {"type": "websocket.close", "code": close.code, "reason": close.reason}
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._send(message)
            except (TimeoutError, OSError, RuntimeError):
                self._abort()

    def _abort(self) -> None:
        # A stock server has no such handle; it closes what the application leaves.
        if self._wire is not None:
            self._wire.abort()


class _Delivery:
    """Payloads of one operation: the bytes that are shared, framed with the operation's id."""

    __slots__ = ("_count", "_head", "_socket")

    def __init__(self, socket: Socket, op_id: str) -> None:
        self._socket = socket
        self._head = b'{"id":' + orjson.dumps(op_id) + b',"type":"next","payload":'
        self._count = 0

    def __call__(self, payload: bytes, cursor: str | None, /) -> Awaitable[None] | None:
        waiting = self._socket.push(self._head + payload + b"}")
        self._count += 1
        if waiting is None and self._count % TURN == 0:
            return asyncio.sleep(0)
        return waiting


def _id(message: dict[str, Any]) -> str:
    op_id = message.get("id")
    if not isinstance(op_id, str) or not 0 < len(op_id) <= MAX_ID_CHARS:
        raise Close(BAD, "Invalid message id")
    return op_id


def _optional_object(message: dict[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Close(BAD, "Invalid payload")
    return payload or {}


def _origin_allowed(scope: Scope, settings: Settings) -> bool:
    """Browsers always say where a page is from; programs say nothing, and carry no cookies."""
    headers: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.lower(), []).append(value.decode("latin-1"))
    origins = headers.get(b"origin", [])
    if not origins:
        return b"cookie" not in headers
    own = {settings.base_url.lower(), *(one.lower().rstrip("/") for one in settings.allowed_origins)}
    split = urlsplit(origins[0].lower())
    here = split.scheme in ("http", "https") and split.netloc in (
        one.lower() for one in headers.get(b"host", [])
    )
    return len(origins) == 1 and (here or f"{split.scheme}://{split.netloc}" in own)


async def _refuse(scope: Scope, send: Send, status: int, words: str) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": words})
        return
    body = words.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
