"""Decoding inside a child: ffmpeg reads one open descriptor, by one demuxer, and may open nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from persona_graph.errors import MediaRefused
from persona_graph.media.child import damaged
from persona_graph.media.sniff import Kind

_LOG_KEPT = 64 * 1024
_PIPE_BYTES = 1 << 20
NATIVE = ("-c:a", "pcm_f32le", "-bitexact", "-map_metadata", "-1", "-f", "wav")


class SoundFormat(NamedTuple):
    rate: int
    channels: int


class Decoder:
    """One ffmpeg run; each element of ``outputs`` gets a pipe of its own, in order, in ``pipes``."""

    def __init__(
        self,
        ffmpeg: str,
        file: BinaryIO,
        kind: Kind,
        outputs: Sequence[Sequence[str]],
        reading: Sequence[str] = (),
    ) -> None:
        descriptor = file.fileno()
        # Of the descriptor itself: a buffered file seeks inside its buffer.
        os.lseek(descriptor, 0, os.SEEK_SET)
        ends = [_pipe() for _ in outputs]
        argv = [
            ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info", "-filter_threads", "1",
            # Only the descriptor: no playlist, reference or redirect inside the file leads anywhere.
            "-protocol_whitelist", "fd", "-codec_whitelist", ",".join(kind.codecs), "-threads", "1", *reading,
            "-f", kind.demuxer, "-fd", str(descriptor), "-i", "fd:",
        ]  # fmt: skip
        for options, (_, write) in zip(outputs, ends, strict=True):
            argv += [*options, "-threads", "1", f"pipe:{write}"]
        writes = [write for _, write in ends]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=(descriptor, *writes),
        )  # fmt: skip
        for write in writes:
            os.close(write)
        self.pipes = [os.fdopen(read, "rb", buffering=0) for read, _ in ends]
        self._log = bytearray()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        self._process.kill()
        return self.wait()

    def wait(self) -> int:
        code = self._process.wait()
        self._reader.join()
        for pipe in self.pipes:
            pipe.close()
        return code

    @property
    def log(self) -> str:
        return self._log.decode("utf-8", "replace")

    def _drain(self) -> None:
        """All of it is read so that ffmpeg never blocks; a broken file can complain without end."""
        assert self._process.stderr
        while chunk := self._process.stderr.read(4096):
            self._log += chunk[: _LOG_KEPT - len(self._log)]


def _pipe() -> tuple[int, int]:
    read, write = os.pipe()
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return read, write


def read_exactly(pipe: BinaryIO, size: int) -> bytes:
    kept = b""
    while len(kept) < size and (chunk := pipe.read(size - len(kept))):
        kept += chunk
    return kept


def chunks(pipe: BinaryIO, frame_bytes: int) -> Iterator[memoryview]:
    """Whole frames in pieces of one size but for the last, so that sums over them come out the same each time.
    The buffer is reused: a piece is valid until the next one."""
    view = memoryview(bytearray(max(_PIPE_BYTES // frame_bytes, 1) * frame_bytes))
    held = 0
    while got := pipe.readinto(view[held:]):  # type: ignore[attr-defined]
        held += got
        if held == len(view):
            yield view
            held = 0
    if whole := held - held % frame_bytes:
        yield view[:whole]


def sound_format(pipe: BinaryIO) -> SoundFormat | None:
    """Reads the header of a ``NATIVE`` output up to its samples; None when nothing was decoded."""
    if len(read_exactly(pipe, 12)) < 12:
        return None
    found: SoundFormat | None = None
    while len(head := read_exactly(pipe, 8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return found
        body = read_exactly(pipe, size)
        if name == b"fmt " and len(body) >= 8:
            channels, rate = struct.unpack_from("<HI", body, 2)
            found = SoundFormat(rate, channels)
    return None


def codec_of(log: str) -> str:
    found = re.search(r"Stream #0:\d+.*?: Audio: (\w+)", log)
    return found[1] if found else ""


def announced_seconds(log: str) -> float | None:
    found = re.search(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", log)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def nothing_decoded(kind: Kind, log: str) -> MediaRefused:
    fix = "Convert it to WAV or MP3 and upload that."
    if found := re.search(r"Codec \((\w+)\) not on whitelist", log):
        said = f"This {kind.name} file holds {found[1]} audio, which is not accepted."
        return MediaRefused(message=said, code="MEDIA_UNSUPPORTED", fix=fix)
    if "matches no streams" in log:
        said = f"This {kind.name} file has no audio in it."
        return MediaRefused(message=said, code="MEDIA_UNSUPPORTED", fix=fix)
    return damaged("No sound could be decoded from this file.")


def check_whole(kind: Kind, log: str, seconds: float) -> None:
    """A file cut off on its way here decodes without complaint; its owner should hear of it now."""
    announced = announced_seconds(log) if kind.name == "FLAC" else None
    if "partial file" in log or (announced and seconds < 0.98 * announced - 0.1):
        raise damaged(f"The file ends early, after {seconds:.1f} seconds.", "Upload it again, completely.")
