from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import literal, select, text, union_all
from sqlalchemy.exc import IntegrityError

from persona_graph.accounts.accounts import Account, find_account, mark_erased, open_account, set_tier
from persona_graph.accounts.ledger import (
    LedgerFault,
    Period,
    Posting,
    PostingKind,
    allowance,
    book_cost,
    grant,
    release,
    release_all,
    reserve,
    reserve_legs,
    settle,
    spend,
)
from persona_graph.accounts.statements import balance, statement, verify
from persona_graph.db import Database, utcnow
from persona_graph.errors import SpendRefused
from tests.accounts.books import CAP_OF, TIERS, D, faults, postings, this_month


async def test_a_leg_is_reserved_and_settled(each_db: Database, each_account: Account) -> None:
    """155, 156, 205: the difference between ceiling and price goes back."""
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "job1", 1, D("0.30"), cap_of=CAP_OF)
    assert await this_month(each_db, each_account) == (D(0), D("0.30"), D(0))
    async with each_db.writing() as session:
        await settle(
            session, each_account.id, "job1", 1, price=D("0.15"), cost=D("0.123456"), provider="infinitetalk"
        )
    assert await this_month(each_db, each_account) == (D("0.15"), D(0), D("0.123456"))
    async with each_db.reading() as session:
        assert await balance(session, each_account.id) == {
            "account:available": D(0), "account:due": D("0.15"), "account:held": D(0), "house:revenue": D("-0.15"),
            "house:vendor-cost:infinitetalk": D("0.123456"), "house:payable:infinitetalk": D("-0.123456"),
        }  # fmt: skip
        lines = await statement(session, each_account.id, Period.month(utcnow()))
        assert [(line.job_id, line.held, line.price, line.cost) for line in lines] == [
            ("job1", D(0), D("0.15"), D("0.123456"))
        ]
    assert await faults(each_db) == []


async def test_a_failed_leg_costs_the_account_nothing_and_the_house_what_it_was_billed(
    each_db: Database, each_account: Account
) -> None:
    """148, 152, V4: hold released, provider cost booked."""
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "job1", 1, D("0.75"), cap_of=CAP_OF)
    async with each_db.writing() as session:
        await book_cost(session, each_account.id, "job1", 1, cost=D("0.5"), provider="a", attempt=1)
        await book_cost(session, each_account.id, "job1", 1, cost=D("0.4"), provider="b", attempt=2)
        released = await release(session, each_account.id, "job1", 1, memo="training failed")
        assert released is not None and released.amount == D("0.75")
    assert await this_month(each_db, each_account) == (D(0), D(0), D("0.9"))
    async with each_db.reading() as session:
        [line] = await statement(session, each_account.id, Period.month(utcnow()))
        assert (line.price, line.cost, line.held) == (None, D("0.9"), D(0))
    assert await faults(each_db) == []


async def test_148_training_is_paid_once_per_voice_and_not_for_a_failed_one(db: Database) -> None:
    """148, 152–154: train, failed train, retrain, upgrade, downgrade."""
    async with db.writing() as session:
        account = await open_account(session, "A", "basic")

    async def train(job: str, succeeds: bool) -> None:
        async with db.writing() as session:
            now = await session.get_one(Account, account.id)
            price = TIERS.tier(now.tier).voice_training.price_once
            await reserve(session, account.id, job, 1, price, cap_of=CAP_OF)
        async with db.writing() as session:
            if succeeds:
                await settle(session, account.id, job, 1, price=price, cost=D("1.5"), provider="minimax")
            else:
                await release(session, account.id, job, 1)

    spent = []
    for job, succeeds, tier in (
        ("train", True, "basic"), ("failed", False, "basic"), ("retrain", True, "basic"), ("included", True, "pro"),
        ("included too", True, "enterprise"), ("paid again", True, "basic"),
    ):  # fmt: skip
        async with db.writing() as session:
            await set_tier(session, account.id, tier, list(TIERS.tiers))
        await train(job, succeeds)
        spent.append((await this_month(db, account))[0])
    assert spent == [D("0.75"), D("0.75"), D("1.50"), D("1.50"), D("1.50"), D("2.25")]
    assert await faults(db) == []


async def test_a_repeated_call_changes_nothing_and_returns_the_first(
    each_db: Database, each_account: Account
) -> None:
    """G18, V3: however often a crash repeats it."""
    for amount in (D("0.3"), D("0.9"), D(10_000)):
        async with each_db.writing() as session:
            held = await reserve(session, each_account.id, "j", 1, amount, cap_of=CAP_OF)
            assert held.amount == D("0.3")
    for price in (D("0.2"), D("0.1")):
        async with each_db.writing() as session:
            settled = await settle(session, each_account.id, "j", 1, price=price, cost=D("0.1"), provider="p")
            assert settled.amount == D("0.2")
    async with each_db.writing() as session:
        after = await release(session, each_account.id, "j", 1)
        assert after is not None and after.amount == D("0.3")
        await reserve(session, each_account.id, "j", 1, D("0.3"), cap_of=CAP_OF)
    rows = await postings(each_db)
    assert sorted(row.kind for row in rows) == ["COST", "RELEASE", "RESERVE", "SETTLE"]
    assert await this_month(each_db, each_account) == (D("0.2"), D(0), D("0.1"))


async def test_a_released_leg_cannot_be_charged(db: Database, account: Account) -> None:
    """K4: paid output that comes after a cancel is the house's cost, not the account's price."""
    async with db.writing() as session:
        await reserve(session, account.id, "j", 1, D("0.3"), cap_of=CAP_OF)
        await release(session, account.id, "j", 1)
    with pytest.raises(LedgerFault, match="released"):
        async with db.writing() as session:
            await settle(session, account.id, "j", 1, price=D("0.3"))
    async with db.writing() as session:
        await book_cost(session, account.id, "j", 1, cost=D("0.1"), provider="p")
    assert await this_month(db, account) == (D(0), D(0), D("0.1"))


async def test_nothing_is_charged_that_was_not_held(db: Database, account: Account) -> None:
    """P6, V11: never bills above the hold; without a hold never at all."""
    with pytest.raises(LedgerFault, match="holds nothing"):
        async with db.writing() as session:
            await settle(session, account.id, "j", 1, price=D("0.3"))
    async with db.writing() as session:
        assert await release(session, account.id, "j", 1) is None
        await reserve(session, account.id, "j", 1, D("0.3"), cap_of=CAP_OF)
        settled = await settle(session, account.id, "j", 1, price=D("0.6"))
        assert settled.amount == D("0.3") and "0.600000" in settled.memo
    assert await faults(db) == []


async def test_one_accounts_hold_is_not_anothers_to_settle(db: Database, account: Account) -> None:
    async with db.writing() as session:
        other = await open_account(session, "Other", "pro")
        await reserve(session, account.id, "j", 1, D("0.3"), cap_of=CAP_OF)
    with pytest.raises(LedgerFault):
        async with db.writing() as session:
            await settle(session, other.id, "j", 1, price=D("0.1"))
    assert await this_month(db, account) == (D(0), D("0.3"), D(0))


async def test_the_cap_counts_what_is_spent_and_what_is_held(
    each_db: Database, each_account: Account
) -> None:
    """The monthly cap of Basic is 25."""
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "a", 1, D(20), cap_of=CAP_OF)
        await settle(session, each_account.id, "a", 1, price=D(10))
        await reserve(session, each_account.id, "b", 1, D("14.9999"), cap_of=CAP_OF)
    with pytest.raises(SpendRefused) as refused:
        async with each_db.writing() as session:
            await reserve(session, each_account.id, "c", 1, D("0.0002"), cap_of=CAP_OF)
    assert (refused.value.code, refused.value.needed, refused.value.left) == (
        "SPEND_CAP",
        D("0.0002"),
        D("0.0001"),
    )
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "c", 1, D("0.0001"), cap_of=CAP_OF)
    assert sum((await this_month(each_db, each_account))[:2]) == D(25)
    async with each_db.reading() as session:
        assert await allowance(session, each_account, CAP_OF) == 0
    assert len(await postings(each_db, job_id="c")) == 1


async def test_two_legs_are_reserved_together_or_not_at_all(db: Database, account: Account) -> None:
    with pytest.raises(SpendRefused) as refused:
        async with db.writing() as session:
            await reserve_legs(session, account.id, "j", {1: D("0.02"), 2: D(25)}, cap_of=CAP_OF)
    assert refused.value.needed == D("25.02")
    assert await postings(db) == []
    async with db.writing() as session:
        held = await reserve_legs(session, account.id, "j", {1: D("0.02"), 2: D("0.3")}, cap_of=CAP_OF)
        assert [held[leg].amount for leg in (1, 2)] == [D("0.02"), D("0.3")]
        await release_all(session, account.id, "j")
    assert await this_month(db, account) == (D(0), D(0), D(0))
    assert await faults(db) == []


async def test_165_enterprise_is_unlimited_and_yet_recorded(db: Database) -> None:
    async with db.writing() as session:
        account = await open_account(session, "E", "enterprise")
        await reserve(session, account.id, "j", 1, D(1_000_000), cap_of=CAP_OF)
        await settle(session, account.id, "j", 1, price=D("999999.99"))
        assert await allowance(session, account, CAP_OF) is None
    assert (await this_month(db, account))[0] == D("999999.99")


async def test_151_what_is_free_is_never_refused_not_even_after_a_downgrade(db: Database) -> None:
    """151, 162: a Free account that spent more than its cap of 0 on another tier still speaks for free."""
    async with db.writing() as session:
        account = await open_account(session, "A", "pro")
        await reserve(session, account.id, "a", 1, D(50), cap_of=CAP_OF)
        await settle(session, account.id, "a", 1, price=D(50))
        await set_tier(session, account.id, "free", list(TIERS.tiers))
    async with db.writing() as session:
        await reserve(session, account.id, "b", 1, D(0), cap_of=CAP_OF)
        await settle(session, account.id, "b", 1, price=D(0))
        with pytest.raises(SpendRefused) as refused:
            await reserve(session, account.id, "c", 1, D("0.0001"), cap_of=CAP_OF)
        assert refused.value.left == 0
    assert await faults(db) == []


async def test_a_new_month_begins_at_midnight_utc_and_holds_go_along(db: Database, account: Account) -> None:
    last, first = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    async with db.writing() as session:
        await reserve(session, account.id, "a", 1, D(15), cap_of=CAP_OF, at=last)
        await settle(session, account.id, "a", 1, price=D(15), at=last)
        await reserve(session, account.id, "b", 1, D(10), cap_of=CAP_OF, at=last)
    with pytest.raises(SpendRefused):
        async with db.writing() as session:
            await reserve(session, account.id, "c", 1, D(1), cap_of=CAP_OF, at=last)
    async with db.writing() as session:
        await reserve(session, account.id, "c", 1, D(15), cap_of=CAP_OF, at=first)
    with pytest.raises(SpendRefused) as refused:
        async with db.writing() as session:
            await reserve(session, account.id, "d", 1, D(1), cap_of=CAP_OF, at=first)
    assert refused.value.left == 0
    async with db.reading() as session:
        assert (await spend(session, account.id, Period.month(last))).spent == D(15)
        assert (await spend(session, account.id, Period.month(first))).spent == D(0)


def test_a_month_is_a_month_in_utc() -> None:
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC).astimezone(tz=None)
    assert Period.month(late) == Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    month = Period.month(datetime(2026, 12, 5, tzinfo=UTC))
    assert month.end == datetime(2027, 1, 1, tzinfo=UTC)


async def test_money_given_back_counts_against_what_was_spent_once(db: Database, account: Account) -> None:
    async with db.writing() as session:
        await reserve(session, account.id, "a", 1, D(20), cap_of=CAP_OF)
        await settle(session, account.id, "a", 1, price=D(20))
    for _ in range(2):
        async with db.writing() as session:
            await grant(session, account.id, "review-a", D(5), memo="the video was mute")
    assert (await this_month(db, account))[0] == D(15)
    async with db.reading() as session:
        assert await allowance(session, account, CAP_OF) == D(10)
        assert (await balance(session))["account:due"] == D(15)
        assert len(await statement(session, account.id, Period.month(utcnow()))) == 1
    assert await faults(db) == []


async def test_the_books_stay_when_the_account_is_erased(db: Database, account: Account) -> None:
    async with db.writing() as session:
        await reserve(session, account.id, "a", 1, D(2), cap_of=CAP_OF)
        await settle(session, account.id, "a", 1, price=D(2))
        await mark_erased(session, account.id)
    async with db.reading() as session:
        assert await find_account(session, account.id) is None
        assert (await balance(session, account.id))["account:due"] == D(2)


@pytest.mark.parametrize(
    "amount",
    [D(-1), D("NaN"), D("Infinity"), D(10) ** 12, 0.1, 1, "1", None],
    ids=lambda a: f"{type(a).__name__} {a}",
)
async def test_p6_what_is_no_amount_of_money_is_not_booked(
    db: Database, account: Account, amount: Any
) -> None:
    with pytest.raises(LedgerFault):
        async with db.writing() as session:
            await reserve(session, account.id, "j", 1, amount, cap_of=CAP_OF)
    with pytest.raises(LedgerFault):
        async with db.writing() as session:
            await book_cost(session, account.id, "j", 1, cost=amount, provider="p")
    assert await postings(db) == []


async def test_a_cost_finer_than_a_millionth_is_rounded_up(each_db: Database, each_account: Account) -> None:
    async with each_db.writing() as session:
        await book_cost(session, each_account.id, "j", 1, cost=D("0.0000001"), provider="p")
    [posting] = await postings(each_db)
    assert posting.amount == D("0.000001")
    with pytest.raises(LedgerFault, match="provider"):
        async with each_db.writing() as session:
            await book_cost(session, each_account.id, "j", 2, cost=D(1), provider="")


# -- verify notices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tamper", "noticed"),
    [
        ("UPDATE ledger_posting SET amount = amount + 1 WHERE kind = 'RELEASE'", "released another amount"),
        ("UPDATE ledger_posting SET amount = amount * 3 WHERE kind = 'SETTLE'", "settled more"),
        ("DELETE FROM ledger_posting WHERE kind = 'RELEASE'", "settled without ending its hold"),
        ("DELETE FROM ledger_hold", "its hold is not what its postings say"),
        ("UPDATE ledger_hold SET amount = 0", "its hold is not what its postings say"),
        (
            "UPDATE ledger_posting SET debit = 'house:revenue' WHERE kind = 'SETTLE'",
            "between the wrong books",
        ),
        ("DELETE FROM ledger_posting WHERE job_id = 'open'", "no posting reserved"),
    ],
)
async def test_verify_notices(each_db: Database, each_account: Account, tamper: str, noticed: str) -> None:
    async with each_db.writing() as session:
        await reserve(session, each_account.id, "done", 1, D("0.3"), cap_of=CAP_OF)
        await settle(session, each_account.id, "done", 1, price=D("0.2"), cost=D("0.1"), provider="p")
        await reserve(session, each_account.id, "open", 1, D("0.3"), cap_of=CAP_OF)
    assert await faults(each_db) == []
    async with each_db.writing() as session:
        await session.execute(text(tamper))
    assert any(noticed in fault for fault in await faults(each_db))


async def test_verify_notices_a_job_that_ended_with_a_hold(each_db: Database, each_account: Account) -> None:
    async with each_db.writing() as session:
        for job in ("a", "b"):
            await reserve(session, each_account.id, job, 1, D("0.3"), cap_of=CAP_OF)
    async with each_db.reading() as session:
        ended = union_all(select(literal("b").label("id"))).subquery()
        assert await verify(session, select(ended.c.id)) == [
            "job b, leg 1: it has ended and still holds money"
        ]


async def test_the_database_refuses_what_the_code_must_never_write(
    each_db: Database, each_account: Account
) -> None:
    def posting(**changes: Any) -> Posting:
        plain = {
            "job_id": "j",
            "leg": 1,
            "kind": PostingKind.SETTLE,
            "debit": "x",
            "credit": "y",
            "amount": D(1),
        }
        return Posting(**{"account_id": each_account.id, **plain, **changes})

    async with each_db.writing() as session:
        session.add(posting())
    for wrong in (posting(), posting(job_id="k", amount=D(-1)), posting(job_id="l", account_id="nobody")):
        with pytest.raises(IntegrityError):
            async with each_db.writing() as session:
                session.add(wrong)


async def test_a_period_bounds_the_spend(db: Database, account: Account) -> None:
    now = utcnow()
    async with db.writing() as session:
        for n, hours in enumerate((0, 1, 2)):
            at = now + timedelta(hours=hours)
            await reserve(session, account.id, f"j{n}", 1, D(1), cap_of=CAP_OF, at=at)
            await settle(session, account.id, f"j{n}", 1, price=D(1), cost=D("0.5"), provider="p", at=at)
    async with db.reading() as session:
        within = Period(now + timedelta(hours=1), now + timedelta(hours=2))
        found = await spend(session, account.id, within)
        assert (found.spent, found.cost) == (D(1), D("0.5"))
        assert [line.job_id for line in await statement(session, account.id, within)] == ["j1"]
