"""The doorbell: what it says over Redis, what it believes, and that nobody fails without it."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from arq.connections import ArqRedis

from persona_graph.db import new_id
from persona_graph.jobs.doorbell import QUEUE, WAKE, Doorbell, dump, load, open_pool
from tests.conftest import RedisServer
from tests.jobs.conftest import Opening
from tests.jobs.scripted import speaker

RING = {"t": None, "f": "advance_job", "a": ["0" * 26], "k": {}, "et": 1_700_000_000_000}


@pytest.fixture
async def woken(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = open_pool(redis_url, woken=True)
    yield pool
    await pool.aclose()


async def due(pool: ArqRedis) -> list[bytes]:
    """As ARQ's worker asks."""
    now = time.time() * 1000
    found: list[bytes] = await pool.zrangebyscore(QUEUE, min=float("-inf"), start=0, num=100, max=now)
    return found


async def test_a_ring_is_json_and_names_the_job(woken: ArqRedis) -> None:
    """R3: no pickle in either direction."""
    bell, job_id = Doorbell(woken), new_id()
    bell.ring(job_id)
    await bell.sent()
    [ring] = await due(woken)
    raw = await woken.get(b"arq:job:" + ring)
    assert orjson.loads(raw) | {"et": 0} == {"t": None, "f": "advance_job", "a": [job_id], "k": {}, "et": 0}
    assert load(raw)["a"] == (job_id,)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b"7", b"\xff", b"[" * 100_000, pickle.dumps(RING),
        *(orjson.dumps({**RING, **odd}) for odd in (
            {"a": []}, {"a": ["x"]}, {"a": ["0" * 27]}, {"a": ["0" * 26] * 2}, {"a": "0" * 26}, {"a": [None]},
            {"k": {"x": 1}}, {"k": []}, {"k": None}, {"t": 1}, {"t": "1"}, {"et": -1}, {"et": 2**60}, {"et": "1"},
            {"et": True}, {"more": 1},
        )),
        orjson.dumps({name: RING[name] for name in "tfak"}),
    ],
    ids=lambda raw: repr(raw[:40]),
)  # fmt: skip
def test_anything_else_is_refused(raw: bytes) -> None:
    """R3: by its shape, before ARQ looks into it."""
    with pytest.raises((ValueError, TypeError)):
        load(raw)


def test_what_is_dumped_is_json() -> None:
    assert orjson.loads(dump({"a": ("x",), "r": ValueError("y")})) == {"a": ["x"], "r": "ValueError('y')"}


async def test_rings_that_are_not_ours_are_thrown_away(woken: ArqRedis) -> None:
    ours = new_id()
    await woken.zadd(QUEUE, {ours: 5, b"\xff\xfe": 5, "../x": 5, "": 5, "0" * 27: 5})
    assert await due(woken) == [ours.encode()]
    assert await woken.zcard(QUEUE) == 1


async def test_a_waiting_worker_is_woken(woken: ArqRedis) -> None:
    """It does not poll: the answer is on its way before the half second is over."""
    bell = Doorbell(woken)
    waiting = asyncio.ensure_future(due(woken))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    bell.ring(new_id())
    assert len(await asyncio.wait_for(waiting, 0.35)) == 1
    await bell.sent()


async def test_a_ring_ahead_wakes_nobody_before_its_time(woken: ArqRedis) -> None:
    bell = Doorbell(woken)
    bell.ring(new_id(), after=0.3)
    await bell.sent()
    began = time.monotonic()
    assert await woken.llen(WAKE) == 0
    while not await due(woken):
        assert time.monotonic() - began < 5
    assert time.monotonic() - began >= 0.25


async def test_nothing_due_is_told_after_half_a_second(woken: ArqRedis) -> None:
    began = time.monotonic()
    assert await due(woken) == []
    assert time.monotonic() - began >= 0.4


async def test_a_doorbell_without_redis_fails_nobody(
    opening: Opening, own_redis: RedisServer, caplog: Any
) -> None:
    """R1, R2: a submit commits and returns; one line says that nobody was rung."""
    house = await opening(speaker())
    house.jobs.doorbell.redis = open_pool(own_redis.url)
    own_redis.kill()
    with caplog.at_level(logging.WARNING):
        job = await house.speak()
        await house.jobs.doorbell.sent()
    assert (await house.job(job)).state == "QUEUED"
    assert "the sweeper will find it" in caplog.text


@pytest.mark.parametrize("trouble", ["READONLY", "OOM", "WRONGTYPE"])
async def test_a_redis_that_refuses_fails_nobody(
    opening: Opening, own_redis: RedisServer, trouble: str
) -> None:
    """R2."""
    house = await opening(speaker())
    with own_redis.client() as redis:
        if trouble == "READONLY":
            redis.replicaof("127.0.0.1", "1")
        elif trouble == "OOM":
            redis.config_set("maxmemory", "1")
        else:
            redis.set(QUEUE, "not a queue")
    house.jobs.doorbell.redis = open_pool(own_redis.url)
    job = await house.speak()
    await house.jobs.doorbell.sent()
    assert (await house.job(job)).state == "QUEUED"


async def test_wake_pushes_do_not_pile_up(woken: ArqRedis, tmp_path: Path) -> None:
    bell = Doorbell(woken)
    for _ in range(200):
        bell.ring(new_id())
    await bell.sent()
    assert await woken.llen(WAKE) <= 64
