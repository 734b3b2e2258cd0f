"""Child processes that are started again when they end, and that never outlive their supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from persona_graph import tether

BACKOFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
# A child that lived this long has started well: the next fall counts as the first.
SETTLED = 20.0
LOG_BYTES = 10_000_000

Say = Callable[[str], None]


class StackFailed(Exception):
    """A part of the stack does not start; the message ends with what it last said."""


@dataclass(eq=False)
class Child:
    """One supervised process. ``address`` and ``log`` are for people; ``fds`` stay open in it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    address: str = ""
    fds: tuple[int, ...] = ()
    when_orphaned: signal.Signals = signal.SIGKILL
    running: asyncio.subprocess.Process | None = None
    starts: int = 0
    exits: list[int] = field(default_factory=list)
    _keeper: asyncio.Task[None] | None = None
    _stopping: bool = False
    # Held open as long as we live: see tether.py.
    _lifeline: int | None = None

    @property
    def pid(self) -> int | None:
        running = self.running
        return running.pid if running is not None and running.returncode is None else None

    async def start(self, say: Say) -> None:
        self._stopping = False
        await self._launch()
        self._keeper = asyncio.create_task(self._keep(say), name=f"keep {self.name}")

    async def _launch(self) -> None:
        turn_log(self.log)
        pipe, lifeline = (None, None) if sys.platform == "linux" else os.pipe()
        words = [
            str(int(self.when_orphaned)),
            str(os.getpid()),
            "-" if pipe is None else str(pipe),
            *self.command,
        ]
        with self.log.open("ab") as log:
            self.running = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(tether.__file__), *words,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=dict(self.environment),
                pass_fds=self.fds if pipe is None else (*self.fds, pipe), start_new_session=True,
            )  # fmt: skip
        if pipe is not None:
            os.close(pipe)
        if self._lifeline is not None:
            os.close(self._lifeline)
        self._lifeline = lifeline
        self.starts += 1

    async def _keep(self, say: Say) -> None:
        falls = 0
        while True:
            assert self.running is not None
            began = time.monotonic()
            code = await self.running.wait()
            if self._stopping:
                return
            self.exits.append(code)
            _end_group(self.running.pid)
            falls = 0 if time.monotonic() - began > SETTLED else falls
            pause = BACKOFF[min(falls, len(BACKOFF) - 1)]
            falls += 1
            say(f"{self.name} ended ({_ending(code)}); starting it again in {pause:g} s. Log: {self.log}")
            await asyncio.sleep(pause)
            await self._launch()

    async def stop(self, grace: float) -> None:
        """SIGTERM, then SIGKILL after ``grace`` seconds, to it and to whatever it started."""
        self._stopping = True
        running, keeper = self.running, self._keeper
        if running is None or keeper is None:
            return
        if running.returncode is None:
            with suppress(ProcessLookupError):
                running.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(running.wait(), grace)
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        _end_group(running.pid)
        if self.running is not None and self.running is not running:
            _end_group(self.running.pid)
        if self.running is not None:
            await self.running.wait()

    def last_words(self, lines: int = 12) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            return "\n".join(
                "    " + line for line in log.read().decode("utf-8", "replace").splitlines()[-lines:]
            )


def turn_log(path: Path) -> None:
    """One older log is kept, so that logs do not fill the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".old.log"))


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
