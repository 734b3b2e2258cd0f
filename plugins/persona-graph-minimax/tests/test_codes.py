"""Every row of MiniMax's table of status codes, over HTTP, and what stands before MiniMax."""

from __future__ import annotations

from typing import Any

import pytest

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderUnavailable,
    Speak,
)

BUSY, DOWN, NO, UNKNOWN = ProviderBusy, ProviderUnavailable, OrderRejected, OutcomeUnknown
# code: while speaking, while cloning, the code that the user's program sees
ROWS = {
    1000: (BUSY, NO, "SAMPLE_UNREADABLE"),
    1001: (BUSY, UNKNOWN, ""),
    1002: (BUSY, BUSY, ""),
    1004: (DOWN, DOWN, ""),
    1008: (DOWN, DOWN, ""),
    1013: (BUSY, UNKNOWN, ""),
    1024: (BUSY, UNKNOWN, ""),
    1026: (NO, NO, "MODERATION"),
    1027: (NO, NO, "MODERATION"),
    1028: (DOWN, DOWN, ""),
    1030: (DOWN, DOWN, ""),
    1033: (BUSY, UNKNOWN, ""),
    1039: (BUSY, BUSY, ""),
    1041: (BUSY, BUSY, ""),
    1042: (NO, NO, "TEXT_INVISIBLE"),
    1043: (NO, NO, "SAMPLE_MISMATCH"),
    1044: (NO, NO, "SAMPLE_MISMATCH"),
    2013: (NO, NO, "INVALID_REQUEST"),
    20132: (NO, NO, "VOICE_GONE SAMPLE_UNREADABLE"),
    2037: (NO, NO, "SAMPLE_DURATION"),
    2038: (DOWN, DOWN, ""),
    2042: (NO, NO, "VOICE_FORBIDDEN"),
    2045: (BUSY, BUSY, ""),
    2048: (NO, NO, "SAMPLE_DURATION"),
    2049: (DOWN, DOWN, ""),
    2056: (DOWN, DOWN, ""),
    2061: (DOWN, DOWN, ""),
    7777: (NO, NO, "VENDOR_REFUSED"),
}


@pytest.mark.parametrize("code", ROWS)
async def test_each_code_while_speaking(desk: Any, caught: Any, code: int) -> None:
    """V1, V4, V7, V8: nothing is billed for it."""
    desk.inject("code", "/v1/t2a_v2", code=code, message="no such luck")
    error = await caught(desk.speak(Speak(script="Hello.")))
    assert type(error) is ROWS[code][0] and str(code) in str(error)
    if isinstance(error, OrderRejected) and code != 1000:
        assert error.code in ROWS[code][2].split()
    assert desk.owed == 0 and desk.bench.requests.count("minimax") == 1


@pytest.mark.parametrize("code", ROWS)
async def test_each_code_while_cloning(desk: Any, caught: Any, code: int) -> None:
    """The recordings are taken back whatever it is; no voice is made and nothing billed."""
    desk.inject("code", "/v1/voice_clone", code=code)
    error = await caught(desk.train())
    assert type(error) is ROWS[code][1]
    if isinstance(error, OrderRejected):
        assert error.code in ROWS[code][2].split()
    assert desk.owed == 0 and desk.sandbox.emulators["minimax"].shelf.held == {}


@pytest.mark.parametrize("code", ROWS)
async def test_each_code_while_uploading_leaves_nothing_in_doubt(desk: Any, caught: Any, code: int) -> None:
    desk.inject("code", "/v1/files/upload", code=code)
    assert not isinstance(await caught(desk.train()), OutcomeUnknown)


async def test_a_missing_voice_is_known_by_its_phrase_too(desk: Any, caught: Any) -> None:
    desk.inject("code", "/v1/t2a_v2", code=2054, message="voice id not exist")
    error = await caught(desk.speak(Speak(script="Hello.")))
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE"


async def test_a_message_that_quotes_the_key_is_not_passed_on(desk: Any, caught: Any) -> None:
    key = desk.settings["API_KEY"]
    for code in (2013, 7777):
        desk.inject("code", "/v1/t2a_v2", code=code, message=f"bad things about {key}")
        assert "bad things" in str(await caught(desk.speak(Speak(script="Hello."))))


@pytest.mark.parametrize("key", ["wrong", "sandbox-minimax-key-other-region"])
async def test_a_key_of_nobody_or_of_the_other_region_says_what_to_check(
    desk: Any, caught: Any, key: str
) -> None:
    """V7: an operator reads this."""
    error = await caught(desk.speak(Speak(script="Hello."), API_KEY=key))
    assert isinstance(error, ProviderUnavailable) and "region" in str(error) and key not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, DOWN), (403, DOWN), (402, DOWN), (404, DOWN), (408, UNKNOWN), (429, BUSY), (500, UNKNOWN),
     (503, BUSY), (504, UNKNOWN)],
)  # fmt: skip
async def test_http_statuses_without_json(desk: Any, caught: Any, status: int, kind: type[Exception]) -> None:
    """V2, V7: what a gateway says about a synthesis that may have been billed is in doubt."""
    desk.inject("unavailable", "/v1/t2a_v2", status=status)
    assert type(await caught(desk.speak(Speak(script="Hello.")))) is kind


@pytest.mark.parametrize(("code", "kind"), [(1002, BUSY), (1039, BUSY), (1028, DOWN), (2056, DOWN)])
async def test_429_with_a_code_means_what_the_code_says(
    desk: Any, caught: Any, code: int, kind: type[Exception]
) -> None:
    desk.inject("rate_limited_http", "/v1/t2a_v2", code=code, retry_after=7)
    error = await caught(desk.speak(Speak(script="Hello.")))
    assert type(error) is kind and error.retry_after == 7


@pytest.mark.parametrize(
    ("said", "understood"),
    [("0", 0.0), ("3600", 3600.0), ("1e9", 1e9), ("-1", None), ("nan", None), ("soon", None),
     ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)  # fmt: skip
async def test_retry_after_is_read_if_it_can_be(
    desk: Any, caught: Any, said: str, understood: float | None
) -> None:
    """V1."""
    desk.inject("unavailable", "/v1/t2a_v2", status=429, retry_after=said)
    error = await caught(desk.speak(Speak(script="Hello.")))
    assert isinstance(error, ProviderBusy) and error.retry_after == understood


async def test_busy_then_success(desk: Any, caught: Any) -> None:
    """V1: HTTP 200 + 1002, then it works; only what was spoken is billed."""
    desk.inject("rate_limited", "/v1/t2a_v2", times=2)
    for _ in range(2):
        assert isinstance(await caught(desk.speak(Speak(script="Hello."))), ProviderBusy)
    await desk.speak(Speak(script="Hello."))
    assert desk.billed == desk.owed


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "bad_gateway", "html", "garbage", "empty",
                                   "no_base_resp", "reset"])  # fmt: skip
async def test_speech_that_may_have_been_billed_is_in_doubt(desk: Any, caught: Any, fault: str) -> None:
    """V3, V4: nobody asks twice without being told to."""
    desk.inject(fault, "/v1/t2a_v2")
    assert isinstance(await caught(desk.speak(Speak(script="Hello."))), OutcomeUnknown)
    assert desk.bench.requests.count("minimax") == 1


@pytest.mark.parametrize("fault", ["data_null", "audio_empty"])
async def test_success_without_audio_is_asked_again(desk: Any, caught: Any, fault: str) -> None:
    """V4: it is how MiniMax throttles."""
    desk.inject(fault, "/v1/t2a_v2")
    assert isinstance(await caught(desk.speak(Speak(script="Hello."))), ProviderBusy)
    await desk.speak(Speak(script="Hello."))
    assert desk.billed == desk.owed


@pytest.mark.parametrize("fault", ["audio_odd", "audio_base64"])
async def test_audio_that_cannot_be_read_is_billed_and_not_published(
    desk: Any, caught: Any, fault: str
) -> None:
    """V4: it fails for good, and the vendor's bill stands."""
    desk.inject(fault, "/v1/t2a_v2")
    error = await caught(desk.speak(Speak(script="Hello.")))
    assert isinstance(error, OrderRejected) and error.code == "OUTPUT_UNREADABLE"
    assert error.billed_cost == desk.owed > 0


async def test_a_slow_reply_is_a_lost_one(desk: Any, caught: Any) -> None:
    desk.inject("stall_after", "/v1/t2a_v2", seconds=20)
    provider, call = desk.provider(), desk.call(remaining=1.0)
    error = await caught(provider.start(desk.offer("stock"), Speak(script="Hello."), call))
    assert isinstance(error, OutcomeUnknown)


async def test_nobody_there_is_busy_and_a_wrong_address_is_named(desk: Any, caught: Any) -> None:
    """V2: surely not accepted."""
    error = await caught(desk.speak(Speak(script="Hello."), BASE_URL="http://127.0.0.1:9"))
    assert isinstance(error, ProviderBusy)
    error = await caught(desk.speak(Speak(script="Hello."), BASE_URL=f"{desk.settings['BASE_URL']}/v9"))
    assert isinstance(error, ProviderUnavailable) and "BASE_URL" in str(error)


async def test_a_redirect_is_not_followed(desk: Any, caught: Any) -> None:
    desk.inject("redirect", "/v1/t2a_v2", to=f"{desk.settings['BASE_URL']}/v1/elsewhere")
    assert isinstance(await caught(desk.speak(Speak(script="Hello."))), ProviderUnavailable)
    assert desk.bench.requests.count("minimax", "elsewhere") == 0
