"""What the ledger's tests look at."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.ledger import (
    Period,
    Posting,
    spend,
)
from persona_graph.accounts.statements import verify
from persona_graph.catalog.tiers import load_tiers
from persona_graph.db import Database, utcnow

TIERS = load_tiers()
CAP_OF = TIERS.monthly_cap
D = Decimal


async def postings(db: Database, **where: Any) -> list[Posting]:
    async with db.reading() as session:
        rows = select(Posting).filter_by(**where).order_by(Posting.at)
        return list((await session.scalars(rows)).all())


async def faults(db: Database) -> list[str]:
    async with db.reading() as session:
        return await verify(session)


async def this_month(db: Database, account: Account) -> tuple[Decimal, Decimal, Decimal]:
    async with db.reading() as session:
        now = await spend(session, account.id, Period.month(utcnow()))
        return now.spent, now.held, now.cost
