from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_graph.accounts.accounts import Account, mark_erased
from persona_graph.accounts.tokens import create_service_token, list_service_tokens, revoke_service_token
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.accounts.viewers import CACHE_SECONDS, JwtSettingsFault, Viewers
from persona_graph.db import Database, utcnow
from persona_graph.errors import Forbidden, Unauthenticated
from persona_graph.settings import Settings

SECRET = "a shared secret of more than 64 characters, so that HS512 takes it as well"
ISSUER = "https://issuer.example"


@dataclass
class Clock:
    """Both clocks of Viewers, moved by hand."""

    passed: float = 0.0
    began: datetime = field(default_factory=utcnow)

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.passed)


def configured(tmp_path: Path, **values: Any) -> Settings:
    return Settings(data_dir=tmp_path, **{"jwt_key": SECRET, "jwt_issuer": ISSUER, **values})


def claims(account: Account, **changes: Any) -> dict[str, Any]:
    plain = {
        "sub": account.id, "aud": "persona-graph", "iss": ISSUER, "exp": int(time.time()) + 300, "scope": "read write",
    }  # fmt: skip
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def by_hand(header: dict[str, Any] | str, body: dict[str, Any] | str, signature: bytes = b"") -> str:
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, body)]
    encoded = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


@pytest.fixture
def viewers(db: Database, tmp_path: Path) -> Viewers:
    return Viewers(db, configured(tmp_path))


async def test_a_service_token_becomes_a_viewer(
    each_db: Database, each_account: Account, tmp_path: Path
) -> None:
    async with each_db.writing() as session:
        token, secret = await create_service_token(session, each_account.id, "story writer", [Scope.WRITE])
    viewers = Viewers(each_db, configured(tmp_path))
    for form in (secret, f"Bearer {secret}", f"bearer  {secret} "):
        viewer = await viewers.authenticate(form)
        assert viewer == Viewer(each_account.id, "story writer", frozenset({Scope.WRITE}), token.id, None)
    viewer.need(Scope.WRITE)
    with pytest.raises(Forbidden, match="READ"):
        viewer.need(Scope.READ)
    await viewers.close()


async def test_a_jwt_becomes_a_viewer(viewers: Viewers, account: Account) -> None:
    made = jwt.encode(claims(account, scope="openid READ operate", azp="front-end"), SECRET)
    viewer = await viewers.authenticate(f"Bearer {made}")
    assert (viewer.account_id, viewer.label) == (account.id, "front-end")
    assert viewer.scopes == {Scope.READ, Scope.OPERATE}
    assert viewer.expires_at is not None and viewer.expired(viewer.expires_at)
    assert not viewer.expired()


async def test_a_jwt_without_scope_may_do_nothing(viewers: Viewers, account: Account) -> None:
    for scope in (..., ["READ"], 5, ""):
        viewer = await viewers.authenticate(jwt.encode(claims(account, scope=scope), SECRET))
        assert viewer.scopes == frozenset()
        assert viewer.label == "Acme"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 1},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": 10**18},
        {"exp": float("inf")},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"aud": "another service"},
        {"aud": ...},
        {"iss": "https://stranger.example"},
        {"iss": ...},
        {"iss": [ISSUER]},
        {"sub": ...},
        {"sub": "nobody"},
        {"sub": "' OR 1=1 --"},
        {"sub": ""},
        {"sub": "\x00"},
        {"sub": 5},
    ],
    ids="-".join,
)
async def test_t1_wrong_claims_are_refused(
    viewers: Viewers, account: Account, changes: dict[str, Any]
) -> None:
    """T1: expired one second ago, not yet valid, wrong audience or issuer, unknown account."""
    header = {"alg": "HS256", "typ": "JWT"}
    body = claims(account, **changes)
    unsigned = by_hand(header, body).rpartition(".")[0]
    signature = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), SECRET.encode())
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(by_hand(header, body, signature))
    body = claims(account)
    unsigned = by_hand(header, body).rpartition(".")[0]
    signature = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), SECRET.encode())
    assert await viewers.authenticate(by_hand(header, body, signature))


async def test_c1_the_issuers_clock_may_be_a_minute_ahead(viewers: Viewers, account: Account) -> None:
    ahead = int(time.time()) + 30
    assert await viewers.authenticate(jwt.encode(claims(account, nbf=ahead, iat=ahead), SECRET))


async def test_t1_no_signature_wrong_signature_wrong_key(viewers: Viewers, account: Account) -> None:
    good = jwt.encode(claims(account), SECRET)
    head, body, signature = good.split(".")
    swapped = body[:-2] + ("AA" if body[-2:] != "AA" else "BB")
    for forged in (
        by_hand({"alg": "none"}, claims(account)),
        by_hand({"alg": "None", "typ": "JWT"}, claims(account)),
        by_hand({"alg": ["HS256"]}, claims(account)),
        by_hand({"alg": "HS256", "crit": ["b64"], "b64": False}, claims(account)),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{swapped}.{signature}",
        jwt.encode(claims(account), "another secret of more than 32 characters"),
        jwt.encode(claims(account), SECRET, algorithm="HS512"),
    ):
        with pytest.raises(Unauthenticated):
            await viewers.authenticate(forged)
    assert await viewers.authenticate(good)


async def test_t1_a_kid_is_only_a_word(viewers: Viewers, account: Account, tmp_path: Path) -> None:
    """A key id is never a path, an address or SQL: only the configured key counts."""
    (tmp_path / "mine").write_text("a key of my own, long enough to be one")
    for kid in (str(tmp_path / "mine"), "'; SELECT 'x", "http://127.0.0.1:9/key"):
        forged = jwt.encode(
            claims(account), "a key of my own, long enough to be one", headers={"kid": kid, "jku": kid}
        )
        with pytest.raises(Unauthenticated):
            await viewers.authenticate(forged)
        assert await viewers.authenticate(jwt.encode(claims(account), SECRET, headers={"kid": kid}))


def pem_pair(kind: str) -> tuple[str, str]:
    private: Any = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    return (
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_t1_the_public_key_is_no_hmac_secret(
    db: Database, account: Account, tmp_path: Path, algorithm: str
) -> None:
    private, public = pem_pair(algorithm)
    viewers = Viewers(db, configured(tmp_path, jwt_key=public, jwt_algorithm=algorithm))
    assert await viewers.authenticate(jwt.encode(claims(account), private, algorithm=algorithm))
    unsigned = by_hand({"alg": "HS256", "typ": "JWT"}, claims(account)).rpartition(".")[0]
    for key in (public, public.strip(), public.encode().hex()):
        mac = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), key.encode())
        with pytest.raises(Unauthenticated):
            await viewers.authenticate(by_hand({"alg": "HS256", "typ": "JWT"}, claims(account), mac))


async def test_t5_both_keys_hold_during_a_rotation(db: Database, account: Account, tmp_path: Path) -> None:
    (old_private, old), (new_private, new), (stranger, _) = (pem_pair("RS256") for _ in range(3))
    viewers = Viewers(db, configured(tmp_path, jwt_key=new + old, jwt_algorithm="RS256"))
    for private in (old_private, new_private) * 3:
        assert await viewers.authenticate(jwt.encode(claims(account), private, algorithm="RS256"))
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(jwt.encode(claims(account), stranger, algorithm="RS256"))
    after = Viewers(db, configured(tmp_path, jwt_key=new, jwt_algorithm="RS256"))
    with pytest.raises(Unauthenticated):
        await after.authenticate(jwt.encode(claims(account), old_private, algorithm="RS256"))

    other = "another secret of more than 32 characters"
    shared = Viewers(db, configured(tmp_path, jwt_key=f"{other}\n{SECRET}\n"))
    for secret in (SECRET, other):
        assert await shared.authenticate(jwt.encode(claims(account), secret))


async def test_t2_long_double_and_empty_tokens(viewers: Viewers, account: Account) -> None:
    doubled = '{"sub": "someone else", ' + json.dumps(claims(account))[1:]
    unsigned = by_hand({"alg": "HS256"}, doubled).rpartition(".")[0]
    mac = jwt.get_algorithm_by_name("HS256").sign(unsigned.encode(), SECRET.encode())
    for token in (
        None, "", " ", "Bearer", "Bearer ", "Basic abc", "pg_", "pg_" + "A" * 43, "pg_" + "A" * 8000,
        jwt.encode(claims(account, padding="x" * 8000), SECRET), by_hand({"alg": "HS256"}, doubled, mac),
        "pg_\x00", "pg_é", "..", "a.b.c", by_hand("[" * 1500, "[" * 1500), "\ud800",
    ):  # fmt: skip
        with pytest.raises(Unauthenticated):
            await viewers.authenticate(token)


@given(
    st.text(max_size=80) | st.binary(max_size=60).map(lambda b: by_hand(b.decode("latin1"), {"sub": "x"}, b))
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_t1_whatever_comes_it_is_only_ever_refused(viewers: Viewers, junk: str) -> None:
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(junk)


async def test_t2_t7_neither_token_nor_claims_are_logged(
    viewers: Viewers, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = ["pg_" + "C4n4ry" * 7 + "x", jwt.encode(claims(account, sub="canary-account"), "canary " * 8)]
    for token in wrong:
        with pytest.raises(Unauthenticated) as refused:
            await viewers.authenticate(token)
        assert "refused" in caplog.text
        said = caplog.text + str(refused.value)
        assert "C4n4ry" not in said and "canary" not in said and token[-20:] not in said


async def test_w9_a_revoked_token_dies_when_the_cache_does(
    db: Database, account: Account, tmp_path: Path
) -> None:
    clock = Clock()
    viewers = Viewers(db, configured(tmp_path), monotonic=clock.monotonic, now=clock.now)
    async with db.writing() as session:
        token, secret = await create_service_token(session, account.id, "blog", [Scope.READ])
    assert await viewers.authenticate(secret)
    async with db.writing() as session:
        await revoke_service_token(session, account.id, token.id)
    clock.passed = CACHE_SECONDS - 0.1
    assert await viewers.authenticate(secret)
    clock.passed = CACHE_SECONDS
    assert CACHE_SECONDS <= 10
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(secret)
    await viewers.close()


@pytest.mark.parametrize("kind", ["service token", "JWT"])
async def test_w9_a_cached_viewer_still_expires(
    db: Database, account: Account, tmp_path: Path, kind: str
) -> None:
    clock = Clock()
    viewers = Viewers(db, configured(tmp_path), monotonic=clock.monotonic, now=clock.now)
    soon = clock.now() + timedelta(seconds=3)
    async with db.writing() as session:
        _, secret = await create_service_token(session, account.id, "blog", [Scope.READ], expires_at=soon)
    token = (
        secret if kind == "service token" else jwt.encode(claims(account, exp=int(soon.timestamp())), SECRET)
    )
    assert (await viewers.authenticate(token)).expires_at is not None
    clock.passed = 3.0
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(token)
    await viewers.close()


async def test_b4_nobody_signs_in_to_an_erased_account(
    db: Database, account: Account, viewers: Viewers
) -> None:
    async with db.writing() as session:
        _, secret = await create_service_token(session, account.id, "blog", [Scope.READ])
    tokens = [secret, jwt.encode(claims(account), SECRET)]
    for token in tokens:
        assert await viewers.authenticate(token)
    async with db.writing() as session:
        await mark_erased(session, account.id)
    viewers.forget()
    for token in tokens:
        with pytest.raises(Unauthenticated):
            await viewers.authenticate(token)
    await viewers.close()


async def test_the_last_use_is_noted_once_an_hour(db: Database, account: Account, tmp_path: Path) -> None:
    clock = Clock()
    viewers = Viewers(db, configured(tmp_path), monotonic=clock.monotonic, now=clock.now)
    async with db.writing() as session:
        _, secret = await create_service_token(session, account.id, "blog", [Scope.READ])

    async def last_used() -> datetime | None:
        await viewers.close()
        async with db.reading() as session:
            return (await list_service_tokens(session, account.id))[0].last_used_at

    assert await last_used() is None
    await viewers.authenticate(secret)
    first = await last_used()
    assert first is not None
    clock.passed += 600
    await viewers.authenticate(secret)
    assert await last_used() == first
    clock.passed += 3600
    await viewers.authenticate(secret)
    last = await last_used()
    assert last is not None and last > first


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"jwt_key": "short"},
        lambda: {"jwt_issuer": ""},
        lambda: {"jwt_algorithm": "none"},
        lambda: {"jwt_algorithm": "HS512"},
        lambda: {"jwt_algorithm": "RS256"},
        lambda: {"jwt_key": pem_pair("RS256")[1]},
        lambda: {"jwt_key": pem_pair("RS256")[1], "jwt_algorithm": "ES256"},
        lambda: {"jwt_key": pem_pair("RS256")[0], "jwt_algorithm": "RS256"},
        lambda: {"jwt_key": f"{SECRET}\nshort"},
    ],
)
async def test_t1_contradictory_settings_are_refused_at_start(
    db: Database, tmp_path: Path, make: Callable[[], dict[str, str]]
) -> None:
    values = make()
    with pytest.raises(JwtSettingsFault) as fault:
        Viewers(db, configured(tmp_path, **values))
    assert not values.get("jwt_key") or values["jwt_key"].splitlines()[-1] not in str(fault.value)


async def test_without_a_jwt_key_only_service_tokens_are_accepted(
    db: Database, account: Account, tmp_path: Path
) -> None:
    viewers = Viewers(db, Settings(data_dir=tmp_path))
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(jwt.encode(claims(account), SECRET))
    with pytest.raises(Unauthenticated):
        await viewers.authenticate(by_hand({"alg": "none"}, claims(account)))
