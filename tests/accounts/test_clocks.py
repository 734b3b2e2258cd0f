"""C1: a worker whose clock is wrong, and requests around the turn of a month."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_graph.accounts.accounts import Account, database_now, open_account
from persona_graph.accounts.ledger import Period, release, reserve, settle, spend
from persona_graph.db import Database, new_id
from persona_graph.errors import SpendRefused
from tests.accounts.books import CAP_OF, D, faults, postings, this_month
from tests.client import ROOT


@pytest.mark.parametrize("days", [-40.0, 40.0])
async def test_c1_a_worker_whose_clock_is_wrong_books_at_the_right_time(
    each_db: Database, each_account: Account, days: float
) -> None:
    """C1: the database's clock says when, so neither last month's nor next month's cap is spent."""
    async with each_db.reading() as session:
        before = await database_now(session)
    url = each_db.url.render_as_string(hide_password=False)
    argv = [sys.executable, "-m", "tests.accounts.shifted", url, each_account.id, str(days)]
    worker = await asyncio.create_subprocess_exec(*argv, cwd=ROOT)
    assert await worker.wait() == 0
    rows = await postings(each_db)
    assert sorted(row.kind for row in rows) == ["COST", "GRANT", "RELEASE", "RESERVE", "SETTLE"]
    async with each_db.reading() as session:
        after = await database_now(session)
    slack = timedelta(seconds=1)
    assert all(before - slack <= row.at <= after + slack for row in rows)
    assert await this_month(each_db, each_account) == (D(19), D(0), D(1))
    with pytest.raises(SpendRefused):
        async with each_db.writing() as session:
            await reserve(session, each_account.id, "next", 0, D(7), cap_of=CAP_OF)


NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["settle", "release", "keep"]), st.integers(1, 12), st.integers(0, 4)),
    min_size=1, max_size=20,
)  # fmt: skip


@given(STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_c1_around_the_turn_of_a_month_no_month_passes_its_cap(
    db: Database, steps: list[tuple[int, str, int, int]]
) -> None:
    """C1: bookings go forward in time, by days around New Year; a hold of December that is settled in January
    counted against January's cap from the moment January began."""
    async with db.writing() as session:
        account = await open_account(session, "A", "basic")
    now, prefix = NEW_YEAR - timedelta(days=20), new_id()
    open_: list[tuple[str, Decimal]] = []
    for n, (forward, then, amount, later) in enumerate(steps):
        now += timedelta(days=forward)
        try:
            async with db.writing() as session:
                await reserve(session, account.id, f"{prefix}{n}", 0, D(amount), cap_of=CAP_OF, at=now)
            open_.append((f"{prefix}{n}", D(amount)))
        except SpendRefused:
            pass
        now += timedelta(days=later)
        if open_ and then != "keep":
            job, held = open_.pop(0)
            async with db.writing() as session:
                if then == "settle":
                    await settle(session, account.id, job, 0, price=held, at=now)
                else:
                    await release(session, account.id, job, 0, at=now)
        async with db.reading() as session:
            for month in (NEW_YEAR - timedelta(days=1), NEW_YEAR, NEW_YEAR + timedelta(days=40)):
                there = await spend(session, account.id, Period.month(month))
                assert there.spent <= D(25)
            current = await spend(session, account.id, Period.month(now))
            assert current.spent + current.held <= D(25)
    assert await faults(db) == []
