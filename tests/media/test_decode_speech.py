"""The master of a speech: level, peaks, edges, length, and a container that is what it says."""

from __future__ import annotations

import io
import re
import subprocess
import wave
from pathlib import Path
from typing import Literal

import numpy as np
import pyloudnorm
import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.audio import AudioProbe, finish_speech
from persona_graph.media.bounded import Bounds, ffmpeg_binary
from persona_graph.media.child_limiter import limited, true_peaks

SAMPLES = Path(__file__).parents[1] / "samples"
SPEECH = SAMPLES / "1688" / "1688-142285-0000.flac"
ROOM = Bounds(seconds=20)


def ffmpeg(*arguments: object) -> str:
    argv = [ffmpeg_binary(), "-nostdin", "-hide_banner", "-nostats", "-y", *map(str, arguments)]
    return subprocess.run(argv, check=True, capture_output=True).stderr.decode()


def decoded(path: Path, rate: int = 24000) -> np.ndarray:
    argv = [
        ffmpeg_binary(),
        "-v",
        "error",
        "-nostdin",
        "-i",
        path,
        "-ac",
        "1",
        "-ar",
        str(rate),
        "-f",
        "f32le",
        "-",
    ]
    return np.frombuffer(subprocess.run(argv, check=True, capture_output=True).stdout, dtype="<f4")


def metered(path: Path) -> tuple[float, float]:
    """Loudness and true peak by judges that the code under test does not use: pyloudnorm, and ffmpeg's loudnorm."""
    rate = 48000
    loudness = pyloudnorm.Meter(rate).integrated_loudness(decoded(path, rate).astype(np.float64))
    log = ffmpeg("-i", path, "-af", "loudnorm=print_format=summary", "-f", "null", "-")
    peak = re.search(r"Input True Peak: +(\S+)", log)
    assert peak
    return float(loudness), float(peak[1])


MAGIC = {"wav": b"RIFF", "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3"), "ogg": b"OggS"}
TYPES = {"wav": ("audio/wav", "pcm_s16le"), "mp3": ("audio/mpeg", "mp3"), "ogg": ("audio/ogg", "opus")}


@pytest.mark.parametrize("container", ["wav", "mp3", "ogg"])
@pytest.mark.parametrize("gain", [-24, 0, 9], ids=["quiet", "as is", "overdriven"])
async def test_a_master_is_level_and_has_room_above(
    tmp_path: Path, container: Literal["wav", "mp3", "ogg"], gain: int
) -> None:
    """Rows 249–253: the loudness hits its target, the length stays, WAV is WAV and MP3 is MP3."""
    ffmpeg("-i", SPEECH, "-t", 8, "-af", f"volume={gain}dB", tmp_path / "in.wav")
    out = tmp_path / "out"
    found = await finish_speech(tmp_path / "in.wav", out, container=container, bounds=ROOM)
    assert (found.content_type, found.codec) == TYPES[container]
    assert out.read_bytes().startswith(MAGIC[container])
    assert found.channels == 1
    assert found.seconds == pytest.approx(8.0, abs=0.010)
    loudness, peak = metered(out)
    assert loudness == pytest.approx(-16, abs=0.6)
    assert peak <= -0.9
    assert found.loudness == pytest.approx(loudness, abs=0.3)
    assert found.true_peak == pytest.approx(peak, abs=0.5)


async def test_the_targets_are_the_callers(tmp_path: Path) -> None:
    found = await finish_speech(
        SPEECH, tmp_path / "out.wav", loudness=-23, true_peak=-9, rate=None, bounds=ROOM
    )
    loudness, peak = metered(tmp_path / "out.wav")
    assert (loudness, found.rate) == (pytest.approx(-23, abs=0.6), 16000)
    assert peak <= -8.9


async def test_no_dc_and_quiet_edges(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-ss", 1, "-t", 4, "-af", "dcshift=0.2", tmp_path / "in.wav")
    assert abs(decoded(tmp_path / "in.wav").mean()) > 0.15
    await finish_speech(tmp_path / "in.wav", tmp_path / "out.wav", bounds=ROOM)
    sound = decoded(tmp_path / "out.wav")
    assert abs(sound.mean()) < 1e-3
    assert abs(sound[0]) < 1e-3 and abs(sound[-1]) < 2e-3
    before = decoded(tmp_path / "in.wav") - decoded(tmp_path / "in.wav").mean()
    inner = slice(240, len(sound) - 240)
    assert np.corrcoef(sound[inner], before[inner])[0, 1] > 0.98


@pytest.mark.parametrize("seconds", [0.02, 0.15, 0.39, 0.5])
async def test_a_clip_shorter_than_a_loudness_block(tmp_path: Path, seconds: float) -> None:
    ffmpeg("-i", SPEECH, "-ss", 3, "-t", seconds, tmp_path / "in.wav")
    found = await finish_speech(tmp_path / "in.wav", tmp_path / "out.wav", bounds=ROOM)
    assert found.seconds == pytest.approx(seconds, abs=0.010)
    assert found.loudness and -30 < found.loudness < -14
    assert found.true_peak is not None and found.true_peak <= -1.0


async def test_what_a_provider_sends_may_be_stereo_and_lossy(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-t", 6, "-ac", 2, "-ar", 44100, "-b:a", "64k", tmp_path / "in.mp3")
    found = await finish_speech(tmp_path / "in.mp3", tmp_path / "out.wav", bounds=ROOM)
    assert (found.rate, found.channels) == (24000, 1)
    assert found.loudness == pytest.approx(-16, abs=0.6)


async def refusal(path: Path, out: Path, max_seconds: float = 3600) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        await finish_speech(path, out, max_seconds=max_seconds, bounds=ROOM)
    return refused.value


async def test_silence_text_and_endless_speech_are_refused(tmp_path: Path) -> None:
    """V4, K10: what came back is not a speech; nothing is published."""
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=24000:cl=mono", "-t", 3, tmp_path / "silent.wav")
    (tmp_path / "error.wav").write_text('{"error": "quota"}')
    assert (await refusal(tmp_path / "silent.wav", tmp_path / "out.wav")).code == "MEDIA_SILENT"
    assert (await refusal(tmp_path / "error.wav", tmp_path / "out.wav")).code == "MEDIA_UNSUPPORTED"
    assert (await refusal(SPEECH, tmp_path / "out.wav", max_seconds=10)).code == "MEDIA_TOO_LONG"
    assert not (tmp_path / "out.wav").exists()


async def test_nothing_of_the_source_but_its_sound_is_kept(tmp_path: Path) -> None:
    ffmpeg("-i", SPEECH, "-t", 3, "-metadata", "title=canary-91", tmp_path / "in.mp3")
    assert b"canary-91" in (tmp_path / "in.mp3").read_bytes()
    for container in ("wav", "mp3", "ogg"):
        found: AudioProbe = await finish_speech(
            tmp_path / "in.mp3", tmp_path / "out", container=container, bounds=ROOM
        )
        assert found.seconds > 2.9
        assert b"canary-91" not in (tmp_path / "out").read_bytes()
        assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_the_wav_header_tells_its_length(tmp_path: Path) -> None:
    """A header written before its samples is corrected, so that a player knows the length."""
    import asyncio

    asyncio.run(finish_speech(SPEECH, tmp_path / "out.wav", bounds=ROOM))
    with wave.open(io.BytesIO((tmp_path / "out.wav").read_bytes())) as file:
        assert file.getnframes() == 15 * 24000


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_the_limiter_keeps_true_peaks_under_the_ceiling(rate: int) -> None:
    chance = np.random.default_rng(7)
    noise = np.convolve(chance.standard_normal(rate), np.ones(6) / 6, mode="same")
    bursts = (noise * (1 + 6 * (np.sin(np.arange(rate) / 900) > 0.9))).astype(np.float32)
    out = limited(bursts, gain=2.0, ceiling=0.5, rate=rate)
    assert len(out) == len(bursts)
    assert true_peaks(out, rate // 1000).max() <= 0.5 * 1.01
    quiet = (bursts * 0.01).astype(np.float32)
    assert np.array_equal(limited(quiet, gain=1.0, ceiling=0.9, rate=rate), quiet)


def test_a_true_peak_between_samples_is_seen() -> None:
    """A sine at a quarter of the rate, sampled 45° off its tops: samples say 0.707, the wave reaches 1."""
    wave_ = np.sin(np.pi / 2 * np.arange(8000) + np.pi / 4).astype(np.float32)
    assert np.abs(wave_).max() == pytest.approx(0.7071, abs=1e-3)
    assert true_peaks(wave_, 24)[20:-20].max() == pytest.approx(1.0, abs=0.01)
