"""Keeps the leases of running slices alive from a thread of its own, which a blocked event loop cannot
stop. Two things end that: a slice that gives no sign of life for longer than it may, whose job another worker
then takes over; and an event loop that a plugin blocks for good, which ends this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time

from sqlalchemy import select, update

from persona_graph.db import Database, now_plus
from persona_graph.jobs.tables import Job

log = logging.getLogger(__name__)


class Heartbeat:
    """``start`` is called in the event loop that is watched."""

    def __init__(self, database_url: str, lease_seconds: float, blocked_seconds: float = 60.0) -> None:
        self._url = database_url
        self._lease = lease_seconds
        self._patience = blocked_seconds
        self._held: dict[str, tuple[str, float]] = {}
        self._silent = 0.0
        self._stop = threading.Event()
        # The watch has its own, because the beat may have to wait for the database.
        self._threads = [
            threading.Thread(target=self._run, name="lease-heartbeat", daemon=True),
            threading.Thread(target=self._watch, name="loop-watch", daemon=True),
        ]

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    def hold(self, job_id: str, token: str, seconds: float) -> None:
        """Renew this lease for as long as that; called again, for as long from then on."""
        self._held[token] = (job_id, time.monotonic() + seconds)

    def drop(self, token: str) -> None:
        self._held.pop(token, None)

    def _tick(self) -> None:
        self._silent = 0.0

    def _run(self) -> None:
        asyncio.run(self._beat())

    async def _beat(self) -> None:
        db = Database(self._url)
        try:
            while not self._stop.wait(self._lease / 4):
                now = time.monotonic()
                kept = {token: job for token, (job, until) in list(self._held.items()) if until > now}
                if kept:
                    await self._renew(db, kept)
        finally:
            await db.close()

    def _watch(self) -> None:
        beat = min(self._lease, self._patience) / 4
        while not self._stop.wait(beat):
            # Counted in beats, not by the clock: a process that was stopped as a whole is not blocked.
            self._silent += beat
            if self._silent > self._patience:
                # Nothing else gets out of a loop that never yields; the leases bring the jobs back.
                log.critical("the event loop is blocked for %.0f s; this worker ends itself", self._silent)
                os.kill(os.getpid(), signal.SIGKILL)
            with contextlib.suppress(RuntimeError):  # the loop was closed just now
                self._loop.call_soon_threadsafe(self._tick)

    async def _renew(self, db: Database, kept: dict[str, str]) -> None:
        try:
            async with db.writing() as session:
                # By id, so that the key finds the rows; in their order, as everybody locks several jobs.
                mine = (Job.id.in_(kept.values()), Job.lease_token.in_(kept))
                locked = select(Job.id).where(*mine).order_by(Job.id).with_for_update()
                found = list((await session.scalars(locked)).all())
                beat = update(Job).where(Job.id.in_(found)).values(lease_until=now_plus(self._lease))
                await session.execute(beat.execution_options(synchronize_session=False))
        except Exception as error:
            # A missed beat is not fatal: three more fit into one lease.
            log.warning("a heartbeat failed: %s: %s", type(error).__name__, error)
