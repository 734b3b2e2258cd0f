"""Secrets and a person's words that would be recognised anywhere, looked for everywhere once a run went right and
wrong; and a listener inside that a vendor tries to lead us to."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
from persona_graph_sandbox import Sandbox
from persona_graph_sandbox.emulators.wavespeed import WaveSpeed
from sqlalchemy import select

from persona_graph.db import Base, Database
from persona_graph.demo import join_recordings
from persona_graph.embedded import Embedded
from persona_graph.media.keys import new_master_key
from persona_graph.migrations import tables as _every_table  # noqa: F401
from tests.client import TERMINAL, Client
from tests.conftest import RedisServer
from tests.journeys.leaky_provider import FAULTS
from tests.journeys.sandboxed import Vendors, whole
from tests.test_outbound import DISGUISES, ELSEWHERE
from tests.web import saying, serving

pytestmark = pytest.mark.timeout(300)
VENDORS = ("minimax", "wavespeed", "elevenlabs", "openai")
NAME, SUBJECT, WORDS = "Wilhelmina Canaryfeather", "A reader", "the sandpiper whispers of quicksilver"

JOB = """state message failure { code message fix } legs { route { candidates { provider } } attempts { provider state } }
events(first: 100) { edges { node { stage message failure { message } } } }"""


@dataclass
class Run:
    """A stack of our own with every secret chosen here, and all that its API ever answered."""

    folder: Path
    stack: Embedded
    client: Client
    sandbox: Sandbox
    secrets: dict[str, str]
    answers: list[str] = field(default_factory=list)

    @property
    def vendors(self) -> Vendors:
        return Vendors(self.sandbox.control_url)

    def inject(self, vendor: str, fault: str, **options: Any) -> None:
        self.sandbox.bench.faults.inject(vendor, fault, **options)

    async def note(self, answer: httpx.Response) -> None:
        if answer.headers.get("content-type", "").startswith("application/"):
            self.answers.append((await answer.aread()).decode("utf-8", "replace"))

    async def ended(self, mutation: str, **input: Any) -> Any:
        """What became of a job; every event of it is among the answers."""
        made = await self.client.change(mutation, "job { id }", reuse=False, **input)
        async with asyncio.timeout(120):
            while True:
                job = await self.client.node(made["job"]["id"], f"... on Job {{ {JOB} }}")
                if job["state"] in (*TERMINAL, "NEEDS_REVIEW"):
                    return job
                await asyncio.sleep(0.2)

    # Where to look.

    def logs(self) -> str:
        found = [path for path in self.folder.rglob("*.log") if path.is_file()]
        assert found
        return "\n".join(path.read_text(errors="replace") for path in found)

    async def rows(self) -> str:
        db = Database(self.stack.settings.database)
        try:
            async with db.reading() as session:
                tables = [
                    (await session.execute(select(table))).all() for table in Base.metadata.sorted_tables
                ]
        finally:
            await db.close()
        return "\n".join(map(repr, tables))

    def redis(self) -> str:
        with redis.Redis.from_url(self.stack.redis_url) as client:
            return "\n".join(repr((key, client.dump(key))) for key in client.scan_iter())

    def files(self) -> Iterator[tuple[str, bytes]]:
        """What is stored; not the secrets' own file, and not what is searched as logs."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path.suffix != ".log" and path.name != "secrets.json":
                yield path.name, path.read_bytes()


def _plugin(folder: Path) -> None:
    source = Path(__file__).with_name("leaky_provider.py").read_text(encoding="utf-8")
    metadata = folder / "pg_leaky_provider-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "pg_leaky_provider.py").write_text(source, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pg-leaky-provider\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[persona_graph]\nleaky = pg_leaky_provider\n")


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0] or 'postgres'}:{password}@{host}"))


@asynccontextmanager
async def watched(folder: Path, database_url: str, cache: RedisServer) -> AsyncIterator[Run]:
    """The folder of the stack is not that of the plugin, whose source may say what it likes."""
    _plugin(folder / "plugins")
    canary = {name: f"canary{secrets.token_hex(16)}" for name in ("database", "wavespeed", "leaky")}
    canary |= {"signing": secrets.token_hex(24), "jwt": secrets.token_hex(24), "master": new_master_key()}
    insisted = {
        "database_url": _with_password(database_url, canary["database"]), "redis_url": cache.url,
        "master_keys": canary["master"], "signing_key": canary["signing"],
        "jwt_key": canary["jwt"], "jwt_issuer": "https://issuer.example",
    }  # fmt: skip
    with Sandbox(VENDORS) as sandbox:
        wavespeed = sandbox.emulators["wavespeed"]
        assert isinstance(wavespeed, WaveSpeed)
        wavespeed.accepted_key = canary["wavespeed"]
        environment = {
            **sandbox.settings(), "PERSONA_GRAPH_PLUGIN_LEAKY_API_KEY": canary["leaky"],
            "PYTHONPATH": str(folder / "plugins"),
        }  # fmt: skip
        async with (
            Embedded(
                folder / "stack", workers=2, port=0, tier="enterprise", settings=insisted, environment=environment
            ) as stack,
            Client.to(stack.url, stack.token) as client,
        ):  # fmt: skip
            canary |= {name: sandbox.emulators[name].key for name in VENDORS}
            canary |= {
                "token": stack.token,
                "redis": cache.password,
                "master": canary["master"].partition(":")[2],
            }
            run = Run(folder / "stack", stack, client, sandbox, canary)
            client.http.event_hooks["response"].append(run.note)
            yield run


async def _goes_right_and_wrong(run: Run, recording: Path) -> None:
    persona = (await whole(run.client, recording, NAME)).persona
    said = {"personaId": persona, "script": f"Good morning, {WORDS}."}
    assert (await run.ended("generateSpeech", **said))["state"] == "SUCCEEDED"
    assert (await run.ended("generateVideo", **said))["state"] == "SUCCEEDED"
    for vendor in ("minimax", "wavespeed"):
        for fault in ("html", "garbage", "bad_gateway"):
            run.inject(vendor, fault)
    quoted = f"the key {run.secrets['minimax']} is not good"
    run.inject("minimax", "internal", message=quoted)
    run.inject("wavespeed", "refused", status=401, message=f"not with Bearer {run.secrets['wavespeed']}")
    ended = [await run.ended("generateVideo", **said) for _ in range(2)]
    for name in FAULTS:
        stock = {"language": "eo", "voicePolicy": "ALLOW_STOCK_VOICE", "script": f"Saluton, {name}: {WORDS}."}
        someone = (await run.client.change("createPersona", "persona { id }", name=NAME))["persona"]["id"]
        ended.append(await run.ended("generateSpeech", personaId=someone, **stock))
    assert {"SUCCEEDED", "FAILED"} <= {job["state"] for job in ended} <= {*TERMINAL, "NEEDS_REVIEW"}
    await run.client.ask("{ providers { id } }")
    assert (await run.client.as_("wrong").post("{ providers { id } }")).status_code == 401


async def test_no_secret_is_found_anywhere(tmp_path: Path, postgres_url: str, own_redis: RedisServer) -> None:
    """T7, B11: in no log, row, key of Redis, answer, event or stored file; and in no log a person's name or words,
    or a link that opens something."""
    recording, _ = join_recordings(tmp_path / "recording.flac")
    async with watched(tmp_path, postgres_url, own_redis) as run:
        await _goes_right_and_wrong(run, recording)
        places = {
            "rows": await run.rows(), "redis": run.redis(), "answers": "\n".join(run.answers), "logs": run.logs(),
        }  # fmt: skip
        stored = list(run.files())
    # Once more, with what was said while stopping.
    places["logs"] += run.logs()
    assert "leaky" in places["logs"] and WORDS in places["rows"], "the looking must be able to find something"
    leaks = [
        (name, place)
        for place, content in places.items()
        for name, secret in run.secrets.items()
        if secret in content
    ]
    leaks += [
        (name, file) for file, content in stored for name, secret in run.secrets.items() if secret.encode() in content
    ]  # fmt: skip
    assert leaks == []
    assert [each for each in (NAME, SUBJECT, WORDS, "/media/", "/uploads/") if each in places["logs"]] == []
    assert [file for file, content in stored if WORDS.encode() in content] == []


LED_ASTRAY = [
    *DISGUISES,
    *(url for url in ELSEWHERE if url.startswith(("file:", "gopher:", "http://169", "http://[::ffff"))),
]


async def test_no_vendor_leads_us_inside(tmp_path: Path) -> None:
    """K9, through the whole stack: a finished video is said to lie at an address inside, in every spelling, or a
    redirect leads there. Nothing is connected to, and nobody pays."""
    recording, _ = join_recordings(tmp_path / "recording.flac")
    async with (
        serving(saying(b"the secret of this machine")) as inside,
        Embedded(tmp_path / "stack", workers=3, port=0, tier="enterprise", sandbox=True) as stack,
        Client.to(stack.url, stack.token) as client,
    ):
        vendors, persona = Vendors.of(stack), (await whole(client, recording)).persona
        spoken = await client.change(
            "generateSpeech", "output { id } job { id }", personaId=persona, script="Two words.", reuse=False
        )
        await client.succeeded(spoken["job"]["id"])
        for address in LED_ASTRAY:
            vendors.inject("wavespeed", "odd_output", output=address.format(port=inside.port))
        wish = {"personaId": persona, "speechOutputId": spoken["output"]["id"], "reuse": False}
        asked = [await client.change("generateVideo", "job { id }", **wish) for _ in LED_ASTRAY]
        ended = [await client.end_of(made["job"]["id"]) for made in asked]
        assert {job["state"] for job in ended} == {"FAILED"}
        vendors.inject("files", "redirect", times=100, to=f"{inside.origin}/secret", path=".mp4")
        redirected = await client.change("generateVideo", "job { id }", **wish)
        last = await client.end_of(redirected["job"]["id"])
        assert last["state"] == "FAILED" and vendors.asked("files", ".mp4")
        assert inside.connections == 0
        jobs = [await client.node(made["job"]["id"], "... on Job { settled { amount } }") for made in asked]
        assert {Decimal(job["settled"]["amount"]) for job in jobs} == {Decimal(0)}
        assert {job["failure"]["code"] for job in [*ended, last]} <= {"DELIVERY_LOST", "PROVIDER_FAILED"}
