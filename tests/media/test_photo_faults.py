"""What is measured on a face, and each fault's own refusal (rows 85–87)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.photo import PhotoReport, probe_photo

from .test_photo import ANY, ASTRONAUT, PHOTOS, ROOM, Picture, code, refusal, saved


@pytest.fixture(scope="module")
def face() -> Picture:
    return cv2.imread(str(ASTRONAUT))


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
