"""Fetching what lies at a URL somebody else gave: into a file, whole or not at all, or as a page."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Container, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from persona_graph import __version__
from persona_graph.outbound.origins import OriginFault, Origins, origin_of
from persona_graph.outbound.wire import (
    MOST_BYTES,
    MOST_SECONDS,
    PUBLIC_PORTS,
    READ_SECONDS,
    GuardedClient,
    GuardedTransport,
    OutboundRefused,
    Resolver,
    resolve,
)
from persona_graph.settings import Settings

USER_AGENT = f"persona-graph/{__version__}"
# Slower than that over a window is not worth waiting for (K10).
FLOOR_BYTES, FLOOR_SECONDS = 1024, 20.0
WRITE_BYTES = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Trouble(StrEnum):
    """STATUS: the server answered with one that is no success. SIZE, TYPE: it has something else than was
    wanted. SLOW: it did not get there in time. NETWORK: it was not reached, or broke off."""

    STATUS = "STATUS"
    SIZE = "SIZE"
    TYPE = "TYPE"
    SLOW = "SLOW"
    NETWORK = "NETWORK"


class OutboundFailed(Exception):
    """It was not fetched, and may be another time. ``status`` is the server's answer, if it gave one."""

    def __init__(self, message: str, trouble: Trouble, status: int | None = None) -> None:
        super().__init__(message)
        self.trouble, self.status = trouble, status


@dataclass(frozen=True, slots=True)
class Downloaded:
    """``content_type`` is what the server said it is, without parameters."""

    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Page:
    """``url`` is where it was found in the end; ``content_type`` as the server said it, with parameters."""

    body: bytes
    content_type: str
    url: str


class Outbound:
    """``client`` for those who talk to one host, ``download`` and ``read`` for what others point at. ``context``
    and ``resolver`` are the TLS trust and the name server; ``ports`` those of public hosts; ``floor`` the slowest
    rate and its window."""

    def __init__(
        self,
        settings: Settings,
        *,
        context: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
        ports: Container[int] = PUBLIC_PORTS,
        floor: tuple[int, float] = (FLOOR_BYTES, FLOOR_SECONDS),
    ) -> None:
        self._allowed = Origins.of(settings.outbound_allow, "outbound_allow")
        self._context, self._resolver, self._ports, self._floor = context, resolver, ports, floor
        self._clients: list[httpx.AsyncClient] = []
        self._own: httpx.AsyncClient | None = None

    def client(self, origins: Iterable[str] = ()) -> httpx.AsyncClient:
        """A client for public addresses, for ``origins`` and for those the operator allows. It is closed with
        this room. What is no origin is left out."""
        return self._open(self._allowed | Origins.among(origins), MOST_BYTES, MOST_SECONDS)

    def allows(self, url: str) -> bool:
        """Whether the operator named this origin."""
        try:
            return origin_of(url) in self._allowed
        except OriginFault:
            return False

    async def download(
        self,
        url: str,
        into: Path,
        *,
        most_bytes: int,
        seconds: float,
        content_types: Iterable[str] = (),
        redirects: int = 0,
    ) -> Downloaded:
        """The file at ``url``, by HTTPS unless its origin is allowed. ``content_types`` are beginnings such as
        ``audio/``. Raises OutboundRefused or OutboundFailed; then ``into`` is not there."""
        part = into.with_name(into.name + ".part")
        try:
            async with self._answer(url, seconds, redirects, secure=True) as answer:
                kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                if content_types and not kind.startswith(tuple(content_types)):
                    raise OutboundFailed(f"{answer.url.host} sent {kind or 'no type'}", Trouble.TYPE)
                size, sha256 = await _written(self._pieces(answer, most_bytes), part)
            part.replace(into)
        finally:
            part.unlink(missing_ok=True)
        return Downloaded(kind, size, sha256)

    async def read(
        self,
        url: str,
        *,
        most_bytes: int,
        seconds: float,
        redirects: int = 0,
    ) -> Page:
        """The page at ``url``; up to ``redirects`` redirects are followed, each under the guard. Raises
        OutboundRefused or OutboundFailed."""
        async with self._answer(url, seconds, redirects, secure=False) as answer:
            body = bytearray()
            async with aclosing(self._pieces(answer, most_bytes)) as pieces:
                async for piece in pieces:
                    body += piece
            return Page(bytes(body), answer.headers.get("content-type", ""), str(answer.url))

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    def _open(self, named: Origins, most: int, seconds: float) -> httpx.AsyncClient:
        if self._context is None:
            self._context = httpx.create_ssl_context(trust_env=False)
        wire = GuardedTransport(named, self._context, self._resolver, self._ports, most=most, seconds=seconds)
        client = GuardedClient(wire, USER_AGENT)
        self._clients.append(client)
        return client

    @asynccontextmanager
    async def _answer(
        self, url: str, seconds: float, redirects: int, *, secure: bool
    ) -> AsyncIterator[httpx.Response]:
        """A successful answer, to be read within what is left of ``seconds``."""
        # Its limits are the callers', each for itself.
        self._own = self._own or self._open(self._allowed, 2**62, 86_400.0)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._followed(self._own, url, redirects, secure)
                async with aclosing(answer):
                    if not answer.is_success:
                        message = f"{answer.url.host} answered {answer.status_code}"
                        raise OutboundFailed(message, Trouble.STATUS, answer.status_code)
                    yield answer
        except TimeoutError:
            raise OutboundFailed(f"it did not arrive in {seconds:g} s", Trouble.SLOW) from None
        except OutboundRefused:
            raise
        except httpx.TimeoutException as error:
            raise OutboundFailed(_said(error), Trouble.SLOW) from None
        except httpx.HTTPError as error:
            raise OutboundFailed(_said(error), Trouble.NETWORK) from None

    async def _followed(
        self, client: httpx.AsyncClient, url: str, redirects: int, secure: bool
    ) -> httpx.Response:
        target = _target(url)
        while True:
            if secure and target.scheme != "https" and not self.allows(str(target)):
                raise OutboundRefused("only https is followed here")
            request = client.build_request("GET", target, timeout=min(READ_SECONDS, self._floor[1]))
            answer = await client.send(request, stream=True)
            if answer.status_code not in _REDIRECTS or not redirects:
                return answer
            redirects -= 1
            await answer.aclose()
            target = _target(answer.headers.get("location", ""), target)

    async def _pieces(self, answer: httpx.Response, most: int) -> AsyncGenerator[bytes, None]:
        said = answer.headers.get("content-length", "")
        if said.isdecimal() and int(said) > most:
            raise OutboundFailed(f"{int(said):,} bytes are more than {most:,}", Trouble.SIZE)
        seen, fresh, since = 0, 0, time.monotonic()
        slowest, window = self._floor
        async for piece in answer.aiter_raw():
            seen, fresh = seen + len(piece), fresh + len(piece)
            if seen > most:
                raise OutboundFailed(f"it is more than {most:,} bytes", Trouble.SIZE)
            passed = time.monotonic() - since
            if passed >= window:
                if fresh < slowest * passed:
                    raise OutboundFailed(f"it came at {fresh / passed:.0f} bytes a second", Trouble.SLOW)
                fresh, since = 0, time.monotonic()
            yield piece


async def _written(pieces: AsyncGenerator[bytes, None], part: Path) -> tuple[int, str]:
    digest, size, waiting = hashlib.sha256(), 0, bytearray()
    with part.open("wb") as file:

        def write(chunk: bytes) -> None:
            file.write(chunk)
            digest.update(chunk)

        async with aclosing(pieces):
            async for piece in pieces:
                size += len(piece)
                waiting += piece
                if len(waiting) >= WRITE_BYTES:
                    await asyncio.to_thread(write, bytes(waiting))
                    waiting.clear()
        await asyncio.to_thread(write, bytes(waiting))
    return size, digest.hexdigest()


def _target(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return base.join(url) if base is not None else httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise OutboundRefused("it is not a URL") from None


def _said(error: httpx.HTTPError) -> str:
    """Never the URL: what stands behind its host is often a key to it."""
    return f"{type(error).__name__}: {error}"[:200]
