"""The database's history, run by Alembic from inside the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from persona_graph.db import Database
from persona_graph.settings import Settings

HERE = Path(__file__).parent


def configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision this version of the code needs."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None
    return revision


async def current(db: Database) -> str | None:
    """The revision the database is at; ``None`` before the first."""
    async with db.engine.connect() as connection:
        return await connection.run_sync(_current)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    at: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return at


async def upgrade(settings: Settings, revision: str = "head") -> str | None:
    """Bring the database up to date; harmless when it is. Answers the revision it is at."""
    return await _move(settings, lambda config: command.upgrade(config, revision))


async def downgrade(settings: Settings, revision: str) -> str | None:
    return await _move(settings, lambda config: command.downgrade(config, revision))


async def _move(settings: Settings, step) -> str | None:  # type: ignore[no-untyped-def]
    db = Database(settings.database)
    try:
        async with db.engine.begin() as connection:
            await connection.run_sync(lambda sync: step(configuration(sync)))
        return await current(db)
    finally:
        await db.close()
