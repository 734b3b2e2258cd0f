"""Photos: whether a portrait can be made of one, and the portrait itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask
from persona_graph.settings import Settings

PORTRAIT_SIDE = 2048
# Address space that OpenCV's libraries take and never touch; what is left is what the child can really use.
OPENCV_MAPS = 224 << 20


@dataclass(frozen=True)
class PhotoLimits:
    """Sides in pixels. ``min_sharpness``, ``max_noise`` and ``luma`` are of the face, see PhotoReport; ``one_face=False`` asks
    only for a picture."""

    max_pixels: int = 50_000_000
    min_side: int = 256
    one_face: bool = True
    min_face: int = 80
    min_sharpness: float = 6.0
    max_noise: float = 12.0
    luma: tuple[float, float] = (35.0, 235.0)

    @classmethod
    def of(cls, settings: Settings, *, one_face: bool = True) -> PhotoLimits:
        return cls(max_pixels=settings.max_image_pixels, one_face=one_face)


@dataclass(frozen=True, kw_only=True)
class PhotoReport:
    """``face_box`` is x, y, width, height as fractions of the upright picture. Of the face (of the whole when
    there is none): ``sharpness`` is the Laplacian's variance at 256 pixels (a clear portrait 30 and more, a
    blurred one under 6), ``luma`` 0–255, ``contrast`` its standard deviation, ``clipped`` the share of black
    and white pixels, ``noise`` an estimate in the same units. ``tilt_degrees`` is the line between the eyes,
    None when they were not found."""

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


async def probe_photo(
    path: str | Path, limits: PhotoLimits | None = None, *, bounds: Bounds | None = None
) -> PhotoReport:
    """Raises MediaRefused: MEDIA_UNSUPPORTED, MEDIA_DAMAGED, IMAGE_TOO_LARGE, IMAGE_TOO_SMALL (picture or face),
    PHOTO_NO_FACE, PHOTO_MANY_FACES, PHOTO_UNCLEAR."""
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


async def _ask(
    path: str | Path, out: str | Path | None, limits: PhotoLimits | None, bounds: Bounds | None
) -> PhotoReport:
    limits = limits or PhotoLimits()
    request = {
        "path": str(Path(path).absolute()), "out": str(Path(out).absolute()) if out else None,
        "longest_side": PORTRAIT_SIDE, "max_pixels": limits.max_pixels, "min_side": limits.min_side,
        "one_face": limits.one_face, "min_face": limits.min_face, "min_sharpness": limits.min_sharpness,
        "max_noise": limits.max_noise,
        "luma": limits.luma,
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
