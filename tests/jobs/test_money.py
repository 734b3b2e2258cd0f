"""Holds, charges and idempotency, where many ask at once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from persona_graph.accounts.ledger import Period, spend
from persona_graph.db import utcnow
from persona_graph.errors import IdempotencyMismatch, InvalidInput, SpendRefused
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Paid
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.personas.tables import Output
from persona_graph.provider import OrderRejected, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import SCRIPT, House
from tests.jobs.scripted import DELIVERY, TICKET, speaker


async def count(house: House, kind: type[Any]) -> int:
    async with house.db.reading() as session:
        return await session.scalar(select(func.count()).select_from(kind)) or 0


async def test_one_key_is_one_job(each_opening: Opening) -> None:
    """G18: 50 at once."""
    house = await each_opening(speaker(start=[DELIVERY]))
    answers = await asyncio.gather(*(house.submit(key="k") for _ in range(50)))
    assert len({answer.job.id for answer in answers if answer.job}) == 1
    assert len({answer.subject_id for answer in answers}) == 1
    assert await count(house, Job) == 1 and await count(house, Output) == 1
    assert len(await house.holds()) == 1
    job = answers[0].job
    assert job is not None
    await house.finish(job)
    again = await house.submit(key="k")
    assert again.job is not None and again.job.id == job.id
    await house.sound(job)


async def test_one_key_with_another_input(each_opening: Opening) -> None:
    """G19: also while both are under way."""
    house = await each_opening(speaker())
    scripts = [f"{SCRIPT} Number {n % 2}." for n in range(10)]
    answers = await asyncio.gather(*(house.submit(s, key="k") for s in scripts), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, IdempotencyMismatch)]
    assert len(refused) == 5 and await count(house, Job) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_unusable_keys(key: str) -> None:
    """G19."""
    with pytest.raises(InvalidInput):
        Paid(idempotency_key=key)


async def test_another_accounts_key_is_another_key(opening: Opening, tmp_path: Path) -> None:
    """G19."""
    (tmp_path / "two").mkdir()
    house = await opening(speaker())
    first = await house.speak(key="k")
    other = await house.neighbour()
    second = await other.speak(key="k")
    assert first.id != second.id


async def test_money_for_one_is_spent_once(each_opening: Opening) -> None:
    """G17: 15 at once, and the month's cap leaves room for one."""
    house = await each_opening(speaker(start=[DELIVERY]))
    ceiling = (await house.submit(dry_run=True)).plan
    assert ceiling is not None
    await house.spend_all_but(ceiling.price_ceiling)
    answers = await asyncio.gather(*(house.submit() for _ in range(15)), return_exceptions=True)
    made = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(made) == 1 and await count(house, Job) == 1
    assert {type(answer) for answer in answers if isinstance(answer, BaseException)} == {SpendRefused}
    assert sum(hold.amount for hold in await house.holds()) == ceiling.price_ceiling
    assert made[0].job is not None
    await house.finish(made[0].job)
    await house.sound(made[0].job)


async def test_a_dry_run_writes_nothing(opening: Opening) -> None:
    house = await opening(speaker())
    before = await house.rows()
    assert (await house.submit(key="k", dry_run=True)).plan is not None
    assert await house.rows() == before


async def test_above_the_callers_own_limit(opening: Opening) -> None:
    house = await opening(speaker())
    with pytest.raises(SpendRefused):
        await house.submit(max_price=Decimal("0.00001"))
    assert await count(house, Job) == 0


ENDINGS = {
    "SUCCEEDED": {"start": [TICKET], "check": [Progress(0.5), DELIVERY]},
    "FAILED": {"start": [OrderRejected("no")]},
    "CANCELLED": {"start": [TICKET], "check": [Progress(0.5), ...]},
}


@pytest.mark.parametrize("state", ENDINGS)
async def test_only_success_is_charged(each_opening: Opening, state: str) -> None:
    house = await each_opening(speaker(**ENDINGS[state]))
    job = await house.speak()
    assert len(await house.holds()) == 1
    await house.advance(job)
    if state == "CANCELLED":
        await house.cancel(job)
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == state
    assert await house.holds() == []
    async with house.db.reading() as session:
        spent = (await spend(session, house.account.id, Period.month(utcnow()))).spent
    assert (spent > 0) == (state == "SUCCEEDED") and spent == job.settled


async def test_many_jobs_of_one_persona_side_by_side(each_opening: Opening) -> None:
    """SQLite's one writer, and Postgres' row locks in whatever order: no job stumbles, the books balance."""
    toy = speaker(start=[TICKET, ...], check=[Progress(0.5), ...])
    house = await each_opening(toy)
    jobs = await asyncio.gather(*(house.speak() for _ in range(12)))
    await asyncio.gather(*(house.advance(job) for job in jobs))
    toy.answers["check"] = [DELIVERY, ...]
    await asyncio.gather(*(house.cancel(job) for job in jobs[:4]), *(house.finish(job) for job in jobs[4:]))
    await asyncio.gather(*(house.finish(job) for job in jobs[:4]))
    for job in jobs:
        job = await house.sound(job)
        assert job.state in ("SUCCEEDED", "CANCELLED") and job.crashes == 0
    assert await house.holds() == [] and await count(house, Attempt) == 12
    assert await house.deadlocks() == 0, "retried, but each costs a second"


async def test_the_subject_is_settled_with_the_job(opening: Opening) -> None:
    house = await opening(speaker(start=[DELIVERY]))
    job = await house.speak()
    assert (await house.output(job)).ready_at is None
    await house.finish(job)
    output = await house.output(job)
    assert output.ready_at is not None and output.served[0]["provider"] == "toy"
    assert job.kind == JobKind.SPEECH
