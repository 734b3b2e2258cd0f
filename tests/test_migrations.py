"""The migrations make what the code maps, and can be undone (rows 27, 51–63)."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from persona_graph import migrations
from persona_graph.db import Database, utcnow
from persona_graph.migrations.tables import metadata
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    Persona,
    Sample,
    TrainingStatus,
    Voice,
)
from persona_graph.settings import Settings


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings(database_url=request.getfixturevalue(request.param))


async def test_upgrade_makes_exactly_what_the_code_maps(settings: Settings) -> None:
    assert await migrations.upgrade(settings) == migrations.head()
    db = Database(settings.database)
    try:
        async with db.engine.connect() as connection:
            assert await connection.run_sync(_drift) == []
    finally:
        await db.close()


async def test_upgrade_twice_changes_nothing_and_downgrade_takes_all_away(settings: Settings) -> None:
    await migrations.upgrade(settings)
    assert await migrations.upgrade(settings) == migrations.head()
    assert await migrations.downgrade(settings, "base") is None
    db = Database(settings.database)
    try:
        async with db.engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    finally:
        await db.close()
    assert names == ["alembic_version"]


async def test_the_view_shows_the_eight_columns_in_the_words_of_the_source(settings: Settings) -> None:
    await migrations.upgrade(settings)
    db = Database(settings.database)
    try:
        async with db.writing() as session:
            new = Persona(account_id="a", name="New")
            live = Persona(account_id="a", name="Live")
            session.add_all([new, live])
            await session.flush()
            voice = Voice(
                account_id="a", persona_id=live.id, name="v", language="en", status=TrainingStatus.READY,
                approval=Approval.APPROVED, trained_at=utcnow(),
            )  # fmt: skip
            avatar = Avatar(
                account_id="a", persona_id=live.id, name="f", status=AvatarStatus.CREATING, portrait_id="p"
            )
            session.add_all([voice, avatar])
            await session.flush()
            session.add(Sample(voice_id=voice.id, n=0, asset_id=None, file_name="x.wav", seconds=60))
            live.voice_id = voice.id
        async with db.reading() as session:
            rows = (await session.execute(text("SELECT * FROM writing_persona"))).mappings().all()
        shown = {row["persona_name"]: row for row in rows}
    finally:
        await db.close()
    assert shown["New"]["voice_training_status"] == shown["New"]["avatar_training_status"] == "not_trained"
    assert shown["New"]["voice_id"] is None
    assert (shown["Live"]["voice_id"], shown["Live"]["voice_training_status"]) == (voice.id, "ready")
    assert shown["Live"]["voice_trained_at"] is not None
    assert shown["Live"]["voice_training_audio_url"] is None
    assert (shown["Live"]["avatar_image_url"], shown["Live"]["avatar_training_status"]) == ("p", "creating")
    assert shown["Live"]["avatar_created_at"] is not None


def _drift(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection), metadata)
