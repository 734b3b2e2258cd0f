"""Every row of the endpoint's error table and every injection, V1–V14, at the start and midway."""

from __future__ import annotations

from datetime import timedelta

import pytest
from persona_graph_gtts.breaker import Breaker

from persona_graph.provider import (
    Delivery,
    OutcomeUnknown,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
)
from persona_graph.provider.conformance import KIT_NOW

LONG = "A sentence of some length that goes on and on, so that there is enough of it for two pieces. " * 3
BUSY, AWAY = ProviderBusy, ProviderUnavailable

TABLE = [
    ("no_rpc_id", {}, AWAY),
    ("consent", {}, AWAY),
    ("sorry", {}, BUSY),
    ("forbidden", {}, AWAY),
    ("not_found", {}, AWAY),
    ("too_many", {}, BUSY),
    ("server_error", {}, BUSY),
    ("bad_base64", {}, BUSY),
    ("no_mp3", {}, BUSY),
    ("drop_before", {}, BUSY),
    ("drop_after", {}, BUSY),
    ("reset", {}, BUSY),
    ("stall", {}, BUSY),
    ("unavailable", {"status": 503}, BUSY),
    ("bad_gateway", {}, BUSY),
    ("html", {}, AWAY),
    ("garbage", {}, AWAY),
    ("empty", {}, AWAY),
    ("truncated", {}, BUSY),
    ("redirect", {"to": "http://127.0.0.1:1/canary"}, AWAY),
]


def the_table():
    return pytest.mark.parametrize(("fault", "options", "meant"), TABLE, ids=[row[0] for row in TABLE])


@the_table()
async def test_at_the_start(desk, fault: str, options: dict, meant: type) -> None:
    desk.sandbox.bench.faults.inject("gtts", fault, **options)
    with pytest.raises((BUSY, AWAY)) as raised:
        await desk.start("Hello", remaining=1.0 if fault == "stall" else 10.0)
    assert type(raised.value).__mro__.count(meant)
    assert "://" not in str(raised.value)
    assert desk.asked == 1, "the provider does not try again by itself"
    desk.provider._breaker.mend()
    assert isinstance(await desk.start("Hello"), Delivery)


@the_table()
async def test_midway_it_is_always_busy_and_goes_on_where_it_was(
    desk, fault: str, options: dict, meant: type
) -> None:
    ticket = await desk.start(LONG)
    assert isinstance(ticket, Ticket)
    desk.sandbox.bench.faults.inject("gtts", fault, **options)
    with pytest.raises(ProviderBusy):
        await desk.provider.check(ticket, desk.call(remaining=1.0 if fault == "stall" else 10.0))
    desk.provider._breaker.mend()
    await desk.finish(await desk.check(ticket), ticket)
    assert desk.asked == len(ticket.data["parts"]) + 1


@pytest.mark.parametrize("fault", ["huge", "endless"])
async def test_a_body_without_end_is_cut_off_by_the_lent_client(desk, fault: str) -> None:
    """V: the core's guard ends an answer that grows past 64 MiB."""
    desk.sandbox.bench.faults.inject("gtts", fault)
    async with desk.guarded():
        with pytest.raises(ProviderBusy, match="AnswerTooLarge"):
            await desk.start("Hello")
        assert isinstance(await desk.start("Hello"), Delivery)


@pytest.mark.parametrize("fault", ["null_payload", "refused_13", "empty_audio"])
async def test_no_audio_at_the_start_is_asked_for_once_more_and_then_elsewhere(desk, fault: str) -> None:
    desk.sandbox.bench.faults.inject("gtts", fault)
    assert isinstance(await desk.start("Hello"), Delivery)
    assert desk.asked == 2
    desk.sandbox.bench.faults.inject("gtts", fault, times=2)
    with pytest.raises(ProviderUnavailable, match="no audio"):
        await desk.start("Hello again", anew=True)
    assert desk.asked == 4


@pytest.mark.parametrize("fault", ["null_payload", "refused_13", "empty_audio"])
async def test_no_audio_midway_sends_the_work_elsewhere(desk, fault: str) -> None:
    ticket = await desk.start(LONG)
    desk.sandbox.bench.faults.inject("gtts", fault, times=2)
    with pytest.raises(ProviderBusy):
        await desk.check(ticket)
    with pytest.raises(OutcomeUnknown):
        await desk.check(ticket)
    asked = desk.asked
    with pytest.raises(ProviderUnavailable, match="no audio"):
        await desk.start(LONG)
    assert desk.asked == asked


async def test_an_order_begun_again_keeps_its_parts(desk) -> None:
    ticket = await desk.start(LONG)
    await desk.check(ticket)
    asked = desk.asked
    assert isinstance(await desk.start(LONG), Ticket)
    assert desk.asked == asked


async def test_a_part_that_fails_is_the_only_one_asked_for_again(desk) -> None:
    desk.sandbox.bench.faults.inject("gtts", "server_error", skip=2)
    ticket = await desk.start(LONG)
    await desk.check(ticket)
    with pytest.raises(ProviderBusy):
        await desk.check(ticket)
    await desk.finish(ticket)
    assert desk.asked == len(ticket.data["parts"]) + 1


@pytest.mark.parametrize("fault", ["too_many", "sorry"])
async def test_a_block_is_not_asked_into_again(desk, fault: str) -> None:
    """V1: the first to meet it comes back soon, everybody after that is told to ask another provider."""
    desk.sandbox.bench.faults.inject("gtts", fault)
    with pytest.raises(ProviderBusy) as met:
        await desk.start("Hello")
    assert met.value.retry_after is None
    with pytest.raises(ProviderUnavailable) as told:
        await desk.start("Hello")
    assert 890 < (told.value.retry_after or 0) <= 900
    assert desk.asked == 1
    desk.sandbox.bench.clock.advance(901)
    assert isinstance(await desk.start("Hello"), Delivery)


async def test_a_block_midway_sends_the_work_to_another_provider(desk) -> None:
    """What has begun is free: it is begun anew, which the block refuses, and the next candidate is asked."""
    ticket = await desk.start(LONG)
    desk.sandbox.bench.faults.inject("gtts", "too_many")
    with pytest.raises(ProviderBusy):
        await desk.check(ticket)
    with pytest.raises(OutcomeUnknown):
        await desk.check(ticket)
    with pytest.raises(ProviderUnavailable):
        await desk.start(LONG)
    assert desk.asked == 2


async def test_a_wait_that_is_named_is_waited(desk) -> None:
    desk.sandbox.bench.faults.inject("gtts", "unavailable", status=429, retry_after=7)
    with pytest.raises(ProviderBusy) as raised:
        await desk.start("Hello")
    assert raised.value.retry_after == 7
    assert isinstance(await desk.start("Hello"), Delivery)


async def test_the_emulators_own_block_lasts_as_long_as_the_breaker(desk) -> None:
    desk.sandbox.emulators["gtts"].pace.calls = 1
    await desk.start("One")
    with pytest.raises(ProviderBusy):
        await desk.start("Two", anew=True)
    desk.sandbox.bench.clock.advance(905)
    assert isinstance(await desk.start("Two"), Delivery)


def test_a_block_right_after_another_lasts_twice_as_long_up_to_six_hours() -> None:
    breaker, now = Breaker(), KIT_NOW
    lasted = []
    for _ in range(7):
        lasted.append(breaker.trip(now) / 60)
        now += timedelta(minutes=lasted[-1])
        assert breaker.left(now) == 0
    assert lasted == [15, 30, 60, 120, 240, 360, 360]
    breaker.mend()
    assert breaker.trip(now) == 900


async def test_a_redirect_is_never_followed(desk) -> None:
    """K9: the canary, which listens, hears nothing."""
    desk.sandbox.bench.faults.inject("gtts", "redirect", to=f"{desk.sandbox.files_url}/canary")
    async with desk.guarded():
        with pytest.raises(ProviderUnavailable):
            await desk.start("Hello")
    assert desk.sandbox.bench.requests.count("files") == 0


async def test_no_connection_is_busy(desk) -> None:
    from persona_graph_gtts.account import Account
    from persona_graph_gtts.provider import SPEECH, GoogleTranslateSpeech

    from persona_graph.provider import Speak

    nobody = GoogleTranslateSpeech(Account("http://127.0.0.1:1", 0.5))
    with pytest.raises(ProviderBusy, match="ConnectError"):
        await nobody.start(SPEECH, Speak(script="Hello"), desk.call())
