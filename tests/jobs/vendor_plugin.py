"""A provider plugin for worker processes, in one file. What it does with an order stands in the order's script,
after a ``#``, as JSON; what it did stands in ``books`` in its folder, a line each, from whichever process.

``flow``: ``direct`` or ``ticket``. ``die``: points at which it kills its own worker, ``times`` times in all.
``how`` it does that: ``kill`` unless told, ``exit`` or ``segfault``. ``die_after``: seconds after a delivery was handed over. ``block``: seconds for which it blocks the event loop.
``take``: seconds for which it takes its time. ``checks``: how often it is still at work when asked.
"""

from __future__ import annotations

import asyncio
import ctypes
import io
import json
import math
import os
import signal
import struct
import threading
import time
import wave
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Offer,
    Order,
    PaymentSafety,
    PluginConfig,
    Progress,
    Provider,
    Speak,
    Ticket,
    hookimpl,
)


@cache
def tone(seconds: float = 1.0, rate: int = 24_000) -> bytes:
    """A WAV file with a sound in it."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        swell = (9000 * math.sin(n * 0.05) * abs(math.sin(n / 4000)) for n in range(int(rate * seconds)))
        file.writeframes(b"".join(struct.pack("<h", int(sample)) for sample in swell))
    return made.getvalue()


class Vendor:
    api_version = API_VERSION

    def __init__(self, folder: Path, safety: PaymentSafety) -> None:
        self.id, self.name = f"vendor-{safety.value.lower()}", "Vendor"
        self.folder, self.safety = folder, safety
        cost = Cost(per_run=Decimal("0.01"))
        self.offers = (
            Offer(
                id="speak",
                capability=Capability.SPEECH,
                cost=cost,
                fidelity=Fidelity.STOCK,
                payment_safety=safety,
            ),
        )

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        assert isinstance(order, Speak)
        plan: dict[str, Any] = json.loads(order.script.partition("#")[2])
        key = call.idempotency_key
        self._note("start", key)
        self._point("start", plan, key)
        if "block" in plan:
            time.sleep(plan["block"])
        if "take" in plan:
            await asyncio.sleep(plan["take"])
        if self.safety is not PaymentSafety.KEYED or not self._noted("charge", key):
            self._note("charge", key)
        self._note("plan", f"{key} {json.dumps(plan)}")
        self._point("charged", plan, key)
        return self._answer(plan, key)

    def _answer(self, plan: Mapping[str, Any], key: str) -> Ticket | Delivery:
        if plan["flow"] == "direct":
            return self._deliver(plan, key)
        return Ticket({"plan": plan, "key": key}, check_again_in=0.2)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        plan, key = dict(ticket.data["plan"]), str(ticket.data["key"])  # type: ignore[call-overload]
        self._note("check", key)
        self._point("check", plan, key)
        done, whole = len(self._noted("check", key)), plan.get("checks", 1)
        return self._deliver(plan, key) if done > whole else Progress(done / whole, "at work", 0.2)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        self._note("find", call.idempotency_key)
        for line in self._noted("plan", call.idempotency_key):
            return self._answer(json.loads(line.split(" ", 2)[2]), call.idempotency_key)
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        self._note("cancel", str(ticket.data["key"]))

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        self._note("forget", vendor_voice)

    def _deliver(self, plan: Mapping[str, Any], key: str) -> Delivery:
        if "die_after" in plan and len(self._noted("die", key)) < plan.get("times", 1):
            threading.Timer(plan["die_after"], self._die, (key,)).start()
        return Delivery(media=tone(), content_type="audio/wav")

    def _point(self, name: str, plan: Mapping[str, Any], key: str) -> None:
        if name in plan.get("die", ()) and len(self._noted("die", key)) < plan.get("times", 1):
            self._die(key, plan.get("how", "kill"))

    def _die(self, key: str, how: str = "kill") -> None:
        self._note("die", key)
        match how:
            case "exit":
                os._exit(3)
            case "segfault":
                ctypes.string_at(0)
        os.kill(os.getpid(), signal.SIGKILL)

    def _note(self, what: str, key: str) -> None:
        with (self.folder / "books").open("a") as books:
            books.write(f"{what} {key}\n")

    def _noted(self, what: str, key: str) -> list[str]:
        return [line for line in read_books(self.folder) if line.startswith(f"{what} {key}")]


def read_books(folder: Path) -> list[str]:
    books = folder / "books"
    return books.read_text().splitlines() if books.exists() else []


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    safeties = config.get("SAFETIES", "KEYED").split(",")
    return [Vendor(Path(config.secret("FOLDER")), PaymentSafety(safety)) for safety in safeties]
