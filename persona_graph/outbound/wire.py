"""The guarded transport under every outgoing client. A name is resolved once and the connection made to the very
address that was checked, so that a name server which changes its mind gains nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Callable, Container, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import httpcore
import httpx

from persona_graph.outbound.origins import OriginFault, Origins, is_public, origin_of

MOST_BYTES = 64 * 1024 * 1024
MOST_SECONDS = 300.0
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
# What web servers on the internet listen on; other services are not spoken to by accident.
PUBLIC_PORTS = frozenset({80, 443, 8080, 8443})
PIECE = 256 * 1024

Resolver = Callable[[str, int], Any]


class OutboundRefused(httpx.ConnectError):
    """This address is never connected to; nothing was sent. For a plugin it is a ConnectError."""


class AnswerTooLarge(httpx.ReadError):
    """The answer was cut off where it grew past the limit."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, the preferred first."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolve = resolver
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        until = time.monotonic() + (timeout or CONNECT_SECONDS)
        addresses = await self._addresses(host, port, until)
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise OutboundRefused(f"{host} has no public address")
        for address in public[:3]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                left = max(until - time.monotonic(), 0.1)
                return await self._plain.connect_tcp(address, port, left, local_address, socket_options)
        raise httpcore.ConnectError(f"{host} cannot be reached")

    async def _addresses(self, host: str, port: int, until: float) -> list[str]:
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0.1)):
                return cast(list[str], await self._resolve(host, port))
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from None
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"the name {host} is not known") from None

    async def connect_unix_socket(self, *args: Any, **kw: Any) -> httpcore.AsyncNetworkStream:
        raise OutboundRefused("only TCP is spoken")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Origins that were named get there, whatever their address; everybody else must be public."""

    def __init__(
        self,
        named: Origins,
        context: ssl.SSLContext,
        resolver: Resolver = resolve,
        ports: Container[int] = PUBLIC_PORTS,
        *,
        most: int = MOST_BYTES,
        seconds: float = MOST_SECONDS,
    ) -> None:
        self._named, self._ports = named, ports
        self._most, self._seconds = most, seconds
        self._free = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        self._public = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        # httpx has no way to hand a network backend through.
        self._public._pool = httpcore.AsyncConnectionPool(
            ssl_context=context, max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0,
            network_backend=_PublicOnly(resolver),
        )  # fmt: skip

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        transport = self._for(request)
        try:
            async with asyncio.timeout(self._seconds):
                answer = await transport.handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in all the time there is", request=request) from None
        return _bounded(answer, began + self._seconds, self._most)

    def _for(self, request: httpx.Request) -> httpx.AsyncHTTPTransport:
        try:
            origin = origin_of(request.url)
        except OriginFault as fault:
            raise OutboundRefused(str(fault), request=request) from None
        if request.url.userinfo:
            raise OutboundRefused("a URL with a user name in it is not followed", request=request)
        if origin in self._named:
            return self._free
        if origin.port not in self._ports:
            raise OutboundRefused(
                f"port {origin.port} of {origin.host} is not a web server's", request=request
            )
        return self._public

    async def aclose(self) -> None:
        await self._free.aclose()
        await self._public.aclose()


def _bounded(answer: httpx.Response, until: float, most: int) -> httpx.Response:
    """Decoded here, piece by piece: httpx would inflate a whole network read at once, and not count it."""
    encodings = [e.strip().lower() for e in answer.headers.get("content-encoding", "").split(",")]
    encodings = [e for e in encodings if e and e != "identity"]
    body = _Body(cast(httpx.AsyncByteStream, answer.stream), until, most, encodings)
    headers = answer.headers.copy()
    if encodings:
        for name in ("content-encoding", "content-length"):
            headers.pop(name, None)
    return httpx.Response(answer.status_code, headers=headers, stream=body, extensions=answer.extensions)


class _Body(httpx.AsyncByteStream):
    """An answer's bytes: at most so many, decoded, until a time; and let go of then, also when nobody reads."""

    def __init__(self, raw: httpx.AsyncByteStream, until: float, most: int, encodings: list[str]) -> None:
        self._raw, self._until, self._most, self._encodings = raw, until, most, encodings
        left = until - time.monotonic()
        self._reaper = asyncio.get_running_loop().call_later(max(left, 0) + 1, self._reap)
        self._reaping: asyncio.Task[None] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._decoded():
            seen += len(piece)
            if seen > self._most:
                raise AnswerTooLarge(f"the answer is larger than {self._most:,} bytes")
            yield piece

    async def _decoded(self) -> AsyncIterator[bytes]:
        if not self._encodings:
            async for piece in self._in_time():
                yield piece
            return
        if len(self._encodings) > 1 or self._encodings[0] not in ("gzip", "x-gzip", "deflate"):
            raise httpx.DecodingError("an answer in an encoding that was not asked for")
        inflating, empty = zlib.decompressobj(zlib.MAX_WBITS | 32), True
        async for piece in self._in_time():
            empty = empty and not piece
            while piece:
                yield _inflated(inflating, piece)
                piece = inflating.unconsumed_tail
        yield inflating.flush()
        if not (inflating.eof or empty):
            raise httpx.RemoteProtocolError("a compressed answer ended early")

    async def _in_time(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._raw)
        while True:
            try:
                async with asyncio.timeout(max(self._until - time.monotonic(), 0)):
                    piece = await anext(pieces, None)
            except TimeoutError:
                raise httpx.ReadTimeout("the answer was not over in all the time there is") from None
            if piece is None:
                return
            yield piece

    def _reap(self) -> None:
        self._reaping = asyncio.ensure_future(self._let_go())

    async def _let_go(self) -> None:
        # One that is just being read ends by its own time limit.
        with contextlib.suppress(RuntimeError, httpx.HTTPError, OSError):
            await self._raw.aclose()

    async def aclose(self) -> None:
        self._reaper.cancel()
        await self._raw.aclose()


def _inflated(inflating: Any, piece: bytes) -> bytes:
    try:
        return cast(bytes, inflating.decompress(piece, PIECE))
    except zlib.error:
        raise httpx.DecodingError("the answer is not compressed as it says") from None


class GuardedClient(httpx.AsyncClient):
    """Follows no redirect, whoever asks for it, and keeps no cookie: it is shared by all accounts."""

    def __init__(self, transport: httpx.AsyncBaseTransport, agent: str) -> None:
        super().__init__(
            transport=transport, trust_env=False, timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={"User-Agent": agent, "Accept-Encoding": "gzip, deflate"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )  # fmt: skip

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        return await super().send(request, **{**how, "follow_redirects": False})
