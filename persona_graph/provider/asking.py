"""Asking a vendor over HTTP, with every trouble named as the core needs it. Use it, or do as it does."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import httpx

from persona_graph.provider.call import Call
from persona_graph.provider.errors import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)

REFUSED = "The provider refuses this order. Change it and try again."


class Step(StrEnum):
    """Where an order stands when the vendor is asked: BEFORE it can have been accepted, PLACING it (with the
    one request that spends money), or AFTER that."""

    BEFORE = "BEFORE"
    PLACING = "PLACING"
    AFTER = "AFTER"


Refusal = Callable[[httpx.Response], ProviderError | None]


async def ask(
    call: Call, step: Step, method: str, url: str, *, refusal: Refusal | None = None, **request: Any
) -> httpx.Response:
    """The vendor's answer, of status 2xx; anything else is raised. ``refusal`` may name an answer's error from
    the vendor's own words, whatever its status; ``request`` is what ``httpx`` takes: headers, json, params."""
    try:
        answer = await call.http.request(method, url, **request)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise _surely_not(step, "The vendor cannot be reached.") from None
    except httpx.HTTPError as error:
        # Its words may quote the URL, and URLs hold keys; so do those of its cause.
        raise _lost(step, f"The vendor's answer was lost ({type(error).__name__}).") from None
    if refusal is not None and (told := refusal(answer)) is not None:
        raise told
    if not answer.is_success:
        raise _of_status(step, answer)
    return answer


def json_of(answer: httpx.Response, step: Step) -> dict[str, Any]:
    """The JSON object that the vendor answered."""
    try:
        told = answer.json()
    except ValueError:
        raise _lost(step, "The vendor's answer is no JSON.") from None
    if not isinstance(told, dict):
        raise _lost(step, "The vendor's answer is no JSON object.")
    return told


def unreadable(step: Step, what: str) -> ProviderError:
    """For an answer that lacks what it should have."""
    return _lost(step, f"The vendor's answer has no {what}.")


def retry_after(answer: httpx.Response) -> float | None:
    """The wait the vendor asked for in seconds, if it is one."""
    told = answer.headers.get("retry-after", "").strip()
    return float(told) if told.isdecimal() and told.isascii() and len(told) < 9 else None


def _of_status(step: Step, answer: httpx.Response) -> ProviderError:
    status, said = answer.status_code, f"The vendor answered HTTP {answer.status_code}."
    if status in (429, 503):
        return ProviderBusy(said, retry_after=retry_after(answer))
    if status in (401, 402, 403):
        return _surely_not(step, said)
    if 400 <= status < 500 and status not in (408, 425):
        return ProviderBusy(said) if step is Step.AFTER else OrderRejected(REFUSED)
    return _lost(step, said)


def _surely_not(step: Step, said: str) -> ProviderError:
    return ProviderBusy(said) if step is Step.AFTER else ProviderUnavailable(said)


def _lost(step: Step, said: str) -> ProviderError:
    return OutcomeUnknown(said) if step is Step.PLACING else ProviderBusy(said)
