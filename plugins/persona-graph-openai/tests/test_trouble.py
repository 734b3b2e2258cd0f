"""Every row of the protocol's error table and every injection (V1–V14), for text and speech."""

from __future__ import annotations

import pytest

from persona_graph.provider import OrderRejected, OutcomeUnknown, ProviderBusy, ProviderUnavailable

BUSY, AWAY, REJECTED, UNKNOWN = ProviderBusy, ProviderUnavailable, OrderRejected, OutcomeUnknown

BOTH = [
    ("bad_key", {}, AWAY),
    ("forbidden", {}, AWAY),
    ("model_not_found", {}, AWAY),
    ("bad_request", {}, REJECTED),
    ("content_policy", {}, REJECTED),
    ("too_long", {}, REJECTED),
    ("plain_error", {}, REJECTED),
    ("detail_error", {}, REJECTED),
    ("conflict", {}, BUSY),
    ("request_timeout", {}, BUSY),
    ("rate_limit", {}, BUSY),
    ("quota", {}, AWAY),
    ("server_error", {}, UNKNOWN),
    ("overloaded", {}, BUSY),
    ("error_in_200", {}, UNKNOWN),
    ("drop_before", {}, UNKNOWN),
    ("drop_after", {}, UNKNOWN),
    ("reset", {}, UNKNOWN),
    ("stall", {}, UNKNOWN),
    ("stall_after", {}, UNKNOWN),
    ("truncated", {}, UNKNOWN),
    ("bad_gateway", {}, UNKNOWN),
    ("unavailable", {"status": 503}, BUSY),
    ("unavailable", {"status": 504}, UNKNOWN),
    ("unavailable", {"status": 404}, AWAY),
    ("unavailable", {"status": 402}, AWAY),
    ("unavailable", {"status": 413}, REJECTED),
    ("html", {}, UNKNOWN),
    ("garbage", {}, UNKNOWN),
    ("empty", {}, UNKNOWN),
    ("redirect", {"to": "http://127.0.0.1:1/canary"}, AWAY),
]
IDS = [f"{name}-{options['status']}" if "status" in options else name for name, options, _ in BOTH]


@pytest.mark.parametrize("which", ["write", "speak"])
@pytest.mark.parametrize(("fault", "options", "meant"), BOTH, ids=IDS)
async def test_trouble(desk, which: str, fault: str, options: dict, meant: type) -> None:
    """Nothing is asked twice by the provider itself, whatever happens."""
    desk.sandbox.bench.faults.inject("openai", fault, **options)
    with pytest.raises((BUSY, AWAY, REJECTED, UNKNOWN)) as raised:
        await getattr(desk, which)(remaining=0.7 if fault.startswith("stall") else 10.0)
    assert type(raised.value) is meant
    assert "sandbox-openai-key" not in str(raised.value) and "://" not in str(raised.value)
    assert desk.asked == 1
    assert await getattr(desk, which)()


@pytest.mark.parametrize(
    ("fault", "meant", "code"),
    [
        ("no_choices", UNKNOWN, None),
        ("null_content", UNKNOWN, None),
        ("refusal", REJECTED, "MODERATION"),
        ("filtered", REJECTED, "MODERATION"),
    ],
)
async def test_a_completion_without_a_text(desk, fault: str, meant: type, code: str | None) -> None:
    desk.sandbox.bench.faults.inject("openai", fault)
    with pytest.raises(meant) as raised:
        await desk.write()
    assert code is None or raised.value.code == code


async def test_a_longer_text_than_asked_is_shortened_and_says_so(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "overlong")
    delivery = await desk.write(max_chars=200)
    assert 60 < len(delivery.text) <= 200 and delivery.text.endswith(".")
    assert delivery.facts["shortened"] is True


async def test_a_text_that_broke_off_ends_with_a_sentence(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "cut")
    delivery = await desk.write()
    assert delivery.text.endswith((".", "?", "!")) and delivery.facts["broke_off"] is True


@pytest.mark.parametrize("fault", ["thinking", "parts"])
async def test_the_text_is_found_in_other_shapes(desk, fault: str) -> None:
    plain = await desk.write()
    desk.sandbox.bench.faults.inject("openai", fault)
    assert (await desk.write()).text == plain.text


async def test_audio_under_a_wrong_name_is_audio(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "wrong_type")
    assert (await desk.speak()).content_type == "audio/mpeg"


async def test_an_empty_answer_is_no_audio(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "empty_audio")
    with pytest.raises(OutcomeUnknown):
        await desk.speak()


@pytest.mark.parametrize("fault", ["huge", "endless"])
async def test_a_body_without_end_is_cut_off_by_the_lent_client(desk, fault: str) -> None:
    """V: the core's guard ends an answer that grows past 64 MiB."""
    desk.sandbox.bench.faults.inject("openai", fault)
    async with desk.guarded():
        with pytest.raises(OutcomeUnknown, match="AnswerTooLarge"):
            await desk.speak()
        assert await desk.speak()


async def test_an_answer_that_drips_is_waited_for(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "drip", bytes=2000, every=0.01)
    assert await desk.speak()


async def test_the_named_wait_is_handed_on(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "rate_limit")
    with pytest.raises(ProviderBusy) as raised:
        await desk.write()
    assert raised.value.retry_after == 0.25
    desk.sandbox.bench.faults.inject("openai", "unavailable", status=429, retry_after=9)
    with pytest.raises(ProviderBusy) as raised:
        await desk.write()
    assert raised.value.retry_after == 9


async def test_an_empty_account_rests_for_a_while(desk) -> None:
    desk.sandbox.bench.faults.inject("openai", "quota")
    with pytest.raises(ProviderUnavailable) as raised:
        await desk.write()
    assert raised.value.retry_after == 1800


async def test_nothing_is_billed_for_what_was_refused(desk) -> None:
    for fault in ("bad_request", "quota", "rate_limit", "drop_before", "server_error"):
        desk.sandbox.bench.faults.inject("openai", fault)
        with pytest.raises(Exception):  # noqa: B017
            await desk.speak()
    assert desk.sandbox.bench.ledger.total("openai") == 0
    desk.sandbox.bench.faults.inject("openai", "drop_after")
    with pytest.raises(OutcomeUnknown):
        await desk.speak()
    assert desk.sandbox.bench.ledger.total("openai") > 0, "which is why nobody may simply repeat it"


async def test_a_server_that_is_not_there_is_passed_over(desk) -> None:
    provider = desk.provider("text", TEXT_BASE_URL="http://127.0.0.1:1/v1")
    from persona_graph.provider import Write

    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await provider.start(provider.offers[0], Write(brief="A ferry."), desk.call())


@pytest.mark.parametrize("which", ["write", "speak"])
async def test_a_redirect_is_never_followed(desk, which: str) -> None:
    """K9: the canary, which listens, hears nothing; nor does anybody else get the key."""
    desk.sandbox.bench.faults.inject("openai", "redirect", to=f"{desk.sandbox.files_url}/canary")
    async with desk.guarded():
        with pytest.raises(ProviderUnavailable):
            await getattr(desk, which)()
    assert desk.sandbox.bench.requests.count("files") == 0
