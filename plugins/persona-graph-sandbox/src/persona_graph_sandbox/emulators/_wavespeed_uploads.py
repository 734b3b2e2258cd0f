"""WaveSpeed's two ways to take a file."""

from __future__ import annotations

import mimetypes
from pathlib import PurePath
from typing import Protocol

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.emulators._wavespeed_faults import UPLOAD_NAMES
from persona_graph_sandbox.emulators._wavespeed_says import Refusal, answer, read_object
from persona_graph_sandbox.emulators._wavespeed_tasks import KEPT_SECONDS, stamp
from persona_graph_sandbox.faults import Injection

TICKET_SECONDS = 900.0
MOST_BYTES = 200 * 1024 * 1024
_ENDINGS = {
    "image": (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tiff"),
    "audio": (".mp3", ".wav", ".ogg", ".aac", ".flac", ".webm", ".m4a", ".opus"),
    "video": (".mp4", ".mov"),
}


class Owner(Protocol):
    bench: Bench

    def take(self, request: Request, *names: str) -> Injection | None: ...


class UploadDesk:
    def __init__(self, owner: Owner) -> None:
        self._owner, self._files, self._clock = owner, owner.bench.files, owner.bench.clock

    async def ticket(self, request: Request, key: str) -> Response:
        asked = await read_object(request)
        name, size = asked.get("filename"), asked.get("size")
        if not isinstance(name, str) or not isinstance(size, int) or not 0 < size <= MOST_BYTES:
            raise Refusal(400, 'fields "filename" and "size" are required')
        kind, ending = _kind(name)
        content_type = (
            asked.get("content_type") or mimetypes.guess_type(name)[0] or "application/octet-stream"
        )
        taken = self._owner.take(request, *UPLOAD_NAMES)
        fault = taken.fault if taken else None
        headers = {} if fault == "no_headers" else {"Content-Type": content_type, "If-None-Match": "*"}
        seconds = 0.0 if fault == "ticket_expired" else TICKET_SECONDS
        url = self._files.place(seconds, size, ending, kept_seconds=KEPT_SECONDS, needs=headers)
        upload = {
            "method": "PUT", "url": f"{url}?signature=0f1e2d", "expires_at": stamp(self._clock.time() + seconds),
            **({"headers": headers} if headers else {}),
        }  # fmt: skip
        granted = {"type": kind, "filename": name, "size": size, "download_url": url}
        return answer(granted if fault == "no_instruction" else {**granted, "upload": upload})

    async def binary(self, request: Request, key: str) -> Response:
        async with request.form() as form:
            given = form.get("file")
            if not isinstance(given, UploadFile):
                raise Refusal(400, 'part "file" is required')
            content, name = await given.read(), given.filename or "upload"
        kind, ending = _kind(name)
        url = self._files.put(content, mimetypes.guess_type(name)[0] or "", KEPT_SECONDS, ending)
        return answer({"type": kind, "filename": name, "size": len(content), "download_url": url})


def _kind(name: str) -> tuple[str, str]:
    ending = PurePath(name).suffix.lower()
    kind = next((kind for kind, endings in _ENDINGS.items() if ending in endings), None)
    if kind is None:
        raise Refusal(400, f"unsupported file type {ending!r}")
    return kind, ending
