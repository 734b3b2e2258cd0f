"""Who may write: two workers on one job, silent ones, dead ones, and the clock that counts."""

from __future__ import annotations

import ast
import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from persona_graph.db import now_plus
from persona_graph.jobs import endings
from persona_graph.jobs.advance import advance
from persona_graph.jobs.heartbeat import Heartbeat
from persona_graph.jobs.lease import Fenced, Lease, claim, fenced, release
from persona_graph.jobs.tables import Job
from persona_graph.provider import Delivery, PaymentSafety, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House, open_house
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, catalog, speaker

ROOM = Path(endings.__file__).parent


@asynccontextmanager
async def second_worker(house: House, *providers: Scripted) -> AsyncIterator[House]:
    """Another process's view of the same rows."""
    redis = house.settings.redis_url.get_secret_value()
    opened = open_house(
        house.settings.data_dir, redis, catalog(*providers), database_url=house.settings.database_url, tables=False,
        lease_seconds=house.settings.lease_seconds,
    )  # fmt: skip
    async with opened as other:
        yield other


async def test_two_workers_race_for_a_job(each_opening: Opening) -> None:
    """One gets it."""
    toy = speaker()
    house = await each_opening(toy)
    async with second_worker(house, toy) as other:
        for _ in range(10):
            job = await house.speak()
            leases = [Lease(job.id) for _ in range(8)]
            rooms = [house.jobs, other.jobs] * 4
            claimed = await asyncio.gather(*(claim(r, lease) for r, lease in zip(rooms, leases, strict=True)))
            assert sum(claimed) == 1
            assert (await house.job(job)).lease_token == leases[claimed.index(True)].token


async def test_two_workers_race_through_a_job(each_opening: Opening) -> None:
    """The vendor is asked once, whoever gets there."""
    toy = speaker(start=[TICKET, ...], check=[Progress(0.5), DELIVERY])
    house = await each_opening(toy)
    async with second_worker(house, toy) as other:
        job = await house.speak()
        for _ in range(20):
            await asyncio.gather(advance(house.jobs, job.id), advance(other.jobs, job.id))
            await house.hurry(job)
        assert (await house.sound(job)).state == "SUCCEEDED"
        assert (toy.calls("start"), toy.calls("check")) == (1, 2)


async def test_a_worker_that_lost_its_lease_writes_nothing(each_opening: Opening) -> None:
    """C2: it was away during the vendor's call; another has ended the job meanwhile."""
    held, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Delivery:
        held.set()
        await go.wait()
        return DELIVERY

    toy = speaker(start=[slow, DELIVERY])
    house = await each_opening(toy)
    async with second_worker(house, toy) as other:
        job = await house.speak()
        frozen = asyncio.ensure_future(advance(house.jobs, job.id))
        await held.wait()
        await house.expire_lease(job)
        await advance(other.jobs, job.id)
        ended = await house.sound(job)
        assert (ended.state == "SUCCEEDED" and ended.crashes == 0) or ended.crashes == 1
        before = await house.rows()
        go.set()
        assert await frozen is None
        assert await house.rows() == before
        assert len(set(toy.keys())) == 1


async def test_every_write_is_fenced(opening: Opening) -> None:
    house = await opening(speaker())
    job = await house.speak()
    lease = Lease(job.id)
    assert await claim(house.jobs, lease)
    await house.expire_lease(job)
    assert await claim(house.jobs, Lease(job.id))
    with pytest.raises(Fenced):
        async with fenced(house.jobs, lease):
            raise AssertionError("not reached")
    await release(house.jobs, lease)
    assert (await house.job(job)).lease_token is not None


async def test_three_deaths_set_a_job_aside(each_opening: Opening) -> None:
    """P5."""
    house = await each_opening(speaker())
    job = await house.speak()
    for crashes in range(3):
        assert await claim(house.jobs, Lease(job.id))
        assert (await house.job(job)).crashes == crashes
        await house.expire_lease(job)
        house.jobs.suspects.leave(job.id)
    assert not await claim(house.jobs, Lease(job.id))
    job = await house.sound(job)
    assert (job.state, job.crashes, job.lease_token) == ("QUARANTINED", 3, None)
    assert len(await house.holds()) == 1


async def test_clean_stops_are_no_deaths(each_opening: Opening) -> None:
    """C3: 20 in a row."""
    house = await each_opening(speaker(start=[DELIVERY]))
    job = await house.speak()
    for _ in range(20):
        lease = Lease(job.id)
        assert await claim(house.jobs, lease)
        await release(house.jobs, lease)
    assert (await house.job(job)).crashes == 0
    assert (await house.finish(job)).state == "SUCCEEDED"


async def test_deaths_before_progress_are_forgotten(opening: Opening) -> None:
    """Three unlucky workers in a day's work are no quarantine."""
    toy = speaker(
        start=[TICKET], check=[Progress(0.1), Progress(0.2), Progress(0.3), Progress(0.4), DELIVERY]
    )
    house = await opening(toy)
    job = await house.speak()
    for _ in range(4):
        await house.hurry(job)
        assert await claim(house.jobs, Lease(job.id))
        await house.expire_lease(job)
        house.jobs.suspects.leave(job.id)
        await house.advance(job)
    assert (await house.job(job)).crashes == 0
    assert (await house.finish(job)).state == "SUCCEEDED"


async def test_suspects_run_one_at_a_time(opening: Opening) -> None:
    """P5: of the jobs that were in a worker when it died, one at a time is tried again in each worker."""
    house = await opening(speaker(start=[DELIVERY, ...]))
    jobs = [await house.speak() for _ in range(3)]
    for job in jobs:
        assert await claim(house.jobs, Lease(job.id))
        await house.expire_lease(job)
    claimed = [await claim(house.jobs, Lease(job.id)) for job in jobs]
    assert claimed == [True, False, False]
    healthy = await house.speak()
    await house.finish(healthy)
    assert (await house.job(healthy)).state == "SUCCEEDED"
    house.jobs.suspects.leave(jobs[0].id)
    for job in jobs[1:]:
        await house.finish(job)
        assert (await house.sound(job)).state == "SUCCEEDED"


async def test_the_last_chance_is_taken_alone(opening: Opening) -> None:
    """P5: a job that is set aside has killed its worker itself, and was not just there when another one did."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Delivery:
        asked.set()
        await go.wait()
        return DELIVERY

    house = await opening(speaker(start=[slow, slow, DELIVERY, ...]))
    unlucky, beside, later = [await house.speak() for _ in range(3)]
    for _ in range(2):
        assert await claim(house.jobs, Lease(unlucky.id))
        await house.expire_lease(unlucky)
        house.jobs.suspects.leave(unlucky.id)
    working = asyncio.ensure_future(house.advance(beside))
    await asked.wait()
    assert await house.advance(unlucky) is None, "another is under way"
    assert await house.advance(later) is None, "and the worker is kept clear for a while"
    assert (await house.job(unlucky)).crashes == 2
    go.set()
    await working
    asked.clear()
    go.clear()
    alone = asyncio.ensure_future(house.advance(unlucky))
    await asked.wait()
    assert await house.advance(later) is None, "nothing else beside it"
    go.set()
    await alone
    await house.finish(later)
    for job in (unlucky, beside, later):
        assert (await house.sound(job)).state == "SUCCEEDED"


async def test_the_heartbeat_keeps_a_lease_while_the_loop_is_blocked(each_opening: Opening) -> None:
    """P4: three times as long as the lease."""

    def block(_call: Any) -> Delivery:
        time.sleep(1.5)
        return DELIVERY

    toy = speaker(start=[block], safety=PaymentSafety.BLIND)
    house = await each_opening(toy, lease_seconds=0.5)
    house.jobs.heartbeat = Heartbeat(house.settings.database, 0.5)
    house.jobs.heartbeat.start()
    taken: list[float | None] = []

    async def rival() -> None:
        async with second_worker(house, toy) as other:
            for _ in range(20):
                taken.append(await advance(other.jobs, job.id))
                await asyncio.sleep(0.1)

    job = await house.speak()
    advancing = asyncio.ensure_future(advance(house.jobs, job.id))
    while not toy.history:
        await asyncio.sleep(0)
    elsewhere = threading.Thread(target=lambda: asyncio.run(rival()))
    elsewhere.start()
    await advancing
    await asyncio.to_thread(elsewhere.join)
    house.jobs.heartbeat.stop()
    ended = await house.sound(job)
    assert (ended.state, ended.crashes, toy.calls("start")) == ("SUCCEEDED", 0, 1)
    assert set(taken) == {None}


async def test_the_heartbeat_renews_what_is_held_and_nothing_else(opening: Opening) -> None:
    house = await opening(speaker(), lease_seconds=0.4)
    jobs = [await house.speak() for _ in range(2)]
    leases = [Lease(job.id) for job in jobs]
    for lease in leases:
        assert await claim(house.jobs, lease)
    heart = Heartbeat(house.settings.database, 0.4)
    heart.start()
    try:
        heart.hold(jobs[0].id, leases[0].token, 60)
        heart.hold(jobs[1].id, leases[1].token, 0)
        await asyncio.sleep(1)
        async with second_worker(house, speaker()) as other:
            assert not await claim(other.jobs, Lease(jobs[0].id))
            assert await claim(other.jobs, Lease(jobs[1].id))
    finally:
        heart.stop()


async def test_a_process_never_takes_a_job_over_from_itself(opening: Opening) -> None:
    """A late heartbeat is not a death."""
    held, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Delivery:
        held.set()
        await go.wait()
        return DELIVERY

    house = await opening(speaker(start=[slow]))
    job = await house.speak()
    working = asyncio.ensure_future(house.advance(job))
    await held.wait()
    await house.expire_lease(job)
    assert await house.advance(job) is None
    go.set()
    await working
    ended = await house.sound(job)
    assert (ended.state, ended.crashes) == ("SUCCEEDED", 0)


DATABASE_TIMES = {"lease_until", "wake_at", "rung_at", "deadline_at"}


def test_only_the_databases_clock_counts() -> None:
    """C1: whatever decides who may do what when is set from ``now_plus``, or emptied."""

    def of_the_database(value: ast.expr) -> bool:
        match value:
            case ast.Constant(value=None) | ast.Name(id="None"):
                return True
            case ast.Call(func=ast.Name(id="now_plus")):
                return True
            case ast.IfExp(body=body, orelse=orelse):
                return of_the_database(body) and of_the_database(orelse)
        return False

    set_in: list[str] = []
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for name, value in _settings_of(node):
                if name in DATABASE_TIMES:
                    assert of_the_database(value), f"{path.name}:{value.lineno} {name}"
                    set_in.append(name)
    assert set(set_in) == DATABASE_TIMES


def _settings_of(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """What is assigned to which attribute, or passed as which keyword."""
    if isinstance(node, ast.Call):
        return [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
    if not isinstance(node, ast.Assign):
        return []
    found = []
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        elif isinstance(target, ast.Tuple):
            pairs = []
        found += [(left.attr, right) for left, right in pairs if isinstance(left, ast.Attribute)]
    return found


async def test_a_lease_lasts_as_long_as_the_database_says(each_opening: Opening) -> None:
    """C1."""
    house = await each_opening(speaker(), lease_seconds=30.0)
    job = await house.speak()
    assert await claim(house.jobs, Lease(job.id))
    async with house.db.reading() as session:
        held = (await session.scalars(select(Job).where(Job.id == job.id))).one()
        now = await session.scalar(select(now_plus()))
    assert held.lease_until is not None and now is not None
    assert 25 < (held.lease_until - now).total_seconds() <= 30
