"""Cloning where the vendor names the voice: one voice per order, whatever gets lost."""

from __future__ import annotations

from typing import Any

import pytest

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    ProviderBusy,
    ProviderUnavailable,
)


def clones(desk: Any) -> list[str]:
    return [voice.id for voice in desk.emulator.voices.values() if voice.category == "cloned"]


async def test_a_voice_is_made_of_all_recordings(desk: Any) -> None:
    made = await desk.train()
    (voice,) = [voice for voice in desk.emulator.voices.values() if voice.category == "cloned"]
    assert (voice.id, voice.name) == (made.vendor_voice, "persona-graph attempt-1")
    assert voice.seconds == pytest.approx(12) and voice.labels == {"language": "de"}
    assert made.voice_expires_at is None and desk.owed == 0


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "stall_after"])
async def test_a_lost_reply_makes_one_voice(desk: Any, caught: Any, fault: str) -> None:
    """V3: it is found by its name, from another process, and by a repeated start as well."""
    desk.inject(fault, "/v1/voices/add", seconds=20)
    call = desk.call(remaining=3.0)
    order = desk.training(call)
    assert isinstance(await caught(desk.start("train", order, call)), OutcomeUnknown)
    found = await desk.provider().find(desk.offer("train"), order, desk.call())
    again = await desk.train()
    assert clones(desk) == [found.vendor_voice] == [again.vendor_voice]


async def test_an_order_that_never_arrived_is_not_found(desk: Any, caught: Any) -> None:
    desk.inject("drop_before", "/v1/voices/add")
    assert isinstance(await caught(desk.train()), OutcomeUnknown)
    call = desk.call()
    assert await desk.provider().find(desk.offer("train"), desk.training(call), call) is None
    assert (await desk.train()).vendor_voice in clones(desk)


async def test_names_that_only_begin_alike_are_not_ours(desk: Any) -> None:
    """V10: somebody else's voice is never handed out; the search goes through all pages."""
    desk.emulator.places = 1000
    other = await desk.train("attempt-12")
    call = desk.call("attempt-1")
    order = desk.training(call)
    assert await desk.provider().find(desk.offer("train"), order, call) is None
    voice = desk.emulator.voices[other.vendor_voice]
    for n in range(150):
        key = f"other{n}"
        desk.emulator.voices[key] = type(voice)(key, "persona-graph attempt-1 copy", "cloned", 0.0)
    mine = type(voice)("mine", "persona-graph attempt-1", "cloned", 0.0)
    desk.emulator.voices["mine"] = mine
    found = await desk.provider().find(desk.offer("train"), order, call)
    assert found.vendor_voice == "mine"
    assert desk.bench.requests.count("elevenlabs", "/v2/voices") == 4


async def test_a_list_that_cannot_be_had_is_busy(desk: Any, caught: Any) -> None:
    desk.inject("trouble", "/v2/voices", times=2)
    call = desk.call()
    order = desk.training(call)
    assert isinstance(await caught(desk.provider().find(desk.offer("train"), order, call)), ProviderBusy)
    assert isinstance(await caught(desk.start("train", order, call)), ProviderBusy)
    assert desk.bench.requests.count("elevenlabs", "/v1/voices/add") == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("places_full", ProviderUnavailable), ("quota", ProviderUnavailable), ("bad_key", ProviderUnavailable),
     ("no_permission", ProviderUnavailable), ("too_many", ProviderBusy), ("busy", ProviderBusy),
     ("detail_list", OrderRejected), ("trouble", OutcomeUnknown), ("bad_gateway", OutcomeUnknown),
     ("html", OutcomeUnknown), ("garbage", OutcomeUnknown), ("empty", OutcomeUnknown),
     ("unavailable", OutcomeUnknown)],
)  # fmt: skip
async def test_trouble_while_cloning(desk: Any, caught: Any, fault: str, kind: type[Exception]) -> None:
    """V2, V4, V7: anything unclear is looked up before it is asked again."""
    desk.inject(fault, "/v1/voices/add")
    assert type(await caught(desk.train())) is kind and clones(desk) == []


async def test_full_places_say_what_to_do(desk: Any, caught: Any) -> None:
    desk.emulator.places = 0
    error = await caught(desk.train())
    assert isinstance(error, ProviderUnavailable) and "places for voices" in str(error)


async def test_forgetting_twice_is_as_good_as_once(desk: Any, caught: Any) -> None:
    """V13."""
    made = await desk.train()
    desk.inject("trouble", "/v1/voices/")
    await caught(desk.provider().forget_voice(made.vendor_voice, desk.call()))
    for _ in range(2):
        await desk.provider().forget_voice(made.vendor_voice, desk.call())
    assert clones(desk) == []
    error = await caught(desk.speak(voice=made.vendor_voice))
    assert isinstance(error, OrderRejected) and error.code == "VOICE_GONE"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [((4.0, 5.0), "SAMPLE_TOO_SHORT"), ((200.0, 101.0), "SAMPLE_TOO_LONG"), ((1.0,) * 26, "SAMPLE_COUNT")],
    ids=["short", "long", "many"],
)
async def test_sets_are_refused_before_anything_is_sent(
    desk: Any, caught: Any, seconds: tuple[float, ...], code: str
) -> None:
    call = desk.call()
    error = await caught(desk.start("train", desk.training(call, *seconds), call))
    assert isinstance(error, OrderRejected) and error.code == code
    assert desk.bench.requests.count("elevenlabs") == 0


def test_the_offers_say_how_they_are_made_sure_of(desk: Any) -> None:
    safety = {offer.id: offer.payment_safety for offer in desk.provider().offers}
    assert safety == {
        "train": PaymentSafety.FINDABLE, "speak": PaymentSafety.BLIND, "stock": PaymentSafety.BLIND
    }  # fmt: skip
