"""A process whose own clock is wrong: buys something and says nothing. Started by ``test_clocks``."""

from __future__ import annotations

import asyncio
import datetime
import sys
from decimal import Decimal

SHIFT = datetime.timedelta(days=float(sys.argv[3]))
REAL = datetime.datetime


class Shifted(REAL):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> REAL:  # type: ignore[override]
        return REAL.now(tz) + SHIFT


async def buy(url: str, account_id: str) -> None:
    from persona_graph.accounts import ledger
    from persona_graph.catalog.tiers import load_tiers
    from persona_graph.db import Database, utcnow

    assert abs(utcnow() - REAL.now(datetime.UTC)) > datetime.timedelta(minutes=30), "the clock is not wrong"
    db = Database(url)
    cap_of = load_tiers().monthly_cap
    async with db.writing() as session:
        await ledger.reserve(session, account_id, "shifted", 0, Decimal(20), cap_of=cap_of)
        await ledger.settle(
            session, account_id, "shifted", 0, price=Decimal(20), cost=Decimal(1), provider="p"
        )
        await ledger.grant(session, account_id, "review", Decimal(1), memo="sorry")
    await db.close()


if __name__ == "__main__":
    # Before anything of ours is imported: every module then takes the wrong clock for the right one.
    datetime.datetime = Shifted  # type: ignore[misc]
    asyncio.run(buy(sys.argv[1], sys.argv[2]))
