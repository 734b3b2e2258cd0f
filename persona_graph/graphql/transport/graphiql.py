"""GraphiQL, served from this package: no request leaves the machine. Built by tools/explorer."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"
KINDS = {
    "explorer.js": "text/javascript",
    "explorer.css": "text/css",
    "explorer.licenses.txt": "text/plain",
}
# The editor writes styles into the page; scripts come from here only, media from wherever links point.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src * data: blob:; media-src * blob:; connect-src *; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def send_page(send: Send, path: str) -> None:
    page = (FOLDER / "explorer.html").read_text().replace("{path}", path).encode()
    await _send(
        send, 200, "text/html", page, ("content-security-policy", POLICY), ("cache-control", "no-cache")
    )


class Assets:
    """The ASGI application for what the page loads."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path_params"]["name"]
        if scope["method"] not in ("GET", "HEAD") or name not in KINDS:
            await _send(send, 404, "text/plain", b"Not found")
            return
        body, tag = _asset(name)
        cached = ("etag", tag), ("cache-control", "no-cache")
        if dict(scope["headers"]).get(b"if-none-match") == tag.encode():
            await _send(send, 304, KINDS[name], b"", *cached)
            return
        await _send(send, 200, KINDS[name], body, *cached)


@cache
def _asset(name: str) -> tuple[bytes, str]:
    body = (FOLDER / name).read_bytes()
    return body, f'"{sha256(body).hexdigest()[:32]}"'


async def _send(send: Send, status: int, kind: str, body: bytes, *extra: tuple[str, str]) -> None:
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"x-content-type-options", b"nosniff"),
        *((name.encode(), value.encode()) for name, value in extra),
    ]
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
