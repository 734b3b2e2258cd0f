"""The accounts: whom a persona belongs to, and which tier they are on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Writing, new_id, utcnow
from persona_graph.errors import InvalidInput, NotFound

NAME_CHARS = 100


class Account(Base):
    """``erased_at`` is set when its owner had everything deleted: the row stays for the books alone,
    without a name, and nobody can sign in to it."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(NAME_CHARS))
    tier: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    erased_at: Mapped[datetime | None]


class TierChange(Base):
    """When an account moved from one tier to another; ``tier_before`` is empty for its first."""

    __tablename__ = "account_tier_change"
    __table_args__ = (Index("ix_account_tier_change_account", "account_id", "at"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    tier_before: Mapped[str] = mapped_column(String(32), default="")
    tier: Mapped[str] = mapped_column(String(32))


async def open_account(session: Writing, name: str, tier: str, *, account_id: str | None = None) -> Account:
    """``tier`` must be known (``Tiers.tier``). ``account_id`` is for accounts whose ids come from elsewhere."""
    account = Account(id=account_id or new_id(), name=checked_name(name, NAME_CHARS), tier=tier)
    session.add(account)
    await session.flush()
    session.add(TierChange(account_id=account.id, tier=tier))
    return account


async def find_account(session: AsyncSession, account_id: str) -> Account | None:
    """``None`` also for an erased one."""
    account = await session.get(Account, account_id)
    return None if account is None or account.erased_at else account


async def hold_account(session: Writing, account_id: str) -> Account:
    """The account, fresh and locked until this transaction ends: whatever is decided by its tier or its
    spending is decided one after the other. (SQLite's one writer needs no lock.)"""
    # NO KEY UPDATE on Postgres: a plain one collides with the share that each posting's foreign key takes, and
    # two jobs that book a cost and then settle would wait for each other.
    rows = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    account = (await session.scalars(rows.execution_options(populate_existing=True))).one_or_none()
    if account is None:
        raise NotFound(message="There is no such account.", path=("accountId",), fix="Check the id.")
    return account


async def set_tier(session: Writing, account_id: str, tier: str, known: Collection[str]) -> Account:
    """Move the account. Jobs under way keep the terms they were quoted."""
    if tier not in known:
        raise InvalidInput(
            message=f"There is no tier {tier[:40]!r}.",
            path=("tier",),
            fix=f"Choose one of: {', '.join(known)}.",
        )
    account = await hold_account(session, account_id)
    if account.tier != tier:
        session.add(TierChange(account_id=account.id, tier_before=account.tier, tier=tier))
        account.tier = tier
    return account


async def mark_erased(session: Writing, account_id: str) -> Account:
    """Close the account for good and forget its name; its tokens go with ``revoke_all_tokens``."""
    account = await hold_account(session, account_id)
    account.name, account.erased_at = "", account.erased_at or utcnow()
    return account


def checked_name(name: str, most: int, path: tuple[str, ...] = ("name",)) -> str:
    """A name that is safe to store and show: printable (no NUL, no line breaks, no text direction marks)."""
    name = name.strip()
    if not 0 < len(name) <= most or not name.isprintable():
        raise InvalidInput(message=f"It must have 1 to {most} printable characters.", path=path)
    return name
