"""The worker edge: ARQ runs slices, a sweeper rings what is due, a thread keeps the leases."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import Any

from arq.worker import Worker

from persona_graph.jobs.advance import SLICE_SECONDS, advance
from persona_graph.jobs.doorbell import QUEUE, dump, load, open_pool
from persona_graph.jobs.heartbeat import Heartbeat
from persona_graph.jobs.sweeper import Chore, discard_stale_folders, sweep_for_ever
from persona_graph.personas.erasure import forget_enrolments
from persona_graph.runtime import Runtime
from persona_graph.settings import Settings

STAY_SECONDS = 3.0
ORPHANS_AFTER = timedelta(hours=24)

log = logging.getLogger(__name__)


async def advance_job(ctx: dict[str, Any], job_id: object) -> None:
    """Advance a job as far as it goes now; short waits are sat out here without holding the job."""
    if not isinstance(job_id, str) or len(job_id) != 26:
        log.warning("a ring without a job id was ignored")
        return
    jobs = ctx["runtime"].jobs
    again = await advance(jobs, job_id)
    while again is not None and again <= STAY_SECONDS:
        await asyncio.sleep(again)
        again = await advance(jobs, job_id)


async def _open(ctx: dict[str, Any]) -> None:
    settings: Settings = ctx["settings"]
    stack = ctx["stack"] = contextlib.AsyncExitStack()
    runtime = ctx["runtime"] = await stack.enter_async_context(Runtime.open(settings))
    heartbeat = Heartbeat(settings.database, settings.lease_seconds)
    heartbeat.start()
    stack.callback(heartbeat.stop)
    runtime.jobs.heartbeat = heartbeat
    ctx["sweeper"] = asyncio.create_task(sweep_for_ever(runtime.jobs, _chores(runtime)))
    log.info("worker ready: %d providers, %d jobs at a time", len(runtime.catalog.providers), settings.worker_jobs)


def _chores(runtime: Runtime) -> list[Chore]:
    return [
        Chore("forget voices", 10, lambda: forget_enrolments(runtime.personas)),
        Chore("collect orphans", 3600, lambda: runtime.media.collect_orphans(ORPHANS_AFTER)),
        Chore("discard stale folders", 600, lambda: discard_stale_folders(runtime.jobs)),
    ]


async def _close(ctx: dict[str, Any]) -> None:
    # ARQ also closes a worker that could not be opened.
    if sweeper := ctx.get("sweeper"):
        sweeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper
    await ctx["stack"].aclose()


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM, or until Redis is gone; a supervisor starts it again."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    Worker(
        functions=[advance_job],
        redis_pool=open_pool(settings.redis_url.get_secret_value(), woken=True),
        queue_name=QUEUE,
        on_startup=_open,
        on_shutdown=_close,
        max_jobs=settings.worker_jobs,
        job_timeout=SLICE_SECONDS * 4,
        keep_result=0,
        max_tries=1,
        retry_jobs=False,
        poll_delay=0.005,
        health_check_interval=30,
        job_serializer=dump,
        job_deserializer=load,
        ctx={"settings": settings},
        log_results=False,
    ).run()
