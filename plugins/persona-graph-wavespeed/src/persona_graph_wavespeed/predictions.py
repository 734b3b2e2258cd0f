"""Tasks at WaveSpeed: placing one, once; asking about it; finding one whose receipt was lost."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from persona_graph.provider import (
    Call,
    OrderFailed,
    OutcomeUnknown,
    ProviderBusy,
    ProviderUnavailable,
)
from persona_graph_wavespeed.account import ACCOUNT_SECONDS, Account, NoAnswer, Refused
from persona_graph_wavespeed.faults import invalid

SUBMIT_SECONDS = 60.0
PAGE_SIZE = 100
MOST_PAGES = 200
KEPT = timedelta(days=7)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Of the vendor's statuses below 500 these leave open whether the task exists.
_AMBIGUOUS = (408, 409, 425)
_WRONG_ORDER = (400, 413, 415, 422)


@dataclass(frozen=True)
class Prediction:
    """What the vendor said of a task. ``code`` is the task's own, not that of the envelope."""

    id: str
    status: str
    outputs: tuple[object, ...]
    code: int | None
    error: str
    inputs: Mapping[str, Any] | None

    @property
    def has_failed(self) -> bool:
        return self.status in ("failed", "cancelled", "timeout", "deleted")


def is_id(value: object) -> bool:
    """Whether it can be put into an address."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


async def submit(
    account: Account, call: Call, model: str, body: Mapping[str, Any], query: Mapping[str, str]
) -> str:
    """The id of the task, which is a receipt: from here on it is paid for. Never sent twice."""
    try:
        made = await account.post(call, model, body, query=query, seconds=SUBMIT_SECONDS)
    except NoAnswer as error:
        if not error.sent:
            raise ProviderUnavailable(f"WaveSpeed: {error}") from None
        raise OutcomeUnknown(f"WaveSpeed may have taken the order: {error}") from None
    except Refused as error:
        raise _not_taken(error) from None
    receipt = made.get("id") if isinstance(made, dict) else None
    if not is_id(receipt):
        raise OutcomeUnknown("WaveSpeed took the order and gave no receipt that can be used")
    return str(receipt)


def _not_taken(error: Refused) -> Exception:
    if error.is_about_account:
        return ProviderUnavailable(f"WaveSpeed refuses this account ({error})", ACCOUNT_SECONDS)
    if error.status == 429:
        return ProviderBusy("WaveSpeed has too many requests of this account", error.retry_after)
    if error.status in _WRONG_ORDER:
        return invalid(error.words)
    if 400 <= error.status < 500 and error.status not in _AMBIGUOUS:
        return ProviderUnavailable(f"WaveSpeed does not take the order ({error})")
    return OutcomeUnknown(f"WaveSpeed may have taken the order ({error})")


async def look(account: Account, call: Call, receipt: str, placed: datetime) -> Prediction:
    """How the task stands. The address is built from ours: what a reply calls ``urls.get`` is not followed."""
    try:
        found = await account.get(call, f"predictions/{receipt}/result")
    except NoAnswer as error:
        raise ProviderBusy(f"WaveSpeed: {error}") from None
    except Refused as error:
        raise _not_told(error, call.now - placed) from None
    prediction = read(found, account)
    if prediction is None or prediction.id not in ("", receipt):
        raise ProviderBusy("WaveSpeed's answer is not about this task")
    return prediction


def _not_told(error: Refused, age: timedelta) -> Exception:
    """A task not known at once may not have got around there yet; later on it is gone for good."""
    if error.status == 404 and age > timedelta(minutes=5):
        return OrderFailed(
            "The vendor does not know this work any more; it keeps it for seven days.", code="WORK_LOST"
        )
    wait = ACCOUNT_SECONDS if error.is_about_account else error.retry_after
    return ProviderBusy(f"WaveSpeed does not say how the task stands ({error})", wait)


async def search(
    account: Account, call: Call, model: str, since: datetime, ours: Callable[[Mapping[str, Any]], bool]
) -> list[Prediction]:
    """Tasks of ``model`` placed after ``since`` whose inputs are ``ours``. Raises ProviderBusy where that cannot
    be told: what was not seen was not ruled out."""
    found = []
    async for item in _listed(account, call, model, since):
        task = read(item, account)
        if task is None or task.inputs is None:
            raise ProviderBusy("WaveSpeed's list of tasks cannot be read", 60)
        if ours(task.inputs) and is_id(task.id):
            found.append(task)
    return found


async def _listed(account: Account, call: Call, model: str, since: datetime) -> AsyncIterator[object]:
    asked: dict[str, Any] = {
        "page_size": PAGE_SIZE, "model": model, "created_after": stamp(since), "include_inputs": True,
    }  # fmt: skip
    for page in range(1, MOST_PAGES + 1):
        try:
            listed = await account.post(call, "predictions", {"page": page, **asked})
        except NoAnswer as error:
            raise ProviderBusy(f"WaveSpeed does not list its tasks: {error}") from None
        except Refused as error:
            raise ProviderBusy(f"WaveSpeed does not list its tasks ({error})", error.retry_after) from None
        items = listed.get("items") if isinstance(listed, dict) else None
        if not isinstance(items, list):
            raise ProviderBusy("WaveSpeed's list of tasks cannot be read", 60)
        for item in items:
            yield item
        if len(items) < PAGE_SIZE:
            return
    raise ProviderBusy("WaveSpeed's list of tasks is too long to be searched", 60)


def read(found: object, account: Account) -> Prediction | None:
    if not isinstance(found, dict):
        return None
    outputs, inputs = found.get("outputs"), found.get("inputs", found.get("input"))
    status, code = found.get("status"), found.get("code")
    return Prediction(
        id=str(found.get("id") or ""),
        status=status.lower() if isinstance(status, str) else "",
        outputs=tuple(outputs) if isinstance(outputs, list) else (),
        code=int(code) if isinstance(code, int | str) and str(code).isdecimal() else None,
        error=account.plain(found.get("error")),
        inputs=inputs if isinstance(inputs, dict) else None,
    )


def stamp(moment: datetime) -> str:
    """As the vendor writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
