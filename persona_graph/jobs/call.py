"""What a provider is lent for one call."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from persona_graph.db import utcnow
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.media.assets import Asset
from persona_graph.provider import FileRef, OrderRejected


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
    _account_id: str

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
    folder = folder_of(jobs, attempt.id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LentCall(
        http=jobs.http,
        log=logging.getLogger(f"persona_graph.provider.{attempt.provider}"),
        idempotency_key=attempt.key,
        client_ref=attempt.id,
        folder=folder,
        remaining=seconds,
        now=utcnow(),
        webhook_url=None,
        _jobs=jobs,
        _account_id=job.account_id,
    )


def discard_folder(jobs: Jobs, attempt_id: str) -> None:
    shutil.rmtree(folder_of(jobs, attempt_id), ignore_errors=True)
