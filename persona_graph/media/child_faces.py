"""Faces by a vote of three Haar cascades, and what can be measured on one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
else:
    Picture = Any

# OpenCV's number for a border whose outermost pixels are repeated; its own word for it is a vendor's name.
BORDER_RUNS_ON = 1

_DETECTION_SIDE = 1000
_SMALLEST = 48
_VOTERS = ("frontalface_default", "frontalface_alt", "frontalface_alt2")
_VOTES_NEEDED = 2
_SAME_FACE = 0.4
# Smaller against the largest face, it is a passer-by or a pattern.
_COUNTS_FROM = 0.4
_FACE_SIDE = 256
# Sharpness is told at this contrast, or a picture taken in poor light would count as blurred.
_CONTRAST = 50.0
_LEAST_CONTRAST = 5.0


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
    white: float
    noise: float


class Eyes(NamedTuple):
    """``tilt`` in degrees of the line through them, positive when the one on the right of the picture is lower;
    ``symmetry`` is the smaller eye's size by the larger one's, ``apart`` their distance by the face's width."""

    tilt: float
    symmetry: float
    apart: float


def find_faces(grey: Picture) -> list[Box]:
    """Largest first, in fractions of the picture."""
    scale = _DETECTION_SIDE / max(grey.shape)
    small = np.asarray(
        cv2.resize(grey, None, fx=scale, fy=scale, interpolation=_interpolation(scale)), dtype=np.uint8
    )
    voted = vote(small, _VOTERS, smallest=_SMALLEST, neighbours=5)
    return [box for box in voted if box.width >= _COUNTS_FROM * voted[0].width]


def vote(
    grey: Picture, voters: Sequence[str], *, smallest: int, neighbours: int, impatient: bool = False
) -> list[Box]:
    """Largest first, in fractions of the picture. ``impatient``: the first voter must have seen something."""
    height, width = grey.shape
    flat = np.asarray(cv2.equalizeHist(grey), dtype=np.uint8)
    groups: list[list[Box]] = []
    for voter in voters:
        for box in _detected(voter, flat, smallest, neighbours):
            _join(groups, box)
        if impatient and not groups:
            return []
    voted = [_mean(group) for group in groups if len(group) >= _VOTES_NEEDED]
    voted.sort(key=lambda box: -box.width)
    return [Box(box.x / width, box.y / height, box.width / width, box.height / height) for box in voted]


def looks(grey: Picture, box: Box | None) -> Looks:
    part = _cut(grey, box) if box else grey
    scale = _FACE_SIDE / max(part.shape)
    face = cv2.resize(part, None, fx=scale, fy=scale, interpolation=_interpolation(scale))
    values = face.astype(np.float32)
    # Enlarging smooths the grain away, so it is looked for in the picture's own pixels.
    own = part.astype(np.float32) if scale > 1 else values
    ripple = cv2.filter2D(own, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32))
    contrast = float(values.std())
    edges = float(cv2.Laplacian(values, cv2.CV_32F).var())
    return Looks(
        sharpness=edges * (_CONTRAST / max(contrast, _LEAST_CONTRAST)) ** 2,
        luma=float(values.mean()),
        contrast=contrast,
        clipped=float(((face <= 2) | (face >= 253)).mean()),
        white=float((face >= 253).mean()),
        noise=float(np.abs(ripple).mean() * math.sqrt(math.pi / 2) / 6),
    )


def eyes(grey: Picture, box: Box) -> Eyes | None:
    """None unless exactly one was found on each side."""
    face = _cut(grey, box)
    scale = _FACE_SIDE / max(face.shape)
    upper = cv2.resize(face, None, fx=scale, fy=scale, interpolation=_interpolation(scale))[
        : _FACE_SIDE * 6 // 10
    ]
    found = _cascade("eye_tree_eyeglasses").detectMultiScale(upper, 1.05, 4, minSize=(24, 24))
    seen = [(x + w / 2, y + h / 2, float(w)) for x, y, w, h in found]
    left = [eye for eye in seen if eye[0] < _FACE_SIDE / 2]
    right = [eye for eye in seen if eye[0] >= _FACE_SIDE / 2]
    if len(left) != 1 or len(right) != 1:
        return None
    [(x, y, size)], [(other_x, other_y, other_size)] = left, right
    return Eyes(
        tilt=math.degrees(math.atan2(other_y - y, other_x - x)),
        symmetry=min(size, other_size) / max(size, other_size),
        apart=(other_x - x) / _FACE_SIDE,
    )


def _cascade(name: str) -> Any:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


def _detected(voter: str, flat: Picture, smallest: int, neighbours: int) -> list[Box]:
    found = _cascade(voter).detectMultiScale(flat, 1.1, neighbours, minSize=(smallest, smallest))
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
