"""Tiers that run out, and moves in the middle of a period (rows 148–165)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from persona_graph.accounts.accounts import Account, TierChange, database_now, hold_account, set_tier
from persona_graph.accounts.ledger import allowance, reserve, settle
from persona_graph.db import Database, utcnow
from persona_graph.errors import InvalidInput, SpendRefused, TierRefused
from tests.accounts.books import CAP_OF, TIERS, D, faults, this_month

KNOWN = list(TIERS.tiers)
HOUR = timedelta(hours=1)


async def move(db: Database, account: Account, tier: str, **more: Any) -> Account:
    async with db.writing() as session:
        return await set_tier(session, account.id, tier, KNOWN, **more)


async def run_out(db: Database, account: Account, at: datetime) -> None:
    """As if that moment had come: the row is set back, no clock is turned."""
    async with db.writing() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(tier_until=at))


async def buy(db: Database, account: Account, job: str, amount: str) -> None:
    async with db.writing() as session:
        await reserve(session, account.id, job, 0, D(amount), cap_of=CAP_OF)
        await settle(session, account.id, job, 0, price=D(amount))


async def test_a_tier_that_ran_out_gives_way_before_anything_is_bought(
    each_db: Database, each_account: Account
) -> None:
    await move(each_db, each_account, "pro", until=utcnow() + HOUR, then="basic")
    await buy(each_db, each_account, "a", "60")
    ended = utcnow() - HOUR
    await run_out(each_db, each_account, ended)
    async with each_db.reading() as session:
        seen = await session.get_one(Account, each_account.id)
        assert (seen.tier, seen.tier_at(await database_now(session))) == ("pro", "basic"), (
            "readers see it at once"
        )
        assert await allowance(session, seen, CAP_OF) == 0
    with pytest.raises(SpendRefused) as refused:
        await buy(each_db, each_account, "b", "1")
    assert refused.value.left == 0
    async with each_db.writing() as session:
        held = await hold_account(session, each_account.id)
        assert (held.tier, held.tier_until, held.tier_after) == ("basic", None, None)
    async with each_db.reading() as session:
        rows = select(TierChange).where(TierChange.account_id == each_account.id).order_by(TierChange.at)
        last = (await session.scalars(rows)).all()
        assert ("pro", "basic", ended) in [(row.tier_before, row.tier, row.at) for row in last]
    assert await faults(each_db) == []


async def test_a_tier_runs_on_until_its_moment(db: Database, account: Account) -> None:
    until = utcnow() + HOUR
    await move(db, account, "pro", until=until)
    await buy(db, account, "a", "60")
    async with db.reading() as session:
        seen = await session.get_one(Account, account.id)
    assert (seen.tier, seen.tier_until, seen.tier_after) == ("pro", until, "free")
    moved = await move(db, account, "enterprise")
    assert (moved.tier_until, moved.tier_after) == (None, None), "a move for good ends the term"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"until": utcnow() - HOUR}, "until"),
        ({"until": utcnow() + HOUR, "then": "gold"}, "then"),
        ({"then": "basic"}, "then"),
    ],
    ids=["past", "unknown", "no until"],
)
async def test_a_term_that_cannot_be_is_refused(
    db: Database, account: Account, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await move(db, account, "pro", **more)
    assert refused.value.path == (field,)


async def test_up_and_down_in_the_middle_of_a_month(each_db: Database, each_account: Account) -> None:
    """152, 153, 165: what was spent stays spent; the cap is that of the tier at the moment of the purchase."""
    await buy(each_db, each_account, "a", "24")
    with pytest.raises(SpendRefused):
        await buy(each_db, each_account, "b", "2")
    await move(each_db, each_account, "pro")
    await buy(each_db, each_account, "b", "70")
    await move(each_db, each_account, "basic")
    with pytest.raises(SpendRefused) as refused:
        await buy(each_db, each_account, "c", "0.0001")
    assert refused.value.left == 0, "never below zero"
    await move(each_db, each_account, "enterprise")
    await buy(each_db, each_account, "c", "1000")
    assert (await this_month(each_db, each_account))[0] == D(1094)
    assert await faults(each_db) == []


async def test_a_hold_of_the_better_tier_is_settled_after_the_downgrade(
    each_db: Database, each_account: Account
) -> None:
    await move(each_db, each_account, "pro")
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "a", 0, D(90), cap_of=CAP_OF)
    await move(each_db, each_account, "free")
    async with each_db.writing() as session:
        settled = await settle(session, each_account.id, "a", 0, price=D(80))
    assert settled.amount == D(80)
    with pytest.raises(SpendRefused):
        await buy(each_db, each_account, "b", "0.01")
    assert await faults(each_db) == []


@pytest.mark.parametrize(
    ("tier", "feature", "seconds", "required", "price"),
    [
        ("free", "VOICE_TRAINING", None, "basic", "Basic has it: $0.75 once per voice."),
        ("free", "OWN_VOICE", None, "basic", "Basic has it: $0.02 per minute."),
        ("basic", "AVATAR", None, "pro", "Pro has it: included."),
        ("basic", "TALKING_VIDEO", 5, "pro", "Pro has it: $0.15 (480p) or $0.30 (720p) per started 5 s."),
        ("pro", "TALKING_VIDEO", 121, "enterprise", "Enterprise has it: $0.15 (480p) or $0.30 (720p) per started 5 s."),
        ("enterprise", "TALKING_VIDEO", 601, None, "No tier goes beyond 600 s: make it shorter."),
    ],
)  # fmt: skip
def test_a_refusal_names_the_tier_and_the_price(
    tier: str, feature: Any, seconds: float | None, required: str | None, price: str
) -> None:
    """203, 204: for every gate between two tiers."""
    from persona_graph.catalog.tiers import Feature

    with pytest.raises(TierRefused) as refused:
        TIERS.admit(tier, Feature(feature), seconds)
    assert (refused.value.required_tier, refused.value.fix) == (required, price)
