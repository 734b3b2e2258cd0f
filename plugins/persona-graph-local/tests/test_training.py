"""Two real readers, fitted by real children: does the voice come near each of them, and only to them?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from persona_graph_local.cepstrum import ORDER, audible, basis, mean_distance
from persona_graph_local.espeak import engine
from persona_graph_local.intonation import NoPitch, intonation, moved, semitones
from persona_graph_local.pace import syllables_per_second
from persona_graph_local.recording import NotARecording, read_recording
from persona_graph_local.speech import Mouth, speak
from persona_graph_local.vocoder import RATE, Frames, analyse, pitch
from persona_graph_local.voice_model import LARGEST, NotAVoice, VoiceModel

from persona_graph.provider import Delivery, OrderRejected, Progress, TrainVoice

HELD_OUT = (
    "Please call Stella. Ask her to bring these things with her from the store: six spoons of fresh snow "
    "peas, five thick slabs of blue cheese, and maybe a snack for her brother Bob."
)
BANDWIDTH = 7800.0
Trained = dict[str, tuple[Delivery, list[Progress]]]


@pytest.fixture(scope="module")
def models(trained: Trained) -> dict[str, VoiceModel]:
    return {name: VoiceModel.from_bytes(found[0].voice_model or b"") for name, found in trained.items()}


@pytest.fixture(scope="module")
def heard(models: dict[str, VoiceModel], speakers, tmp_path_factory) -> dict[str, Frames]:  # type: ignore[no-untyped-def]
    """Each speaker, each fitted voice and the plain engine, analysed again."""
    folder = tmp_path_factory.mktemp("heard")

    def voice(model: VoiceModel | None) -> np.ndarray:
        speak(HELD_OUT, Mouth("en-us", 1, 0, model), folder / "x.wav", lambda fraction, stage: None)
        return soundfile.read(folder / "x.wav")[0]

    sounds = {name: speaker.samples for name, speaker in speakers.items()}
    sounds |= {f"voice {name}": voice(model) for name, model in models.items()}
    sounds["plain"] = voice(None)
    return {name: analyse(np.ascontiguousarray(s), noise=False) for name, s in sounds.items()}


def apart(a: Frames, b: Frames) -> float:
    coder = basis(BANDWIDTH, a.envelope.shape[1])
    return mean_distance(coder.timbre(a), coder.timbre(b))


def test_the_voice_speaks_within_a_semitone_of_the_speaker(heard: dict[str, Frames]) -> None:
    for name in ("1688", "1998"):
        fitted, speaker = (intonation(heard[who].f0).median for who in (f"voice {name}", name))
        plain = intonation(heard["plain"].f0).median
        assert abs(semitones(fitted, speaker)) < 1
        assert abs(semitones(plain, speaker)) > 6


def test_the_voice_moves_its_pitch_as_far_as_the_speaker(heard: dict[str, Frames]) -> None:
    for name in ("1688", "1998"):
        fitted, speaker, plain = (
            intonation(heard[who].f0).spread for who in (f"voice {name}", name, "plain")
        )
        assert abs(fitted - speaker) < abs(plain - speaker)


def test_the_long_term_spectrum_comes_near_the_speaker(heard: dict[str, Frames]) -> None:
    for name in ("1688", "1998"):
        assert apart(heard["plain"], heard[name]) > 1.5 * apart(heard[f"voice {name}"], heard[name])


def test_each_voice_is_nearer_to_its_own_speaker_than_to_the_other(heard: dict[str, Frames]) -> None:
    for own, other in (("1688", "1998"), ("1998", "1688")):
        assert apart(heard[f"voice {own}"], heard[own]) < 0.8 * apart(heard[f"voice {own}"], heard[other])


def test_two_speakers_give_two_voices(heard: dict[str, Frames], models: dict[str, VoiceModel]) -> None:
    assert apart(heard["voice 1688"], heard["voice 1998"]) > 2.5
    assert models["1688"].knobs != models["1998"].knobs
    assert models["1688"].id != models["1998"].id


def test_the_reader_of_poetry_gets_the_slower_voice(models: dict[str, VoiceModel]) -> None:
    assert models["1688"].knobs.rate < models["1998"].knobs.rate


def test_what_was_measured_is_told(trained: Trained, speakers) -> None:  # type: ignore[no-untyped-def]
    for name, (delivery, _) in trained.items():
        facts = delivery.facts
        speaker = intonation(pitch(np.ascontiguousarray(speakers[name].samples))).median
        assert abs(semitones(float(facts["speaker_pitch_hz"]), speaker)) < 0.3
        assert abs(semitones(float(facts["voice_pitch_hz"]), speaker)) < 1.2
        before, after = (float(facts[f"cepstral_distance_{when}_db"]) for when in ("before", "after"))
        assert before > 1.5 * after
        assert 6000 < facts["bandwidth_hz"] < 8300, "the readings were sampled at 16 kHz"
        assert 40 < facts["speech_seconds"] < 75
        assert json.dumps(dict(facts))


def test_training_delivers_a_small_model_and_no_media(trained: Trained) -> None:
    for delivery, _ in trained.values():
        assert delivery.media is None
        assert delivery.vendor_voice == VoiceModel.from_bytes(delivery.voice_model or b"").id
        assert delivery.vendor_voice.startswith("local-")
        assert len(delivery.voice_model or b"") < LARGEST


def test_progress_of_training_is_measured_and_never_goes_back(trained: Trained) -> None:
    for _, seen in trained.values():
        fractions = [progress.fraction for progress in seen if progress.fraction is not None]
        stages = list(dict.fromkeys(progress.stage for progress in seen if progress.fraction is not None))
        assert fractions == sorted(fractions)
        assert len(set(fractions)) > 5
        assert {"listening to the recordings", "comparing voices"} <= set(stages)


async def test_the_same_recordings_give_the_same_voice(desk, speakers) -> None:  # type: ignore[no-untyped-def]
    made = []
    for attempt in ("one", "two"):
        call = desk.call("same-key")
        call.folder = desk.folder / attempt
        call.folder.mkdir()
        made.append(await desk.make("train", speakers["1688"].order(call, clips=2), call))
    assert made[0] == made[1]


async def test_five_seconds_are_enough_and_two_recordings_of_nothing_are_not(desk, speakers) -> None:  # type: ignore[no-untyped-def]
    short = desk.call("short")
    whole, _ = soundfile.read(_file(desk, speakers["1998"].clips[1]))
    clip = short.lend("s.wav", _wav(whole[: 5 * 24000]), "audio/wav")
    delivery = await desk.make("train", TrainVoice(samples=(clip,)), short)
    assert abs(semitones(float(delivery.facts["speaker_pitch_hz"]), 190)) < 2

    rng = np.random.default_rng(1)
    for key, sound, code in [
        ("silence", np.zeros(24000 * 5), "SAMPLE_TOO_SHORT"),
        ("noise", rng.normal(0, 0.1, 24000 * 5), "SAMPLE_TOO_SHORT"),
        ("click", whole[:2400], "SAMPLE_TOO_SHORT"),
    ]:
        call = desk.call(key)
        order = TrainVoice(samples=(call.lend("s.wav", _wav(sound), "audio/wav"),))
        with pytest.raises(OrderRejected) as refused:
            await desk.make("train", order, call)
        assert refused.value.code == code
        assert str(refused.value).endswith(".")


async def test_what_is_not_a_recording_is_refused(desk) -> None:  # type: ignore[no-untyped-def]
    for number, content in enumerate([b"", b"not a wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", _wav8()]):
        call = desk.call(f"k{number}")
        order = TrainVoice(samples=(call.lend("s.wav", content, "audio/wav"),))
        with pytest.raises(OrderRejected) as refused:
            await desk.make("train", order, call)
        assert refused.value.code == "SAMPLE_UNREADABLE"


def _file(desk, content: bytes) -> Path:  # type: ignore[no-untyped-def]
    path = desk.folder / "clip.wav"
    path.write_bytes(content)
    return path


def _wav(samples: np.ndarray, rate: int = 24000, subtype: str = "PCM_16") -> bytes:
    import io

    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype=subtype)
    return out.getvalue()


def _wav8() -> bytes:
    return _wav(np.zeros(24000), subtype="PCM_U8")


# --- Instruments --------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100, 48000])
def test_recordings_of_any_rate_are_heard_the_same(tmp_path: Path, rate: int) -> None:
    times = np.arange(rate) / rate
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 200 * times), rate, subtype="PCM_16")
    samples = read_recording(tmp_path / "a.wav")
    assert len(samples) == pytest.approx(RATE, abs=2)
    assert np.argmax(np.abs(np.fft.rfft(samples[:RATE]))) == pytest.approx(200, abs=1)


def test_a_file_cut_short_is_read_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    whole = _wav(np.full(24000, 0.1))
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        try:
            read_recording(path)
        except NotARecording as error:
            assert str(error).startswith("A recording is not")


def test_octave_errors_do_not_move_the_pitch() -> None:
    rng = np.random.default_rng(3)
    f0 = 150 * np.exp(rng.normal(0, 0.1, 1000))
    f0[:120] *= 2
    f0[120:200] /= 2
    found = intonation(f0)
    assert abs(semitones(found.median, 150)) < 0.3
    assert found.spread == pytest.approx(0.1, abs=0.03)
    with pytest.raises(NoPitch):
        intonation(np.zeros(500))


def test_a_pitch_track_is_moved_into_the_other_range() -> None:
    rng = np.random.default_rng(4)
    f0 = 110 * np.exp(rng.normal(0, 0.08, 2000))
    f0[::5] = 0
    source, target = intonation(f0), intonation(220 * np.exp(rng.normal(0, 0.13, 2000)))
    out = moved(f0, source, target)
    assert ((out > 0) == (f0 > 0)).all()
    got = intonation(out)
    assert got.median == pytest.approx(target.median, rel=0.01)
    assert got.spread == pytest.approx(target.spread, rel=0.05)


def test_syllables_are_counted() -> None:
    """Harvard sentences: 10, 9 and 11 syllables by hand."""
    text = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. These days a chicken leg is a rare dish."
    counted = 8 + 9 + 11
    for rate in (130, 175, 210):
        samples = engine().speak(text, "en-us", pace=rate).samples / 32768
        frames = analyse(samples, noise=False)
        seconds = audible(frames).sum() * 0.005
        assert syllables_per_second(frames) == pytest.approx(counted / seconds, rel=0.3)


def test_a_model_survives_its_bytes(models: dict[str, VoiceModel]) -> None:
    for model in models.values():
        again = VoiceModel.from_bytes(model.to_bytes())
        assert again.to_bytes() == model.to_bytes()
        assert again.knobs == model.knobs
        for mine, its in ((model.source, again.source), (model.target, again.target)):
            assert np.allclose(mine.timbre.voiced.covariance, its.timbre.voiced.covariance, rtol=1e-4)
            assert its.timbre.voiced.mean.shape == (ORDER,)


def test_a_model_with_a_number_out_of_range_is_not_a_voice(models: dict[str, VoiceModel]) -> None:
    written = json.loads(models["1688"].to_bytes())
    for change in (
        {"knobs": {**written["knobs"], "variant": "../../etc/passwd"}},
        {"knobs": {**written["knobs"], "rate": 9000}},
        {"source": {**written["source"], "median": -1}},
        {"target": {**written["target"], "voiced": {**written["target"]["voiced"], "mean": [0.0]}}},
        {
            "target": {
                **written["target"],
                "voiced": {**written["target"]["voiced"], "mean": [float("nan")] * ORDER},
            }
        },
        {"format": "something else"},
        {"source": None},
    ):
        with pytest.raises(NotAVoice):
            VoiceModel.from_bytes(json.dumps(written | change).encode())
