"""GraphQL over HTTP: one operation in, one answer out, by the specification of that name."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import Unauthenticated
from persona_graph.graphql.transport import accept
from persona_graph.graphql.transport.documents import Operation
from persona_graph.graphql.transport.engine import Engine, encoded, encoded_errors
from persona_graph.graphql.transport.faults import Malformed, Rejected, fault, masked
from persona_graph.graphql.transport.requests import Ask, ask_of_body, ask_of_query_string
from persona_graph.graphql.transport.sse import EventStreams
from persona_graph.graphql.transport.strangers import Strangers, refusal
from persona_graph.graphql.transport.streams import Authenticate
from persona_graph.graphql.transport.tokens import bearer
from persona_graph.settings import Settings

Headers = dict[bytes, bytes]

LINGER_SECONDS = 1.0


class Endpoint:
    """The ASGI application for ordinary requests and event streams."""

    def __init__(
        self,
        engine: Engine,
        authenticate: Authenticate,
        settings: Settings,
        streams: EventStreams,
        strangers: Strangers,
    ) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._settings = settings
        self._streams = streams
        self._strangers = strangers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        wants = accept.accepted(headers.get(b"accept", b"").decode("latin-1"))
        try:
            viewer, ask = await self._asked(scope, headers, receive)
            if wants.only_events or (wants.events and self._is_subscription(ask)):
                token = _token(headers)
                await self._streams.run(
                    scope, headers, receive, send, ask, viewer, token, self._read_only(scope)
                )
                return
            kind = wants.answer
            if kind is None:
                raise Malformed("No acceptable media type.", code="NOT_ACCEPTABLE", status=406)
            body, status, extra = await self._answered(ask, viewer, kind, self._read_only(scope))
        except Rejected as rejected:
            kind = wants.answer or accept.JSON
            body, status, extra = encoded_errors(rejected.errors), rejected.status, rejected.headers
        except Exception as error:
            kind = wants.answer or accept.JSON
            hidden = fault("Internal error", **masked(error, "a request"))
            body, status, extra = encoded_errors([hidden]), 500, {}
        await respond(send, status, kind, body, extra)

    async def _asked(self, scope: Scope, headers: Headers, receive: Receive) -> tuple[Viewer, Ask]:
        """Who asks for what. What the headers alone forbid is refused before anything is read."""
        method = scope["method"]
        if method not in ("GET", "POST"):
            raise Malformed("Use POST.", code="METHOD_NOT_ALLOWED", status=405, allow="GET, POST")
        if method == "POST":
            await self._need_content(headers, receive)
        try:
            address = str((scope.get("client") or ("",))[0])
            viewer = await self._strangers.admit(self._authenticate, _token(headers), address)
        except Unauthenticated as refused:
            raise refusal(refused) from None
        if method == "GET":
            return viewer, ask_of_query_string(scope["query_string"])
        return viewer, ask_of_body(await self._body(receive))

    async def _need_content(self, headers: Headers, receive: Receive) -> None:
        try:
            _check_content(headers, self._settings.max_body_bytes)
        except Malformed as refused:
            if refused.status == 415:
                # Who is still sending when the connection closes may never see the answer.
                with suppress(TimeoutError, Malformed):
                    async with asyncio.timeout(LINGER_SECONDS):
                        await self._body(receive)
            raise

    async def _body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._settings.stream_idle_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Malformed("The request was not sent to its end.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._settings.max_body_bytes:
                        raise _too_large(self._settings.max_body_bytes)
                    if not message.get("more_body", False):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
        except TimeoutError:
            text = "The request body came too slowly."
            raise Malformed(text, code="REQUEST_TOO_SLOW", status=408, connection="close") from None

    async def _answered(
        self, ask: Ask, viewer: Viewer, kind: str, read_only: bool
    ) -> tuple[bytes, int, dict[str, str]]:
        try:
            operation, spent = self._engine.prepared(ask, viewer)
            allow(operation, read_only)
            if operation.kind is OperationType.SUBSCRIPTION:
                raise Rejected([fault("A subscription needs a stream.", "SUBSCRIPTION_NEEDS_STREAM")])
            result = await self._engine.answer(operation, ask.variables, viewer)
        except Malformed:
            raise
        except Rejected as rejected:
            # The older media type says 200 to every well-formed request.
            status = 200 if kind == accept.JSON and rejected.status == 400 else rejected.status
            return encoded_errors(rejected.errors), status, rejected.headers
        return encoded(result, {"cost": spent}), 200, {}

    def _is_subscription(self, ask: Ask) -> bool:
        try:
            return self._engine.documents.operation(ask).kind is OperationType.SUBSCRIPTION
        except Rejected:
            return False

    def _read_only(self, scope: Scope) -> bool:
        return bool(scope["method"] == "GET")


def allow(operation: Operation, read_only: bool) -> None:
    if read_only and operation.kind is OperationType.MUTATION:
        raise Malformed("Mutations need POST.", code="METHOD_NOT_ALLOWED", status=405, allow="POST")


async def respond(
    send: Send, status: int, kind: str, body: bytes, extra: dict[str, str] | None = None
) -> None:
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.encode(), value.encode()) for name, value in (extra or {}).items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _token(headers: Headers) -> str | None:
    return bearer(headers.get(b"authorization", b"").decode("latin-1"))


def _check_content(headers: Headers, limit: int) -> None:
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        raise _unsupported("Compressed bodies are not accepted.")
    kind, *parameters = headers.get(b"content-type", b"").decode("latin-1").lower().split(";")
    if kind.strip() != accept.JSON:
        raise _unsupported("The body must be application/json.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8"):
            raise _unsupported("The body must be in UTF-8.")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


def _unsupported(message: str) -> Malformed:
    return Malformed(message, code="UNSUPPORTED_MEDIA_TYPE", status=415, connection="close")


def _too_large(limit: int) -> Malformed:
    text = f"The body is larger than {limit} bytes."
    return Malformed(text, code="REQUEST_TOO_LARGE", status=413, connection="close")
