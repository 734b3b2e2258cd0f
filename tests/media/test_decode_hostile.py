"""Recordings made to harm (U1–U12, U18): each is accepted or typed, in bounds, and leads nowhere else."""

from __future__ import annotations

import asyncio
import io
import json
import random
import resource
import struct
import subprocess
import sys
import tarfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_graph.errors import MediaRefused
from persona_graph.media.audio import AudioLimits, AudioProbe, canonical_wav, finish_speech, probe_audio
from persona_graph.media.bounded import Bounds, ffmpeg_binary
from persona_graph.media.child_ffmpeg import NATIVE, Decoder
from persona_graph.media.photo import probe_photo
from persona_graph.media.sniff import Kind
from persona_graph.media.video import probe_video

SPEECH = Path(__file__).parents[1] / "samples" / "1688" / "1688-142285-0000.flac"
ROOM = Bounds(seconds=20)
CANARY = "canary-7f3a91"


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


async def outcome(path: Path, limits: AudioLimits | None = None) -> AudioProbe | MediaRefused:
    """The only two ways a probe may end; anything else fails the test by itself."""
    try:
        return await probe_audio(path, limits, bounds=ROOM)
    except MediaRefused as refused:
        assert refused.message and refused.fix
        assert "Traceback" not in refused.message and str(path) not in refused.message
        return refused


async def code(path: Path) -> str:
    ended = await outcome(path)
    return ended.code if isinstance(ended, MediaRefused) else "accepted"


def wav_bytes(seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(np.arange(int(seconds * 16000)) * 0.2)).astype("<i2").tobytes())
    return out.getvalue()


def header(**changes: int) -> bytes:
    """A WAV whose 16-byte format block says something else."""
    given = {"tag": 1, "channels": 1, "rate": 16000, "bytes": 32000, "align": 2, "bits": 16, **changes}
    block = struct.pack("<HHIIHH", *given.values())
    plain = wav_bytes()
    return plain[:20] + block + plain[36:]


# --- Length ---------------------------------------------------------------------------------------

LONG: dict[str, tuple[str, ...]] = {
    "2 h of Opus": ("anullsrc=r=8000:cl=mono", "7200", "-c:a", "libopus", "-b:a", "6k", "-compression_level", "0", "-frame_duration", "60", "-f", "ogg"),
    "2 h of FLAC": ("anullsrc=r=16000:cl=stereo", "7200", "-c:a", "flac", "-f", "flac"),
    "2 h of MP3 at 8 kb/s": ("anullsrc=r=8000:cl=mono", "7200", "-c:a", "libmp3lame", "-b:a", "8k", "-f", "mp3"),
    "1 h of WAV at 8 kHz and 8 bits": ("anullsrc=r=8000:cl=mono", "3600", "-c:a", "pcm_u8", "-f", "wav"),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_hours_of_silence_are_too_long_and_cost_little(tmp_path: Path, name: str) -> None:
    """U1, U2: in a process of its own, so that the memory of the children is theirs alone."""
    source, seconds, *options = LONG[name]
    path = tmp_path / "upload"
    ffmpeg("-f", "lavfi", "-i", source, "-t", seconds, *options, path)
    code = (
        "import asyncio, json, resource, sys\n"
        "from persona_graph.errors import MediaRefused\n"
        "from persona_graph.media.audio import probe_audio\n"
        "from persona_graph.media.bounded import Bounds\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: said = asyncio.run(probe_audio(sys.argv[1], bounds=Bounds(seconds=20))).codec\n"
        "except MediaRefused as refused: said = refused.code\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(json.dumps([said, after - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))"
    )
    ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True, timeout=120)
    said, grown, child = json.loads(ran.stdout)
    unit = 1 if sys.platform == "darwin" else 1024
    assert said == "MEDIA_TOO_LONG"
    assert grown * unit < 50 << 20
    assert child * unit < 512 << 20


async def test_a_length_is_refused_without_writing_what_lies_beyond(tmp_path: Path) -> None:
    """U1 in the canonical form: the file that pydub once took to 7.9 GB."""
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", 1200, "-c:a", "libopus", tmp_path / "a.ogg")
    with pytest.raises(MediaRefused) as refused:
        await canonical_wav(
            tmp_path / "a.ogg", tmp_path / "out.wav", limits=AudioLimits(max_seconds=60), bounds=ROOM
        )
    assert refused.value.code == "MEDIA_TOO_LONG"
    assert not (tmp_path / "out.wav").exists()


# --- References to other files and hosts --------------------------------------------------------------

REFERENCES: dict[str, Callable[[str], str]] = {
    "HLS": lambda url: f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n",
    "HLS key": lambda url: (
        f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n'
    ),
    "DASH": lambda url: (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S">'
        f'<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1"><BaseURL>{url}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    ),
    "ffconcat": lambda url: f"ffconcat version 1.0\nfile '{url}'\n",
    "SDP": lambda url: (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={url}\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    ),
    "SVG": lambda url: f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>',
    "m3u": lambda url: url + "\n",
    "HLS behind an ID3 tag": lambda url: "ID3\x04\0\0\0\0\0\0" + REFERENCES["HLS"](url),
}


@pytest.mark.parametrize("name", REFERENCES)
async def test_a_playlist_reads_no_other_file(tmp_path: Path, name: str) -> None:
    """U3: the name says audio, the content names a file beside it."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav_bytes() + CANARY.encode())
    for link in (
        f"file://{secret}",
        str(secret),
        "secret.wav",
        f"concat:{secret}",
        f"subfile,,start,0,end,99,,:{secret}",
    ):
        path = tmp_path / "voice.mp3"
        path.write_text(REFERENCES[name](link))
        ended = await outcome(path)
        assert isinstance(ended, MediaRefused)
        assert ended.code == "MEDIA_UNSUPPORTED"
        assert CANARY not in f"{ended.message} {ended.fix}" and "secret" not in f"{ended.message} {ended.fix}"


async def test_a_reference_reaches_no_host(tmp_path: Path) -> None:
    """U4: the listener that a bare ffmpeg would call hears nothing, whichever probe looks at the file."""
    calls = 0

    async def called(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    listener = await asyncio.start_server(called, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/a.ts"
        path = tmp_path / "voice.m3u8"
        path.write_text(REFERENCES["HLS"](url))
        bare = [ffmpeg_binary(), "-v", "error", "-nostdin", "-protocol_whitelist", "file,http,tcp", "-i", path,
                "-f", "null", "-"]  # fmt: skip
        await (await asyncio.create_subprocess_exec(*bare, stderr=asyncio.subprocess.DEVNULL)).wait()
        assert calls > 0, "the control: without our limits ffmpeg does call"
        calls = 0
        for text in REFERENCES.values():
            path.write_text(text(url))
            for look in (probe_audio, probe_photo, probe_video):
                with pytest.raises(MediaRefused):
                    await look(path, bounds=ROOM)
        assert calls == 0


async def test_even_a_playlist_demuxer_would_lead_nowhere(tmp_path: Path) -> None:
    """U3, U4 behind the first wall: had the type been mistaken, the decoder may still open only its descriptor."""
    (tmp_path / "secret.wav").write_bytes(wav_bytes())
    path = tmp_path / "list.m3u8"
    path.write_text(REFERENCES["ffconcat"](f"file:{tmp_path}/secret.wav"))

    def decoded() -> tuple[bytes, str]:
        with (
            path.open("rb") as file,
            Decoder(
                ffmpeg_binary(), file, Kind("", "", "concat", ("pcm_s16le",)), [NATIVE], ["-safe", "0"]
            ) as decoder,
        ):
            sound = decoder.pipes[0].read()
            decoder.wait()
            return sound, decoder.log

    sound, log = await asyncio.to_thread(decoded)
    assert sound == b""
    assert "not on whitelist" in log


# --- Headers that lie -------------------------------------------------------------------------------

PLAIN = wav_bytes()
LYING: dict[str, tuple[bytes, set[str]]] = {
    "data of 4 GB": (PLAIN[:40] + b"\xff\xff\xff\xff" + PLAIN[44:], {"accepted"}),
    "data of nothing": (PLAIN[:40] + b"\0\0\0\0" + PLAIN[44:], {"accepted"}),
    "odd data": (PLAIN[:40] + struct.pack("<I", 9999) + PLAIN[44:], {"accepted"}),
    "more data than there is": (PLAIN[:40] + struct.pack("<I", 10**6) + PLAIN[44:], {"MEDIA_DAMAGED"}),
    "half of it missing": (PLAIN[: len(PLAIN) // 2], {"MEDIA_DAMAGED"}),
    "no fmt": (PLAIN[:12] + PLAIN[36:], {"MEDIA_DAMAGED"}),
    "RF64 without its sizes": (b"RF64" + PLAIN[4:], {"accepted", "MEDIA_DAMAGED"}),
    "fmt of 4 GB": (PLAIN[:16] + b"\xff\xff\xff\xff" + PLAIN[20:], {"MEDIA_DAMAGED"}),
    "no channels": (header(channels=0), {"MEDIA_DAMAGED"}),
    "65,535 channels": (header(channels=65535), {"MEDIA_DAMAGED"}),
    "4 GHz": (header(rate=4_000_000_000), {"MEDIA_DAMAGED"}),
    "0 Hz": (header(rate=0), {"MEDIA_DAMAGED"}),
    "0 bits": (header(bits=0), {"MEDIA_DAMAGED", "MEDIA_UNSUPPORTED"}),
    "333 bits": (header(bits=333), {"MEDIA_DAMAGED"}),
    "unknown codec": (header(tag=0xABCD), {"MEDIA_DAMAGED", "MEDIA_UNSUPPORTED"}),
    "RIFF that is a film": (PLAIN[:8] + b"AVI " + PLAIN[12:], {"MEDIA_UNSUPPORTED"}),
}


@pytest.mark.parametrize("name", LYING)
async def test_a_wav_header_that_lies(tmp_path: Path, name: str) -> None:
    """U5, U6: typed, or decoded up to the real bytes."""
    content, allowed = LYING[name]
    (tmp_path / "a.wav").write_bytes(content)
    ended = await outcome(tmp_path / "a.wav")
    if isinstance(ended, AudioProbe):
        assert "accepted" in allowed
        assert ended.seconds <= 1.01
    else:
        assert ended.code in allowed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
async def test_samples_that_are_no_sound(tmp_path: Path, value: float) -> None:
    """U6"""
    sound = np.zeros(16000, dtype="<f4")
    sound[8000] = value
    block = struct.pack("<HHIIHH", 3, 1, 16000, 64000, 4, 32)
    body = (
        b"WAVEfmt "
        + struct.pack("<I", 16)
        + block
        + b"data"
        + struct.pack("<I", sound.nbytes)
        + sound.tobytes()
    )
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert await code(tmp_path / "a.wav") == "MEDIA_DAMAGED"


async def test_a_file_cut_anywhere_is_typed_or_shorter(tmp_path: Path) -> None:
    """U7: nothing, one byte, the header only, and fifty other places over five formats."""
    whole: dict[str, bytes] = {}
    for ending, *options in (("wav",), ("mp3",), ("flac",), ("ogg", "-c:a", "libvorbis"), ("m4a",)):
        ffmpeg("-i", SPEECH, "-t", 3, *options, tmp_path / f"a.{ending}")
        whole[ending] = (tmp_path / f"a.{ending}").read_bytes()
    slots = asyncio.Semaphore(3)

    async def cut(ending: str, length: int) -> None:
        path = tmp_path / f"{length}.{ending}.cut"
        path.write_bytes(whole[ending][:length])
        async with slots:
            ended = await outcome(path)
        if isinstance(ended, AudioProbe):
            assert ended.seconds < 3.2
        else:
            assert ended.code in {"MEDIA_DAMAGED", "MEDIA_UNSUPPORTED"}

    places = [0, 1, 4, 12, 44] + [None] * 50
    tasks = []
    for at, place in enumerate(places):
        for ending in whole if place is not None else [list(whole)[at % 5]]:
            size = len(whole[ending])
            tasks.append(cut(ending, place if place is not None else 50 + (size - 50) * (at - 5) // 50))
    await asyncio.gather(*tasks)


async def test_a_cut_upload_is_told_so_where_the_format_knows(tmp_path: Path) -> None:
    """U7: the owner of a half sent recording hears of it before training."""
    for ending, *options in (("wav",), ("flac",), ("m4a", "-movflags", "+faststart")):
        ffmpeg("-i", SPEECH, *options, tmp_path / f"a.{ending}")
        half = (tmp_path / f"a.{ending}").read_bytes()
        (tmp_path / f"a.{ending}").write_bytes(half[: len(half) * 6 // 10])
        ended = await outcome(tmp_path / f"a.{ending}")
        assert isinstance(ended, MediaRefused), ending
        assert "ends early" in ended.message


async def test_tags_that_lie(tmp_path: Path) -> None:
    """U8: a picture of 250 MB in a tag, claimed or (sparse on disk) really there."""
    ffmpeg("-i", SPEECH, "-t", 2, "-id3v2_version", 0, tmp_path / "a.mp3")
    sound = (tmp_path / "a.mp3").read_bytes()
    size = 250 << 20
    lying = b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    (tmp_path / "a.mp3").write_bytes(lying + sound)
    assert await code(tmp_path / "a.mp3") == "MEDIA_DAMAGED"
    (tmp_path / "a.mp3").write_bytes(b"ID3\x04\0\0\xff\xff\xff\xff" + sound)
    assert await code(tmp_path / "a.mp3") == "MEDIA_DAMAGED"
    frame = b"APIC" + bytes(size - 40 >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\0\0\0image/png\0\3\0"
    with (tmp_path / "a.mp3").open("wb") as file:
        file.write(lying + frame)
        file.seek(10 + size)
        file.write(sound)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await code(tmp_path / "a.mp3") in {"accepted", "MEDIA_DAMAGED"}
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 50 << 20


def atom(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


async def test_atoms_of_an_mp4_that_lie(tmp_path: Path) -> None:
    """U9: nested ten thousand deep, 2³²−1 samples, a table past the end; the index last is fine."""
    ffmpeg("-i", SPEECH, "-t", 2, tmp_path / "a.m4a")
    good = (tmp_path / "a.m4a").read_bytes()
    assert good.index(b"mdat") < good.index(b"moov")
    assert await code(tmp_path / "a.m4a") == "accepted"
    nested = b""
    for _ in range(10_000):
        nested = atom(b"trak", nested)
    for content in (
        atom(b"ftyp", b"M4A \0\0\0\0") + atom(b"moov", nested),
        *(
            patched(good, table, struct.pack(">I", 0xFFFFFFFF))
            for table in (b"stsz", b"stts", b"stsc", b"stco")
        ),
        good.replace(b"mdat", b"free"),
        good[:8] + b"heic" + good[12:],
    ):
        (tmp_path / "a.m4a").write_bytes(content)
        assert await code(tmp_path / "a.m4a") in {"accepted", "MEDIA_DAMAGED", "MEDIA_UNSUPPORTED"}


def patched(content: bytes, table: bytes, count: bytes) -> bytes:
    """With another number of entries in one of the sample tables."""
    at = content.index(table) + 8 + (4 if table == b"stsz" else 0)
    return content[:at] + count + content[at + 4 :]


async def test_chained_and_multiplexed_ogg(tmp_path: Path) -> None:
    """U10: ten thousand streams one after another, and two at once: the first one is the recording."""
    ffmpeg("-i", SPEECH, "-t", 0.02, "-c:a", "libopus", "-b:a", "6k", tmp_path / "a.ogg")
    (tmp_path / "b.ogg").write_bytes((tmp_path / "a.ogg").read_bytes() * 10_000)
    assert await code(tmp_path / "b.ogg") in {"accepted", "MEDIA_DAMAGED", "MEDIA_TOO_LONG"}
    ffmpeg("-t", 2, "-i", SPEECH, "-f", "lavfi", "-i", "sine=d=4", "-map", 0, "-map", 1, "-c:a", "libvorbis",
           tmp_path / "c.ogg")  # fmt: skip
    ended = await outcome(tmp_path / "c.ogg")
    assert isinstance(ended, AudioProbe)
    assert ended.seconds == pytest.approx(2, abs=0.1)


UNCOMMON = {
    "24 bits, 96 kHz, 6 channels": ["-ar", 96000, "-ac", 6, "-sample_fmt", "s32"],
    "8 channels": ["-ac", 8],
    "odd rate": ["-ar", 12345],
    "tiny blocks": ["-frame_size", 16],
    "large blocks": ["-frame_size", 65535, "-strict", "-2"],
    "no compression": ["-compression_level", 0],
}


@pytest.mark.parametrize("name", UNCOMMON)
async def test_uncommon_but_legal_flac(tmp_path: Path, name: str) -> None:
    """U11: accepted or typed, and the same answer twice."""
    ffmpeg("-i", SPEECH, "-t", 2, *UNCOMMON[name], tmp_path / "a.flac")
    first, second = await outcome(tmp_path / "a.flac"), await outcome(tmp_path / "a.flac")
    assert first == second or (isinstance(first, MediaRefused) and str(first) == str(second))
    if isinstance(first, AudioProbe):
        assert first.seconds == pytest.approx(2, abs=0.01)


async def test_faulty_flac_gives_one_answer(tmp_path: Path) -> None:
    """U11: bits flipped in header, metadata and frames."""
    ffmpeg("-i", SPEECH, "-t", 2, tmp_path / "a.flac")
    good = (tmp_path / "a.flac").read_bytes()
    chance = random.Random(11)
    for round_ in range(8):
        bad = bytearray(good)
        for _ in range(1 + 3 * round_):
            bad[chance.randrange(4, 60 if round_ % 2 else len(bad))] ^= 1 << chance.randrange(8)
        (tmp_path / "a.flac").write_bytes(bad)
        first, second = await outcome(tmp_path / "a.flac"), await outcome(tmp_path / "a.flac")
        assert str(first) == str(second)


# --- Other kinds of file ---------------------------------------------------------------------------


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("../../etc/x", CANARY * 100)
    return out.getvalue()


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    return out.getvalue()


STRANGERS: dict[str, tuple[bytes, str]] = {
    "zip": (archive(), "ZIP"),
    "zip in a zip": (b"PK\x03\x04" + archive(), "ZIP"),
    "tar": (tar(), "tar"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "gzip"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "program": (b"\x7fELF\x02" + bytes(200), "program"),
    "gif": (b"GIF89a/*" + b"*/=1;alert(1)", "GIF"),
    "page": (b"<!DOCTYPE html><html><script>alert(1)</script>", "web page"),
    "drawing": (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "SVG"),
    "php": (b"<?php system($_GET['c']);", "script"),
    "text": (b"this is a voice sample, honestly\n" * 40, "text"),
    "aac": (b"\xff\xf1\x50\x80" + bytes(2000), "AAC"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
    "noise": (random.Random(3).randbytes(4000), "unknown"),
    "zeros": (bytes(5000), "unknown"),
    "frame syncs": (b"\xff\xfb\x90\x00" * 1000, "unknown"),
}


@pytest.mark.parametrize("name", STRANGERS)
async def test_what_is_no_recording_is_named(tmp_path: Path, name: str) -> None:
    """U12, U13, U18, row 232: told what was found and what is accepted."""
    content, called = STRANGERS[name]
    (tmp_path / "voice.wav").write_bytes(content)
    ended = await outcome(tmp_path / "voice.wav")
    assert isinstance(ended, MediaRefused)
    assert ended.code == "MEDIA_UNSUPPORTED"
    assert called in ended.message
    assert "WAV, MP3, FLAC" in ended.message


async def test_what_rides_on_a_recording_is_left_behind(tmp_path: Path) -> None:
    """U12: an MP3 with an archive, a FLAC with a PDF. What we keep is our own encoding."""
    for ending, rider in (("mp3", archive()), ("flac", b"%PDF-1.7 " + CANARY.encode())):
        path = tmp_path / f"a.{ending}"
        ffmpeg("-i", SPEECH, "-t", 3, "-metadata", f"comment={CANARY}", path)
        path.write_bytes(path.read_bytes() + rider)
        for written, make in (("c.wav", canonical_wav), ("f.wav", finish_speech)):
            await make(path, tmp_path / written, bounds=ROOM)
            assert CANARY.encode() not in (tmp_path / written).read_bytes()
            assert b"PK\x03\x04" not in (tmp_path / written).read_bytes()
    page = tmp_path / "page.mp3"
    page.write_bytes(b"<html><script>1</script>" + (tmp_path / "a.mp3").read_bytes())
    assert await code(page) == "MEDIA_UNSUPPORTED"


# --- Whatever chance brings --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    found: dict[str, bytes] = {}
    for ending, *options in (("wav",), ("mp3",), ("flac",), ("ogg", "-c:a", "libopus"), ("m4a",),
                             ("webm", "-c:a", "libopus")):  # fmt: skip
        ffmpeg("-i", SPEECH, "-t", 1, *options, folder / f"a.{ending}")
        found[ending] = (folder / f"a.{ending}").read_bytes()
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["wav", "mp3", "flac", "ogg", "m4a", "webm"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
    early=st.booleans(),
)
def test_random_damage_is_typed(
    seeds: dict[str, bytes], tmp_path: Path, kind: str, changes: list[tuple[float, bytes]], early: bool
) -> None:
    """U5–U11: every failure is a MediaRefused, no child's signal reaches the caller."""
    content = bytearray(seeds[kind])
    reach = min(len(content), 400) if early else len(content)
    for place, new in changes:
        at = int(place * (reach - 1))
        content[at : at + len(new)] = new
    path = tmp_path / "damaged"
    path.write_bytes(content)
    ended = asyncio.run(outcome(path))
    assert isinstance(ended, AudioProbe) or ended.code.startswith("MEDIA_")
