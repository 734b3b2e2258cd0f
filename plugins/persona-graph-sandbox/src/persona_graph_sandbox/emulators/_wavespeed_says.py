"""How WaveSpeed answers: an envelope whose code is HTTP's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def answer(shown: Any) -> Response:
    return JSONResponse({"code": 200, "message": "success", "data": shown})


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    return JSONResponse({"code": status, "message": message, **more}, status, headers=dict(headers or {}))


async def read_object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "the body is not a JSON object")
    return body
