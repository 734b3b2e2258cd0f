"""Where a face is and how it lies in the picture.

Face coordinates: the midpoint of the pupils is the origin, x runs along the eye line to the picture's
right, y towards the chin, and one unit is the distance between the pupils. Everything that is drawn on a
face is placed in these, so that size and tilt of the photo do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Affine = NDArray[np.float64]


class NoFace(ValueError):
    """No face a mouth could be moved on. The message is fit for users."""


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def overlap(self, other: Box) -> float:
        """Intersection over union."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Frame:
    """Face coordinates laid into a picture: ``origin`` and ``unit`` in pixels, ``tilt`` in radians."""

    origin: tuple[float, float]
    unit: float
    tilt: float

    @classmethod
    def between(cls, left: tuple[float, float], right: tuple[float, float]) -> Frame:
        across, down = right[0] - left[0], right[1] - left[1]
        middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        return cls(middle, float(np.hypot(across, down)), float(np.arctan2(down, across)))

    def to_picture(self) -> Affine:
        cos, sin = np.cos(self.tilt) * self.unit, np.sin(self.tilt) * self.unit
        return np.array([[cos, -sin, self.origin[0]], [sin, cos, self.origin[1]]])

    def point(self, x: float, y: float) -> tuple[float, float]:
        across, down = self.to_picture() @ np.array([x, y, 1.0])
        return float(across), float(down)

    def local(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Picture coordinates to face coordinates."""
        cos, sin = np.cos(self.tilt) / self.unit, np.sin(self.tilt) / self.unit
        across, down = x - self.origin[0], y - self.origin[1]
        return across * cos + down * sin, down * cos - across * sin

    def moved(self, affine: Affine) -> Frame:
        """The same face after the picture was moved by a similarity (scale and shift)."""
        left, right = (affine @ np.array([*self.point(x, 0.0), 1.0]) for x in (-0.5, 0.5))
        return Frame.between((float(left[0]), float(left[1])), (float(right[0]), float(right[1])))


@dataclass(frozen=True, slots=True)
class Arch:
    """A parabola over the span ``left``–``right``: ``base`` at the middle of the chord, ``slope`` of the
    chord, ``sag`` of the middle below it."""

    left: float
    right: float
    base: float
    slope: float
    sag: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def half(self) -> float:
        return (self.right - self.left) / 2

    def along(self, x: NDArray[Any]) -> NDArray[Any]:
        """-1 at the left end, 1 at the right; beyond the ends the curve runs on as its chord."""
        return np.asarray((x - self.middle) / self.half)

    def at(self, x: NDArray[Any]) -> NDArray[Any]:
        along = self.along(x)
        return np.asarray(
            self.base + self.slope * (x - self.middle) + self.sag * np.maximum(0.0, 1.0 - along * along)
        )


@dataclass(frozen=True, slots=True)
class Mouth:
    """``upper`` and ``lower`` are the inner edges of the lips, the same curve when the photo shows a closed
    mouth; ``upper_lip`` and ``lower_lip`` are their thickness."""

    upper: Arch
    lower: Arch
    upper_lip: float
    lower_lip: float

    @property
    def apart(self) -> bool:
        return self.upper != self.lower


@dataclass(frozen=True, slots=True)
class Eye:
    """Lash line of the upper lid and edge of the lower lid."""

    upper: Arch
    lower: Arch


@dataclass(frozen=True, slots=True)
class Face:
    box: Box
    frame: Frame
    eyes: tuple[Eye, Eye]
    mouth: Mouth
    skin: tuple[float, float, float]
    lip: tuple[float, float, float]
