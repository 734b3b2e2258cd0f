"""Row 63: writing styles come to a database that has personas already, and go without them."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from persona_graph import migrations
from persona_graph.db import Database, new_id, utcnow
from persona_graph.personas.styles import WritingStyle
from persona_graph.settings import Settings


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings(database_url=request.getfixturevalue(request.param))


async def test_old_personas_get_styles_and_outlive_them(settings: Settings) -> None:
    await migrations.upgrade(settings, "0006")
    db, persona = Database(settings.database), new_id()
    try:
        async with db.writing() as session:
            # As that version wrote it: with the columns it had.
            await session.execute(
                text(
                    "INSERT INTO persona (id, account_id, name, language, created_at, updated_at) "
                    "VALUES (:id, 'a', 'Old', 'en', :now, :now)"
                ),
                {
                    "id": persona,
                    "now": utcnow() if not db.is_sqlite else utcnow().replace(tzinfo=None).isoformat(" "),
                },
            )
        await migrations.upgrade(settings)
        async with db.writing() as session:
            session.add(WritingStyle(persona_id=persona, account_id="a", sources=[], edits={"tone": "wry"}))
        async with db.reading() as session:
            assert (await session.get_one(WritingStyle, persona)).style.label("tone") == "wry"
        await migrations.downgrade(settings, "0006")
        async with db.engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            kept = (await connection.execute(text("SELECT name FROM persona"))).scalars().all()
        assert not {"writing_style", "platform_adaptation"} & set(names) and kept == ["Old"]
        assert await migrations.upgrade(settings) == migrations.head()
    finally:
        await db.close()
