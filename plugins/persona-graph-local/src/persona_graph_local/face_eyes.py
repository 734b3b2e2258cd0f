"""Fits the lids of an upright face: the lash line of the upper lid and the edge of the lower one."""

from __future__ import annotations

from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_finder import ORIGIN, UNIT
from persona_graph_local.face_geometry import Arch, Eye, Floats, Image

ALONG = np.linspace(-0.9, 0.9, 19)


def fit_eyes(face: Image) -> tuple[Eye, Eye]:
    """``face`` is upright (``face_finder.upright``); the eyes come in face coordinates."""
    grey = cv2.GaussianBlur(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (0, 0), 1.2).astype(np.float32)
    grey /= max(20.0, float(np.median(grey[140:165, 105:215])))
    return _fit(grey, -0.5), _fit(grey, 0.5)


def _fit(grey: Floats, x: float) -> Eye:
    """An integral of the edge contrast along a parabola is steady where single columns are not: lashes,
    glints and the iris each disturb only a part of it."""
    pupil = ORIGIN[0] + x * UNIT
    outward = 1.0 if x > 0 else -1.0
    grid = product((-3, -1, 1, 3), (20, 22, 24, 26), (-2, 0, 2, 4, 6), (0.0, -0.05, -0.1), (6, 8, 10, 12, 14))
    guesses = np.array(
        [(pupil + outward * m, h, ORIGIN[1] + b, outward * s, -rise) for m, h, b, s, rise in grid]
    )
    habit = ((guesses[:, 1] - 22.5) / 9.0) ** 2 + (
        (guesses[:, 4] + guesses[:, 2] - ORIGIN[1] + 6.5) / 6.0
    ) ** 2
    best = guesses[
        int(
            np.argmax(
                (_drop(grey, guesses, -2.5, 1.5) + _drop(grey, guesses, -2.5, 4.0)) * guesses[:, 1] / 22.0
                - 0.1 * habit
            )
        )
    ]
    middle, half, base, slope, rise = (float(v) for v in best)
    lower = np.array([(middle, half, base, slope, drop) for drop in np.arange(2.0, 12.5, 0.5)])
    taste = ((lower[:, 4] + base - ORIGIN[1] - 8.0) / 5.0) ** 2
    drop = float(lower[int(np.argmax(_drop(grey, lower, 2.5, -2.0) - 0.06 * taste)), 4])
    return Eye(_arch(middle, half, base, slope, rise), _arch(middle, half, base, slope, drop))


def _drop(grey: Floats, guesses: NDArray[Any], bright: float, dark: float) -> NDArray[Any]:
    """Mean step from ``bright`` pixels off each curve to ``dark`` pixels off it."""
    middle, half, base, slope, sag = (column[:, None] for column in guesses.T)
    x = middle + half * ALONG
    y = base + slope * half * ALONG + sag * (1.0 - ALONG * ALONG)

    def at(row: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(grey[np.rint(row).astype(np.intp), np.rint(x).astype(np.intp)])

    return np.asarray((at(y + bright) - at(y + dark)).mean(1))


def _arch(middle: float, half: float, base: float, slope: float, sag: float) -> Arch:
    left, right = ((middle + side * half - ORIGIN[0]) / UNIT for side in (-1.0, 1.0))
    return Arch(left, right, (base - ORIGIN[1]) / UNIT, slope, sag / UNIT)
