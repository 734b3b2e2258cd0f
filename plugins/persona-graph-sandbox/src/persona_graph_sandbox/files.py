"""The vendors' file host, an origin of its own: links that expire, and places to put bytes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from persona_graph_sandbox.clock import Clock

NAME = "files"
# How long it is still known that a link has expired.
FORGOTTEN = 86_400.0
_GONE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
)


@dataclass(slots=True)
class _Kept:
    content: bytes | None
    content_type: str
    until: float | None
    most_bytes: int = 0
    kept_seconds: float | None = None
    needs: Mapping[str, str] | None = None


class Files:
    """``origin`` is set once the port is known."""

    def __init__(self, clock: Clock) -> None:
        self.origin = ""
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def put(
        self, content: bytes, content_type: str, seconds_to_live: float | None = None, ending: str = ""
    ) -> str:
        """The link under which ``content`` can be fetched until it expires."""
        return self._keep(_Kept(content, content_type, self._until(seconds_to_live)), ending)

    def place(
        self,
        seconds_to_live: float = 900,
        most_bytes: int = 100_000_000,
        ending: str = "",
        *,
        kept_seconds: float | None = None,
        needs: Mapping[str, str] | None = None,
    ) -> str:
        """A link to which bytes can be PUT, once, and fetched from afterwards: as long as the link itself lives, or
        for ``kept_seconds`` from then. With ``needs`` it is signed: the PUT must bring these headers and no
        Authorization."""
        made = _Kept(None, "", self._until(seconds_to_live), most_bytes, kept_seconds, needs)
        return self._keep(made, ending)

    def find(self, url: str) -> bytes | None:
        """What lies under one of our own links, if it is there and has not expired."""
        kept = self._kept.get(url.split("?")[0].removeprefix(self.origin + "/"))
        return None if kept is None or self._is_over(kept) else kept.content

    def drop(self, url: str) -> None:
        with self._lock:
            self._kept.pop(url.split("?")[0].removeprefix(self.origin + "/"), None)

    def reset(self) -> None:
        with self._lock:
            self._kept.clear()

    def routes(self) -> list[Route]:
        return [Route("/{name:path}", self._get), Route("/{name:path}", self._put, methods=["PUT"])]

    def _keep(self, kept: _Kept, ending: str) -> str:
        name = f"f/{secrets.token_hex(12)}{ending}"
        with self._lock:
            for old in [key for key, each in self._kept.items() if self._is_over(each, FORGOTTEN)]:
                del self._kept[old]
            self._kept[name] = kept
        return f"{self.origin}/{name}"

    def _until(self, seconds: float | None) -> float | None:
        return None if seconds is None else self._clock.time() + seconds

    def _is_over(self, kept: _Kept, since: float = 0.0) -> bool:
        return kept.until is not None and self._clock.time() >= kept.until + since

    async def _get(self, request: Request) -> Response:
        kept = self._kept.get(request.path_params["name"])
        if kept is None or kept.content is None:
            return Response(_GONE.replace("AccessDenied", "NoSuchKey"), 404, media_type="application/xml")
        if self._is_over(kept):
            return Response(_GONE, 403, media_type="application/xml")
        return Response(kept.content, media_type=kept.content_type)

    async def _put(self, request: Request) -> Response:
        kept = self._kept.get(request.path_params["name"])
        if kept is None or kept.content is not None or self._is_over(kept):
            return Response(_GONE, 403, media_type="application/xml")
        if kept.needs is not None and (wrong := _unsigned(request, kept.needs)):
            return Response(_GONE.replace("AccessDenied", wrong), 403, media_type="application/xml")
        content = await request.body()
        if len(content) > kept.most_bytes:
            return Response(
                _GONE.replace("AccessDenied", "EntityTooLarge"), 400, media_type="application/xml"
            )
        kept.content, kept.content_type = content, request.headers.get("content-type", "")
        if kept.kept_seconds is not None:
            kept.until = self._until(kept.kept_seconds)
        return Response(status_code=200)


def _unsigned(request: Request, needs: Mapping[str, str]) -> str | None:
    if "authorization" in request.headers:
        return "InvalidRequest"
    fits = all(request.headers.get(name) == value for name, value in needs.items())
    return None if fits else "SignatureDoesNotMatch"
