"""WaveSpeed v3: uploads by ticket, tasks on a clock, webhooks, an account with levels and a ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from persona_graph_sandbox import media
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.emulators import _wavespeed_faults as faults
from persona_graph_sandbox.emulators._wavespeed_account import AccountDesk
from persona_graph_sandbox.emulators._wavespeed_knocks import SECRET, Knocker
from persona_graph_sandbox.emulators._wavespeed_models import MODELS, Model
from persona_graph_sandbox.emulators._wavespeed_says import Refusal, answer, read_object, refusal
from persona_graph_sandbox.emulators._wavespeed_tasks import KEPT_SECONDS, VENDOR, Outcome, Task, Tasks
from persona_graph_sandbox.emulators._wavespeed_uploads import UploadDesk
from persona_graph_sandbox.emulators._wavespeed_works import Workshop
from persona_graph_sandbox.limits import RateLimit

BALANCE = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Level:
    per_minute: int
    at_a_time: int


LEVELS = {
    "bronze": Level(5, 3),
    "silver": Level(60, 100),
    "gold": Level(600, 2000),
    "ultra": Level(5000, 5000),
}


class WaveSpeed(Emulator):
    """Set on it: ``accepted_key``; ``level``; ``balance``, what the account has before anything is billed; ``waiting_seconds`` and
    ``rendering``, how long a task waits and runs (the latter per second of media)."""

    name = VENDOR
    faults = faults.ALL

    def reset(self) -> None:
        bench = self.bench
        self.accepted_key = super().key
        self.level = "gold"
        self.balance = BALANCE
        self.waiting_seconds = 0.2
        self.rendering = 0.1
        self.tasks = Tasks(bench.clock, bench.ledger)
        self.works = Workshop(bench.clock, bench.files)
        self.knocker = Knocker(bench.clock, lambda task: self.tasks.shown(task, self.url), self._unheard)
        self._limits = {name: RateLimit(bench.clock, level.per_minute) for name, level in LEVELS.items()}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def key(self) -> str:
        return self.accepted_key

    @property
    def key_not_activated(self) -> str:
        """A key made before the account's first top-up."""
        return "sandbox-wavespeed-key-not-topped-up"

    def settings(self) -> dict[str, str]:
        return {**super().settings(), "WEBHOOK_SECRET": SECRET, "LEVEL": self.level}

    def routes(self) -> Sequence[BaseRoute]:
        uploads, account = UploadDesk(self), AccountDesk(self)
        posts: list[tuple[str, Callable[[Request, str], Awaitable[Response]]]] = [
            ("media/uploads", uploads.ticket),
            ("media/upload/binary", uploads.binary),
            ("model/price", account.price),
            ("model/pricing", account.pricing),
            ("billings/search", account.billings),
            ("predictions", account.listed),
            ("predictions/delete", account.delete),
            ("{model:path}", self._submit),
        ]
        gets: list[tuple[str, Callable[[Request, str], Awaitable[Response]]]] = [
            ("predictions/{id}/result", self._result),
            ("predictions/{id}", self._result),
            ("balance", account.balance),
            ("models", account.models),
            ("webhook/secret", account.secret),
        ]
        return [
            *(Route(f"/api/v3/{path}", self._let_in(ask), methods=["POST"]) for path, ask in posts),
            *(Route(f"/api/v3/{path}", self._let_in(ask)) for path, ask in gets),
            Route("/{path:path}", _nothing, methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    def left(self) -> Decimal:
        return self.balance - self.bench.ledger.total(VENDOR)

    async def settle(self) -> None:
        """What the clock brought about since the last call: voices, refunds."""
        for task in self.tasks.settle():
            self.works.keep_voice(task)

    def _let_in(
        self, ask: Callable[[Request, str], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            await self.settle()
            given = request.headers.get("authorization", "")
            if given == f"Bearer {self.key_not_activated}":
                return refusal(401, "API key is not activated: top up the account first")
            if given != f"Bearer {self.key}":
                return refusal(401, "invalid API key")
            if (taken := self.take(request, *faults.ANYWHERE_NAMES)) is not None:
                return faults.refused(taken)
            try:
                return await ask(request, self.key)
            except Refusal as refused:
                return refusal(refused.status, refused.message)

        return endpoint

    # Submitting.

    async def _submit(self, request: Request, key: str) -> Response:
        model = MODELS.get(request.path_params["model"])
        if model is None:
            raise Refusal(404, "model not found")
        body = await read_object(request)
        if (wrong := model.fault(body)) is not None:
            raise Refusal(400, wrong)
        taken = self.take(request, *faults.SUBMIT_NAMES)
        if taken is not None and taken.fault in ("no_credit", "rate_limited"):
            return faults.refused(taken)
        if wait := self._limits[self.level].admit(key):
            return refusal(429, "rate limit exceeded", {"Retry-After": str(int(wait) + 1)})
        task = await self._place(request, key, model, body)
        if taken is not None and taken.fault == "unlisted":
            task.hidden_until = task.created + float(taken.options.get("seconds", 5))
        await self._announce(request, task)
        if taken is not None and taken.fault == "accepted_504":
            return Response("<html><h1>504 Gateway Time-out</h1></html>", 504, media_type="text/html")
        return answer(self._receipt(task, body, taken.fault if taken else None))

    async def _place(self, request: Request, key: str, model: Model, body: Mapping[str, Any]) -> Task:
        length = await asyncio.to_thread(self.works.length, model, body)
        outcome, seconds = (length, 0.0) if isinstance(length, Outcome) else (Outcome(), length)
        fault = self.take(request, *faults.TASK_NAMES)
        if model.most_seconds is not None and seconds > model.most_seconds:
            if fault is None or fault.fault != "late_validation":
                raise Refusal(400, f'field "audio" must be at most {model.most_seconds:g} seconds')
            outcome = Outcome("failed", 1401, "the audio is too long")
        price = model.price(body, seconds)
        if price > self.left():
            raise Refusal(402, "Insufficient credits. Please top up.")
        if outcome.status == "completed":
            outcome = faults.outcome(fault) or self.works.judge(key, model, body, seconds)
        held = float(fault.options.get("seconds", 6 * 3600)) if fault and fault.fault == "stuck" else 0.0
        created, started, ended = self.tasks.window(
            key, LEVELS[self.level].at_a_time, self.rendering * seconds, held + self.waiting_seconds
        )
        task = Task(
            key=key, model=model.path, inputs=body, price=price, seconds=seconds, outcome=outcome, created=created,
            started=started, ended=ended, fault=fault, webhook=request.query_params.get("webhook", ""),
        )  # fmt: skip
        self.tasks.add(task)
        return task

    async def _announce(self, request: Request, task: Task) -> None:
        if not task.webhook:
            return
        if not task.webhook.startswith(("https://", "http://127.0.0.1:")):
            raise Refusal(400, "webhook must be a public HTTPS address")
        taken = self.take(request, *faults.KNOCK_NAMES)
        fault = taken.fault if taken else None
        if fault == "knock_early":
            task.started = task.ended = task.created
            await self.finish(task)
            await self.knocker.knock(task)
            return
        self.knocker.announce(task, fault, taken.options if taken else {}, self.finish)

    def _receipt(self, task: Task, body: Mapping[str, Any], fault: str | None) -> dict[str, Any]:
        shown = self.tasks.shown(task, self.url) | {"status": "created", "outputs": [], "error": ""}
        shown.pop("code", None)
        if body.get("enable_sync_mode"):
            shown |= {"status": "processing", "code": 5004, "error": "Sync mode timed out."}
        if fault == "no_receipt":
            del shown["id"]
        return shown

    # Asking.

    async def _result(self, request: Request, key: str) -> Response:
        task = self.tasks.find(key, request.path_params["id"])
        if task is None:
            raise Refusal(404, "prediction not found")
        await self.finish(task)
        shown = self.tasks.shown(task, self.url)
        taken = self.take(request, *faults.RESULT_NAMES)
        return answer(faults.disfigured(shown, taken) if taken else shown)

    async def finish(self, task: Task) -> None:
        """Make what the task is to deliver, if its time has come."""
        if not task.is_over(self.bench.clock.time()) or task.outcome.status != "completed":
            return
        async with self._locks.setdefault(task.id, asyncio.Lock()):
            if task.outputs is None:
                try:
                    task.outputs = await self._made(task)
                except media.Unreadable as fault:
                    task.outcome, task.settled = Outcome("failed", 1401, str(fault)), False
                    await self.settle()

    async def _made(self, task: Task) -> list[object]:
        made = await asyncio.to_thread(self.works.make, MODELS[task.model], task.inputs)
        if made is None:
            return []
        content, content_type, ending = made
        left = task.created + KEPT_SECONDS - self.bench.clock.time()
        url = self.bench.files.put(content, content_type, left, ending)
        return faults.outputs(task.fault, url)

    def _unheard(self, task: Task) -> None:
        """Nobody wanted to hear of it: the service gives the money back."""
        self.tasks.refund(task)


async def _nothing(request: Request) -> Response:
    return JSONResponse({"code": 404, "message": "not found", "data": None}, 404)


EMULATOR = WaveSpeed
