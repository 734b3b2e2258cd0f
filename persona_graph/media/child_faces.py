"""Faces by a vote of three Haar cascades, and what can be measured on one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

_DETECTION_SIDE = 1000
_SMALLEST = 48
_VOTERS = ("frontalface_default", "frontalface_alt", "frontalface_alt2")
_VOTES_NEEDED = 2
_SAME_FACE = 0.4
# Smaller against the largest face, it is a passer-by or a pattern.
_COUNTS_FROM = 0.4
_FACE_SIDE = 256


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class Looks(NamedTuple):
    sharpness: float
    luma: float
    contrast: float
    clipped: float
    noise: float


def find_faces(grey: Picture) -> list[Box]:
    """Largest first, in fractions of the picture."""
    height, width = grey.shape
    scale = _DETECTION_SIDE / max(height, width)
    small: Any = cv2.equalizeHist(
        cv2.resize(grey, None, fx=scale, fy=scale, interpolation=_interpolation(scale))
    )
    groups: list[list[Box]] = []
    for voter in _VOTERS:
        for box in _detected(voter, small):
            _join(groups, box)
    voted = [_mean(group) for group in groups if len(group) >= _VOTES_NEEDED]
    voted.sort(key=lambda box: -box.width)
    unit = (1 / (width * scale), 1 / (height * scale))
    return [
        Box(box.x * unit[0], box.y * unit[1], box.width * unit[0], box.height * unit[1])
        for box in voted
        if box.width >= _COUNTS_FROM * voted[0].width
    ]


def looks(grey: Picture, box: Box | None) -> Looks:
    part = _cut(grey, box) if box else grey
    scale = _FACE_SIDE / max(part.shape)
    face = cv2.resize(part, None, fx=scale, fy=scale, interpolation=_interpolation(scale))
    values = face.astype(np.float32)
    # Enlarging smooths the grain away, so it is looked for in the picture's own pixels.
    own = part.astype(np.float32) if scale > 1 else values
    ripple = cv2.filter2D(own, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32))
    return Looks(
        sharpness=float(cv2.Laplacian(values, cv2.CV_32F).var()),
        luma=float(values.mean()),
        contrast=float(values.std()),
        clipped=float(((face <= 2) | (face >= 253)).mean()),
        noise=float(np.abs(ripple).mean() * math.sqrt(math.pi / 2) / 6),
    )


def tilt_degrees(grey: Picture, box: Box) -> float | None:
    """Of the line through the eyes; positive when the eye on the right of the picture is the lower one."""
    face = _cut(grey, box)
    scale = _FACE_SIDE / max(face.shape)
    upper = cv2.resize(face, None, fx=scale, fy=scale, interpolation=_interpolation(scale))[
        : _FACE_SIDE * 6 // 10
    ]
    found = _cascade("eye_tree_eyeglasses").detectMultiScale(upper, 1.05, 4, minSize=(24, 24))
    eyes = [(x + w / 2, y + h / 2) for x, y, w, h in found]
    left = [eye for eye in eyes if eye[0] < _FACE_SIDE / 2]
    right = [eye for eye in eyes if eye[0] >= _FACE_SIDE / 2]
    if len(left) != 1 or len(right) != 1:
        return None
    return math.degrees(math.atan2(right[0][1] - left[0][1], right[0][0] - left[0][0]))


def _cascade(name: str) -> Any:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


def _detected(voter: str, small: Picture) -> list[Box]:
    found = _cascade(voter).detectMultiScale(small, 1.1, 5, minSize=(_SMALLEST, _SMALLEST))
    return [Box(*map(float, box)) for box in found]


def _join(groups: list[list[Box]], box: Box) -> None:
    for group in groups:
        if _overlap(_mean(group), box) > _SAME_FACE:
            group.append(box)
            return
    groups.append([box])


def _overlap(a: Box, b: Box) -> float:
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    shared = max(across, 0) * max(down, 0)
    return shared / (a.width * a.height + b.width * b.height - shared)


def _mean(group: list[Box]) -> Box:
    return Box(*(sum(side) / len(group) for side in zip(*group, strict=True)))


def _cut(grey: Picture, box: Box) -> Picture:
    height, width = grey.shape
    left, top = max(int(box.x * width), 0), max(int(box.y * height), 0)
    return grey[top : top + max(int(box.height * height), 1), left : left + max(int(box.width * width), 1)]


def _interpolation(scale: float) -> int:
    return int(cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
