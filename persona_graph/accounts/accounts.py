"""The accounts: whom a persona belongs to, and which tier they are on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.db import Base, Writing, new_id, now_plus, utcnow
from persona_graph.errors import InvalidInput, NotFound

NAME_CHARS = 100


class Account(Base):
    """``erased_at`` is set when its owner had everything deleted: the row stays for the books alone,
    without a name, and nobody can sign in to it. A tier that runs out at ``tier_until`` gives way to ``tier_after``;
    ``hold_account`` sees to it before anything is decided by the tier."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(NAME_CHARS))
    tier: Mapped[str] = mapped_column(String(32))
    tier_until: Mapped[datetime | None]
    tier_after: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    erased_at: Mapped[datetime | None]

    def tier_at(self, moment: datetime) -> str:
        """The tier as a reader should see it, also before anybody has held the account since the last one ended."""
        ended = self.tier_until is not None and self.tier_until <= moment
        return self.tier_after or self.tier if ended else self.tier


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
    await _end_tier(session, account)
    return account


async def _end_tier(session: Writing, account: Account) -> None:
    """Its end counts from its own moment, however late somebody looks; by the database's clock, so that no worker
    whose own is wrong ends it early."""
    until = account.tier_until
    if until is None or account.tier_at(await database_now(session)) == account.tier:
        return
    after = account.tier_after or account.tier
    session.add(TierChange(account_id=account.id, at=until, tier_before=account.tier, tier=after))
    account.tier, account.tier_until, account.tier_after = after, None, None


async def database_now(session: AsyncSession) -> datetime:
    """The one clock that all workers share."""
    return (await session.scalars(select(now_plus()))).one()


async def set_tier(
    session: Writing, account_id: str, tier: str, known: Collection[str], *, until: datetime | None = None,
    then: str | None = None,
) -> Account:  # fmt: skip
    """Move the account, for good or ``until`` a moment, when it goes on to ``then``: the first of the ``known`` if
    nothing else is said. Jobs under way keep the terms they were quoted."""
    _check_tier(tier, "tier", known)
    account = await hold_account(session, account_id)
    if until is not None:
        then = next(iter(known)) if then is None else then
        _check_tier(then, "then", known)
        if until <= await database_now(session):
            raise InvalidInput(
                message="until has passed.", path=("until",), fix="Give a time to come, or leave it out."
            )
    elif then is not None:
        raise InvalidInput(message="then is given without until.", path=("then",), fix="Say until when, too.")
    if account.tier != tier:
        session.add(TierChange(account_id=account.id, tier_before=account.tier, tier=tier))
    account.tier, account.tier_until, account.tier_after = tier, until, then
    return account


def _check_tier(tier: str, field: str, known: Collection[str]) -> None:
    if tier not in known:
        raise InvalidInput(
            message=f"There is no tier {tier[:40]!r}.",
            path=(field,),
            fix=f"Choose one of: {', '.join(known)}.",
        )


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
