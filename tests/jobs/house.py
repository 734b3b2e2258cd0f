"""A jobs room on real tables, a real Redis and a real vault, with scripted providers in its catalog."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import Account, open_account
from persona_graph.accounts.ledger import Hold, Posting
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.catalog.registry import Catalog
from persona_graph.catalog.tiers import load_tiers
from persona_graph.db import Base, Database, new_id, settled_writing, utcnow
from persona_graph.jobs.advance import advance
from persona_graph.jobs.books import audit
from persona_graph.jobs.cancel import cancel_job
from persona_graph.jobs.doorbell import Doorbell, open_pool
from persona_graph.jobs.events import Event
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import TERMINAL, JobKind
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Attempt, AttemptState, Job
from persona_graph.jobs.work import Bench, Kept, Work, WorkRefused
from persona_graph.media.assets import AssetPurpose, Media
from persona_graph.media.keys import new_master_key
from persona_graph.media.vault import Vault
from persona_graph.outbound import Outbound
from persona_graph.personas import outputs
from persona_graph.personas.content import Composed, generate_content
from persona_graph.personas.content_wishes import ContentWish, SceneWish
from persona_graph.personas.outputs import SpeechWish, VideoWish
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    Consent,
    ConsentScope,
    ContentType,
    Output,
    Persona,
    VoicePolicy,
)
from persona_graph.personas.voices import Submitted
from persona_graph.personas.works.content import ContentWork
from persona_graph.personas.works.written import WrittenWork
from persona_graph.provider import Delivery, Order, Write
from persona_graph.settings import Settings

SCRIPT = "Good morning. This is a short text to be spoken aloud."


class PlainWork(ContentWork):
    """Content as it is, but what comes back is stored without a look at it: bytes are not decoded here.
    A delivery's seconds are ``facts['seconds']``, 2 if it does not say."""

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if not isinstance(delivery.media, bytes | Path):
            raise WorkRefused("PLUGIN_CONTRACT", "The provider delivered no media.", None)
        if delivery.facts.get("unusable"):
            raise WorkRefused("MEDIA_DAMAGED", "What came back cannot be played.", "Ask again.")
        asset = await bench.media.keep(
            bench.job.account_id, AssetPurpose.SPEECH, delivery.media, "application/octet-stream", name="kept"
        )
        seconds = delivery.facts.get("seconds", 2.0)
        assert isinstance(seconds, float)
        return Kept(rows=[asset], result={"asset": asset.id}, seconds=seconds, characters=len(SCRIPT))


class PlainWritten(PlainWork, WrittenWork):
    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        plain = WrittenWork if isinstance(order, Write) else PlainWork
        return await plain.keep(self, bench, order, delivery)


@dataclass
class House:
    settings: Settings
    db: Database
    jobs: Jobs
    personas: Personas
    account: Account
    persona: Persona
    viewer: Viewer
    face: bytes = b"picture"

    # Asking.

    async def speak(self, script: str = SCRIPT, *, key: str | None = None, **more: Any) -> Job:
        submitted = await self.submit(script, key=key, **more)
        assert submitted.job is not None
        return submitted.job

    async def submit(self, script: str = SCRIPT, *, key: str | None = None, **more: Any) -> Submitted:
        """As the mutation does it."""
        wish = SpeechWish(self.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)
        request = Request("generateSpeech", {"script": script}, Paid(idempotency_key=key, **more))
        found: Submitted = await settled_writing(
            lambda: outputs.generate_speech(self.personas, self.viewer, wish, request)
        )
        return found

    async def film(self, script: str = SCRIPT) -> Job:
        """A video job, of two legs."""
        await self._portrait()
        wish = VideoWish(self.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)
        request = Request("generateVideo", {"script": script}, Paid())
        submitted = await outputs.generate_video(self.personas, self.viewer, wish, request)
        assert submitted.job is not None
        return submitted.job

    async def compose(self, *scenes: SceneWish, key: str | None = None, **more: Any) -> list[Job]:
        """Content of all parts; each scene a job."""
        wish = ContentWish(
            self.persona.id, ContentType.STORY, scenes or (SceneWish(script=SCRIPT),), listed=True,
            voice_policy=VoicePolicy.ALLOW_STOCK_VOICE, **more,
        )  # fmt: skip
        request = Request("generateContent", {"scenes": repr(scenes)}, Paid(idempotency_key=key))
        made: Composed = await settled_writing(
            lambda: generate_content(self.personas, self.viewer, wish, request)
        )
        return [piece.job for piece in made.pieces if piece.job is not None]

    async def portrait(self) -> None:
        await self._portrait()

    async def _portrait(self) -> None:
        picture = await self.personas.media.keep(
            self.account.id, AssetPurpose.PORTRAIT, self.face, "application/octet-stream", name="portrait"
        )
        async with self.db.writing() as session:
            avatar = Avatar(
                account_id=self.account.id, persona_id=self.persona.id, name="face", status=AvatarStatus.READY,
                approval=Approval.APPROVED, portrait_id=picture.id,
            )  # fmt: skip
            session.add_all([picture, avatar])
            await session.flush()
            persona = await session.get_one(Persona, self.persona.id)
            persona.avatar_id = avatar.id
            session.add(
                Consent(
                    account_id=self.account.id, persona_id=self.persona.id, scope=ConsentScope.LIKENESS,
                    subject="me", statement="yes", statement_version="1", granted_by="test",
                )
            )  # fmt: skip

    async def neighbour(self) -> House:
        """Another account under the same roof."""
        async with self.db.writing() as session:
            account = await open_account(session, "Neighbour", self.account.tier)
            persona = Persona(id=new_id(), account_id=account.id, name="Bob", language="en")
            session.add(persona)
        return replace(
            self, account=account, persona=persona, viewer=replace(self.viewer, account_id=account.id)
        )

    async def spend_all_but(self, left: Decimal) -> None:
        """Leaves that much of this month's cap."""
        async with self.db.writing() as session:
            cap = self.jobs.tiers.monthly_cap(self.account.tier)
            assert cap is not None
            await ledger.reserve(session, self.account.id, "earlier", 0, cap - left, cap_of=lambda _tier: cap)
            await ledger.settle(session, self.account.id, "earlier", 0, price=cap - left)

    async def cancel(self, job: Job) -> Job:
        """As the mutation does it."""
        cancelled: Job = await settled_writing(lambda: cancel_job(self.jobs, self.viewer, job.id))
        return cancelled

    # Moving on.

    async def advance(self, job: Job) -> float | None:
        return await advance(self.jobs, job.id)

    async def finish(self, job: Job, *, slices: int = 60) -> Job:
        """Advance as a worker would, without the waits in between."""
        for _ in range(slices):
            await self.hurry(job)
            if await self.advance(job) is None:
                break
        return await self.job(job)

    async def hurry(self, job: Job) -> None:
        """The database's clock is what a wait is measured by: let it be over, and every provider's rest too."""
        for candidate in [candidate for leg in job.legs for candidate in leg.route["candidates"]]:
            await self.jobs.rests.begin(candidate["provider"], 0)
        async with self.db.writing() as session:
            await session.execute(update(Job).where(Job.id == job.id).values(wake_at=None, rung_at=None))

    async def expire_lease(self, job: Job) -> None:
        """As if the holder had been silent for the length of a lease."""
        async with self.db.writing() as session:
            past = utcnow().replace(year=2020)
            await session.execute(update(Job).where(Job.id == job.id).values(lease_until=past))

    async def overdue(self, job: Job) -> None:
        """As if the time that the offer gives itself were up."""
        async with self.db.writing() as session:
            past = utcnow().replace(year=2020)
            await session.execute(update(Attempt).where(Attempt.job_id == job.id).values(deadline_at=past))

    # Looking.

    async def only_job(self) -> Job:
        async with self.db.reading() as session:
            return (await session.scalars(select(Job))).one()

    async def rows(self) -> str:
        """A print of every row there is, to see whether anything changed."""
        async with self.db.reading() as session:
            tables = [
                [table.name, sorted(map(repr, (await session.execute(select(table))).all()))]
                for table in Base.metadata.sorted_tables
            ]
        return hashlib.sha256(repr(tables).encode()).hexdigest()

    async def job(self, job: Job) -> Job:
        async with self.db.reading() as session:
            return await session.get_one(Job, job.id)

    async def attempts(self, job: Job) -> list[Attempt]:
        async with self.db.reading() as session:
            rows = select(Attempt).where(Attempt.job_id == job.id).order_by(Attempt.leg, Attempt.number)
            return list((await session.scalars(rows)).all())

    async def output(self, job: Job) -> Output:
        async with self.db.reading() as session:
            return await session.get_one(Output, job.subject_id)

    async def events(self, job: Job) -> list[Event]:
        async with self.db.reading() as session:
            rows = select(Event).where(Event.job_id == job.id).order_by(Event.seq)
            return list((await session.scalars(rows)).all())

    async def postings(self, job: Job) -> dict[str, Decimal]:
        """What was posted for a job, by kind."""
        async with self.db.reading() as session:
            rows = (await session.scalars(select(Posting).where(Posting.job_id == job.id))).all()
        totals: dict[str, Decimal] = {}
        for row in rows:
            totals[row.kind] = totals.get(row.kind, Decimal(0)) + row.amount
        return totals

    async def holds(self) -> list[Hold]:
        async with self.db.reading() as session:
            return list((await session.scalars(select(Hold))).all())

    async def deadlocks(self) -> int:
        """How many Postgres has had to resolve in this database."""
        if self.db.is_sqlite:
            return 0
        counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        async with self.db.reading() as session:
            return int(await session.scalar(counted) or 0)

    async def sound(self, job: Job) -> Job:
        """What must be true of any job at any time, and of an ended one at its end."""
        job = await self.job(job)
        events = await self.events(job)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert job.seq == len(events)
        terminal = [event.terminal for event in events]
        ended = job.state in TERMINAL
        assert terminal == [False] * (len(events) - 1) + [ended]
        fractions = [event.snapshot["fraction"] or 0.0 for event in events]
        assert fractions == sorted(fractions) and all(0 <= fraction <= 1 for fraction in fractions)
        async with self.db.reading() as session:
            assert (await audit(session)).faults == ()
        posted = await self.postings(job)
        if ended:
            assert job.lease_token is None and job.ended_at is not None
            assert not any(attempt.state in OPEN for attempt in await self.attempts(job))
            assert ("SETTLE" in posted) == (job.state == "SUCCEEDED")
        else:
            assert "SETTLE" not in posted
        return job


OPEN = (AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.UNKNOWN)


@asynccontextmanager
async def open_house(
    folder: Path,
    redis_url: str,
    catalog: Catalog,
    *,
    database_url: str = "",
    tables: bool = True,
    works: type[ContentWork] = PlainWork,
    tier: str = "pro",
    **more: Any,
) -> AsyncIterator[House]:
    settings = house_settings(folder, redis_url, database_url, **more)
    db = Database(settings.database)
    if tables:
        async with db.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
    media = Media(settings, db, Vault.open_store(settings))
    doorbell = Doorbell(open_pool(redis_url))
    tiers = load_tiers(None)
    outbound = Outbound(settings)
    made: dict[JobKind, Work] = {}
    jobs = Jobs(settings, db, media, catalog, tiers, doorbell, outbound, made)
    personas = Personas(settings, db, media, jobs, catalog, tiers)
    made |= {JobKind.SPEECH: works(personas), JobKind.VIDEO: works(personas)}
    made[JobKind.CONTENT] = PlainWritten(personas)
    try:
        account, persona = await _inhabitants(db, tier)
        viewer = Viewer(account.id, "tests", frozenset(Scope))
        yield House(settings, db, jobs, personas, account, persona, viewer)
    finally:
        await outbound.close()
        await media.close()
        await doorbell.close()
        await db.close()


def house_settings(folder: Path, redis_url: str, database_url: str = "", **more: Any) -> Settings:
    key = folder / "master-key"
    if not key.exists():
        key.write_text(new_master_key())
    return Settings(
        data_dir=folder,
        redis_url=redis_url,
        database_url=database_url,
        master_keys=key.read_text(),
        signing_key="s" * 40,
        **more,
    )


async def _inhabitants(db: Database, tier: str) -> tuple[Account, Persona]:
    """The account and the persona of this house; the ones there are, in a house that was lived in."""
    async with db.writing() as session:
        account = (await session.scalars(select(Account))).first()
        if account is None:
            account = await open_account(session, "Acme", tier)
        persona = (await session.scalars(select(Persona))).first()
        if persona is None:
            persona = Persona(id=new_id(), account_id=account.id, name="Ada", language="en")
            session.add(persona)
    return account, persona
