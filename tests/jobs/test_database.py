"""A database that throws its clients out, refuses them, and comes back: nothing is done twice or by halves."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from persona_graph.db import is_away
from persona_graph.provider import PaymentSafety, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, speaker


class Operator:
    """Somebody at the server's console, connected to another database of it."""

    def __init__(self, house: House) -> None:
        url = make_url(house.settings.database)
        self.name = url.database
        self._address = {
            "user": url.username,
            "password": url.password,
            "host": url.query.get("host") or url.host,
            "port": url.port,
        }

    async def __aenter__(self) -> Operator:
        given = {name: value for name, value in self._address.items() if value is not None}
        self._console = await asyncpg.connect(database="postgres", **given)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._console.close()

    async def throw_out(self) -> int:
        sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"
        thrown: int = await self._console.fetchval(sql, self.name)
        return thrown

    async def allow(self, connections: bool) -> None:
        await self._console.execute(
            f'ALTER DATABASE "{self.name}" WITH ALLOW_CONNECTIONS {str(connections).lower()}'
        )


@pytest.fixture
async def house(opening: Opening, postgres_url: str) -> House:
    async def slow(_call: Any) -> Any:
        await asyncio.sleep(0.02)
        return Progress(0.5, check_again_in=0.2)

    toy = speaker(
        safety=PaymentSafety.BLIND, start=[TICKET, ...], check=[slow, slow, slow, slow, DELIVERY, ...]
    )
    return await opening(toy, database_url=postgres_url)


async def test_connections_that_are_cut_all_the_time(house: House) -> None:
    """R4, R5: for a vendor that must not be asked twice."""
    jobs = [await house.speak() for _ in range(6)]
    async with Operator(house) as operator:

        async def cut() -> int:
            thrown = 0
            for _ in range(25):
                await asyncio.sleep(0.04)
                thrown += await operator.throw_out()
            return thrown

        cutting = asyncio.ensure_future(cut())
        await asyncio.gather(*(_finish_somehow(house, job) for job in jobs))
        assert await cutting > 0
    for job in jobs:
        job = await house.sound(job)
        assert (job.state, job.crashes) == ("SUCCEEDED", 0), (job.message, job.failure_message)
        assert len(await house.attempts(job)) == 1
    provider: Any = house.jobs.catalog.providers[0].original
    assert provider.calls("start") == 6


async def _finish_somehow(house: House, job: Any) -> None:
    """``finish`` itself asks the database; it is the test, not the job, that must insist then."""
    for _ in range(50):
        try:
            await house.finish(job)
            if (await house.job(job)).state == "SUCCEEDED":
                return
        except Exception as error:
            if not is_away(error):
                raise
        await asyncio.sleep(0.02)


async def test_a_database_that_is_away_for_a_while(house: House) -> None:
    """R4: the step that met it goes on when it is back."""
    job = await house.speak()
    await house.advance(job)
    await house.hurry(job)
    async with Operator(house) as operator:
        await operator.allow(False)
        await operator.throw_out()
        advancing = asyncio.ensure_future(house.advance(job))
        await asyncio.sleep(1)
        assert not advancing.done()
        await operator.allow(True)
        assert await advancing is not None
    await house.finish(job)
    job = await house.sound(job)
    assert (job.state, job.crashes) == ("SUCCEEDED", 0)
