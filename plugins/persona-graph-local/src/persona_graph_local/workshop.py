"""Jobs as detached child processes: the server only starts them, looks at their papers and stops them.

A child outlives the call that started it but not the server: its standard input is a pipe that this
process keeps open, and it ends when the pipe does. Folder and lock let another server process on this
machine adopt the job.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from persona_graph_local.bench import ERROR, LOG, ORDER, PROGRESS, REJECTED, RESULT, Bench

# NumPy's threads would fight each other for the cores that several children share.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
}
_LAST_MOMENT = 2.0


class Lost(Exception):
    """No child works in the folder and nothing came of it, or the folder is not on this machine."""


class Refused(Exception):
    """The child found that the order cannot be met; the message is for the user."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Workshop:
    """The children of this process, by folder."""

    def __init__(self) -> None:
        self._children: dict[Path, subprocess.Popen[bytes]] = {}
        weakref.finalize(self, _end_all, self._children)

    def has(self, folder: Path) -> bool:
        """Whether the order is being worked on there, or has been settled."""
        bench = Bench(folder)
        return folder.is_dir() and (bench.alive() or bench.settled())

    def begin(self, folder: Path, order: Mapping[str, Any], inputs: Mapping[str, bytes]) -> None:
        """Work on ``order`` in ``folder``, or leave in peace whoever already does or did."""
        self._bury()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        bench = Bench(folder)
        lock = bench.claim()
        if lock is None:
            return
        try:
            if not bench.settled():
                bench.clear()
                for name, content in inputs.items():
                    (folder / name).write_bytes(content)
                bench.write(ORDER, order)
                self._children[folder] = _spawn(folder, lock)
        finally:
            os.close(lock)

    def look(self, folder: Path) -> dict[str, Any]:
        """The result (it has ``media`` or ``voice_model``), or how far the work is (``fraction`` and
        ``stage``). Raises Lost and Refused."""
        self._bury()
        bench = Bench(folder)
        # Looked at in this order, a child that ends meanwhile is never taken for a lost one.
        working = bench.alive()
        result, error = bench.read(RESULT), bench.read(ERROR) or {}
        if result is not None or error.get("kind") == REJECTED:
            self._take_leave(folder)
        if result is not None:
            return result
        if error.get("kind") == REJECTED:
            raise Refused(str(error.get("message")), str(error.get("code")))
        if not working:
            raise Lost(str(error.get("message", "the work was interrupted")))
        return bench.read(PROGRESS) or {"fraction": None, "stage": "starting"}

    def stop(self, folder: Path) -> None:
        """Kill whoever works there. Harmless if nobody does."""
        child = self._children.pop(folder, None)
        pid = child.pid if child and child.poll() is None else Bench(folder).worker()
        if pid is not None:
            _kill(pid)
        if child:
            _reap(child)
        self._bury()

    def _take_leave(self, folder: Path) -> None:
        """A child that has written its last paper needs a moment to end."""
        if child := self._children.get(folder):
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_LAST_MOMENT)
            self._bury()

    def _bury(self) -> None:
        """Children that have ended are taken leave of, whoever asks about them."""
        for folder, child in list(self._children.items()):
            if child.poll() is not None:
                self._children.pop(folder, None)
                _reap(child)


def _spawn(folder: Path, lock: int) -> subprocess.Popen[bytes]:
    # -P: the folder's files are never importable. Its own session: the child's encoder dies with it.
    command = [sys.executable, "-P", "-m", "persona_graph_local.worker_main", str(folder)]
    with (folder / LOG).open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**_ENVIRONMENT, "TMPDIR": str(folder)},
            pass_fds=[lock],
            start_new_session=True,
            umask=0o077,
        )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(child.pid).encode(), 0)
    return child


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reap(child: subprocess.Popen[bytes]) -> None:
    if child.stdin:
        child.stdin.close()
    child.wait()


def _end_all(children: dict[Path, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            _kill(child.pid)
        _reap(child)
    children.clear()
