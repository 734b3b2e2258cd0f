"""A worker that stops at one exact point. Run as a program: it loads everything once and then forks a process
for each order it reads, so that a matrix of some hundred deaths takes seconds.

An order is a JSON line: ``folder``, ``redis_url``, ``database_url``, ``flow``, ``safety``, and where to stop:
``at``, the number of the point, and ``how``. Points are every statement, begin and commit on the
database, and the vendor's side of each call. The answer is a JSON line: how the process ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from persona_graph.jobs.states import TERMINAL
from persona_graph.provider import (
    Call,
    Delivery,
    Offer,
    Order,
    OrderRejected,
    PaymentSafety,
    Progress,
    Ticket,
    Write,
)
from tests.jobs.house import House, open_house
from tests.jobs.scripted import DELIVERY, Scripted, catalog, speech_offer, text_offer, video_offer

PARKED = ("NEEDS_REVIEW", "QUARANTINED")


class Points:
    """Counts what passes; does ``act`` at number ``at``."""

    def __init__(self, at: int, act: Callable[[str], None]) -> None:
        self.labels: list[str] = []
        self.armed = False
        self._at, self._act = at, act

    @property
    def passed(self) -> int:
        return len(self.labels)

    def next_is_it(self) -> bool:
        return self.armed and self.passed + 1 == self._at

    def __call__(self, label: str) -> None:
        if not self.armed:
            return
        self.labels.append(label)
        if self.passed == self._at:
            self._act(label)


class Vendor(Scripted):
    """A vendor that outlives our processes: its books are a file. With KEYED it honours our key. In the flow
    ``content`` it writes and speaks and then rejects the video; in ``held`` the video is never ready."""

    def __init__(self, books: Path, flow: str, safety: PaymentSafety, point: Callable[[str], None]) -> None:
        super().__init__("vendor", speech_offer(safety))
        if flow in ("content", "held"):
            self.offers = (text_offer(safety), speech_offer(safety), video_offer(safety))
        self.books, self.flow, self.safety, self.point = books, flow, safety, point

    def lines(self, what: str) -> list[str]:
        text = self.books.read_text() if self.books.exists() else ""
        return [line.split()[1] for line in text.splitlines() if line.startswith(what + " ")]

    def _note(self, what: str, key: str) -> None:
        with self.books.open("a") as books:
            books.write(f"{what} {key}\n")

    def _order(self, key: str) -> Ticket | Delivery:
        return DELIVERY if self.flow != "ticket" else Ticket({"order": key}, check_again_in=0.2)

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        key = call.idempotency_key
        self._note("start", key)
        self.point("vendor: asked to start")
        if offer.id == "talk" and self.flow == "content":
            raise OrderRejected("This face is not to be shown.")
        if self.safety is not PaymentSafety.KEYED or key not in self.lines("charge"):
            self._note("charge", key)
        self.point("vendor: charged")
        if isinstance(order, Write):
            return Delivery(text="A text that was written to a brief.")
        if offer.id == "talk":
            return Ticket({"order": key}, check_again_in=0.2)
        return self._order(key)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        self.point("vendor: asked how it goes")
        self._note("check", str(ticket.data["order"]))
        if self.flow == "held":
            return Progress(0.5, "half", check_again_in=0.2)
        return DELIVERY if len(self.lines("check")) > 1 else Progress(0.5, "half", check_again_in=0.2)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        self.point("vendor: asked to find")
        return self._order(call.idempotency_key) if call.idempotency_key in self.lines("charge") else None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        self._note("cancel", str(ticket.data["order"]))


def watch(engine: Engine, point: Points, commit_first: bool) -> None:
    if engine.dialect.name != "sqlite":  # where BEGIN is a statement
        event.listen(engine, "begin", lambda conn: point("BEGIN"))

    @event.listens_for(engine, "before_cursor_execute")
    def _statement(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        point(statement.split("\n", 1)[0][:60])

    @event.listens_for(engine, "commit")
    def _commit(conn: Any) -> None:
        if commit_first and point.next_is_it():
            conn.connection.dbapi_connection.commit()
        point("commit")


def act_of(how: str) -> Callable[[str], None]:
    def undone(label: str) -> None:
        if not label.startswith(("vendor", "commit")):
            raise OperationalError(label, {}, sqlite3.OperationalError("database is locked"))

    def lost(label: str) -> None:
        if not label.startswith("vendor"):
            gone = sqlite3.OperationalError("the connection is gone")
            raise OperationalError(label, {}, gone, connection_invalidated=True)

    def stop(label: str) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    return {
        "kill": lambda label: os.kill(os.getpid(), signal.SIGKILL),
        "term": lambda label: os.kill(os.getpid(), signal.SIGTERM),
        "stop": stop,
        "undone": undone,
        "lost": lost,
        "run": lambda label: None,
    }[how]


async def scene(order: dict[str, Any]) -> dict[str, Any]:
    """One worker's life: it advances the job until it ends, or until it is stopped."""
    folder = Path(order["folder"])
    point = Points(order["at"], act_of(order["how"]))
    vendor = Vendor(folder / "vendor", order["flow"], PaymentSafety(order["safety"]), point)
    opened = open_house(
        folder, order["redis_url"], catalog(vendor), database_url=order.get("database_url", ""),
        tables=False, lease_seconds=30.0,
    )  # fmt: skip
    async with opened as house:
        job = await house.only_job()
        watch(house.db.engine.sync_engine, point, commit_first=order["how"] == "lost")
        if order.get("expire"):
            await house.expire_lease(job)
        working = asyncio.ensure_future(work(house, point))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
        stopped = False
        try:
            await working
        except asyncio.CancelledError:
            stopped = True
        point.armed = False
        job = await house.sound(job)
        return {
            "legs": [leg.state for leg in job.legs], "settled": str(job.settled),
            "state": job.state, "failure": job.failure_message, "crashes": job.crashes, "labels": point.labels,
            "held": job.lease_token is not None, "stopped": stopped, "rows": await house.rows(),
            **{f"{what}s": vendor.lines(what) for what in ("start", "charge", "check", "cancel")},
        }  # fmt: skip


async def work(house: House, point: Points) -> None:
    job = await house.only_job()
    for _ in range(30):
        if job.state in TERMINAL or job.state in PARKED:
            return
        await house.hurry(job)
        point.armed = True
        again = await house.advance(job)
        point.armed = False
        job = await house.job(job)
        if again is None and job.lease_token is not None:
            return


def live(order: dict[str, Any], pipe: int) -> None:
    """In the forked process."""
    try:
        answer = asyncio.run(scene(order))
    except BaseException:
        answer = {"error": traceback.format_exc()}
    os.write(pipe, json.dumps(answer, default=str).encode())
    os._exit(0)


def run(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        live(order, writing)
    os.close(writing)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        other = run({**order, "at": 0, "how": "run", "expire": True})
        if "error" in other:
            return other
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading) as pipe:
            return {"signal": int(signal.SIGSTOP), "other": other, **json.loads(pipe.read() or "{}")}
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, **json.loads(said or "{}")}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
