"""Between the socket and an emulator: writes the history, and makes a connection go wrong."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.emulator import DICE
from persona_graph_sandbox.faults import Fault, Injection
from persona_graph_sandbox.history import MOST_BODY, Asked

FAULTS = (
    Fault("drop_before", "the connection closes before the request is looked at"),
    Fault("drop_after", "the request is carried out, the connection closes before the reply"),
    Fault("reset", "the connection is reset (RST) before the request is looked at"),
    Fault("stall", "no byte of a reply for `seconds` (60), and nothing is carried out", by_dice=False),
    Fault("stall_after", "carried out, then no byte of a reply for `seconds` (60)", by_dice=False),
    Fault("drip", "the reply comes in `bytes` (64) at a time, every `every` (0.2) seconds", by_dice=False),
    Fault("unavailable", "HTTP `status` (503) in plain text, with Retry-After if `retry_after` is given"),
    Fault("bad_gateway", "HTTP 502 with a gateway's HTML page"),
    Fault("html", "HTTP 200 with an HTML page"),
    Fault("garbage", "HTTP 200 with random bytes under the right content type"),
    Fault("empty", "HTTP 200 without a body"),
    Fault("truncated", "carried out; the reply breaks off in the middle of its body"),
    Fault("huge", "a Content-Length of a terabyte, and bytes without end", by_dice=False),
    Fault("endless", "a chunked body without end", by_dice=False),
    Fault("redirect", "HTTP 302 to `to`", by_dice=False),
)
NAMES = tuple(fault.name for fault in FAULTS)
_HTML = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"
_HUGE = 10**12


class Lane:
    """One vendor's ASGI application as the server runs it."""

    def __init__(self, vendor: str, inner: ASGIApp, bench: Bench) -> None:
        self.vendor, self.inner, self.bench = vendor, inner, bench
        self.closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        asked = self._noted(scope, body)
        fault = self._fault(scope)
        if fault is not None:
            asked.fault = fault.fault
        reply = _Reply(scope, body, receive, send, asked, self)
        await getattr(reply, fault.fault if fault is not None else "plain")(fault)
        asked.fault = scope.get("sandbox.fault", asked.fault)

    def _noted(self, scope: Scope, body: bytes) -> Asked:
        asked = Asked(
            vendor=self.vendor, method=scope["method"], path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body[:MOST_BODY], size=len(body), when=self.bench.clock.now(),
        )  # fmt: skip
        self.bench.requests.add(asked)
        return asked

    def _fault(self, scope: Scope) -> Injection | None:
        book = self.bench.faults
        taken = book.take(self.vendor, *NAMES, method=scope["method"], path=scope["path"])
        if taken is None and book.throw(self.vendor):
            own = [fault.name for fault in book.known(self.vendor) if fault.name not in NAMES]
            taken = book.choose(self.vendor, [*NAMES, *own])
            if taken is not None and taken.fault in own:
                # Which of its own an emulator can show here, only it knows.
                scope[DICE], taken = True, None
        return taken


class _Reply:
    """The ways to answer one request; each is named like its fault."""

    def __init__(
        self, scope: Scope, body: bytes, receive: Receive, send: Send, asked: Asked, lane: Lane
    ) -> None:
        self.scope, self.body, self.asked, self.lane = scope, body, asked, lane
        self._receive, self._send = receive, send

    async def plain(self, fault: None = None) -> None:
        await self.lane.inner(self.scope, self._again(), self._noting)

    async def drop_before(self, fault: Injection) -> None:
        await self._hang_up()

    async def drop_after(self, fault: Injection) -> None:
        await self._carried_out()
        await self._hang_up()

    async def reset(self, fault: Injection) -> None:
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._hang_up()

    async def stall(self, fault: Injection) -> None:
        await self._wait(float(fault.options.get("seconds", 60)))
        await self._hang_up()

    async def stall_after(self, fault: Injection) -> None:
        await self._carried_out()
        await self.stall(fault)

    async def drip(self, fault: Injection) -> None:
        start, content = await self._carried_out()
        await self._send(start)
        step, every = int(fault.options.get("bytes", 64)), float(fault.options.get("every", 0.2))
        for at in range(0, len(content), step):
            await self._send(
                {"type": "http.response.body", "body": content[at : at + step], "more_body": True}
            )
            if await self._wait(every):
                return await self._hang_up()
        await self._send({"type": "http.response.body", "body": b""})
        return None

    async def unavailable(self, fault: Injection) -> None:
        headers = {"retry-after": str(fault.options["retry_after"])} if "retry_after" in fault.options else {}
        await self._answer(
            int(fault.options.get("status", 503)), b"upstream unavailable\n", "text/plain", headers
        )

    async def bad_gateway(self, fault: Injection) -> None:
        await self._answer(502, _HTML, "text/html")

    async def html(self, fault: Injection) -> None:
        await self._answer(200, b"<!doctype html><title>Sign in</title><p>Please sign in.</p>", "text/html")

    async def garbage(self, fault: Injection) -> None:
        content = random.Random(len(self.body)).randbytes(2000)  # noqa: S311
        await self._answer(200, content, str(fault.options.get("content_type", "application/json")))

    async def empty(self, fault: Injection) -> None:
        await self._answer(200, b"", str(fault.options.get("content_type", "application/json")))

    async def truncated(self, fault: Injection) -> None:
        start, content = await self._carried_out()
        head = _head(start, len(content))
        self._transport.write(head + content[: len(content) // 2])
        await self._hang_up(gently=True)

    async def huge(self, fault: Injection) -> None:
        self.asked.status = 200
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: %d\r\n\r\n" % _HUGE
        )
        await self._pour(b"\0" * 65536)

    async def endless(self, fault: Injection) -> None:
        self.asked.status = 200
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        await self._pour(b"10000\r\n" + b"\0" * 65536 + b"\r\n")

    async def redirect(self, fault: Injection) -> None:
        await self._answer(302, b"", "text/html", {"location": str(fault.options["to"])})

    # Their means.

    @property
    def _transport(self) -> asyncio.Transport:
        # ASGI has no word for a broken connection; the server's own object behind ``send`` has the socket.
        found = getattr(self._send, "__self__").transport  # noqa: B009
        assert isinstance(found, asyncio.Transport)
        return found

    def _again(self) -> Receive:
        told = False

        async def receive() -> Message:
            nonlocal told
            if told:
                return await self._receive()
            told = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        return receive

    async def _noting(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.asked.status = message["status"]
        await self._send(message)

    async def _carried_out(self) -> tuple[Message, bytes]:
        """The emulator's whole reply, which nobody has seen yet."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.lane.inner(self.scope, self._again(), keep)
        return said[0], b"".join(message.get("body", b"") for message in said[1:])

    async def _answer(
        self, status: int, content: bytes, content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        fields = {"content-type": content_type, "content-length": str(len(content)), **(headers or {})}
        listed = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
        await self._noting({"type": "http.response.start", "status": status, "headers": listed})
        await self._send({"type": "http.response.body", "body": content})

    async def _wait(self, seconds: float) -> bool:
        """Whether the caller or the sandbox ended before the time was over."""
        return await _first(seconds, self._gone, self.lane.closing.wait)

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _hang_up(self, gently: bool = False) -> None:
        transport = self._transport
        if gently:
            transport.close()
        else:
            transport.abort()
        # Until the server knows, it would complain about a missing reply.
        await self._gone()

    async def _pour(self, chunk: bytes) -> None:
        transport = self._transport
        while not transport.is_closing():
            if transport.get_write_buffer_size() < 1_000_000:
                transport.write(chunk)
            if await self._wait(0.001):
                break
        await self._hang_up()


async def _first(seconds: float, *whats: Callable[[], Awaitable[object]]) -> bool:
    tasks = [asyncio.ensure_future(what()) for what in whats]
    done, waiting = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return bool(done)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message: dict[str, Any] = dict(await receive())
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _head(start: Message, length: int) -> bytes:
    lines = [b"HTTP/1.1 %d Cut" % start["status"]]
    named = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
    lines += [b"%s: %s" % pair for pair in [*named, (b"content-length", b"%d" % length)]]
    return b"\r\n".join(lines) + b"\r\n\r\n"
