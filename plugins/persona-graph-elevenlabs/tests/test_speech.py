"""Speech with the time of every word, each row of the error table, and the bill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from persona_graph_elevenlabs.alignment import words
from persona_graph_sandbox.media import seconds_of

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderUnavailable,
    TimingSource,
)

SCRIPT = "Good morning. The ferry leaves at nine."


async def test_own_speech_with_its_words_in_time(desk: Any) -> None:
    """Rows 47, 122."""
    made = await desk.train()
    spoken = await desk.speak(SCRIPT, voice=made.vendor_voice)
    seconds = seconds_of(spoken.media)
    assert [timing.text for timing in spoken.timings] == SCRIPT.split()
    assert all(a.start < a.end <= b.start for a, b in zip(spoken.timings, spoken.timings[1:], strict=False))
    assert spoken.timings[-1].end == pytest.approx(seconds, abs=0.15)
    assert {timing.source for timing in spoken.timings} == {TimingSource.REPORTED}
    assert desk.billed == desk.owed == Decimal("0.30") * len(SCRIPT) / 1000 and spoken.vendor_ref


@pytest.mark.parametrize("fault", ["null_alignment", "normalized_only"])
async def test_speech_without_its_own_alignment(desk: Any, fault: str) -> None:
    desk.inject(fault)
    spoken = await desk.speak(SCRIPT)
    assert len(spoken.timings) == (0 if fault == "null_alignment" else 7)


@pytest.mark.parametrize(
    "odd",
    [{}, {"alignment": []}, {"alignment": {"characters": ["a"]}},
     {"alignment": {"characters": ["a", "b"], "character_start_times_seconds": [0.0],
                    "character_end_times_seconds": [1.0, 2.0]}},
     {"alignment": {"characters": ["a"], "character_start_times_seconds": [None],
                    "character_end_times_seconds": [1.0]}}],
)  # fmt: skip
def test_odd_alignments_are_none(odd: dict[str, Any]) -> None:
    """V4."""
    assert words(odd) == ()


async def test_the_request_is_as_the_vendor_wants_it(desk: Any) -> None:
    await desk.speak(SCRIPT, MODEL="eleven_flash_v2_5")
    await desk.speak(SCRIPT)
    flash, multilingual = desk.bench.requests.all("elevenlabs", "with-timestamps")
    assert flash.query == "output_format=mp3_44100_128" and flash.headers["xi-api-key"]
    assert flash.json() == {"text": SCRIPT, "model_id": "eleven_flash_v2_5", "language_code": "en"}
    assert multilingual.json() == {"text": SCRIPT, "model_id": "eleven_multilingual_v2"}


async def test_the_price_is_the_operators(desk: Any) -> None:
    """Row 129: credits cost what the plan costs."""
    spoken = await desk.speak("Hello there.", COST_PER_1000_CHARS="0.165")
    assert spoken.billed_cost == Decimal("0.00198")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [({"MODEL": "gpt"}, "MODEL"), ({"COST_PER_1000_CHARS": "-1"}, "COST"), ({"MAX_CONCURRENT": "0"}, "MAX"),
     ({"BASE_URL": "elevenlabs"}, "BASE_URL"), ({"STOCK_VOICE": "a/b"}, "STOCK"), ({"API_KEY": "a b"}, "API_KEY")],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_named(desk: Any, settings: dict[str, str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        desk.provider(**settings)


def test_regions_and_limits_are_declared(desk: Any) -> None:
    eu = desk.provider(BASE_URL="https://api.eu.residency.elevenlabs.io", MODEL="eleven_v3")
    assert {offer.data_use.region for offer in eu.offers} == {"European Union"}
    assert desk.offer("stock", eu).limits.max_chars == 3000
    assert desk.offer("stock", desk.provider(MODEL="eleven_flash_v2_5")).limits.max_chars == 10_000


BUSY, DOWN, NO, UNKNOWN = ProviderBusy, ProviderUnavailable, OrderRejected, OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "word", "kind", "code"),
    [
        (400, "max_character_limit_exceeded", NO, "TEXT_TOO_LONG"),
        (400, "voice_not_found", NO, "VOICE_GONE"),
        (404, "voice_not_found", NO, "VOICE_GONE"),
        (400, "invalid_voice_settings", NO, "INVALID_REQUEST"),
        (400, "content_against_policy", NO, "MODERATION"),
        (422, "", NO, "INVALID_REQUEST"),
        (401, "invalid_api_key", DOWN, ""),
        (401, "quota_exceeded", DOWN, ""),
        (401, "missing_permissions", DOWN, ""),
        (402, "payment_required", DOWN, ""),
        (403, "forbidden", DOWN, ""),
        (404, "", DOWN, ""),
        (429, "too_many_concurrent_requests", BUSY, ""),
        (429, "system_busy", BUSY, ""),
        (409, "conflict", BUSY, ""),
        (400, "voice_limit_reached", DOWN, ""),
        (408, "", UNKNOWN, ""),
        (500, "internal_error", UNKNOWN, ""),
        (503, "", BUSY, ""),
    ],
)
async def test_each_row_of_the_table(
    desk: Any, caught: Any, status: int, word: str, kind: type[Exception], code: str
) -> None:
    """V1, V2, V7, V8: nothing is billed, and the message does not quote the key."""
    desk.inject("status", status=status, word=word, message="about sandbox-elevenlabs-key")
    error = await caught(desk.speak())
    assert type(error) is kind and getattr(error, "code", "") == code
    assert desk.owed == 0 and desk.bench.requests.count("elevenlabs") == 1


async def test_a_list_of_faulty_fields_is_put_into_words(desk: Any, caught: Any) -> None:
    desk.inject("detail_list")
    error = await caught(desk.speak())
    assert isinstance(error, OrderRejected) and "field required" in str(error)


async def test_the_wait_is_read_from_either_header(desk: Any, caught: Any) -> None:
    """V1."""
    desk.inject("busy")
    assert (await caught(desk.speak())).retry_after == 2.5
    desk.inject("unavailable", status=429, retry_after=7)
    assert (await caught(desk.speak())).retry_after == 7
    desk.inject("unavailable", status=429, retry_after="soon")
    assert (await caught(desk.speak())).retry_after is None


@pytest.mark.parametrize(
    "fault", ["drop_before", "drop_after", "truncated", "bad_gateway", "html", "garbage", "empty", "reset"]
)
async def test_speech_that_may_have_been_billed_is_in_doubt(desk: Any, caught: Any, fault: str) -> None:
    """V2, V3, V4."""
    desk.inject(fault)
    assert isinstance(await caught(desk.speak()), OutcomeUnknown)
    assert desk.bench.requests.count("elevenlabs") == 1


@pytest.mark.parametrize("fault", ["bad_base64", "no_audio"])
async def test_audio_that_cannot_be_read_is_billed_and_not_published(
    desk: Any, caught: Any, fault: str
) -> None:
    """V4."""
    desk.inject(fault)
    error = await caught(desk.speak())
    assert isinstance(error, OrderRejected) and error.code == "OUTPUT_UNREADABLE"
    assert error.billed_cost == desk.owed > 0


async def test_a_slow_reply_is_a_lost_one_and_nobody_there_is_busy(desk: Any, caught: Any) -> None:
    desk.inject("stall_after", seconds=20)
    provider, call = desk.provider(), desk.call(remaining=1.0)
    order = desk.training(call)
    assert isinstance(await caught(provider.start(desk.offer("train"), order, call)), ProviderBusy)
    assert isinstance(await caught(desk.speak(BASE_URL="http://127.0.0.1:9")), ProviderBusy)
    desk.inject("redirect", to=desk.sandbox.files_url)
    assert isinstance(await caught(desk.speak()), ProviderUnavailable)
    assert desk.bench.requests.count("files") == 0


@pytest.mark.parametrize(("script", "code"), [(" … ", "TEXT_EMPTY"), ("a" * 10_001, "TEXT_TOO_LONG")])
async def test_what_is_surely_refused_is_not_sent(desk: Any, caught: Any, script: str, code: str) -> None:
    error = await caught(desk.speak(script))
    assert isinstance(error, OrderRejected) and error.code == code
    assert desk.bench.requests.count("elevenlabs") == 0
