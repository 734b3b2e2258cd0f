"""Cuts the photo to the shape of the video, the face well placed in it, and fills what the photo lacks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from persona_graph_local.face_geometry import Affine, Box, Floats, Image

SHORT_SIDES = {"480p": 480, "720p": 720}
ASPECTS = {"1:1": (1, 1), "16:9": (16, 9), "9:16": (9, 16)}
WANTED = {"1:1": 0.36, "16:9": 0.36, "9:16": 0.42}
TIGHTEST = 0.66
EYE_LINE = 0.45


def frame_size(resolution: str, aspect: str) -> tuple[int, int]:
    """Width and height in pixels, both even. Raises ``ValueError`` for a word it does not know."""
    if resolution not in SHORT_SIDES:
        raise ValueError(f"resolution must be one of {', '.join(SHORT_SIDES)}")
    if aspect not in ASPECTS:
        raise ValueError(f"aspect must be one of {', '.join(ASPECTS)}")
    short, (across, down) = SHORT_SIDES[resolution], ASPECTS[aspect]
    long = 2 * round(short * max(across, down) / min(across, down) / 2)
    return (long, short) if across > down else (short, long)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of the photo that the frame shows, in photo pixels; it may reach beyond the photo."""

    x: float
    y: float
    width: float
    height: float


def choose_cut(photo: tuple[int, int], face: Box, size: tuple[int, int], aspect: str) -> Cut:
    """``photo`` and ``size`` are (width, height). The face gets its share of the short side; a photo too
    small for that is cut tighter; only past a point is it filled up, and then in one direction."""
    short = min(size)
    across, down = size[0] / short, size[1] / short
    side = face.width / WANTED[aspect]
    limits = sorted((photo[0] / across, photo[1] / down))
    if side > limits[0]:
        tightest = face.width / TIGHTEST
        side = limits[0] if limits[0] >= tightest else max(tightest, min(side, limits[1]))
    width, height = side * across, side * down
    x = _placed(face.centre[0] - width / 2, width, photo[0])
    y = _placed(face.centre[1] - height * EYE_LINE, height, photo[1])
    return Cut(x, y, width, height)


def _placed(start: float, length: float, available: int) -> float:
    if length >= available:
        return min(0.0, max(available - length, start))
    return min(max(0.0, start), available - length)


def framed(photo: Image, cut: Cut, size: tuple[int, int]) -> tuple[Image, Affine]:
    """The cut at the size of the video, and how photo coordinates map into it."""
    scale = size[0] / cut.width
    affine = np.array(
        [[scale, 0.0, -(cut.x + 0.5) * scale + 0.5], [0.0, scale, -(cut.y + 0.5) * scale + 0.5]]
    )
    source = photo
    if scale < 0.6:
        source = np.asarray(cv2.GaussianBlur(photo, (0, 0), 0.42 / scale), np.uint8)
    picture = cv2.warpAffine(source, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _softened_beyond(_sharpened(np.asarray(picture, np.uint8), scale), photo, affine), affine


def _sharpened(picture: Image, scale: float) -> Image:
    """Enlarging blurs by about the scale; more than a light touch would bring out its ringing."""
    soft = cv2.GaussianBlur(picture, (0, 0), min(3.0, max(0.8, 0.55 * scale)))
    amount = min(0.5, max(0.2, 0.3 * scale))
    return np.asarray(cv2.addWeighted(picture, 1.0 + amount, soft, -amount, 0.0), np.uint8)


def _softened_beyond(picture: Image, photo: Image, affine: Affine) -> Image:
    """Outside the photo its border pixels run on. Blurred the more the farther out, they become a backdrop:
    no streaks, no edge where the photo ends, and no second face as a mirror image would give."""
    height, width = picture.shape[:2]
    scale = float(affine[0, 0])
    left, top = float(affine[0, 2]), float(affine[1, 2])
    right, bottom = left + photo.shape[1] * scale, top + photo.shape[0] * scale
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    beyond = np.maximum(np.maximum(left - x, x - right), np.maximum(top - y, y - bottom)) / min(width, height)
    if beyond.max() * min(width, height) <= 1:
        return picture
    out = picture.astype(np.float32)
    for sigma, start, reach in (
        (0.006, -0.03, 0.03),
        (0.02, -0.02, 0.06),
        (0.06, 0.0, 0.12),
        (0.16, 0.04, 0.3),
    ):
        soft = _blurred(picture, sigma * min(width, height))
        share = np.clip((beyond - start) / reach, 0.0, 1.0)
        out += (soft - out) * (share * share * (3.0 - 2.0 * share))[..., None]
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)


def _blurred(picture: Image, sigma: float) -> Floats:
    """A wide blur, reckoned on a small copy."""
    height, width = picture.shape[:2]
    shrink = max(1, int(sigma // 3))
    small = cv2.resize(
        picture, (max(2, width // shrink), max(2, height // shrink)), interpolation=cv2.INTER_AREA
    )
    soft = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
