"""Accounts and tokens from the command line: for whoever runs the server, before anybody can call it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, find_account, open_account, set_tier
from persona_graph.accounts.tokens import create_service_token, find_token
from persona_graph.accounts.viewer import Scope
from persona_graph.db import Database, Writing, utcnow
from persona_graph.errors import InvalidInput

ALL_SCOPES = tuple(Scope)


async def account_with_token(
    db: Database,
    name: str,
    label: str,
    *,
    tier: str | None,
    first_tier: str,
    known_tiers: Collection[str],
    token: str,
) -> str:
    """A token that works: ``token`` if it does, else a new one. ``tier`` moves the account, ``None`` leaves it."""
    async with db.writing() as session:
        row = await find_token(session, token)
        account = None
        if row is not None and row.live(utcnow()):
            account = await find_account(session, row.account_id)
        if account is None:
            account = await _find_or_open(session, name, tier or first_tier, known_tiers)
            _, token = await create_service_token(session, account.id, label, ALL_SCOPES)
        if tier is not None:
            await set_tier(session, account.id, tier, known_tiers)
    return token


async def make_token(
    db: Database,
    account: str,
    label: str,
    scopes: Collection[Scope],
    *,
    tier: str,
    known_tiers: Collection[str],
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """The account's id and a new token for it. ``account`` is an id or a name; a name nobody has yet opens
    an account on ``tier``."""
    async with db.writing() as session:
        found = await find_account(session, account) or await _find_or_open(
            session, account, tier, known_tiers
        )
        _, secret = await create_service_token(session, found.id, label, scopes, expires_at=expires_at)
    return found.id, secret


async def find_by_id_or_name(db: Database, account: str) -> Account | None:
    """Raises InvalidInput where several have the name."""
    async with db.reading() as session:
        return await find_account(session, account) or await _find_named(session, account)


async def _find_named(session: AsyncSession, name: str) -> Account | None:
    rows = (
        select(Account).where(Account.name == name, Account.erased_at.is_(None)).order_by(Account.id).limit(2)
    )
    named = list((await session.scalars(rows)).all())
    if len(named) > 1:
        raise InvalidInput(message=f"More than one account is called {name!r}.", fix="Name it by its id.")
    return named[0] if named else None


async def _find_or_open(session: Writing, name: str, tier: str, known: Collection[str]) -> Account:
    named = await _find_named(session, name)
    if named is not None:
        return named
    if tier not in known:
        raise InvalidInput(message=f"There is no tier {tier!r}.", fix=f"Choose one of: {', '.join(known)}.")
    return await open_account(session, name, tier)
