"""Scripts through the emulated endpoint: what is sent, what comes back, in pieces and across machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pytest
from persona_graph_gtts.provider import SPEECH
from persona_graph_sandbox import media

from persona_graph.provider import (
    Delivery,
    FileRef,
    OrderRejected,
    OutcomeUnknown,
    Speak,
    Ticket,
    TrainVoice,
)

PROSE = (
    "Our customers ask for one thing above all: time, and the quiet to use it well. We give back both. "
    "Take a rest. Then go on: the numbers, e.g. 3.50 per unit, can wait until Monday! Who would not agree? "
) * 5


async def test_a_short_script_is_one_request_as_the_page_makes_it(desk) -> None:
    delivery = await desk.speak("Hello there, “friend”.")
    [asked] = desk.sandbox.bench.requests.all("gtts")
    assert (asked.method, asked.path, asked.query) == (
        "POST",
        "/_/TranslateWebserverUi/data/batchexecute",
        "",
    )
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded;charset=utf-8"
    assert asked.headers["referer"] == "http://translate.google.com/"
    body = asked.body.decode("ascii")
    assert body.startswith("f.req=") and body.endswith("&")
    [[[rpc, parameters, nothing, kind]]] = json.loads(unquote(body[6:-1]))
    assert (rpc, nothing, kind) == ("jQ1olc", None, "generic")
    assert parameters == '["Hello there, \\u201cfriend\\u201d.","en",null,"null"]'
    assert (delivery.content_type, delivery.billed_cost) == ("audio/mpeg", Decimal(0))


async def test_our_bytes_are_those_of_the_public_library() -> None:
    import gtts
    from persona_graph_gtts.wire import body

    for text, language in (("Hello, “friend” & co. 100 %", "en"), ("你好", "zh-CN"), ("🎉 party", "fr-CA")):
        [theirs] = gtts.gTTS(text, lang=language, lang_check=False, pre_processor_funcs=[]).get_bodies()
        assert body(text, language) == (theirs if isinstance(theirs, bytes) else theirs.encode())


async def test_a_long_script_is_few_requests_and_one_file_as_long_as_its_parts(desk) -> None:
    delivery = await desk.speak(PROSE)
    asked = [
        json.loads(json.loads(unquote(a.body.decode()[6:-1]))[0][0][1])[0]
        for a in desk.sandbox.bench.requests.all("gtts")
    ]
    assert len(asked) <= -(-len(PROSE) // 100) + 3
    assert " ".join(asked) == " ".join(PROSE.split())
    assert delivery.facts["requests"] == len(asked)
    whole = sum(media.speech_seconds(part) for part in asked)
    assert isinstance(delivery.media, bytes)
    assert media.seconds_of(delivery.media) == pytest.approx(whole, abs=0.08 * len(asked))
    fractions = [step.fraction for step in desk.seen]
    assert fractions == sorted(fractions) and len(fractions) == len(asked) - 2


async def test_calls_keep_half_a_second_apart_under_the_cores_pace(desk) -> None:
    call = desk.call()
    ticket = await desk.provider.start(SPEECH, Speak(script=PROSE), call)
    await desk.provider.check(ticket, call)
    assert call.turns == [(0.5, ""), (0.5, "")]
    assert desk.asked == 2


async def test_a_check_after_the_delivery_delivers_again_without_asking(desk) -> None:
    ticket = await desk.start(PROSE)
    first = await desk.finish(ticket)
    asked = desk.asked
    again = await desk.check(ticket)
    assert isinstance(again, Delivery) and again.media == first.media
    assert desk.asked == asked


async def test_parts_that_are_not_on_this_machine_are_fetched_again(desk, another: Callable) -> None:
    ticket = await desk.start(PROSE)
    await desk.check(ticket)
    elsewhere = another()
    through_json = Ticket(json.loads(json.dumps(dict(ticket.data))))
    delivery = await elsewhere.finish(await elsewhere.check(through_json), through_json)
    assert delivery.media == (await desk.finish(ticket)).media


async def test_the_longest_script_has_a_ticket_that_fits(desk) -> None:
    ticket = await desk.start("你好，世界。" * 333, "zh")
    assert len(json.dumps(dict(ticket.data)).encode()) < 16_384
    too_long = "a" * (SPEECH.limits.max_chars + 1)
    with pytest.raises(OrderRejected, match="2000 are the most") as raised:
        await desk.start(too_long)
    assert raised.value.code == "TEXT_TOO_LONG"


@pytest.mark.parametrize(
    "script", ["", "  \n", "?!…", "🎉🎉", "\x00"], ids=["empty", "space", "marks", "emoji", "nul"]
)
async def test_nothing_to_say_is_never_sent(desk, script: str) -> None:
    with pytest.raises(OrderRejected) as raised:
        await desk.start(script)
    assert (raised.value.code, desk.asked) == ("NOTHING_TO_SAY", 0)


@pytest.mark.parametrize(
    ("tag", "sent"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("he", "iw"),
        ("iw", "iw"),
        ("jv", "jw"),
        ("fil", "tl"),
        ("nb-NO", "no"),
        ("pt-PT", "pt-PT"),
        ("pt-BR", "pt"),
        ("fr-CA", "fr-CA"),
        ("zh_cn", "zh-CN"),
        ("zh-Hant-TW", "zh-TW"),
        ("zh-HK", "yue"),
        ("DE", "de"),
    ],
)
async def test_language_tags_are_googles(desk, tag: str, sent: str) -> None:
    await desk.speak("Ok", tag)
    [asked] = desk.sandbox.bench.requests.all("gtts")
    assert f'\\\\"{sent}\\\\"'.replace("\\\\", "\\") in unquote(asked.body.decode())


@pytest.mark.parametrize("tag", ["xx", "", "tlh", "en@evil", "../../en"])
async def test_a_language_it_does_not_speak_is_refused_here(desk, tag: str) -> None:
    if tag == "en@evil":
        tag = "en@evil.example"
    with pytest.raises(OrderRejected) as raised:
        await desk.start("Hello", tag)
    assert (raised.value.code, desk.asked) == ("LANGUAGE", 0)


async def test_what_it_does_not_do_is_refused(desk) -> None:
    recording = FileRef(id="a", name="a.wav", content_type="audio/wav", size=1)
    with pytest.raises(OrderRejected):
        await desk.provider.start(SPEECH, TrainVoice(samples=(recording,)), desk.call())


@pytest.mark.parametrize(
    "ticket",
    [
        {},
        {"parts": [], "language": "en"},
        {"parts": ["x" * 101], "language": "en"},
        {"parts": [1], "language": "en"},
    ],
)
async def test_a_strange_ticket_is_not_heeded(desk, ticket: dict) -> None:
    with pytest.raises(OutcomeUnknown):
        await desk.check(Ticket(ticket))
    assert desk.asked == 0


async def test_the_offer_is_honest() -> None:
    assert (SPEECH.fidelity, SPEECH.uses_trained_voice) == ("STOCK", False)
    assert "without an agreement" in SPEECH.data_use.leaves[0]
    assert not SPEECH.data_use.deletion_supported


async def test_find_cancel_and_forget_are_harmless(desk, tmp_path: Path) -> None:
    ticket = await desk.start(PROSE)
    asked = desk.asked
    assert await desk.provider.find(SPEECH, Speak(script=PROSE), desk.call()) is None
    for _ in range(2):
        await desk.provider.cancel(ticket, desk.call())
        await desk.provider.forget_voice("none", desk.call())
    assert desk.asked == asked
