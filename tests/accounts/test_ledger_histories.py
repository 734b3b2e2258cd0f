from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from persona_graph.accounts.accounts import Account, open_account, set_tier
from persona_graph.accounts.ledger import (
    ZERO,
    Hold,
    LedgerFault,
    Posting,
    release,
    reserve,
    settle,
)
from persona_graph.accounts.statements import balance
from persona_graph.db import Database, new_id
from persona_graph.errors import SpendRefused
from tests.accounts.books import CAP_OF, TIERS, D, faults, this_month

# -- properties -------------------------------------------------------------------------------------


@dataclass
class Model:
    """What the books must say, kept in the simplest way."""

    cap: Decimal | None
    held: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    ended: set[tuple[str, int]] = field(default_factory=set)
    settled: set[tuple[str, int]] = field(default_factory=set)
    spent: Decimal = ZERO
    cost: Decimal = ZERO

    def may_reserve(self, key: tuple[str, int], amount: Decimal) -> bool:
        known = key in self.held or key in self.ended
        return known or not amount or self.cap is None or self.spent + self.total_held + amount <= self.cap

    @property
    def total_held(self) -> Decimal:
        return sum(self.held.values(), D(0))


AMOUNTS = st.decimals(0, 15, places=4)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "settle", "release"]),
        st.sampled_from("abc"),
        st.integers(1, 2),
        AMOUNTS,
        AMOUNTS,
    ),
    max_size=25,
)


@given(steps=STEPS, tier=st.sampled_from(["free", "basic", "pro", "enterprise"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_history_leaves_sound_books_within_the_cap(
    db: Database, steps: list[tuple[str, str, int, Decimal, Decimal]], tier: str
) -> None:
    async with db.writing() as session:
        account = await open_account(session, "A", tier)
    model, prefix = Model(CAP_OF(tier)), new_id()
    for step, job, leg, amount, cost in steps:
        await _step(db, account, model, step, (f"{prefix}{job}", leg), amount, cost)
        assert await this_month(db, account) == (model.spent, model.total_held, model.cost)
    if model.cap is not None:
        assert model.spent + model.total_held <= model.cap
    assert await faults(db) == []
    async with db.reading() as session:
        books = await balance(session, account.id)
        assert sum(books.values(), D(0)) == 0
        assert books.get("account:held", D(0)) == model.total_held


async def _step(
    db: Database,
    account: Account,
    model: Model,
    step: str,
    key: tuple[str, int],
    amount: Decimal,
    cost: Decimal,
) -> None:
    if step == "reserve":
        if not model.may_reserve(key, amount):
            with pytest.raises(SpendRefused):
                async with db.writing() as session:
                    await reserve(session, account.id, *key, amount, cap_of=CAP_OF)
            return
        async with db.writing() as session:
            await reserve(session, account.id, *key, amount, cap_of=CAP_OF)
        if key not in model.ended:
            model.held.setdefault(key, amount)
    elif step == "release":
        async with db.writing() as session:
            await release(session, account.id, *key)
        if model.held.pop(key, None) is not None:
            model.ended.add(key)
    elif key in model.held or key in model.settled:
        async with db.writing() as session:
            await settle(session, account.id, *key, price=amount, cost=cost, provider="p")
        if key in model.held:
            model.spent += min(amount, model.held.pop(key))
            model.cost += cost
            model.ended.add(key)
            model.settled.add(key)
    else:
        with pytest.raises(LedgerFault):
            async with db.writing() as session:
                await settle(session, account.id, *key, price=amount, cost=cost, provider="p")


# -- in parallel ------------------------------------------------------------------------------------


async def gathered(count: int, call: Callable[[int], Any]) -> list[Any]:
    return await asyncio.gather(*(call(n) for n in range(count)), return_exceptions=True)


async def test_g17_parallel_spending_at_the_edge_never_passes_the_cap(
    each_db: Database, each_account: Account
) -> None:
    """G17: allowance for one: exactly one hold, all others typed."""

    async def one(n: int) -> Posting:
        async with each_db.writing() as session:
            return await reserve(session, each_account.id, f"job{n}", 1, D(13), cap_of=CAP_OF)

    answers = await gathered(15, one)
    assert sum(isinstance(answer, Posting) for answer in answers) == 1
    assert sum(isinstance(a, SpendRefused) and a.code == "SPEND_CAP" for a in answers) == 14
    assert await this_month(each_db, each_account) == (D(0), D(13), D(0))
    assert await faults(each_db) == []


async def test_g17_while_other_jobs_settle_and_release(each_db: Database, each_account: Account) -> None:
    """Spent + held never passes the cap at any commit, whatever runs beside it."""
    highest = D(0)

    async def one(n: int) -> None:
        nonlocal highest
        async with each_db.writing() as session:
            await reserve(session, each_account.id, f"job{n}", 1, D(4), cap_of=CAP_OF)
        spent, held, _ = await this_month(each_db, each_account)
        highest = max(highest, spent + held)
        async with each_db.writing() as session:
            if n % 3:
                await release(session, each_account.id, f"job{n}", 1)
            else:
                await settle(session, each_account.id, f"job{n}", 1, price=D("3.5"), cost=D(1), provider="p")

    answers = await gathered(40, one)
    assert all(answer is None or isinstance(answer, SpendRefused) for answer in answers)
    assert D(4) <= highest <= D(25)
    spent, held, cost = await this_month(each_db, each_account)
    assert held == 0 and spent == D("3.5") * cost and spent <= D(25)
    assert await faults(each_db) == []


async def test_g18_the_same_leg_in_parallel_is_held_and_charged_once(
    each_db: Database, each_account: Account
) -> None:
    """G18, K3: 20 equal calls, one effect, 20 equal answers."""

    async def hold(_: int) -> str:
        async with each_db.writing() as session:
            return (await reserve(session, each_account.id, "job", 1, D(10), cap_of=CAP_OF)).id

    async def charge(_: int) -> str:
        async with each_db.writing() as session:
            return (await settle(session, each_account.id, "job", 1, price=D(9), cost=D(5), provider="p")).id

    for call in (hold, charge):
        answers = await gathered(20, call)
        assert all(isinstance(answer, str) for answer in answers) and len(set(answers)) == 1
    assert await this_month(each_db, each_account) == (D(9), D(0), D(5))
    async with each_db.reading() as session:
        assert (await session.scalars(select(Hold))).all() == []


async def test_a_tier_change_and_a_reservation_do_not_overtake_each_other(
    each_db: Database, each_account: Account
) -> None:
    """The cap is that of the tier the account is on when its lock is held."""

    async def spend_all(n: int) -> Posting:
        async with each_db.writing() as session:
            return await reserve(session, each_account.id, f"job{n}", 1, D(20), cap_of=CAP_OF)

    async def leave(_: int) -> Account:
        async with each_db.writing() as session:
            return await set_tier(session, each_account.id, "free", list(TIERS.tiers))

    answers = await asyncio.gather(spend_all(0), leave(0), spend_all(1), spend_all(2), return_exceptions=True)
    held = sum(isinstance(answer, Posting) for answer in answers)
    assert held <= 1
    assert (await this_month(each_db, each_account))[1] == D(20) * held
    with pytest.raises(SpendRefused):
        await spend_all(3)
