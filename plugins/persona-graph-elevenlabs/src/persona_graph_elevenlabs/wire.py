"""ElevenLabs over HTTP: one question, one JSON answer, or one of the wall's errors."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import httpx

from persona_graph.provider import Call, ProviderBusy, ProviderUnavailable
from persona_graph_elevenlabs.account import Account
from persona_graph_elevenlabs.refusals import Stake, failed, refusal, word_of

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MISADDRESSED = (httpx.InvalidURL, httpx.UnsupportedProtocol)


class Wire:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def ask(
        self, call: Call, stake: Stake, method: str, path: str, *, seconds: float,
        query: Mapping[str, str] | None = None, let: Collection[str] = (), **content: Any,
    ) -> tuple[dict[str, Any], str]:  # fmt: skip
        """The answer and ElevenLabs's reference of it. ``let`` holds words for what is wrong that are as good
        as an answer; ``content`` is httpx's ``json``, or ``data`` and ``files``."""
        response = await self._send(call, stake, method, path, seconds, dict(query or {}), content)
        body = _parsed(response)
        if isinstance(body, dict) and (response.is_success or word_of(body) in let):
            return body, response.headers.get("request-id", "")[:100]
        raise refusal(response, body, stake, self._account.key)

    async def _send(
        self, call: Call, stake: Stake, method: str, path: str, seconds: float, query: dict[str, str],
        content: Mapping[str, Any],
    ) -> httpx.Response:  # fmt: skip
        seconds = max(0.1, min(seconds, call.remaining))
        try:
            return await call.http.request(
                method, self._account.base_url + path, params=query,
                headers={"xi-api-key": self._account.key},
                timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)), **content,
            )  # fmt: skip
        except _UNSENT as error:
            raise ProviderBusy(f"ElevenLabs cannot be reached ({type(error).__name__}).") from None
        except _MISADDRESSED:
            raise ProviderUnavailable("ElevenLabs cannot be asked: check BASE_URL.") from None
        except httpx.HTTPError as error:
            raise failed(f"ElevenLabs's answer got lost ({type(error).__name__}).", stake) from None


def _parsed(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
