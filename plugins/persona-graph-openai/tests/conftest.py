"""The emulated server on loopback, and the providers as the hook makes them for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from persona_graph_openai import persona_graph_register_providers
from persona_graph_sandbox import Sandbox

from persona_graph.outbound import Outbound
from persona_graph.provider import Delivery, PluginConfig, Provider, Speak, SpeechStyle, Write
from persona_graph.provider.conformance import KitCall
from persona_graph.settings import Settings


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(["openai"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


class Desk:
    """Both providers, with the sandbox's settings and whatever a test changes of them."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.guard: Outbound | None = None

    def provider(self, which: str, **changed: str) -> Provider:
        settings = {**self.sandbox.emulators["openai"].settings(), **changed}
        found = {p.id: p for p in persona_graph_register_providers(PluginConfig("openai", settings))}
        return found[f"openai-{which}"]

    def call(self, remaining: float = 10.0) -> KitCall:
        now = self.sandbox.bench.clock.now()
        call = KitCall(self.folder, httpx.AsyncHTTPTransport(), now=now, remaining=remaining)
        if self.guard is not None:
            call.http = self.guard.client([self.sandbox.url("openai")])
        return call

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """Calls go through the core's own client meanwhile."""
        self.guard = Outbound(Settings())
        yield
        await self.guard.close()
        self.guard = None

    async def write(
        self, brief: str = "A ferry on a calm morning.", remaining: float = 10.0, **order: object
    ) -> Delivery:
        provider = self.provider("text")
        made = Write(brief=brief, **order)  # type: ignore[arg-type]
        delivery = await provider.start(provider.offers[0], made, self.call(remaining))
        assert isinstance(delivery, Delivery)
        return delivery

    async def speak(
        self,
        script: str = "Hello there.",
        remaining: float = 10.0,
        style: SpeechStyle | None = None,
        **changed: str,
    ) -> Delivery:
        provider = self.provider("speech", **changed)
        order = Speak(script=script, style=style or SpeechStyle())
        delivery = await provider.start(provider.offers[0], order, self.call(remaining))
        assert isinstance(delivery, Delivery)
        return delivery

    @property
    def asked(self) -> int:
        return self.sandbox.bench.requests.count("openai")


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Desk:
    return Desk(sandbox, tmp_path)
