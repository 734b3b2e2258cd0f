"""WaveSpeed on loopback, its plugin as the hook makes it, and calls as the core lends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from persona_graph_sandbox import Sandbox, media
from persona_graph_wavespeed import persona_graph_register_providers

from persona_graph.provider import (
    Animate,
    Delivery,
    Offer,
    PluginConfig,
    Progress,
    Provider,
    Speak,
    Ticket,
    TrainVoice,
)
from persona_graph.provider.conformance import KitCall, picture

HUNYUAN, TALK, VOICES = "wavespeed-hunyuan", "wavespeed-infinitetalk", "wavespeed-minimax"
MOST_CHECKS = 400


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(["wavespeed"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@cache
def hum(seconds: float) -> bytes:
    """A quiet WAV of that length, small even when it is long."""
    return media.silence(seconds, rate=8000)


class Desk:
    """The three providers, driven as the core drives them: one attempt, each step by a new instance, tickets by
    way of JSON, the vendor's clock put forward by what each step asks for."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.emulator: Any = sandbox.emulators["wavespeed"]
        self.key = "attempt-1"
        self.webhook: str | None = None
        self.files: dict[str, bytes] = {}
        self.seen: list[Progress] = []
        self.settings: dict[str, str] = {}
        self._http: list[httpx.AsyncClient] = []

    def provider(self, name: str = TALK) -> Provider:
        settings = {**self.emulator.settings(), **self.settings}
        found = persona_graph_register_providers(PluginConfig("wavespeed", settings))
        return next(each for each in found if each.id == name)

    def offer(self, name: str, number: int = 0) -> Offer:
        return self.provider(name).offers[number]

    def call(self, **more: Any) -> KitCall:
        now = self.sandbox.bench.clock.now()
        call = KitCall(
            self.folder,
            httpx.AsyncHTTPTransport(),
            idempotency_key=self.key,
            now=now,
            webhook_url=self.webhook,
            **more,
        )
        call.files = self.files
        self._http.append(call.http)
        return call

    def animation(self, seconds: float = 2.0, resolution: str = "480p", prompt: str = "") -> Animate:
        call = self.call()
        return Animate(
            portrait=call.lend("portrait.png", picture(64, 64), "image/png"),
            speech=call.lend(f"speech-{seconds}.wav", hum(seconds), "audio/wav", seconds),
            resolution=resolution,
            prompt=prompt,
        )

    def samples(self, *seconds: float) -> TrainVoice:
        call = self.call()
        lent = [call.lend(f"{n}.wav", hum(each), "audio/wav", each) for n, each in enumerate(seconds)]
        return TrainVoice(samples=tuple(lent))

    async def start(self, order: Any, name: str = TALK) -> Ticket:
        found = await self.provider(name).start(self._fitting(name, order), order, self.call())
        assert isinstance(found, Ticket)
        return found

    async def find(self, order: Any, name: str = TALK) -> Ticket | None:
        found = await self.provider(name).find(self._fitting(name, order), order, self.call())
        assert not isinstance(found, Delivery)
        return found

    async def check(self, ticket: Ticket, name: str = TALK) -> Progress | Delivery:
        stored = Ticket(json.loads(json.dumps(dict(ticket.data))))
        return await self.provider(name).check(stored, self.call())

    async def finish(self, ticket: Ticket, name: str = TALK) -> Delivery:
        wait = ticket.check_again_in
        for _ in range(MOST_CHECKS):
            self.pass_time(wait)
            found = await self.check(ticket, name)
            if isinstance(found, Delivery):
                return found
            self.seen.append(found)
            wait = found.check_again_in
        raise AssertionError("it is never delivered")

    async def make(self, order: Any, name: str = TALK) -> Delivery:
        return await self.finish(await self.start(order, name), name)

    def pass_time(self, seconds: float) -> None:
        self.sandbox.bench.clock.advance(seconds)

    def inject(self, fault: str, times: int = 1, **more: Any) -> None:
        self.sandbox.bench.faults.inject("wavespeed", fault, times, **more)

    def inject_in_files(self, fault: str, times: int = 1, **more: Any) -> None:
        self.sandbox.bench.faults.inject("files", fault, times, **more)

    def asked(self, path: str = "", method: str = "") -> list[Any]:
        return self.sandbox.bench.requests.all("wavespeed", path, method)

    def submits(self) -> int:
        return sum(
            "wavespeed-ai/" in each.path or "minimax/" in each.path for each in self.asked(method="POST")
        )

    def billed(self) -> Decimal:
        return self.sandbox.bench.ledger.total("wavespeed")

    def charges(self) -> int:
        return len([each for each in self.sandbox.bench.ledger.entries("wavespeed") if each.amount > 0])

    def elsewhere(self, folder: Path) -> None:
        """From here on another machine has the job."""
        folder.mkdir(exist_ok=True)
        self.folder = folder

    def _fitting(self, name: str, order: Any) -> Offer:
        return self.offer(name, 1 if isinstance(order, Speak) else 0)

    async def close(self) -> None:
        for http in self._http:
            await http.aclose()


@pytest.fixture
async def desk(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(sandbox, tmp_path)
    yield made
    await made.close()
