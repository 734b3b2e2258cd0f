"""A line to the vendor on which everything is heard, and one thing may go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from persona_graph.provider.conformance.vendor import Vendor

HTML = "<html><head><title>Bad gateway</title></head><body><h1>nginx</h1>{secret}</body></html>"


class Meaning(StrEnum):
    """What a fault says about the order that was under way."""

    NOT_SENT = "the vendor was not reached"
    BUSY = "the vendor is busy"
    KEY = "the vendor refuses the key"
    AWAY = "the vendor is away"
    REFUSED = "the vendor refuses the order"
    LOST = "the vendor may have accepted it"


@dataclass(frozen=True)
class Fault:
    """``reaches``: the vendor got the request and did what it asks; only its answer went wrong."""

    name: str
    meaning: Meaning
    reaches: bool
    make: Callable[[httpx.Request, str], httpx.Response | Exception]


def _answer(status: int, text: str, content_type: str = "application/json", **headers: str) -> Callable[[httpx.Request, str], httpx.Response]:  # fmt: skip
    def make(request: httpx.Request, secret: str) -> httpx.Response:
        told = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
        body = text.replace("{secret}", secret).encode()
        return httpx.Response(status, headers=told, content=body, request=request)

    return make


def _raise(kind: type[httpx.TransportError], words: str) -> Callable[[httpx.Request, str], Exception]:
    return lambda request, _secret: kind(words, request=request)


_TOLD = '{"error": {"message": "no: {secret}", "code": 0}}'

NOT_SENT = (
    Fault("connection refused", Meaning.NOT_SENT, False, _raise(httpx.ConnectError, "refused")),
    Fault("connecting took too long", Meaning.NOT_SENT, False, _raise(httpx.ConnectTimeout, "timeout")),
)
BUSY = (Fault("429 Retry-After: 7", Meaning.BUSY, False, _answer(429, _TOLD, retry_after="7")),)
ODD_WAITS = tuple(
    Fault(f"429 Retry-After: {wait}", Meaning.BUSY, False, _answer(429, _TOLD, retry_after=wait))
    for wait in ("0", "-1", "1000000000", "soon", "nan", "Thu, 15 Jan 2026 12:00:09 GMT", "")
)
KEY = (
    Fault("401", Meaning.KEY, False, _answer(401, _TOLD)),
    Fault("403", Meaning.KEY, False, _answer(403, _TOLD)),
    Fault("402", Meaning.KEY, False, _answer(402, _TOLD)),
)
AWAY = (Fault("503 with HTML", Meaning.AWAY, False, _answer(503, HTML, "text/html")),)
REFUSED = (
    Fault("400", Meaning.REFUSED, False, _answer(400, _TOLD)),
    Fault("422 with HTML", Meaning.REFUSED, False, _answer(422, HTML, "text/html")),
)
LOST = (
    Fault("answer took too long", Meaning.LOST, True, _raise(httpx.ReadTimeout, "timeout")),
    Fault("connection dropped", Meaning.LOST, True, _raise(httpx.RemoteProtocolError, "disconnected")),
    Fault("connection reset", Meaning.LOST, True, _raise(httpx.ReadError, "reset")),
    Fault("500 with HTML", Meaning.LOST, True, _answer(500, HTML, "text/html")),
    Fault("502 with HTML", Meaning.LOST, True, _answer(502, HTML, "text/html")),
    Fault("504 with nothing", Meaning.LOST, True, _answer(504, "")),
    Fault("200 with HTML", Meaning.LOST, True, _answer(200, HTML, "text/html")),
    Fault("200 with half a JSON object", Meaning.LOST, True, _answer(200, '{"id": "abc", "sta')),
    Fault("200 with other JSON", Meaning.LOST, True, _answer(200, "[null, 7]")),
    Fault("200 with nothing", Meaning.LOST, True, _answer(200, "")),
)
# The vendor never answers; only the core's deadline ends it.
SILENCE = Fault("silence", Meaning.LOST, False, _raise(httpx.ReadTimeout, "timeout"))


# Set while a request goes over the line: what connects then does so with the lent client.
LENT: ContextVar[bool] = ContextVar("lent", default=False)


@dataclass(frozen=True)
class Heard:
    """One request that went over the line. ``waits``: the longest of its timeouts, in seconds."""

    method: str
    url: str
    headers: str
    body: bytes
    waits: float | None
    paying: bool


@dataclass
class Line(httpx.AsyncBaseTransport):
    """Passes requests on to ``vendor`` and remembers them. The request number ``at`` meets ``fault``."""

    vendor: Vendor | None
    fault: Fault | None = None
    at: int = -1
    secrets: Sequence[str] = ()
    heard: list[Heard] = field(default_factory=list)

    @property
    def paid(self) -> int | None:
        return self.vendor.paid() if self.vendor else None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        number, before = len(self.heard), self.paid
        self.heard.append(_heard(request, body, False))
        if self.vendor is None:
            raise httpx.ConnectError("the tests name no vendor to reach", request=request)
        if self.fault is SILENCE and number >= self.at:
            await asyncio.Event().wait()
        struck = self.fault if number == self.at else None
        if struck and not struck.reaches:
            return self._strike(struck, request)
        lent = LENT.set(True)
        try:
            answer = await self.vendor.handle_async_request(request)
        finally:
            LENT.reset(lent)
        if (self.paid or 0) > (before or 0):
            self.heard[number] = _heard(request, body, True)
        if struck:
            await answer.aclose()
            return self._strike(struck, request)
        return answer

    def _strike(self, fault: Fault, request: httpx.Request) -> httpx.Response:
        made = fault.make(request, " ".join(self.secrets))
        if isinstance(made, Exception):
            raise made
        return made


def _heard(request: httpx.Request, body: bytes, paying: bool) -> Heard:
    timeouts = request.extensions.get("timeout", {})
    waits = [timeouts.get(kind) for kind in ("connect", "read", "write", "pool")]
    longest = None if any(wait is None for wait in waits) else max(waits)
    return Heard(request.method, str(request.url), str(request.headers.raw), body, longest, paying)
