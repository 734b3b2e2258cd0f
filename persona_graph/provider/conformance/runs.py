"""Drives a provider as the core does, and writes down everything that is to be seen of it."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import sys
import tempfile
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from persona_graph.provider.conformance.base import Conformance
from persona_graph.provider.conformance.call import KitCall, Logbook
from persona_graph.provider.conformance.faults import LENT, SILENCE, Fault, Heard, Line
from persona_graph.provider.conformance.playing import Played, Unplayable, play
from persona_graph.provider.deliveries import Delivery, Progress, Ticket
from persona_graph.provider.errors import ProviderError
from persona_graph.provider.hookspec import Provider
from persona_graph.provider.offers import Capability, Offer
from persona_graph.provider.orders import Order

MOST_CHECKS = 3000
MOST_SECONDS = 240.0
TICKET_BYTES = 16_384


@dataclass
class Run:
    """One attempt at an order: what came back, and what was done on the way."""

    offer: Offer
    order: Order | None = None
    ticket: Ticket | None = None
    delivery: Delivery | None = None
    error: BaseException | None = None
    progress: list[Progress] = field(default_factory=list)
    checks: int = 0
    started_with: int = 0
    """Requests that ``start`` made."""
    heard: list[Heard] = field(default_factory=list)
    paid: int | None = None
    played: Played | None = None
    unplayable: str = ""
    faults: list[str] = field(default_factory=list)
    """Breaches of the contract seen on the way."""
    left: list[str] = field(default_factory=list)
    """Threads, files and tasks that were there afterwards and not before."""
    changed: list[str] = field(default_factory=list)
    """Arguments that were not as they had been."""

    @property
    def answered(self) -> bool:
        return self.ticket is not None or self.delivery is not None

    @property
    def paying(self) -> int | None:
        """The number of the request with which the vendor took a paid order."""
        return next((n for n, heard in enumerate(self.heard) if heard.paying), None)


@dataclass
class Memory:
    """What all checks of one provider share: finished runs, and every word that was said."""

    runs: dict[str, Run] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@dataclass
class Stage:
    """Where a provider is driven: one vendor, one line to it, one folder."""

    suite: Conformance
    memory: Memory
    line: Line
    call: KitCall

    def provider(self) -> Provider:
        return self.suite.provider()

    def paid(self) -> int | None:
        return self.suite.paid(self.line.vendor, self.call)

    async def wait(self, seconds: float) -> None:
        await self.suite.wait(self.line.vendor, seconds)

    def another(self, key: str) -> KitCall:
        """A call of another attempt, in a folder of its own."""
        folder = self.call.folder.parent / key
        folder.mkdir(exist_ok=True)
        call = KitCall(folder, self.line, idempotency_key=key, client_ref=f"ref-{key}")
        call.files = self.call.files
        return call

    async def start(self, offer: Offer, call: KitCall | None = None, order: Order | None = None) -> Run:
        """``start`` by a fresh instance; whatever it does is in the run."""
        call = call or self.call
        order = order or self.suite.order(offer, call)
        run = Run(offer, order)
        before = copy.deepcopy((offer, order))
        answer = await self.asked(run, "start", lambda: self.provider().start(offer, order, call))
        if (offer, order) != before:
            run.changed.append("start changed its offer or order")
        self._take(run, answer, "start", Ticket, Delivery)
        run.started_with = len(self.line.heard)
        return self.closed(run)

    async def find(self, offer: Offer, order: Order, call: KitCall) -> Run:
        run = Run(offer, order)
        answer = await self.asked(run, "find", lambda: self.provider().find(offer, order, call))
        if answer is not None:
            self._take(run, answer, "find", Ticket, Delivery)
        return self.closed(run)

    async def check(self, run: Run) -> Progress | None:
        """``check`` by a fresh instance, with the ticket as it comes out of a database."""
        assert run.ticket is not None
        ticket = Ticket(json.loads(json.dumps(dict(run.ticket.data))))
        before = json.dumps(dict(ticket.data))
        run.checks += 1
        run.error = None
        answer = await self.asked(run, "check", lambda: self.provider().check(ticket, self.call))
        if json.dumps(dict(ticket.data)) != before:
            run.changed.append("check changed its ticket")
        if isinstance(answer, Progress):
            run.progress.append(answer)
            self.memory.said.append(repr(answer))
            return answer
        self._take(run, answer, "check", Delivery)
        return None

    async def follow(self, run: Run, errors: list[BaseException] | None = None) -> Run:
        """Ask until it is delivered. An error ends it, unless there is a list to put errors into."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._follow(run, errors)
        except TimeoutError:
            run.faults.append(f"nothing was delivered within {MOST_SECONDS:g} seconds")
        return self.closed(run)

    async def _follow(self, run: Run, errors: list[BaseException] | None) -> None:
        while run.ticket and not run.delivery and run.checks < MOST_CHECKS:
            progress = await self.check(run)
            if run.error is not None:
                if errors is None:
                    return
                errors.append(run.error)
            if not run.delivery:
                asked = progress.check_again_in if progress else run.ticket.check_again_in
                seconds = max(0.0, min(float(asked), 3600.0))
                await self.wait(seconds)
                self.call = self.call.later(seconds)

    def closed(self, run: Run) -> Run:
        run.heard, run.paid = list(self.line.heard), self.paid()
        return run

    async def asked(self, run: Run, what: str, asking: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await asking()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            run.error = error
            kind = "".join(traceback.format_exception(error))
            self.memory.said += [str(error), repr(error), kind]
            if not isinstance(error, ProviderError):
                run.faults.append(f"{what} raised {type(error).__name__}, which is no ProviderError")
            return None

    def _take(self, run: Run, answer: Any, what: str, *kinds: type) -> None:
        if run.error is not None:
            return
        if not isinstance(answer, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            run.faults.append(f"{what} answered with {type(answer).__name__}, not {wanted}")
        elif isinstance(answer, Ticket):
            self._take_ticket(run, answer)
        elif isinstance(answer, Delivery):
            run.delivery = answer
            self.memory.said.append(_without_media(answer))

    def _take_ticket(self, run: Run, ticket: Ticket) -> None:
        try:
            text = json.dumps(dict(ticket.data), allow_nan=False)
        except (TypeError, ValueError) as error:
            run.faults.append(f"the ticket is not JSON: {error}")
            return
        if len(text.encode()) > TICKET_BYTES:
            run.faults.append(f"the ticket has {len(text.encode()):,} bytes; {TICKET_BYTES:,} are the most")
        run.ticket = ticket
        self.memory.said.append(text)

    async def fetch(self, run: Run) -> None:
        """Look at what was delivered, a remote file as the core fetches it."""
        delivery, capability = run.delivery, run.offer.capability
        if delivery is None or capability not in (Capability.SPEECH, Capability.TALKING_VIDEO):
            return
        media = delivery.media
        try:
            if media is None and delivery.remote_url:
                fetched = await self.call.http.get(delivery.remote_url)
                media = fetched.content if fetched.status_code == 200 else b""
            if not isinstance(media, bytes | Path):
                raise Unplayable("there is neither media nor a remote_url that can be fetched")
            run.played = play(media, video=capability is Capability.TALKING_VIDEO)
        except Unplayable as error:
            run.unplayable = str(error)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _without_media(delivery: Delivery) -> str:
    names = ("remote_url", "vendor_voice", "text", "facts", "timings", "honoured_options")
    return " ".join(repr(getattr(delivery, name)) for name in names)


@contextmanager
def staged(
    suite: Conformance, memory: Memory, fault: Fault | None = None, at: int = -1, remaining: float = 30.0
) -> Iterator[Stage]:
    """A vendor without a past. Everything logged meanwhile is remembered."""
    logbook, root = Logbook(), logging.getLogger()
    level = root.level
    root.addHandler(logbook)
    root.setLevel(logging.DEBUG)
    try:
        with tempfile.TemporaryDirectory(prefix="kit-") as folder:
            private = Path(folder) / "attempt-1"
            private.mkdir()
            line = Line(suite.vendor(), fault, at, tuple(suite.secrets or ()))
            yield Stage(suite, memory, line, KitCall(private, line, remaining=remaining))
    finally:
        root.setLevel(level)
        root.removeHandler(logbook)
        memory.said += logbook.lines


async def whole_run(suite: Conformance, memory: Memory, offer: Offer) -> Run:
    """An order from start to delivery, by a new instance at every step. Done once, seen by many checks."""
    if offer.id in memory.runs:
        return memory.runs[offer.id]
    before = _possessions()
    with staged(suite, memory) as stage, _watched(memory):
        run = await stage.follow(await stage.start(offer))
        if run.delivery:
            if isinstance(run.delivery.media, Path) and not _within(run.delivery.media, stage.call.folder):
                run.faults.append("it delivered a file outside call.folder")
            await stage.fetch(run)
            if run.ticket:
                await _check_again(stage, run)
        stage.closed(run)
    run.left = await _left_behind(before)
    memory.runs[offer.id] = run
    return run


async def _check_again(stage: Stage, run: Run) -> None:
    again = Run(run.offer, run.order, run.ticket)
    await stage.check(again)
    if again.delivery is None:
        run.faults.append("a second check after the delivery does not deliver again")
    run.changed += again.changed


def _within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve()) and path.is_file()


# --- What is left behind --------------------------------------------------------------------------


def _possessions() -> tuple[set[int | None], set[str], set[Any]]:
    gc.collect()
    return {thread.ident for thread in threading.enumerate()}, _open_files(), asyncio.all_tasks()


def _open_files() -> set[str]:
    """Descriptors with what they lead to; empty where the system does not list them."""
    folder = Path("/proc/self/fd")
    found: set[str] = set()
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except OSError:
            continue
    return found


async def _left_behind(before: tuple[set[int | None], set[str], set[Any]]) -> list[str]:
    # Threads of to_thread belong to the loop, which ends them; what was closed needs a turn to be gone.
    for _ in range(20):
        gc.collect()
        threads = [t.name for t in threading.enumerate() if t.ident not in before[0] and not t.name.startswith("asyncio_")]  # fmt: skip
        files = sorted(entry.partition(" ")[2] for entry in _open_files() - before[1])
        files = [name for name in files if "anon_inode" not in name]
        tasks = [repr(task.get_coro()) for task in asyncio.all_tasks() - before[2]]
        if not (threads or files or tasks):
            break
        await asyncio.sleep(0.05)
    return [
        *(f"the thread {name}" for name in threads),
        *(f"the open file {name}" for name in files),
        *(f"the task {name}" for name in tasks),
    ]


# --- What goes past the lent client ---------------------------------------------------------------

_WATCHING: dict[int, list[str]] = {}
_WATCHED = frozenset({"socket.connect", "socket.getaddrinfo"})


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WATCHED and not LENT.get() and (seen := _WATCHING.get(threading.get_ident())) is not None:
        seen.append(f"{event} {arguments[1:] if event == 'socket.connect' else arguments[:1]}")


@contextmanager
def _watched(memory: Memory) -> Iterator[None]:
    """Connections of this thread. An audit hook cannot be taken out again, only told to rest."""
    if not getattr(sys, "_persona_graph_kit_audits", False):
        sys.addaudithook(_audit)
        sys._persona_graph_kit_audits = True  # type: ignore[attr-defined]
    seen = _WATCHING[threading.get_ident()] = []
    try:
        yield
    finally:
        del _WATCHING[threading.get_ident()]
        memory.outside += seen


async def told_to_stop(
    suite: Conformance, memory: Memory, offer: Offer, at: int, seconds: float
) -> list[str]:
    """The vendor falls silent at request ``at``, and the core's patience ends."""
    with staged(suite, memory, SILENCE, at, remaining=seconds) as stage:
        order = suite.order(offer, stage.call)
        task = asyncio.ensure_future(stage.provider().start(offer, order, stage.call))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            task.exception()
            return []
        before = len(stage.line.heard)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5.0)
        if not done:
            return ["it goes on after it was cancelled; let CancelledError through"]
        if not task.cancelled() and (error := task.exception()):
            memory.said.append(repr(error))
        asked = [f"{heard.method} {heard.url}" for heard in stage.line.heard[before:]]
        return [f"it still asks the vendor after its time is up: {asked[0]}"] if asked else []
