from __future__ import annotations

import pytest
from sqlalchemy import select

from persona_graph.accounts.accounts import (
    Account,
    TierChange,
    find_account,
    hold_account,
    mark_erased,
    open_account,
    set_tier,
)
from persona_graph.db import Database
from persona_graph.errors import InvalidInput, NotFound

TIERS = ("free", "basic", "pro")


async def test_an_account_is_opened_and_moved_with_its_history(each_db: Database) -> None:
    async with each_db.writing() as session:
        account = await open_account(session, "  Acme ", "free")
    async with each_db.writing() as session:
        await set_tier(session, account.id, "pro", TIERS)
        await set_tier(session, account.id, "pro", TIERS)
    async with each_db.reading() as session:
        found = await find_account(session, account.id)
        assert found is not None and (found.name, found.tier) == ("Acme", "pro")
        changes = (await session.scalars(select(TierChange).order_by(TierChange.at))).all()
        assert [(c.tier_before, c.tier) for c in changes] == [("", "free"), ("free", "pro")]


async def test_a_tier_that_does_not_exist_is_refused(db: Database, account: Account) -> None:
    with pytest.raises(InvalidInput, match="gold") as refused:
        async with db.writing() as session:
            await set_tier(session, account.id, "gold", TIERS)
    assert "free, basic, pro" in (refused.value.fix or "")
    async with db.reading() as session:
        assert (await session.get_one(Account, account.id)).tier == "basic"


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "two\nlines", "x" * 101, "\u202etxt"])
async def test_a_name_that_cannot_be_shown_is_refused(db: Database, name: str) -> None:
    """G11, U19: NUL, line breaks and direction marks never reach the database."""
    with pytest.raises(InvalidInput):
        async with db.writing() as session:
            await open_account(session, name, "free")


async def test_an_erased_account_is_gone_but_its_row_stays_for_the_books(
    db: Database, account: Account
) -> None:
    async with db.writing() as session:
        first = (await mark_erased(session, account.id)).erased_at
    async with db.writing() as session:
        assert (await mark_erased(session, account.id)).erased_at == first
    async with db.reading() as session:
        assert await find_account(session, account.id) is None
        assert (await session.get_one(Account, account.id)).name == ""


async def test_holding_an_account_that_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        async with db.writing() as session:
            await hold_account(session, "nobody")
