"""How a portrait will be cut to the shape of a video: around the face, in fractions of the photo.

The bundled renderer frames by the same rules (a test holds the two together); other providers may do otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

ASPECTS = {"1:1": (1, 1), "16:9": (16, 9), "9:16": (9, 16)}
# The face's share of the frame's short side, and how tight a small photo may be cut.
_WANTED = {"1:1": 0.36, "16:9": 0.36, "9:16": 0.42}
_TIGHTEST = 0.66
_EYE_LINE = 0.45


class Frame(NamedTuple):
    """Below 0 and above 1 it reaches beyond the photo."""

    left: float
    top: float
    width: float
    height: float


def frame_of(aspect: str, width: int, height: int, face: tuple[float, float, float, float]) -> Frame:
    """``width`` and ``height`` in pixels; ``face`` is x, y, width and height in fractions of them."""
    short = min(ASPECTS[aspect])
    across, down = ASPECTS[aspect][0] / short, ASPECTS[aspect][1] / short
    face_width = face[2] * width
    side = face_width / _WANTED[aspect]
    fits, fills = sorted((width / across, height / down))
    if side > fits:
        tightest = face_width / _TIGHTEST
        side = fits if fits >= tightest else max(tightest, min(side, fills))
    wide, high = side * across, side * down
    left = _placed((face[0] + face[2] / 2) * width - wide / 2, wide, width)
    top = _placed((face[1] + face[3] / 2) * height - high * _EYE_LINE, high, height)
    return Frame(left / width, top / height, wide / width, high / height)


def _placed(start: float, length: float, available: float) -> float:
    if length >= available:
        return min(0.0, max(available - length, start))
    return min(max(0.0, start), available - length)
