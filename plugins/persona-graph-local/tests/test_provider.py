"""What the plugin offers, refuses and promises at the wall."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import persona_graph_local
import pluggy
import pytest
from persona_graph_local.offers import LONGEST_SCRIPT

from persona_graph.provider import (
    API_VERSION,
    Animate,
    Capability,
    Delivery,
    Fidelity,
    FileRef,
    Offer,
    OrderRejected,
    PaymentSafety,
    PluginConfig,
    Provider,
    Speak,
    SpeechStyle,
    Timing,
    TrainVoice,
    VendorVoice,
    Write,
)
from persona_graph.provider.hookspec import PROJECT, Hooks

PHOTOS = Path(__file__).parents[3] / "tests" / "samples" / "photos"
SAMPLE = FileRef(id="1", name="1.wav", content_type="audio/wav", size=10, seconds=10)


def registered(**values: str) -> dict[str, Provider]:
    plugins = pluggy.PluginManager(PROJECT)
    plugins.add_hookspecs(Hooks)
    plugins.register(persona_graph_local)
    config = PluginConfig("local", values)
    (found,) = plugins.hook.persona_graph_register_providers(config=config)
    return {provider.id: provider for provider in found}


def test_one_hook_brings_a_voice_and_a_portrait() -> None:
    found = registered()
    assert list(found) == ["local-voice", "local-portrait"]
    assert all(isinstance(provider, Provider) for provider in found.values())
    assert {provider.api_version for provider in found.values()} == {API_VERSION}
    offers = {offer.id: offer for provider in found.values() for offer in provider.offers}
    assert {name: (o.capability, o.uses_trained_voice, o.fidelity) for name, o in offers.items()} == {
        "train": (Capability.VOICE_TRAINING, False, Fidelity.APPROXIMATE),
        "speak": (Capability.SPEECH, True, Fidelity.APPROXIMATE),
        "stock": (Capability.SPEECH, False, Fidelity.STOCK),
        "animate": (Capability.TALKING_VIDEO, False, None),
    }


def test_everything_is_free_keyed_and_stays_here() -> None:
    offers = [offer for provider in registered().values() for offer in provider.offers]
    for offer in offers:
        assert offer.cost.of(seconds=600, characters=20_000) == Decimal(0)
        assert offer.payment_safety is PaymentSafety.KEYED
        assert offer.data_use.leaves == ()
        assert offer.data_use.kept_days == 0
        assert not offer.data_use.trains_on_it


def test_the_limits_are_declared() -> None:
    offers = {offer.id: offer.limits for provider in registered().values() for offer in provider.offers}
    assert offers["animate"].resolutions == ("480p", "720p")
    assert offers["animate"].max_seconds == 600
    assert offers["speak"].options == ("speed", "pitch", "pronunciations")
    assert {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru"} <= set(offers["speak"].languages)
    assert (offers["train"].min_seconds, offers["train"].max_seconds) == (5, 600)


def test_how_many_at_a_time_is_the_operators_choice() -> None:
    found = registered(MAX_CONCURRENT="7")
    assert {o.limits.max_concurrent for provider in found.values() for o in provider.offers} == {7}
    for wrong in ("many", "0", "-1"):
        with pytest.raises(ValueError, match="MAX_CONCURRENT"):
            registered(MAX_CONCURRENT=wrong)


def test_registering_loads_neither_the_engine_nor_anything_heavy() -> None:
    """The GPL engine lives in the child; NumPy and OpenCV take their time there, not in the server."""
    code = (
        "import sys, persona_graph_local as p; from persona_graph.provider import PluginConfig;"
        "p.persona_graph_register_providers(PluginConfig('local', {}));"
        "print(*{m.split('.')[0] for m in sys.modules} & {'numpy','scipy','cv2','pyworld','espeakng_loader'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize(
    ("offer_id", "order", "code"),
    [
        ("stock", Speak(script="…"), "NOTHING_TO_SAY"),
        ("stock", Speak(script="🎉 👩‍👩‍👧"), "NOTHING_TO_SAY"),
        ("stock", Speak(script="\x00\x07"), "NOTHING_TO_SAY"),
        ("stock", Speak(script="a" * (LONGEST_SCRIPT + 1)), "TEXT_TOO_LONG"),
        ("stock", Speak(script="Hi", language="tlh"), "LANGUAGE"),
        ("stock", Speak(script="Hi", style=SpeechStyle(speed=2.1)), "SETTING_OUT_OF_RANGE"),
        ("stock", Speak(script="Hi", style=SpeechStyle(speed=float("nan"))), "SETTING_OUT_OF_RANGE"),
        ("stock", Speak(script="Hi", style=SpeechStyle(pitch=-13)), "SETTING_OUT_OF_RANGE"),
        ("speak", Speak(script="Hi"), "VOICE_UNUSABLE"),
        ("speak", Speak(script="Hi", voice=VendorVoice(id="local-1")), "VOICE_UNUSABLE"),
        ("train", TrainVoice(samples=()), "SAMPLE_COUNT"),
        ("train", TrainVoice(samples=(SAMPLE,) * 26), "SAMPLE_COUNT"),
        ("train", TrainVoice(samples=(SAMPLE,), language="xx"), "LANGUAGE"),
        ("train", Speak(script="Hi"), "NOT_OFFERED"),
        ("stock", Write(brief="Hi"), "NOT_OFFERED"),
        ("animate", Speak(script="Hi"), "NOT_OFFERED"),
        ("animate", Animate(portrait=SAMPLE, speech=SAMPLE, resolution="1080p"), "RESOLUTION"),
        ("animate", Animate(portrait=SAMPLE, speech=SAMPLE, aspect="4:3"), "ASPECT"),
        (
            "animate",
            Animate(
                portrait=SAMPLE,
                speech=FileRef(id="2", name="2.wav", content_type="audio/wav", size=1, seconds=601),
            ),
            "SPEECH_TOO_LONG",
        ),
    ],
)
async def test_an_order_that_cannot_be_met_is_refused_before_anything_is_read(
    desk, offer_id: str, order, code: str
) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    with pytest.raises(OrderRejected) as refused:
        await desk.start(offer_id, order, call)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert call.asked == []
    assert list(call.folder.iterdir()) == []


async def test_an_unknown_language_is_answered_with_the_known_ones(desk) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OrderRejected, match=r"'xx'.*\bde\b.*\bzh\b"):
        await desk.start("stock", Speak(script="Hi", language="xx"), desk.call())


async def test_forgetting_a_voice_has_nothing_to_delete(desk) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    await desk.voice.forget_voice("local-1", call)
    await desk.voice.forget_voice("local-1", call)
    assert list(call.folder.iterdir()) == []


async def _speech(desk, script: str):  # type: ignore[no-untyped-def]
    delivery = await desk.make("stock", Speak(script=script), desk.call("speech"))
    assert isinstance(delivery, Delivery)
    return delivery


async def test_a_photo_speaks_through_the_wall(desk) -> None:  # type: ignore[no-untyped-def]
    spoken = await _speech(desk, "Good morning from the offline portrait.")
    call = desk.call("animate")
    order = Animate(
        portrait=call.lend("me.png", (PHOTOS / "astronaut.png").read_bytes(), "image/png"),
        speech=call.lend("s.wav", spoken.media.read_bytes(), "audio/wav", spoken.facts["seconds"]),
        resolution="480p",
        aspect="9:16",
        timings=tuple(Timing(t.kind, t.text, t.start, t.end, t.source) for t in spoken.timings),
    )
    delivery = await desk.make("animate", order, call)
    assert delivery.content_type == "video/mp4"
    assert delivery.media.is_relative_to(call.folder)
    assert delivery.media.read_bytes()[4:8] == b"ftyp"
    assert delivery.honoured_options == ("resolution", "aspect")
    assert (delivery.facts["width"], delivery.facts["height"]) == (480, 854)
    assert delivery.facts["driver"] == "phonemes"
    assert delivery.facts["seconds"] == pytest.approx(spoken.facts["seconds"], abs=0.05)
    fractions = [p.fraction for p in desk.seen if p.fraction is not None]
    assert fractions == sorted(fractions)


@pytest.mark.parametrize(
    ("photo", "speech", "code"),
    [("coffee.png", None, "PHOTO_NO_FACE"), (None, None, "INPUT_UNREADABLE"), ("astronaut.png", b"RIFF", "INPUT_UNREADABLE")],
)  # fmt: skip
async def test_a_photo_without_a_face_or_unreadable_input_is_refused(
    desk, photo: str | None, speech: bytes | None, code: str
) -> None:  # type: ignore[no-untyped-def]
    spoken = speech if speech is not None else (await _speech(desk, "Hello.")).media.read_bytes()
    call = desk.call("animate")
    picture = (PHOTOS / photo).read_bytes() if photo else b"not a picture"
    order = Animate(
        portrait=call.lend("me.png", picture, "image/png"), speech=call.lend("s.wav", spoken, "audio/wav")
    )
    with pytest.raises(OrderRejected) as refused:
        await desk.make("animate", order, call)
    assert refused.value.code == code


def test_offers_are_frozen_plain_offers() -> None:
    assert all(type(o) is Offer for provider in registered().values() for o in provider.offers)
