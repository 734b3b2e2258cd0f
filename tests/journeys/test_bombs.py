"""Twenty files made to harm, sent at once to the server that serves everybody else."""

from __future__ import annotations

import asyncio
import gzip
import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import httpx
import pytest

from persona_graph.media.bounded import ffmpeg_binary
from tests.client import Client
from tests.journeys.conftest import SPEAKER, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOURS = {
    "opus": ("-ar", "8000", "-c:a", "libopus", "-b:a", "6k", "-compression_level", "0", "-frame_duration", "60"),
    "flac": ("-c:a", "flac"),
    "mp3": ("-ar", "8000", "-c:a", "libmp3lame", "-b:a", "8k"),
}  # fmt: skip


def silence(folder: Path, kind: str) -> bytes:
    """Two hours in one or two megabytes."""
    out = folder / f"hours.{kind}"
    source = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "7200", *HOURS[kind]]
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *source, str(out)], check=True)
    return out.read_bytes()


def block(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, rows: int) -> bytes:
    packer = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8) * 100
    pixels = b"".join(packer.compress(line) for _ in range(rows // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", pixels) + block(b"IEND", b"")


def nested_mp4() -> bytes:
    body = b""
    for _ in range(10_000):
        body = struct.pack(">I4s", 8 + len(body), b"trak") + body
    ftyp = struct.pack(">I4s", 16, b"ftyp") + b"M4A \0\0\0\0"
    return ftyp + struct.pack(">I4s", 8 + len(body), b"moov") + body


def archive() -> bytes:
    """Ten archives in each other around a gigabyte of nothing, with a name that climbs out."""
    content = gzip.compress(bytes(1 << 20)) * 1000
    for depth in range(10):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(f"{'../' * depth}etc/x", content)
        content = out.getvalue()
    return content


def bombs(folder: Path) -> list[tuple[str, bytes, str, str]]:
    """What it is, its bytes, what it is sent as, and the code it must get; twenty of them."""
    hours = [(f"U1 U2 hours of {kind}", silence(folder, kind), "SAMPLE", "MEDIA_TOO_LONG") for kind in HOURS]
    large = png(30_000, 30_000, 30_000)
    # Within the limit of pixels, so that it is really decoded and searched for faces.
    blank = png(7_000, 7_000, 7_000)
    return [
        *hours * 3,
        ("U3 playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" * 50, "SAMPLE", "MEDIA_UNSUPPORTED"),
        ("U4 script of files", b"ffconcat version 1.0\nfile /etc/passwd\n", "SAMPLE", "MEDIA_UNSUPPORTED"),
        ("U8 lying tag", b"ID3\x04\0\0\xff\xff\xff\xff" + bytes(4_000_000), "SAMPLE", "MEDIA_DAMAGED"),
        ("U9 nested atoms", nested_mp4(), "SAMPLE", "MEDIA_UNSUPPORTED"),
        ("U13 drawing", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "PHOTO", "MEDIA_UNSUPPORTED"),
        ("U14 900 megapixels", large, "PHOTO", "IMAGE_TOO_LARGE"),
        ("U14 again", large, "PHOTO", "IMAGE_TOO_LARGE"),
        ("49 megapixels", blank, "PHOTO", "PHOTO_NO_FACE"),
        ("49 megapixels again", blank, "PHOTO", "PHOTO_NO_FACE"),
        ("U17 half a picture", large[: len(large) // 2], "PHOTO", "IMAGE_TOO_LARGE"),
        ("U18 archives", archive(), "SAMPLE", "MEDIA_UNSUPPORTED"),
    ]  # fmt: skip


def resident(pid: int, which: str) -> int:
    """Bytes: VmHWM is the most there ever was, VmRSS what is there now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith(f"{which}:")]
    return int(kilobytes) * 1024


async def test_twenty_bombs_at_once_disturb_nobody(stage: Stage, tmp_path: Path) -> None:
    """U1, U2, U3, U4, U8, U9, U13, U14, U17, U18: every one gets its own refusal, the server answers all the while,
    does not grow, and takes a real recording afterwards."""
    client = await stage.someone("Bomber")
    sent = bombs(tmp_path)
    assert len(sent) == 20
    [api] = [child for child in stage.stack.children if child.name == "api"]
    made = [await client.announce(content, purpose, name) for name, content, purpose, _ in sent]
    before = resident(int(str(api.pid)), "VmRSS") if sys.platform == "linux" else 0
    puts = [
        asyncio.create_task(client.put(upload["upload"]["url"], content))
        for upload, (_, content, _, _) in zip(made, sent, strict=True)
    ]
    # Every answer counted here came while there were still bombs to judge.
    answers = await asked_meanwhile(client, puts)
    assert answers[-1] < len(sent) and len(answers) >= 10
    told = [(await put).json()["errors"][0]["code"] for put in puts]
    assert list(zip([name for name, *_ in sent], told, strict=True)) == [
        (name, code) for name, *_, code in sent
    ]
    if sys.platform == "linux":
        assert resident(int(str(api.pid)), "VmHWM") - before < 50 << 20
    assert all(child.exits == [] for child in stage.stack.children)
    for upload in made:
        seen = await client.node(upload["asset"]["id"], "... on Asset { state url }")
        assert (seen["state"], seen["url"]) == ("REFUSED", None)
        assert stage.lies(upload["asset"]["id"]) == ("REFUSED", False, False)
    await client.upload(SPEAKER[0], "SAMPLE")


async def asked_meanwhile(client: Client, puts: list[asyncio.Task[httpx.Response]]) -> list[int]:
    """Asks whether the server is alive until the last bomb is judged; how many were judged at each answer."""
    judged = []
    while not all(put.done() for put in puts):
        answer = await client.http.get("/healthz")
        assert answer.status_code == 200, answer.text
        if not all(put.done() for put in puts):
            judged.append(sum(put.done() for put in puts))
    return judged
