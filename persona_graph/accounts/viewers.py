"""Turns a token into a viewer: service tokens of ours, and JWTs of the one issuer that is trusted.

Every refusal says the same to the outside; what was wrong goes to the debug log, without the token.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from sqlalchemy.exc import SQLAlchemyError

from persona_graph.accounts.accounts import find_account
from persona_graph.accounts.tokens import PREFIX, USED_STEP, ServiceToken, find_token, hashed, note_use
from persona_graph.accounts.viewer import Viewer, scopes_of
from persona_graph.db import Database, utcnow
from persona_graph.errors import Unauthenticated
from persona_graph.settings import Settings

MAX_TOKEN_CHARS = 4096
CACHE_SECONDS = 5.0
CACHED_VIEWERS = 10_000
LEEWAY_SECONDS = 60
SHORTEST_JWT_SECRET = 32
ALGORITHMS = ("HS256", "RS256", "ES256")

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,26}")
_JWT_OPTIONS: Any = {
    "require": ["exp", "sub", "aud", "iss"],
    # Expiry is checked here without the leeway, which is for clocks that disagree on when a token begins.
    "verify_exp": False,
}

log = logging.getLogger(__name__)


class JwtSettingsFault(ValueError):
    """The JWT settings contradict each other; the server must not start with them."""


@dataclass(frozen=True, slots=True)
class _Cached:
    viewer: Viewer
    until: float


class Viewers:
    """``authenticate`` answers from a cache for a few seconds, so that a revoked token is dead everywhere
    soon after (W9). ``monotonic`` and ``now`` are the clocks."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._db = db
        self._monotonic, self._now = monotonic, now
        self._algorithm, self._audience = settings.jwt_algorithm, settings.jwt_audience
        self._issuer = settings.jwt_issuer
        self._keys = _jwt_keys(settings)
        self._cache: dict[str, _Cached] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def authenticate(self, token: str | None) -> Viewer:
        """``token`` is the bare token or a whole ``Bearer …`` header. Raises Unauthenticated."""
        bare = _bare(token)
        key = hashed(bare)
        hit = self._cache.get(key)
        if hit is not None and hit.until > self._monotonic() and not hit.viewer.expired(self._now()):
            return hit.viewer
        self._cache.pop(key, None)
        viewer = await (self._by_service_token(bare) if bare.startswith(PREFIX) else self._by_jwt(bare))
        self._remember(key, viewer)
        return viewer

    def forget(self) -> None:
        """Drop what is cached, so that this process sees a change at once."""
        self._cache.clear()

    async def close(self) -> None:
        """Wait for the last notes of use."""
        await asyncio.gather(*self._notes)

    def _remember(self, key: str, viewer: Viewer) -> None:
        if len(self._cache) >= CACHED_VIEWERS:
            self._cache.pop(next(iter(self._cache)))
        self._cache[key] = _Cached(viewer, self._monotonic() + CACHE_SECONDS)

    async def _by_service_token(self, secret: str) -> Viewer:
        async with self._db.reading() as session:
            token = await find_token(session, secret)
            if token is None or not _same(token.hash, hashed(secret)) or not token.live(self._now()):
                raise _refused("unknown, expired or revoked service token")
            if await find_account(session, token.account_id) is None:
                raise _refused("the token's account is gone")
        self._note_use(token)
        return Viewer(token.account_id, token.label, token.granted, token.id, token.expires_at)

    async def _by_jwt(self, token: str) -> Viewer:
        claims, expires_at = self._claims(token)
        account_id = claims["sub"]
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise _refused("sub is not an account id")
        async with self._db.reading() as session:
            account = await find_account(session, account_id)
        if account is None:
            raise _refused("no such account")
        scope = claims.get("scope", "")
        return Viewer(
            account_id=account.id,
            label=_label(claims) or account.name,
            scopes=scopes_of(scope) if isinstance(scope, str) else frozenset(),
            expires_at=expires_at,
        )

    def _claims(self, token: str) -> tuple[dict[str, Any], datetime]:
        if not self._keys:
            raise _refused("JWTs are not set up")
        try:
            _refuse_doubles(token)
            claims = self._decoded(token)
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
            if expires_at <= self._now():
                raise jwt.ExpiredSignatureError("expired")
            return claims, expires_at
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError, RecursionError) as fault:
            raise _refused(type(fault).__name__) from None

    def _decoded(self, token: str) -> dict[str, Any]:
        """Checked against each key in turn: during a rotation two are valid (T5)."""
        for key in self._keys:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=[self._algorithm],
                    audience=self._audience,
                    issuer=self._issuer,
                    leeway=LEEWAY_SECONDS,
                    options=_JWT_OPTIONS,
                )
                return claims
            except jwt.InvalidSignatureError:
                continue
        raise jwt.InvalidSignatureError("no key fits")

    def _note_use(self, token: ServiceToken) -> None:
        if token.last_used_at is not None and self._now() - token.last_used_at < USED_STEP:
            return
        # Beside the request: a busy or read-only database must not keep anybody from reading.
        task = asyncio.get_running_loop().create_task(self._write_use(token.id))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _write_use(self, token_id: str) -> None:
        try:
            async with self._db.writing() as session:
                await note_use(session, token_id)
        except (SQLAlchemyError, OSError) as fault:
            log.debug("the use of token %s was not noted: %s", token_id, type(fault).__name__)


def _same(kept: str, shown: str) -> bool:
    """Also where the database found it: collations differ in what they call equal."""
    return hmac.compare_digest(kept.encode(), shown.encode())


def _bare(token: str | None) -> str:
    token = (token or "").strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token or len(token) > MAX_TOKEN_CHARS or not token.isascii() or not token.isprintable():
        raise _refused("no token, or not one by its form")
    return token


def _label(claims: dict[str, Any]) -> str:
    """The client that was given the token, as far as the issuer says so."""
    for name in ("client_id", "azp"):
        label = claims.get(name)
        if isinstance(label, str) and 0 < len(label) <= 100 and label.isprintable():
            return label
    return ""


def _refused(why: str) -> Unauthenticated:
    log.debug("token refused: %s", why)
    return Unauthenticated("Sign in with a valid token.")


def _refuse_doubles(token: str) -> None:
    """Two readers of a JSON object with a key twice may see different tokens (T2)."""
    for part in token.split(".")[:2]:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        json.loads(raw, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _jwt_keys(settings: Settings) -> tuple[str, ...]:
    """One key, or several during a rotation: PEM blocks one after the other, secrets one per line."""
    raw = settings.jwt_key.get_secret_value().strip()
    if not raw:
        return ()
    algorithm = settings.jwt_algorithm
    if algorithm not in ALGORITHMS:
        raise JwtSettingsFault(f"jwt_algorithm must be one of {', '.join(ALGORITHMS)}")
    if not settings.jwt_issuer:
        raise JwtSettingsFault("jwt_issuer must be set when jwt_key is")
    keys = _secrets(raw) if algorithm == "HS256" else _public_keys(raw, algorithm)
    for key in keys:
        try:
            jwt.get_algorithm_by_name(algorithm).prepare_key(key)
        except (jwt.PyJWTError, ValueError, TypeError):
            raise JwtSettingsFault(f"jwt_key cannot be used for {algorithm}") from None
    return keys


def _secrets(raw: str) -> tuple[str, ...]:
    secrets = tuple(line.strip() for line in raw.splitlines() if line.strip())
    if any(len(secret) < SHORTEST_JWT_SECRET for secret in secrets):
        raise JwtSettingsFault(
            f"jwt_key must be a secret of {SHORTEST_JWT_SECRET} characters or more for HS256"
        )
    return secrets


def _public_keys(raw: str, algorithm: str) -> tuple[str, ...]:
    blocks = list(_PEM.finditer(raw))
    if not blocks or any("PUBLIC" not in block[1] for block in blocks):
        raise JwtSettingsFault(f"jwt_key must be a PEM public key for {algorithm}")
    return tuple(block[0] for block in blocks)
