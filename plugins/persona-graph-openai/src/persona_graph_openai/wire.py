"""One POST to a server of the protocol: its answer, or one of the wall's errors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from persona_graph.provider import (
    Call,
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from persona_graph_openai.settings import Server

MOST_WORDS = 200
QUOTA_REST, KEY_REST = 1800.0, 300.0
# What a server is thrown out for, found in `code` or `type` of its error.
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_NO_ACCESS = frozenset({"invalid_api_key", "model_not_found", "unsupported_country_region_territory"})
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_MODERATED = frozenset({"content_policy_violation", "moderation_blocked", "content_filter"})
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MISADDRESSED = (httpx.InvalidURL, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an error object says, in any of the shapes that servers of the protocol use."""

    message: str = ""
    words: frozenset[str] = frozenset()


async def ask(server: Server, call: Call, path: str, body: Mapping[str, Any], accept: str) -> httpx.Response:
    """An answer with status 200 and, if it is JSON, without an error in it."""
    headers = {"Accept": accept}
    if server.key:
        headers["Authorization"] = f"Bearer {server.key}"
    seconds = max(0.1, call.remaining)
    try:
        answer = await call.http.post(
            server.base_url + path, json=dict(body), headers=headers,
            timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
        )  # fmt: skip
    except _UNSENT as error:
        raise ProviderUnavailable(f"The server cannot be reached ({type(error).__name__}).") from None
    except _MISADDRESSED:
        raise ProviderUnavailable("The server cannot be asked: check its BASE_URL.") from None
    except httpx.HTTPError as error:
        raise OutcomeUnknown(f"The server's answer got lost ({type(error).__name__}).") from None
    complaint = _complaint(answer, server)
    if answer.status_code == 200 and complaint is None:
        return answer
    raise _refusal(answer, complaint or Complaint(), call.now)


def parsed(answer: httpx.Response) -> Any:
    """The JSON of an answer, ``None`` if it is none."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def _refusal(answer: httpx.Response, complaint: Complaint, now: datetime) -> ProviderError:
    status, words = answer.status_code, complaint.words
    again = answer.headers.get("x-should-retry", "")
    if words & _NO_MONEY or status == 402:
        return ProviderUnavailable("The account at the server has no money left.", QUOTA_REST)
    if words & _NO_ACCESS or status in (401, 403):
        return ProviderUnavailable(f"The server refuses the key or the model (HTTP {status}).", KEY_REST)
    if status == 429 and again != "false":
        return ProviderBusy("The server takes no more requests just now (HTTP 429).", _wait(answer, now))
    if again == "true" and status >= 400:
        return ProviderBusy(f"The server asks to be asked again (HTTP {status}).", _wait(answer, now))
    if status in (408, 409, 503):
        busy = ProviderUnavailable if again == "false" else ProviderBusy
        return busy(f"The server is busy (HTTP {status}).", _wait(answer, now))
    if status in (400, 413, 422) or (status == 200 and "invalid_request_error" in words):
        return _rejection(status, complaint)
    if status >= 500 or status == 200:
        return OutcomeUnknown(f"The server failed (HTTP {status}); it may have done the work.")
    return ProviderUnavailable(f"There is no such interface at BASE_URL (HTTP {status}).", KEY_REST)


def _rejection(status: int, complaint: Complaint) -> OrderRejected:
    if complaint.words & _MODERATED:
        return OrderRejected("The server does not accept this content. Change it.", code="MODERATION")
    if complaint.words & _TOO_LONG or status == 413:
        return OrderRejected("This is too long for the server's model. Shorten it.", code="TEXT_TOO_LONG")
    said = f" It says: {complaint.message.rstrip('.')}." if complaint.message else ""
    return OrderRejected(f"The server does not accept this order.{said}", code="INVALID_REQUEST")


def _complaint(answer: httpx.Response, server: Server) -> Complaint | None:
    """``None`` where nothing is complained about."""
    if answer.content.lstrip()[:1] != b"{":
        return None
    body = parsed(answer)
    if not isinstance(body, dict):
        return None
    told = body.get("error") or (body.get("detail") if answer.status_code != 200 else None)
    if not told:
        return None
    if isinstance(told, dict):
        words = {str(told.get(name)) for name in ("code", "type") if told.get(name)}
        return Complaint(_plain(told.get("message"), server), frozenset(words))
    if isinstance(told, list):
        first = told[0] if told and isinstance(told[0], dict) else {}
        return Complaint(_plain(first.get("msg"), server))
    return Complaint(_plain(told, server))


def _plain(said: object, server: Server) -> str:
    """A server may quote what it was sent, and write what it likes."""
    if not isinstance(said, str):
        return ""
    text = " ".join((said.replace(server.key, "…") if server.key else said).split())
    return "".join(char for char in text if char.isprintable() and char not in "<>{}")[:MOST_WORDS]


def _wait(answer: httpx.Response, now: datetime) -> float | None:
    """Seconds: milliseconds in one header, seconds or a date in another."""
    found = _number(answer.headers.get("retry-after-ms"), 1000) or _number(answer.headers.get("retry-after"))
    if found is not None:
        return found
    try:
        left = (parsedate_to_datetime(answer.headers.get("retry-after", "")) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return left if left > 0 else None


def _number(given: str | None, parts: int = 1) -> float | None:
    try:
        seconds = float(given or "") / parts
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
