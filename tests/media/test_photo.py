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
from persona_graph.media.photo import PhotoLimits, PhotoReport, portrait, probe_photo
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


# --- Faces -----------------------------------------------------------------------------------------


async def test_a_clear_portrait_is_accepted() -> None:
    """Rows 85–87"""
    found = await probe_photo(ASTRONAUT, bounds=ROOM)
    assert (found.content_type, found.width, found.height, found.faces) == ("image/png", 512, 512, 1)
    assert found.face_box is not None
    x, y, width, height = found.face_box
    # Where the face is in this picture, by eye.
    assert 0.30 < x < 0.40 and 0.08 < y < 0.18 and 0.15 < width < 0.25 and 0.15 < height < 0.25
    assert found.sharpness > 15
    assert 100 < found.luma < 200
    assert found.clipped < 0.05
    assert found.tilt_degrees is not None and abs(found.tilt_degrees) < 8


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png"])
async def test_a_cat_and_a_cup_have_no_face(name: str) -> None:
    assert await refusal(PHOTOS / name) == "PHOTO_NO_FACE"
    found = await probe_photo(PHOTOS / name, ANY, bounds=ROOM)
    assert (found.faces, found.face_box, found.tilt_degrees) == (0, None, None)


async def test_each_measure_does_what_its_name_says(face: Picture, tmp_path: Path) -> None:
    """Row 87, with the figures of docs/photos.md."""

    async def found(picture: Picture) -> PhotoReport:
        return await probe_photo(saved(tmp_path / "a.png", picture), ANY, bounds=ROOM)

    plain, mirrored = await found(face), await found(face[:, ::-1])
    assert plain.face_box is not None and mirrored.face_box is not None
    x, y, width, _ = plain.face_box
    assert mirrored.face_box[:3] == pytest.approx((1 - x - width, y, width), abs=0.01)
    assert mirrored.sharpness == pytest.approx(plain.sharpness, rel=0.1)
    assert (await found(blurred(face, 1))).sharpness < 0.3 * plain.sharpness
    dim = await found((face * 0.4).astype(np.uint8))
    # Less light is less contrast, not less focus.
    assert dim.sharpness == pytest.approx(plain.sharpness, rel=0.5) and dim.luma == pytest.approx(
        0.4 * plain.luma, rel=0.05
    )
    for sigma, least in ((10, 3), (20, 9)):
        assert (await found(noisy(face, sigma))).noise - plain.noise > least
    assert plain.eye_symmetry is not None and plain.eye_symmetry > 0.85


def beside(face: Picture) -> Picture:
    return np.hstack([face, face])


def larger(face: Picture) -> Picture:
    return cv2.resize(face, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


def small_in_a_large_picture(face: Picture) -> Picture:
    out = np.full((600, 600, 3), 120, dtype=np.uint8)
    out[200:560, 200:560] = cv2.resize(face, (360, 360), interpolation=cv2.INTER_AREA)
    return out


def noisy(face: Picture, sigma: float) -> Picture:
    grain = np.random.default_rng(5).normal(0, sigma, face.shape)
    return np.clip(face + grain, 0, 255).astype(np.uint8)


def blurred(face: Picture, sigma: float) -> Picture:
    return cv2.GaussianBlur(face, (0, 0), sigma)


def lit(face: Picture, gain: float, more: float = 0) -> Picture:
    return np.clip(face.astype(np.float32) * gain + more, 0, 255).astype(np.uint8)


def tilted(face: Picture, degrees: float) -> Picture:
    """Counter-clockwise around the face, which comes to the middle."""
    turn = cv2.getRotationMatrix2D((225, 120), degrees, 1)
    turn[:, 2] += (256 - 225, 256 - 120)
    return cv2.warpAffine(face, turn, (512, 512), borderMode=cv2.BORDER_REFLECT)


def turned_aside(face: Picture, degrees: float) -> Picture:
    """The head as a cylinder that turns about its axis: no real profile, but the eyes shrink as in one."""
    centre, radius = 225, 75
    across = np.arange(face.shape[1])
    angle = np.arcsin(np.clip((across - centre) / radius, -1, 1)) + np.radians(degrees)
    seen = centre + radius * np.sin(np.clip(angle, -np.pi / 2, np.pi / 2))
    from_x = np.where(np.abs(across - centre) < radius, seen, across).astype(np.float32)
    rows = np.arange(face.shape[0], dtype=np.float32)
    out = cv2.remap(face, *np.meshgrid(from_x, rows), cv2.INTER_LINEAR)
    return np.vstack([face[:40], out[40:200], face[200:]])


SPOILT: dict[str, tuple[Callable[[Picture], Picture], str]] = {
    "two people": (beside, "PHOTO_MANY_FACES"),
    "blank": (lambda face: np.full_like(face, 200), "PHOTO_NO_FACE"),
    "blurred": (lambda face: blurred(face, 1.3), "PHOTO_BLURRED"),
    "very blurred": (lambda face: blurred(face, 3), "PHOTO_BLURRED"),
    "a little too dark": (lambda face: lit(face, 0.2), "PHOTO_TOO_DARK"),
    "too dark": (lambda face: lit(face, 0.1), "PHOTO_TOO_DARK"),
    "overexposed": (lambda face: lit(face, 1.6), "PHOTO_TOO_BRIGHT"),
    "washed out": (lambda face: lit(face, 1, 110), "PHOTO_TOO_BRIGHT"),
    "grainy": (lambda face: noisy(face, 22), "PHOTO_NOISY"),
    "tiny": (lambda face: cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA), "IMAGE_TOO_SMALL"),
    "face too small": (small_in_a_large_picture, "PHOTO_FACE_TOO_SMALL"),
    "narrow": (lambda face: face[:, 100:340], "IMAGE_TOO_SMALL"),
    "cut on the left": (lambda face: face[:, 185:], "PHOTO_FACE_CUT"),
    "grazed on the left": (lambda face: face[:, 178:], "PHOTO_FACE_CUT"),
    "cut on the right": (lambda face: face[:, :262], "PHOTO_FACE_CUT"),
    "cut at the brows": (lambda face: face[85:], "PHOTO_FACE_CUT"),
    "cut at the mouth": (lambda face: cv2.resize(face[:140], None, fx=2, fy=2), "PHOTO_FACE_CUT"),
    "tilted": (lambda face: tilted(face, 30), "PHOTO_TILTED"),
    "tilted the other way": (lambda face: tilted(face, -45), "PHOTO_TILTED"),
    "lying": (lambda face: tilted(face, 90), "PHOTO_TILTED"),
    "upside down": (lambda face: tilted(face, 180), "PHOTO_TILTED"),
    "turned aside": (lambda face: larger(turned_aside(face, 48)), "PHOTO_NOT_FRONTAL"),
    "turned aside the other way": (lambda face: larger(turned_aside(face, -48)), "PHOTO_NOT_FRONTAL"),
}
FINE: dict[str, Callable[[Picture], Picture]] = {
    "mirrored": lambda face: np.ascontiguousarray(face[:, ::-1]),
    "a trace of blur": lambda face: blurred(face, 0.5),
    "dim": lambda face: lit(face, 0.35),
    "bright": lambda face: lit(face, 1.25),
    "high key": lambda face: lit(face, 1, 50),
    "some grain": lambda face: noisy(face, 10),
    "cut close": lambda face: face[50:172],
    "half as large again": larger,
    "a little smaller": lambda face: cv2.resize(face, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA),
    "tilted by 10°": lambda face: tilted(face, 10),
    "tilted by −8°": lambda face: tilted(face, -8),
    "turned by 20°": lambda face: turned_aside(face, 20),
    "turned by −30°": lambda face: turned_aside(face, -30),
    "lit from the side": lambda face: np.clip(face * np.linspace(0.3, 1.3, 512)[None, :, None], 0, 255).astype(np.uint8),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
async def test_each_fault_has_its_own_answer(face: Picture, tmp_path: Path, name: str) -> None:
    """Row 87, acceptance 87: tiny, blank, blurred, dark, cut, tilted and two-face pictures are refused."""
    spoil, expected = SPOILT[name]
    assert await refusal(saved(tmp_path / "a.png", spoil(face))) == expected


@pytest.mark.parametrize("name", FINE)
async def test_what_is_good_enough_is_accepted(face: Picture, tmp_path: Path, name: str) -> None:
    """Row 87: a check that refused everything would pass the tests above."""
    picture = FINE[name](face)
    if min(picture.shape[:2]) < 256:
        picture = cv2.resize(picture, None, fx=2.2, fy=2.2, interpolation=cv2.INTER_CUBIC)
    assert await code(saved(tmp_path / "a.png", picture)) == "accepted"


@pytest.mark.parametrize(("turn", "slope"), [(30, -27), (-45, 48), (60, -57), (90, -87)])
async def test_the_refusal_says_how_far_the_face_is_tilted(
    face: Picture, tmp_path: Path, turn: float, slope: float
) -> None:
    """The eyes of this portrait lie at 3° from the start."""
    with pytest.raises(MediaRefused) as refused:
        await probe_photo(saved(tmp_path / "a.png", tilted(face, turn)), bounds=ROOM)
    said = float(refused.value.message.rpartition(" ")[2].rstrip("°."))
    assert said == pytest.approx(slope, abs=4)


async def test_tilt_is_measured(face: Picture, tmp_path: Path) -> None:
    straight = (await probe_photo(ASTRONAUT, bounds=ROOM)).tilt_degrees
    assert straight is not None
    for degrees in (-8, 8, 15):
        path = saved(tmp_path / "a.png", tilted(face, degrees))
        found = (await probe_photo(path, ANY, bounds=ROOM)).tilt_degrees
        assert found is not None
        assert straight - found == pytest.approx(degrees, abs=3)


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
