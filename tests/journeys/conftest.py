"""One embedded stack for all journeys: own Redis, SQLite, API and a worker, as children of this process."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from persona_graph.accounts.console import ALL_SCOPES, make_token
from persona_graph.accounts.viewer import Scope
from persona_graph.catalog.tiers import load_tiers
from persona_graph.db import Database
from persona_graph.demo import join_recordings
from persona_graph.embedded import Embedded
from persona_graph.graphql.ids import split_id
from tests.client import ROOT, Client

SPEAKER = sorted((ROOT / "tests/samples/1998").glob("*.flac"))
PORTRAIT = ROOT / "tests/samples/photos/astronaut.png"
BROKEN = "raise ImportError('this plugin was never finished')\n"


@dataclass
class Stage:
    """The running stack, what the scripted provider is told, and ways to look behind the API."""

    stack: Embedded
    script: Path
    client: Client
    recording: Path

    def tell(self, name: str, what: str = "") -> None:
        (self.script / name).write_text(what)

    def untell(self, name: str) -> None:
        (self.script / name).unlink(missing_ok=True)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        path = self.stack.data_dir / "persona-graph.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def objects(self) -> set[str]:
        folder = self.stack.data_dir / "objects"
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def lies(self, asset_id: str) -> tuple[str, bool, bool]:
        """An asset's state, whether its key is there, and whether its bytes are."""
        [(state, key, place)] = self.rows(
            "SELECT state, wrapped_key, object_key FROM asset WHERE id = ?", row_of(asset_id)
        )
        return state, key is not None, place is not None and any(place in path for path in self.objects())

    def history(self, call: str) -> list[dict[str, Any]]:
        """What the scripted provider was asked, by one kind of call."""
        path = self.script / "history.jsonl"
        told = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [entry for entry in told if entry["call"] == call]

    async def someone(self, name: str, tier: str = "pro", scopes: tuple[Scope, ...] = ALL_SCOPES) -> Client:
        """A client of another account, opened on ``tier`` if there is none of that name."""
        db = Database(self.stack.settings.database)
        try:
            known = list(load_tiers().tiers)
            _, token = await make_token(db, name, "journey", scopes, tier=tier, known_tiers=known)
        finally:
            await db.close()
        return self.client.as_(token)


@dataclass(frozen=True)
class Trained:
    """A persona with a voice and a face in use."""

    persona: str
    voice: str
    avatar: str


def row_of(id: str) -> str:
    parts = split_id(id)
    assert parts is not None
    return parts[1]


async def until(what: Callable[[], object], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the children's path: the scripted provider, and one that cannot be imported."""
    folder = tmp_path_factory.mktemp("plugins")
    source = Path(__file__).with_name("scripted_provider.py").read_text(encoding="utf-8")
    for name, text in (("scripted", source), ("broken", BROKEN)):
        (folder / f"pg_{name}_provider.py").write_text(text, encoding="utf-8")
        metadata = folder / f"pg_{name}_provider-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pg-{name}-provider\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[persona_graph]\n{name} = pg_{name}_provider\n")
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("stack")
    script = folder / "script"
    script.mkdir()
    recording, _ = join_recordings(folder / "recording.flac")
    environment = {"PYTHONPATH": str(plugins), "PERSONA_GRAPH_PLUGIN_SCRIPTED_FOLDER": str(script)}
    async with (
        Embedded(folder / "stack", workers=1, port=0, environment=environment) as stack,
        Client.to(stack.url, stack.token) as client,
    ):
        yield Stage(stack, script, client, recording)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(stage: Stage) -> Client:
    return stage.client


async def agreed(client: Client, name: str = "Ada") -> str:
    """A new persona whose person agreed to everything."""
    persona = (await client.change("createPersona", "persona { id }", name=name))["persona"]["id"]
    for scope in ("VOICE", "LIKENESS"):
        await client.change(
            "grantConsent", "consent { live }", personaId=persona, scope=scope, subject="A reader"
        )
    return str(persona)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def trained(stage: Stage) -> Trained:
    client, persona = stage.client, await agreed(stage.client, "Trained")
    sample, photo = await client.upload(stage.recording, "SAMPLE"), await client.upload(PORTRAIT, "PHOTO")
    voice = await client.change(
        "trainVoice", "voice { id } job { id }", personaId=persona, name="Voice", sampleIds=[sample]
    )
    await client.succeeded(voice["job"]["id"])
    await client.change("approveVoice", "voice { approval }", voiceId=voice["voice"]["id"])
    face = await client.change(
        "createAvatar", "avatar { id } job { id }", personaId=persona, name="Face", photoId=photo
    )
    await client.succeeded(face["job"]["id"])
    await client.change("approveAvatar", "avatar { approval }", avatarId=face["avatar"]["id"])
    return Trained(persona, voice["voice"]["id"], face["avatar"]["id"])
