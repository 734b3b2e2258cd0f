from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from persona_graph.accounts.accounts import Account, open_account
from persona_graph.accounts.tokens import (
    MAX_TOKENS,
    create_service_token,
    find_token,
    list_service_tokens,
    revoke_all_tokens,
    revoke_service_token,
)
from persona_graph.accounts.viewer import Scope
from persona_graph.db import Database, utcnow
from persona_graph.errors import Forbidden, InvalidInput, NotFound, QuotaReached

READ = frozenset({Scope.READ})


async def test_the_secret_is_shown_once_and_never_stored(each_db: Database, each_account: Account) -> None:
    """T7: the canary is looked for in every text of the row."""
    async with each_db.writing() as session:
        token, secret = await create_service_token(
            session, each_account.id, "blog", [Scope.WRITE, Scope.READ]
        )
    assert secret.startswith("pg_") and len(secret) == 46
    async with each_db.reading() as session:
        row = (await session.execute(text("SELECT * FROM service_token"))).one()
        assert not any(secret[3:] in str(value) for value in row)
        found = await find_token(session, secret)
        assert found is not None and found.id == token.id
        assert found.granted == {Scope.READ, Scope.WRITE}


async def test_a_token_that_differs_anywhere_is_not_found(db: Database, account: Account) -> None:
    """T4: equal first bytes bring nobody nearer."""
    async with db.writing() as session:
        _, secret = await create_service_token(session, account.id, "blog", READ)
    async with db.reading() as session:
        for wrong in (
            secret[:-1] + ("A" if secret[-1] != "A" else "B"),
            secret[:-1],
            secret + "A",
            "pg_",
            secret.upper(),
        ):
            assert await find_token(session, wrong) is None


async def test_two_tokens_are_valid_at_once_so_that_keys_can_be_rotated(
    db: Database, account: Account
) -> None:
    """T5."""
    async with db.writing() as session:
        old, old_secret = await create_service_token(session, account.id, "blog", READ)
        new, new_secret = await create_service_token(session, account.id, "blog", READ)
    async with db.writing() as session:
        assert await find_token(session, old_secret) and await find_token(session, new_secret)
        await revoke_service_token(session, account.id, old.id)
    async with db.reading() as session:
        listed = await list_service_tokens(session, account.id)
    assert [(t.id, t.live(utcnow())) for t in listed] == [(new.id, True), (old.id, False)]


async def test_another_accounts_token_cannot_be_revoked(db: Database, account: Account) -> None:
    """T6: the same answer as for a token that is not there."""
    async with db.writing() as session:
        stranger = await open_account(session, "Other", "free")
        token, _ = await create_service_token(session, account.id, "blog", READ)
    for account_id, token_id in ((stranger.id, token.id), (account.id, "nothing")):
        with pytest.raises(NotFound, match="There is no such token"):
            async with db.writing() as session:
                await revoke_service_token(session, account_id, token_id)
    async with db.reading() as session:
        assert (await list_service_tokens(session, account.id))[0].revoked_at is None


async def test_nobody_makes_a_token_that_may_do_more_than_they(db: Database, account: Account) -> None:
    """T6."""
    with pytest.raises(Forbidden, match="OPERATE"):
        async with db.writing() as session:
            await create_service_token(
                session,
                account.id,
                "x",
                [Scope.OPERATE, Scope.READ],
                within=frozenset({Scope.READ, Scope.WRITE}),
            )
    async with db.reading() as session:
        assert await list_service_tokens(session, account.id) == []


@pytest.mark.parametrize(
    ("label", "scopes", "expires"),
    [
        ("", READ, None),
        ("a\nb", READ, None),
        ("x", frozenset[Scope](), None),
        ("x", READ, timedelta(seconds=-1)),
    ],
)
async def test_what_a_token_needs(
    db: Database, account: Account, label: str, scopes: frozenset[Scope], expires: timedelta | None
) -> None:
    with pytest.raises(InvalidInput):
        async with db.writing() as session:
            at = utcnow() + expires if expires else None
            await create_service_token(session, account.id, label, scopes, expires_at=at)


async def test_live_tokens_are_limited(db: Database, account: Account) -> None:
    async with db.writing() as session:
        for _ in range(MAX_TOKENS):
            await create_service_token(session, account.id, "x", READ)
    with pytest.raises(QuotaReached):
        async with db.writing() as session:
            await create_service_token(session, account.id, "one more", READ)
    async with db.writing() as session:
        await revoke_all_tokens(session, account.id)
        await create_service_token(session, account.id, "one more", READ)
    async with db.reading() as session:
        assert [t.label for t in await list_service_tokens(session, account.id) if t.live(utcnow())] == [
            "one more"
        ]
