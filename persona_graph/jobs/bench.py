"""Telling where a job stands while its work goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from persona_graph.db import Base, Writing
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.lease import Lease, fenced, one_transaction
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.tables import Job, Leg, ProgressSource
from persona_graph.jobs.work import Bench


def open_bench(jobs: Jobs, lease: Lease, job: Job, leg: Leg, provider: str) -> Bench:
    @one_transaction
    async def stage(name: str, fraction: float | None) -> None:
        jobs.keep_alive(lease.job_id, lease.token)
        async with fenced(jobs, lease) as (session, mine):
            await say_stage(jobs, session, mine, _leg(mine, leg), name, fraction)

    @one_transaction
    async def note(rows: Sequence[Base], facts: dict[str, Any]) -> None:
        jobs.keep_alive(lease.job_id, lease.token)
        async with fenced(jobs, lease) as (session, mine):
            session.add_all(rows)
            changed = _leg(mine, leg)
            changed.result = {**changed.result, **facts}
            leg.result = changed.result

    return Bench(
        job=job,
        leg=leg,
        legs=job.legs,
        provider=provider,
        db=jobs.db,
        media=jobs.media,
        stage=stage,
        note=note,
    )


async def say_stage(
    jobs: Jobs, session: Writing, job: Job, leg: Leg, name: str, within: float | None, message: str = ""
) -> None:
    """Begin a stage; ``within`` is the part of this leg that lies behind, 0–1."""
    if job.stage == name:
        return
    job.stage, job.message = name, message[:200]
    if within is not None:
        job.fraction = max(job.fraction or 0.0, share(job, leg, within))
        job.progress_source = ProgressSource.MEASURED
    await append(session, jobs.doorbell, job, EventKind.STAGE)


def share(job: Job, leg: Leg, within: float) -> float:
    """The job's fraction when ``within`` (0–1) of ``leg`` is done, legs counted by weight. A leg in several
    orders says in its result how many are done, of how many."""
    done, orders = leg.result.get("part") or (0, 1)
    within = min((done + within) / orders, 1.0)
    whole = sum(each.weight for each in job.legs)
    behind = sum(each.weight for each in job.legs if each.n < leg.n)
    return round(min((behind + leg.weight * within) / whole, 0.999), 4)


def _leg(job: Job, leg: Leg) -> Leg:
    return next(each for each in job.legs if each.n == leg.n)
