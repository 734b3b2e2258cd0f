"""A rectangle of the picture in which a feature is redrawn, with its face coordinates."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_geometry import Floats, Frame, Image


def smooth(share: NDArray[Any]) -> NDArray[Any]:
    """0 to 1 without corners."""
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


class Patch:
    """The pixels that bound ``across`` × ``down`` (face coordinates), cut off at the picture's edges.

    ``x`` and ``y`` are the face coordinates of its pixels; ``fade`` falls to 0 towards its own edges, so
    that a displacement multiplied by it leaves no rectangle behind.
    """

    def __init__(
        self, picture: Image, frame: Frame, across: tuple[float, float], down: tuple[float, float]
    ) -> None:
        corners = np.array([frame.point(x, y) for x in across for y in down])
        high, wide = picture.shape[:2]
        self.left, self.top = (max(0, int(np.floor(corners[:, i].min()))) for i in (0, 1))
        right, bottom = (
            min(edge, int(np.ceil(corners[:, i].max())) + 1) for i, edge in ((0, wide), (1, high))
        )
        self.width, self.height = max(2, right - self.left), max(2, bottom - self.top)
        self.left, self.top = min(self.left, wide - self.width), min(self.top, high - self.height)
        self.picture = picture
        self.frame = frame
        columns = np.arange(self.left, self.left + self.width, dtype=np.float64)[None].repeat(self.height, 0)
        rows = np.arange(self.top, self.top + self.height, dtype=np.float64)[:, None].repeat(self.width, 1)
        x, y = frame.local(columns, rows)
        self.x, self.y = x.astype(np.float32), y.astype(np.float32)
        sides = np.minimum.reduce([x - across[0], across[1] - x, y - down[0], down[1] - y])
        self.fade: Floats = smooth(sides / 0.16).astype(np.float32)

    def of(self, canvas: Image) -> Image:
        """The view of this patch in ``canvas``, which has the size of the picture."""
        return canvas[self.top : self.top + self.height, self.left : self.left + self.width]

    def sampled(self, x: NDArray[Any], y: NDArray[Any]) -> Image:
        """The picture at these face coordinates."""
        (cos, turn, across), (sin, rise, down) = self.frame.to_picture().astype(np.float32)
        columns = (x * cos + y * turn + across).astype(np.float32)
        rows = (x * sin + y * rise + down).astype(np.float32)
        return np.asarray(
            cv2.remap(self.picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
