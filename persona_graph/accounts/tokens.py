"""Service tokens: what another service shows to act for an account. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.accounts.accounts import checked_name, hold_account
from persona_graph.accounts.viewer import Scope, scopes_of
from persona_graph.db import Base, Writing, new_id, utcnow
from persona_graph.errors import Forbidden, InvalidInput, NotFound, QuotaReached

PREFIX = "pg_"
LABEL_CHARS = 100
MAX_TOKENS = 100
USED_STEP = timedelta(hours=1)

_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class ServiceToken(Base):
    """``hash`` is the SHA-256 of the secret, which has 256 random bits, so it needs no salt and no slow
    hash. ``last_used_at`` is kept to the hour, to see which tokens are still in use."""

    __tablename__ = "service_token"
    __table_args__ = (Index("ix_service_token_account", "account_id"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"))
    label: Mapped[str] = mapped_column(String(LABEL_CHARS))
    scopes: Mapped[str] = mapped_column(String(100))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @property
    def granted(self) -> frozenset[Scope]:
        return scopes_of(self.scopes)

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


async def create_service_token(
    session: Writing,
    account_id: str,
    label: str,
    scopes: Collection[Scope],
    *,
    expires_at: datetime | None = None,
    within: frozenset[Scope] | None = None,
) -> tuple[ServiceToken, str]:
    """The row, and the secret, which is shown this once. ``within`` are the scopes of whoever asks: a
    token never grants more than its maker has."""
    if not scopes:
        raise InvalidInput(message="A token needs at least one scope.", path=("scopes",))
    if within is not None and (more := sorted(set(scopes) - within)):
        raise Forbidden(message=f"You lack the {', '.join(more)} scope yourself.", path=("scopes",))
    if expires_at is not None and expires_at <= utcnow():
        raise InvalidInput(message="It must lie in the future.", path=("expiresAt",))
    await hold_account(session, account_id)
    await _refuse_too_many(session, account_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ServiceToken(
        account_id=account_id,
        label=checked_name(label, LABEL_CHARS, ("label",)),
        scopes=" ".join(sorted(set(scopes))),
        hash=hashed(secret),
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    return token, secret


async def revoke_service_token(session: Writing, account_id: str, token_id: str) -> ServiceToken:
    """Other processes notice within the ``Viewers`` cache time. Harmless twice."""
    token = await session.get(ServiceToken, token_id)
    if token is None or token.account_id != account_id:
        raise NotFound(message="There is no such token.", path=("tokenId",), fix="Check the id.")
    token.revoked_at = token.revoked_at or utcnow()
    return token


async def revoke_all_tokens(session: Writing, account_id: str) -> None:
    mine = (ServiceToken.account_id == account_id) & ServiceToken.revoked_at.is_(None)
    await session.execute(update(ServiceToken).where(mine).values(revoked_at=utcnow()))


async def list_service_tokens(session: AsyncSession, account_id: str) -> list[ServiceToken]:
    """All of an account's tokens, also the ended ones, the newest first."""
    rows = select(ServiceToken).where(ServiceToken.account_id == account_id)
    return list((await session.scalars(rows.order_by(ServiceToken.created_at.desc(), ServiceToken.id))).all())


async def find_token(session: AsyncSession, secret: str) -> ServiceToken | None:
    """By hash: the index compares hashes, so its timing tells nothing about any secret (T4)."""
    if not _SHAPE.fullmatch(secret):
        return None
    rows = select(ServiceToken).where(ServiceToken.hash == hashed(secret))
    return (await session.scalars(rows)).one_or_none()


async def note_use(session: Writing, token_id: str) -> None:
    await session.execute(
        update(ServiceToken).where(ServiceToken.id == token_id).values(last_used_at=utcnow())
    )


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def _refuse_too_many(session: Writing, account_id: str) -> None:
    live = (ServiceToken.account_id == account_id) & ServiceToken.revoked_at.is_(None)
    live &= ServiceToken.expires_at.is_(None) | (ServiceToken.expires_at > utcnow())
    if (await session.scalar(select(func.count()).where(live)) or 0) >= MAX_TOKENS:
        raise QuotaReached(
            message=f"An account has at most {MAX_TOKENS} live tokens.",
            limit=MAX_TOKENS,
            fix="Revoke one first.",
        )
