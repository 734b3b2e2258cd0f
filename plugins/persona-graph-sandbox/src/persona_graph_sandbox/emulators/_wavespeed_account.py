"""The calls about an account: prices, balance, its tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.emulators._wavespeed_faults import LIST_NAMES
from persona_graph_sandbox.emulators._wavespeed_knocks import SECRET
from persona_graph_sandbox.emulators._wavespeed_models import MODELS
from persona_graph_sandbox.emulators._wavespeed_says import Refusal, answer, read_object
from persona_graph_sandbox.emulators._wavespeed_tasks import VENDOR, Outcome, Task, Tasks, moment
from persona_graph_sandbox.emulators._wavespeed_works import Workshop
from persona_graph_sandbox.faults import Injection

MOST_PAGE = 100
_MILLISECOND = 0.001


class Owner(Protocol):
    bench: Bench
    url: str
    tasks: Tasks
    works: Workshop

    def take(self, request: Request, *names: str) -> Injection | None: ...
    def left(self) -> Decimal: ...
    async def finish(self, task: Task) -> None: ...


class AccountDesk:
    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    async def price(self, request: Request, key: str) -> Response:
        model_id, price = await self._quoted(request)
        return answer(
            {
                "model_id": model_id,
                "price": price,
                "discounted_price": price,
                "discount_rate": 1,
                "currency": "USD",
            }
        )

    async def pricing(self, request: Request, key: str) -> Response:
        model_id, price = await self._quoted(request)
        return answer({"model_id": model_id, "unit_price": price, "currency": "USD"})

    async def balance(self, request: Request, key: str) -> Response:
        return answer({"balance": float(self._owner.left())})

    async def models(self, request: Request, key: str) -> Response:
        return answer(
            [{"model_id": path, "base_price": float(model.price({}, 0))} for path, model in MODELS.items()]
        )

    async def secret(self, request: Request, key: str) -> Response:
        return answer({"secret": SECRET})

    async def billings(self, request: Request, key: str) -> Response:
        entries = [entry for entry in self._owner.bench.ledger.entries(VENDOR) if entry.key == key]
        items = [
            {
                "prediction_id": each.reference,
                "amount": float(each.amount),
                "kind": each.kind,
                "created_at": each.when.isoformat(),
            }
            for each in entries
        ]
        return answer({"page": 1, "items": items})

    async def listed(self, request: Request, key: str) -> Response:
        asked = await read_object(request)
        page, size = asked.get("page", 1), asked.get("page_size", MOST_PAGE)
        if not isinstance(page, int) or not isinstance(size, int) or page < 1 or not 1 <= size <= MOST_PAGE:
            raise Refusal(400, f"page starts at 1, page_size is at most {MOST_PAGE}")
        taken = self._owner.take(request, *LIST_NAMES)
        fault = taken.fault if taken else None
        if fault == "odd_list":
            return answer({"page": page})
        wanted = [task for task in self._owner.tasks.of(key) if self._fits(task, asked)]
        inputs = bool(asked.get("include_inputs")) and fault != "no_inputs"
        shown = wanted[(page - 1) * size : page * size]
        for task in shown:
            await self._owner.finish(task)
        items = [self._owner.tasks.shown(task, self._owner.url, inputs=inputs) for task in shown]
        return answer({"page": page, "items": items})

    async def delete(self, request: Request, key: str) -> Response:
        ids = (await read_object(request)).get("ids")
        if not isinstance(ids, list):
            raise Refusal(400, 'field "ids" is required')
        found = [
            task
            for task in (self._owner.tasks.find(key, str(each)) for each in ids)
            if task and not task.deleted
        ]
        for task in found:
            task.deleted = True
            for made in task.outputs or ():
                self._owner.bench.files.drop(str(made))
        return answer({"deleted_count": len(found)})

    def _fits(self, task: Task, asked: Mapping[str, Any]) -> bool:
        now = self._owner.bench.clock.time()
        after, before = moment(asked.get("created_after")), moment(asked.get("created_before"))
        return (
            asked.get("model") in (None, task.model)
            and asked.get("status") in (None, task.status(now))
            and (after is None or task.created >= after)
            and (before is None or task.created < before + _MILLISECOND)
            and now >= task.hidden_until
        )

    async def _quoted(self, request: Request) -> tuple[str, float]:
        asked = await read_object(request)
        model = MODELS.get(str(asked.get("model_id")))
        if model is None:
            raise Refusal(404, "model not found")
        inputs = asked.get("inputs")
        inputs = inputs if isinstance(inputs, dict) else {}
        length: float | Outcome = 0.0
        if model.kind == "video" and {"image", "audio"} <= inputs.keys():
            length = await asyncio.to_thread(self._owner.works.length, model, inputs)
        return model.path, float(model.price(inputs, 0.0 if isinstance(length, Outcome) else length))
