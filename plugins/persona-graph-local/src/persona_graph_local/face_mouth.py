"""Fits the lips of an upright face: two parabolas with common corners, the inner edges of the lips.

What lies between lips is brighter and less red than they are (teeth) or much darker (the gap, the seam).
The pair of parabolas that encloses the most of it, with lip on either side, wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_finder import ORIGIN, UNIT
from persona_graph_local.face_geometry import Arch, Floats, Image, Mouth

ALONG = np.linspace(-0.97, 0.97, 33)
BAND = 4.0
CLOSED = 0.07
ENCLOSED_FROM = 0.42


@dataclass(frozen=True, slots=True)
class Tones:
    """Maps of an upright face, its skin brought to the same lightness for every photo."""

    light: Floats
    red: Floats
    skin: tuple[float, float, float]

    @classmethod
    def of(cls, face: Image) -> Tones:
        cheeks = np.concatenate(
            [face[138:165, 103:125].reshape(-1, 3), face[138:165, 195:217].reshape(-1, 3)]
        )
        skin = np.median(cheeks, 0)
        gain = 175.0 / max(20.0, float(skin.mean()))
        level = np.clip(cv2.GaussianBlur(face, (0, 0), 0.9).astype(np.float32) * (gain / 255.0), 0.0, 1.0)
        light, red, _ = cv2.split(cv2.cvtColor(level, cv2.COLOR_BGR2LAB))
        own = cv2.cvtColor(np.array([[skin * gain / 255.0]], np.float32).clip(0, 1), cv2.COLOR_BGR2LAB)[0, 0]
        return cls(
            np.asarray(light / own[0], np.float32),
            np.asarray(red - own[1], np.float32),
            (float(skin[0]), float(skin[1]), float(skin[2])),
        )


def _step(values: Floats, middle: float, width: float) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((middle - values) / width, -30, 30))), np.float32)


@dataclass(frozen=True, slots=True)
class Evidence:
    between: Floats
    lips: Floats

    @classmethod
    def of(cls, tones: Tones) -> Evidence:
        red = tones.red - np.float32(np.median(tones.red[170:265, 105:215]))
        coloured = float(np.std(tones.red[180:250, 110:210])) > 1.0
        valley = cv2.morphologyEx(tones.light, cv2.MORPH_BLACKHAT, np.ones((13, 1), np.uint8))
        dark = np.maximum(
            _step(-tones.light, -0.52, 0.05), np.clip(valley / (0.22 if coloured else 0.7), 0.0, 1.0)
        )
        if coloured:
            teeth = _step(-red, 3.5, 1.0) * _step(tones.light, 0.72, 0.04)
            lips = _step(red, 3.0, 1.5) * _step(tones.light, 0.55, 0.05)
            dark = dark * (1 - 0.85 * lips)
        else:
            crest = cv2.morphologyEx(tones.light, cv2.MORPH_TOPHAT, np.ones((31, 1), np.uint8))
            skin = np.float32(np.median(tones.light[200:265, 115:205]))
            teeth = _step(np.asarray(crest, np.float32), 0.10, 0.02) * _step(tones.light - skin, 0.1, 0.015)
            lips = _step(skin - tones.light, 0.05, 0.03) * _step(tones.light, 0.55, 0.05)
        return cls(np.maximum(teeth, dark).astype(np.float32), lips.astype(np.float32))


class _Columns:
    """Sums down the columns of a map, so that the mean between two curves is two look-ups."""

    def __init__(self, values: Floats) -> None:
        self.sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), 0, dtype=np.float64)

    def __call__(self, x: NDArray[Any], top: NDArray[Any], bottom: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self._to(x, bottom) - self._to(x, top))

    def _to(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        column = np.clip(np.rint(x).astype(np.intp), 0, self.sums.shape[1] - 1)
        y = np.clip(y + 0.5, 0, self.sums.shape[0] - 1.001)
        row = y.astype(np.intp)
        part = y - row
        return np.asarray(self.sums[row, column] * (1 - part) + self.sums[row + 1, column] * part)


class _Fit:
    """A guess is (middle, half width, base, slope, sag of the upper edge, gap), in canvas pixels."""

    def __init__(self, evidence: Evidence) -> None:
        self.between = _Columns(evidence.between - np.float32(ENCLOSED_FROM))
        self.lips = _Columns(evidence.lips)

    def score(self, guesses: NDArray[Any]) -> NDArray[Any]:
        middle, half, base, slope, sag, gap = (column[:, None] for column in guesses.T)
        x = middle + half * ALONG
        bow = 1.0 - ALONG * ALONG
        upper = base + slope * half * ALONG + sag * bow
        lower = upper + gap * bow
        thin = BAND * (0.35 + 0.65 * bow)
        enclosed = self.between(x, upper - 0.5, lower + 0.5).mean(1) * half[:, 0] / (22.0 + 0.9 * gap[:, 0])
        spill = self.between(x, upper - thin, upper - 0.5) + self.between(x, lower + 0.5, lower + thin)
        lips = self.lips(x, upper - thin, upper - 0.5) + self.lips(x, lower + 0.5, lower + thin)
        centre = (base + sag + gap / 2)[:, 0] - ORIGIN[1]
        habit = (
            ((middle[:, 0] - ORIGIN[0]) / 14.0) ** 2
            + ((centre - 106.0) / 16.0) ** 2
            + ((half[:, 0] - 47.0) / 11.0) ** 2
        )
        return np.asarray(enclosed + 0.35 * lips.mean(1) - 0.4 * spill.mean(1) - 0.5 * habit)

    def best(self) -> NDArray[Any]:
        grid = product(
            (-7, 0, 7),
            (32, 38, 44, 50),
            range(84, 132, 2),
            (0.0,),
            (-4, 0, 4, 8, 12),
            (2, 4, 7, 11, 15, 20, 26),
        )
        guesses = np.array(
            [(ORIGIN[0] + m, h, ORIGIN[1] + b, s, g, w) for m, h, b, s, g, w in grid], np.float64
        )
        order = np.argsort(self.score(guesses))[::-1]
        ends = [self._climb(guesses[i]) for i in order[:240:12]]
        return max(ends, key=lambda guess: float(self.score(guess[None])[0]))

    def _climb(self, guess: NDArray[Any]) -> NDArray[Any]:
        steps = np.array([3.0, 3.0, 2.0, 0.04, 2.0, 2.0])
        for _ in range(40):
            around = guess + np.vstack([np.zeros(6), np.diag(steps), -np.diag(steps)])
            around[:, 1] = np.clip(around[:, 1], 28.0, 58.0)
            around[:, 2] = np.clip(around[:, 2], ORIGIN[1] + 76.0, ORIGIN[1] + 128.0)
            around[:, 3] = np.clip(around[:, 3], -0.2, 0.2)
            around[:, 4] = np.clip(around[:, 4], -10.0, 24.0)
            around[:, 5] = np.clip(around[:, 5], 1.5, 34.0)
            best = int(np.argmax(self.score(around)))
            if best == 0:
                steps = steps / 2
                if steps[0] < 0.3:
                    break
            guess = around[best]
        return guess


def fit_mouth(face: Image) -> tuple[Mouth, Tones]:
    """``face`` is upright (``face_finder.upright``); the mouth comes in face coordinates."""
    tones = Tones.of(face)
    evidence = Evidence.of(tones)
    middle, half, base, slope, sag, gap = (float(v) for v in _trimmed(evidence, _Fit(evidence).best()))
    x = middle + half * ALONG[8:-8]
    upper = Arch(middle - half, middle + half, base, slope, sag)
    lower = Arch(middle - half, middle + half, base, slope, sag + gap)
    if gap / UNIT < CLOSED:
        upper = lower = Arch(middle - half, middle + half, base, slope, sag + gap / 2)
    above = _thickness(evidence.lips, x, upper.at(x), -1)
    below = _thickness(evidence.lips, x, lower.at(x), 1)
    mouth = Mouth(
        _in_units(upper),
        _in_units(lower),
        float(np.clip(above / UNIT, 0.07, 0.18)),
        float(np.clip(below / UNIT, 0.09, 0.24)),
    )
    return mouth, tones


def _trimmed(evidence: Evidence, guess: NDArray[Any]) -> NDArray[Any]:
    """Parabolas run out thin, and skin costs them little there: the corners are where the last of what lies
    between the lips is seen. The heights in the middle stay."""
    middle, half, base, slope, sag, gap = guess
    along = np.linspace(-1, 1, 81)
    bow = 1.0 - along * along
    upper = base + slope * half * along + sag * bow
    column = np.rint(middle + half * along).astype(np.intp).clip(0, evidence.between.shape[1] - 1)
    rows = (
        np.rint(upper + gap * bow * np.linspace(0, 1, 5)[:, None]).astype(np.intp)
        + np.arange(-1, 2)[:, None, None]
    )
    seen = evidence.between[rows.clip(0, evidence.between.shape[0] - 1), column].max((0, 1)) > 0.75
    ends = np.array([_end(along, seen, -1), _end(along, seen, 1)])
    left, right = ends
    level = base + slope * half * ends + (sag + 0.5 * gap) * (1.0 - ends * ends)
    tilt = (level[1] - level[0]) / (half * (right - left))
    centre = middle + half * ends.mean()
    chord, top = level.mean(), base + slope * (centre - middle) + sag
    return np.array([centre, half * (right - left) / 2, chord, tilt, top - chord, gap])


def _end(along: NDArray[Any], seen: NDArray[np.bool_], side: int) -> float:
    """The outermost run of what is surely seen; a single spot is a crease of the cheek."""
    order = np.argsort(-side * along)
    runs = np.convolve(seen[order].astype(np.intp), np.ones(4, np.intp), "valid")
    first = np.flatnonzero(runs == 4)
    outermost = float(along[order[first[0]]]) if first.size else float(side)
    return float(np.clip(side * outermost + 0.03, 0.75, 1.0)) * side


def _thickness(lips: Floats, x: NDArray[Any], edge: NDArray[Any], way: int) -> float:
    """How far the lip reaches from its inner edge: to where less than half of the columns are lip."""
    for reach in range(3, 26):
        row = np.clip(np.rint(edge + way * reach).astype(np.intp), 0, lips.shape[0] - 1)
        if float(lips[row, np.rint(x).astype(np.intp)].mean()) < 0.4:
            return float(reach)
    return 12.0


def _in_units(arch: Arch) -> Arch:
    return Arch(
        (arch.left - ORIGIN[0]) / UNIT,
        (arch.right - ORIGIN[0]) / UNIT,
        (arch.base - ORIGIN[1]) / UNIT,
        arch.slope,
        arch.sag / UNIT,
    )
