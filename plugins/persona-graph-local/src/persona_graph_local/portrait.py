"""Makes a photo speak: an honest offline preview, drawn with OpenCV and NumPy, without any trained model.

Run it in a child process: it loads OpenCV and works for as long as the speech needs. Frames are streamed, so
memory does not grow with the length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from persona_graph_local.face_geometry import Face, Image, NoFace
from persona_graph_local.face_reader import read_face
from persona_graph_local.portrait_encoder import EncoderFailed, available_encoder, film
from persona_graph_local.portrait_framing import choose_cut, frame_size, framed
from persona_graph_local.portrait_hearing import hear
from persona_graph_local.portrait_lids import LidPainter
from persona_graph_local.portrait_motion import Motion, motion
from persona_graph_local.portrait_mouth import MouthPainter
from persona_graph_local.portrait_shapes import MouthTrack, mouth_track
from persona_graph_local.portrait_stage import Stage

__all__ = ["EncoderFailed", "NoFace", "render"]

FPS = 25
LARGEST = 2600
REPORTED_EVERY = 10

Report = Callable[[float, str], None]


def render(
    portrait: Path,
    speech: Path,
    out: Path,
    *,
    resolution: str = "480p",
    aspect: str = "1:1",
    timings: Sequence[Mapping[str, Any]] | None = None,
    seed: int = 0,
    progress: Report | None = None,
) -> dict[str, Any]:
    """Writes an mp4 as long as ``speech`` to ``out`` and returns its facts.

    ``timings`` are ``{kind, text, start, end}`` in seconds; phonemes (IPA) move the mouth where there are any, else
    what is heard does. ``progress`` gets the fraction of frames written, and a stage. Raises ``NoFace``,
    ``ValueError`` for an unreadable input, ``EncoderFailed``.
    """
    report = progress or (lambda fraction, stage: None)
    size = frame_size(resolution, aspect)
    cv2.setNumThreads(1)  # the patches are small: more threads cost the machine's other work and win nothing
    report(0.0, "reading the face")
    hearing = hear(speech)
    photo, shrink = _opened(portrait)
    face = read_face(photo)
    picture, affine = framed(
        photo, choose_cut((photo.shape[1], photo.shape[0]), face.box, size, aspect), size
    )
    frames = max(1, round((hearing.seconds + 0.01) * FPS))
    track = mouth_track(hearing, timings or (), frames, FPS)
    moves = motion(hearing, frames, FPS, seed)
    encoder = available_encoder()
    placed = replace(face, frame=face.frame.moved(affine))
    with film(encoder, speech, out, size, FPS) as add:
        for written, frame in enumerate(_frames(picture, placed, float(affine[0, 0]), track, moves), 1):
            add(frame)
            if written % REPORTED_EVERY == 0:
                report(0.99 * written / frames, "drawing")
    report(1.0, "finished")
    box = face.box
    return {
        "frames": frames,
        "fps": FPS,
        "width": size[0],
        "height": size[1],
        "seconds": hearing.seconds,
        "face_box": [round(side / shrink, 1) for side in (box.x, box.y, box.width, box.height)],
        "driver": track.driver,
        "encoder": encoder.name,
        "blinks": moves.blinks,
    }


def _frames(picture: Image, face: Face, enlarged: float, track: MouthTrack, moves: Motion) -> Iterator[Image]:
    stage = Stage((picture.shape[1], picture.shape[0]), face.frame)
    mouth, lids = MouthPainter(picture, face, enlarged), LidPainter(picture, face)
    canvas = picture.copy()
    for index in range(len(track.open)):
        mouth.paint(canvas, track.pose(index))
        lids.paint(canvas, float(moves.lids[index]))
        yield stage.moved(canvas, moves, index)
        mouth.wipe(canvas)
        lids.wipe(canvas)


def _opened(portrait: Path) -> tuple[Image, float]:
    """The photo, and by how much it was made smaller: no more pixels than a video can show are kept."""
    photo = cv2.imdecode(np.frombuffer(portrait.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if photo is None:
        raise ValueError("the portrait is not a readable picture")
    shrink = min(1.0, LARGEST / max(photo.shape[:2]))
    if shrink < 1.0:
        photo = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(photo, np.uint8), shrink
