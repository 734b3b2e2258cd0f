"""MiniMax's voices by way of WaveSpeed: cloned, kept by being used, and nobody else's."""

from __future__ import annotations

import io
import re
import wave
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from persona_graph_sandbox import media

from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    Speak,
    SpeechStyle,
    VendorVoice,
    Write,
)

VOICES = "wavespeed-minimax"
CLONE, SPEECH = "/minimax/voice-clone", "/minimax/speech-02-hd"
WEEK = timedelta(days=7)
SCRIPT = "Good morning. The ferry leaves at nine."


async def cloned(desk: Any) -> VendorVoice:
    delivery = await desk.make(desk.samples(12.0), VOICES)
    return VendorVoice(id=delivery.vendor_voice, expires_at=delivery.voice_expires_at)


def speak(voice: VendorVoice | None, script: str = SCRIPT, **style: Any) -> Speak:
    return Speak(script=script, voice=voice, style=SpeechStyle(**style))


async def test_a_voice_is_cloned_from_all_samples_in_one_file(desk: Any) -> None:
    delivery = await desk.make(desk.samples(6.0, 7.0, 8.0), VOICES)
    (submit,) = desk.asked(CLONE)
    body = submit.json()
    assert body.keys() == {
        "audio",
        "custom_voice_id",
        "model",
        "need_noise_reduction",
        "need_volume_normalization",
    }
    assert body["model"] == "speech-02-hd"
    sent = desk.sandbox.bench.files.find(body["audio"])
    assert media.seconds_of(sent) == pytest.approx(6 + 7 + 8 + 2 * 0.3, abs=0.01)
    assert delivery.vendor_voice == body["custom_voice_id"]
    assert re.fullmatch(r"(?=.*[0-9])[A-Za-z][A-Za-z0-9]{7,}", delivery.vendor_voice)
    assert delivery.remote_url is None


async def test_a_clone_costs_half_a_dollar_and_is_kept_for_a_week(desk: Any) -> None:
    placed = desk.sandbox.bench.clock.now()
    delivery = await desk.make(desk.samples(12.0), VOICES)
    assert desk.billed() == desk.offer(VOICES).cost.of(seconds=12) == Decimal("0.50")
    assert timedelta(0) <= delivery.voice_expires_at - (placed + WEEK) < timedelta(seconds=5)
    assert delivery.voice_expires_at.tzinfo is not None
    assert not delivery.voice_kept


async def test_the_first_speech_keeps_the_voice(desk: Any) -> None:
    voice = await cloned(desk)
    delivery = await desk.make(speak(voice), VOICES)
    assert delivery.voice_kept
    desk.pass_time(8 * 86_400)
    again = await desk.make(speak(voice, "Still here."), VOICES)
    assert again.remote_url


async def test_a_voice_that_was_never_used_is_gone_after_a_week(desk: Any) -> None:
    """Threat V13."""
    voice = await cloned(desk)
    desk.pass_time(WEEK.total_seconds() + 60)
    with pytest.raises(OrderRejected) as gone:
        await desk.make(speak(voice), VOICES)
    assert gone.value.code == "VOICE_GONE"
    assert desk.billed() == Decimal("0.50")


async def test_a_voice_deleted_behind_our_back_is_gone(desk: Any) -> None:
    """Threat V13, told when the order is placed."""
    voice = await cloned(desk)
    desk.inject("refused", path=SPEECH, status=400, message="voice id not exist")
    with pytest.raises(OrderRejected) as gone:
        await desk.start(speak(voice), VOICES)
    assert gone.value.code == "VOICE_GONE"


async def test_speech_is_audio_in_the_models_own_words(desk: Any) -> None:
    voice = await cloned(desk)
    order = replace(speak(voice, emotion="happy", speed=1.5, pitch=-2.0), language="de-AT")
    delivery = await desk.make(order, VOICES)
    body = desk.asked(SPEECH)[0].json()
    assert body == {
        "text": SCRIPT, "voice_id": voice.id, "speed": 1.5, "pitch": -2, "emotion": "happy", "format": "mp3",
        "sample_rate": 44100, "bitrate": 256000, "language_boost": "German",
    }  # fmt: skip
    assert delivery.content_type == "audio/mpeg"
    assert set(delivery.honoured_options) == {"speed", "pitch", "emotion"}
    async with httpx.AsyncClient() as http:
        answer = await http.get(delivery.remote_url)
    assert media.seconds_of(answer.content) == pytest.approx(media.speech_seconds(SCRIPT, 1.5), abs=0.15)


@pytest.mark.parametrize("emotion", ["neutral", "calm", "whispering"])
async def test_an_emotion_the_model_does_not_know_is_left_out_and_not_claimed(
    desk: Any, emotion: str
) -> None:
    delivery = await desk.make(speak(await cloned(desk), emotion=emotion), VOICES)
    assert "emotion" not in desk.asked(SPEECH)[0].json()
    assert "emotion" not in delivery.honoured_options


async def test_speech_costs_five_cents_a_thousand_characters(desk: Any) -> None:
    voice = await cloned(desk)
    script = "word " * 60
    await desk.make(speak(voice, script), VOICES)
    cost = desk.offer(VOICES, 1).cost
    billed = desk.billed() - Decimal("0.50")
    assert billed == Decimal("0.05") * len(script.strip()) / 1000
    assert cost.of(characters=cost.weigh(script)) >= billed
    assert cost.of(characters=cost.weigh("早上好")) == Decimal("0.05") * 6 / 1000


async def test_a_lost_clone_is_adopted_by_the_voice_id_we_gave_it(desk: Any) -> None:
    """Threat V3: one charge."""
    order = desk.samples(12.0)
    desk.inject("drop_after", path=CLONE)
    with pytest.raises(OutcomeUnknown):
        await desk.start(order, VOICES)
    delivery = await desk.finish(await desk.find(order, VOICES), VOICES)
    assert delivery.vendor_voice == desk.asked(CLONE)[0].json()["custom_voice_id"]
    assert (desk.submits(), desk.charges()) == (1, 1)


async def test_a_lost_speech_is_adopted_by_all_it_says(desk: Any) -> None:
    voice = await cloned(desk)
    desk.key = "attempt-2"
    order = speak(voice)
    desk.inject("drop_after", path=SPEECH)
    with pytest.raises(OutcomeUnknown):
        await desk.start(order, VOICES)
    desk.pass_time(60)
    assert await desk.find(speak(voice, SCRIPT + " Really."), VOICES) is None
    assert await desk.find(speak(voice, speed=1.1), VOICES) is None
    delivery = await desk.finish(await desk.find(order, VOICES), VOICES)
    assert (delivery.voice_kept, desk.charges()) == (True, 2)


async def test_an_older_failure_of_the_same_words_is_no_answer(desk: Any) -> None:
    voice = await cloned(desk)
    desk.inject("task_fails", times=2, code=5003)
    for _ in range(2):
        with pytest.raises(OrderRejected):
            await desk.make(speak(voice), VOICES)
    desk.pass_time(60)
    assert await desk.find(speak(voice), VOICES) is None


async def test_the_same_clone_is_not_made_twice_by_a_repeated_start(desk: Any) -> None:
    """A voice id follows from the key: where the vendor has the first, it refuses the second and gives its price
    back."""
    order = desk.samples(12.0)
    first = await desk.make(order, VOICES)
    with pytest.raises(OrderRejected):
        await desk.make(order, VOICES)
    assert first.vendor_voice
    assert desk.billed() == Decimal("0.50")


async def test_a_deletion_that_nobody_can_confirm_stays_pending(desk: Any) -> None:
    """Threat V13: no call that deletes a voice is documented, and nothing else is said."""
    voice = await cloned(desk)
    before = len(desk.asked())
    with pytest.raises(OutcomeUnknown):
        await desk.provider(VOICES).forget_voice(voice.id, desk.call())
    assert len(desk.asked()) == before
    assert not desk.offer(VOICES).data_use.deletion_supported


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (speak(None), "VOICE_UNUSABLE"),
        (speak(VendorVoice(id="../x")), "VOICE_UNUSABLE"),
        (speak(VendorVoice(id="Pg1abcdefgh"), "  "), "NOTHING_TO_SAY"),
        (speak(VendorVoice(id="Pg1abcdefgh"), "a" * 5001), "TEXT_TOO_LONG"),
        (speak(VendorVoice(id="Pg1abcdefgh"), speed=2.1), "SETTING_OUT_OF_RANGE"),
        (speak(VendorVoice(id="Pg1abcdefgh"), pitch=float("nan")), "SETTING_OUT_OF_RANGE"),
        (Write(brief="Hi"), "NOT_OFFERED"),
    ],
    ids=["no-voice", "path", "empty", "long", "speed", "pitch", "write"],
)
async def test_what_the_vendor_would_refuse_is_refused_here(desk: Any, order: Any, code: str) -> None:
    with pytest.raises(OrderRejected) as refused:
        await desk.provider(VOICES).start(desk.offer(VOICES, 1), order, desk.call())
    assert refused.value.code == code
    assert desk.asked() == []


def _wav(channels: int, width: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, width, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000 * 12))
    return out.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", _wav(2, 2), _wav(1, 1)], ids=["empty", "cut", "stereo", "8-bit"]
)
async def test_samples_of_another_shape_are_refused(desk: Any, content: bytes) -> None:
    call = desk.call()
    order = replace(desk.samples(12.0), samples=(call.lend("odd.wav", content, "audio/wav", 12.0),))
    with pytest.raises(OrderRejected) as refused:
        await desk.start(order, VOICES)
    assert refused.value.code == "SAMPLE_FORMAT"


@pytest.mark.parametrize("seconds", [(), (9.9,)], ids=["none", "short"])
async def test_too_little_to_clone_is_refused(desk: Any, seconds: tuple[float, ...]) -> None:
    with pytest.raises(OrderRejected):
        await desk.start(desk.samples(*seconds), VOICES)
    assert desk.asked() == []


async def test_more_than_the_vendor_takes_is_cut(desk: Any) -> None:
    await desk.start(desk.samples(200.0, 200.0), VOICES)
    sent = desk.sandbox.bench.files.find(desk.asked(CLONE)[0].json()["audio"])
    assert 290 < media.seconds_of(sent) <= 300


async def test_trouble_while_asking_is_busy(desk: Any) -> None:
    ticket = await desk.start(desk.samples(12.0), VOICES)
    desk.inject("bad_gateway", path="/result")
    with pytest.raises(ProviderBusy):
        await desk.check(ticket, VOICES)
    desk.pass_time(10)
    assert isinstance(await desk.check(ticket, VOICES), Delivery)
