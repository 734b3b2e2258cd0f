"""What is measured on photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_graph.graphql.describe import described, f
from persona_graph.graphql.enums import Aspect
from persona_graph.media.framing import frame_of


@described
class FaceBox:
    """Where the face is, as fractions of the image from its upper left corner."""

    left: float = f("0 to 1.")
    top: float = f("0 to 1.")
    width: float = f("0 to 1.")
    height: float = f("0 to 1.")


@described
class PhotoFrame:
    """The part of the photo that a video of one shape shows, as fractions from its upper left corner. Below 0 and above 1 it reaches beyond the photo, where the backdrop is continued."""

    aspect: Aspect = f("The video's shape.")
    left: float = f("Of the photo's width.")
    top: float = f("Of the photo's height.")
    width: float = f("Of the photo's width.")
    height: float = f("Of the photo's height.")


@described
class PhotoReport:
    """What was measured on the photo. The face is looked at 256 pixels wide; docs/photos.md says what the figures mean and where refusals begin."""

    width: int | None = f("Pixels.")
    height: int | None = f("Pixels.")
    face: FaceBox | None = f("Where the face is.")
    sharpness: float | None = f(
        "Variance of the Laplacian of the face, brought to one contrast: 20 and more for a clear portrait, refused below 6."
    )
    brightness: float | None = f("Mean luma of the face, 0 to 255; refused below 35 and above 235.")
    contrast: float | None = f("Standard deviation of the face's luma.")
    clipped: float | None = f(
        "Share of the face that is black or white, 0 to 1; refused when a third is white."
    )
    noise: float | None = f(
        "Estimated standard deviation of the grain in the face, with its finest texture; refused above 12."
    )
    tilt_degrees: float | None = f(
        "Slope of the line through the eyes, positive when the one on the right of the picture is lower; refused beyond 20. Null when the eyes were not both found."
    )
    eye_symmetry: float | None = f(
        "Size of the smaller eye by that of the larger one, 0 to 1; below 0.75, and the eyes near together, the head counts as turned aside. Null when the eyes were not both found."
    )
    frames: list[PhotoFrame] = f(
        "How the bundled renderer frames a portrait of this photo; other providers may frame it otherwise. Empty when the face is not known."
    )

    @classmethod
    def of(cls, facts: Mapping[str, Any], width: int | None, height: int | None) -> PhotoReport:
        box = facts.get("face_box")
        frames = [
            PhotoFrame(aspect=aspect, **frame_of(aspect.value, width, height, box)._asdict())
            for aspect in Aspect
            if box and width and height
        ]
        return cls(
            width=width, height=height, sharpness=facts.get("sharpness"), brightness=facts.get("luma"),
            contrast=facts.get("contrast"), clipped=facts.get("clipped"), noise=facts.get("noise"),
            tilt_degrees=facts.get("tilt_degrees"), eye_symmetry=facts.get("eye_symmetry"), frames=frames,
            face=FaceBox(left=box[0], top=box[1], width=box[2], height=box[3]) if box else None,
        )  # fmt: skip
