"""The emulated endpoint on loopback, the provider as the hook makes it, and calls as the core lends them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from persona_graph_gtts import persona_graph_register_providers
from persona_graph_gtts.provider import SPEECH, GoogleTranslateSpeech
from persona_graph_sandbox import Sandbox

from persona_graph.outbound import Outbound
from persona_graph.provider import Delivery, PluginConfig, Progress, Speak, Ticket
from persona_graph.provider.conformance import KitCall
from persona_graph.settings import Settings


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(["gtts"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def made(sandbox: Sandbox) -> GoogleTranslateSpeech:
    settings = sandbox.emulators["gtts"].settings()
    [provider] = persona_graph_register_providers(PluginConfig("gtts", settings))
    assert isinstance(provider, GoogleTranslateSpeech)
    return provider


class Desk:
    """One provider, driven as the core drives it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.guard: Outbound | None = None
        self.provider = made(sandbox)
        self.seen: list[Progress] = []

    def call(self, remaining: float = 10.0) -> KitCall:
        now = self.sandbox.bench.clock.now()
        call = KitCall(self.folder, httpx.AsyncHTTPTransport(), now=now, remaining=remaining)
        if self.guard is not None:
            call.http = self.guard.client([self.sandbox.url("gtts")])
        return call

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """Calls go through the core's own client meanwhile."""
        self.guard = Outbound(Settings())
        yield
        await self.guard.close()
        self.guard = None

    async def start(
        self, script: str, language: str = "en", remaining: float = 10.0, anew: bool = False
    ) -> Ticket | Delivery:
        """``anew``: as another attempt, with an empty folder."""
        if anew:
            self.folder = self.folder / "anew"
            self.folder.mkdir()
        return await self.provider.start(
            SPEECH, Speak(script=script, language=language), self.call(remaining)
        )

    async def check(self, ticket: Ticket) -> Progress | Delivery:
        return await self.provider.check(ticket, self.call())

    async def finish(self, found: Ticket | Progress | Delivery, ticket: Ticket | None = None) -> Delivery:
        while not isinstance(found, Delivery):
            if isinstance(found, Ticket):
                ticket = found
            else:
                self.seen.append(found)
            assert ticket is not None
            found = await self.check(ticket)
        return found

    async def speak(self, script: str, language: str = "en") -> Delivery:
        return await self.finish(await self.start(script, language))

    @property
    def asked(self) -> int:
        return self.sandbox.bench.requests.count("gtts", "batchexecute")


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path) -> Desk:
    return Desk(sandbox, tmp_path)


@pytest.fixture
def another(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Desk]:
    """Desks on other machines: another process, an empty folder."""
    return lambda: Desk(sandbox, tmp_path_factory.mktemp("machine"))
