"""What a viewer asks of accounts: their own, its tokens and spending, and an operator's tier changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from persona_graph.accounts import accounts, ledger
from persona_graph.accounts.accounts import Account
from persona_graph.accounts.tokens import (
    ServiceToken,
    create_service_token,
    list_service_tokens,
    revoke_service_token,
)
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Database
from persona_graph.errors import NotFound


async def own_account(db: Database, viewer: Viewer) -> Account:
    async with db.reading() as session:
        account = await accounts.find_account(session, viewer.account_id)
    if account is None:
        raise NotFound(message="There is no such account.")
    return account


async def spent(
    db: Database, account: Account, period: ledger.Period | None, cap_of: ledger.CapOf
) -> tuple[ledger.Period, ledger.Spend, Decimal | None]:
    """The spending of a period, this calendar month if none is given; and what the cap still allows this month."""
    async with db.reading() as session:
        now = await accounts.database_now(session)
        period = period or ledger.Period.month(now)
        spend = await ledger.spend(session, account.id, period)
        return period, spend, await ledger.allowance(session, account, cap_of, at=now)


async def own_tokens(db: Database, viewer: Viewer) -> list[ServiceToken]:
    async with db.reading() as session:
        return await list_service_tokens(session, viewer.account_id)


async def make_token(
    db: Database, viewer: Viewer, label: str, scopes: Collection[Scope], expires_at: datetime | None
) -> tuple[ServiceToken, str]:
    """The row, and the secret, which is shown this once."""
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        return await create_service_token(
            session, viewer.account_id, label, scopes, expires_at=expires_at, within=viewer.scopes
        )


async def revoke_token(db: Database, viewer: Viewer, token_id: str) -> ServiceToken:
    viewer.need(Scope.WRITE)
    async with db.writing() as session:
        return await revoke_service_token(session, viewer.account_id, token_id)


async def move_tier(
    db: Database, viewer: Viewer, account_id: str, tier: str, known: Collection[str], *,
    until: datetime | None = None, then: str | None = None,
) -> Account:  # fmt: skip
    viewer.need(Scope.OPERATE)
    async with db.writing() as session:
        return await accounts.set_tier(session, account_id, tier, known, until=until, then=then)
