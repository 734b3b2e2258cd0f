"""Frames and speech to an mp4, by ffmpeg as a child reading raw frames from a pipe."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from persona_graph_local.face_geometry import Image

MARK = "AI-generated"


class EncoderFailed(RuntimeError):
    """ffmpeg stopped; the message is its last line."""


@dataclass(frozen=True, slots=True)
class Encoder:
    name: str
    options: tuple[str, ...]


ENCODERS = (
    Encoder("libx264", ("-preset", "veryfast", "-crf", "20")),
    Encoder("h264_videotoolbox", ("-b:v", "3M")),
    Encoder("libopenh264", ("-b:v", "3M")),
    Encoder("mpeg4", ("-q:v", "3")),
)


def choose_encoder(listing: str) -> Encoder:
    """The best encoder in what ``ffmpeg -encoders`` prints. Raises ``EncoderFailed`` if there is none."""
    names = {words[1] for line in listing.splitlines() if len(words := line.split()) > 1}
    for encoder in ENCODERS:
        if encoder.name in names:
            return encoder
    raise EncoderFailed("this ffmpeg can write neither H.264 nor MPEG-4 video")


@cache
def available_encoder() -> Encoder:
    listing = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return choose_encoder(listing.stdout)


def argv(encoder: Encoder, speech: Path, out: Path, size: tuple[int, int], fps: int) -> list[str]:
    """48 kHz because an AAC packet is then 21 ms: the padding of the last one stays below a frame. Two threads
    whatever the machine has, so that the same order gives the same bytes."""
    frames = f"-f rawvideo -pix_fmt bgr24 -s {size[0]}x{size[1]} -r {fps} -i pipe:0".split()
    sound = [*["-f", "wav", "-protocol_whitelist", "file", "-i"], f"file:{speech.absolute()}"]
    colours = [
        "-colorspace",
        "bt709",
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-color_range",
        "tv",
    ]
    video = [*["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v"], encoder.name, *encoder.options]
    audio = ["-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "1"]
    file = [
        "-map_metadata",
        "-1",
        "-metadata",
        f"comment={MARK}",
        *["-movflags", "+faststart", "-fflags", "+bitexact"],
    ]
    start = [imageio_ffmpeg.get_ffmpeg_exe(), *["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]]
    both = [*start, *frames, *sound, *["-map", "0:v:0", "-map", "1:a:0"]]
    end = [*["-pix_fmt", "yuv420p", "-threads", "2"], *audio, *file, "-f", "mp4", f"file:{out.absolute()}"]
    return [*both, *video, *colours, *end]


@contextmanager
def film(
    encoder: Encoder, speech: Path, out: Path, size: tuple[int, int], fps: int
) -> Iterator[Callable[[Image], None]]:
    """Lends a function that appends a frame. Afterwards ``out`` is there and whole, or, if anything failed, untouched."""
    unfinished = out.with_name(out.name + ".part")
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(
            argv(encoder, speech, unfinished, size, fps),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        pipe = child.stdin
        assert pipe is not None

        def add(frame: Image) -> None:
            try:
                pipe.write(frame.data)
            except OSError as error:
                child.wait(timeout=10)
                raise EncoderFailed(_last_line(complaints)) from error

        try:
            yield add
            with suppress(OSError):
                pipe.close()
            if child.wait(timeout=120):
                raise EncoderFailed(_last_line(complaints))
            unfinished.replace(out)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
            with suppress(OSError):
                pipe.close()
            unfinished.unlink(missing_ok=True)


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = complaints.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "ffmpeg stopped without a word"
