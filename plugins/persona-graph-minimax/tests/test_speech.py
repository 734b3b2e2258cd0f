"""Speech at once and in tasks: what is sent, what comes back, and what it costs to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from persona_graph_sandbox.media import seconds_of

from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    Pronunciation,
    ProviderBusy,
    Speak,
    SpeechStyle,
    Ticket,
    VendorVoice,
)

LONG = "This sentence is said again and again. " * 260  # 10,140 characters


async def test_own_speech_is_real_audio_of_the_length_it_claims(desk: Any) -> None:
    """Rows 47, 122: bytes from text with the persona's voice."""
    voice = desk.voice(await desk.train())
    spoken = await desk.speak(Speak(script="Good morning. The ferry leaves at nine.", voice=voice))
    assert spoken.content_type == "audio/mpeg"
    assert seconds_of(spoken.media) * 1000 == pytest.approx(spoken.facts["audio_ms"], abs=80)
    assert desk.billed == desk.owed


async def test_the_request_says_what_the_order_says(desk: Any) -> None:
    """Rows 48, 49, 109-111: emotion, speed, and pitch."""
    style = SpeechStyle(emotion="Happy", speed=1.25, pitch=-2.4)
    words = (
        Pronunciation(written="Nguyen", spoken="win"),
        Pronunciation(written="Siobhan", ipa="ʃɪˈvɔːn"),
        Pronunciation(written="and/or", spoken="and or"),
    )
    spoken = await desk.speak(Speak(script="Grüezi!", style=style, language="de-CH", pronunciations=words))
    (sent,) = desk.asked("/v1/t2a_v2")
    voice = desk.settings.get("STOCK_VOICE", "English_expressive_narrator")
    assert sent["voice_setting"] == {
        "voice_id": voice, "speed": 1.25, "vol": 1.0, "pitch": -2, "emotion": "happy"
    }  # fmt: skip
    assert sent["language_boost"] == "German" and sent["output_format"] == "hex" and sent["stream"] is False
    assert sent["pronunciation_dict"] == {"tone": ["Nguyen/win"]}
    assert spoken.not_expressed == ("Siobhan", "and/or")
    assert set(spoken.honoured_options) == {"emotion", "speed", "pitch", "pronunciations"}


@pytest.mark.parametrize(
    ("model", "emotion", "sent", "honoured"),
    [
        ("speech-2.8-hd", "neutral", None, True),
        ("speech-2.8-hd", "calm", "calm", True),
        ("speech-2.8-hd", "whisper", None, False),
        ("speech-2.6-turbo", "whisper", "whisper", True),
        ("speech-2.8-hd", "melancholic", None, False),
    ],
)
async def test_emotions_are_sent_where_the_model_has_them(
    desk: Any, model: str, emotion: str, sent: str | None, honoured: bool
) -> None:
    """Row 48: "neutral" is the voice's own way; what is unknown is left out, and said to be."""
    spoken = await desk.speak(Speak(script="Hello.", style=SpeechStyle(emotion=emotion)), MODEL=model)
    (body,) = desk.asked("/v1/t2a_v2")
    assert body["voice_setting"].get("emotion") == sent
    assert ("emotion" in spoken.honoured_options) is honoured


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "English"), ("zh-Hant-HK", "Chinese,Yue"), ("yue", "Chinese,Yue"), ("zh-CN", "Chinese"),
     ("pt-BR", "Portuguese"), ("nb", "Norwegian"), ("fil", "Filipino"), ("eo", "auto")],
)  # fmt: skip
async def test_languages_go_by_their_english_names(desk: Any, tag: str, name: str) -> None:
    await desk.speak(Speak(script="Hello.", language=tag))
    assert desk.asked("/v1/t2a_v2")[0]["language_boost"] == name


def test_old_models_do_not_offer_what_they_cannot_speak(desk: Any) -> None:
    old, new = desk.provider(MODEL="speech-02-hd"), desk.provider()
    missing = set(new.offers[0].limits.languages) - set(old.offers[0].limits.languages)
    assert missing == {"fa", "fil", "tl", "ta"}


@pytest.mark.parametrize(
    ("model", "script", "cost"),
    [
        ("speech-2.8-hd", "Hello there.", Decimal("0.0012")),
        ("speech-2.8-turbo", "Hello there.", Decimal("0.00072")),
        ("speech-2.8-hd", "早上好，渡轮九点开。", Decimal("0.0018")),
    ],
)
async def test_what_is_quoted_is_what_is_billed(desk: Any, model: str, script: str, cost: Decimal) -> None:
    """Row 129, V11: Han characters count twice, in our quote as in the vendor's count."""
    offer = desk.offer("stock", desk.provider(MODEL=model))
    assert offer.cost.of(characters=offer.cost.weigh(script)) == cost
    spoken = await desk.speak(Speak(script=script), MODEL=model)
    assert spoken.billed_cost == cost == desk.owed


async def test_invisible_characters_are_left_out(desk: Any) -> None:
    await desk.speak(Speak(script="He\u200bl\u0000lo\u202e\n there\ud800."))
    assert desk.asked("/v1/t2a_v2")[0]["text"] == "Hello\n there."


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (Speak(script=" \u200b… "), "TEXT_EMPTY"),
        (Speak(script="a" * 50_001), "TEXT_TOO_LONG"),
        (Speak(script="Hi", style=SpeechStyle(speed=2.5)), "SETTING_OUT_OF_RANGE"),
        (Speak(script="Hi", style=SpeechStyle(pitch=float("nan"))), "SETTING_OUT_OF_RANGE"),
    ],
    ids=["empty", "long", "fast", "nan"],
)
async def test_what_is_surely_refused_is_not_sent(desk: Any, caught: Any, order: Speak, code: str) -> None:
    error = await caught(desk.speak(order))
    assert isinstance(error, OrderRejected) and error.code == code
    assert desk.bench.requests.count("minimax") == 0


async def test_a_voice_that_was_deleted_behind_our_back_is_named(desk: Any, caught: Any) -> None:
    """V13: 20132 between two syntheses."""
    voice = desk.voice(await desk.train())
    desk.inject("voice_lost", "/v1/t2a_v2")
    error = await caught(desk.speak(Speak(script="Hello.", voice=voice)))
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE" and "Train it again" in str(error)


async def test_the_group_id_is_sent_where_there_is_one(desk: Any) -> None:
    await desk.speak(Speak(script="Hello."), GROUP_ID="1234")
    assert desk.bench.requests.all("minimax")[0].query == "GroupId=1234"


async def test_the_pace_is_the_accounts(desk: Any) -> None:
    """V14: 60 speeches a minute, so one a second; of clones as many, counted apart."""
    await desk.speak(Speak(script="Hello."))
    await desk.speak(Speak(script="Hello."), "mainland", REQUESTS_PER_MINUTE="20")
    await desk.train("pace")
    assert desk.calls["speech-1"].turns == [(1.0, "speech")]
    assert desk.calls["mainland"].turns == [(3.0, "speech")]
    assert [turn for turn in desk.calls["pace"].turns if turn[1]] == [(1.0, "clone"), (1.0, "speech")]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [({"MODEL": "gpt"}, "MODEL"), ({"ACTIVATE": "maybe"}, "ACTIVATE"), ({"REQUESTS_PER_MINUTE": "0"}, "REQUESTS"),
     ({"BASE_URL": "minimax"}, "BASE_URL"), ({"API_KEY": "a b"}, "API_KEY")],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_named(desk: Any, settings: dict[str, str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        desk.provider(**settings)


@pytest.mark.parametrize(
    ("address", "region"),
    [("https://api.minimax.io", "MiniMax's global platform"), ("https://api.minimaxi.com/", "mainland China"),
     ("https://api.minimaxi.chat", "MiniMax's global platform"), ("https://api.minimax.chat", "mainland China"),
     ("https://proxy.example/minimax", "proxy.example")],
)  # fmt: skip
def test_the_region_is_told_by_the_host(desk: Any, address: str, region: str) -> None:
    """Row of the hosts: the vendor's own history decides which legacy host is whose."""
    assert {offer.data_use.region for offer in desk.provider(BASE_URL=address).offers} == {region}


# Long scripts.


async def _order(desk: Any, voice: VendorVoice | None = None, script: str = LONG) -> Ticket:
    order = Speak(script=script, voice=voice)
    ticket = await desk.start("speak" if voice else "stock", order, desk.call("speech-1"))
    assert isinstance(ticket, Ticket)
    return ticket


@pytest.mark.parametrize("fault", ["", "plain_result", "content_gone"])
async def test_a_long_script_is_a_task_that_another_process_finishes(desk: Any, fault: str) -> None:
    """Mixed-case status, tar or plain audio, or a link where the content is not given out."""
    if fault:
        desk.inject(fault)
    ticket = await _order(desk)
    assert desk.owed == Decimal("1.014") and desk.billed == 0
    done = await desk.follow(ticket)
    assert done.billed_cost == desk.owed
    if fault == "content_gone":
        assert done.remote_url.startswith(desk.sandbox.files_url)
        return
    assert seconds_of(done.media) == pytest.approx(len(LONG.strip()) * 0.065, abs=0.2)
    assert [t.kind for t in done.timings] == ([] if fault else ["sentence", "sentence"])


async def test_a_clones_first_use_may_be_a_long_one(desk: Any) -> None:
    made = await desk.train(ACTIVATE="no")
    done = await desk.follow(await _order(desk, desk.voice(made)))
    assert done.voice_kept and done.billed_cost == Decimal("2.514") == desk.owed


async def test_a_task_body_differs_from_speech_at_once(desk: Any) -> None:
    await _order(desk)
    (sent,) = desk.asked("/v1/t2a_async_v2")
    assert sent["audio_setting"]["audio_sample_rate"] == 32000 and sent["audio_setting"]["channel"] == 1
    assert not {"stream", "output_format", "subtitle_enable"} & sent.keys()


async def test_han_may_count_twice_for_the_limit_too(desk: Any) -> None:
    """Unknown at the vendor: 5,000 Han characters take the way that surely works."""
    ticket = await _order(desk, script="早" * 5_000)
    assert ticket.data["characters"] == 10_000


@pytest.mark.parametrize(
    ("fault", "code"), [("task_failed", "VENDOR_FAILED"), ("task_expired", "OUTPUT_GONE")]
)
async def test_a_task_that_comes_to_nothing_says_so(desk: Any, caught: Any, fault: str, code: str) -> None:
    """V5, V6: typed, and the vendor's bill stands."""
    desk.inject(fault)
    ticket = await _order(desk)
    error = await caught(desk.follow(ticket))
    assert isinstance(error, OrderRejected) and error.code == code and error.billed_cost == desk.owed


async def test_a_result_that_is_gone_is_said_to_be(desk: Any, caught: Any) -> None:
    """V6: no second paid call."""
    ticket = await _order(desk)
    desk.sandbox.emulators["minimax"].shelf.held.clear()
    error = await caught(desk.follow(ticket))
    assert isinstance(error, OrderRejected) and error.code == "OUTPUT_GONE"
    assert desk.bench.requests.count("minimax", "/v1/t2a_async_v2") == 1


@pytest.mark.parametrize("fault", ["internal", "bad_key", "bad_gateway", "html", "drop_before", "empty"])
async def test_trouble_while_looking_is_only_busy(desk: Any, caught: Any, fault: str) -> None:
    """V5: the money is spent; another provider would spend it again."""
    ticket = await _order(desk)
    desk.inject(fault, "/v1/query")
    assert isinstance(await caught(desk.follow(ticket)), ProviderBusy)
    assert isinstance(await desk.follow(ticket), Delivery)
    assert desk.billed == desk.owed


async def test_a_cut_archive_is_fetched_again(desk: Any, caught: Any) -> None:
    """V4, V6."""
    desk.inject("broken_tar")
    ticket = await _order(desk)
    assert isinstance(await caught(desk.follow(ticket)), ProviderBusy)
    desk.inject("truncated", "/v1/files/retrieve_content")
    assert isinstance(await caught(desk.follow(ticket)), ProviderBusy)


async def test_a_lost_reply_to_a_task_is_in_doubt(desk: Any, caught: Any) -> None:
    """V3."""
    desk.inject("drop_after", "/v1/t2a_async_v2")
    assert isinstance(await caught(_order(desk)), OutcomeUnknown)


async def test_tickets_of_others_are_not_found(desk: Any, caught: Any) -> None:
    provider = desk.provider()
    for words in ({}, {"task": "x"}, {"task": 1.5}):
        assert isinstance(await caught(provider.check(Ticket(words), desk.call())), OutcomeUnknown)
    error = await caught(provider.check(Ticket({"task": "12"}), desk.call()))
    assert isinstance(error, OutcomeUnknown)


async def test_a_task_cannot_be_stopped_and_that_costs(desk: Any, caught: Any) -> None:
    """V12: what the vendor goes on to make, it bills."""
    ticket = await _order(desk)
    for _ in range(2):
        error = await caught(desk.provider().cancel(ticket, desk.call()))
        assert isinstance(error, OrderRejected) and error.billed_cost == desk.owed
