"""The papers of one job, as both sides of it see them: the order, how far it is, what came of it.

The server's side and the child's meet only in this folder. Every file appears whole or not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ORDER, PROGRESS, RESULT, ERROR = "order.json", "progress.json", "result.json", "error.json"
LOCK, LOG = "lock", "child.log"

# What `error.json` says of a fault: this order can never be met; it may be met another time.
REJECTED, INTERRUPTED = "rejected", "interrupted"


class Bench:
    """One job's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> dict[str, Any] | None:
        """A paper, ``None`` while it is not there."""
        try:
            content = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Whole or not at all; a result stands even if the machine stops right after."""
        draft = self.folder / f".{name}"
        with draft.open("wb") as file:
            file.write(json.dumps(content, ensure_ascii=True).encode())
            file.flush()
            if name == RESULT:
                os.fsync(file.fileno())
        draft.replace(self.folder / name)

    def settled(self) -> bool:
        """Whether the job came to an end that stands: a result, or a refusal."""
        error = self.read(ERROR)
        return self.read(RESULT) is not None or (error is not None and error.get("kind") == REJECTED)

    def claim(self) -> int | None:
        """The job's lock as an open file, ``None`` if somebody holds it. It is held for as long as any
        process keeps that file open, so a child that inherits it shows by it that it lives."""
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def alive(self) -> bool:
        """Whether a child works here."""
        try:
            lock = os.open(self.folder / LOCK, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def worker(self) -> int | None:
        """The process id that holds the lock."""
        try:
            return int((self.folder / LOCK).read_text()) if self.alive() else None
        except (OSError, ValueError):
            return None

    def clear(self) -> None:
        """Nothing but the lock is left of an earlier try."""
        for path in self.folder.iterdir():
            if path.name != LOCK and not path.is_dir():
                path.unlink(missing_ok=True)
