"""Draws the mouth of a photo at any opening: the lips and the jaw are displaced, what they bare is painted.

The upper lip ends at ``U`` and the lower one begins at ``L``; both are the curves of the photo (``u``, ``l``)
moved by the pose. Whatever shows above ``U`` comes from above ``u`` and whatever shows below ``L`` from below
``l``: pulling across the seam is what tears corners and doubles lips. The teeth belong to the skull and stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_geometry import Face, Floats, Image
from persona_graph_local.portrait_patch import Patch, smooth

# In eye distances, at full opening; and where between lips that the photo shows apart they meet.
LIFT, DROP = 0.04, 0.25
TEETH_BELOW = 0.1
SHUT_AT = 0.62


@dataclass(frozen=True, slots=True)
class MouthPose:
    """``open`` 0–1; ``part`` 0 lips together – 1 as in the photo; ``width`` -1 rounded – 1 spread; ``tongue``
    0–1 how far it is raised."""

    open: float
    part: float
    width: float
    tongue: float


class MouthPainter:
    def __init__(self, picture: Image, face: Face, enlarged: float = 1.0) -> None:
        """``enlarged`` is how much the photo was: drawn edges must not be crisper than its own."""
        mouth = face.mouth
        self.mouth = mouth
        middle, seam = mouth.lower.middle, mouth.lower.base + mouth.lower.sag
        self.patch = Patch(picture, face.frame, (middle - 1.02, middle + 1.02), (seam - 0.52, seam + 1.22))
        self.inner = Patch(picture, face.frame, (middle - 0.66, middle + 0.66), (seam - 0.36, seam + 0.42))
        self.soft = max(1.7, 0.95 * enlarged) / face.frame.unit
        x, y = self.patch.x, self.patch.y
        pull = np.exp(-(((x - middle) / 0.55) ** 2) - ((y - seam) / 0.42) ** 2)
        self.sideways = ((x - middle) * pull * self.patch.fade).astype(np.float32)
        gap = mouth.lower.sag - mouth.upper.sag
        self.drop = DROP - 0.5 * gap
        self.rim = (1.0 + 1.2 * (gap > 0)) / face.frame.unit
        along = mouth.lower.along(x)
        corners = np.exp(-(((np.abs(along) - 1.0) / 0.42) ** 2)) * np.exp(
            -(((y - mouth.lower.base) / 0.3) ** 2)
        )
        self.smile = (0.6 * max(0.0, mouth.lower.sag - 0.06) * corners * self.patch.fade).astype(np.float32)
        self.jaw = (0.8 * np.exp(-(((x - middle) / 0.72) ** 4))).astype(np.float32)
        self.teeth = _photo_teeth(self.inner, face) if mouth.apart else _drawn_teeth(self.inner, face)
        skin = np.array(face.skin, np.float32)
        colour = min(1.0, float(np.ptp(skin)) / (0.12 * float(skin.mean()) + 1.0))
        self.cavity = skin * _tint((0.13, 0.11, 0.2), colour) + np.float32(3.0)
        self.tongue = 0.42 * np.array(face.lip, np.float32) + skin * _tint((0.1, 0.08, 0.2), colour)
        self.shadow = skin * _tint((0.34, 0.32, 0.44), colour)

    def paint(self, canvas: Image, pose: MouthPose) -> None:
        patch = self.patch
        if pose.open < 0.004 and abs(pose.width) < 0.01 and (pose.part > 0.996 or not self.mouth.apart):
            return
        x, level = self._gathered(pose)
        upper, lower, top, bottom = self._curves(x, pose)
        ahead, behind = level - top, level - bottom
        below = self._below(behind, bottom - lower, pose)
        above = self._above(level, top, top - upper)
        rim = self.rim * np.clip(6.0 * (bottom - top) / self.soft, 0, 1) * self._inwards(x)
        y = np.where(
            ahead + behind < 0, np.minimum(level - above, upper - rim), np.maximum(level - below, lower + rim)
        )
        warped = patch.sampled(x, y)
        target = patch.of(canvas)
        target[:] = warped
        self._fill(canvas, pose)

    def wipe(self, canvas: Image) -> None:
        """Puts the photo back where ``paint`` drew."""
        self.patch.of(canvas)[:] = self.patch.of(self.patch.picture)

    def _gathered(self, pose: MouthPose) -> tuple[Floats, Floats]:
        """Coordinates drawn in for a narrow mouth, whose corners also leave their smile, or out for a wide one."""
        width = pose.width - 0.45 * pose.open
        x = self.patch.x - np.float32(0.3 * width) * self.sideways
        return x, self.patch.y - np.float32(max(0.0, -width)) * self.smile

    def _inwards(self, x: Floats) -> NDArray[Any]:
        """0 at the corners and beyond, 1 a little inwards."""
        along = self.mouth.lower.along(x)
        return np.asarray(np.clip(4.0 * (1.0 - along * along), 0, 1))

    def _curves(self, x: Floats, pose: MouthPose) -> tuple[Any, Any, Any, Any]:
        """The curves of the photo, then where the pose puts them."""
        mouth = self.mouth
        along = mouth.lower.along(x)
        bow = np.maximum(0.0, 1.0 - along * along)
        chord = mouth.lower.base + mouth.lower.slope * (x - mouth.lower.middle)
        upper = chord + mouth.upper.sag * bow
        lower = chord + mouth.lower.sag * bow
        gap = mouth.lower.sag - mouth.upper.sag
        shut = mouth.upper.sag + SHUT_AT * gap
        lens = bow * (0.75 + 0.25 * bow)
        top = chord + (shut - pose.part * SHUT_AT * gap) * bow - LIFT * pose.open * lens
        bottom = chord + (shut + pose.part * (1 - SHUT_AT) * gap) * bow + self.drop * pose.open * lens
        return upper, lower, top, bottom

    def _above(self, y: Floats, top: Any, moved: Any) -> NDArray[Any]:
        """The lip keeps its thickness, the skin up to the nose gives way."""
        lip = top - self.mouth.upper_lip
        nose = lip - 0.2
        return np.asarray(moved * smooth((y - nose) / (lip - nose)) * self.patch.fade)

    def _below(self, under: Any, moved: Any, pose: MouthPose) -> NDArray[Any]:
        """The lip follows its inner edge; farther down the whole jaw moves, and the neck does not."""
        lip = self.mouth.lower_lip
        deep = smooth((under - 0.5 * lip) / 0.42)
        jaw = np.float32(self.drop * pose.open) * self.jaw
        stay = 1.0 - smooth((under - 0.6) / 0.6)
        return np.asarray((moved * (1.0 - deep) + jaw * deep) * stay * self.patch.fade)

    def _fill(self, canvas: Image, pose: MouthPose) -> None:
        inner = self.inner
        offset = (inner.left - self.patch.left, inner.top - self.patch.top)
        rows = slice(offset[1], offset[1] + inner.height)
        columns = slice(offset[0], offset[0] + inner.width)
        x, y = (grid[rows, columns] for grid in self._gathered(pose))
        _, _, top, bottom = self._curves(x, pose)
        depth, left = y - top, bottom - y
        gap = bottom - top
        seen = np.clip(depth / self.soft + 0.5, 0, 1) * np.clip(left / self.soft + 0.5, 0, 1)
        seen *= np.clip(gap / (1.6 * self.soft), 0, 1)
        target = inner.of(canvas)
        base = target.astype(np.float32)
        if self.mouth.apart and pose.part < 0.5:
            self._crease(base, depth, x, pose)
        along = self.mouth.lower.along(x)
        inside = self._inside(depth, left, gap, along, pose)
        base += (inside - base) * seen[..., None]
        target[:] = np.clip(base + 0.5, 0, 255).astype(np.uint8)

    def _crease(self, base: Floats, depth: Any, x: Any, pose: MouthPose) -> None:
        """Lips that the photo shows apart meet in a line it does not show."""
        along = self.mouth.lower.along(x)
        line = np.exp(-((depth / (1.1 * self.soft)) ** 2)) * np.clip((1.0 - np.abs(along)) * 6, 0, 1)
        share = (line * (0.75 * (1.0 - 2.0 * pose.part)))[..., None].astype(np.float32)
        base += (self.shadow - base) * share

    def _inside(self, depth: Any, left: Any, gap: Any, along: Any, pose: MouthPose) -> Floats:
        out = self._cavity(depth, left, gap, along, pose)
        ends = np.clip(1.0 - np.abs(along) ** 3, 0, 1)
        shade = (0.8 + 0.2 * smooth(depth / 0.07)) * (0.78 + 0.22 * ends)
        retreat, share = (0.0, 1.0) if self.mouth.apart else (0.05 * max(0.0, -pose.width), 0.9)
        shown = (share * self.teeth.cover(retreat) * np.clip(gap / 0.03, 0, 1))[..., None].astype(np.float32)
        return np.asarray(
            out + (self.teeth.colour * shade[..., None].astype(np.float32) - out) * shown, np.float32
        )

    def _cavity(self, depth: Any, left: Any, gap: Any, along: Any, pose: MouthPose) -> Floats:
        """Darkest under the teeth, the tongue below, and no blacker at the corners than lips are."""
        down = np.clip(depth / np.maximum(gap, 1e-3), 0, 1)
        light = (0.55 + 0.45 * down)[..., None].astype(np.float32)
        raised = 0.25 + 0.75 * pose.tongue
        hump = smooth((0.03 + 0.13 * raised - left) / 0.09 + 0.3) * np.clip(1.1 - 1.5 * along * along, 0, 1)
        hump = (hump * min(1.0, 0.35 + raised) * smooth((gap - 0.06) / 0.1))[..., None].astype(np.float32)
        corners = (0.75 * smooth((np.abs(along) - 0.55) / 0.45))[..., None].astype(np.float32)
        out = self.cavity * light
        out += (self.tongue * (0.5 + 0.5 * light) - out) * hump
        return np.asarray(out + (self.shadow - out) * corners, np.float32)


def _tint(shares: tuple[float, float, float], colour: float) -> Floats:
    """Shares of the skin's blue, green and red; without ``colour`` (a grey photo) all the same."""
    mean = sum(shares) / 3
    return np.array([mean + (share - mean) * colour for share in shares], np.float32)


@dataclass(frozen=True, slots=True)
class Teeth:
    """``margin`` is how far above the lower edge of the upper row a pixel lies, ``row`` where there is a row."""

    colour: Floats
    margin: Floats
    row: Floats
    edge: float

    def cover(self, retreat: float) -> Floats:
        return np.asarray(np.clip((self.margin - retreat) / self.edge + 0.5, 0, 1) * self.row, np.float32)


def _photo_teeth(inner: Patch, face: Face) -> Teeth:
    """What the photo shows between the lips, run on upwards under the lip so that they are there when it is raised."""
    edge = 1.6 / face.frame.unit
    upper, lower = face.mouth.upper.at(inner.x) + edge, face.mouth.lower.at(inner.x) - edge
    lower = np.maximum(upper, lower)
    colour = inner.sampled(inner.x, np.clip(inner.y, upper, lower)).astype(np.float32)
    above = np.clip((upper - inner.y) / 0.06, 0, 1)[..., None]
    colour *= (1.0 - 0.35 * above).astype(np.float32)
    margin = (lower - inner.y).astype(np.float32)
    return Teeth(colour, margin, np.ones_like(margin), 1.5 * edge)


def _drawn_teeth(inner: Patch, face: Face) -> Teeth:
    """A quiet upper row for photos without teeth: more would be a lie about the person."""
    mouth, x = face.mouth, inner.x
    along = mouth.upper.along(x)
    skin = np.array(face.skin, np.float32)
    white = np.minimum(np.float32(0.68) * skin.mean() + 0.43 * skin, 238.0)
    seams = 1.0 - 0.06 * np.exp(-(((np.abs(along) * 7.0) % 1.0 - 0.5) ** 2) / 0.01)
    colour = (np.ones((*x.shape, 3), np.float32) * white) * seams[..., None].astype(np.float32)
    margin = mouth.upper.at(x) + TEETH_BELOW * np.clip(1.0 - 1.7 * along * along, 0, 1) - 0.01 - inner.y
    row = smooth((0.82 - np.abs(along)) / 0.4)
    return Teeth(colour, margin.astype(np.float32), row.astype(np.float32), 0.02)
