"""Every row of the vendor's error tables and every way the emulator can go wrong: what the core is told, and what
is billed in the end."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from persona_graph.provider.conformance import ScriptedVendor

SUBMIT, RESULT, UPLOADS = "/wavespeed-ai/", "/result", "/media/uploads"


async def refused(desk: Any, order: Any = None) -> ProviderError:
    with pytest.raises(ProviderError) as error:
        await desk.start(order or desk.animation())
    return error.value


# Before the order: nothing can have been accepted.


@pytest.mark.parametrize(
    ("fault", "options", "told"),
    [
        ("refused", {"status": 401}, ProviderUnavailable),
        ("refused", {"status": 403, "error_code": "role"}, ProviderUnavailable),
        ("refused", {"status": 500}, ProviderBusy),
        ("unavailable", {"status": 429, "retry_after": 9}, ProviderBusy),
        ("unavailable", {"status": 503}, ProviderBusy),
        ("refused", {"status": 413}, OrderRejected),
        ("bad_gateway", {}, ProviderBusy),
        ("drop_after", {}, ProviderBusy),
        ("reset", {}, ProviderBusy),
        ("html", {}, ProviderBusy),
        ("garbage", {}, ProviderBusy),
        ("empty", {}, ProviderBusy),
        ("truncated", {}, ProviderBusy),
        ("no_instruction", {}, ProviderUnavailable),
        ("ticket_expired", {}, ProviderUnavailable),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else str(value.get("status", "")) if isinstance(value, dict) else None
    ),
)
async def test_trouble_with_an_upload_is_not_an_order(
    desk: Any, fault: str, options: Any, told: type[Exception]
) -> None:
    """Threats V1, V2, V4, V7."""
    desk.inject(fault, path=UPLOADS, **options)
    error = await refused(desk)
    assert type(error) is told
    wait = 9 if options.get("retry_after") else 300 if options.get("status") in (401, 403) else None
    assert getattr(error, "retry_after", None) == wait
    assert (desk.submits(), desk.charges()) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "options", "told"),
    [
        ("unavailable", {"status": 403}, ProviderUnavailable),
        ("unavailable", {"status": 429}, ProviderBusy),
        ("bad_gateway", {}, ProviderBusy),
        ("reset", {}, ProviderBusy),
        ("redirect", {"to": "http://127.0.0.1:9/"}, ProviderUnavailable),
    ],
    ids=["403", "429", "502", "reset", "redirect"],
)
async def test_trouble_with_the_storage_is_not_an_order(
    desk: Any, fault: str, options: Any, told: type[Exception]
) -> None:
    desk.inject_in_files(fault, method="PUT", **options)
    assert type(await refused(desk)) is told
    assert (desk.submits(), desk.charges()) == (0, 0)


# The order: only a clear no is a no.


@pytest.mark.parametrize("status", [400, 422], ids=str)
async def test_an_order_the_vendor_refuses_is_rejected(desk: Any, status: int) -> None:
    """HTTP 400: the message names the field, and is shown without the addresses in it."""
    message = 'field "audio" https://media.example/secret.mp3 is too odd'
    desk.inject("refused", path=SUBMIT, status=status, message=message)
    error = await refused(desk)
    assert isinstance(error, OrderRejected)
    assert error.code == "INVALID_REQUEST"
    assert 'field "audio" … is too odd' in str(error)
    assert desk.charges() == 0


@pytest.mark.parametrize("status", [401, 403, 404], ids=str)
async def test_what_only_the_operator_can_change_rests_the_provider(desk: Any, status: int) -> None:
    """Threat V7: at most one try in five minutes where it is the account."""
    desk.inject("refused", path=SUBMIT, status=status, message="no")
    error = await refused(desk)
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after == (None if status == 404 else 300)
    assert (desk.submits(), desk.charges()) == (1, 0)


@pytest.mark.parametrize("status", [400, 402, 403], ids=str)
async def test_an_empty_account_rests_the_provider(desk: Any, status: int) -> None:
    desk.inject("no_credit", status=status)
    assert type(await refused(desk)) is ProviderUnavailable
    assert (desk.submits(), desk.charges()) == (1, 0)


@pytest.mark.parametrize(
    "message", ['field "prompt" is about credit cards', "insufficient audio length"], ids=["prompt", "audio"]
)
async def test_words_alone_do_not_make_it_the_accounts_fault(desk: Any, message: str) -> None:
    """One person's input must not rest the provider for everybody."""
    desk.inject("refused", path=SUBMIT, status=400, message=message)
    assert isinstance(await refused(desk), OrderRejected)


async def test_no_file_is_sent_unencrypted_to_the_real_vendors_storage(desk: Any) -> None:
    """The emulator speaks plain HTTP on loopback; a vendor behind HTTPS has no reason to."""
    desk.settings = {"BASE_URL": "https://wavespeed.test"}
    ticket = {
        "download_url": "https://media.test/a.png",
        "upload": {"method": "PUT", "url": "http://storage.test/a", "headers": {}},
    }
    vendor = ScriptedVendor().on("POST", "/api/v3/media/uploads", {"code": 200, "data": ticket})
    order = desk.animation()
    call = desk.call()
    call.http = httpx.AsyncClient(transport=vendor)
    with pytest.raises(ProviderUnavailable, match="unencrypted"):
        await desk.provider().start(desk.offer("wavespeed-infinitetalk"), order, call)
    assert [request.method for request in vendor.requests] == ["POST"]


async def test_a_key_that_was_never_topped_up_rests_the_provider(desk: Any) -> None:
    desk.settings = {"API_KEY": desk.emulator.key_not_activated}
    error = await refused(desk)
    assert type(error) is ProviderUnavailable
    assert desk.emulator.key_not_activated not in str(error)


@pytest.mark.parametrize(
    ("said", "wait"),
    [("0", 0), ("3600", 3600), ("1000000000", 1e9), ("-1", None), ("soon", None), ("nan", None), ("", None)],
)
async def test_too_many_orders_is_busy(desk: Any, said: str, wait: float | None) -> None:
    """Threat V1: the wait is handed on where it is one; the core has the cap."""
    desk.inject("rate_limited", retry_after=said)
    error = await refused(desk)
    assert isinstance(error, ProviderBusy)
    assert error.retry_after == wait
    assert desk.charges() == 0


async def test_the_emulators_own_cap_per_minute_is_busy(desk: Any) -> None:
    desk.emulator.level = "bronze"
    for number in range(5):
        desk.key = f"attempt-{number}"
        await desk.start(desk.animation())
    assert isinstance(await refused(desk), ProviderBusy)
    desk.pass_time(60)
    await desk.start(desk.animation())
    assert desk.charges() == 6


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("drop_after", {}),
        ("accepted_504", {}),
        ("no_receipt", {}),
        ("truncated", {}),
        ("drop_before", {}),
        ("reset", {}),
        ("bad_gateway", {}),
        ("html", {}),
        ("garbage", {}),
        ("empty", {}),
        ("redirect", {"to": "http://127.0.0.1:9/"}),
        ("refused", {"status": 408}),
        ("refused", {"status": 500}),
        ("refused", {"status": 502}),
        ("refused", {"status": 503}),
        ("envelope", {"code": 500}),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else str(value.get("status", "")) if isinstance(value, dict) else None
    ),
)
async def test_anything_unclear_is_an_unknown_outcome(desk: Any, fault: str, options: Any) -> None:
    """Threats V2, V3: the submit is never repeated by the plugin."""
    desk.inject(fault, path=SUBMIT, **options)
    assert type(await refused(desk)) is OutcomeUnknown
    assert desk.submits() == 1


async def test_an_envelope_can_refuse_with_http_200(desk: Any) -> None:
    desk.inject("envelope", path=SUBMIT, code=400, message='field "image" is required')
    error = await refused(desk)
    assert isinstance(error, OrderRejected)
    assert desk.charges() == 0


async def test_a_vendor_that_cannot_be_reached_was_not_asked(desk: Any) -> None:
    desk.settings = {"BASE_URL": "http://127.0.0.1:9"}
    assert type(await refused(desk)) is ProviderUnavailable


# Asking: whatever happens, the order stands and is paid for once.


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("refused", {"status": 500}),
        ("unavailable", {"status": 429, "retry_after": 3}),
        ("unavailable", {"status": 503}),
        ("reset", {}),
        ("drop_after", {}),
        ("html", {}),
        ("garbage", {}),
        ("empty", {}),
        ("truncated", {}),
        ("bad_gateway", {}),
        ("no_data", {}),
        ("other_task", {}),
        ("refused", {"status": 401}),
        ("refused", {"status": 403}),
        ("refused", {"status": 404}),
        ("envelope", {"code": 503}),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else str(value.get("status", "")) if isinstance(value, dict) else None
    ),
)
async def test_trouble_while_asking_is_busy_and_then_it_is_delivered(
    desk: Any, fault: str, options: Any
) -> None:
    """Threats V1, V2, V4, V10: 500, 429, reset and HTML, then success; nothing is placed again."""
    ticket = await desk.start(desk.animation())
    desk.pass_time(10)
    desk.inject(fault, path=RESULT, **options)
    with pytest.raises(ProviderBusy) as busy:
        await desk.check(ticket)
    if "retry_after" in options:
        assert busy.value.retry_after == 3
    delivery = await desk.check(ticket)
    assert isinstance(delivery, Delivery)
    assert (desk.submits(), desk.charges()) == (1, 1)


async def test_work_that_the_vendor_forgot_is_lost_not_repeated(desk: Any) -> None:
    """HTTP 404, and threat V6: a task is listed for seven days; after that nothing is bought again."""
    ticket = await desk.start(desk.animation())
    desk.pass_time(7 * 86_400)
    with pytest.raises(OrderRejected) as lost:
        await desk.check(ticket)
    assert lost.value.code == "WORK_LOST"
    assert desk.submits() == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (1200, "MODERATION"),
        (1400, "INVALID_REQUEST"),
        (1401, "INVALID_REQUEST"),
        (1403, "PROVIDER_FAILED"),
        (1405, "PROVIDER_FAILED"),
        (1406, "PROVIDER_FAILED"),
        (1407, "PROVIDER_FAILED"),
        (5000, "PROVIDER_FAILED"),
        (5003, "PROVIDER_FAILED"),
        (5004, "PROVIDER_TIMEOUT"),
        (0, "PROVIDER_FAILED"),
    ],
    ids=str,
)
async def test_a_failed_task_ends_it_in_words_and_is_refunded(desk: Any, code: int, told: str) -> None:
    """Threat V8, and every row of the table of task codes."""
    desk.inject("task_fails", code=code, error="see https://cdn.example/face.png for it")
    with pytest.raises(OrderRejected) as failed:
        await desk.make(desk.animation())
    assert (failed.value.code, failed.value.billed_cost) == (told, None)
    assert str(failed.value).endswith(".")
    assert "https" not in str(failed.value)
    assert (desk.submits(), desk.charges(), desk.billed()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("status", "told"),
    [("cancelled", "PROVIDER_FAILED"), ("timeout", "PROVIDER_TIMEOUT"), ("deleted", "WORK_LOST")],
)
async def test_other_ends_count_as_failed(desk: Any, status: str, told: str) -> None:
    desk.inject("task_ends", status=status)
    with pytest.raises(OrderRejected) as failed:
        await desk.make(desk.animation())
    assert failed.value.code == told


@pytest.mark.parametrize("status", ["warming_up", "PAUSED", "completing?"])
async def test_a_status_nobody_knows_is_not_an_end(desk: Any, status: str) -> None:
    desk.emulator.rendering = 10
    desk.inject("odd_status", status=status)
    delivery = await desk.make(desk.animation())
    assert delivery.remote_url
    assert {progress.stage for progress in desk.seen} == {"at the vendor"}


async def test_5004_while_it_runs_is_not_a_failure(desk: Any) -> None:
    desk.emulator.rendering = 10
    desk.inject("code_5004")
    delivery = await desk.make(desk.animation())
    assert delivery.remote_url
    assert desk.seen


async def test_a_task_may_wait_for_hours(desk: Any) -> None:
    """Threat V5: no fault of the plugin's; the offer's own deadline ends it, in the core."""
    ticket_wanted = 6 * 3600
    desk.inject("stuck", seconds=ticket_wanted)
    ticket = await desk.start(desk.animation())
    desk.pass_time(ticket_wanted - 60)
    waiting = await desk.check(ticket)
    assert isinstance(waiting, Progress)
    assert (waiting.stage, waiting.fraction) == ("waiting at the vendor", None)
    assert desk.offer("wavespeed-infinitetalk").give_up_after.total_seconds() > ticket_wanted
    assert (await desk.finish(ticket)).remote_url


async def test_over_the_concurrency_limit_tasks_wait(desk: Any) -> None:
    """Bronze: three at a time; the fourth stays created and is no fault."""
    desk.emulator.level, desk.emulator.rendering = "bronze", 30
    tickets = []
    for number in range(4):
        desk.key = f"attempt-{number}"
        tickets.append(await desk.start(desk.animation()))
    desk.pass_time(5)
    stages = [(await desk.check(ticket)).stage for ticket in tickets]
    assert stages == ["at work"] * 3 + ["waiting at the vendor"]
    desk.pass_time(120)
    assert all([isinstance(await desk.check(ticket), Delivery) for ticket in tickets])


async def test_audio_that_is_too_long_is_told_either_way(desk: Any) -> None:
    """What the vendor says of it is not documented: HTTP 400 or a task that fails with 1401. The measured length
    may be unknown here."""
    from dataclasses import replace

    order = desk.animation(121)
    order = replace(order, speech=replace(order.speech, seconds=None))
    with pytest.raises(OrderRejected) as at_once:
        await desk.start(order, "wavespeed-hunyuan")
    desk.inject("late_validation")
    with pytest.raises(OrderRejected) as later:
        await desk.make(order, "wavespeed-hunyuan")
    assert at_once.value.code == later.value.code == "INVALID_REQUEST"
    assert desk.billed() == 0


# What was made.


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("no_outputs", {}),
        ("odd_output", {"output": "not-an-address"}),
        ("odd_output", {"output": 7}),
        ("odd_output", {"output": {"url": None}}),
        ("odd_output", {"output": "file:///etc/passwd"}),
        ("odd_output", {"output": "gopher://127.0.0.1/"}),
        ("odd_output", {"output": "http://user:word@127.0.0.1/v.mp4"}),
        ("odd_output", {"output": "http://[::1"}),
        ("odd_output", {"output": "http:///v.mp4"}),
    ],
    ids=["none", "word", "number", "object", "file", "gopher", "user", "broken", "hostless"],
)
async def test_a_finished_work_without_a_usable_address_is_a_failure(
    desk: Any, fault: str, options: Any
) -> None:
    """Threats V4, K9: it is billed all the same, and the refusal says so."""
    desk.inject(fault, **options)
    with pytest.raises(OrderRejected) as failed:
        await desk.make(desk.animation())
    assert (failed.value.code, failed.value.billed_cost) == ("PROVIDER_FAILED", desk.billed())


async def test_an_output_may_be_an_object(desk: Any) -> None:
    desk.inject("object_output")
    url = (await desk.make(desk.animation())).remote_url
    assert url.startswith(desk.sandbox.files_url)


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest", "http://127.0.0.1:9/v.mp4"], ids=["metadata", "loopback"]
)
async def test_an_internal_output_is_handed_to_the_guard_and_not_touched(desk: Any, address: str) -> None:
    """Threat K9: the plugin fetches nothing itself; the core does, under its guard."""
    desk.inject("odd_output", output=address)
    assert (await desk.make(desk.animation())).remote_url == address


async def test_the_address_in_the_reply_is_not_followed(desk: Any) -> None:
    """Threat K9: ``urls.get`` on a foreign host would be given the key."""
    with Listener() as canary:
        desk.inject("foreign_get", times=400, url=f"http://127.0.0.1:{canary.port}/steal")
        assert (await desk.make(desk.animation())).remote_url
        assert canary.knocks == 0


class Listener:
    def __enter__(self) -> Listener:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def knocks(self) -> int:
        try:
            self._socket.accept()
        except TimeoutError:
            return 0
        return 1


async def test_an_output_that_cannot_be_fetched_is_found_again_by_its_receipt(desk: Any) -> None:
    """Threat V6: 403 and 404 at the file host; another look gives an address, and nothing is paid again."""
    ticket = await desk.start(desk.animation())
    delivery = await desk.finish(ticket)
    async with httpx.AsyncClient() as http:
        for status in (403, 404):
            desk.inject_in_files("unavailable", status=status)
            assert (await http.get(delivery.remote_url)).status_code == status
        again = await desk.check(ticket)
        assert (await http.get(again.remote_url)).status_code == 200
        desk.pass_time(7 * 86_400)
        assert (await http.get(again.remote_url)).status_code == 403
    assert (desk.submits(), desk.charges()) == (1, 1)


async def test_no_key_is_in_any_word_that_is_said(desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Threat T7."""
    caplog.set_level(0)
    key = desk.emulator.key
    desk.inject("refused", path=SUBMIT, status=400, message=f"the key {key} is odd")
    said = [str(await refused(desk))]
    desk.inject("task_fails", code=1401, error=f"the key {key} is odd")
    with pytest.raises(OrderRejected) as failed:
        await desk.make(desk.animation())
    said += [str(failed.value), repr(desk.provider()), str(vars(desk.provider())), caplog.text]
    assert not any(key in each for each in said)
