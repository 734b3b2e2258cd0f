"""Reads a face from a photo: where it is, its lids, its lips, its colours."""

from __future__ import annotations

import numpy as np

from persona_graph_local.face_eyes import fit_eyes
from persona_graph_local.face_finder import ORIGIN, UNIT, find_face, upright
from persona_graph_local.face_geometry import Face, Image, Mouth
from persona_graph_local.face_mouth import fit_mouth


def read_face(picture: Image) -> Face:
    """Raises ``NoFace``."""
    box, frame = find_face(picture)
    face = upright(picture, frame)
    mouth, tones = fit_mouth(face)
    return Face(box, frame, fit_eyes(face), mouth, tones.skin, _lip_colour(face, mouth))


def _lip_colour(face: Image, mouth: Mouth) -> tuple[float, float, float]:
    x = np.linspace(
        mouth.lower.middle - 0.5 * mouth.lower.half, mouth.lower.middle + 0.5 * mouth.lower.half, 40
    )
    y = mouth.lower.at(x) + 0.5 * mouth.lower_lip
    columns, rows = np.rint(ORIGIN[0] + UNIT * x).astype(int), np.rint(ORIGIN[1] + UNIT * y).astype(int)
    blue, green, red = np.median(face[rows.clip(0, face.shape[0] - 1), columns], 0)
    return float(blue), float(green), float(red)
