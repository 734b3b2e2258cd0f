"""Our uvicorn: what ASGI cannot say about a connection.

A stock server runs the application too; it then never aborts a peer that stops reading, and closes
sockets with 1012 instead of 1001 when it stops.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import sys
from asyncio.transports import BaseTransport
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from persona_graph.graphql.transport.budget import Pace
from persona_graph.graphql.transport.heads import BadHead, Head
from persona_graph.settings import Settings

EXTENSION = "persona_graph.wire"
# Data that a peer has not taken in for so long ends its connection (Linux).
UNREAD_SECONDS = 30
UNREAD_BYTES = 32_768
MAX_FRAGMENTS = 1_000
# Frames a peer may send at once, and per second after that; the application counts messages the same way.
BURST, RATE = 2_000, 500
GRACE_SECONDS = 10


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for ``uvicorn.Config``, so that the limits hold below the application too."""
    return {
        "http": WatchedHttp,
        "ws": Wire,
        "ws_max_size": settings.max_body_bytes,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        # Compression costs memory per socket and lets a small frame become a large one.
        "ws_per_message_deflate": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "server_header": False,
        # Who calls is who is connected: X-Forwarded-For is anybody's word.
        "proxy_headers": False,
    }


class Server(uvicorn.Server):
    """Ends the streams first, each in its protocol's own words, then stops as uvicorn does."""

    def __init__(self, config: uvicorn.Config, before_shutdown: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._before_shutdown = before_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        collect_less()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._before_shutdown()
        await super().shutdown(sockets)


def collect_less() -> None:
    """Let the collector run rarely. An event wakes thousands of followers, which at the stock threshold
    of 700 objects means dozens of collections per event, some of them over every socket's objects:
    measured with 5,000 followers, 15 µs for each against 6."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class WatchedHttp(HttpToolsProtocol):
    """An HTTP connection whose peer must take in what it is sent, and say what it wants in few words."""

    _head: Head | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _watch(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None and self._head.is_open and not self.transport.is_closing():
            try:
                self._head.receive(len(data))
            except BadHead:
                self.send_400_response("")

    # What is raised in here ends the parsing, and is answered by ``send_400_response``.

    def on_message_begin(self) -> None:
        self._head = Head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:
            self._head.take(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._head is not None:
            self._head.close(self.parser.get_http_version())
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        status = b"400 Bad Request"
        if self._head is not None and self._head.is_too_large:
            status = b"431 Request Header Fields Too Large"
        self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


class Wire(WebSocketsSansIOProtocol):
    """A WebSocket that the application may write prepared text frames to, wait for, and abort."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _watch(transport)
        # What a peer that stops reading costs, times the sockets that stop at once.
        transport.set_write_buffer_limits(high=UNREAD_BYTES)
        self._pace = Pace(BURST, RATE)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = self

    def push(self, text: bytes) -> None:
        """Send one text message, unless the connection is over."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            raise ClientDisconnected
        size = len(text)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65_536:
            head = b"\x81\x7e" + struct.pack("!H", size)
        else:
            head = b"\x81\x7f" + struct.pack("!Q", size)
        self.transport.write(head + text)

    def abort(self) -> None:
        """Drop the connection without waiting for a peer that does not read."""
        self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        if self._pace.exceeded() or len(self.frames) >= MAX_FRAGMENTS:
            self._fail()
            return
        super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        if self._pace.exceeded():
            self._fail()
            return
        super().handle_text(event)

    def handle_ping(self) -> None:
        if self._pace.exceeded():
            self._fail()
            return
        super().handle_ping()

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1001})
            self.conn.send_close(1001)
            self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
        else:
            super().shutdown()

    def _fail(self) -> None:
        if not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1008})
            self.conn.fail(1008, "too many frames")
            self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()


def _watch(transport: BaseTransport) -> None:
    peer = transport.get_extra_info("socket")
    if sys.platform == "linux" and peer is not None and peer.family in (socket.AF_INET, socket.AF_INET6):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
