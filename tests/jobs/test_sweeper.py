"""What the sweeper rings, and what it leaves alone; its chores; voices that wait to be forgotten."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta

import pytest
from sqlalchemy import update

from persona_graph.db import now_plus
from persona_graph.jobs.call import folder_of
from persona_graph.jobs.lease import Lease, claim, release
from persona_graph.jobs.sweeper import Chore, discard_stale_folders, due_jobs, sweep_for_ever
from persona_graph.jobs.tables import Job
from persona_graph.personas.erasure import forget_enrolments
from persona_graph.personas.tables import Enrolment, EnrolmentState, Voice
from persona_graph.provider import OutcomeUnknown, Progress, ProviderBusy, ProviderUnavailable, Ticket
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import TICKET, catalog, speaker


async def set_on(house: House, job: Job, **values: object) -> None:
    async with house.db.writing() as session:
        await session.execute(update(Job).where(Job.id == job.id).values(**values))


async def test_it_rings_a_new_job_once_and_again_after_five_seconds(each_opening: Opening) -> None:
    """R1: the first ring may have been lost."""
    house = await each_opening(speaker())
    job = await house.speak()
    assert await due_jobs(house.jobs) == [job.id]
    assert await due_jobs(house.jobs) == []
    await set_on(house, job, rung_at=now_plus(-5.1))
    assert await due_jobs(house.jobs) == [job.id]


async def test_several_sweepers_ring_a_job_once(each_opening: Opening) -> None:
    house = await each_opening(speaker())
    jobs = {(await house.speak()).id for _ in range(20)}
    found = await asyncio.gather(*(due_jobs(house.jobs) for _ in range(6)))
    rung = [id for some in found for id in some]
    assert sorted(rung) == sorted(jobs)


async def test_it_leaves_alone_what_is_leased(each_opening: Opening) -> None:
    house = await each_opening(speaker())
    job = await house.speak()
    lease = Lease(job.id)
    assert await claim(house.jobs, lease)
    assert await due_jobs(house.jobs) == []
    await house.expire_lease(job)
    assert await due_jobs(house.jobs) == [job.id]
    assert await claim(house.jobs, Lease(job.id))
    await release(house.jobs, lease)


async def test_it_leaves_alone_what_waits_and_what_has_ended(each_opening: Opening) -> None:
    soon = Ticket({}, check_again_in=0.3)
    house = await each_opening(speaker(start=[soon], check=[Progress(0.5, check_again_in=200), ...]))
    job = await house.speak()
    await house.advance(job)
    await asyncio.sleep(0.4)
    assert await due_jobs(house.jobs) == [], "the worker's own ring comes first"
    await set_on(house, job, rung_at=now_plus(-5.1))
    assert await due_jobs(house.jobs) == [job.id], "and if it was lost, the sweeper's"
    await house.advance(job)
    assert await due_jobs(house.jobs) == []
    await set_on(house, job, wake_at=now_plus(-0.1))
    assert await due_jobs(house.jobs) == [job.id], "a long wait is not rung ahead"
    await house.cancel(job)
    assert await due_jobs(house.jobs) == [job.id], "whoever is to be cancelled does not wait"
    await house.finish(job)
    assert await due_jobs(house.jobs) == []


async def test_what_waits_for_a_person_is_not_rung(opening: Opening) -> None:
    house = await opening(speaker())
    job = await house.speak()
    for state in ("NEEDS_REVIEW", "QUARANTINED"):
        await set_on(house, job, state=state, rung_at=None)
        assert await due_jobs(house.jobs) == []


async def test_the_oldest_first(opening: Opening) -> None:
    """V14: in order."""
    house = await opening(speaker())
    jobs = [(await house.speak()).id for _ in range(5)]
    assert await due_jobs(house.jobs) == jobs


async def test_a_slow_or_failing_chore_keeps_no_job_waiting(opening: Opening) -> None:
    house = await opening(speaker(), sweep_seconds=0.05)
    ran: list[str] = []

    async def slow() -> None:
        ran.append("slow")
        await asyncio.sleep(60)

    async def failing() -> None:
        ran.append("failing")
        raise RuntimeError("no")

    chores = [Chore("slow", 0.01, slow), Chore("failing", 0.01, failing)]
    sweeping = asyncio.ensure_future(sweep_for_ever(house.jobs, chores))
    while ran.count("failing") < 3:
        await asyncio.sleep(0.01)
    job = await house.speak()
    async with asyncio.timeout(5):
        while (await house.job(job)).rung_at is None:
            await asyncio.sleep(0.01)
    sweeping.cancel()
    await asyncio.wait({sweeping})
    assert ran.count("slow") == 1


async def test_a_dead_workers_folders_are_removed(opening: Opening) -> None:
    house = await opening(speaker(start=[TICKET]))
    job = await house.speak()
    await house.advance(job)
    [attempt] = await house.attempts(job)
    live, stale, young = (folder_of(house.jobs, name) for name in (attempt.id, "stale", "young"))
    for folder in (stale, young):
        folder.mkdir(parents=True)
        (folder / "left.wav").write_bytes(b"x")
    hour_ago = time.time() - timedelta(hours=1).total_seconds()
    for folder in (live, stale):
        os.utime(folder, (hour_ago, hour_ago))
    assert await discard_stale_folders(house.jobs) == 1
    assert live.is_dir() and young.is_dir() and not stale.exists()


async def voice_to_forget(house: House, provider: str) -> str:
    async with house.db.writing() as session:
        voice = Voice(account_id=house.account.id, persona_id=house.persona.id, name="v", language="en")
        session.add(voice)
        await session.flush()
        enrolment = Enrolment(
            voice_id=voice.id, account_id=house.account.id, provider=provider, vendor_voice="v7",
            state=EnrolmentState.FORGETTING,
        )  # fmt: skip
        session.add(enrolment)
        await session.flush()
        return enrolment.id


async def enrolment(house: House, id: str) -> Enrolment:
    async with house.db.reading() as session:
        return await session.get_one(Enrolment, id)


@pytest.mark.parametrize(
    "trouble", [OutcomeUnknown("?"), ProviderBusy(), ProviderUnavailable(), RuntimeError(), SystemExit(1), KeyboardInterrupt()],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
async def test_a_voice_is_forgotten_once_the_vendor_confirms(
    opening: Opening, trouble: BaseException
) -> None:
    """V13, P2: until then it stays pending, for days if need be."""
    toy = speaker(forget_voice=[trouble, trouble, None])
    house = await opening(toy)
    id = await voice_to_forget(house, "toy")
    for _ in range(2):
        assert await forget_enrolments(house.personas) == 0
        assert (await enrolment(house, id)).state == "FORGETTING"
    assert await forget_enrolments(house.personas) == 1
    assert (await enrolment(house, id)).state == "FORGOTTEN"
    assert await forget_enrolments(house.personas) == 0
    assert [asked.what for asked in toy.history] == ["v7"] * 3
    assert len(set(toy.keys("forget_voice"))) == 1


async def test_voices_of_a_provider_that_is_gone_block_no_other(opening: Opening) -> None:
    """V13: more of them than fit into one round."""
    toy = speaker(forget_voice=[None, ...])
    house = await opening(toy)
    house.jobs.catalog = catalog(toy)
    for _ in range(25):
        await voice_to_forget(house, "gone")
    id = await voice_to_forget(house, "toy")
    for _ in range(3):
        await forget_enrolments(house.personas)
    assert (await enrolment(house, id)).state == "FORGOTTEN"
