"""WaveSpeed's webhooks: signed, tried four times, and going wrong as asked."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.emulators._wavespeed_tasks import Task

SECRET = "whsec_sandbox-wavespeed-webhook"  # noqa: S105
# Between the four tries, on the sandbox's clock.
PAUSES = (10.0, 60.0, 600.0)
_LOOK_SECONDS = 0.02
_WRONG = "whsec_somebody-else"


@dataclass(slots=True)
class Delivery:
    """One try; ``status`` is the receiver's, ``None`` where it could not be reached."""

    task: str
    status: int | None


@dataclass
class Knocker:
    """``show`` writes the body of a finished task; ``give_up`` is told of one nobody wanted to hear of."""

    clock: Clock
    show: Callable[[Task], Mapping[str, Any]]
    give_up: Callable[[Task], None]
    secret: str = SECRET
    delivered: list[Delivery] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def announce(
        self,
        task: Task,
        fault: str | None,
        options: Mapping[str, Any],
        finish: Callable[[Task], Awaitable[None]],
    ) -> None:
        """Knock once the task is over and ``finish`` has made what it delivers. Called on the server's loop."""
        if fault == "knock_missing":
            return
        made = asyncio.get_running_loop().create_task(self._follow(task, fault, options, finish))
        self._under_way.add(made)
        made.add_done_callback(self._under_way.discard)

    async def knock(self, task: Task, fault: str | None = None) -> int | None:
        """One delivery now."""
        body = json.dumps(dict(self.show(task))).encode()
        moment = int(self.clock.time()) - (301 if fault == "knock_stale" else 0)
        secret = _WRONG if fault == "knock_wrong_key" else self.secret
        headers = {**signed(secret, task.id, moment, body), "content-type": "application/json"}
        try:
            async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
                status = (await http.post(task.webhook, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            status = None
        self.delivered.append(Delivery(task.id, status))
        return status

    async def _follow(
        self,
        task: Task,
        fault: str | None,
        options: Mapping[str, Any],
        finish: Callable[[Task], Awaitable[None]],
    ) -> None:
        late = float(options.get("seconds", 60)) if fault == "knock_late" else 0.0
        await self._until(task.ended + late)
        await finish(task)
        for pause in (*PAUSES, None):
            tried = self.clock.time()
            status = await self.knock(task, fault)
            if status is not None and 200 <= status < 300:
                break
            if pause is None:
                self.give_up(task)
                return
            await self._until(tried + pause)
        if fault == "knock_repeated":
            for _ in range(int(options.get("more", 1))):
                await self.knock(task)

    async def _until(self, moment: float) -> None:
        while self.clock.time() < moment:
            await asyncio.sleep(_LOOK_SECONDS)


def signed(secret: str, event: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of one delivery. The secret is used as written, without its prefix."""
    key = secret.removeprefix("whsec_").encode()
    said = hmac.new(key, f"{event}.{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"webhook-id": event, "webhook-timestamp": str(moment), "webhook-signature": f"v3,{said}"}
