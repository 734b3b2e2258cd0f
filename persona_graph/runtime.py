"""The things with a lifetime, opened once and passed down."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from persona_graph.accounts.viewers import Viewers
from persona_graph.catalog.grades import reports_folder
from persona_graph.catalog.registry import Catalog, load_plugins
from persona_graph.catalog.tiers import Tiers, load_tiers
from persona_graph.db import Database
from persona_graph.jobs.doorbell import Doorbell, open_pool, plain_redis
from persona_graph.jobs.feed import Feed
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.work import Work
from persona_graph.media.assets import Media
from persona_graph.media.vault import Vault
from persona_graph.outbound import Outbound
from persona_graph.personas.room import Personas
from persona_graph.personas.works.content import AvatarWork, ContentWork
from persona_graph.personas.works.drift import DriftWork
from persona_graph.personas.works.training import TrainingWork
from persona_graph.personas.works.twin import RenewalWork, TwinWork
from persona_graph.personas.works.written import WrittenWork
from persona_graph.settings import Settings, plugin_settings


@dataclass
class Runtime:
    settings: Settings
    db: Database
    media: Media
    catalog: Catalog
    tiers: Tiers
    viewers: Viewers
    feed: Feed
    jobs: Jobs
    personas: Personas

    @property
    def outbound(self) -> Outbound:
        return self.jobs.outbound

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Runtime]:
        """Everything an API or a worker needs; the feed is started by the API only."""
        async with contextlib.AsyncExitStack() as stack:
            db = Database(settings.database)
            stack.push_async_callback(db.close)
            media = Media(settings, db, Vault.open_store(settings))
            await media.check()
            stack.push_async_callback(media.close)
            outbound = Outbound(settings)
            stack.push_async_callback(outbound.close)
            redis_url = settings.redis_url.get_secret_value()
            doorbell = Doorbell(open_pool(redis_url))
            stack.push_async_callback(doorbell.close)
            listener = plain_redis(redis_url)
            stack.push_async_callback(listener.aclose)
            runtime = _wire(settings, db, media, outbound, doorbell, Feed(db, listener))
            stack.push_async_callback(runtime.viewers.close)
            yield runtime


def _wire(
    settings: Settings, db: Database, media: Media, outbound: Outbound, doorbell: Doorbell, feed: Feed
) -> Runtime:
    catalog = load_plugins(plugin_settings, reports=reports_folder(settings.data_dir))
    tiers = load_tiers(settings.tiers_file)
    works: dict[JobKind, Work] = {}
    jobs = Jobs(settings, db, media, catalog, tiers, doorbell, outbound, works)
    personas = Personas(settings, db, media, jobs, catalog, tiers)
    content = ContentWork(personas)
    works.update(
        {
            JobKind.VOICE_TRAINING: TrainingWork(personas),
            JobKind.SPEECH: content,
            JobKind.CONTENT: WrittenWork(personas),
            JobKind.AVATAR: AvatarWork(personas),
            JobKind.VIDEO: content,
            JobKind.VOICE_TWIN: TwinWork(personas),
            JobKind.VOICE_RENEWAL: RenewalWork(personas),
            JobKind.VOICE_DRIFT: DriftWork(personas),
        }
    )
    return Runtime(settings, db, media, catalog, tiers, Viewers(db, settings), feed, jobs, personas)
