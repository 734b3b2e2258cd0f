"""What is sent, and what comes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from persona_graph_openai.text import shortened
from persona_graph_sandbox import media

from persona_graph.provider import (
    Fidelity,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    Speak,
    SpeechStyle,
    Ticket,
    Write,
)


async def test_the_style_is_the_systems_word_and_the_brief_the_users(desk) -> None:
    delivery = await desk.write(
        "A ferry on a calm morning.", style_prompt="Short. Dry.", max_chars=300, language="en"
    )
    [asked] = desk.sandbox.bench.requests.all("openai")
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.headers["authorization"] == "Bearer sandbox-openai-key"
    sent = asked.json()
    assert sent["model"] == "sandbox-writer"
    assert [m["role"] for m in sent["messages"]] == ["system", "user"]
    system, user = (m["content"] for m in sent["messages"])
    assert system.startswith("Short. Dry.\n\n") and "at most 300 characters" in system and "tag en" in system
    assert user == "A ferry on a calm morning."
    assert delivery.text is not None and 100 < len(delivery.text) <= 300
    assert delivery.facts["prompt_tokens"] > 0 and delivery.facts["completion_tokens"] > 0


async def test_the_declared_price_of_a_text_is_what_the_server_bills(desk) -> None:
    delivery = await desk.write(max_chars=400)
    [offer] = desk.provider("text").offers
    assert offer.cost.of(characters=len(delivery.text)) == desk.sandbox.bench.ledger.total("openai") > 0


async def test_speech_is_sent_as_the_protocol_wants_it(desk) -> None:
    delivery = await desk.speak("Hello there, you.")
    [asked] = desk.sandbox.bench.requests.all("openai")
    assert (asked.method, asked.path) == ("POST", "/v1/audio/speech")
    assert asked.json() == {
        "model": "gpt-4o-mini-tts", "input": "Hello there, you.", "voice": "alloy", "response_format": "mp3",
    }  # fmt: skip
    assert delivery.content_type == "audio/mpeg"
    assert media.seconds_of(delivery.media) == pytest.approx(
        media.speech_seconds("Hello there, you."), abs=0.1
    )
    [offer] = desk.provider("speech").offers
    assert offer.cost.of(characters=17) == desk.sandbox.bench.ledger.total("openai") == Decimal("0.000255")


@pytest.mark.parametrize(
    ("form", "kind"),
    [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("flac", "audio/flac"), ("opus", "audio/ogg")],
)
async def test_formats(desk, form: str, kind: str) -> None:
    assert (await desk.speak(SPEECH_FORMAT=form)).content_type == kind


async def test_speed_and_emotion_are_honoured_where_the_model_can(desk) -> None:
    style = SpeechStyle(speed=1.5, emotion="happy")
    delivery = await desk.speak(style=style, SPEECH_INSTRUCTIONS="Speak like a host.")
    sent = desk.sandbox.bench.requests.all("openai")[-1].json()
    assert (sent["speed"], sent["instructions"]) == (1.5, "Speak like a host. Sound happy.")
    assert set(delivery.honoured_options) == {"speed", "emotion"}
    delivery = await desk.speak(style=style, SPEECH_MODEL="tts-1", SPEECH_INSTRUCTIONS="Speak like a host.")
    sent = desk.sandbox.bench.requests.all("openai")[-1].json()
    assert "instructions" not in sent and delivery.honoured_options == ("speed",)
    assert desk.provider("speech", SPEECH_MODEL="tts-1").offers[0].limits.options == ("speed",)


async def test_an_accounts_own_voice_is_sent_as_an_object(desk) -> None:
    await desk.speak(SPEECH_VOICE="voice_123")
    assert desk.sandbox.bench.requests.all("openai")[-1].json()["voice"] == {"id": "voice_123"}


async def test_a_server_of_ones_own_needs_no_key_and_sends_no_bill(desk) -> None:
    settings = {
        "TEXT_BASE_URL": desk.sandbox.url("openai"),
        "TEXT_API_KEY": "",
        "TEXT_COST_PER_1000_CHARS": "",
    }
    provider = desk.provider("text", **settings)
    [offer] = provider.offers
    assert (offer.cost.per_1000_chars, offer.payment_safety) == (0, PaymentSafety.KEYED)
    assert (offer.data_use.leaves, offer.data_use.trains_on_it) == ((), False)
    with pytest.raises(Exception, match="refuses the key"):
        await provider.start(offer, Write(brief="A ferry."), desk.call())
    [asked] = desk.sandbox.bench.requests.all("openai")
    assert (asked.path, "authorization" in asked.headers) == ("/v1/chat/completions", False)


async def test_offers_are_honest(desk) -> None:
    [text], [speech] = desk.provider("text").offers, desk.provider("speech").offers
    assert (text.payment_safety, speech.payment_safety) == (PaymentSafety.BLIND, PaymentSafety.BLIND)
    assert (speech.fidelity, speech.uses_trained_voice, speech.limits.max_chars) == (
        Fidelity.STOCK,
        False,
        4096,
    )
    assert "sandbox-openai-key" not in repr(desk.provider("text")) + repr(desk.provider("speech"))


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (Write(brief=" "), "TEXT_EMPTY"),
        (Write(brief="x" * 20_001), "TEXT_TOO_LONG"),
        (Write(brief="x", max_chars=20_001), "TEXT_TOO_LONG"),
        (Write(brief="x", max_chars=0), "SETTING_OUT_OF_RANGE"),
        (Speak(script="Hello"), "NOT_OFFERED"),
    ],
    ids=["empty", "long-brief", "long-text", "no-text", "speech"],
)
async def test_texts_that_cannot_be_are_refused_here(desk, order, code: str) -> None:
    provider = desk.provider("text")
    with pytest.raises(OrderRejected) as raised:
        await provider.start(provider.offers[0], order, desk.call())
    assert (raised.value.code, desk.asked) == (code, 0)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (Speak(script="?! …"), "NOTHING_TO_SAY"),
        (Speak(script="x" * 4097), "TEXT_TOO_LONG"),
        (Speak(script="Hi", style=SpeechStyle(speed=9)), "SETTING_OUT_OF_RANGE"),
        (Speak(script="Hi", style=SpeechStyle(speed=float("nan"))), "SETTING_OUT_OF_RANGE"),
        (Write(brief="A ferry."), "NOT_OFFERED"),
    ],
    ids=["nothing", "long", "fast", "nan", "text"],
)
async def test_speech_that_cannot_be_is_refused_here(desk, order, code: str) -> None:
    provider = desk.provider("speech")
    with pytest.raises(OrderRejected) as raised:
        await provider.start(provider.offers[0], order, desk.call())
    assert (raised.value.code, desk.asked) == (code, 0)


@pytest.mark.parametrize("which", ["text", "speech"])
async def test_there_is_nothing_to_find_cancel_or_forget(desk, which: str) -> None:
    provider = desk.provider(which)
    order = Write(brief="A ferry.") if which == "text" else Speak(script="Hello")
    assert await provider.find(provider.offers[0], order, desk.call()) is None
    for _ in range(2):
        await provider.cancel(Ticket({}), desk.call())
        await provider.forget_voice("none", desk.call())
    with pytest.raises(OutcomeUnknown):
        await provider.check(Ticket({}), desk.call())
    assert desk.asked == 0


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("One here. Two here. Three.", 20, "One here. Two here."),
        ("One here. Two here.", 19, "One here. Two here."),
        ("A sentence without any end that goes on", 20, "A sentence without"),
        ("A sentence without any", 18, "A sentence without"),
        ("x" * 50, 20, "x" * 20),
        ("你好。再见。朋友。", 7, "你好。再见。"),
        ("No. And then a very long rest of it", 30, "No. And then a very long rest"),
    ],
    ids=["sentences", "fits", "words", "edge", "force", "chinese", "early-end"],
)
def test_a_text_that_is_too_long_loses_its_last_sentences(text: str, most: int, left: str) -> None:
    assert shortened(text, most) == left
