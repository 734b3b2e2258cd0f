"""Keeps the leases of running slices alive from a thread of its own, which a blocked event loop cannot
stop; a slice that outlives its deadline stops being kept, so another worker takes the job over."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

from sqlalchemy import update

from persona_graph.db import Database, now_plus
from persona_graph.jobs.tables import Job

log = logging.getLogger(__name__)


class Heartbeat:
    def __init__(self, database_url: str, lease_seconds: float) -> None:
        self._url = database_url
        self._lease = lease_seconds
        self._held: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def hold(self, token: str, seconds: float) -> None:
        self._held[token] = time.monotonic() + seconds

    def drop(self, token: str) -> None:
        self._held.pop(token, None)

    def _run(self) -> None:
        asyncio.run(self._beat())

    async def _beat(self) -> None:
        db = Database(self._url)
        try:
            while not self._stop.wait(self._lease / 4):
                now = time.monotonic()
                tokens = [token for token, until in list(self._held.items()) if until > now]
                if tokens:
                    await self._renew(db, tokens)
        finally:
            await db.close()

    async def _renew(self, db: Database, tokens: list[str]) -> None:
        try:
            async with db.writing() as session:
                kept = update(Job).where(Job.lease_token.in_(tokens)).values(lease_until=now_plus(self._lease))
                await session.execute(kept.execution_options(synchronize_session=False))
        except Exception:
            # A missed beat is not fatal: three more fit into one lease.
            log.warning("a heartbeat failed", exc_info=True)
