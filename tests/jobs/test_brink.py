"""C2, C3, C4, R5, R6: a worker that dies, is told to stop, is frozen, or loses its database at each point of a job.

Whatever happens at whichever point: the job ends, once; the vendor is paid as often as its payment safety allows;
the events count without a gap; the books balance. A default run takes some of the points, PERSONA_GRAPH_CHAOS=1
every one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_graph.provider import PaymentSafety
from tests.jobs.brink import Vendor
from tests.jobs.crew import EVERY
from tests.jobs.house import open_house
from tests.jobs.scripted import catalog

SAFETIES = [safety.value for safety in PaymentSafety]
Life = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def forge() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.jobs.brink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
async def life(tmp_path: Path, redis_url: str, forge: subprocess.Popen[str]) -> Life:
    """Runs one worker on a copy of a house with one queued job, or on the copy it left."""
    template = tmp_path / "template"
    template.mkdir()
    vendor = Vendor(template / "vendor", "direct", PaymentSafety.KEYED, lambda label: None)
    async with open_house(template, redis_url, catalog(vendor)) as house:
        await house.speak()

    def run(case: str, **order: Any) -> dict[str, Any]:
        folder = tmp_path / case
        if not folder.exists():
            shutil.copytree(template, folder)
        assert forge.stdin is not None and forge.stdout is not None
        forge.stdin.write(
            json.dumps({"folder": str(folder), "redis_url": redis_url, "at": 0, **order}) + "\n"
        )
        forge.stdin.flush()
        answer: dict[str, Any] = json.loads(forge.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    return run


def points(whole: dict[str, Any], some: int, *at: str) -> list[int]:
    """The points of a whole run whose label starts with one of ``at``, or some, spread over all of them."""
    every = [n for n, label in enumerate(whole["labels"], 1) if label.startswith(at or "")]
    return every if EVERY else every[1 :: max(1, len(every) // some)]


@pytest.mark.parametrize("flow", ["direct", "ticket"])
@pytest.mark.parametrize("safety", SAFETIES)
def test_a_worker_killed_at_any_point(life: Life, flow: str, safety: str) -> None:
    """C4."""
    whole = life("whole", flow=flow, safety=safety, how="run")
    assert whole["state"] == "SUCCEEDED" and len(whole["charges"]) == 1
    for at in points(whole, 3):
        died = life(f"k{at}", flow=flow, safety=safety, how="kill", at=at)
        assert died["signal"] == 9
        after = life(f"k{at}", flow=flow, safety=safety, how="run", expire=True)
        _ended_well(after, safety, at)
        assert after["crashes"] <= 1


def _ended_well(after: dict[str, Any], safety: str, at: int) -> None:
    assert len(after["charges"]) <= 1, f"paid twice at {at}"
    if safety == "BLIND" and after["state"] == "NEEDS_REVIEW":
        assert len(after["starts"]) <= 1
        return
    assert after["state"] == "SUCCEEDED", (at, after)
    assert len(after["charges"]) == 1 and not after["held"]


@pytest.mark.parametrize("flow", ["direct", "ticket"])
def test_a_worker_told_to_stop_at_any_point(life: Life, flow: str) -> None:
    """C3: no try is used up, nothing is held, and the next one goes on at once."""
    whole = life("whole", flow=flow, safety="KEYED", how="run")
    for at in points(whole, 3):
        stopped = life(f"t{at}", flow=flow, safety="KEYED", how="term", at=at)
        assert stopped["signal"] == 0 and not stopped["held"], at
        after = life(f"t{at}", flow=flow, safety="KEYED", how="run")
        _ended_well(after, "KEYED", at)
        assert after["crashes"] == 0, at


@pytest.mark.parametrize("flow", ["direct", "ticket"])
@pytest.mark.parametrize("safety", ["KEYED", "FINDABLE"])
def test_a_frozen_worker_writes_nothing_when_it_wakes(life: Life, flow: str, safety: str) -> None:
    """C2: another took over and ended the job meanwhile."""
    whole = life("whole", flow=flow, safety=safety, how="run")
    # In the middle of a transaction it would keep SQLite's one writer with it.
    for at in points(whole, 3, "BEGIN", "vendor"):
        woken = life(f"s{at}", flow=flow, safety=safety, how="stop", at=at)
        assert woken["other"]["state"] == "SUCCEEDED", woken
        assert woken["rows"] == woken["other"]["rows"], f"it wrote after {at}"
        if safety == "KEYED":
            assert len(woken["charges"]) == 1


@pytest.mark.parametrize("how", ["undone", "lost"])
@pytest.mark.parametrize("flow", ["direct", "ticket"])
def test_a_database_that_fails_at_any_point(life: Life, flow: str, how: str) -> None:
    """R5, R6: undone in favour of another, or gone, also after a commit whose answer was lost. The vendor is
    asked no more often than without, whatever its payment safety."""
    whole = life("whole", flow=flow, safety="BLIND", how="run")
    for at in points(whole, 3):
        after = life(f"d{at}", flow=flow, safety="BLIND", how=how, at=at)
        assert (after["state"], len(after["starts"])) == ("SUCCEEDED", 1), (at, after)
        assert after["crashes"] == 0
