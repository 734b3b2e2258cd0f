"""An exchange with a vendor, recorded once without its secrets, and played again in tests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

import httpx

from persona_graph.provider.conformance.vendor import ScriptedVendor

REMOVED = "REMOVED"
SHORTEST_SECRET = 4

# Headers whose values say nothing about anybody.
PLAIN_HEADERS = frozenset(
    {"accept", "content-type", "content-length", "retry-after", "x-ratelimit-remaining", "location"}
)
# Parameters of a URL that open something to whoever has it.
_TOKEN = re.compile(r"key|token|secret|sign|credential|auth|policy|expires|session|password", re.IGNORECASE)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. Bodies are text, or ``base64:`` and what they are."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int
    headers: Mapping[str, str]
    body: str

    def content(self) -> bytes:
        return _bytes(self.body)


@dataclass
class Tape:
    """What was recorded, in order. ``text`` is what a cassette file holds."""

    exchanges: list[Exchange] = field(default_factory=list)

    def text(self) -> str:
        return (
            json.dumps({"exchanges": [asdict(e) for e in self.exchanges]}, indent=1, ensure_ascii=False)
            + "\n"
        )

    @classmethod
    def read(cls, path: Path) -> Tape:
        rows = json.loads(path.read_text(encoding="utf-8"))["exchanges"]
        return cls([Exchange(**row) for row in rows])


class Cleaner:
    """Takes secrets out of whatever is put on a tape: every form of each of ``secrets``, and the values of
    headers and parameters that are not known to be harmless."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            forms.update(_forms(secret))
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, REMOVED)
        return _URL.sub(lambda found: self._url(found[0]), text)

    def body(self, content: bytes) -> str:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return f"base64:{base64.b64encode(self._cut(content)).decode()}"
        return self.text(text)

    def sent(self, content: bytes) -> str:
        """A request's body. Files stay off the tape: they may be somebody's voice or face, and playing needs
        only what the vendor answered."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return f"{REMOVED}: {len(content)} bytes"
        return _FILE.sub(lambda found: f"{REMOVED}: {len(found[0])} characters", self.text(text))

    def headers(self, headers: httpx.Headers) -> dict[str, str]:
        return {
            name: self.text(value) if name.lower() in PLAIN_HEADERS else REMOVED
            for name, value in headers.items()
        }

    def _cut(self, content: bytes) -> bytes:
        for form in self._forms:
            content = content.replace(form.encode(), REMOVED.encode())
        return content

    def _url(self, url: str) -> str:
        parts = urlsplit(url)
        if not parts.query:
            return url
        query = [
            (name, REMOVED if _TOKEN.search(name) else value) for name, value in parse_qsl(parts.query, True)
        ]
        return urlunsplit(parts._replace(query=urlencode(query)))


# What can only be a file in letters: base64 or hexadecimal digits without end.
_FILE = re.compile(r"[A-Za-z0-9+/=_-]{1000,}")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1],
        encoded, encoded.rstrip("="),
    }  # fmt: skip


class RecordingTransport(httpx.AsyncBaseTransport):
    """Passes requests on and puts each exchange on the tape, cleaned."""

    def __init__(self, transport: httpx.AsyncBaseTransport, cleaner: Cleaner) -> None:
        self.tape = Tape()
        self._transport, self._cleaner = transport, cleaner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        answer = await self._transport.handle_async_request(request)
        try:
            content = await answer.aread()
        finally:
            await answer.aclose()
        clean = self._cleaner
        self.tape.exchanges.append(
            Exchange(
                request.method, clean.text(str(request.url)), clean.headers(request.headers), clean.sent(sent),
                answer.status_code, clean.headers(answer.headers), clean.body(content),
            )
        )  # fmt: skip
        headers = [
            (k, v) for k, v in answer.headers.multi_items() if k not in ("content-encoding", "content-length")
        ]
        return httpx.Response(answer.status_code, headers=headers, content=content, request=request)

    async def aclose(self) -> None:
        await self._transport.aclose()


class CassetteVendor(ScriptedVendor):
    """Plays a cassette: a request gets the next answer that was recorded for its method and path; the last one
    is given again and again. What is not on it, ``on`` may answer. ``paying`` says which requests take a paid
    order: by the key that the vendor honours, or just by ``True``."""

    def __init__(self, path: Path, paying: Callable[[httpx.Request], str | bool] | None = None) -> None:
        super().__init__()
        self._paying = paying
        self._tape: dict[tuple[str, str], list[Exchange]] = {}
        for exchange in Tape.read(path).exchanges:
            place = (exchange.method, urlsplit(exchange.url).path)
            self._tape.setdefault(place, []).append(exchange)

    def paid(self) -> int | None:
        return None if self._paying is None else super().paid()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        recorded = self._tape.get((request.method, request.url.path))
        if recorded is None:
            return await super().handle_async_request(request)
        await request.aread()
        self.requests.append(request)
        if self._paying is not None and (order := self._paying(request)):
            self.charge(order if isinstance(order, str) else None)
        played = recorded.pop(0) if len(recorded) > 1 else recorded[0]
        dropped = ("content-length", "content-encoding")
        headers = {name: value for name, value in played.headers.items() if name.lower() not in dropped}
        return httpx.Response(played.status, headers=headers, content=played.content())


def _bytes(body: str) -> bytes:
    return base64.b64decode(body[7:]) if body.startswith("base64:") else body.encode()
