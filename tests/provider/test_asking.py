"""What ``ask`` calls each trouble, at each step of an order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    Step,
    ask,
    json_of,
    unreadable,
)
from persona_graph.provider.conformance import KitCall, ScriptedVendor

URL = "https://v.example/a?key=sk-canary"
BEFORE, PLACING, AFTER = Step.BEFORE, Step.PLACING, Step.AFTER
Expected = tuple[type[ProviderError], type[ProviderError], type[ProviderError]]

NOT_ACCEPTED: Expected = (ProviderUnavailable, ProviderUnavailable, ProviderBusy)
WAITS: Expected = (ProviderBusy, ProviderBusy, ProviderBusy)
REFUSED: Expected = (OrderRejected, OrderRejected, ProviderBusy)
UNCLEAR: Expected = (ProviderBusy, OutcomeUnknown, ProviderBusy)


def answers(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, text="no: sk-canary", headers=headers)


def raises(kind: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind(f"at {request.url}", request=request)

    return fail


TROUBLES: dict[str, tuple[Callable[[httpx.Request], httpx.Response], Expected]] = {
    "refused connection": (raises(httpx.ConnectError), NOT_ACCEPTED),
    "connect timeout": (raises(httpx.ConnectTimeout), NOT_ACCEPTED),
    "no free connection": (raises(httpx.PoolTimeout), NOT_ACCEPTED),
    "read timeout": (raises(httpx.ReadTimeout), UNCLEAR),
    "write timeout": (raises(httpx.WriteTimeout), UNCLEAR),
    "reset": (raises(httpx.ReadError), UNCLEAR),
    "dropped": (raises(httpx.RemoteProtocolError), UNCLEAR),
    **{str(status): (answers(status), WAITS) for status in (429, 503)},
    **{str(status): (answers(status), NOT_ACCEPTED) for status in (401, 402, 403)},
    **{str(status): (answers(status), REFUSED) for status in (400, 404, 409, 413, 422, 451)},
    **{str(status): (answers(status), UNCLEAR) for status in (301, 408, 425, 500, 502, 504, 599)},
}


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_v2_v7_every_trouble_has_its_name(tmp_path: Path, trouble: str, step: Step) -> None:
    """V2, V7, T7: and none quotes the address or the answer, which may hold keys."""
    happens, expected = TROUBLES[trouble]
    call = KitCall(tmp_path, ScriptedVendor().on("POST", "/a", happens))
    with pytest.raises(ProviderError) as raised:
        await ask(call, step, "POST", URL, json={})
    assert type(raised.value) is expected[list(Step).index(step)]
    assert "canary" not in str(raised.value) and raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("told", "wait"),
    [("7", 7.0), ("0", 0.0), ("-1", None), ("soon", None), ("nan", None), ("", None), ("²", None), ("9" * 12, None)],
)  # fmt: skip
async def test_v1_the_vendor_s_wait_is_handed_on(tmp_path: Path, told: str, wait: float | None) -> None:
    """V1: and what is no number of seconds is no wait."""
    answer = httpx.Response(429, headers=[(b"retry-after", told.encode("latin-1"))])
    call = KitCall(tmp_path, ScriptedVendor().on("GET", "/a", answer))
    with pytest.raises(ProviderBusy) as raised:
        await ask(call, AFTER, "GET", URL)
    assert raised.value.retry_after == wait


async def test_a_vendor_s_own_words_come_first(tmp_path: Path) -> None:
    """V8: also those in an answer of status 200."""

    def refusal(answer: httpx.Response) -> ProviderError | None:
        return OrderRejected("Write something else.", code="MODERATION") if "nsfw" in answer.text else None

    call = KitCall(tmp_path, ScriptedVendor().on("GET", "/a", {"code": "nsfw"}, {"code": "fine"}))
    with pytest.raises(OrderRejected, match="something else"):
        await ask(call, AFTER, "GET", URL, refusal=refusal)
    fine = await ask(call, AFTER, "GET", URL, refusal=refusal)
    assert json_of(fine, AFTER) == {"code": "fine"}


@pytest.mark.parametrize("body", ["", "<html>", "[1]", '{"a": ', "null", "\xff"])
async def test_v4_an_answer_that_is_none_is_unclear(body: str) -> None:
    """V4: an order whose answer cannot be read may have been accepted."""
    answer = httpx.Response(200, content=body.encode("latin-1"))
    for step, kind in zip(Step, UNCLEAR, strict=True):
        with pytest.raises(ProviderError) as raised:
            json_of(answer, step)
        assert type(raised.value) is kind
        assert type(unreadable(step, "id")) is kind
