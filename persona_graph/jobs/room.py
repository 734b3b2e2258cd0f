"""The things the job functions share, opened once by ``runtime`` and passed along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.tiers import Tiers
from persona_graph.db import Database
from persona_graph.jobs.doorbell import Doorbell
from persona_graph.jobs.heartbeat import Heartbeat
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.work import Work
from persona_graph.media.assets import Media
from persona_graph.settings import Settings

# The longest a slice may go without a sign of life before its lease is no longer kept.
SILENT_SECONDS = 300.0


class Suspects:
    """Jobs whose worker has died run here one at a time, so that of several that were in one worker when it
    died only the one that killed it comes to be set aside."""

    def __init__(self) -> None:
        self._running: str | None = None

    def admit(self, job_id: str) -> bool:
        if self._running not in (None, job_id):
            return False
        self._running = job_id
        return True

    def leave(self, job_id: str) -> None:
        if self._running == job_id:
            self._running = None


@dataclass
class Jobs:
    settings: Settings
    db: Database
    media: Media
    catalog: Catalog
    tiers: Tiers
    doorbell: Doorbell
    http: httpx.AsyncClient
    works: Mapping[JobKind, Work]
    heartbeat: Heartbeat | None = None
    suspects: Suspects = field(default_factory=Suspects)

    def keep_alive(self, job_id: str, token: str) -> None:
        """A sign of life from the slice that holds the job."""
        if self.heartbeat:
            self.heartbeat.hold(job_id, token, SILENT_SECONDS)

    def let_go(self, job_id: str, token: str) -> None:
        self.suspects.leave(job_id)
        if self.heartbeat:
            self.heartbeat.drop(token)
