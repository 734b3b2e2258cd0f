"""MiniMax over HTTP: one question, one answer that says yes, or one of the wall's errors."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import httpx

from persona_graph.provider import Call, ProviderBusy, ProviderError, ProviderUnavailable
from persona_graph_minimax.account import Account
from persona_graph_minimax.refusals import VERDICTS, Stake, failed, lost, refusal

# Faster, and MiniMax has been seen to answer "success" with nothing in it.
SPACING_SECONDS = 0.5
MOST_WORDS = 150

# What MiniMax limits by the minute, each for itself.
_COUNTED = {"/v1/t2a_v2": "speech", "/v1/t2a_async_v2": "speech", "/v1/voice_clone": "clone"}

_NOT_WORDS = re.compile(r"https?://\S*|[<>{}]")

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MISADDRESSED = (httpx.InvalidURL, httpx.UnsupportedProtocol)


class Wire:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def ask(
        self, call: Call, stake: Stake, path: str, body: Mapping[str, Any], *, seconds: float,
        let: Collection[int] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """POST ``body``. Codes in ``let`` come back like an answer, see ``status_code``."""
        response = await self._send(call, stake, "POST", path, seconds, json=dict(body))
        return self._answer(response, stake, let)

    async def look(
        self, call: Call, path: str, query: Mapping[str, str], *, seconds: float
    ) -> dict[str, Any]:
        response = await self._send(call, Stake.NOTHING, "GET", path, seconds, params=dict(query))
        return self._answer(response, Stake.NOTHING, ())

    async def upload(
        self, call: Call, path: str, form: Mapping[str, str], name: str, content: bytes, *, seconds: float
    ) -> dict[str, Any]:
        files = {"file": (name, content, "audio/wav")}
        response = await self._send(call, Stake.NOTHING, "POST", path, seconds, data=dict(form), files=files)
        return self._answer(response, Stake.NOTHING, ())

    async def fetch(self, call: Call, path: str, query: Mapping[str, str], *, seconds: float) -> bytes:
        """The bytes of a file; a JSON answer instead of them is what is wrong with it."""
        response = await self._send(call, Stake.NOTHING, "GET", path, seconds, params=dict(query))
        verdict = _base(_parsed(response))
        if response.is_success and verdict is None:
            return response.content
        raise self._refusal(response, verdict, Stake.NOTHING)

    async def _send(
        self, call: Call, stake: Stake, method: str, path: str, seconds: float, *,
        params: Mapping[str, str] | None = None, **content: Any,
    ) -> httpx.Response:  # fmt: skip
        await self._turn(call, path)
        query = dict(params or {})
        if self._account.group_id:
            query["GroupId"] = self._account.group_id
        seconds = max(0.1, min(seconds, call.remaining))
        try:
            return await call.http.request(
                method, self._account.base_url + path, params=query,
                headers={"Authorization": f"Bearer {self._account.key}"},
                timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)), **content,
            )  # fmt: skip
        except _UNSENT as error:
            raise ProviderBusy(f"MiniMax cannot be reached ({type(error).__name__}).") from None
        except _MISADDRESSED:
            raise ProviderUnavailable("MiniMax cannot be asked: check BASE_URL.") from None
        except httpx.HTTPError as error:
            raise lost(f"MiniMax's answer got lost ({type(error).__name__}).", stake) from None

    async def _turn(self, call: Call, path: str) -> None:
        """Just one for each request: a wait before one that is paid for shortens the time it has."""
        if path in _COUNTED:
            await call.turn(max(SPACING_SECONDS, 60 / self._account.per_minute), _COUNTED[path])
        else:
            await call.turn(SPACING_SECONDS)

    def _answer(self, response: httpx.Response, stake: Stake, let: Collection[int]) -> dict[str, Any]:
        body = _parsed(response)
        verdict = _base(body)
        if body is not None and verdict is not None and (
            verdict[0] in let or (verdict[0] == 0 and response.is_success)
        ):  # fmt: skip
            return body
        raise self._refusal(response, verdict, stake)

    def _refusal(
        self, response: httpx.Response, verdict: tuple[int, str] | None, stake: Stake
    ) -> ProviderError:
        status, retry_after = response.status_code, _retry_after(response)
        code = verdict[0] if verdict else 0
        if verdict and code and (code in VERDICTS or response.is_success):
            return refusal(code, self._words(verdict[1]), stake, retry_after)
        if status in (401, 403):
            return ProviderUnavailable(f"{VERDICTS[1004].text} (HTTP {status})")
        if status == 402:
            return ProviderUnavailable(f"{VERDICTS[1008].text} (HTTP 402)")
        if status == 429:
            return ProviderBusy("MiniMax takes no more requests just now (HTTP 429).", retry_after)
        if status == 503 and stake is not Stake.VOICE:
            return ProviderBusy("MiniMax is away (HTTP 503).", retry_after)
        if status == 408 or status >= 500:
            return failed(f"MiniMax is in trouble (HTTP {status}).", stake, retry_after)
        if response.is_success:
            return failed("MiniMax's answer is not one of MiniMax's.", stake)
        return ProviderUnavailable(f"There is no MiniMax at BASE_URL (HTTP {status}). Check it.")

    def _words(self, said: str) -> str:
        """A vendor may quote what it was sent, and users may see it."""
        plain = _NOT_WORDS.sub("", " ".join(said.replace(self._account.key, "…").split()))
        return "".join(char for char in plain if char.isprintable())[:MOST_WORDS].rstrip(" .")


def status_code(answer: Mapping[str, Any]) -> int:
    verdict = _base(answer)
    return verdict[0] if verdict else 0


def _parsed(response: httpx.Response) -> dict[str, Any] | None:
    """Python's integers hold an int64, unlike those of a browser. NaN is not JSON."""
    if response.content.lstrip()[:1] != b"{":
        return None
    try:
        body = json.loads(response.content, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _base(body: Mapping[str, Any] | None) -> tuple[int, str] | None:
    """What ``base_resp`` says; ``None`` where there is none that can be read."""
    base = body.get("base_resp") if body is not None else None
    if not isinstance(base, dict):
        return None
    code = whole(base.get("status_code"))
    return None if code is None else (code, str(base.get("status_msg") or ""))


def whole(value: object) -> int | None:
    """A whole number, also one that was sent as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return None


def _retry_after(response: httpx.Response) -> float | None:
    """In seconds; MiniMax promises none, and what stands before it may."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
