"""The worker edge: ARQ runs slices, a sweeper rings what is due, a thread keeps the leases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Any

from arq.worker import Worker
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from persona_graph.jobs.advance import advance
from persona_graph.jobs.doorbell import AHEAD_SECONDS, QUEUE, WAKE, dump, load, open_pool, plain_redis
from persona_graph.jobs.heartbeat import Heartbeat
from persona_graph.jobs.postman import deliver_due, forget_old_deliveries
from persona_graph.jobs.sweeper import Chore, discard_stale_folders, sweep_for_ever
from persona_graph.personas.drift import watch_drift
from persona_graph.personas.erasure import forget_enrolments
from persona_graph.personas.leases import watch_leases
from persona_graph.personas.uploads import erase_unused_uploads
from persona_graph.runtime import Runtime
from persona_graph.settings import Settings

ORPHANS_AFTER = timedelta(hours=24)
# ARQ's own limit, far behind ours: no slice lives this long.
JOB_TIMEOUT_SECONDS = 3600

log = logging.getLogger(__name__)


async def advance_job(ctx: dict[str, Any], job_id: str) -> None:
    """One slice of a job. A short wait is rung ahead, so that no worker is held by it."""
    jobs = ctx["runtime"].jobs
    again = await advance(jobs, job_id)
    if again is not None and again <= AHEAD_SECONDS:
        jobs.doorbell.ring(job_id, after=again)


async def _heard(ctx: dict[str, Any]) -> None:
    """The row is the queue, so a ring that was heard is done with. Left where it is, ARQ would look at it two
    hundred times a second for as long as the slice takes."""
    await ctx["redis"].zrem(QUEUE, ctx["job_id"])


async def _open(ctx: dict[str, Any]) -> None:
    settings: Settings = ctx["settings"]
    stack = ctx["stack"] = contextlib.AsyncExitStack()
    runtime = ctx["runtime"] = await stack.enter_async_context(Runtime.open(settings))
    heartbeat = Heartbeat(settings.database, settings.lease_seconds, settings.blocked_seconds)
    heartbeat.start()
    stack.callback(heartbeat.stop)
    runtime.jobs.heartbeat = heartbeat
    ctx["sweeper"] = asyncio.create_task(sweep_for_ever(runtime.jobs, _chores(runtime)))
    log.info(
        "worker ready: %d providers, %d jobs at a time", len(runtime.catalog.providers), settings.worker_jobs
    )


def _chores(runtime: Runtime) -> list[Chore]:
    return [
        Chore("forget voices", 10, lambda: forget_enrolments(runtime.personas)),
        Chore("deliver webhooks", 1, lambda: deliver_due(runtime.jobs)),
        Chore("forget old webhook deliveries", 3600, lambda: forget_old_deliveries(runtime.jobs)),
        Chore("watch voice leases", 300, lambda: watch_leases(runtime.personas)),
        Chore("watch voices for drift", 300, lambda: watch_drift(runtime.personas)),
        Chore("erase unused uploads", 3600, lambda: erase_unused_uploads(runtime.personas)),
        Chore("collect orphans", 3600, lambda: runtime.media.collect_orphans(ORPHANS_AFTER)),
        Chore("discard stale folders", 600, lambda: discard_stale_folders(runtime.jobs)),
    ]


async def _close(ctx: dict[str, Any]) -> None:
    if "sweeper" in ctx:
        sweeper = ctx.pop("sweeper")
        sweeper.cancel()
        await asyncio.wait({sweeper})
    if "stack" in ctx:
        await ctx.pop("stack").aclose()


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM, or until Redis is gone; a supervisor starts it again."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = _arq_worker(settings)
    try:
        worker.run()
    except RedisError as broken:
        loop.run_until_complete(_forget_queue(settings, broken))
        raise
    finally:
        # ARQ leaves without this when Redis does: slices under way would be cut off as if by a crash.
        loop.run_until_complete(_wind_up(worker, settings.stop_seconds))


async def _forget_queue(settings: Settings, broken: RedisError) -> None:
    """Whatever in Redis stops a worker would stop the next one too. It is only a doorbell: what is due is
    rung again."""
    log.error("the worker ends: %s: %s", type(broken).__name__, broken)
    if isinstance(broken, RedisConnectionError | RedisTimeoutError):
        return
    redis = plain_redis(settings.redis_url.get_secret_value())
    with contextlib.suppress(RedisError, OSError):
        await redis.delete(QUEUE, WAKE)
    with contextlib.suppress(RedisError, OSError):
        await redis.aclose()


async def _wind_up(worker: Worker, seconds: float) -> None:
    """Slices may end, then must; a slice that is cancelled gives its job back."""
    slices = {task for task in worker.tasks.values() if not task.done()}
    if slices:
        _, late = await asyncio.wait(slices, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=seconds)
    await _close(worker.ctx)


def _arq_worker(settings: Settings) -> Worker:
    return Worker(
        functions=[advance_job],
        redis_pool=open_pool(settings.redis_url.get_secret_value(), woken=True),
        queue_name=QUEUE,
        on_startup=_open,
        on_shutdown=_close,
        on_job_start=_heard,
        max_jobs=settings.worker_jobs,
        job_timeout=JOB_TIMEOUT_SECONDS,
        job_completion_wait=max(1, round(settings.stop_seconds)),
        keep_result=0,
        max_tries=1,
        retry_jobs=False,
        poll_delay=0.005,
        health_check_interval=30,
        job_serializer=dump,
        job_deserializer=load,
        ctx={"settings": settings},
        log_results=False,
    )
