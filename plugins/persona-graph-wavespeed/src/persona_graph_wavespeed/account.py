"""One WaveSpeed account: who asks, where, and what an answer means before anyone looks into it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from persona_graph.provider import Call
from persona_graph_wavespeed.levels import Level

_URL = re.compile(r"\S+://\S*|data:\S*", re.IGNORECASE)
_LACK = r"\b(insufficient|not enough|out of|no|low|exhausted|empty)\b"
_MONEY = r"\b(credits?|balance|funds)\b"
_CREDIT = re.compile(rf"{_LACK}.{{0,20}}{_MONEY}|{_MONEY}.{{0,20}}{_LACK}|\btop.?up\b", re.IGNORECASE)
_MOST_WORDS = 200
# A key or an empty account is seen to by a person.
ACCOUNT_SECONDS = 300.0


class NoAnswer(Exception):
    """Nothing came back, or nothing that can be read. ``sent``: the request may have arrived."""

    def __init__(self, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        self.sent = sent


class Refused(Exception):
    """An answer that is no success: ``status`` is HTTP's, or the one the envelope gives in its place."""

    def __init__(self, status: int, words: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status}: {words}" if words else str(status))
        self.status = status
        self.words = words
        self.retry_after = retry_after

    @property
    def is_about_credit(self) -> bool:
        """The status for an empty account is not documented; its words are all there is to go by."""
        return self.status == 402 or (self.status in (400, 403) and bool(_CREDIT.search(self.words)))

    @property
    def is_about_account(self) -> bool:
        """Something that only the operator can change."""
        return self.status in (401, 403) or self.is_about_credit


@dataclass(frozen=True)
class Account:
    key: str = field(repr=False)
    base: str
    level: Level

    async def post(
        self,
        call: Call,
        path: str,
        body: Mapping[str, Any],
        *,
        query: Mapping[str, str] | None = None,
        seconds: float = 30,
    ) -> Any:
        """The ``data`` of the answer. Raises NoAnswer or Refused."""
        waits = within(call, seconds)
        return await self._ask(call, "POST", path, json=dict(body), params=query or None, timeout=waits)

    async def get(self, call: Call, path: str) -> Any:
        return await self._ask(call, "GET", path, timeout=within(call, 30))

    async def _ask(self, call: Call, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "X-Client-Name": "persona-graph"}
        try:
            answer = await call.http.request(method, f"{self.base}/api/v3/{path}", headers=headers, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NoAnswer(f"it cannot be reached ({type(error).__name__})", sent=False) from None
        except httpx.HTTPError as error:
            raise NoAnswer(f"no answer came ({type(error).__name__})") from None
        return self._opened(answer)

    def _opened(self, answer: httpx.Response) -> Any:
        envelope = _json(answer)
        if not answer.is_success:
            words = envelope.get("message") if isinstance(envelope, dict) else ""
            raise Refused(answer.status_code, self.plain(words), retry_after(answer))
        if not isinstance(envelope, dict) or not isinstance(code := envelope.get("code"), int):
            raise NoAnswer("its answer cannot be read")
        if code != 200:
            raise Refused(code, self.plain(envelope.get("message")), retry_after(answer))
        return envelope.get("data")

    def plain(self, words: object) -> str:
        """The vendor's words as they may be shown: no address (those of a person's media are public), no key."""
        if not isinstance(words, str):
            return ""
        shown = _URL.sub("…", words.replace(self.key, "…"))
        return " ".join("".join(char if char.isprintable() else " " for char in shown).split())[:_MOST_WORDS]


def within(call: Call, seconds: float) -> httpx.Timeout:
    most = min(seconds, call.remaining)
    return httpx.Timeout(most, connect=min(10.0, most))


def origin(url: str) -> str:
    """``url`` without a slash at its end. Raises ValueError if it is no address of a server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("BASE_URL must be an address such as https://api.wavespeed.ai")
    if parts.username is not None:
        raise ValueError("BASE_URL must not hold a user name or a password")
    return url.rstrip("/")


def _json(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def retry_after(answer: httpx.Response) -> float | None:
    """In seconds; a date or anything else counts as not said."""
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
