"""Finds the face in a photo: three Haar cascades vote, the eye cascades and the irises give tilt and scale."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from persona_graph_local.face_geometry import Box, Floats, Frame, Image, NoFace

SMALLEST = 48
VOTERS = (
    "haarcascade_frontalface_default.xml",
    "haarcascade_frontalface_alt.xml",
    "haarcascade_frontalface_alt2.xml",
)
EYE_VOTERS = ("haarcascade_eye.xml", "haarcascade_eye_tree_eyeglasses.xml")
LOOKS = ((500, 0.0), (1000, 0.0), (500, 18.0), (500, -18.0), (1000, 18.0), (1000, -18.0))
"""Longest side to look at, in pixels, and degrees to turn by; a portrait's face is found at the first."""
ADVICE = "Use a sharp, evenly lit photo in which one face looks at the camera and fills a good part of the picture."


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))


def find_face(picture: Image) -> tuple[Box, Frame]:
    """The largest face that two of three cascades agree on. Raises ``NoFace``."""
    for largest, degrees in LOOKS:
        seen = _look(picture, largest, degrees)
        if seen is not None:
            box, rough = seen
            return box, _sharpened(picture, rough)
    raise NoFace(f"No face was found in the photo. {ADVICE}")


def _look(picture: Image, largest: int, degrees: float) -> tuple[Box, Frame] | None:
    height, width = picture.shape[:2]
    shrink = largest / max(height, width)
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    quality = cv2.INTER_AREA if shrink < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), size, interpolation=quality)
    level = cv2.createCLAHE(2.5, (8, 8)).apply(grey)
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1.0)
    if degrees:
        level = cv2.warpAffine(level, turn, size, borderMode=cv2.BORDER_REPLICATE)
    agreed = _agreed(np.asarray(level, np.uint8))
    if agreed is None:
        return None
    back = cv2.invertAffineTransform(turn) / shrink
    left, right = (back @ np.array([*eye, 1.0]) for eye in _eyes(np.asarray(level, np.uint8), agreed))
    middle = back @ np.array([*agreed.centre, 1.0])
    side = agreed.width / shrink
    box = Box(float(middle[0]) - side / 2, float(middle[1]) - side / 2, side, side)
    return box, Frame.between((float(left[0]), float(left[1])), (float(right[0]), float(right[1])))


def _agreed(grey: Image) -> Box | None:
    seen = [
        [
            Box(*(float(v) for v in box))
            for box in _cascade(name).detectMultiScale(grey, 1.1, 4, minSize=(SMALLEST, SMALLEST))
        ]
        for name in VOTERS
    ]
    best: Box | None = None
    for box in (box for boxes in seen for box in boxes):
        alike = [max(boxes, key=box.overlap) for boxes in seen if any(box.overlap(b) > 0.4 for b in boxes)]
        if len(alike) < 2:
            continue
        mean = Box(
            *(float(np.mean([getattr(b, side) for b in alike])) for side in ("x", "y", "width", "height"))
        )
        if best is None or mean.width > best.width * 1.05:
            best = mean
    return best


def _eyes(grey: Image, face: Box) -> Iterator[tuple[float, float]]:
    """Left then right eye, as seen in the picture; where no cascade sees one, where it ought to be."""
    top, bottom = int(face.y + face.height * 0.18), int(face.y + face.height * 0.58)
    smallest = max(8, int(face.width * 0.14))
    for start, nominal in ((0.05, 0.31), (0.5, 0.69)):
        left, right = int(face.x + face.width * start), int(face.x + face.width * (start + 0.45))
        part = np.ascontiguousarray(grey[max(0, top) : bottom, max(0, left) : right])
        found = [
            (x + w / 2 + max(0, left), y + h / 2 + max(0, top))
            for name in EYE_VOTERS
            for x, y, w, h in (
                _cascade(name).detectMultiScale(part, 1.08, 4, minSize=(smallest, smallest))
                if part.size
                else ()
            )
        ]
        expected = (face.x + face.width * nominal, face.y + face.height * 0.39)
        near = [
            eye for eye in found if np.hypot(eye[0] - expected[0], eye[1] - expected[1]) < face.width * 0.13
        ]
        yield (
            (float(np.median([e[0] for e in near])), float(np.median([e[1] for e in near])))
            if near
            else expected
        )


CANVAS = (320, 340)
UNIT = 100.0
ORIGIN = (160.0, 100.0)


def upright(picture: Image, frame: Frame) -> Image:
    """The face turned upright and scaled so that the eyes lie ``UNIT`` pixels apart around ``ORIGIN``."""
    here = Frame(ORIGIN, UNIT, 0.0).to_picture()
    there = np.vstack([frame.to_picture(), [0.0, 0.0, 1.0]])
    affine = np.vstack([here, [0.0, 0.0, 1.0]]) @ np.linalg.inv(there)
    if frame.unit > 1.5 * UNIT:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 * frame.unit / UNIT), np.uint8)
    return np.asarray(
        cv2.warpAffine(picture, affine[:2], CANVAS, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def _sharpened(picture: Image, frame: Frame) -> Frame:
    """Haar boxes are a few pixels off: pull both eyes onto the irises, twice, as the first step turns the view."""
    for reach in (0.14, 0.08):
        grey = np.asarray(cv2.cvtColor(upright(picture, frame), cv2.COLOR_BGR2GRAY), np.float32)
        left, right = (_iris(grey, x, reach) for x in (-0.5, 0.5))
        better = Frame.between(frame.point(*left), frame.point(*right))
        if not 0.8 < better.unit / frame.unit < 1.25:
            break
        frame = better
    return frame


def _iris(grey: Floats, x: float, reach: float) -> tuple[float, float]:
    """Centre of the darkest round thing near (x, 0): gradients around an iris point away from its middle
    (Timm and Barth, 2011)."""
    pad = 26
    column, row = int(ORIGIN[0] + x * UNIT), int(ORIGIN[1])
    patch = cv2.GaussianBlur(grey[row - pad : row + pad + 1, column - pad : column + pad + 1], (0, 0), 1.5)
    across, down = cv2.Sobel(patch, cv2.CV_32F, 1, 0), cv2.Sobel(patch, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    rows, columns = np.nonzero(strength > np.percentile(strength, 80))
    vote = np.stack([across[rows, columns], down[rows, columns]], 1) / strength[rows, columns, None]
    span = int(reach * UNIT)
    ys, xs = (grid.ravel() for grid in np.mgrid[pad - span : pad + span + 1, pad - span : pad + span + 1])
    away = np.stack([columns[None] - xs[:, None], rows[None] - ys[:, None]], 2).astype(np.float32)
    length = np.linalg.norm(away, axis=2)
    ring = (length > 3) & (length < 14)
    agreement = np.maximum(0.0, np.einsum("ceq,eq->ce", away, vote) / np.maximum(length, 1.0))
    pull = (agreement**2 * ring).sum(1) * (260.0 - cv2.GaussianBlur(patch, (0, 0), 3.0)[ys, xs])
    pull *= np.exp(-((xs - pad) ** 2 + (ys - pad) ** 2) / (2 * (span * 0.8) ** 2))
    top = int(np.argmax(pull))
    return x + (float(xs[top]) - pad) / UNIT, (float(ys[top]) - pad) / UNIT
