"""Photos: whether a portrait can be made of one, and the portrait itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask
from persona_graph.media.framing import Frame
from persona_graph.settings import Settings

PORTRAIT_SIDE = 2048
FRAME_SIDE = 512
# Address space that OpenCV's libraries take and never touch; what is left is what the child can really use.
OPENCV_MAPS = 224 << 20


@dataclass(frozen=True)
class PhotoLimits:
    """Sides in pixels. ``min_sharpness``, ``max_noise`` and ``luma`` are of the face, see PhotoReport; ``max_white`` is
    the share of it that is white. A face counts as turned away when one eye is smaller than ``min_symmetry`` of the
    other *and* they are nearer than ``min_apart`` of its width. ``one_face=False`` asks only for a picture.

    Where the defaults lie, measured on one portrait (docs/photos.md): sharpness 22, after a blur of σ 0.5 px 11, of
    1 px 4; noise 4, with σ 15 added 11, with 20 14; luma 154, at a fifth of the light 30. Symmetry 0.87 to 1 and
    distance 0.43 to 0.49 for 30 ways of taking it; 0.72 and 0.39 at most when it is turned by 45° (on a cylinder)."""

    max_pixels: int = 50_000_000
    min_side: int = 256
    one_face: bool = True
    min_face: int = 80
    min_sharpness: float = 6.0
    max_noise: float = 12.0
    luma: tuple[float, float] = (35.0, 235.0)
    max_white: float = 1 / 3
    max_tilt: float = 20.0
    min_symmetry: float = 0.75
    min_apart: float = 0.42

    @classmethod
    def of(cls, settings: Settings, *, one_face: bool = True) -> PhotoLimits:
        return cls(max_pixels=settings.max_image_pixels, one_face=one_face)


@dataclass(frozen=True, kw_only=True)
class PhotoReport:
    """``face_box`` is x, y, width, height as fractions of the upright picture. Of the face (of the whole when
    there is none): ``sharpness`` is the Laplacian's variance at 256 pixels and a contrast of 50 (a clear portrait
    20 and more, a blurred one under 6), ``luma`` 0–255, ``contrast`` its standard deviation, ``clipped`` the share
    of black and white pixels, ``noise`` an estimate in the same units. ``tilt_degrees`` is the line between the
    eyes and ``eye_symmetry`` the smaller one's size by the larger one's, None when they were not both found."""

    content_type: str
    width: int
    height: int
    faces: int
    face_box: tuple[float, float, float, float] | None
    sharpness: float
    luma: float
    contrast: float
    clipped: float
    noise: float
    tilt_degrees: float | None
    eye_symmetry: float | None


async def probe_photo(
    path: str | Path, limits: PhotoLimits | None = None, *, bounds: Bounds | None = None
) -> PhotoReport:
    """Raises MediaRefused: MEDIA_UNSUPPORTED, MEDIA_DAMAGED, IMAGE_TOO_LARGE, IMAGE_TOO_SMALL, or
    PHOTO_ and the fault of the face (see :mod:`persona_graph.errors`)."""
    return await _ask(path, None, limits, bounds)


async def portrait(
    path: str | Path,
    out_png: str | Path,
    limits: PhotoLimits | None = None,
    *,
    bounds: Bounds | None = None,
) -> PhotoReport:
    """Writes the first frame upright, on white where it was transparent, at most 2048 pixels long, as a PNG that
    holds pixels and nothing else. The answer describes that PNG; refuses as :func:`probe_photo` does."""
    return await _ask(path, out_png, limits, bounds)


async def cut_out(
    photo: str | Path, out_png: str | Path, frame: Frame, *, bounds: Bounds | None = None
) -> None:
    """Writes what ``frame`` shows of one of our own portraits, 512 pixels long at most; beyond the photo its border
    pixels run on."""
    request = {
        "path": str(Path(photo).absolute()), "out": str(Path(out_png).absolute()), "frame": tuple(frame),
        "longest_side": FRAME_SIDE,
    }  # fmt: skip
    room = bounds or Bounds()
    room = room.at_least(address_space=room.address_space + OPENCV_MAPS, written_bytes=4 * FRAME_SIDE**2)
    await ask("child_frame", request, room)


async def _ask(
    path: str | Path, out: str | Path | None, limits: PhotoLimits | None, bounds: Bounds | None
) -> PhotoReport:
    limits = limits or PhotoLimits()
    request = {
        "path": str(Path(path).absolute()), "out": str(Path(out).absolute()) if out else None,
        "longest_side": PORTRAIT_SIDE, "max_pixels": limits.max_pixels, "min_side": limits.min_side,
        "one_face": limits.one_face, "min_face": limits.min_face, "min_sharpness": limits.min_sharpness,
        "max_noise": limits.max_noise,
        "luma": limits.luma, "max_white": limits.max_white, "max_tilt": limits.max_tilt,
        "min_symmetry": limits.min_symmetry, "min_apart": limits.min_apart,
    }  # fmt: skip
    room = bounds or Bounds()
    room = room.at_least(
        seconds=room.seconds + limits.max_pixels / 1e7,
        address_space=room.address_space + OPENCV_MAPS,
        written_bytes=4 * PORTRAIT_SIDE**2 if out else 0,
    )
    answer = await ask("child_photo", request, room)
    box = answer.pop("face_box")
    return PhotoReport(**answer, face_box=tuple(box) if box else None)
