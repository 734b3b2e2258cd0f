"""The accounts room's tables on real databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest
from sqlalchemy import Table

from persona_graph.accounts.accounts import Account, TierChange, open_account
from persona_graph.accounts.ledger import Hold, Posting
from persona_graph.accounts.tokens import ServiceToken
from persona_graph.db import Base, Database

TABLES = [cast(Table, model.__table__) for model in (Account, TierChange, ServiceToken, Posting, Hold)]


async def create_tables(db: Database) -> None:
    async with db.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=TABLES)


@pytest.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    db = Database(sqlite_url)
    await create_tables(db)
    yield db
    await db.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def each_db(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """The same test on both kinds of database."""
    db = Database(request.getfixturevalue(f"{request.param}_url"))
    await create_tables(db)
    yield db
    await db.close()


@pytest.fixture
async def account(db: Database) -> Account:
    async with db.writing() as session:
        return await open_account(session, "Acme", "basic")


@pytest.fixture
async def each_account(each_db: Database) -> Account:
    async with each_db.writing() as session:
        return await open_account(session, "Acme", "basic")
