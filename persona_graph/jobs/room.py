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
from persona_graph.jobs.turns import Turns
from persona_graph.jobs.work import Work
from persona_graph.media.assets import Media
from persona_graph.outbound import Outbound
from persona_graph.settings import Settings

# The longest a slice may go without a sign of life before its lease is no longer kept.
SILENT_SECONDS = 300.0


# A worker is kept clear that long, that often, for a job that wants it to itself.
CLEAR_SECONDS, CLEAR_EVERY = 5.0, 30.0


class Suspects:
    """Of several jobs that were in one worker when it died, only the one that killed it may come to be set aside.
    So jobs whose worker has died run one at a time in each process, and the last chance of one is taken with
    nothing else beside it."""

    def __init__(self) -> None:
        self._running: str | None = None
        self._alone: str | None = None
        self._clear = 0.0

    def admit(self, job_id: str, *, suspect: bool, last_chance: bool, others: bool) -> bool:
        """``others``: slices of other jobs are under way in this process."""
        if self._alone not in (None, job_id):
            return False
        if not suspect:
            return time.monotonic() >= self._clear
        if self._running not in (None, job_id):
            return False
        if last_chance and others:
            now = time.monotonic()
            if now > self._clear + CLEAR_EVERY:
                self._clear = now + CLEAR_SECONDS
            return False
        self._running = job_id
        self._alone = job_id if last_chance else None
        return True

    def leave(self, job_id: str) -> None:
        if self._running == job_id:
            self._running = self._alone = None
            self._clear = 0.0


@dataclass
class Jobs:
    settings: Settings
    db: Database
    media: Media
    catalog: Catalog
    tiers: Tiers
    doorbell: Doorbell
    outbound: Outbound
    works: Mapping[JobKind, Work]
    heartbeat: Heartbeat | None = None
    suspects: Suspects = field(default_factory=Suspects)
    rests: Rests = field(init=False)
    turns: Turns = field(init=False)
    _held: dict[str, float] = field(default_factory=dict)
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rests = Rests(self.doorbell.redis)
        self.turns = Turns(self.doorbell.redis)

    def http(self, provider: str) -> httpx.AsyncClient:
        """The client of the plugin that a provider came with, opened when it is first lent."""
        known = self.catalog.find(provider)
        plugin = known.plugin if known else None
        name = plugin.name if plugin else ""
        if name not in self._clients:
            self._clients[name] = self.outbound.client(plugin.addresses if plugin else ())
        return self._clients[name]

    def keep_alive(self, job_id: str, token: str) -> None:
        """A sign of life from the slice that holds the job."""
        self._held[job_id] = time.monotonic() + SILENT_SECONDS
        if self.heartbeat:
            self.heartbeat.hold(job_id, token, SILENT_SECONDS)

    def is_held(self, job_id: str) -> bool:
        """Whether a slice of this process is at it. A late heartbeat must not let it take over from itself."""
        return self._held.get(job_id, 0.0) > time.monotonic()

    def admit(self, job_id: str, crashes: int, most: int) -> bool:
        """Whether a job that so many workers died on may run here now."""
        others = any(held != job_id for held in self._held)
        return self.suspects.admit(
            job_id, suspect=crashes > 0, last_chance=crashes >= most - 1, others=others
        )

    def let_go(self, job_id: str, token: str) -> None:
        self._held.pop(job_id, None)
        self.suspects.leave(job_id)
        if self.heartbeat:
            self.heartbeat.drop(token)
