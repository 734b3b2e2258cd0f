"""What a provider is lent for one call."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from persona_graph.db import utcnow
from persona_graph.jobs.knocks import webhook_url
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.jobs.turns import NoTurn
from persona_graph.media.assets import Asset
from persona_graph.provider import FileRef, OrderRejected, ProviderBusy

# A worker's place is not kept for a turn that is further off; and what is left after it is for the call itself.
PATIENCE_SECONDS = 60.0


class NotItsTurn(ProviderBusy):
    """The pace that the plugin asked for leaves no room now: nobody's fault, and nothing was sent."""


@dataclass
class LentCall:
    """The core's side of ``persona_graph.provider.Call``."""

    http: httpx.AsyncClient
    log: logging.Logger
    idempotency_key: str
    client_ref: str
    folder: Path
    remaining: float
    now: datetime
    webhook_url: str | None
    _jobs: Jobs
    _provider: str
    _account_id: str
    _lent_at: float = field(default_factory=time.monotonic)

    async def turn(self, every: float, key: str = "") -> None:
        left = self._lent_at + self.remaining - time.monotonic()
        try:
            wait = await self._jobs.turns.reserve(self._provider, every, key, min(left / 2, PATIENCE_SECONDS))
        except NoTurn as far:
            raise NotItsTurn(f"{self._provider}: {far}", retry_after=far.seconds) from None
        await asyncio.sleep(wait)

    async def read(self, file: FileRef) -> bytes:
        return await self._jobs.media.read(await self._asset(file))

    async def link(self, file: FileRef, ttl: float = 900) -> str:
        return self._jobs.media.media_link(await self._asset(file)).url

    async def _asset(self, file: FileRef) -> Asset:
        async with self._jobs.db.reading() as session:
            asset = await session.get(Asset, file.id)
        if asset is None or asset.account_id != self._account_id:
            raise OrderRejected("A file of this order was deleted meanwhile.", code="MEDIA_ERASED")
        return asset


def folder_of(jobs: Jobs, attempt_id: str) -> Path:
    return jobs.settings.data_dir.resolve() / "work" / attempt_id


def lend(jobs: Jobs, job: Job, attempt: Attempt, seconds: float) -> LentCall:
    webhook = webhook_url(jobs, attempt.provider, attempt.id)
    return _lent(jobs, attempt.provider, attempt.id, attempt.key, job.account_id, seconds, webhook)


def lend_to_forget(jobs: Jobs, provider: str, ref: str, seconds: float) -> LentCall:
    """For deleting a voice, which belongs to no attempt."""
    return _lent(jobs, provider, ref, f"pg-{ref}", "", seconds)


def _lent(
    jobs: Jobs, provider: str, ref: str, key: str, account_id: str, seconds: float, webhook: str | None = None
) -> LentCall:
    folder = folder_of(jobs, ref)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LentCall(
        http=jobs.http(provider), log=logging.getLogger(f"persona_graph.provider.{provider}"), idempotency_key=key,
        client_ref=ref, folder=folder, remaining=seconds, now=utcnow(), webhook_url=webhook, _jobs=jobs,
        _provider=provider, _account_id=account_id,
    )  # fmt: skip


def discard_folder(jobs: Jobs, attempt_id: str) -> None:
    shutil.rmtree(folder_of(jobs, attempt_id), ignore_errors=True)
