"""PUT /uploads/{token} and GET /media/{token}: the only ways media bytes come in and go out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Send

from persona_graph.errors import MediaRefused, UserFault
from persona_graph.media.assets import Asset, Media, is_ours
from persona_graph.settings import Settings

_STATUS = {
    "INVALID_INPUT": 400,
    "MEDIA_SIZE_MISMATCH": 400,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "UPLOAD_TOO_SLOW": 408,
    "UPLOAD_DONE": 409,
    "MEDIA_NOT_UPLOADED": 409,
    "UPLOAD_EXPIRED": 410,
    "MEDIA_ERASED": 410,
    "MEDIA_TOO_LARGE": 413,
    "STORAGE_UNAVAILABLE": 503,
}
# What a browser may play in place; everything else is saved, never opened.
_SHOWN = re.compile(r"(audio/(wav|x-wav|mpeg|flac|ogg|mp4|aac)|video/mp4|image/(png|jpeg|webp))")
_GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
    "Referrer-Policy": "no-referrer",
}
_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)

_SLICE = 256 * 1024
_LINGER_BYTES, _LINGER_SECONDS = 1_000_000, 2.0
_log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def media_routes(media: Media, settings: Settings, *, public_id: Callable[[str], str] = str) -> list[Route]:
    """``public_id`` turns an asset's id into the one clients know it by."""

    async def put(request: Request) -> Response:
        return await _put(media, public_id, request)

    async def get(request: Request) -> Response:
        return await _get(media, request, settings.stream_idle_seconds)

    return [
        Route("/uploads/{token}", _answering(put, public_id), methods=["PUT"]),
        Route("/media/{token}", _answering(get, public_id), methods=["GET"]),
    ]


def _answering(endpoint: Endpoint, public_id: Callable[[str], str]) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except UserFault as fault:
            await _read_off(request)
            return _refusal(fault, public_id)
        except ClientDisconnect:
            # Nobody is there to read it; the upload has been given back.
            return Response(status_code=499)

    return answer


async def _read_off(request: Request) -> None:
    """A client that is still writing when its connection closes may never see the answer; so a little of
    what it writes is read and dropped. One that waits for `100 Continue` has not begun."""
    if request.method != "PUT" or "expect" in request.headers:
        return
    # RuntimeError: all of it was read before.
    with contextlib.suppress(ClientDisconnect, TimeoutError, RuntimeError):
        async with asyncio.timeout(_LINGER_SECONDS):
            seen = 0
            async for chunk in request.stream():
                seen += len(chunk)
                if seen > _LINGER_BYTES:
                    return


async def _put(media: Media, public_id: Callable[[str], str], request: Request) -> Response:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaRefused(
            code="MEDIA_UNSUPPORTED",
            message="Content-Encoding is not accepted.",
            fix="Send the file as it is.",
        )
    asset = await media.receive(
        request.path_params["token"],
        request.stream(),
        _content_length(request.headers),
        request.headers.get("content-type", ""),
    )
    stored = {
        "id": public_id(asset.id),
        "state": asset.state,
        "contentType": asset.content_type,
        "size": asset.size,
        "seconds": asset.seconds,
        "width": asset.width,
        "height": asset.height,
    }
    return _json(201, stored)


async def _get(media: Media, request: Request, idle: float) -> Response:
    claims = media.links.read_media(request.path_params["token"])
    asset = await media.linked(claims)
    size, tag = asset.size or 0, f'"{(asset.sha256 or "")[:32]}"'
    headers = _headers(asset, tag, claims.download)
    if _names(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(size)})
    wanted = _range(request.headers, tag, size)
    if wanted is None:
        return await _streamed(media.stream(asset), Span(0, size), 200, headers, idle)
    if wanted.end <= wanted.start:
        return Response(
            status_code=416,
            headers=_GUARDS | {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"},
        )
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{size}"
    pieces = media.stream(asset, wanted.start, wanted.end)
    return await _streamed(pieces, wanted, 206, headers, idle)


@dataclass(frozen=True, slots=True)
class Span:
    """``end`` is exclusive; an empty span cannot be satisfied."""

    start: int
    end: int


async def _streamed(
    pieces: AsyncGenerator[bytes, None], span: Span, status: int, headers: dict[str, str], idle: float
) -> Response:
    # Before the status line is sent: a damaged object is then still answered with its reason.
    first = await anext(pieces, b"")
    headers["Content-Length"] = str(span.end - span.start)
    return _Stream(_sliced(first, pieces), status, headers, headers.pop("Content-Type"), idle)


class _Stream(StreamingResponse):
    """Lets go of a client that has stopped reading: each holds a decrypted piece in memory."""

    def __init__(
        self,
        slices: AsyncGenerator[memoryview, None],
        status: int,
        headers: dict[str, str],
        media_type: str,
        idle: float,
    ) -> None:
        super().__init__(slices, status, headers, media_type)
        self._slices = slices
        self._idle = idle

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._idle):
                await send(message)

        async with contextlib.aclosing(self._slices):
            try:
                await super().stream_response(in_time)
            except TimeoutError:
                _log.info("a reader of media stopped reading and was dropped")


async def _sliced(first: bytes, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[memoryview, None]:
    """What is handed to the connection waits in its buffer until the client reads; so it is handed little."""
    async with contextlib.aclosing(pieces):
        piece: bytes | None = first
        while piece is not None:
            for at in range(0, len(piece), _SLICE):
                yield memoryview(piece)[at : at + _SLICE]
            piece = await anext(pieces, None)


def _headers(asset: Asset, tag: str, download: bool) -> dict[str, str]:
    shown = is_ours(asset) and _SHOWN.fullmatch(asset.content_type or "") is not None
    return _GUARDS | {
        "Content-Type": (asset.content_type or "") if shown else "application/octet-stream",
        "Content-Disposition": _disposition(
            "inline" if shown and not download else "attachment", asset.file_name
        ),
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Accept-Ranges": "bytes",
        "ETag": tag,
    }


def _disposition(how: str, name: str) -> str:
    if not name:
        return how
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range(headers: Mapping[str, str], tag: str, size: int) -> Span | None:
    """None means the whole: no range, one we do not understand, several, or one of another version."""
    asked = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if asked is None or headers.get("if-range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first:
        return Span(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return Span(int(first), min(int(last) + 1, size) if last else size)


def _names(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in header.split(","))


def _content_length(headers: Mapping[str, str]) -> int | None:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _refusal(fault: UserFault, public_id: Callable[[str], str]) -> Response:
    error: dict[str, Any] = {"code": fault.code, "message": fault.message, "fix": fault.fix}
    asset_id = getattr(fault, "asset_id", "")
    error["assetId"] = public_id(asset_id) if asset_id else None
    headers = {"Connection": "close"}
    if fault.code == "STORAGE_UNAVAILABLE":
        headers["Retry-After"] = "30"
    return _json(_STATUS.get(fault.code, 422), {"errors": [error]}, headers)


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        {"Cache-Control": "no-store", **_GUARDS, **(headers or {})},
        media_type="application/json",
    )
