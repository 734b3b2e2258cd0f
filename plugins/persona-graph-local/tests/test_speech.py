"""What is spoken, heard again: length, pitch, pauses, seams, timings."""

from __future__ import annotations

import asyncio
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from persona_graph_local.intonation import intonation, semitones
from persona_graph_local.script import pieces
from persona_graph_local.speech import Mouth, NothingToSay, Speech, speak
from persona_graph_local.vocoder import RATE, pitch
from persona_graph_local.voice_model import VoiceModel

from persona_graph.provider import Delivery, OrderRejected, Progress, Speak, SpeechStyle, VendorVoice

SCRIPT = (
    "Hello there. This is a first test of the fitted voice, and it should sound like somebody. "
    "Is that so?\n\nA second paragraph follows here!"
)


def spoken(
    folder: Path, script: str = SCRIPT, speed: float = 1, tone: float = 0, model: VoiceModel | None = None
) -> tuple[np.ndarray, Speech]:
    out = folder / "speech.wav"
    speech = speak(script, Mouth("en-us", speed, tone, model), out, lambda fraction, stage: None)
    samples, rate = soundfile.read(out)
    assert rate == RATE
    assert len(samples) == round(speech.seconds * RATE)
    return samples, speech


def median_pitch(samples: np.ndarray) -> float:
    return intonation(pitch(np.ascontiguousarray(samples))).median


@pytest.fixture(scope="module", params=["stock", "1688"])
def model(request: pytest.FixtureRequest) -> VoiceModel | None:
    if request.param == "stock":
        return None
    delivery, _ = request.getfixturevalue("trained")[request.param]
    return VoiceModel.from_bytes(delivery.voice_model)


def test_speed_and_pitch_do_what_they_say(tmp_path: Path, model: VoiceModel | None) -> None:
    plain, at_first = spoken(tmp_path, model=model)
    own = median_pitch(plain)
    for speed in (0.5, 0.8, 1.3, 2.0):
        samples, speech = spoken(tmp_path, speed=speed, model=model)
        assert at_first.seconds / speech.seconds == pytest.approx(speed, rel=0.08)
        assert abs(semitones(median_pitch(samples), own)) < 0.7
    for tone in (-4, 7):
        samples, speech = spoken(tmp_path, tone=tone, model=model)
        assert speech.seconds == pytest.approx(at_first.seconds, rel=0.02)
        assert semitones(median_pitch(samples), own) == pytest.approx(tone, abs=0.5)


@pytest.mark.parametrize(("speed", "tone"), [(1, 0), (0.5, 0), (1.7, 3)])
def test_timings_fit_what_is_heard(
    tmp_path: Path, model: VoiceModel | None, speed: float, tone: float
) -> None:
    """Also after the conversion and at any speed: words are loud, pauses between them are not."""
    samples, speech = spoken(tmp_path, speed=speed, tone=tone, model=model)
    words = [t for t in speech.timings if t["kind"] == "word"]
    assert [t["text"] for t in words] == [w.strip(".,?!") for w in SCRIPT.split()]
    assert 0 <= words[0]["start"] < 0.2
    assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(words))
    assert words[-1]["end"] < speech.seconds
    inside = [samples[round(t["start"] * RATE) : round(t["end"] * RATE)] for t in words]
    gaps = [
        samples[round((a["end"] + 0.02) * RATE) : round((b["start"] - 0.02) * RATE)]
        for a, b in itertools.pairwise(words)
        if b["start"] - a["end"] > 0.1
    ]
    assert len(gaps) >= 3
    loud, quiet = (np.sqrt(np.mean(np.concatenate(part) ** 2)) for part in (inside, gaps))
    assert loud > 20 * quiet


def test_the_level_is_even_and_nothing_clips(tmp_path: Path, model: VoiceModel | None) -> None:
    samples, _ = spoken(tmp_path, model=model)
    assert np.abs(samples).max() < 0.95
    assert 0.04 < np.sqrt(np.mean(samples**2)) < 0.15


def test_pieces_join_without_a_click(tmp_path: Path, model: VoiceModel | None) -> None:
    """In the middle of a sentence, where no pause of the engine's hides the seam."""
    script = "they all went home, and Oliver agreed to come along, " * 20
    cut = pieces(script)
    assert len(cut) >= 3
    samples, speech = spoken(tmp_path, script, model=model)
    words = [t for t in speech.timings if t["kind"] == "word"]
    loudest = np.abs(np.diff(samples)).max()
    for index in itertools.accumulate(len(piece.text.split()) for piece in cut[:-1]):
        seam = round((words[index]["start"] - 0.03) * RATE)
        around = samples[seam - 3 : seam + 4]
        assert np.abs(np.diff(around)).max() < 0.01 * loudest
        assert np.abs(around).max() < 0.01


def test_a_paragraph_is_followed_by_a_longer_pause_than_a_sentence(tmp_path: Path) -> None:
    def pause(between: str) -> float:
        _, speech = spoken(tmp_path, f"The first ends there.{between}The second ends here.")
        words = [t for t in speech.timings if t["kind"] == "word"]
        return words[4]["start"] - words[3]["end"]

    assert pause("\n\n") > pause(" ") + 0.25


def test_a_very_slow_voice_is_stretched_beyond_the_slowest_the_engine_speaks(
    tmp_path: Path, trained: dict[str, tuple[Delivery, list[Progress]]]
) -> None:
    model = VoiceModel.from_bytes(trained["1688"][0].voice_model or b"")
    assert model.knobs.rate * 0.5 < 80
    _, normal = spoken(tmp_path, model=model)
    _, slow = spoken(tmp_path, speed=0.5, model=model)
    assert slow.seconds / normal.seconds == pytest.approx(2.0, rel=0.06)


def test_what_the_engine_cannot_pronounce_is_not_an_empty_recording(tmp_path: Path) -> None:
    with pytest.raises(NothingToSay):
        spoken(tmp_path, "\u2fff \u16ee".replace("\u16ee", " "))


async def test_the_same_order_gives_the_same_bytes(
    desk, trained: dict[str, tuple[Delivery, list[Progress]]]
) -> None:  # type: ignore[no-untyped-def]
    made = []
    for key in ("a", "b"):
        call = desk.call(key)
        delivery = await desk.make("speak", order_for(trained["1998"][0], call, SCRIPT), call)
        made.append((Path(delivery.media).read_bytes(), delivery.timings))
    assert made[0] == made[1]


def order_for(voice: Delivery, call, script: str, **style: float) -> Speak:  # type: ignore[no-untyped-def]
    model = call.lend("voice.model", voice.voice_model, "application/octet-stream")
    return Speak(
        script=script, voice=VendorVoice(id=voice.vendor_voice, model=model), style=SpeechStyle(**style)
    )


async def test_a_trained_voice_speaks_through_the_wall(
    desk, trained: dict[str, tuple[Delivery, list[Progress]]]
) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    delivery = await desk.make("speak", order_for(trained["1688"][0], call, SCRIPT), call)
    assert delivery.content_type == "audio/wav"
    assert delivery.media.is_relative_to(call.folder)
    sound = soundfile.info(delivery.media)
    assert (sound.format, sound.subtype, sound.channels, sound.samplerate) == ("WAV", "PCM_16", 1, 22050)
    assert delivery.facts["seconds"] == pytest.approx(sound.duration, abs=0.001)
    assert {t.kind for t in delivery.timings} == {"word", "phoneme"}
    assert all(0 <= t.start < t.end <= sound.duration for t in delivery.timings)
    assert delivery.honoured_options == ("speed", "pitch")
    assert delivery.billed_cost is None


async def test_a_voice_speaks_a_language_it_was_not_trained_in(
    desk, trained: dict[str, tuple[Delivery, list[Progress]]]
) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    voice = trained["1998"][0]
    order = order_for(voice, call, "Guten Morgen! Heute ist ein schöner Tag, und morgen wird es wohl regnen.")
    delivery = await desk.make("speak", Speak(script=order.script, voice=order.voice, language="de"), call)
    samples, _ = soundfile.read(delivery.media)
    assert abs(semitones(median_pitch(samples), float(voice.facts["speaker_pitch_hz"]))) < 1.5
    assert [t.text for t in delivery.timings if t.kind == "word"][:2] == ["Guten", "Morgen"]


async def test_the_longest_script_is_spoken_in_bounded_memory(desk) -> None:  # type: ignore[no-untyped-def]
    """20,000 characters, emoji and odd spaces included; progress comes from what has been spoken."""
    script = ("Every line of it is read — slowly, “carefully” 🎉 and in full. " * 400)[:20_000]
    delivery = await desk.make("stock", Speak(script=script), desk.call())
    words = [t for t in delivery.timings if t.kind == "word"]
    assert len(words) == len([w for w in script.split() if any(c.isalnum() for c in w)])
    assert delivery.media.stat().st_size > 40_000_000
    assert words[-1].end > 900


async def test_models_of_others_and_broken_ones_are_refused(
    desk, trained: dict[str, tuple[Delivery, list[Progress]]]
) -> None:  # type: ignore[no-untyped-def]
    voice = trained["1688"][0]
    for number, (vendor_voice, model) in enumerate(
        [
            ("local-somebodyelse", voice.voice_model),
            (voice.vendor_voice, voice.voice_model[:-20]),
            (voice.vendor_voice, b"\x80\x04\x95cposix\nsystem\n"),
            (voice.vendor_voice, voice.voice_model.replace(b'"version":1', b'"version":2')),
            (voice.vendor_voice, b"{}"),
        ]
    ):
        call = desk.call(f"key-{number}")
        lent = call.lend("voice.model", model, "application/octet-stream")
        with pytest.raises(OrderRejected) as refused:
            await desk.make("speak", Speak(script="Hi", voice=VendorVoice(id=vendor_voice, model=lent)), call)
        assert refused.value.code == "VOICE_UNUSABLE"
        assert "Train the voice again" in str(refused.value)


async def test_orders_run_side_by_side(desk) -> None:  # type: ignore[no-untyped-def]
    scripts = [f"This is order number {n}, and it speaks for itself." for n in range(3)]
    made = await asyncio.gather(
        *(desk.make("stock", Speak(script=s), desk.call(f"k{n}")) for n, s in enumerate(scripts))
    )
    for script, delivery in zip(scripts, made, strict=True):
        assert [t.text for t in delivery.timings if t.kind == "word"] == [
            w.strip(",.") for w in script.split()
        ]
        assert soundfile.info(io.BytesIO(delivery.media.read_bytes())).duration > 1
