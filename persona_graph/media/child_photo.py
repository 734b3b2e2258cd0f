"""Child: decodes one picture, looks for a face, and writes the portrait if asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import cv2
import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, create_file, damaged, open_file, reply
from persona_graph.media.child_face_search import find_askew, find_cut, touches_border
from persona_graph.media.child_faces import Box, Eyes, Looks, eyes, find_faces, looks
from persona_graph.media.picture_header import has_alpha, is_whole, orientation, picture_size
from persona_graph.media.sniff import JPEG, PNG, Kind, sniff_photo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

# A fourth channel of more pixels would not fit the child's memory; such a cut-out shows its hidden colours.
_MOST_PIXELS_WITH_ALPHA = 30_000_000


def examine(request: Request) -> Answer:
    cv2.setNumThreads(1)
    with open_file(request["path"]) as file:
        kind = sniff_photo(file)
        width, height = picture_size(file, kind)
        _check_size(request, width, height)
        if not is_whole(file, kind):
            raise damaged("The picture ends early.", "Upload it again, completely.")
        turn = orientation(file, kind)
        picture = _upright(
            _opaque(_fitted(_decoded(file, kind, width, height), request["longest_side"])), turn
        )
    if turn >= 5:
        width, height = height, width
    report = _report(request, picture, width, height)
    if not request["out"]:
        return {"content_type": kind.content_type, "width": width, "height": height, **report}
    write_png(request["out"], picture)
    return {"content_type": PNG.content_type, "width": picture.shape[1], "height": picture.shape[0], **report}


def _check_size(request: Request, width: int, height: int) -> None:
    most, least = request["max_pixels"], request["min_side"]
    if width * height > most:
        raise MediaRefused(
            message=f"The picture has {width}×{height} pixels.", code="IMAGE_TOO_LARGE",
            fix=f"Scale it down to at most {most / 1e6:g} megapixels.",
        )  # fmt: skip
    if min(width, height) < least:
        raise MediaRefused(
            message=f"The picture has only {width}×{height} pixels.", code="IMAGE_TOO_SMALL",
            fix=f"Send one of at least {least}×{least} pixels.",
        )  # fmt: skip


def _decoded(file: BinaryIO, kind: Kind, width: int, height: int) -> Picture:
    flags = cv2.IMREAD_COLOR
    if kind is JPEG:
        flags = _reduction(max(width, height))
    elif has_alpha(file, kind) and width * height <= _MOST_PIXELS_WITH_ALPHA:
        flags = cv2.IMREAD_UNCHANGED
    if flags != cv2.IMREAD_UNCHANGED:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    file.seek(0)
    try:
        picture = cv2.imdecode(np.frombuffer(file.read(), dtype=np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MediaRefused(
                message="Opening this picture takes more memory than is allowed.", code="IMAGE_TOO_LARGE",
                fix="Scale it down.",
            ) from error  # fmt: skip
        picture = None
    if picture is None or not picture.size:
        raise damaged("The picture could not be decoded.")
    return np.asarray(picture)


def _reduction(side: int) -> int:
    """A JPEG can be decoded at a fraction of its size in a fraction of the memory."""
    for factor, flag in ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4),
                         (2, cv2.IMREAD_REDUCED_COLOR_2)):  # fmt: skip
        if side >= factor * 2048:
            return int(flag)
    return int(cv2.IMREAD_COLOR)


def _opaque(picture: Any) -> Picture:
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    if picture.shape[2] == 3:
        return np.asarray(picture)
    alpha = picture[:, :, -1:].astype(np.uint16)
    colours = picture[:, :, : picture.shape[2] - 1].astype(np.uint16) * alpha
    white = np.broadcast_to((colours + 255 * (255 - alpha)) // 255, (*picture.shape[:2], 3))
    return np.ascontiguousarray(white, dtype=np.uint8)


def _fitted(picture: Picture, longest: int) -> Picture:
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _upright(picture: Picture, turn: int) -> Picture:
    """EXIF orientation: 2 mirrored, 3 upside down, 4 both; 5 to 8 the same after a transposition."""
    if turn >= 5:
        picture = picture.transpose(1, 0, 2)
    if turn in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if turn in (3, 4, 7, 8):
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def _report(request: Request, picture: Picture, width: int, height: int) -> Answer:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    faces = find_faces(grey)
    box = faces[0] if faces else None
    seen = looks(grey, box)
    pair = eyes(grey, box) if box else None
    if request["one_face"]:
        _check_faces(request, grey, faces, width, height)
        _check_light(request, seen)
        _check_pose(request, pair)
    told = seen._asdict()
    del told["white"]
    return {
        "faces": len(faces), "face_box": box, "tilt_degrees": pair.tilt if pair else None,
        "eye_symmetry": pair.symmetry if pair else None, **told,
    }  # fmt: skip


def _check_faces(request: Request, grey: Picture, faces: list[Box], width: int, height: int) -> None:
    if not faces:
        raise _why_no_face(grey)
    if len(faces) > 1:
        raise MediaRefused(
            message=f"{len(faces)} faces were found in this picture.", code="PHOTO_MANY_FACES",
            fix="Send a photo of one person alone, or cut it to one.",
        )  # fmt: skip
    if touches_border(faces[0]):
        raise _cut_off()
    side = min(faces[0].width * width, faces[0].height * height)
    if side < request["min_face"]:
        raise MediaRefused(
            message=f"The face is only {side:.0f} pixels wide.", code="PHOTO_FACE_TOO_SMALL",
            fix=f"Send a closer or larger photo: the face needs {request['min_face']} pixels.",
        )  # fmt: skip


def _why_no_face(grey: Picture) -> MediaRefused:
    slope = find_askew(grey)
    if slope is not None:
        return _tilted(slope)
    if find_cut(grey):
        return _cut_off()
    return MediaRefused(
        message="No face was found in this picture.", code="PHOTO_NO_FACE",
        fix="Send a photo of the face from the front, upright and well lit.",
    )  # fmt: skip


def _cut_off() -> MediaRefused:
    return MediaRefused(
        message="The face touches the border of the picture.", code="PHOTO_FACE_CUT",
        fix="Send a photo with some space around the whole head.",
    )  # fmt: skip


def _tilted(degrees: float) -> MediaRefused:
    return MediaRefused(
        message=f"The face is not upright: the line through the eyes lies at {degrees:.0f}°.",
        code="PHOTO_TILTED", fix="Turn the picture until the eyes are level, or hold the head straight.",
    )  # fmt: skip


def _check_light(request: Request, seen: Looks) -> None:
    dark, bright = request["luma"]
    faults = (
        (seen.luma < dark, "PHOTO_TOO_DARK", "too dark", "Send one with more light on the face."),
        (
            seen.luma > bright or seen.white > request["max_white"],
            "PHOTO_TOO_BRIGHT", "too bright", "Send one with less light on the face, or a shorter exposure.",
        ),
        (seen.sharpness < request["min_sharpness"], "PHOTO_BLURRED", "blurred", "Send one in focus, larger if it was scaled up."),
        (seen.noise > request["max_noise"], "PHOTO_NOISY", "grainy", "Send one taken in better light."),
    )  # fmt: skip
    for found, code, fault, fix in faults:
        if found:
            raise MediaRefused(message=f"The face in this picture is {fault}.", code=code, fix=fix)


def _check_pose(request: Request, pair: Eyes | None) -> None:
    """Eyes that were not both found prove nothing: glasses or hair hide them as well."""
    if pair is None:
        return
    if abs(pair.tilt) > request["max_tilt"]:
        raise _tilted(pair.tilt)
    if pair.symmetry < request["min_symmetry"] and pair.apart < request["min_apart"]:
        raise MediaRefused(
            message="The face seems turned to the side: one eye appears at "
            f"{pair.symmetry:.0%} of the other one's size.",
            code="PHOTO_NOT_FRONTAL", fix="Send a photo that looks straight into the camera.",
        )  # fmt: skip


def write_png(path: str, picture: Picture) -> None:
    written, encoded = cv2.imencode(".png", picture)
    if not written:
        raise RuntimeError("the portrait could not be encoded")
    with create_file(path) as out:
        out.write(encoded.tobytes())


if __name__ == "__main__":
    reply(examine)
