"""A provider that is busy or down is left alone by everybody, and only that one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from persona_graph.jobs.doorbell import open_pool
from persona_graph.jobs.rests import KEY, Rests
from persona_graph.provider import ProviderBusy, ProviderUnavailable
from tests.conftest import RedisServer
from tests.jobs.conftest import Opening
from tests.jobs.house import House, open_house
from tests.jobs.scripted import DELIVERY, Scripted, catalog, speaker


@asynccontextmanager
async def another_worker(house: House, *providers: Scripted) -> AsyncIterator[House]:
    redis = house.settings.redis_url.get_secret_value()
    url = house.settings.database_url
    async with open_house(
        house.settings.data_dir, redis, catalog(*providers), database_url=url, tables=False
    ) as other:
        yield other


async def test_all_workers_share_a_pause(opening: Opening) -> None:
    """V1: what one job was told, no other job asks again."""
    toy = speaker(start=[ProviderBusy("slow down", 120), DELIVERY])
    house = await opening(toy)
    first, second = await house.speak(), await house.speak()
    assert 120 <= (await house.advance(first) or 0) <= 150
    async with another_worker(house, toy) as other:
        wait = await other.advance(second)
    assert wait is not None and 100 < wait <= 150
    assert toy.calls("start") == 1
    waiting = await house.sound(second)
    assert (waiting.state, waiting.stage, waiting.message) == ("WAITING", "WAITING_FOR_SPEECH", "toy is busy")
    assert (await house.finish(second)).state == "SUCCEEDED"
    await house.sound(second)


async def test_one_that_is_down_is_passed_over(opening: Opening) -> None:
    """V7: its circuit opens, the others' do not."""
    dead = speaker("a-dead", cost="0", start=[ProviderUnavailable("401: key revoked"), ...])
    other = speaker("b-other", cost="1", start=[DELIVERY, ...])
    house = await opening(dead, other)
    jobs = [await house.speak() for _ in range(10)]
    await asyncio.gather(*(house.advance(job) for job in jobs[:1]))
    await asyncio.gather(*(house.advance(job) for job in jobs[1:]))
    assert [(await house.sound(job)).state for job in jobs] == ["SUCCEEDED"] * 10
    assert dead.calls("start") == 1


async def test_the_last_one_is_waited_for(opening: Opening) -> None:
    """V7, V14: a backlog is neither lost nor a storm; one call in half a minute finds out."""
    dead = speaker(start=[ProviderUnavailable("down")])
    house = await opening(dead)
    jobs = [await house.speak() for _ in range(10)]
    waits = [await house.advance(job) for job in jobs]
    assert (await house.sound(jobs[0])).failure_code == "PROVIDERS_EXHAUSTED"
    assert all(wait is not None and 25 < wait <= 36 for wait in waits[1:])
    assert dead.calls("start") == 1
    dead.answers["start"] = [DELIVERY, ...]
    for job in jobs[1:]:
        await house.finish(job)
        assert (await house.sound(job)).state == "SUCCEEDED"


async def test_a_provider_says_how_long_it_must_be_left_alone(opening: Opening) -> None:
    """V1, V7: a block of a quarter of an hour, known to all; who has no other provider looks again before it is over."""
    dead = speaker("a-dead", cost="0", start=[ProviderUnavailable("blocked", 900), ...])
    other = speaker("b-other", cost="1", start=[DELIVERY, ...])
    house = await opening(dead, other)
    first, second = await house.speak(), await house.speak()
    await house.advance(first)
    async with another_worker(house, dead, other) as elsewhere:
        rest = await elsewhere.jobs.rests.find("a-dead")
        assert rest is not None and rest.down and 850 < rest.seconds <= 900
        await elsewhere.advance(second)
    assert [(await house.sound(job)).state for job in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]
    assert dead.calls("start") == 1
    alone = await opening(speaker("c-alone", start=[ProviderUnavailable("blocked", 900)]))
    blocked, waiting = await alone.speak(), await alone.speak()
    await alone.advance(blocked)
    wait = await alone.advance(waiting)
    assert wait is not None and 290 < wait <= 361


async def test_nobody_waits_for_ever(opening: Opening) -> None:
    """The time an offer gives itself bounds the waiting for it too."""
    house = await opening(speaker(give_up=0.1))
    job = await house.speak()
    await house.jobs.rests.begin("toy", 60)
    await house.advance(job)
    await asyncio.sleep(0.3)
    await house.hurry(job)
    await house.jobs.rests.begin("toy", 60)
    await house.advance(job)
    job = await house.sound(job)
    assert (job.state, job.failure_code) == ("FAILED", "PROVIDERS_EXHAUSTED")
    assert "toy is busy" in (job.failure_message or "")


@pytest.mark.parametrize("word", [b"", b"busy", b"\xff", b"BUSY" * 1000])
async def test_a_strangers_words_are_not_heeded(redis_url: str, word: bytes) -> None:
    """R3."""
    redis = open_pool(redis_url)
    await redis.set(KEY + "toy", word, px=60_000)
    assert await Rests(redis).find("toy") is None
    await redis.aclose()


async def test_a_rest_is_never_longer_than_ours(redis_url: str) -> None:
    """R3: whoever reaches Redis cannot put a provider to sleep."""
    redis = open_pool(redis_url)
    for seconds in (None, 10**6):
        await redis.set(KEY + "toy", b"DOWN", ex=seconds)
        assert await Rests(redis).find("toy") is None
    rests = Rests(redis)
    await rests.begin("toy", 1e9)
    found = await rests.find("toy")
    assert found is not None and found.seconds <= 300
    await rests.begin("toy", 1e9, down=True)
    found = await Rests(redis).find("toy")
    assert found is not None and found.down and found.seconds <= 6 * 3600
    await redis.delete(KEY + "toy")
    await redis.lpush(KEY + "toy", "a list")
    assert await Rests(redis).find("toy") is None
    await redis.aclose()


async def test_without_redis_each_worker_knows_its_own(tmp_path: Path, own_redis: RedisServer) -> None:
    """R1."""
    redis = open_pool(own_redis.url)
    rests = Rests(redis)
    own_redis.kill()
    assert await rests.find("toy") is None
    await rests.begin("toy", 30, down=True)
    found = await rests.find("toy")
    assert found is not None and found.down and 25 < found.seconds <= 30
    await redis.aclose()
