"""Runs a fixed command in a child process that can only fail small.

Everything that opens a media file goes through here: the file is a stranger's, its decoders are large, and
the process that serves requests must neither grow, hang nor die of it. Two safeguards lie in the callers:
the decoder gets an open descriptor and may open nothing else, and it may use one demuxer and its codecs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from persona_graph.errors import MediaRefused
from persona_graph.settings import Settings

log = logging.getLogger(__name__)

_LAUNCHER = str(Path(__file__).with_name("child_launch.py"))
# Nothing is inherited: the server's environment holds its keys. One thread and one arena, because each reserves
# address space; and the speech detector asks for four threads by itself, which on a busy machine spin against each
# other (measured: 8 s in place of 0.05 s). Only the thread limit overrules it.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # pydub cannot be imported without one; nothing is to be found in it.
    "PATH": "/nonexistent",
}
_STDERR_KEPT = 4096
_SLOTS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True)
class Bounds:
    """What one child may use. ``seconds`` is CPU time of each process in it: a busy machine must not turn an
    honest file into a damaged one. Wall time ends it too, ``patience`` times later. ``slots`` limits how
    many run at once (None: one per processor and event loop); waiting for one is not counted."""

    seconds: float = 3.0
    patience: float = 3.0
    address_space: int = 512 << 20
    written_bytes: int = 0
    open_files: int = 64
    output_bytes: int = 1 << 20
    slots: asyncio.Semaphore | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, settings: Settings, slots: asyncio.Semaphore | None = None) -> Bounds:
        return cls(seconds=settings.decode_seconds, address_space=settings.decode_bytes, slots=slots)

    def at_least(self, *, seconds: float = 0, address_space: int = 0, written_bytes: int = 0) -> Bounds:
        """For work on our own or already probed media, which may honestly need more than a probe."""
        return replace(
            self,
            seconds=max(self.seconds, seconds),
            address_space=max(self.address_space, address_space),
            written_bytes=max(self.written_bytes, written_bytes),
        )


@dataclass(frozen=True)
class Ended:
    """How a child ended. ``code`` is negative for a signal, as in :mod:`subprocess`."""

    why: Literal["exit", "time", "output"]
    code: int
    output: bytes
    complaint: str


async def run_bounded(argv: Sequence[str], bounds: Bounds) -> Ended:
    async with bounds.slots or _slots():
        return await _run(argv, bounds)


async def ask(topic: str, request: Mapping[str, object], bounds: Bounds) -> dict[str, Any]:
    """Puts ``request`` to the child module ``topic``. Whatever goes wrong in there is a MediaRefused."""
    asked = json.dumps({**request, "ffmpeg": ffmpeg_binary()})
    module = f"persona_graph.media.{topic}"
    ended = await run_bounded([sys.executable, "-I", "-B", "-m", module, asked], bounds)
    reply = _reply(ended)
    if reply is None:
        log.warning("media child %s: %s, code %s: %s", topic, ended.why, ended.code, ended.complaint[-1000:])
        raise _broken(ended)
    if "refused" in reply:
        raise MediaRefused(**reply["refused"])
    answer: dict[str, Any] = reply["answer"]
    return answer


@cache
def ffmpeg_binary() -> str:
    """The one inside the wheel; the package itself would run it once to see whether it works."""
    package = find_spec("imageio_ffmpeg")
    if package and package.origin:
        for file in sorted(Path(package.origin).with_name("binaries").glob("ffmpeg-*")):
            return str(file)
    import imageio_ffmpeg

    return str(Path(imageio_ffmpeg.get_ffmpeg_exe()).resolve())


def _slots() -> asyncio.Semaphore:
    """A hundred uploads that end together must not become a hundred decoders."""
    loop = asyncio.get_running_loop()
    return _SLOTS.setdefault(loop, asyncio.Semaphore(max(os.cpu_count() or 1, 2)))


async def _run(argv: Sequence[str], bounds: Bounds) -> Ended:
    limits = (bounds.address_space, math.ceil(bounds.seconds), bounds.written_bytes, bounds.open_files)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-B", _LAUNCHER, *map(str, limits), *argv,
        stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=_ENVIRONMENT, cwd="/", start_new_session=True,
    )  # fmt: skip
    assert child.stdout and child.stderr
    complaint = asyncio.create_task(_tail(child.stderr))
    why: Literal["exit", "time", "output"] = "exit"
    output = b""
    try:
        async with asyncio.timeout(bounds.seconds * bounds.patience):
            output = await _up_to(child.stdout, bounds.output_bytes)
            if len(output) > bounds.output_bytes:
                why = "output"
            else:
                await child.wait()
    except TimeoutError:
        why = "time"
    finally:
        _kill_group(child)
        code = await child.wait()
        await asyncio.wait({complaint}, timeout=0.2)
        complaint.cancel()
    return Ended(why, code, output, _text(complaint))


def _kill_group(child: Process) -> None:
    """The child and what it started. A decoder that outlives a dead child ends on its closed pipe or its
    own CPU limit; once the child is reaped, its number may be another group's."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)


async def _up_to(stream: asyncio.StreamReader, most: int) -> bytes:
    kept = bytearray()
    while len(kept) <= most and (chunk := await stream.read(65536)):
        kept += chunk
    return bytes(kept)


async def _tail(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while chunk := await stream.read(65536):
        kept = (kept + chunk)[-_STDERR_KEPT:]
    return kept


def _text(task: asyncio.Task[bytes]) -> str:
    if not task.done() or task.cancelled():
        return ""
    return task.result().decode("utf-8", "replace")


def _reply(ended: Ended) -> dict[str, Any] | None:
    if ended.why != "exit" or ended.code != 0:
        return None
    try:
        reply = json.loads(ended.output)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) and ("answer" in reply or "refused" in reply) else None


def _broken(ended: Ended) -> MediaRefused:
    said = "Reading this file took too long." if ended.why == "time" else "This file could not be read."
    return MediaRefused(
        message=said, code="MEDIA_DAMAGED", fix="Export it again from its source and upload that."
    )
