"""Moves the finished picture: the head sways and turns a little, the background lags, the view breathes.

All of it is one smooth displacement, reckoned on a coarse net and laid over the picture once per frame.
Linear sampling, as cubic costs seven times more; the picture is sharpened a little beforehand instead.
"""

from __future__ import annotations

import cv2
import numpy as np

from persona_graph_local.face_geometry import Floats, Frame, Image
from persona_graph_local.portrait_motion import Motion
from persona_graph_local.portrait_patch import smooth

MESH = 16


class Stage:
    def __init__(self, size: tuple[int, int], frame: Frame) -> None:
        self.width, self.height = size
        columns, rows = (-(-side // MESH) + 2 for side in size)
        self.net = (columns * MESH, rows * MESH)
        x = ((np.arange(columns) - 0.5) * MESH - 0.5)[None].repeat(rows, 0)
        y = ((np.arange(rows) - 0.5) * MESH - 0.5)[:, None].repeat(columns, 1)
        self.rest: Floats = np.stack([x, y], 2).astype(np.float32)
        self.ways: Floats = _ways(x, y, frame)
        self.heart: Floats = np.array(frame.point(0.0, 0.4), np.float32)

    def moved(self, picture: Image, motion: Motion, index: int) -> Image:
        tracks = (
            motion.across, motion.down, motion.lag_across, motion.lag_down, motion.roll, motion.yaw, motion.pitch, motion.brow,
        )  # fmt: skip
        shares = np.array([track[index] for track in tracks], np.float32)
        zoomed = self.heart + (self.rest - self.heart) / motion.zoom[index]
        net = zoomed - np.tensordot(shares, self.ways, 1)
        full = cv2.resize(net, self.net, interpolation=cv2.INTER_LINEAR)[
            MESH : MESH + self.height, MESH : MESH + self.width
        ]
        return np.asarray(
            cv2.remap(picture, full, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),  # type: ignore[call-overload]
            np.uint8,
        )


def _ways(x: Floats, y: Floats, frame: Frame) -> Floats:
    """How far each knot of the net goes, in pixels, for one unit of each movement."""
    local_x, local_y = frame.local(x, y)
    from_middle = np.hypot(local_x / 1.5, (local_y - 0.35) / 2.1)
    head = 1.0 - smooth((from_middle - 0.75) / 1.1)
    body = 0.4 * smooth((local_y - 1.2) / 1.6) * np.exp(-((local_x / 4.0) ** 4))
    carried = np.maximum(head, body)
    near = np.maximum(0.0, 1.0 - (from_middle / 1.15) ** 2) ** 1.5
    brow = np.exp(-((local_x / 0.85) ** 4) - ((local_y + 0.36) / 0.17) ** 2)
    neck = frame.point(0.0, 2.0)
    none, unit = np.zeros_like(head), frame.unit
    ways = (
        (carried * unit, none),
        (none, carried * unit),
        ((1 - carried) * unit, none),
        (none, (1 - carried) * unit),
        (-(y - neck[1]) * head, (x - neck[0]) * head),
        (0.055 * unit * near, none),
        (none, 0.045 * unit * near),
        (none, -0.028 * unit * brow),
    )
    return np.stack([np.stack(way, 2) for way in ways]).astype(np.float32)
