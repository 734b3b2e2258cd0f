from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import Owner, World, open_world


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    async with open_world(tmp_path, redis_url) as world:
        yield world


@pytest.fixture
async def owner(world: World) -> Owner:
    return await world.account("Ada")
