"""The zero-setup stack: own Redis, SQLite, API and workers, all children of one supervisor.

``persona-graph up`` runs it; tests and the demo use it from Python::

    async with Embedded(folder, workers=1) as stack:
        stack.url, stack.token, stack.worker_pids, stack.redis_url, stack.settings
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

from persona_graph import secrets_file
from persona_graph.children import Child, Say, StackFailed
from persona_graph.sandbox_child import SandboxChild
from persona_graph.secrets_file import Secrets
from persona_graph.settings import Settings
from persona_graph.valkey import Valkey, noted_port

API_GRACE, WORKER_GRACE, REDIS_GRACE = 5.0, 6.0, 2.0
START_SECONDS = 60.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
VALKEY = "valkey"
ACCOUNT, LABEL, FIRST_TIER = "Embedded stack", "embedded stack", "pro"


class FolderUnusable(Exception):
    """The data folder cannot be written, or another stack runs on it."""


class PortTaken(Exception):
    """The address the API should listen on is in use or not ours to use."""


class Embedded:
    """``settings`` are what the caller insists on; the environment and then our own values fill the rest.

    ``port`` 0 lets the system choose. ``tier`` moves the stack's account; it starts on Pro. ``sandbox``
    plays the vendors here and wires their plugins to that. ``environment`` is added to what the children are started with.
    ``say`` is told, in one line each, of what a person watching would want to know.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        workers: int = 1,
        host: str | None = None,
        port: int | None = None,
        tier: str | None = None,
        sandbox: bool = False,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        say: Say = lambda line: None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self._tier = tier
        self._count = workers
        asked = {"host": host, "port": port}
        self._insisted = {**{k: v for k, v in asked.items() if v is not None}, **(settings or {})}
        self._environment = dict(environment or {})
        self._say = say
        self._lock: IO[str] | None = None
        self._socket: socket.socket | None = None
        self._secrets: Secrets | None = None
        self._valkey: Valkey | None = None
        self.sandbox = SandboxChild(self.data_dir) if sandbox else None
        self.settings = Settings(data_dir=self.data_dir)
        self.api: Child | None = None
        self.workers: list[Child] = []

    # What callers use.

    @property
    def url(self) -> str:
        return self.settings.base_url

    @property
    def token(self) -> str:
        assert self._secrets is not None
        return self._secrets.service_token

    @property
    def redis_url(self) -> str:
        return self.settings.redis_url.get_secret_value()

    @property
    def worker_pids(self) -> list[int]:
        return [worker.pid for worker in self.workers if worker.pid is not None]

    @property
    def children(self) -> Sequence[Child]:
        redis = [self._valkey.child] if self._valkey is not None and self._valkey.child is not None else []
        played = [self.sandbox.child] if self.sandbox is not None and self.sandbox.child is not None else []
        return [*redis, *played, *([self.api] if self.api is not None else []), *self.workers]

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stop()

    # Starting.

    async def _start(self) -> None:
        self._lock = take_folder(self.data_dir)
        self._secrets = secrets_file.find_or_make(self.data_dir)
        base = Settings(**{"data_dir": self.data_dir, **self._insisted})
        self._socket = listen(base.host, base.port)
        if "redis_url" not in base.model_fields_set:
            self._valkey = Valkey(self.data_dir / VALKEY, self._secrets.redis_password, self._log("valkey"))
            await self._valkey.start(self._say)
        if self.sandbox is not None:
            await self.sandbox.start(base.environment(), self._log("sandbox"), self._say)
        self.settings = self._settle(base)
        await self._prepare()
        await self._start_children()
        self._note()

    def _settle(self, base: Settings) -> Settings:
        assert self._secrets is not None and self._socket is not None
        ours: dict[str, Any] = {
            "master_keys": self._secrets.master_keys,
            "signing_key": self._secrets.signing_key,
            "introspection": True,
        }
        if self._valkey is not None:
            ours["redis_url"] = self._valkey.url
        return base.filled(ours).model_copy(update={"port": self._socket.getsockname()[1]})

    async def _prepare(self) -> None:
        """The tables, and an account with a token to call with."""
        # Here, because help, a second `up` and a taken port should not wait for SQLAlchemy.
        from persona_graph.accounts.console import account_with_token
        from persona_graph.catalog.tiers import load_tiers
        from persona_graph.db import Database
        from persona_graph.migrations import upgrade

        assert self._secrets is not None
        await upgrade(self.settings)
        known = list(load_tiers(self.settings.tiers_file).tiers)
        db = Database(self.settings.database)
        try:
            token = await account_with_token(
                db, ACCOUNT, LABEL, tier=self._tier, first_tier=FIRST_TIER, known_tiers=known,
                token=self._secrets.service_token,
            )  # fmt: skip
        finally:
            await db.close()
        if token != self._secrets.service_token:
            self._secrets = replace(self._secrets, service_token=token)
            secrets_file.keep(self.data_dir, self._secrets)

    async def _start_children(self) -> None:
        assert self._socket is not None
        fd = self._socket.fileno()
        self.api = self._child("api", "api", "--fd", str(fd), address=self.url, fds=(fd,))
        self.workers = [self._child(f"worker-{n}", "worker") for n in range(1, self._count + 1)]
        for child in (self.api, *self.workers):
            await child.start(self._say)
        await self._ready()

    def _child(self, name: str, *words: str, address: str = "", fds: tuple[int, ...] = ()) -> Child:
        environment = {**self.settings.environment(), **self._environment}
        if self.sandbox is not None:
            environment = self.sandbox.wired(environment, self.url)
        command = (sys.executable, "-m", "persona_graph", *words)
        return Child(name, command, environment, self._log(name), address=address, fds=fds)

    def _log(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    async def _ready(self) -> None:
        """The API answers, and no child has fallen on its first steps."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while not any(len(child.exits) > 1 for child in self.children):
                    if self.settings.port and await healthy(self.settings.host, self.settings.port):
                        return
                    await asyncio.sleep(0.05)
        worst = max(self.children, key=lambda child: len(child.exits))
        culprit = worst if worst.exits else self.api
        assert culprit is not None
        raise StackFailed(f"{culprit.name} does not start. {culprit.log} ends with:\n{culprit.last_words()}")

    def _note(self) -> None:
        """Who holds the folder: for the next one who wants it, and for ``doctor``."""
        assert self._lock is not None
        note = {"pid": os.getpid(), "url": self.url, "children": {c.name: c.pid for c in self.children}}
        self._lock.seek(0)
        self._lock.truncate()
        json.dump(note, self._lock)
        self._lock.flush()

    # Stopping: the API first hears no more, then workers, then what they all lean on.

    async def _stop(self) -> None:
        ours = [
            child.stop(API_GRACE if child is self.api else WORKER_GRACE)
            for child in (self.api, *self.workers)
            if child
        ]
        await asyncio.gather(*ours)
        if self.sandbox is not None:
            await self.sandbox.stop()
        if self._valkey is not None:
            await self._valkey.stop(REDIS_GRACE)
        if self._socket is not None:
            self._socket.close()
        if self._lock is not None:
            self._lock.close()


def take_folder(folder: Path) -> IO[str]:
    """The folder, made if need be, and its lock, held until the returned file is closed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise FolderUnusable(
            f"The data folder {folder} cannot be written ({error.strerror}). "
            "Choose another with --data or PERSONA_GRAPH_DATA_DIR."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        with lock:
            held = lock.read()
        raise FolderUnusable(
            f"{folder} is in use by {_holder(held)}. Stop it, or choose another folder with --data."
        ) from error
    return lock


def holder(folder: Path) -> dict[str, Any] | None:
    """What the stack running on this folder noted about itself, or None if none runs."""
    try:
        with (folder / "lock").open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return dict(json.loads(lock.read() or "{}"))
    except (OSError, ValueError):
        return None
    return None


def redis_port(folder: Path) -> int | None:
    """The port of the Redis of the stack that runs on this folder, or None if none runs."""
    return noted_port(folder / VALKEY) if holder(folder) else None


def _holder(held: str) -> str:
    try:
        note = json.loads(held)
        return f"persona-graph up, process {note['pid']}, at {note['url']}"
    except (ValueError, KeyError, TypeError):
        return "another persona-graph up that is just starting"


def listen(host: str, port: int) -> socket.socket:
    """Bound by the supervisor and lent to the API: callers wait through an API restart instead of failing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(
            f"{host}:{port} cannot be listened on ({error.strerror}). "
            "Stop what uses it, or choose another port with --port (0: any free one)."
        ) from error
    bound.listen(2048)
    bound.set_inheritable(True)
    return bound


async def healthy(host: str, port: int) -> bool:
    """Whether the API on this address answers /healthz with 200."""
    to = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(to, port)
            try:
                writer.write(
                    f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
                )
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def run_until_signalled(stack: Embedded, show: Say) -> None:
    """The stack until SIGTERM, SIGINT or SIGHUP; a second signal while stopping ends it at once."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, told.set)
    starting = asyncio.ensure_future(stack.__aenter__())
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    with suppress(asyncio.CancelledError):
        await starting
        show(table(stack))
        await told.wait()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        show("Stopping …")
        await stack.__aexit__(None, None, None)


def table(stack: Embedded) -> str:
    """What runs where."""
    rows = [("", "process", "address", "log")]
    rows += [(c.name, str(c.pid), c.address, str(c.log)) for c in stack.children]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, [*widths, 0], strict=True)) for row in rows
    )
