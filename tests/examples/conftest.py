"""A real stack with the scripted provider, a typed client to it, and an address where webhooks are heard."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from persona_graph.demo import join_recordings
from persona_graph.embedded import Embedded
from tests.client import ROOT
from tests.journeys.conftest import plugins

sys.path[:0] = [str(ROOT / "clients/python/src")]

from persona_graph_client import PersonaGraph  # noqa: E402

__all__ = ["plugins"]
PORTRAIT = ROOT / "tests/samples/photos/astronaut.png"


@dataclass(frozen=True)
class Place:
    """Where examples are run: the stack, what its provider is told, files to begin with, a free port."""

    url: str
    token: str
    script: Path
    recording: Path
    portrait: Path
    hook_port: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("examples")
    script, port = folder / "script", free_port()
    script.mkdir()
    recording, _ = join_recordings(folder / "recording.flac")
    environment = {"PYTHONPATH": str(plugins), "PERSONA_GRAPH_PLUGIN_SCRIPTED_FOLDER": str(script)}
    settings = {"outbound_allow": [f"http://127.0.0.1:{port}"]}
    async with Embedded(folder / "stack", port=0, environment=environment, settings=settings) as stack:
        yield Place(stack.url, stack.token, script, recording, PORTRAIT, port)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def graph(place: Place) -> AsyncIterator[PersonaGraph]:
    async with PersonaGraph(place.url, place.token) as graph:
        yield graph
