"""Plain bytes on disk for as long as a decoder needs them, in a folder nobody else can enter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no advisory locks: there, age alone decides.
    fcntl = None  # type: ignore[assignment]

_PREFIX = "persona-graph-plain-"
_LOCK = "in-use"
_YOUNG = 60.0
_DAY = 86_400.0


@contextlib.asynccontextmanager
async def private_file(pieces: AsyncIterable[bytes]) -> AsyncIterator[Path]:
    """A 0600 file in its own 0700 folder; the folder and all that was put into it go away at exit."""
    folder, lock = await asyncio.to_thread(_make_folder)
    try:
        path = folder / "media"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
        yield path
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, folder, lock))


def sweep_private_files() -> int:
    """Removes folders whose process was killed. A living process holds a lock in each of its own."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept


def _make_folder() -> tuple[Path, int]:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def _remove(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _is_abandoned(folder: Path) -> bool:
    # A folder just made may not have its lock yet.
    age = time.time() - folder.stat().st_mtime
    if age < _YOUNG or not (folder / _LOCK).exists():
        return age > _DAY
    if fcntl is None:
        return age > _DAY
    lock = os.open(folder / _LOCK, os.O_WRONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
