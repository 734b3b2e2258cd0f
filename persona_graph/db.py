"""Sessions, ids, clocks, and the only commit in the house."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, Enum, MetaData, Numeric, Text, TypeDecorator, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

_log = logging.getLogger(__name__)
T = TypeVar("T")
MICRO = Decimal(1_000_000)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """26 characters that sort by time of making (a lower-case ULID)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


class Moment(TypeDecorator[datetime]):
    """An instant, always aware and in UTC; timestamptz on Postgres, ISO text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value as text: descriptive content only, never state."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class Amount(TypeDecorator[Decimal]):
    """Exact US dollars to the millionth: NUMERIC on Postgres, an integer of micro-dollars on SQLite,
    which has no exact decimals."""

    impl = Numeric(18, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(18, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int((value * MICRO).to_integral_exact())

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value) / MICRO if dialect.name == "sqlite" else Decimal(value)


class now_plus(FunctionElement[datetime]):
    """The database's clock plus some seconds: the only clock that leases and deadlines use."""

    type = Moment()
    inherit_cache = False

    def __init__(self, seconds: float = 0) -> None:
        super().__init__()
        self.seconds = float(seconds)


@compiles(now_plus, "postgresql")
def _now_plus_postgres(element: now_plus, compiler: Any, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {element.seconds:.3f}))"


@compiles(now_plus, "sqlite")
def _now_plus_sqlite(element: now_plus, compiler: Any, **kw: Any) -> str:
    # Six digits, as the driver writes them, so that text compares as time.
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', '{element.seconds:+.3f} seconds') || '000')"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # Closed sets are stored by name in plain text columns, so that adding a value needs no migration.
    type_annotation_map = {datetime: Moment(), enum.Enum: Enum(enum.Enum, native_enum=False, length=24)}


class Writing(AsyncSession):
    """A session that may change rows; it ends in one commit or none.

    ``after`` queues news (rings, pub/sub) that is told only once the commit has happened.
    """

    def after(self, tell: Callable[[], object]) -> None:
        self.info.setdefault("after", []).append(tell)


class Database:
    """One engine. ``reading`` and ``writing`` open a session for one use case each."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite" and self.url.database not in (None, "", ":memory:"):
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(url)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self.engine, autoflush=False, expire_on_commit=False) as session:
            if self.is_sqlite:
                await session.connection(execution_options={"persona_graph_reading": True})
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        async with Writing(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()
        for tell in session.info.pop("after", ()):
            tell()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    async def close(self) -> None:
        await self.engine.dispose()


def utcnow() -> datetime:
    """This machine's clock, for what people read; leases and deadlines use ``now_plus``."""
    return datetime.now(UTC)


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_async_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def _open(connection: Any, _record: Any) -> None:
        # The driver's legacy mode opens a transaction only at the first write: readers that then
        # write lose updates without an error. Ours begins explicitly.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("persona_graph_reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


RETRIES = 5
# Postgres: serialization failure, deadlock, read-only after a failover, shut down by an administrator.
_UNDONE = frozenset({"40001", "40P01", "25006", "57P01"})
# Postgres: connection trouble, too many connections or no memory, shutting down or starting up.
_AWAY = ("08", "53", "57P")
# SQLite says "disk is full", "disk I/O error", "unable to open"; Postgres, of a database under maintenance, the last.
_AWAY_WORDS = ("disk", "unable to open", "accepting connections")


def was_undone(error: BaseException) -> bool:
    """The database surely undid the transaction in favour of another one: it may run again."""
    if not isinstance(error, DBAPIError):
        return False
    # What SQLite says when another writer was faster.
    locked = "locked" in str(error.orig) or "busy" in str(error.orig)
    return locked or _sqlstate(error) in _UNDONE


def is_away(error: BaseException) -> bool:
    """The database cannot be reached just now. Whether it committed before it went is not known."""
    if isinstance(error, DBAPIError):
        said = any(words in str(error.orig) for words in _AWAY_WORDS)
        return error.connection_invalidated or said or _sqlstate(error).startswith(_AWAY)
    return isinstance(error, OSError | NoConnection) or _sqlstate(error).startswith(_AWAY)


def _sqlstate(error: BaseException) -> str:
    """asyncpg's own errors pass unwrapped while a connection is being opened."""
    orig = getattr(error, "orig", None) or error
    return str(getattr(orig, "sqlstate", None) or getattr(orig, "pgcode", None) or "")


async def settled_writing(use_case: Callable[[], Awaitable[Any]]) -> Any:
    """Run a use case, again if the database undid it in favour of another one. A use case is one transaction,
    so a second run starts from nothing."""
    for left in reversed(range(RETRIES)):
        try:
            return await uncut(use_case())
        except DBAPIError as error:
            if not left or not (was_undone(error) or isinstance(error, IntegrityError)):
                raise
        await asyncio.sleep(secrets.randbelow(100) / 1000 * (RETRIES - left))
    raise AssertionError("unreachable")


async def uncut(transaction: Awaitable[T]) -> T:
    """To its end, even if the caller is cancelled meanwhile. One that is cut off in the middle leaves its locks
    to the garbage collector, which keeps SQLite's one writer waiting for seconds."""
    task = asyncio.ensure_future(transaction)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled() and task.exception():
            _log.warning("a transaction failed after its caller had left: %r", task.exception())
        raise
