"""Houses for the jobs' tests: ``opening(*providers)`` opens one on SQLite, ``each_opening`` on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

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
