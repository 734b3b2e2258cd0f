"""Cloning: one file from many, one voice whatever happens, and who pays when."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from persona_graph_minimax.training import voice_id_of

from persona_graph.provider import OrderRejected, OutcomeUnknown, Speak, VendorVoice

FEE = Decimal("1.50")
FIRST = Decimal("0.0003")  # "Hi." with an hd model
WEEK = 7 * 86400


async def test_a_voice_is_cloned_kept_and_billed_in_one_go(desk: Any) -> None:
    """Rows 43-46, 121: upload, clone, id, status; the fee falls due with the first use."""
    made = await desk.train()
    assert made.vendor_voice == voice_id_of("key-1") and made.voice_expires_at is None
    assert made.billed_cost == FEE + FIRST == desk.owed == desk.offer("train").cost.per_run
    desk.bench.clock.advance(2 * WEEK)
    await desk.speak(Speak(script="Still here.", voice=desk.voice(made)))
    assert desk.billed == desk.owed == FEE + FIRST + Decimal("0.0011")


async def test_the_recordings_arrive_as_one_file_and_do_not_stay(desk: Any) -> None:
    await desk.train()
    (upload,) = desk.bench.requests.all("minimax", "/v1/files/upload")
    content = upload.body[upload.body.index(b"RIFF") : upload.body.rindex(b"\r\n--")]
    with wave.open(io.BytesIO(content)) as sent:
        assert sent.getparams()[:3] == (1, 2, 8000)
        assert sent.getnframes() / 8000 == pytest.approx(12.3, abs=0.01)
    assert desk.sandbox.emulators["minimax"].shelf.held == {}


async def test_ids_beyond_a_double_come_back_as_the_same_bare_integer(desk: Any) -> None:
    """A JSON string, or a rounded number, would be refused with 2013."""
    await desk.train()
    (clone,) = desk.asked("/v1/voice_clone")
    (deleted,) = desk.asked("/v1/files/delete")
    assert type(clone["file_id"]) is int and clone["file_id"] > 2**53
    assert clone["file_id"] == deleted["file_id"] and float(clone["file_id"]) != clone["file_id"]


def test_voice_ids_fit_every_rule_that_is_written_down() -> None:
    ids = {voice_id_of(f"key-{n}") for n in range(200)}
    assert len(ids) == 200
    assert all(len(i) == 32 and i[0].isalpha() and i.isalnum() and any(map(str.isdigit, i)) for i in ids)


async def test_without_activation_the_first_speech_pays_and_keeps_the_voice(desk: Any) -> None:
    """Row 149: nothing is billed at the clone; the delivery says until when it lives."""
    made = await desk.train(ACTIVATE="no")
    assert made.billed_cost == 0 == desk.owed
    assert desk.offer("train", desk.provider(ACTIVATE="no")).cost.per_run == 0
    assert abs(made.voice_expires_at - desk.now - timedelta(days=7)) < timedelta(minutes=1)
    spoken = await desk.speak(Speak(script="Hello there.", voice=desk.voice(made)))
    assert spoken.voice_kept and spoken.billed_cost == FEE + Decimal("0.0012")
    again = await desk.speak(Speak(script="Hello there.", voice=VendorVoice(id=made.vendor_voice)))
    assert not again.voice_kept and again.billed_cost == Decimal("0.0012")
    assert desk.billed == desk.owed


async def test_an_unused_voice_is_gone_after_seven_days(desk: Any, caught: Any) -> None:
    made = await desk.train(ACTIVATE="no")
    desk.bench.clock.advance(WEEK + 1)
    error = await caught(desk.speak(Speak(script="Hello.", voice=desk.voice(made))))
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE"
    assert desk.owed == 0


async def test_a_first_word_that_cannot_be_read_is_booked_and_its_fee_once(desk: Any) -> None:
    """V4: MiniMax billed both; the fee is booked with the first speech that can be heard."""
    desk.inject("audio_odd", "/v1/t2a_v2")
    made = await desk.train()
    assert made.voice_expires_at is not None and made.billed_cost == FIRST
    await desk.speak(Speak(script="Hello there.", voice=desk.voice(made)))
    assert desk.billed == desk.owed


@pytest.mark.parametrize(
    "fault",
    ["rate_limited", "internal", "audio_empty", "no_balance", "bad_gateway", "drop_before", "stall"],
)
async def test_a_clone_is_not_lost_over_its_activation(desk: Any, fault: str) -> None:
    """The voice is delivered as not activated; who speaks first pays the fee, once."""
    desk.inject(fault, "/v1/t2a_v2")
    call = desk.call(remaining=6.0 if fault == "stall" else 30.0)
    made = await desk.start("train", desk.training(call), call)
    assert made.voice_expires_at is not None and made.billed_cost == 0 and made.facts["trouble"]
    spoken = await desk.speak(Speak(script="Hello there.", voice=desk.voice(made)))
    assert spoken.voice_kept
    assert desk.billed == desk.owed == FEE + Decimal("0.0012")


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "no_base_resp"])
async def test_a_lost_reply_to_the_clone_makes_one_voice(desk: Any, caught: Any, fault: str) -> None:
    """V3: the same key again gives 2039, and a word spoken with it shows that it is ours."""
    desk.inject(fault, "/v1/voice_clone")
    assert isinstance(await caught(desk.train()), OutcomeUnknown)
    made = await desk.train()
    voices = desk.sandbox.emulators["minimax"].voices.clones
    assert list(voices) == [made.vendor_voice] and desk.billed == desk.owed == FEE + FIRST
    assert desk.sandbox.emulators["minimax"].shelf.held == {}


@pytest.mark.parametrize("fault", ["drop_before", "reset", "bad_gateway", "html", "garbage", "empty"])
async def test_whatever_is_unclear_about_a_clone_is_asked_again_under_its_id(
    desk: Any, caught: Any, fault: str
) -> None:
    """V2, V3: never a second clone under another id."""
    desk.inject(fault, "/v1/voice_clone")
    assert isinstance(await caught(desk.train()), OutcomeUnknown)
    made = await desk.train()
    assert list(desk.sandbox.emulators["minimax"].voices.clones) == [made.vendor_voice]
    assert desk.billed == desk.owed


@pytest.mark.parametrize("fault", ["rate_limited", "no_balance", "unavailable"])
@pytest.mark.parametrize("path", ["/v1/files/upload", "/v1/voice_clone"])
async def test_a_doubt_is_not_forgotten_over_a_busy_vendor(
    desk: Any, caught: Any, fault: str, path: str
) -> None:
    """V3: busy would begin a new attempt, and so a second voice."""
    desk.inject("drop_after", "/v1/voice_clone")
    assert isinstance(await caught(desk.train()), OutcomeUnknown)
    desk.inject(fault, path)
    assert isinstance(await caught(desk.train()), OutcomeUnknown)
    made = await desk.train()
    assert list(desk.sandbox.emulators["minimax"].voices.clones) == [made.vendor_voice]


async def test_a_clone_slower_than_its_deadline_is_found_again(desk: Any, caught: Any) -> None:
    """V3: stored, and the reply comes after the client's patience."""
    desk.inject("stall_after", "/v1/voice_clone", seconds=20)
    call = desk.call(remaining=2.0)
    assert isinstance(await caught(desk.start("train", desk.training(call), call)), OutcomeUnknown)
    made = await desk.train()
    assert list(desk.sandbox.emulators["minimax"].voices.clones) == [made.vendor_voice]


async def test_find_knows_a_listed_voice_a_hidden_one_and_none(desk: Any) -> None:
    """Rows of the list: a clone is listed once it was used; before that using it shows it."""
    provider, call = desk.provider(), desk.call()
    offer, order = desk.offer("train"), desk.training(call)
    assert await provider.find(offer, order, call) is None
    await desk.train(ACTIVATE="no")
    hidden = await provider.find(offer, order, call)
    assert hidden is not None and hidden.billed_cost == FEE + FIRST == desk.owed
    listed = await provider.find(offer, order, call)
    assert listed is not None and listed.vendor_voice == hidden.vendor_voice
    assert desk.owed == FEE + FIRST and desk.bench.requests.count("minimax", "/v1/voice_clone") == 1


async def test_an_id_that_was_deleted_is_not_adopted(desk: Any, caught: Any) -> None:
    made = await desk.train()
    await desk.provider().forget_voice(made.vendor_voice, desk.call())
    error = await caught(desk.train())
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE"


async def test_forgetting_twice_is_as_good_as_once(desk: Any, caught: Any) -> None:
    """V13: gone behind our back is gone; a delete that gets lost stays pending."""
    made = await desk.train()
    provider = desk.provider()
    desk.inject("drop_before", "/v1/delete_voice")
    await caught(provider.forget_voice(made.vendor_voice, desk.call()))
    for _ in range(2):
        await provider.forget_voice(made.vendor_voice, desk.call())
    error = await caught(desk.speak(Speak(script="Hello.", voice=desk.voice(made))))
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE"


@pytest.mark.parametrize("code", [2013, 20132, 2042])
async def test_deleting_what_is_not_there_is_done(desk: Any, code: int) -> None:
    desk.inject("code", "/v1/delete_voice", code=code)
    await desk.provider().forget_voice(voice_id_of("never"), desk.call())


async def test_recordings_that_cannot_be_deleted_do_not_cost_the_voice(desk: Any, caplog: Any) -> None:
    desk.inject("internal", "/v1/files/delete")
    made = await desk.train()
    assert made.vendor_voice and "stayed at MiniMax" in caplog.text


async def test_recordings_that_stayed_go_with_the_next_training(desk: Any) -> None:
    """A lost reply to an upload leaves a file whose id nobody knows; its name says that it is ours."""
    shelf = desk.sandbox.emulators["minimax"].shelf
    shelf.keep(f"{voice_id_of('key-0')}.wav", "voice_clone", b"RIFF")
    shelf.keep("somebody-elses.wav", "voice_clone", b"RIFF")
    desk.bench.clock.advance(3601)
    shelf.keep(f"{voice_id_of('key-2')}.wav", "voice_clone", b"RIFF")
    await desk.train()
    assert [held.name for held in shelf.held.values()] == [
        "somebody-elses.wav",
        f"{voice_id_of('key-2')}.wav",
    ]


async def test_a_reply_with_input_sensitive_as_an_object_is_read(desk: Any) -> None:
    desk.inject("sensitive_object", "/v1/voice_clone")
    assert (await desk.train()).vendor_voice


@pytest.mark.parametrize(
    ("seconds", "code"), [((4.0, 5.0), "SAMPLE_TOO_SHORT"), ((301.0,), "SAMPLE_TOO_LONG")]
)
async def test_lengths_are_refused_before_anything_is_sent(
    desk: Any, caught: Any, seconds: tuple[float, ...], code: str
) -> None:
    call = desk.call()
    error = await caught(desk.start("train", desk.training(call, *seconds), call))
    assert isinstance(error, OrderRejected) and error.code == code
    assert desk.bench.requests.count("minimax") == 0


async def test_five_minutes_with_silences_between_stay_five_minutes(desk: Any) -> None:
    """Rows 30, 41: the longest set that the offer takes passes MiniMax's own check."""
    call = desk.call()
    made = await desk.start("train", desk.training(call, 100.0, 100.0, 100.0), call)
    assert made.vendor_voice


async def test_other_than_mono_recordings_are_refused(desk: Any, caught: Any) -> None:
    call = desk.call()
    order = desk.training(call)
    call.files["sample-1.wav"] = b"ID3 not a wav"
    error = await caught(desk.start("train", order, call))
    assert isinstance(error, OrderRejected) and error.code == "SAMPLE_FORMAT"
