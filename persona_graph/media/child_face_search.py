"""When no face was found upright and whole: is there one that lies askew, or one that the border cuts?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from persona_graph.media.child_faces import BORDER_RUNS_ON, Box, Picture, eyes, vote

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIDE = 400
_SMALLEST = 32
# In this order the first voter is the one that is wrong least often; where it sees nothing, the others are not asked.
_VOTERS = ("frontalface_alt2", "frontalface_default", "frontalface_alt")
# The cascades see a face up to about 15° askew, so these turns leave few gaps.
_TURNS = (-30, 30, -60, 60, -90, 90, 180)
_MARGIN = 0.3
# Of the face's width. A box that the border stops lies 4 to 6 % from it, one of a whole face 9 % and more.
_TOUCHES = 0.08


def find_askew(grey: Picture) -> float | None:
    """The slope of the line through the eyes in degrees, −90 to 90, of a face that is found when the picture is
    turned. Both eyes have to be found in it: a cat's stripes make a face for two voters, but no eyes."""
    small = _small(grey)
    for turn in _TURNS:
        turned = _turned(small, turn)
        for box in _found(turned):
            pair = eyes(turned, box)
            if pair:
                return (pair.tilt + turn + 90) % 180 - 90
    return None


def find_cut(grey: Picture) -> Box | None:
    """A face that is found when the picture's border pixels run on, and which reaches that border."""
    small = _small(grey)
    height, width = small.shape
    margin = int(_MARGIN * _SIDE)
    wider = cv2.copyMakeBorder(small, margin, margin, margin, margin, BORDER_RUNS_ON)
    high, wide = wider.shape
    for box in _found(np.asarray(wider, dtype=np.uint8)):
        inside = Box(
            (box.x * wide - margin) / width, (box.y * high - margin) / height,
            box.width * wide / width, box.height * high / height,
        )  # fmt: skip
        if touches_border(inside):
            return inside
    return None


def touches_border(box: Box) -> bool:
    across, down = _TOUCHES * box.width, _TOUCHES * box.height
    return min(box.x, 1 - box.x - box.width) < across or min(box.y, 1 - box.y - box.height) < down


def _found(grey: Picture) -> Sequence[Box]:
    return vote(grey, _VOTERS, smallest=_SMALLEST, neighbours=4, impatient=True)


def _small(grey: Picture) -> Picture:
    scale = _SIDE / max(grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way), dtype=np.uint8)


def _turned(grey: Picture, degrees: float) -> Picture:
    """Counter-clockwise, in a frame that holds all of it."""
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(height * sine + width * cosine), int(height * cosine + width * sine)
    turn[0, 2] += (size[0] - width) / 2
    turn[1, 2] += (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(grey, turn, size, borderMode=BORDER_RUNS_ON), dtype=np.uint8)
