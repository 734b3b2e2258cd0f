"""Child: measures an MP4 by its packets, its key frames and its decoded sound."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, damaged, open_file, reply
from persona_graph.media.child_audio import Level
from persona_graph.media.child_ffmpeg import NATIVE, Decoder, check_whole, chunks, codec_of, sound_format
from persona_graph.media.sniff import Kind, sniff_video

_THUMB = 8
_MOST_BOXES = 10_000


class Pictures(NamedTuple):
    seconds: float
    fps: float
    width: int
    height: int
    codec: str
    audio_codec: str


def probe(request: Request) -> Answer:
    with open_file(request["path"]) as file:
        kind = sniff_video(file)
        faststart = index_comes_first(file)
        pictures = _pictures(request, file, kind)
        if not pictures.audio_codec and request["need_audio"]:
            raise MediaRefused(
                message="This video has no sound.", code="MEDIA_WRONG_KIND", fix="Make it again."
            )
        heard = _heard(request, file, kind) if pictures.audio_codec else None
    return {
        "content_type": kind.content_type, "seconds": pictures.seconds, "width": pictures.width,
        "height": pictures.height, "fps": pictures.fps, "video_codec": pictures.codec,
        "audio_codec": pictures.audio_codec or None, "audio_seconds": heard, "faststart": faststart,
    }  # fmt: skip


def index_comes_first(file: BinaryIO) -> bool:
    """Whether the moov box stands before the mdat box."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        size, name = struct.unpack(">I4s", head[:8])
        if name in (b"moov", b"mdat"):
            return bool(name == b"moov")
        if size == 1 and len(head) == 16:
            size = struct.unpack(">Q", head[8:])[0]
        if size < 8 or size > 1 << 40:
            break
        at += size
    return False


def _pictures(request: Request, file: BinaryIO, kind: Kind) -> Pictures:
    first = ["-map", "0:v:0", "-t", str(request["max_seconds"] + 1)]
    thumbs = [
        "-vf",
        f"scale={_THUMB}:{_THUMB}",
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
    ]
    packets = [*first, "-c", "copy", "-f", "framecrc"]
    with Decoder(request["ffmpeg"], file, kind, [packets]) as decoder:
        listed = _read_all(decoder.pipes[0])
        decoder.wait()
        log = decoder.log
    pictures = _counted(listed, log)
    _check(request, pictures)
    # Every key frame is decoded; the frames between them stand or fall with it and cost twenty times more.
    with Decoder(request["ffmpeg"], file, kind, [[*first, *thumbs]], ["-skip_frame", "nokey"]) as decoder:
        seen = len(_read_all(decoder.pipes[0])) // _THUMB**2
        decoder.wait()
        check_whole(kind, log + decoder.log, pictures.seconds)
    if not seen:
        raise damaged("No picture of this video could be decoded.")
    return pictures


def _check(request: Request, pictures: Pictures) -> None:
    if pictures.seconds > request["max_seconds"]:
        raise MediaRefused(
            message=f"This video is longer than {request['max_seconds']:g} seconds.", code="MEDIA_TOO_LONG",
            fix="Make a shorter one.",
        )  # fmt: skip
    if pictures.width * pictures.height > request["max_pixels"]:
        raise MediaRefused(
            message=f"This video is {pictures.width}×{pictures.height} pixels large.", code="MEDIA_TOO_LARGE",
            fix="Make it in a lower resolution.",
        )  # fmt: skip


def _counted(listed: str, log: str) -> Pictures:
    base = re.search(r"^#tb 0: (\d+)/(\d+)", listed, re.M)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)", listed, re.M)
    codec = re.search(r"Stream #0:\d+.*?: Video: (\w+)", log)
    shown = [
        (int(pts), int(length)) for pts, length in re.findall(r"^0, *-?\d+, *(-?\d+), *(\d+),", listed, re.M)
    ]
    if not (base and size and codec and shown):
        raise damaged("This file has no video in it that could be read.")
    start = min(pts for pts, _ in shown)
    end = max(pts + length for pts, length in shown)
    seconds = (end - start) * int(base[1]) / int(base[2])
    if seconds <= 0:
        raise damaged("This video has no length.")
    return Pictures(seconds, len(shown) / seconds, int(size[1]), int(size[2]), codec[1], codec_of(log))


def _heard(request: Request, file: BinaryIO, kind: Kind) -> float:
    output = ["-map", "0:a:0", "-t", str(request["max_seconds"] + 1), *NATIVE]
    with Decoder(request["ffmpeg"], file, kind, [output]) as decoder:
        format = sound_format(decoder.pipes[0])
        if format is None:
            raise damaged("The sound of this video could not be decoded.")
        level = Level()
        for chunk in chunks(decoder.pipes[0], 4 * format.channels):
            level.add(np.frombuffer(chunk, dtype="<f4"))
        decoder.wait()
    return level.values / format.channels / format.rate


def _read_all(pipe: BinaryIO) -> str:
    """Text, or bytes one per character: a line per packet or 64 bytes per key frame, small either way."""
    kept = bytearray()
    while chunk := pipe.read(1 << 16):
        kept += chunk
    return kept.decode("latin-1")


if __name__ == "__main__":
    reply(probe)
