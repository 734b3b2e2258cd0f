"""Photos: what is accepted as a portrait, what is refused and why, and what is kept of it (U12–U17)."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_graph.errors import MediaRefused
from persona_graph.media.bounded import Bounds
from persona_graph.media.photo import PhotoLimits, portrait, probe_photo
from persona_graph.settings import Settings

PHOTOS = Path(__file__).parents[1] / "samples" / "photos"
ASTRONAUT = PHOTOS / "astronaut.png"
ROOM = Bounds(seconds=20)
ANY = PhotoLimits(one_face=False)
CANARY = b"canary-SN-4711"

Picture = Any


@pytest.fixture(scope="module")
def face() -> Picture:
    return cv2.imread(str(ASTRONAUT))


def saved(path: Path, picture: Picture, *options: int) -> Path:
    assert cv2.imwrite(str(path), picture, options)
    return path


async def refusal(path: Path, limits: PhotoLimits | None = None) -> str:
    with pytest.raises(MediaRefused) as refused:
        await probe_photo(path, limits, bounds=ROOM)
    assert refused.value.message and refused.value.fix
    return refused.value.code


async def code(path: Path, limits: PhotoLimits | None = None) -> str:
    try:
        await probe_photo(path, limits, bounds=ROOM)
    except MediaRefused as refused:
        return refused.code
    return "accepted"


async def test_a_photo_of_a_phone_is_accepted_and_scaled(face: Picture, tmp_path: Path) -> None:
    large = cv2.resize(face, (4000, 4000), interpolation=cv2.INTER_CUBIC)
    path = saved(tmp_path / "a.jpg", large, cv2.IMWRITE_JPEG_QUALITY, 90)
    assert (await probe_photo(path, bounds=ROOM)).width == 4000
    found = await portrait(path, tmp_path / "out.png", bounds=ROOM)
    assert (found.width, found.height, found.content_type) == (2048, 2048, "image/png")
    assert cv2.imread(str(tmp_path / "out.png")).shape == (2048, 2048, 3)


# --- What is kept ----------------------------------------------------------------------------------


def exif(orientation: int) -> bytes:
    """Orientation, a camera's serial number, a place, and a thumbnail that shows something else."""
    tags = [(0x0112, 3, 1, struct.pack("<HH", orientation, 0)), (0xA431, 2, len(CANARY), struct.pack("<I", 200)),
            (0x8825, 4, 1, struct.pack("<I", 260))]  # fmt: skip
    first = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHI", *tag[:3]) + tag[3] for tag in tags)
    body = b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<I", 300)
    body = body.ljust(200, b"\0") + CANARY
    place = struct.pack("<H", 1) + struct.pack("<HHI", 2, 5, 3) + struct.pack("<I", 280) + bytes(4)
    return body.ljust(260, b"\0") + place + b"GPS" + CANARY + b"\xff\xd8\xff\xd9"


def with_exif(kind: str, content: bytes, orientation: int) -> bytes:
    block = exif(orientation)
    if kind == "jpg":
        body = b"Exif\0\0" + block
        return content[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body + content[2:]
    if kind == "png":
        # After the header block, before the pixels.
        return content[:33] + png_block(b"eXIf", block) + content[33:]
    body = block + b"\0" * (len(block) & 1)
    width, height = 511, 511
    extended = (
        b"VP8X" + struct.pack("<IB3x", 10, 0x08) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    )
    inner = b"WEBP" + extended + content[12:] + b"EXIF" + struct.pack("<I", len(block)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def png_block(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


# What a camera stores for each orientation, so that the viewer turns it upright.
STORED: dict[int, Callable[[Picture], Picture]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[:, ::-1],
}


@pytest.mark.parametrize("orientation", STORED)
async def test_the_portrait_is_upright_and_holds_pixels_only(
    face: Picture, tmp_path: Path, orientation: int
) -> None:
    """U16: place, serial number and thumbnail are gone, the orientation is applied."""
    upright = face[:480]
    saved(
        tmp_path / "a.jpg", np.ascontiguousarray(STORED[orientation](upright)), cv2.IMWRITE_JPEG_QUALITY, 95
    )
    content = with_exif("jpg", (tmp_path / "a.jpg").read_bytes(), orientation)
    (tmp_path / "a.jpg").write_bytes(content)
    assert CANARY in content
    found = await portrait(tmp_path / "a.jpg", tmp_path / "out.png", bounds=ROOM)
    assert (found.width, found.height, found.faces) == (512, 480, 1)
    kept = (tmp_path / "out.png").read_bytes()
    assert CANARY not in kept
    assert set(png_blocks(kept)) == {b"IHDR", b"IDAT", b"IEND"}
    difference = np.abs(cv2.imread(str(tmp_path / "out.png")).astype(int) - upright).mean()
    assert difference < 4


def png_blocks(content: bytes) -> list[bytes]:
    names, at = [], 8
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += 12 + struct.unpack(">I", content[at : at + 4])[0]
    return names


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
async def test_every_format_loses_its_metadata(face: Picture, tmp_path: Path, kind: str) -> None:
    """U16"""
    path = saved(tmp_path / f"a.{kind}", np.ascontiguousarray(face[::-1, ::-1]))
    path.write_bytes(with_exif(kind, path.read_bytes(), 3))
    found = await portrait(path, tmp_path / "out.png", bounds=ROOM)
    assert found.faces == 1
    assert CANARY not in (tmp_path / "out.png").read_bytes()
    assert (tmp_path / "out.png").stat().st_mode & 0o077 == 0
    assert np.abs(cv2.imread(str(tmp_path / "out.png")).astype(int) - face).mean() < 6


async def test_a_cut_out_stands_on_white(face: Picture, tmp_path: Path) -> None:
    alpha = np.full(face.shape[:2], 255, dtype=np.uint8)
    alpha[400:] = 0
    path = saved(tmp_path / "a.png", np.dstack([face, alpha]))
    await portrait(path, tmp_path / "out.png", bounds=ROOM)
    out = cv2.imread(str(tmp_path / "out.png"))
    assert (out[450] == 255).all()
    assert np.array_equal(out[:399], face[:399])


@pytest.mark.parametrize("kind", ["grey", "16 bits", "palette-like one bit", "CMYK-free JPEG grey"])
async def test_other_depths_are_pictures_too(face: Picture, tmp_path: Path, kind: str) -> None:
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    path = {
        "grey": lambda: saved(tmp_path / "a.png", grey),
        "16 bits": lambda: saved(tmp_path / "a.png", face.astype(np.uint16) * 257),
        "palette-like one bit": lambda: saved(tmp_path / "a.png", grey, cv2.IMWRITE_PNG_BILEVEL, 1),
        "CMYK-free JPEG grey": lambda: saved(tmp_path / "a.jpg", grey),
    }[kind]()
    found = await portrait(path, tmp_path / "out.png", ANY, bounds=ROOM)
    assert (found.width, found.height) == (512, 512)


async def test_what_rides_on_a_picture_is_left_behind(face: Picture, tmp_path: Path) -> None:
    """U12: a JPEG with an archive behind it, a PNG with a comment."""
    rider = io.BytesIO()
    with zipfile.ZipFile(rider, "w") as packed:
        packed.writestr("Main.class", CANARY * 9)
    for kind in ("jpg", "png", "webp"):
        path = saved(tmp_path / f"a.{kind}", face)
        content = path.read_bytes()
        if kind == "png":
            content = content[:33] + png_block(b"tEXt", b"Comment\0<script>" + CANARY) + content[33:]
        path.write_bytes(content + rider.getvalue())
        await portrait(path, tmp_path / "out.png", bounds=ROOM)
        kept = (tmp_path / "out.png").read_bytes()
        assert CANARY not in kept and b"PK\x03\x04" not in kept and b"<script>" not in kept


# --- Bombs -----------------------------------------------------------------------------------------


def png_of(width: int, height: int, *, bits: int = 1, colour: int = 0, rows: int | None = None) -> bytes:
    row = bytes(1 + (width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row * 100) for _ in range((rows or height) // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + png_block(b"IHDR", head) + png_block(b"IDAT", pixels) + png_block(b"IEND", b"")
    )


async def test_a_picture_of_900_megapixels_is_refused_by_its_header(tmp_path: Path) -> None:
    """U14: 109 KB on disk, 2.7 GB as RGB. The child may use less memory than a hundredth of it."""
    bomb = png_of(30_000, 30_000)
    assert len(bomb) < 150_000
    (tmp_path / "a.png").write_bytes(bomb)
    with pytest.raises(MediaRefused) as refused:
        await probe_photo(tmp_path / "a.png", bounds=Bounds(seconds=20, address_space=300 << 20))
    assert refused.value.code == "IMAGE_TOO_LARGE"
    assert "30000×30000" in refused.value.message


async def test_every_header_is_read_for_its_size(face: Picture, tmp_path: Path) -> None:
    """U14 for the other formats, and the limit of the settings."""
    jpeg = bytearray(saved(tmp_path / "a.jpg", face).read_bytes())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 60000, 60000)
    (tmp_path / "a.jpg").write_bytes(jpeg)
    assert await refusal(tmp_path / "a.jpg") == "IMAGE_TOO_LARGE"
    webp = bytearray(with_exif("webp", saved(tmp_path / "a.webp", face).read_bytes(), 1))
    webp[24:30] = b"\xff\x3f\0\xff\x3f\0"
    (tmp_path / "a.webp").write_bytes(webp)
    assert await refusal(tmp_path / "a.webp") == "IMAGE_TOO_LARGE"
    small = PhotoLimits.of(Settings(data_dir=tmp_path, max_image_pixels=512 * 512 - 1))
    assert await refusal(ASTRONAUT, small) == "IMAGE_TOO_LARGE"


async def test_the_largest_admitted_picture_fits_the_child(tmp_path: Path) -> None:
    """The pixel limit and the memory limit must not contradict each other."""
    for bits, colour in ((8, 2), (8, 6), (8, 0)):
        (tmp_path / "a.png").write_bytes(
            png_of(7070, 7000, bits=bits * (1, 1, 3, 1, 1, 1, 4)[colour], colour=colour)
        )
        content = bytearray((tmp_path / "a.png").read_bytes())
        content[16:33] = struct.pack(">IIBBBBB", 7070, 7000, 8, colour, 0, 0, 0) + content[29:33]
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
        (tmp_path / "a.png").write_bytes(content)
        assert await refusal(tmp_path / "a.png") == "PHOTO_NO_FACE"


async def test_a_hundred_thousand_frames_are_one_picture(face: Picture, tmp_path: Path) -> None:
    """U15: APNG and WebP show their first frame or are refused; a GIF is refused by its kind."""
    plain = saved(tmp_path / "a.png", face).read_bytes()
    frames = [plain[:33], png_block(b"acTL", struct.pack(">II", 100_001, 0)),
              png_block(b"fcTL", struct.pack(">IIIIIHHBB", 0, 512, 512, 0, 0, 1, 100, 0, 0)), plain[33:-12]]  # fmt: skip
    dot = zlib.compress(b"\0\0\0\0")
    for n in range(100_000):
        frames.append(png_block(b"fcTL", struct.pack(">IIIIIHHBB", 2 * n + 1, 1, 1, 0, 0, 1, 100, 0, 0)))
        frames.append(png_block(b"fdAT", struct.pack(">I", 2 * n + 2) + dot))
    (tmp_path / "a.png").write_bytes(b"".join([*frames, plain[-12:]]))
    assert await code(tmp_path / "a.png") in {"accepted", "MEDIA_DAMAGED"}

    still = saved(tmp_path / "a.webp", face, cv2.IMWRITE_WEBP_QUALITY, 80).read_bytes()[12:]
    tiny = saved(tmp_path / "b.webp", face[:16, :16], cv2.IMWRITE_WEBP_QUALITY, 10).read_bytes()[12:]
    head = (
        b"VP8X"
        + struct.pack("<IB3x", 10, 0x02)
        + b"\xff\x01\0\xff\x01\0"
        + b"ANIM"
        + struct.pack("<IIH", 6, 0, 0)
    )
    inner = b"WEBP" + head + webp_frame(still, 512) + webp_frame(tiny, 16) * 100_000
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(inner)) + inner)
    assert await code(tmp_path / "a.webp") in {"accepted", "MEDIA_DAMAGED"}

    (tmp_path / "a.gif").write_bytes(b"GIF89a" + bytes(100))
    assert await refusal(tmp_path / "a.gif") == "MEDIA_UNSUPPORTED"


def webp_frame(chunk: bytes, side: int) -> bytes:
    size = (side - 1).to_bytes(3, "little")
    body = bytes(6) + size + size + (100).to_bytes(3, "little") + b"\0" + chunk
    return b"ANMF" + struct.pack("<I", len(body)) + body


STRANGERS = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "SVG"),
    "html": (b"<html><body onload=alert(1)>", "web page"),
    "php": (b"<?php system('id');", "script"),
    "elf": (b"\x7fELF" + bytes(100), "program"),
    "zip": (b"PK\x03\x04" + bytes(100), "ZIP"),
    "pdf": (b"%PDF-1.4", "PDF"),
    "gif and script": (b"GIF89a=1;/*" + bytes(100), "GIF"),
    "tiff": (b"II*\0" + bytes(100), "TIFF"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(100), "MP4"),
    "sound": (b"RIFF\0\0\0\0WAVE" + bytes(100), "WAV"),
}


@pytest.mark.parametrize("name", STRANGERS)
async def test_what_is_no_photo_is_named(tmp_path: Path, name: str) -> None:
    """U13, U18: by content; the name and the declared type say image/png."""
    content, called = STRANGERS[name]
    (tmp_path / "photo.png").write_bytes(content)
    with pytest.raises(MediaRefused) as refused:
        await probe_photo(tmp_path / "photo.png", bounds=ROOM)
    assert refused.value.code == "MEDIA_UNSUPPORTED"
    assert called in refused.value.message and "PNG, JPEG or WebP" in refused.value.message


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
async def test_a_cut_picture_is_damaged(face: Picture, tmp_path: Path, kind: str) -> None:
    """U7 for photos: a decoder fills the rest with grey; its owner hears of it instead."""
    path = saved(tmp_path / f"a.{kind}", face)
    whole = with_exif(kind, path.read_bytes(), 1)
    for part in (0.0, 0.0005, 0.02, 0.4, 0.8, 0.97):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert await refusal(path) in {"MEDIA_DAMAGED", "MEDIA_UNSUPPORTED"}


@pytest.mark.parametrize("width, height", [(0, 0), (0, 300), (300, 0)])
async def test_a_picture_without_a_side(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "a.png").write_bytes(png_of(width, height, rows=100))
    assert await refusal(tmp_path / "a.png") == "MEDIA_DAMAGED"


@pytest.fixture(scope="module")
def seeds(face: Picture, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    small = cv2.resize(face, (280, 280), interpolation=cv2.INTER_AREA)
    return {
        kind: with_exif(kind, saved(folder / f"a.{kind}", small).read_bytes(), 6)
        for kind in ("png", "jpg", "webp")
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["png", "jpg", "webp"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
    early=st.booleans(),
)
def test_random_damage_is_typed(
    seeds: dict[str, bytes], tmp_path: Path, kind: str, changes: list[tuple[float, bytes]], early: bool
) -> None:
    """U17: decoded or typed, no signal reaches the caller."""
    content = bytearray(seeds[kind])
    reach = min(len(content), 700) if early else len(content)
    for place, new in changes:
        at = int(place * (reach - 1))
        content[at : at + len(new)] = new
    path = tmp_path / "damaged"
    path.write_bytes(content)
    asyncio.run(code(path, ANY))
