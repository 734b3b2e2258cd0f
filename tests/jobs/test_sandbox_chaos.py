"""Paid jobs at vendors that are played, through the public API, while what they run on dies: workers by kill -9,
Redis wiped, Postgres shut down at once.

The default run is short; PERSONA_GRAPH_CHAOS=1 takes 1,000 jobs, or PERSONA_GRAPH_CHAOS_JOBS. PERSONA_GRAPH_CHAOS_SEED says
which they are."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from persona_graph_sandbox import Sandbox
from persona_graph_sandbox.emulators.minimax import MiniMax
from persona_graph_sandbox.limits import RateLimit
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from persona_graph.accounts.ledger import Hold, Posting, PostingKind
from persona_graph.db import Database
from persona_graph.demo import join_recordings
from persona_graph.embedded import Embedded
from persona_graph.graphql.ids import global_id
from persona_graph.jobs.books import audit
from persona_graph.jobs.states import TERMINAL, JobState
from persona_graph.jobs.tables import Attempt, Job
from tests.client import Client
from tests.conftest import RedisServer
from tests.jobs.conftest import PostgresServer
from tests.jobs.crew import EVERY, Workers
from tests.journeys.conftest import Trained, row_of
from tests.journeys.sandboxed import voiced, whole

WORKERS, KILL_EVERY, KILLS, PATIENCE = (4, 5.0, 10_000, 3000) if EVERY else (2, 2.0, 2, 150)
JOBS = int(os.environ.get("PERSONA_GRAPH_CHAOS_JOBS", "1000" if EVERY else "8"))
SEED = int(os.environ.get("PERSONA_GRAPH_CHAOS_SEED", "11"))
VIDEOS = 0.1 if EVERY else 0.0
PER_CHARACTER, PER_SHORT_VIDEO = Decimal("0.0001"), Decimal("0.15")
AWAY = (SQLAlchemyError, OSError, httpx.HTTPError)
Bills = Counter[tuple[str, Decimal]]


@dataclass
class Siege:
    """``jobs`` are the ids of what was asked, with the script of each."""

    sandbox: Sandbox
    client: Client
    db: Database
    workers: Workers
    persona: Trained
    jobs: dict[str, str]
    before: Bills
    reviewed: int = 0

    async def ask(self, n: int, mutation: str) -> None:
        script = f"Number {n} is said {'once ' * (n % 7)}only."
        made = await self.client.change(
            mutation, "job { id }", personaId=self.persona.persona, script=script, reuse=False
        )
        self.jobs[row_of(made["job"]["id"])] = script

    async def states(self) -> Counter[JobState]:
        async with self.db.reading() as session:
            rows = (await session.execute(select(Job.id, Job.state))).all()
        return Counter(state for id, state in rows if id in self.jobs)

    def billed(self) -> Bills:
        """What the vendors billed since the persona was made."""
        entries = self.sandbox.bench.ledger.entries()
        return Counter((entry.vendor, entry.amount) for entry in entries) - self.before

    async def booked(self) -> Bills:
        async with self.db.reading() as session:
            rows = (await session.scalars(select(Attempt).where(Attempt.cost.is_not(None)))).all()
        mine = [attempt for attempt in rows if attempt.job_id in self.jobs and attempt.cost]
        return Counter((vendor_of(attempt.provider), Decimal(attempt.cost or 0)) for attempt in mine)

    async def resolve(self, job_id: str, billed: Decimal | None) -> None:
        note = "chaos: as the vendor's books say"
        id = str(global_id("Job", job_id))
        cost = str(billed) if billed is not None else None
        await self.client.change(
            "resolveReview", "job { id }", jobId=id, again=True, note=note, billedCost=cost
        )

    async def set_going_again(self) -> None:
        """Who was at hand at three deaths is set aside; an operator looks, and has it go on."""
        for job in await self._aside(JobState.QUARANTINED):
            await self.resolve(job.id, None)

    async def review(self) -> None:
        """An operator with the vendors' bills: nothing is under way, so what was billed and not booked belongs to
        orders whose replies were lost, each to one of its price."""
        missing = self.billed() - await self.booked()
        for job in await self._aside(JobState.NEEDS_REVIEW):
            due = self._due(job)
            found = missing[due] > 0
            missing[due] -= found
            await self.resolve(job.id, due[1] if found else None)
            self.reviewed += 1

    def _due(self, job: Job) -> tuple[str, Decimal]:
        name = next(leg.name for leg in job.legs if leg.price is None)
        if name == "VIDEO":
            return "wavespeed", PER_SHORT_VIDEO
        return "minimax", PER_CHARACTER * len(self.jobs[job.id])

    async def _aside(self, state: JobState) -> list[Job]:
        async with self.db.reading() as session:
            return list((await session.scalars(select(Job).where(Job.state == state))).all())


def vendor_of(provider: str) -> str:
    return provider.partition("-")[0]


@asynccontextmanager
async def open_siege(folder: Path, redis_url: str, database_url: str) -> AsyncIterator[Siege]:
    recording, _ = join_recordings(folder / "recording.flac")
    with Sandbox(["minimax", "wavespeed"], seed=SEED) as sandbox:
        minimax = sandbox.emulators["minimax"]
        assert isinstance(minimax, MiniMax)
        # An account with a larger contract: else most of the run is waiting for the next minute.
        minimax.limits["/v1/t2a_v2"] = RateLimit(sandbox.bench.clock, 10_000)
        environment = {**sandbox.settings(), "PERSONA_GRAPH_PLUGIN_MINIMAX_REQUESTS_PER_MINUTE": "10000"}
        kept = {"redis_url": redis_url, "database_url": database_url}
        async with (
            Embedded(folder / "stack", workers=0, port=0, tier="enterprise", settings=kept, environment=environment)
            as stack,
            Client.to(stack.url, stack.token) as client,
        ):  # fmt: skip
            assert stack.api is not None
            workers, db = Workers(folder, dict(stack.api.environment)), Database(stack.settings.database)
            try:
                await workers.hire(WORKERS)
                persona = await (whole if VIDEOS else voiced)(client, recording)
                before = Counter((e.vendor, e.amount) for e in sandbox.bench.ledger.entries())
                yield Siege(sandbox, client, db, workers, persona, {}, before)
            finally:
                await workers.retire()
                await db.close()


async def _kill(workers: Workers, rng: random.Random) -> None:
    """One after the other, whoever it hits."""
    for _ in range(KILLS):
        await asyncio.sleep(KILL_EVERY)
        with suppress(ProcessLookupError, IndexError):
            rng.choice(workers.running).kill()


async def _all_ended(siege: Siege, events: list[tuple[float, Callable[[], Any]]]) -> None:
    until = time.monotonic() + PATIENCE
    states: Counter[JobState] = Counter()
    while (over := sum(states[state] for state in TERMINAL)) < JOBS:
        assert time.monotonic() < until, f"{states} of {JOBS} jobs"
        if events and over >= events[0][0] * JOBS:
            await events.pop(0)[1]()
        with suppress(*AWAY):
            states = await siege.states()
            await siege.set_going_again()
            if sum(states[state] for state in (*TERMINAL, JobState.NEEDS_REVIEW)) == JOBS:
                await siege.review()
        await asyncio.sleep(0.2)


@pytest.mark.timeout(3600 if EVERY else 240)
async def test_v3_none_is_lost_and_every_bill_is_in_our_books(
    tmp_path: Path, own_redis: RedisServer, own_postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """V3, C4, R1, R4: every job succeeds and is charged once; no video is ordered twice, a speech only where an operator
    said so; and what we booked is what the vendors billed."""
    rng, began = random.Random(SEED), time.monotonic()

    async def redis_is_wiped() -> None:
        own_redis.kill()
        await asyncio.sleep(0.5)
        own_redis.start()

    async with open_siege(tmp_path, own_redis.url, own_postgres.url) as siege:
        set_up = time.monotonic() - began
        for n in range(JOBS):
            await siege.ask(n, "generateVideo" if rng.random() < VIDEOS else "generateSpeech")
        killing = asyncio.create_task(_kill(siege.workers, rng))
        events = [(0.25, redis_is_wiped), (0.45, own_postgres.restart), (0.7, redis_is_wiped)]
        await _all_ended(siege, events)
        assert killing.cancel() or not killing.exception()
        falls = siege.workers.falls.count(-signal.SIGKILL)
        assert not events and falls >= 1
        speeches_again = await _hold_against_the_vendors_books(siege)
        whole_run = time.monotonic() - began
        with capsys.disabled():
            sys.stdout.write(
                f"\n{JOBS} jobs, seed {SEED}: {whole_run - set_up:.0f} s after {set_up:.0f} s of setting up, "
                f"{falls} kills, {siege.reviewed} reviews, {speeches_again} speeches ordered again\n"
            )


async def _hold_against_the_vendors_books(siege: Siege) -> int:
    assert await siege.states() == {JobState.SUCCEEDED: JOBS}
    assert siege.billed() == await siege.booked()
    async with siege.db.reading() as session:
        assert (await audit(session)).faults == ()
        assert await session.scalar(select(func.count()).select_from(Hold)) == 0
        legs = sum(
            len(job.legs) for job in (await session.scalars(select(Job))).all() if job.id in siege.jobs
        )
        settled = (
            await session.execute(
                select(Posting.job_id, Posting.leg).where(Posting.kind == PostingKind.SETTLE)
            )
        ).all()
        cost = select(func.sum(Posting.amount)).where(Posting.kind == PostingKind.COST)
        assert await session.scalar(cost) == siege.sandbox.bench.ledger.total()
    charged = [(job, leg) for job, leg in settled if job in siege.jobs]
    assert len(charged) == len(set(charged)) == legs
    videos = legs - JOBS
    bills = siege.billed()
    assert bills["wavespeed", PER_SHORT_VIDEO] == videos, "a video is found again, not ordered again"
    speeches_again = sum(bills.values()) - videos - JOBS
    assert 0 <= speeches_again <= siege.reviewed
    _verify(siege)
    return speeches_again


def _verify(siege: Siege) -> None:
    command = [sys.executable, "-m", "persona_graph", "ledger", "verify"]
    verified = subprocess.run(
        command, env=siege.workers.environment, capture_output=True, text=True, timeout=120
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
