"""The whole API in this process, without workers: for what can be seen without a job being done."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event, select

from persona_graph import migrations
from persona_graph.accounts.console import make_token
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.app import create_app
from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.tiers import load_tiers
from persona_graph.db import Base, new_id, utcnow
from persona_graph.graphql.ids import global_id
from persona_graph.jobs.events import EventKind, append
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import Job, Leg, LegState
from persona_graph.media.asset import Asset, AssetKind, AssetPurpose, AssetState
from persona_graph.personas.content_tables import Content
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    Consent,
    ConsentScope,
    ContentType,
    Enrolment,
    Output,
    OutputKind,
    Persona,
    Sample,
    Standing,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.wishes import SpeechWish, wish_json
from persona_graph.provider import Capability
from persona_graph.runtime import Runtime
from persona_graph.settings import Settings
from tests.catalog.toys import EVERYTHING
from tests.client import Client

ALL = tuple(Scope)


@dataclass
class World:
    runtime: Runtime
    http: httpx.AsyncClient

    async def account(self, name: str, tier: str = "pro", scopes: tuple[Scope, ...] = ALL) -> Owner:
        """A token of that account, which is opened if nobody has the name."""
        known = list(load_tiers().tiers)
        account_id, secret = await make_token(
            self.runtime.db, name, f"{name}'s service", scopes, tier=tier, known_tiers=known
        )
        return Owner(self, account_id, Client(self.http, secret))

    async def dump(self) -> dict[str, list[str]]:
        """Every row there is, but for when a token was last used."""
        async with self.runtime.db.reading() as session:
            return {
                table.name: sorted(
                    repr(tuple(row)) for row in await session.execute(
                        select(*(column for column in table.columns if column.name != "last_used_at"))
                    )
                )
                for table in Base.metadata.sorted_tables
            }  # fmt: skip

    async def save(self, *rows: Base) -> None:
        async with self.runtime.db.writing() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def get(self, kind: type[Any], id: str) -> Any:
        async with self.runtime.db.reading() as session:
            return await session.get(kind, id)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The questions asked of the database meanwhile."""
        engine, seen = self.runtime.db.engine.sync_engine, []  # type: ignore[var-annotated]

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


@dataclass
class Owner:
    """An account's side of the world, and rows put there for it without the work that makes them."""

    world: World
    id: str
    client: Client

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.id, "tests", frozenset(Scope))

    async def asset(self, purpose: AssetPurpose, content: bytes = b"", **more: Any) -> Asset:
        """With ``content`` its bytes are really stored, as a file that nobody decodes."""
        if content:
            media = self.world.runtime.media
            row = await media.keep(self.id, purpose, content, "application/octet-stream", name="a file")
        else:
            row = Asset(
                id=new_id(), account_id=self.id, purpose=purpose, kind=AssetKind.AUDIO, state=AssetState.READY
            )
        row.received_at = utcnow()
        for name, value in more.items():
            setattr(row, name, value)
        await self.world.save(row)
        return row

    async def persona(self, name: str = "Ada", **more: Any) -> Persona:
        row = Persona(account_id=self.id, name=name, **more)
        await self.world.save(row)
        return row

    async def consent(self, persona: Persona, scope: ConsentScope, **more: Any) -> Consent:
        row = Consent(
            account_id=self.id, persona_id=persona.id, scope=scope, subject="Ada", statement="I agree.",
            statement_version="1", granted_by="tests", **more,
        )  # fmt: skip
        await self.world.save(row)
        return row

    async def voice(self, persona: Persona, *, live: bool = False, **more: Any) -> Voice:
        """A READY draft, or the voice in use."""
        preview = await self.asset(AssetPurpose.PREVIEW)
        row = Voice(
            **{
                "account_id": self.id, "persona_id": persona.id, "name": "voice", "language": "en",
                "status": TrainingStatus.READY, "approval": Approval.APPROVED if live else Approval.DRAFT,
                "preview_id": preview.id, "fingerprint": [0.1, 0.2], "trained_at": utcnow(), **more,
            }
        )  # fmt: skip
        await self.world.save(row)
        enrolment = Enrolment(
            voice_id=row.id, account_id=self.id, provider="minimax", vendor_voice=f"vendor-{row.id}"
        )
        sample = Sample(voice_id=row.id, n=0, file_name="hello.wav", seconds=61.0)
        await self.world.save(enrolment, sample)
        if live:
            await self._put_live(persona, voice_id=row.id)
        return row

    async def twin(self, voice: Voice) -> Enrolment:
        preview = await self.asset(AssetPurpose.PREVIEW)
        row = Enrolment(
            voice_id=voice.id, account_id=self.id, provider="elsewhere", vendor_voice=f"twin-{voice.id}",
            standing=Standing.TWIN, similarity=0.9, preview_id=preview.id,
        )  # fmt: skip
        await self.world.save(row)
        return row

    async def avatar(
        self, persona: Persona, *, live: bool = False, photo: Asset | None = None, **more: Any
    ) -> Avatar:
        photo = photo or await self.asset(AssetPurpose.PHOTO)
        preview = await self.asset(AssetPurpose.PREVIEW)
        row = Avatar(
            **{
                "account_id": self.id, "persona_id": persona.id, "name": "face", "status": AvatarStatus.READY,
                "approval": Approval.APPROVED if live else Approval.DRAFT, "portrait_id": photo.id,
                "preview_id": preview.id, "photo": {"width": 512}, **more,
            }
        )  # fmt: skip
        await self.world.save(row)
        if live:
            await self._put_live(persona, avatar_id=row.id)
        return row

    async def output(
        self, persona: Persona, kind: OutputKind, script: str = "Hello.", spec: dict[str, Any] | None = None,
        **more: Any,
    ) -> Output:  # fmt: skip
        asset = await self.asset(
            AssetPurpose.SPEECH if kind is OutputKind.SPEECH else AssetPurpose.VIDEO, seconds=3.0
        )
        row = Output(
            **{
                "id": new_id(), "account_id": self.id, "persona_id": persona.id, "kind": kind, "asked_by": "tests",
                "script": script, "asset_id": asset.id, "served": [], "price": Decimal("0.02"),
                "cost": Decimal("0.01"), "ready_at": utcnow(), **more,
            }
        )  # fmt: skip
        job = await self.job(
            persona,
            JobKind(kind.value),
            "Output",
            row.id,
            JobState.SUCCEEDED,
            spec=spec or {"script": script},
        )
        row.job_id = job.id
        await self.world.save(row)
        return row

    async def content(self, persona: Persona, **more: Any) -> tuple[Content, Output]:
        """Of one scene, read aloud."""
        row = Content(
            account_id=self.id, persona_id=persona.id, title="Content", content_type=ContentType.STORY,
            asked_by="tests",
        )  # fmt: skip
        await self.world.save(row)
        about = {
            "content_id": row.id,
            "scene": 0,
            "title": "A scene",
            "written": "*Hello.*",
            "skipped": [],
            **more,
        }
        return row, await self.output(persona, OutputKind.CONTENT, **about)

    async def draft(self, persona: Persona) -> Output:
        """A finished one of a speech."""
        spec = {"wish": wish_json(SpeechWish(persona.id, "Hello.", draft=True))}
        return await self.output(persona, OutputKind.SPEECH, spec=spec, draft=True)

    async def job(
        self,
        persona: Persona,
        kind: JobKind,
        subject_kind: str,
        subject_id: str,
        state: JobState,
        **more: Any,
    ) -> Job:
        route = {"capability": "SPEECH", "candidates": [], "refusals": []}
        leg = Leg(
            n=0, name="SPEECH", capability=Capability.SPEECH, state=LegState.DONE, route=route,
            quote=_FREE, result={"provider": "minimax"},
        )  # fmt: skip
        row = Job(
            id=new_id(), account_id=self.id, persona_id=persona.id, kind=kind, state=state, subject_kind=subject_kind,
            subject_id=subject_id, tier="pro", asked_by="tests", legs=[leg], **more,
        )  # fmt: skip
        async with self.world.runtime.db.writing() as session:
            session.add(row)
            await session.flush()
            await append(session, self.world.runtime.jobs.doorbell, row, EventKind.STATE)
        return row

    async def _put_live(self, persona: Persona, **columns: str) -> None:
        async with self.world.runtime.db.writing() as session:
            row = await session.get_one(Persona, persona.id)
            for name, value in columns.items():
                setattr(row, name, value)


_FREE = {
    "price_likely": "0", "price_ceiling": "0", "cost_low": "0", "cost_high": "0",
    "terms": {"once": "0", "per_minute": "0", "per_block": "0", "block_seconds": 5, "per_1000_chars": "0"},
}  # fmt: skip


def public(row: Any) -> str:
    """The id that clients know a row by."""
    kind = type(row).__name__
    if isinstance(row, Output):
        kind = f"{row.kind.capitalize()}Output"
    return str(global_id(kind, row.id))


@asynccontextmanager
async def open_world(
    folder: Path, redis_url: str, *, database_url: str = "", catalog: Catalog = EVERYTHING, **more: Any
) -> AsyncIterator[World]:
    settings = Settings(
        data_dir=folder, redis_url=redis_url, database_url=database_url, public_url="http://testserver",
        master_keys="k1:" + base64.b64encode(secrets.token_bytes(32)).decode(), signing_key=secrets.token_hex(32),
        introspection=True, wrong_tokens_per_minute=10_000, **more,
    )  # fmt: skip
    await migrations.upgrade(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        runtime: Runtime = state["runtime"]  # type: ignore[index]
        runtime.catalog = runtime.jobs.catalog = runtime.personas.catalog = catalog
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=30) as http:
            yield World(runtime, http)


YEAR = timedelta(days=365)
