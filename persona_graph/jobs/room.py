"""The things the job functions share, opened once by ``runtime`` and passed along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
