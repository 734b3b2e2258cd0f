"""Worker processes as an operator runs them: ``persona-graph worker`` under a supervisor that starts them again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from persona_graph.catalog.registry import load_plugins
from persona_graph.jobs.states import TERMINAL
from persona_graph.jobs.tables import Job
from persona_graph.settings import Settings
from tests.jobs import vendor_plugin
from tests.jobs.house import House, open_house

# The default run is short; PERSONA_GRAPH_CHAOS=1 leaves nothing out.
EVERY = bool(os.environ.get("PERSONA_GRAPH_CHAOS"))
PARKED = ("NEEDS_REVIEW", "QUARANTINED")
ENTRY = "[persona_graph]\nvendor = pg_vendor_plugin\n"
METADATA = "Metadata-Version: 2.1\nName: pg-vendor-plugin\nVersion: 1.0\n"


@dataclass
class Workers:
    """Some worker processes. ``falls`` are the exit codes of those that ended by themselves."""

    folder: Path
    environment: dict[str, str]
    running: list[asyncio.subprocess.Process] = field(default_factory=list)
    falls: list[int] = field(default_factory=list)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    async def hire(self, count: int) -> None:
        for n in range(len(self._keepers), len(self._keepers) + count):
            self._keepers.append(asyncio.create_task(self._keep(n)))
        await self.until(lambda: self.said("worker ready") >= count)

    async def _keep(self, n: int) -> None:
        while True:
            with (self.folder / f"worker-{n}.log").open("ab") as log:
                worker = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "persona_graph", "worker",
                    env=self.environment, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
                )  # fmt: skip
            self.running.append(worker)
            self.falls.append(await worker.wait())
            self.running.remove(worker)
            await asyncio.sleep(0.1)

    def said(self, words: str) -> int:
        return sum(log.read_text(errors="replace").count(words) for log in self.folder.glob("worker-*.log"))

    def kill(self, number: int = signal.SIGKILL) -> None:
        for worker in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(number)

    async def retire(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for worker in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGKILL)
            await worker.wait()

    async def until(self, what: Any, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not what():
                await asyncio.sleep(0.05)


@dataclass
class Crew(Workers):
    """Workers on one house."""

    house: House = field(kw_only=True)

    async def ask(self, **plan: Any) -> Job:
        return await self.house.speak(f"Good morning to you. #{json.dumps({'flow': 'direct', **plan})}")

    async def ended(self, *jobs: Job, seconds: float = 60) -> list[Job]:
        """The jobs once each has ended or waits for a person; every one is sound."""

        async def over(job: Job) -> bool:
            return (await self.house.job(job)).state in (*TERMINAL, *PARKED)

        async with asyncio.timeout(seconds):
            for job in jobs:
                while not await over(job):
                    await asyncio.sleep(0.1)
        return [await self.house.sound(job) for job in jobs]

    async def books(self, job: Job, what: str) -> int:
        """How often the vendor noted that about this job's attempts."""
        keys = {attempt.key for attempt in await self.house.attempts(job)}
        lines = [line.split() for line in vendor_plugin.read_books(self.folder)]
        return sum(line[0] == what and line[1] in keys for line in lines)


@asynccontextmanager
async def open_crew(
    folder: Path, redis_url: str, workers: int, *, safeties: str = "KEYED", **more: Any
) -> AsyncIterator[Crew]:
    plugins = folder / "plugins"
    (plugins / "pg_vendor_plugin-1.0.dist-info").mkdir(parents=True)
    (plugins / "pg_vendor_plugin.py").write_text(Path(vendor_plugin.__file__).read_text())
    (plugins / "pg_vendor_plugin-1.0.dist-info" / "METADATA").write_text(METADATA)
    (plugins / "pg_vendor_plugin-1.0.dist-info" / "entry_points.txt").write_text(ENTRY)
    told = {"FOLDER": str(folder), "SAFETIES": safeties}
    # What the workers will find in the folder on their path.
    catalog = load_plugins(lambda name: told, _entry_points(plugins))
    assert not catalog.quarantined
    async with open_house(
        folder, redis_url, catalog, **{"lease_seconds": 1.0, "sweep_seconds": 0.5, **more}
    ) as house:
        crew = Crew(folder, _environment(house.settings, plugins, told), house=house)
        try:
            await crew.hire(workers)
            yield crew
        finally:
            await crew.retire()


def _entry_points(plugins: Path) -> Any:
    from importlib.metadata import DistributionFinder, MetadataPathFinder

    found = MetadataPathFinder.find_distributions(DistributionFinder.Context(path=[str(plugins)]))
    sys.path.insert(0, str(plugins))
    try:
        entries = [entry for dist in found for entry in dist.entry_points]
        for entry in entries:
            sys.modules.pop(entry.module, None)
            entry.load()
        return entries
    finally:
        sys.path.remove(str(plugins))


def _environment(settings: Settings, plugins: Path, told: dict[str, str]) -> dict[str, str]:
    plugin = {f"PERSONA_GRAPH_PLUGIN_VENDOR_{key}": value for key, value in told.items()}
    path = os.pathsep.join(filter(None, [str(plugins), os.environ.get("PYTHONPATH", "")]))
    return {**settings.environment(), **plugin, "PYTHONPATH": path}
