"""The ferry's vendor in its script, and what the kit is told about both."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from persona_graph.provider import PaymentSafety, Provider
from persona_graph.provider.conformance import Conformance, ScriptedVendor, sound
from tests.provider import ferry
from tests.provider.ferry import Ferry

KEY = "sk-ferry-canary-77"


@cache
def speech() -> bytes:
    return sound(1.0)


class FerryVendor(ScriptedVendor):
    """Takes an order, works while it is asked twice, and hands out a sound. ``keyed``: it honours keys."""

    def __init__(self, *, keyed: bool = True) -> None:
        super().__init__()
        self.keyed = keyed
        self.orders: dict[str, dict[str, Any]] = {}
        self.on("POST", "/v1/speech", self._take)
        self.on("GET", "/v1/speech/*", self._tell)
        self.on("GET", "/v1/find", self._look)
        self.on("GET", "/v1/sound", lambda _: httpx.Response(200, content=speech(), headers={"content-type": "audio/wav"}))  # fmt: skip
        self.on("DELETE", "/v1/speech/*", {"ok": True})

    def _take(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return httpx.Response(401, json={"error": "who?"})
        body = json.loads(request.content)
        key = request.headers.get("idempotency-key") if self.keyed else None
        ident = f"o{len(self.orders) + 1}"
        if key and not self.charge(key):
            ident = next(i for i, order in self.orders.items() if order["key"] == key)
        elif not key:
            self.charge()
        self.orders.setdefault(ident, {"key": key, "ref": body["ref"], "asked": 0})
        return httpx.Response(200, json={"id": ident})

    def _tell(self, request: httpx.Request) -> dict[str, Any]:
        order = self.orders[request.url.path.rpartition("/")[2]]
        order["asked"] += 1
        done = order["asked"] > 2
        return {"state": "done" if done else "working", "share": min(1.0, order["asked"] / 3)}

    def _look(self, request: httpx.Request) -> dict[str, Any]:
        found = [i for i, order in self.orders.items() if order["ref"] == request.url.params["ref"]]
        return {"ids": found}


class FerrySuite(Conformance):
    """``made`` says what is wrong with the provider."""

    secrets = (KEY,)

    def __init__(self, made: type[Ferry] = Ferry, safety: PaymentSafety = PaymentSafety.KEYED, *, keyed: bool = True) -> None:  # fmt: skip
        self.made, self.safety, self.keyed = made, safety, keyed

    def provider(self) -> Provider:
        return self.made(KEY, self.safety)

    def vendor(self) -> ScriptedVendor:
        return FerryVendor(keyed=self.keyed)

    def package(self) -> Path:
        return Path(ferry.__file__)
