"""WaveSpeed's tasks: when they wait, run and end, on the sandbox's clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.faults import Injection
from persona_graph_sandbox.ledger import Ledger

VENDOR = "wavespeed"
KEPT_SECONDS = 7 * 86_400.0
ENDED_BADLY = ("failed", "cancelled", "timeout")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task will end, known when it is placed: the sandbox does not change its mind."""

    status: str = "completed"
    code: int = 0
    error: str = ""


@dataclass(slots=True, kw_only=True)
class Task:
    key: str
    model: str
    inputs: Mapping[str, Any]
    price: Decimal
    seconds: float
    outcome: Outcome
    created: float
    started: float
    ended: float
    fault: Injection | None = None
    webhook: str = ""
    outputs: list[object] | None = None
    deleted: bool = False
    settled: bool = False
    hidden_until: float = 0.0
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    def option(self, fault: str, name: str, otherwise: Any) -> Any:
        """An option of the injected fault, if that is ``fault``; else ``None``."""
        if self.fault is None or self.fault.fault != fault:
            return None
        return self.fault.options.get(name, otherwise)

    def status(self, now: float) -> str:
        if self.deleted:
            return "deleted"
        if now < self.started:
            return "created"
        if now < self.ended:
            return str(self.option("odd_status", "status", "warming_up") or "processing")
        return self.outcome.status

    def is_over(self, now: float) -> bool:
        return self.deleted or now >= self.ended


class Tasks:
    """All of them, the oldest first."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self._clock = clock
        self._ledger = ledger
        self._kept: dict[str, Task] = {}

    def window(
        self, key: str, at_a_time: int, seconds: float, held: float = 0.0
    ) -> tuple[float, float, float]:
        """When a task placed now is created, starts and ends: over the limit it waits for those before it."""
        now = self._clock.time()
        ends = sorted(
            (task.ended for task in self._kept.values() if task.key == key and task.ended > now), reverse=True
        )
        free = ends[at_a_time - 1] if len(ends) >= at_a_time else now
        start = max(now, free) + held
        return now, start, start + seconds

    def add(self, task: Task) -> None:
        self._kept[task.id] = task
        self._ledger.book(VENDOR, task.key, task.model, task.price, task.id)

    def find(self, key: str, task_id: str) -> Task | None:
        task = self._kept.get(task_id)
        return task if task and task.key == key and self._is_kept(task) else None

    def of(self, key: str) -> list[Task]:
        """The newest first."""
        return [t for t in reversed(self._kept.values()) if t.key == key and self._is_kept(t)]

    def settle(self) -> list[Task]:
        """Give back what was paid for tasks that failed; returns those that were completed since the last time."""
        now = self._clock.time()
        over = [task for task in self._kept.values() if task.is_over(now) and not task.settled]
        for task in over:
            task.settled = True
            if task.outcome.status in ENDED_BADLY:
                self._ledger.refund(VENDOR, task.id)
        return [task for task in over if task.outcome.status == "completed" and not task.deleted]

    def refund(self, task: Task) -> None:
        self._ledger.refund(VENDOR, task.id)

    def shown(self, task: Task, base: str, *, inputs: bool = False) -> dict[str, Any]:
        """The prediction as the service writes it."""
        now = self._clock.time()
        status = task.status(now)
        over = task.is_over(now)
        shown: dict[str, Any] = {
            "id": task.id,
            "model": task.model,
            "status": status,
            "outputs": list(task.outputs or []) if status == "completed" else [],
            "urls": {"get": f"{base}/api/v3/predictions/{task.id}/result"},
            "has_nsfw_contents": [False] if status == "completed" else [],
            "created_at": stamp(task.created),
            "error": task.outcome.error if over else "",
            "timings": {"inference": round((task.ended - task.started) * 1000) if over else 0},
        }
        if over:
            shown["executionTime"] = shown["timings"]["inference"]
        if over and task.outcome.code:
            shown["code"] = task.outcome.code
        if task.fault is not None and task.fault.fault == "code_5004" and not over:
            shown |= {"code": 5004, "error": "Sync mode timed out."}
        if inputs:
            shown["inputs"] = dict(task.inputs)
        return shown

    def _is_kept(self, task: Task) -> bool:
        return self._clock.time() < task.created + KEPT_SECONDS


def stamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def moment(written: object) -> float | None:
    try:
        return datetime.fromisoformat(str(written).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
