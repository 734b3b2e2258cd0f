"""How MiniMax answers: always a ``base_resp``, nearly always HTTP 200, always a trace."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from persona_graph_sandbox.faults import Fault

WORDS = {
    1000: "unknown error", 1001: "request timeout", 1002: "rate limit exceeded(RPM)", 1004: "login fail",
    1008: "insufficient balance", 1024: "internal error", 1026: "input new_sensitive",
    1027: "output new_sensitive", 1039: "rate limit exceeded(TPM)", 1042: "invisible character ratio limit",
    1043: "asr similarity check failed", 1044: "clone prompt similarity check failed", 2013: "invalid params",
    20132: "invalid samples or voice_id", 2037: "voice duration too short or too long",
    2038: "voice clone not permitted", 2039: "voice clone voice id duplicate", 2048: "prompt audio too long",
}  # fmt: skip

# Those that can befall every call, before anything is carried out.
ANYWHERE = (
    Fault("code", "HTTP 200 with status code `code` (1024) and `message`", by_dice=False),
    Fault("rate_limited", "HTTP 200 with 1002"),
    Fault("rate_limited_http", "HTTP 429 with `code` (1002) in JSON"),
    Fault("no_balance", "HTTP 200 with 1008", by_dice=False),
    Fault("bad_key", "HTTP 200 with 1004", by_dice=False),
    Fault("internal", "HTTP 200 with 1024"),
    Fault("no_base_resp", "carried out; the reply has no base_resp"),
)
_CODES = {
    "rate_limited": 1002,
    "rate_limited_http": 1002,
    "no_balance": 1008,
    "bad_key": 1004,
    "internal": 1024,
}
_traces = itertools.count(1)


class No(Exception):
    """What MiniMax says instead of doing it."""

    def __init__(self, code: int, said: str = "") -> None:
        super().__init__(said)
        self.code, self.said = code, said or WORDS.get(code, "failed")


def yes(body: Mapping[str, Any] | None = None) -> Response:
    return _answer(body or {}, 0, "success")


def no(refusal: No, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return _answer({}, refusal.code, refusal.said, status, headers)


def without_base(reply: Response) -> Response:
    return PlainTextResponse(
        bytes(reply.body).replace(b'"base_resp"', b'"base"'), media_type="application/json"
    )


def page_not_found(request: Request, error: Exception) -> Response:
    return PlainTextResponse("404 page not found", 404)


def injected(fault: str, options: Mapping[str, Any]) -> Response:
    code = int(options.get("code", _CODES.get(fault, 1024)))
    headers = {"retry-after": str(options["retry_after"])} if "retry_after" in options else None
    status = int(options.get("status", 429 if fault == "rate_limited_http" else 200))
    return no(No(code, str(options.get("message", ""))), status, headers)


def base(code: int, said: str) -> dict[str, Any]:
    return {"status_code": code, "status_msg": said}


def trace() -> str:
    return f"{next(_traces):016x}"


def _answer(
    body: Mapping[str, Any], code: int, said: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    mine = trace()
    whole = {**body, "trace_id": mine, "base_resp": base(code, said)}
    return JSONResponse(whole, status, {"Trace-Id": mine, **(headers or {})})
