"""WaveSpeed's own ways to go wrong, by the moment in which they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from persona_graph_sandbox.emulators._wavespeed_says import refusal
from persona_graph_sandbox.emulators._wavespeed_tasks import Outcome
from persona_graph_sandbox.faults import Fault, Injection

ANYWHERE = (
    Fault(
        "refused", "HTTP `status` (400) with `message` and, if given, `error_code`, in JSON", by_dice=False
    ),
    Fault("envelope", "HTTP 200 whose outer code is `code` (500), with `message`", by_dice=False),
)
SUBMIT = (
    Fault("accepted_504", "the task is placed, the reply is a gateway's HTTP 504"),
    Fault("no_receipt", "the task is placed, the reply names no id"),
    Fault("unlisted", "the task is not listed for `seconds` (5)", by_dice=False),
    Fault("no_credit", "HTTP `status` (402) that speaks of credits", by_dice=False),
    Fault("rate_limited", "HTTP 429, with Retry-After if `retry_after` is given"),
)
TASK = (
    Fault("task_fails", "the task ends as failed with `code` (1403) and `error`", by_dice=False),
    Fault("task_ends", "the task ends as `status` (cancelled)", by_dice=False),
    Fault("odd_status", "while it runs its status is `status` (warming_up)"),
    Fault("stuck", "it stays created for `seconds` (6 hours)", by_dice=False),
    Fault("code_5004", "while it runs its code is 5004"),
    Fault("late_validation", "audio that is too long is noticed by the task, with 1401", by_dice=False),
    Fault("no_outputs", "completed without outputs", by_dice=False),
    Fault("object_output", "the output is an object with a url"),
    Fault("odd_output", "the output is `output` (not-an-address)", by_dice=False),
)
RESULT = (
    Fault("foreign_get", "urls.get is `url` (on another host)"),
    Fault("other_task", "the answer is about another task", by_dice=False),
    Fault("no_data", "HTTP 200 whose data is null"),
)
UPLOAD = (
    Fault("no_instruction", "the ticket has no upload", by_dice=False),
    Fault("ticket_expired", "the ticket's address has expired before it comes"),
    Fault("no_headers", "the ticket names no headers"),
)
LIST = (
    Fault("no_inputs", "the list leaves the inputs out", by_dice=False),
    Fault("odd_list", "the list has no items", by_dice=False),
)
KNOCK = (
    Fault("knock_early", "the webhook comes before the reply to the submit"),
    Fault("knock_repeated", "the webhook comes `more` (1) times again"),
    Fault("knock_late", "the webhook comes `seconds` (60) late"),
    Fault("knock_stale", "its timestamp is 301 s old", by_dice=False),
    Fault("knock_wrong_key", "it is signed with another key", by_dice=False),
    Fault("knock_missing", "it never comes"),
)
ALL = (*ANYWHERE, *SUBMIT, *TASK, *RESULT, *UPLOAD, *LIST, *KNOCK)


def _names(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    return tuple(fault.name for fault in faults)


ANYWHERE_NAMES, SUBMIT_NAMES, TASK_NAMES = _names(ANYWHERE), _names(SUBMIT), _names(TASK)
RESULT_NAMES, UPLOAD_NAMES, LIST_NAMES, KNOCK_NAMES = (
    _names(RESULT),
    _names(UPLOAD),
    _names(LIST),
    _names(KNOCK),
)


def refused(taken: Injection) -> Response:
    options = taken.options
    if taken.fault == "rate_limited":
        headers = {"Retry-After": str(options["retry_after"])} if "retry_after" in options else {}
        return refusal(429, "rate limit exceeded", headers)
    if taken.fault == "no_credit":
        return refusal(int(options.get("status", 402)), "Insufficient credits. Please top up.")
    if taken.fault == "envelope":
        code = int(options.get("code", 500))
        told = refusal(code, str(options.get("message", "something went wrong")), data=None)
        told.status_code = 200
        return told
    more = {"error_code": options["error_code"]} if "error_code" in options else {}
    return refusal(int(options.get("status", 400)), str(options.get("message", "refused")), **more)


def outcome(taken: Injection | None) -> Outcome | None:
    if taken is not None and taken.fault == "task_fails":
        return Outcome(
            "failed", int(taken.options.get("code", 1403)), str(taken.options.get("error", "it failed"))
        )
    if taken is not None and taken.fault == "task_ends":
        status = str(taken.options.get("status", "cancelled"))
        return Outcome(status, int(taken.options.get("code", 0)), f"the task was {status}")
    return None


def outputs(taken: Injection | None, url: str) -> list[object]:
    match taken.fault if taken else "":
        case "no_outputs":
            return []
        case "object_output":
            return [{"url": url}]
        case "odd_output" if taken is not None:
            return [taken.options.get("output", "not-an-address")]
    return [url]


def disfigured(shown: Mapping[str, Any], taken: Injection) -> dict[str, Any] | None:
    match taken.fault:
        case "foreign_get":
            return {**shown, "urls": {"get": taken.options.get("url", "https://elsewhere.example/steal")}}
        case "other_task":
            return {
                **shown,
                "id": "0" * 32,
                "status": "completed",
                "outputs": ["https://cdn.example/other.mp4"],
            }
    return None
