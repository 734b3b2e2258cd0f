"""What recordings are accepted, and what is measured on them."""

from __future__ import annotations

import asyncio
import io
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.audio import AudioLimits, AudioProbe, canonical_wav, probe_audio
from persona_graph.media.bounded import Bounds, ffmpeg_binary
from persona_graph.settings import Settings

SAMPLES = Path(__file__).parents[1] / "samples"
SPEECH = SAMPLES / "1688" / "1688-142285-0000.flac"
ROOM = Bounds(seconds=20)


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


async def probe(path: Path, **limits: float) -> AudioProbe:
    return await probe_audio(path, AudioLimits(**limits), bounds=ROOM)


async def refusal(path: Path, limits: AudioLimits | None = None) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        await probe_audio(path, limits, bounds=ROOM)
    assert refused.value.message and refused.value.fix
    return refused.value


def samples_of(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768, file.getframerate()


FORMATS = {
    "wav": (["-c:a", "pcm_s16le"], "audio/wav", "pcm_s16le"),
    "24.wav": (["-c:a", "pcm_s24le"], "audio/wav", "pcm_s24le"),
    "float.wav": (["-c:a", "pcm_f32le"], "audio/wav", "pcm_f32le"),
    "mulaw.wav": (["-ar", "8000", "-c:a", "pcm_mulaw"], "audio/wav", "pcm_mulaw"),
    "rf64.wav": (["-rf64", "always"], "audio/wav", "pcm_s16le"),
    "stereo.mp3": (["-ac", "2", "-ar", "44100", "-b:a", "128k"], "audio/mpeg", "mp3"),
    "bare.mp3": (["-id3v2_version", "0", "-write_xing", "0"], "audio/mpeg", "mp3"),
    "flac": ([], "audio/flac", "flac"),
    "vorbis.ogg": (["-c:a", "libvorbis"], "audio/ogg", "vorbis"),
    "opus.ogg": (["-c:a", "libopus"], "audio/ogg", "opus"),
    "m4a": ([], "audio/mp4", "aac"),
    "fragmented.mp4": (["-movflags", "frag_keyframe+empty_moov"], "audio/mp4", "aac"),
    "webm": (["-c:a", "libopus"], "audio/webm", "opus"),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_every_accepted_format_is_measured(tmp_path: Path, name: str) -> None:
    """Row 232: by content, under a name that says nothing."""
    options, content_type, codec = FORMATS[name]
    ffmpeg("-i", SPEECH, "-t", 5, *options, tmp_path / f"a.{name}")
    path = (tmp_path / f"a.{name}").rename(tmp_path / "upload")
    found = await probe(path)
    assert (found.content_type, found.codec) == (content_type, codec)
    assert found.seconds == pytest.approx(5.0, abs=0.15)  # encoders pad
    assert found.channels == (2 if "stereo" in name else 1)
    assert found.speech_seconds and 2.0 < found.speech_seconds <= found.seconds
    assert not found.silent
    assert -30 < found.rms_dbfs < found.peak_dbfs < 0


async def test_the_picture_of_a_video_is_ignored(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=5", "-i", SPEECH, "-t", 5, tmp_path / "clip.mp4")
    assert (await probe(tmp_path / "clip.mp4")).codec == "aac"
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=2", tmp_path / "mute.mp4")
    assert (await refusal(tmp_path / "mute.mp4")).code == "MEDIA_UNSUPPORTED"


async def test_the_container_does_not_smuggle_in_another_codec(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-t", 2, "-c:a", "libmp3lame", tmp_path / "a.wav")
    refused = await refusal(tmp_path / "a.wav")
    assert refused.code == "MEDIA_UNSUPPORTED"
    assert "mp3" in refused.message


async def test_too_short_and_too_long_are_decided_by_the_decoded_length(tmp_path: Path) -> None:
    """Row 234"""
    assert (await refusal(SPEECH, AudioLimits(min_seconds=15.5))).code == "MEDIA_TOO_SHORT"
    assert (await refusal(SPEECH, AudioLimits(max_seconds=14.5))).code == "MEDIA_TOO_LONG"
    assert (await probe(SPEECH, min_seconds=14.9, max_seconds=15.1)).seconds == pytest.approx(15, abs=0.01)


async def test_the_limits_come_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, max_audio_seconds=14)
    assert (await refusal(SPEECH, AudioLimits.of(settings))).code == "MEDIA_TOO_LONG"


NOT_SPEECH = {
    "silence": "anullsrc=r=16000:cl=mono",
    "hiss far below hearing": "anoisesrc=a=0.001:r=16000",
    "a tone": "sine=440:r=16000",
    "noise": "anoisesrc=a=0.3:c=pink:r=16000",
}


@pytest.mark.parametrize("source", NOT_SPEECH.values(), ids=NOT_SPEECH)
async def test_what_holds_no_speech_is_silent(tmp_path: Path, source: str) -> None:
    """U26, the part that a probe can tell; the caller chooses whether it refuses."""
    ffmpeg("-f", "lavfi", "-i", source, "-t", 8, tmp_path / "a.wav")
    found = await probe(tmp_path / "a.wav")
    assert found.silent
    assert found.speech_seconds is not None and found.speech_seconds < 0.5
    assert (await refusal(tmp_path / "a.wav", AudioLimits(need_speech=True))).code == "MEDIA_SILENT"


async def test_one_sentence_in_nine_quiet_minutes_is_speech(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-af", "atrim=0:3,adelay=333000,apad=whole_dur=540", tmp_path / "a.flac")
    found = await probe(tmp_path / "a.flac", need_speech=True)
    assert found.seconds == pytest.approx(540, abs=0.1)
    assert found.speech_seconds and 0.5 < found.speech_seconds < 12


async def test_the_speech_of_a_long_recording_is_estimated(tmp_path: Path) -> None:
    ffmpeg("-stream_loop", 29, "-i", SPEECH, "-c:a", "flac", tmp_path / "a.flac")
    once, looped = await probe(SPEECH), await probe(tmp_path / "a.flac")
    assert looped.seconds == pytest.approx(450, abs=0.5)
    assert once.speech_seconds and looped.speech_seconds
    assert looped.speech_seconds / looped.seconds == pytest.approx(
        once.speech_seconds / once.seconds, abs=0.12
    )


async def test_the_canonical_form_is_mono_pcm16_at_the_asked_rate(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-t", 5, "-ac", 2, "-ar", 44100, tmp_path / "a.m4a")
    found = await canonical_wav(tmp_path / "a.m4a", tmp_path / "out.wav", bounds=ROOM)
    assert (found.codec, found.rate, found.channels) == ("aac", 44100, 2)
    sound, rate = samples_of(tmp_path / "out.wav")
    assert rate == 24000
    assert len(sound) / rate == pytest.approx(5, abs=0.05)
    original = await canonical_wav(SPEECH, tmp_path / "same.wav", rate=16000, bounds=ROOM)
    assert original.speech_seconds is None
    ffmpeg("-i", SPEECH, tmp_path / "reference.wav")
    ours, theirs = samples_of(tmp_path / "same.wav")[0], samples_of(tmp_path / "reference.wav")[0]
    assert np.abs(ours - theirs).max() < 2e-4
    assert (tmp_path / "out.wav").stat().st_mode & 0o077 == 0


async def test_samples_beyond_full_scale_are_not_clipped(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-af", "volume=18dB", "-c:a", "pcm_f32le", tmp_path / "hot.wav")
    found = await canonical_wav(tmp_path / "hot.wav", tmp_path / "out.wav", rate=16000, bounds=ROOM)
    assert found.peak_dbfs > 6
    sound, _ = samples_of(tmp_path / "out.wav")
    assert int((np.abs(sound) > 0.9999).sum()) <= 2


async def test_probes_beside_each_other_do_not_mix(tmp_path: Path) -> None:
    paths = sorted((SAMPLES / "1998").glob("*.flac"))[:4]
    room = Bounds(seconds=20, slots=asyncio.Semaphore(2))
    together = await asyncio.gather(*(probe_audio(path, bounds=room) for path in paths))
    assert together == [await probe(path) for path in paths]


def wav_bytes(seconds: float = 1.0, rate: int = 16000) -> bytes:
    with io.BytesIO() as out:
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            at = np.arange(int(seconds * rate))
            file.writeframes((8000 * np.sin(at * 0.2)).astype("<i2").tobytes())
        return out.getvalue()


@pytest.mark.parametrize("seconds", [0.01, 0.03, 0.2])
async def test_a_very_short_clip_is_measured(tmp_path: Path, seconds: float) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(seconds))
    assert (await probe(tmp_path / "a.wav")).seconds == pytest.approx(seconds, abs=1e-3)
