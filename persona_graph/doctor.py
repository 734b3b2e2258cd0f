"""Everything the server leans on, looked at one by one: what was found, and how to get what is missing."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from persona_graph import embedded, secrets_file
from persona_graph.faults import in_one_line
from persona_graph.settings import Settings

PATIENCE = 15.0
ENCODERS = ("libx264", "aac", "libmp3lame", "flac", "pcm_s16le")
SQLITE = (3, 38)
LITTLE, VERY_LITTLE = 2 * 1024**3, 200 * 1024**2
SKEW_SECONDS = 2.0
# Whoever sets one of these runs servers of their own, and brings their own keys.
PRODUCTION = {"database_url", "redis_url", "storage_url"}


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """``fix`` is empty where there is nothing to do."""

    name: str
    state: State
    found: str
    fix: str = ""

    def plain(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[Settings], Awaitable[Finding]]


async def examine(settings: Settings) -> list[Finding]:
    """The findings, in the order of ``CHECKS``. No check can break or hold up another."""
    settings = with_stack(settings)
    return list(await asyncio.gather(*(_guarded(name, check, settings) for name, check in CHECKS.items())))


def report(findings: list[Finding]) -> str:
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.name:<{width}}  {finding.found}")
        if finding.fix:
            lines.append(f"{'':<8} {'':<{width}}  → {finding.fix}")
    return "\n".join(lines)


def with_stack(settings: Settings) -> Settings:
    """With the keys and the Redis of the embedded stack in the data folder, where the environment names none."""
    try:
        own = secrets_file.find(settings.data_dir)
    except secrets_file.SecretsUnusable:
        return settings
    if own is None:
        return settings
    given: dict[str, Any] = {"master_keys": own.master_keys, "signing_key": own.signing_key}
    port = embedded.redis_port(settings.data_dir)
    if port:
        given["redis_url"] = f"redis://:{own.redis_password}@127.0.0.1:{port}/0"
    return settings.filled(given)


async def _guarded(name: str, check: Check, settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            finding = await check(settings)
    except TimeoutError:
        finding = Finding(
            "", State.MISSING, f"no answer within {PATIENCE:g} s", "Check that it is reachable from here."
        )
    except Exception as error:
        line = in_one_line(error) or f"{type(error).__name__}: {error}"
        finding = Finding("", State.MISSING, line[:1].upper() + line[1:])
    return replace(finding, name=name)


def ok(found: str) -> Finding:
    return Finding("", State.OK, found)


def warn(found: str, fix: str = "") -> Finding:
    return Finding("", State.WARN, found, fix)


def missing(found: str, fix: str) -> Finding:
    return Finding("", State.MISSING, found, fix)


# --- This machine -------------------------------------------------------------------------------


async def python(settings: Settings) -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        return missing(found, "Use Python 3.11 to 3.14.")
    return ok(found)


async def ffmpeg(settings: Settings) -> Finding:
    from persona_graph.media.bounded import ffmpeg_binary

    binary = ffmpeg_binary()
    ran = await asyncio.to_thread(
        subprocess.run, [binary, "-hide_banner", "-encoders"], capture_output=True, text=True
    )
    have = {words[1] for line in ran.stdout.splitlines() if len(words := line.split()) > 1}
    lacking = [encoder for encoder in ENCODERS if encoder not in have]
    if lacking:
        return missing(
            f"{binary} lacks {', '.join(lacking)}",
            "Reinstall the imageio-ffmpeg package, whose ffmpeg has them.",
        )
    return ok(f"{binary} with {', '.join(ENCODERS)}")


async def speech_engine(settings: Settings) -> Finding:
    """Only the offline provider wants it."""
    if importlib.util.find_spec("espeakng_loader") is None:
        return warn(
            "espeak-ng is not installed: no offline speech", "Install the extra `local` if you want it."
        )
    import espeakng_loader

    home = Path(espeakng_loader.get_data_path())
    if not (home / "phontab").is_file():
        return missing(f"no voice data in {home}", "Reinstall the espeakng-loader package.")
    return ok(f"espeak-ng, voice data in {home}")


async def speaker_encoder(settings: Settings) -> Finding:
    spec = importlib.util.find_spec("resemblyzer")
    weights = Path(spec.origin).with_name("pretrained.pt") if spec and spec.origin else None
    if weights is None or not weights.is_file():
        return missing(
            "the weights that tell speakers apart are not there", "Reinstall the resemblyzer package."
        )
    return ok(str(weights))


async def disk(settings: Settings) -> Finding:
    place = settings.data_dir.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GB free at {place}"
    if free < VERY_LITTLE:
        return missing(found, "Free some space: uploads and videos will fail.")
    return warn(found, "Videos and uploads need room.") if free < LITTLE else ok(found)


async def port(settings: Settings) -> Finding:
    held = embedded.holder(settings.data_dir)
    if held and "url" in held:
        return ok(f"the stack of this folder runs at {held['url']}, process {held.get('pid')}")
    if await embedded.healthy(settings.host, settings.port):
        return ok(f"an API answers at {settings.host}:{settings.port}")
    try:
        embedded.listen(settings.host, settings.port).close()
    except embedded.PortTaken as taken:
        return warn(
            f"{settings.host}:{settings.port} is taken by another program", str(taken).partition(". ")[2]
        )
    return ok(f"{settings.host}:{settings.port} is free")


# --- What the server connects to ----------------------------------------------------------------


async def database(settings: Settings) -> Finding:
    from sqlalchemy.engine import make_url

    from persona_graph import migrations
    from persona_graph.db import Database

    url = make_url(settings.database)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and sqlite3.sqlite_version_info < SQLITE:
        return missing(
            f"SQLite {sqlite3.sqlite_version}", "Use a Python with SQLite 3.38 or later, or Postgres."
        )
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return warn(f"{shown} is not there yet", "`persona-graph up` or `persona-graph migrate` makes it.")
    db = Database(settings.database)
    try:
        current, newest = await migrations.current(db), migrations.head()
    finally:
        await db.close()
    if current != newest:
        return missing(
            f"{shown} is at version {current or 'none'}, not {newest}", "Run `persona-graph migrate`."
        )
    return ok(f"{shown} at version {current}")


async def books(settings: Settings) -> Finding:
    """What `persona-graph ledger verify` proves, as far as that goes quickly."""
    from sqlalchemy.engine import make_url

    from persona_graph import migrations
    from persona_graph.db import Database
    from persona_graph.jobs.books import audit

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return ok("nothing was booked yet")
    db = Database(settings.database)
    try:
        if await migrations.current(db) != migrations.head():
            return warn("not looked at before the database is up to date", "Run `persona-graph migrate`.")
        async with asyncio.timeout(PATIENCE / 2), db.reading() as session:
            found = await audit(session)
    except TimeoutError:
        return warn("more than can be looked at quickly", "Run `persona-graph ledger verify`.")
    finally:
        await db.close()
    if found.faults:
        first = f"{len(found.faults):,} faults; the first: {found.faults[0]}"
        return missing(first, "`persona-graph ledger verify` shows the rows.")
    return ok(f"{found.postings:,} postings add up")


async def clock(settings: Settings) -> Finding:
    """Leases use the database's clock, tokens and links this machine's."""
    from sqlalchemy import select

    from persona_graph.db import Database, now_plus, utcnow

    if settings.database.startswith("sqlite"):
        return ok("the database uses this machine's clock")
    db = Database(settings.database)
    try:
        async with db.reading() as session:
            await session.scalar(select(now_plus(0)))
            before = utcnow()
            theirs = (await session.scalars(select(now_plus(0)))).one()
            after = utcnow()
    finally:
        await db.close()
    skew = abs((theirs - (before + (after - before) / 2)).total_seconds())
    if skew > SKEW_SECONDS:
        return warn(f"{skew:.1f} s apart from the database's", "Run NTP on both.")
    return ok(f"{skew * 1000:.0f} ms apart from the database's")


async def redis(settings: Settings) -> Finding:
    if "redis_url" not in settings.model_fields_set:
        from persona_graph.valkey import find_binary

        return ok(f"the stack starts its own: {find_binary()}")
    from redis.asyncio import Redis

    client = Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=5, socket_timeout=5)
    try:
        facts = await client.info("server")
        kept = (await client.config_get("appendonly")).get("appendonly")
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy")
    finally:
        await client.aclose()
    return _judged(str(facts.get("redis_version", "0")), str(facts.get("server_name", "redis")), kept, policy)


def _judged(version: str, server: str, kept: str | None, policy: str | None) -> Finding:
    found = f"{server} {version}, append-only file: {kept}, eviction: {policy}"
    if tuple(int(part) for part in version.split(".")[:2]) < (7, 2):
        return missing(found, "Use Redis 7.2 or later, or Valkey.")
    if policy not in (None, "noeviction"):
        return warn(found, "Set maxmemory-policy noeviction: evicted rings delay jobs by a second each.")
    return ok(found)


async def storage(settings: Settings) -> Finding:
    """What is written comes back, and can be deleted."""
    from persona_graph.media.store import ObjectStore

    if not settings.storage_url and not settings.data_dir.exists():
        return ok(f"the stack makes its own at its first start: {settings.storage}")
    store = ObjectStore.open(settings)
    key = f"doctor/{socket.gethostname()}"
    payload = b"persona-graph doctor"

    async def once() -> AsyncGenerator[bytes, None]:
        yield payload

    await store.write(key, once())
    read = bytes(await store.read(key, 0, len(payload)))
    await store.delete(key)
    if read != payload:
        return missing(
            f"{settings.storage} gave back other bytes than were written", "Do not use this store."
        )
    return ok(f"{settings.storage} keeps what is written")


async def master_key(settings: Settings) -> Finding:
    from persona_graph.media.vault import Vault

    if not settings.master_keys.get_secret_value():
        if not PRODUCTION & settings.model_fields_set:
            return ok("the stack makes its own at its first start")
        return missing(
            "no master key is set", "`persona-graph keys` prints one for PERSONA_GRAPH_MASTER_KEYS."
        )
    vault = Vault.open_store(settings)
    await vault.check()
    return ok(f"key {vault.keys.current!r} is the one the store was written with")


async def plugins(settings: Settings) -> Finding:
    from persona_graph.catalog.registry import load_plugins
    from persona_graph.settings import plugin_settings

    catalog = load_plugins(plugin_settings)
    if not catalog.providers:
        return missing(
            "no provider is usable", "`persona-graph plugins` says why; the extra `local` needs no key."
        )
    found = ", ".join(provider.id for provider in catalog.providers)
    if catalog.quarantined:
        left_out = ", ".join(plugin.plugin for plugin in catalog.quarantined)
        return warn(f"{found}; left out: {left_out}", "`persona-graph plugins` says why.")
    return ok(found)


CHECKS: dict[str, Check] = {
    "python": python,
    "ffmpeg": ffmpeg,
    "offline speech": speech_engine,
    "speaker encoder": speaker_encoder,
    "plugins": plugins,
    "disk": disk,
    "database": database,
    "books": books,
    "clock": clock,
    "redis": redis,
    "storage": storage,
    "master key": master_key,
    "port": port,
}
