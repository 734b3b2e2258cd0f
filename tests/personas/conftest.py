"""An API in this process, on SQLite unless the test asks for PostgreSQL too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import Owner, World, open_world


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    asked = getattr(request, "param", "sqlite")
    url = request.getfixturevalue("postgres_url") if asked == "postgres" else ""
    async with open_world(tmp_path, redis_url, database_url=url) as world:
        yield world


@pytest.fixture
async def owner(world: World) -> Owner:
    return await world.account("Ada")
