"""The pace at a provider, kept by all workers together, and how many orders it takes at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest

from persona_graph.jobs.doorbell import open_pool
from persona_graph.jobs.turns import KEY, NoTurn, Turns
from persona_graph.provider import Call, Delivery, OutcomeUnknown, PaymentSafety, ProviderBusy
from tests.conftest import RedisServer
from tests.jobs.conftest import Opening
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, speaker, speech_offer
from tests.jobs.test_rests import another_worker


async def test_slots_are_handed_out_one_after_the_other(redis_url: str) -> None:
    """V1, V14: two workers that ask at once share one pace, and each key has its own."""
    pools = [open_pool(redis_url), open_pool(redis_url)]
    workers = [Turns(pool) for pool in pools]
    waits = await asyncio.gather(*(workers[n % 2].reserve("toy", 10, "speech", 100) for n in range(8)))
    assert sorted(round(wait) for wait in waits) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert await workers[0].reserve("toy", 10, "training", 100) == 0
    assert await workers[0].reserve("other", 10, "speech", 100) == 0
    for pool in pools:
        await pool.aclose()


async def test_a_slot_too_far_off_is_not_reserved(redis_url: str) -> None:
    """V1"""
    pool = open_pool(redis_url)
    first, second = Turns(pool), Turns(pool)
    await first.reserve("toy", 50, "", 60)
    await first.reserve("toy", 50, "", 60)
    for _ in range(3):
        with pytest.raises(NoTurn) as refused:
            await second.reserve("toy", 50, "", 60)
        assert 95 < refused.value.seconds <= 100
    await pool.aclose()


async def test_the_pace_is_kept_without_redis(own_redis: RedisServer) -> None:
    """V14, R2: each process keeps its own, slower, and goes on from what was agreed before."""
    pool = open_pool(own_redis.url)
    turns = Turns(pool)
    assert await turns.reserve("toy", 5, "", 60) == 0
    own_redis.kill()
    assert 15 < await turns.reserve("toy", 5, "", 60) <= 20
    assert 35 < await turns.reserve("toy", 5, "", 60) <= 40
    own_redis.start()
    assert 40 < await turns.reserve("toy", 5, "", 60) <= 45
    await pool.aclose()


@pytest.mark.parametrize("poison", [b"never", b"nan", b"1e300", b"-5", b""])
async def test_a_stranger_in_redis_stops_nobody(redis_url: str, poison: bytes) -> None:
    """R3"""
    pool = open_pool(redis_url)
    await Turns(pool).reserve("toy", 5, "", 60)
    [name] = await pool.keys(KEY + "*")
    await pool.set(name, poison)
    assert await Turns(pool).reserve("toy", 5, "", 60) == 0
    await pool.delete(name)
    await cast(Awaitable[int], pool.rpush(name, poison))
    assert await Turns(pool).reserve("toy", 5, "", 60) == 0
    await pool.aclose()


async def test_no_secret_stands_in_redis(redis_url: str) -> None:
    """T7: a plugin may pace itself by the key it calls with."""
    pool = open_pool(redis_url)
    await Turns(pool).reserve("toy", 5, "sk-canary", 60)
    assert not any(b"canary" in key for key in await pool.keys("*"))
    await pool.aclose()


def paced(every: float, answer: Any) -> Any:
    async def start(call: Call) -> Any:
        await call.turn(every, "speech")
        return answer

    return start


async def test_a_call_waits_for_its_turn(opening: Opening) -> None:
    """V1: the core waits on the plugin's behalf."""
    at: list[float] = []

    async def start(call: Call) -> Delivery:
        await call.turn(0.4)
        at.append(time.monotonic())
        return DELIVERY

    toy = speaker(start=[start, ...])
    house = await opening(toy)
    jobs = [await house.speak() for _ in range(3)]
    async with another_worker(house, toy) as other:
        await asyncio.gather(house.advance(jobs[0]), other.advance(jobs[1]), house.advance(jobs[2]))
    assert all(later - sooner > 0.39 for sooner, later in pairwise(at))
    assert [(await house.sound(job)).state for job in jobs] == ["SUCCEEDED"] * 3


async def test_a_turn_too_far_off_is_no_failed_try(opening: Opening) -> None:
    """V14: a job may stand back more often than a vendor may be busy, and is not lost."""
    toy = speaker(start=[paced(200, DELIVERY), ...])
    house = await opening(toy)
    first, second = await house.speak(), await house.speak()
    await house.advance(first)
    for _ in range(10):
        wait = await house.advance(second)
        assert wait is not None and 150 < wait <= 240
        waiting = await house.sound(second)
        assert (waiting.state, waiting.stage) == ("WAITING", "WAITING_FOR_SPEECH")
        assert "next turn" in waiting.message
        await house.hurry(second)
    assert await house.jobs.rests.find("toy") is None
    house.jobs.turns._last.clear()
    await house.jobs.doorbell.redis.flushall()
    assert (await house.finish(second)).state == "SUCCEEDED"


@pytest.mark.parametrize(
    "asked", [0, 3600, 10**9, -1, 1e300, float("inf"), float("nan"), "soon", "Sun, 22 Nov 2026", None]
)
async def test_whatever_a_vendor_asks_for_the_wait_is_bounded(opening: Opening, asked: Any) -> None:
    """V1: within 0 and five minutes; the lease is given back while it waits, and every worker keeps to it."""
    toy = speaker(start=[ProviderBusy("429", asked), DELIVERY])
    house = await opening(toy)
    first, second = await house.speak(), await house.speak()
    wait = await house.advance(first)
    assert wait is not None and 0.2 <= wait <= 300
    assert (wait == 300) == (asked in (3600, 10**9, 1e300, float("inf")))
    resting = await house.sound(first)
    assert (resting.state, resting.lease_token) == ("WAITING", None)
    async with another_worker(house, toy) as other:
        if wait == 300:
            assert await other.advance(second)
            assert toy.calls("start") == 1
    assert (await house.finish(first)).state == "SUCCEEDED"


def limited(most: int, **script: Any) -> Scripted:
    offer = speech_offer()
    return Scripted("toy", replace(offer, limits=replace(offer.limits, max_concurrent=most)), **script)


async def test_an_offer_has_as_many_orders_as_it_takes(each_opening: Opening) -> None:
    """Over all workers: the others wait, say so, and come in when a place is free."""
    toy = limited(2, start=[TICKET, ...], check=[DELIVERY, ...])
    house = await each_opening(toy)
    jobs = [await house.speak() for _ in range(6)]
    async with another_worker(house, toy) as other:
        await asyncio.gather(*((house if n % 2 else other).advance(job) for n, job in enumerate(jobs)))
    assert toy.calls("start") == 2
    states = [await house.sound(job) for job in jobs]
    waiting = [job for job in states if job.stage == "WAITING_FOR_SPEECH"]
    assert len(waiting) == 4
    assert {job.message for job in waiting} == {"toy takes 2 at a time and has them"}
    assert {job.state for job in states} == {"WAITING"}
    for job in [*(job for job in states if job not in waiting), *waiting]:
        assert (await house.finish(job)).state == "SUCCEEDED"
        await house.sound(job)
    assert toy.calls("start") == 6


async def test_a_job_that_waits_for_an_operator_keeps_no_place(opening: Opening) -> None:
    """V3: one unknown outcome must not stop all others for good."""
    offer = speech_offer(PaymentSafety.BLIND)
    offer = replace(offer, limits=replace(offer.limits, max_concurrent=1))
    toy = Scripted("toy", offer, start=[OutcomeUnknown("lost"), DELIVERY])
    house = await opening(toy)
    first, second = await house.speak(), await house.speak()
    await house.finish(first)
    assert (await house.job(first)).state == "NEEDS_REVIEW"
    assert (await house.finish(second)).state == "SUCCEEDED"
