"""Blinks: the skin of the upper lid, lashes at its edge, is stretched down over the eye."""

from __future__ import annotations

import cv2
import numpy as np

from persona_graph_local.face_geometry import Eye, Face, Floats, Frame, Image
from persona_graph_local.portrait_patch import Patch, smooth

FOLD = 0.12
LASHES = 0.05
REST = 0.05
SHADE = 0.05


class LidPainter:
    def __init__(self, picture: Image, face: Face) -> None:
        self.lids = [_Lid(picture, face.frame, eye) for eye in face.eyes]

    def paint(self, canvas: Image, shut: float) -> None:
        """``shut`` is 0 for the eyes of the photo, 1 for closed ones."""
        if shut > 0.01:
            for lid in self.lids:
                lid.paint(canvas, shut)

    def wipe(self, canvas: Image) -> None:
        """Puts the photo back where ``paint`` drew."""
        for lid in self.lids:
            lid.patch.of(canvas)[:] = lid.patch.of(lid.patch.picture)


class _Lid:
    def __init__(self, picture: Image, frame: Frame, eye: Eye) -> None:
        lid = eye.upper
        reach = 1.25 * lid.half
        top = lid.base + lid.sag - FOLD - 0.08
        span = ((lid.middle - reach, lid.middle + reach), (top, lid.base + eye.lower.sag + 0.12))
        self.patch = Patch(picture, frame, *span)
        x = self.patch.x
        along = lid.along(x) / 1.1
        bow = np.maximum(0.0, 1.0 - along * along)
        chord = lid.base + lid.slope * (x - lid.middle)
        self.edge: Floats = (chord + lid.sag * bow + LASHES).astype(np.float32)
        self.fold: Floats = (self.edge - LASHES - FOLD * (0.6 + 0.4 * bow)).astype(np.float32)
        self.way: Floats = np.maximum(0.0, chord + eye.lower.sag * bow + 0.03 - self.edge).astype(np.float32)
        self.soft = 1.4 / frame.unit
        smoothed = cv2.GaussianBlur(picture, (0, 0), max(0.8, 0.028 * frame.unit))
        self.blurred = Patch(np.asarray(smoothed, np.uint8), frame, *span)

    def paint(self, canvas: Image, shut: float) -> None:
        patch = self.patch
        moved = np.float32(shut) * self.way
        edge = self.edge + moved
        give = smooth((patch.y - self.fold) / (edge - REST - self.fold))
        source = patch.y - moved * give
        skin = patch.sampled(patch.x, source).astype(np.float32)
        stretched = (
            smooth((edge - REST - patch.y) / 0.04)
            * smooth((patch.y - self.fold) / 0.06)
            * np.clip(moved / 0.08, 0, 1)
        )
        soft = (
            self.blurred.sampled(patch.x, source)
            * (1.0 - SHADE * np.sin(np.pi * np.clip(give, 0, 1)))[..., None]
        )
        skin += (soft - skin) * stretched[..., None].astype(np.float32)
        target = patch.of(canvas)
        over = np.clip((edge - patch.y) / self.soft + 0.5, 0, 1) * np.clip(moved / self.soft, 0, 1)
        under = target.astype(np.float32)
        under += (skin - under) * over[..., None].astype(np.float32)
        target[:] = np.clip(under + 0.5, 0, 255).astype(np.uint8)
