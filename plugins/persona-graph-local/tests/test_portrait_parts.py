"""Parts of the talking portrait that no decoded frame shows alone: the reading of a face, of IPA, the blinks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from persona_graph_local.face_reader import read_face
from persona_graph_local.portrait_hearing import Hearing
from persona_graph_local.portrait_lids import LidPainter
from persona_graph_local.portrait_motion import motion
from persona_graph_local.portrait_mouth import MouthPainter, MouthPose
from persona_graph_local.portrait_shapes import letters_of, mouth_track

ASTRONAUT = Path(__file__).parents[3] / "tests" / "samples" / "photos" / "astronaut.png"


def test_the_face_is_read_alike_from_other_versions_of_a_photo() -> None:
    photo = cv2.imread(str(ASTRONAUT))
    plain = read_face(photo)
    turn = cv2.getRotationMatrix2D((256, 256), 8, 1.0)
    versions = {
        "mirrored": photo[:, ::-1].copy(),
        "dark": (photo * 0.42).astype(np.uint8),
        "small": cv2.resize(photo, None, fx=0.62, fy=0.62, interpolation=cv2.INTER_AREA),
        "turned": cv2.warpAffine(photo, turn, (512, 512), borderMode=cv2.BORDER_REFLECT_101),
        "grey": cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
    }
    faces = {name: read_face(version) for name, version in versions.items()}
    seam = plain.mouth.lower.base + plain.mouth.lower.sag
    for name, face in faces.items():
        assert face.mouth.apart, name
        assert face.mouth.lower.base + face.mouth.lower.sag == pytest.approx(seam, abs=0.05), name
        assert face.mouth.lower.half == pytest.approx(plain.mouth.lower.half, abs=0.05), name
        assert face.mouth.lower.middle == pytest.approx(0, abs=0.06), name
    assert faces["small"].frame.unit == pytest.approx(0.62 * plain.frame.unit, rel=0.05)
    assert np.degrees(plain.frame.tilt - faces["turned"].frame.tilt) == pytest.approx(8, abs=1.5)
    eyes = [
        versions["mirrored"].shape[1] - 1 - faces["mirrored"].frame.origin[0],
        faces["dark"].frame.origin[0],
    ]
    assert eyes == pytest.approx([plain.frame.origin[0]] * 2, abs=1.5)


def test_a_closed_mouth_is_read_as_closed() -> None:
    """The same face with its lips brought together over the teeth, as the painter does it."""
    photo = cv2.imread(str(ASTRONAUT))
    face = read_face(photo)
    canvas = photo.copy()
    MouthPainter(photo, face).paint(canvas, MouthPose(open=0.0, part=0.0, width=0.0, tongue=0.0))
    again = read_face(canvas)
    assert face.mouth.apart and not again.mouth.apart
    seam = again.mouth.lower.base + again.mouth.lower.sag
    upper, lower = (edge.base + edge.sag for edge in (face.mouth.upper, face.mouth.lower))
    assert upper < seam < lower + 0.03


@pytest.mark.parametrize(
    "pose",
    [
        MouthPose(0.75, 1.0, 0.0, 0.2),
        MouthPose(0.2, 0.5, -0.9, 0.0),
        MouthPose(0.2, 1.0, 0.6, 0.2),
        MouthPose(0, 0, 0, 0),
    ],
)
def test_no_edge_shows_where_the_redrawn_part_ends(pose: MouthPose) -> None:
    photo = cv2.imread(str(ASTRONAUT))
    face = read_face(photo)
    canvas, lids, mouth = photo.copy(), LidPainter(photo, face), MouthPainter(photo, face)
    mouth.paint(canvas, pose)
    lids.paint(canvas, 1.0)
    changed = np.abs(canvas.astype(int) - photo).max(2)
    for patch in (mouth.patch, *(lid.patch for lid in lids.lids)):
        inside = patch.of(changed)
        border = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
        assert border.max() <= 2 < 40 < inside.max()
        inside[:] = 0
    assert changed.max() == 0, "nothing outside the patches is touched"
    mouth.wipe(canvas)
    lids.wipe(canvas)
    assert (canvas == photo).all()


def test_a_short_b_closes_the_lips_between_open_vowels() -> None:
    """60 ms are hardly more than a frame, and smoothing must not swallow them."""
    loud = np.ones(100, np.float32)
    hearing = Hearing(1.0, loud, loud, 0 * loud, 0.5 * loud, 0 * loud, 0 * loud)
    for start in (0.40, 0.41, 0.42, 0.43):
        sounds = (("ɑ", 0.0, start), ("b", start, start + 0.06), ("ɑ", start + 0.06, 1.0))
        timings = [{"kind": "phoneme", "text": text, "start": at, "end": end} for text, at, end in sounds]
        track = mouth_track(hearing, timings, 25, 25)
        assert track.driver == "phonemes"
        assert track.open[9:13].min() < 0.06
        assert track.open[4] > 0.6 < track.open[18]


def test_people_blink_every_two_to_five_seconds() -> None:
    still = np.zeros(12000, np.float32)
    hearing = Hearing(120.0, still, still, still, still, still, still)
    for seed in range(4):
        moves = motion(hearing, 120 * 25, 25, seed)
        starts = np.flatnonzero(np.diff((moves.lids > 0.05).astype(int)) == 1) / 25
        assert len(starts) == moves.blinks
        assert np.diff(starts).min() > 1.9 and np.diff(starts).max() < 5.1
        assert moves.zoom.min() > 1.0 and np.abs(np.diff(moves.zoom)).max() < 0.001


@pytest.mark.parametrize(
    ("text", "letters"), [("ˈoʊ", ["o", "ʊ"]), ("tʃ", ["t", "ʃ"]), ("ɑ̃ː", ["ɑ"]), ("pʰ", ["p"]), ("ˌ", [])]
)
def test_ipa_is_read_without_stress_length_and_diacritics(text: str, letters: list[str]) -> None:
    assert letters_of(text) == letters
