"""The things the job functions share, opened once by ``runtime`` and passed along."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.tiers import Tiers
from persona_graph.db import Database
from persona_graph.jobs.doorbell import Doorbell
from persona_graph.jobs.heartbeat import Heartbeat
from persona_graph.jobs.rests import Rests
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
    rests: Rests = field(init=False)
    _held: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rests = Rests(self.doorbell.redis)

    def keep_alive(self, job_id: str, token: str) -> None:
        """A sign of life from the slice that holds the job."""
        self._held[job_id] = time.monotonic() + SILENT_SECONDS
        if self.heartbeat:
            self.heartbeat.hold(job_id, token, SILENT_SECONDS)

    def is_held(self, job_id: str) -> bool:
        """Whether a slice of this process is at it. A late heartbeat must not let it take over from itself."""
        return self._held.get(job_id, 0.0) > time.monotonic()

    def let_go(self, job_id: str, token: str) -> None:
        self._held.pop(job_id, None)
        self.suspects.leave(job_id)
        if self.heartbeat:
            self.heartbeat.drop(token)
