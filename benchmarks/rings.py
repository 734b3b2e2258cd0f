"""From a ring to the start of its slice: ours, ARQ as it comes, and a bare blocking pop, in turns on one Redis.

    .venv/bin/python benchmarks/rings.py [--rings 200]

Ours and ARQ's are the same ARQ worker with a slice that does nothing; read the ratios, not the absolutes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool

from persona_graph.db import new_id
from persona_graph.jobs.doorbell import QUEUE, Doorbell, dump, load, open_pool, plain_redis
from persona_graph.valkey import Valkey

Ring = Callable[[str], Awaitable[Any]]
PLAIN_QUEUE, PLAIN_LIST = "bench:arq", "bench:list"


class Started:
    """When each ring was heard."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[float]] = {}

    async def time(self, ring: Ring) -> float:
        """Milliseconds from ringing to hearing."""
        id = new_id()
        heard = self._waiting[id] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await ring(id)
        return (await heard - began) * 1000

    def heard(self, id: str) -> None:
        self._waiting.pop(id).set_result(time.perf_counter())


@asynccontextmanager
async def ours(url: str, started: Started) -> AsyncIterator[Ring]:
    async def advance_job(_ctx: dict[str, Any], job_id: str) -> None:
        started.heard(job_id)

    bell = Doorbell(open_pool(url))

    async def ring(id: str) -> None:
        bell.ring(id)

    async with _working(
        functions=[func(advance_job, name="advance_job")], redis_pool=open_pool(url, woken=True), queue_name=QUEUE, poll_delay=0.005,
        job_serializer=dump, job_deserializer=load,
    ):  # fmt: skip
        yield ring
    await bell.close()


@asynccontextmanager
async def plain_arq(url: str, started: Started) -> AsyncIterator[Ring]:
    async def advance_job(_ctx: dict[str, Any], job_id: str) -> None:
        started.heard(job_id)

    pool = ArqRedis(ConnectionPool.from_url(url), default_queue_name=PLAIN_QUEUE)

    async def ring(id: str) -> None:
        await pool.enqueue_job("advance_job", id)

    async with _working(
        functions=[func(advance_job, name="advance_job")],
        redis_pool=ArqRedis(ConnectionPool.from_url(url)),
        queue_name=PLAIN_QUEUE,
    ):
        yield ring
    await pool.aclose()


@asynccontextmanager
async def raw_pop(url: str, started: Started) -> AsyncIterator[Ring]:
    redis, reader = plain_redis(url), plain_redis(url)

    async def read() -> None:
        while True:
            _, id = await reader.brpop([PLAIN_LIST])  # type: ignore[misc]
            started.heard(id.decode())

    async def ring(id: str) -> None:
        await redis.lpush(PLAIN_LIST, id)  # type: ignore[misc]

    reading = asyncio.create_task(read())
    yield ring
    reading.cancel()
    await asyncio.wait({reading})
    await redis.aclose()
    await reader.aclose()


@asynccontextmanager
async def _working(**how: Any) -> AsyncIterator[None]:
    worker = Worker(handle_signals=False, keep_result=0, max_tries=1, retry_jobs=False, **how)
    running = asyncio.create_task(worker.async_run())
    yield
    running.cancel()
    await asyncio.wait({running})
    await worker.close()


# ARQ first in each turn, as it is the one that the moment matters to.
CONTENDERS = {"ARQ, default polling": plain_arq, "ours": ours, "raw BRPOP": raw_pop}


async def compare(url: str, rings: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    started = Started()
    async with AsyncExitStack() as stack:
        ring = {
            name: await stack.enter_async_context(open(url, started)) for name, open in CONTENDERS.items()
        }
        await asyncio.sleep(1)
        for _ in range(rings):
            # At any moment of ARQ's half second.
            await asyncio.sleep(random.uniform(0, 0.5))
            for name, one in ring.items():
                taken[name].append(await started.time(one))
    return taken


def table(taken: dict[str, list[float]]) -> str:
    raw = statistics.median(taken["raw BRPOP"])
    lines = [f"{'enqueue → start':24} {'p50 ms':>8} {'p99 ms':>8} {'× raw':>8}"]
    for name, each in taken.items():
        middle, worst = statistics.median(each), statistics.quantiles(each, n=100)[98]
        lines.append(f"{name:24} {middle:8.2f} {worst:8.2f} {middle / raw:8.1f}")
    return "\n".join(lines)


async def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rings", type=int, default=60, help="rings per contender (default: 60)")
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder), "bench" * 8, Path(folder) / "log")
        await server.start(print)
        try:
            print(table(await compare(server.url, asked.parse_args().rings)))
        finally:
            await server.stop(2)


if __name__ == "__main__":
    asyncio.run(main())
