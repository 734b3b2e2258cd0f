"""The event feed against real rows, a real Redis and a hostile network: no gap, no duplicate, one end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.event import listen

from persona_graph.db import Base, Database, Writing, new_id
from persona_graph.errors import InvalidInput
from persona_graph.jobs.doorbell import CHANNEL, plain_redis
from persona_graph.jobs.events import Event, EventKind, next_persona_seq
from persona_graph.jobs.feed import Feed, FeedEvent, cursor, place
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.tables import Job


class Writer:
    """Appends events as the jobs room does: one transaction each, the job's row locked, news after it."""

    def __init__(self, db: Database, redis: Redis | None) -> None:
        self.db = db
        self.redis = redis
        self.persona = new_id()
        self.lose: float = 0.0
        self.rng = random.Random(7)

    async def open(self, persona: str | None = None) -> str:
        async with self.db.writing() as session:
            job = Job(
                account_id="account", persona_id=persona or self.persona, kind=next(iter(JobKind)),
                subject_kind="VOICE", subject_id=new_id(), tier="pro", asked_by="test",
            )  # fmt: skip
            session.add(job)
            await session.flush()
            event = await self._append(session, job, EventKind.STATE, False)
        await self.tell(event)
        return job.id

    async def append(self, job_id: str, *, terminal: bool = False) -> Event:
        async with self.db.writing() as session:
            job = await session.get_one(Job, job_id, with_for_update=True)
            event = await self._append(
                session, job, EventKind.STATE if terminal else EventKind.PROGRESS, terminal
            )
        await self.tell(event)
        return event

    async def _append(self, session: Writing, job: Job, kind: EventKind, terminal: bool) -> Event:
        job.seq += 1
        event = Event(
            job_id=job.id, account_id=job.account_id, persona_id=job.persona_id, seq=job.seq,
            persona_seq=await next_persona_seq(session, job.persona_id), kind=kind, terminal=terminal,
            snapshot={"n": job.seq},
        )  # fmt: skip
        session.add(event)
        return event

    async def tell(self, event: Event) -> None:
        if self.redis is None or self.rng.random() < self.lose:
            return
        news = {
            "job": event.job_id,
            "persona": event.persona_id,
            "seq": event.seq,
            "persona_seq": event.persona_seq,
        }
        with suppress(RedisError, OSError):  # as in production: news is only news
            await self.redis.publish(CHANNEL, orjson.dumps(news))


@pytest.fixture
async def db(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    database = Database(request.getfixturevalue(getattr(request, "param", "sqlite_url")))
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
async def news(redis_url: str) -> AsyncIterator[Redis]:
    async with plain_redis(redis_url) as client:
        yield client


@asynccontextmanager
async def feeding(db: Database, redis: Redis | None, **options: Any) -> AsyncIterator[Feed]:
    feed = Feed(db, redis, **options)
    await feed.start()
    try:
        yield feed
    finally:
        await feed.stop()


async def gather(stream: AsyncIterator[FeedEvent], count: int | None = None) -> list[int]:
    seen: list[int] = []
    async for event in stream:
        seen.append(event.seq)
        if len(seen) == count:
            break
    return seen


async def until(what: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.01)


async def listening(redis: Redis) -> None:
    async with asyncio.timeout(5):
        while not (await redis.pubsub_numsub(CHANNEL))[0][1]:
            await asyncio.sleep(0.01)


async def test_stored_events_first_then_live_then_the_end(db: Database, news: Redis) -> None:
    """W15: everything after the cursor, in order, the terminal event once and last."""
    writer = Writer(db, news)
    job = await writer.open()
    await writer.append(job)
    async with feeding(db, news, poll_seconds=60) as feed:
        await listening(news)
        reading = asyncio.create_task(gather(feed.job(job, 0)))
        await asyncio.sleep(0.1)
        await writer.append(job)
        await writer.append(job, terminal=True)
        assert await asyncio.wait_for(reading, 5) == [1, 2, 3, 4]
        assert await gather(feed.job(job, 2)) == [3, 4]


async def test_a_finished_job_ends_at_once_from_its_end_and_beyond(db: Database) -> None:
    """W15"""
    writer = Writer(db, None)
    job = await writer.open()
    await writer.append(job, terminal=True)
    async with feeding(db, None) as feed:
        for after in (2, 3, 10**9):
            assert await asyncio.wait_for(gather(feed.job(job, after)), 5) == []
        assert await asyncio.wait_for(gather(feed.job(job, 1)), 5) == [2]
        # The forged place above did not move the topic's beginning for anybody else.
        assert await asyncio.wait_for(gather(feed.job(job, 0)), 5) == [1, 2]


async def test_a_place_beyond_a_running_job_ends_with_the_job(db: Database) -> None:
    """W15"""
    writer = Writer(db, None)
    job = await writer.open()
    async with feeding(db, None, poll_seconds=0.05) as feed:
        ahead = asyncio.create_task(gather(feed.job(job, 1000)))
        beside = asyncio.create_task(gather(feed.job(job, 0)))
        await asyncio.sleep(0.1)
        await writer.append(job, terminal=True)
        assert await asyncio.wait_for(beside, 5) == [1, 2]
        assert await asyncio.wait_for(ahead, 5) == []


async def test_an_unknown_job_and_an_erased_one_end(db: Database) -> None:
    """W16"""
    writer = Writer(db, None)
    job = await writer.open()
    async with feeding(db, None, poll_seconds=0.05) as feed:
        assert await asyncio.wait_for(gather(feed.job(new_id(), 0)), 5) == []
        reading = asyncio.create_task(gather(feed.job(job, 0)))
        await until(lambda: feed.topics)
        await asyncio.sleep(0.1)
        async with db.writing() as session:
            await session.delete(await session.get_one(Job, job))
        assert await asyncio.wait_for(reading, 5) == [1]


async def test_a_persona_stream_outlives_its_jobs_and_their_erasure(db: Database) -> None:
    writer = Writer(db, None)
    first = await writer.open()
    async with feeding(db, None, poll_seconds=0.05) as feed:
        stream = feed.persona(writer.persona, 0)
        assert await asyncio.wait_for(gather(stream, 1), 5) == [1]
        await writer.append(first, terminal=True)
        second = await writer.open()
        assert await asyncio.wait_for(gather(stream, 2), 5) == [2, 3]
        async with db.writing() as session:
            await session.delete(await session.get_one(Job, first))
        await writer.append(second)
        assert await asyncio.wait_for(gather(stream, 1), 5) == [4]
        await stream.aclose()
        # A newcomer is told what is still there: the numbers have holes, the order holds.
        assert await asyncio.wait_for(gather(feed.persona(writer.persona, 0), 2), 5) == [3, 4]


async def test_a_reader_far_behind_reads_every_row(db: Database, news: Redis) -> None:
    """W15: longer than the tail and than a page, told of once."""
    writer = Writer(db, news)
    job = await writer.open()
    async with feeding(db, news, poll_seconds=60) as feed:
        near = asyncio.create_task(gather(feed.job(job, 1)))
        await listening(news)
        await asyncio.sleep(0.1)
        async with db.writing() as session:
            row = await session.get_one(Job, job)
            for _ in range(700):
                await writer._append(session, row, EventKind.PROGRESS, False)
            last = await writer._append(session, row, EventKind.STATE, True)
        await writer.tell(last)
        far = asyncio.create_task(gather(feed.job(job, 0)))
        assert await asyncio.wait_for(near, 20) == list(range(2, 703))
        assert await asyncio.wait_for(far, 20) == list(range(1, 703))
        assert await asyncio.wait_for(gather(feed.job(job, 350)), 20) == list(range(351, 703))


async def test_one_memo_per_event_for_all_who_follow(db: Database, news: Redis) -> None:
    writer = Writer(db, news)
    job = await writer.open()
    async with feeding(db, news, poll_seconds=0.2) as feed:
        streams = [feed.job(job, 0) for _ in range(50)]
        firsts = await asyncio.gather(*(anext(stream) for stream in streams))
        assert len({id(event.memo) for event in firsts}) == 1
        waiting = [asyncio.create_task(anext(stream)) for stream in streams]
        await asyncio.sleep(0.05)
        await writer.append(job)
        seconds = await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert {event.seq for event in seconds} == {2}
        assert len({id(event) for event in seconds}) == 1


async def test_new_rows_are_read_once_for_all_followers(db: Database, news: Redis) -> None:
    writer = Writer(db, news)
    job = await writer.open()
    reads: list[str] = []

    async with feeding(db, news, poll_seconds=60) as feed:
        streams = [feed.job(job, 0) for _ in range(200)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        await listening(news)
        listen(
            db.engine.sync_engine, "before_cursor_execute",
            lambda *args: reads.append(args[2]) if "job_event.seq >" in args[2] else None,
        )  # fmt: skip
        waiting = [asyncio.create_task(anext(stream)) for stream in streams]
        await asyncio.sleep(0.05)
        await writer.append(job)
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert len(reads) <= 2


async def test_lost_news_is_made_up_for_by_the_poll(db: Database, news: Redis) -> None:
    """W17, R1: pub/sub is up and silent."""
    writer = Writer(db, news)
    writer.lose = 1.0
    job = await writer.open()
    async with feeding(db, news, poll_seconds=0.2) as feed:
        reading = asyncio.create_task(gather(feed.job(job, 0)))
        await asyncio.sleep(0.3)
        await writer.append(job)
        await writer.append(job, terminal=True)
        assert await asyncio.wait_for(reading, 5) == [1, 2, 3]


async def test_what_was_missed_is_read_at_once_after_a_reconnect(db: Database, news: Redis) -> None:
    """W17: the poll is far away, and the news was lost."""
    writer = Writer(db, news)
    job = await writer.open()
    async with feeding(db, news, poll_seconds=60) as feed:
        stream = feed.job(job, 0)
        await anext(stream)
        await listening(news)
        writer.lose = 1.0
        await writer.append(job)
        await news.client_kill_filter(_type="pubsub")
        assert (await asyncio.wait_for(anext(stream), 10)).seq == 2


async def test_redis_killed_and_back(db: Database, own_redis: Any) -> None:
    """W17, R1: events flow while it is away, and at once after it is back."""
    async with plain_redis(own_redis.url) as client:
        writer = Writer(db, client)
        job = await writer.open()
        async with feeding(db, client, poll_seconds=0.5) as feed:
            stream = feed.job(job, 0)
            assert (await anext(stream)).seq == 1
            await listening(client)
            own_redis.kill()
            await writer.append(job)
            assert (await asyncio.wait_for(anext(stream), 5)).seq == 2
            own_redis.start()
            async with asyncio.timeout(5):
                while True:
                    try:
                        await listening(client)
                        break
                    except Exception:
                        await asyncio.sleep(0.05)
            await writer.append(job, terminal=True)
            assert await asyncio.wait_for(gather(stream), 5) == [3]


async def test_hostile_news_is_ignored(db: Database, news: Redis) -> None:
    """R3: whatever reaches the channel can at most make the feed look at rows."""
    writer = Writer(db, news)
    job = await writer.open()
    async with feeding(db, news, poll_seconds=0.2) as feed:
        stream = feed.job(job, 0)
        await anext(stream)
        await listening(news)
        forged = [
            b"", b"null", b"[]", b"5", b'"x"', b"{", b"\xff\xfe", b"[" * 5000, b"{}",
            orjson.dumps({"job": job, "seq": "9"}), orjson.dumps({"job": [job], "seq": 9}),
            orjson.dumps({"job": job, "seq": 10**9}), orjson.dumps({"job": None, "persona": 5, "seq": 1}),
        ]  # fmt: skip
        for message in forged:
            await news.publish(CHANNEL, message)
        await writer.append(job)
        assert (await asyncio.wait_for(anext(stream), 5)).seq == 2


async def test_topics_go_with_their_followers(db: Database, news: Redis) -> None:
    """W14: closed, abandoned and cancelled followers leave nothing behind."""
    writer = Writer(db, news)
    jobs = [await writer.open() for _ in range(3)]
    tasks_before = len(asyncio.all_tasks())
    async with feeding(db, news, poll_seconds=0.05) as feed:
        closed, abandoned = feed.job(jobs[0], 0), feed.job(jobs[1], 0)
        await anext(closed)
        await anext(abandoned)
        cancelled = asyncio.create_task(gather(feed.job(jobs[2], 0)))
        await until(lambda: feed.topics == 3)
        await closed.aclose()
        del abandoned
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        del cancelled
        await until(lambda: feed.topics == 0 and not feed._tails)
        assert (await news.pubsub_numsub(CHANNEL))[0][1] == 1
    assert len(asyncio.all_tasks()) == tasks_before
    assert (await news.pubsub_numsub(CHANNEL))[0][1] == 0


async def test_stopping_the_feed_ends_every_follower(db: Database) -> None:
    """W19"""
    writer = Writer(db, None)
    job = await writer.open()
    feed = Feed(db, None)
    await feed.start()
    readings = [asyncio.create_task(gather(feed.job(job, 0))) for _ in range(20)]
    await asyncio.sleep(0.1)
    await feed.stop()
    assert await asyncio.wait_for(asyncio.gather(*readings), 5) == [[1]] * 20


@pytest.mark.parametrize("db", ["sqlite_url", "postgres_url"], indirect=True)
@pytest.mark.parametrize("seed", [1, 2])
async def test_no_gap_no_duplicate_one_end_under_forced_disconnects(
    db: Database, news: Redis, redis_url: str, seed: int
) -> None:
    """W14, W15, W17, R1: concurrent writers, a third of the news lost, every connection killed again and
    again, readers that stop and resume at their cursor."""
    rng = random.Random(seed)
    writer = Writer(db, news)
    writer.lose = 0.3
    jobs = [await writer.open() for _ in range(4)]
    length = 25
    done = asyncio.Event()

    async def write(job: str) -> None:
        for n in range(length):
            await asyncio.sleep(rng.random() * 0.02)
            await writer.append(job, terminal=n == length - 1)

    async def disturb() -> None:
        async with plain_redis(redis_url) as client:
            while not done.is_set():
                await asyncio.sleep(rng.random() * 0.1)
                await client.client_kill_filter(_type="pubsub")
                if rng.random() < 0.3:
                    news_again = {
                        "job": rng.choice(jobs),
                        "persona": writer.persona,
                        "seq": 2,
                        "persona_seq": 3,
                    }
                    await client.publish(CHANNEL, orjson.dumps(news_again))

    async def read(feeds: list[Feed], job: str) -> list[int]:
        """Reads a little, goes away, comes back elsewhere with its last cursor."""
        seen: list[int] = []
        while True:
            stream = rng.choice(feeds).job(job, place(job, cursor(job, seen[-1])) if seen else 0)
            ended = True
            async for event in stream:
                seen.append(event.seq)
                if event.event.terminal:
                    assert await anext(stream, None) is None
                    return seen
                if rng.random() < 0.15:
                    ended = False
                    break
            assert not ended, "a stream ended before its terminal event"

    async with feeding(db, news, poll_seconds=0.2) as here, feeding(db, news, poll_seconds=0.2) as there:
        readers = [asyncio.create_task(read([here, there], rng.choice(jobs))) for _ in range(60)]
        overview = asyncio.create_task(gather(here.persona(writer.persona, 0), len(jobs) * (length + 1)))
        disturbing = asyncio.create_task(disturb())
        await asyncio.gather(*(write(job) for job in jobs))
        for seen in await asyncio.wait_for(asyncio.gather(*readers), 60):
            assert seen == list(range(1, length + 2))
        assert await asyncio.wait_for(overview, 30) == list(range(1, len(jobs) * (length + 1) + 1))
        done.set()
        await disturbing
        await until(lambda: here.topics <= 1 and there.topics == 0)


def test_cursors_are_bound_to_their_stream() -> None:
    """W18, G15: garbage, huge, foreign, truncated."""
    mine, other = new_id(), new_id()
    assert place(mine, cursor(mine, 17)) == 17
    assert place(mine, None) == place(mine, "") == 0
    hostile = [
        "5", "garbage", "💥", "a" * 100_000, cursor(other, 17), cursor(mine, 17)[:-2], cursor(mine, 17) + "!!",
        cursor(mine, -1), cursor(mine, 10**40), cursor(mine + ":1", 5), "\x00", "=" * 9, cursor(f"{mine}:٣", 1),
    ]  # fmt: skip
    for text in hostile:
        with pytest.raises(InvalidInput) as refused:
            place(mine, text)
        assert refused.value.code == "INVALID_CURSOR"
