"""The kit finds what is wrong with a provider, and says which check it is. A provider that does everything right is
spoilt in one place at a time; the vendor is scripted, the requests, media and files are real."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from persona_graph.provider import (
    Call,
    Knock,
    PaymentSafety,
)
from persona_graph.provider.conformance import Grade, KitCall, Report, ScriptedVendor, Verdict, conformance_of
from persona_graph.provider.conformance.every import every_check
from persona_graph.provider.conformance.source import source_faults
from tests.provider.ferry import Ferry
from tests.provider.ferry_vendor import KEY, FerrySuite, FerryVendor
from tests.provider.spoilt import KEYED, SPOILT, LeavesAThread, TakesAnyKnock


async def report(made: type[Ferry] = Ferry, safety: PaymentSafety = KEYED, *, keyed: bool = True) -> Report:
    return await conformance_of(FerrySuite(made, safety, keyed=keyed))


def failed(found: Report) -> set[str]:
    return {
        finding.check.removeprefix("test_") for finding in found.findings if finding.verdict is Verdict.FAILED
    }


@pytest.mark.parametrize("safety", list(PaymentSafety))
async def test_a_provider_that_keeps_every_promise_has_an_a(safety: PaymentSafety) -> None:
    found = await report(safety=safety, keyed=safety is KEYED)
    assert failed(found) == set(), found.text()
    assert found.grade is Grade.A, found.text()
    assert len(found.findings) == len(every_check())


# --- Spoilt in one place ------------------------------------------------------------------------


@pytest.mark.parametrize(("made", "safety", "wanted"), SPOILT, ids=[made.__name__ for made, _, _ in SPOILT])
async def test_p8_p9_what_is_wrong_is_found(
    made: type[Ferry], safety: PaymentSafety, wanted: set[str]
) -> None:
    """P8, P9, T7: the check that is for it fails, and no other."""
    LeavesAThread.let_go.clear()
    found = await report(made, safety, keyed=safety is KEYED)
    LeavesAThread.let_go.set()
    assert failed(found) == wanted, found.text()
    essential = any(finding.essential for finding in found.findings if finding.verdict is Verdict.FAILED)
    assert found.grade is (Grade.D if essential else Grade.C)
    assert KEY not in found.text()


async def test_p8_a_vendor_that_ignores_the_keys_it_is_sent_fails_keyed() -> None:
    """P8: the provider sends the key and claims KEYED; the vendor's ledger shows two orders."""
    found = await report(safety=KEYED, keyed=False)
    [finding] = [f for f in found.findings if f.verdict is Verdict.FAILED]
    assert finding.check == "test_a_repeated_start_pays_once" and "2 orders" in finding.said[0]
    assert found.grade is Grade.D


async def test_what_nobody_measured_is_no_a() -> None:
    class Uncounted(FerrySuite):
        secrets = None  # type: ignore[assignment]

        def paid(self, vendor: Any, call: KitCall) -> None:
            return None

        def vendor(self) -> ScriptedVendor:
            made = FerryVendor()
            made.paid = lambda: None  # type: ignore[method-assign]
            return made

    found = await conformance_of(Uncounted())
    unmeasured = {f.check.removeprefix("test_") for f in found.findings if f.verdict is Verdict.NOT_MEASURED}
    assert unmeasured == {"a_lost_answer_is_an_unknown_outcome", "a_repeated_start_pays_once", "no_secret_is_shown"}  # fmt: skip
    assert failed(found) == set() and found.grade is Grade.D


async def test_knocks_of_strangers_are_tried() -> None:
    found = await report(TakesAnyKnock)
    [finding] = [f for f in found.findings if f.check == "test_knocks_are_verified"]
    assert finding.verdict is Verdict.NOT_MEASURED

    class Knocked(FerrySuite):
        def knock(self) -> Knock:
            call = KitCall(Path())
            return Knock(headers={"signature": "s"}, body=b"{}", now=call.now)

    [finding] = [f for f in (await conformance_of(Knocked(TakesAnyKnock))).findings if f.check == "test_knocks_are_verified"]  # fmt: skip
    assert finding.verdict is Verdict.FAILED and len(finding.said) == 5


# --- The source -----------------------------------------------------------------------------------

SOURCES: dict[str, tuple[str, str]] = {
    "environment": ("import os\nkey = os.environ['KEY']", "os.environ"),
    "environment by name": ("from os import getenv\nkey = getenv('KEY')", "os.getenv"),
    "environment under another name": ("import os as o\nkey = o.environ", "os.environ"),
    "own client": ("import httpx\nc = httpx.AsyncClient()", "httpx.AsyncClient"),
    "another client": ("import requests", "use call.http"),
    "sleep": ("from asyncio import sleep", "asyncio.sleep"),
    "sleep inside": ("import asyncio\nasync def f():\n    await asyncio.sleep(1)", "asyncio.sleep"),
    "clock": ("import time\nt = time.time()", "time.time"),
    "date": ("from datetime import datetime\nd = datetime.now()", "use call.now"),
    "date in full": ("import datetime\nd = datetime.datetime.now()", "use call.now"),
    "the core": ("from persona_graph.db import Database", "persona_graph.db"),
    "another plugin": ("import persona_graph_local", "persona_graph_local"),
    "the kit": ("from persona_graph.provider.conformance import KitCall", "the kit is for tests"),
}


@pytest.mark.parametrize("fault", SOURCES)
def test_what_a_source_may_not_do_is_found(tmp_path: Path, fault: str) -> None:
    source, named = SOURCES[fault]
    package = tmp_path / "persona_graph_mine"
    package.mkdir()
    (package / "__init__.py").write_text("from persona_graph.provider import hookimpl\n")
    (package / "work.py").write_text(source)
    [said] = source_faults(package, {})
    assert said.startswith("persona_graph_mine/work.py:") and named in said
    assert list(source_faults(package, {"wo*.py": "its own process"})) == []


def test_what_a_source_may_do_is_left_alone(tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_text(
        "import httpx, json, asyncio\nfrom datetime import datetime, timedelta\n"
        "from persona_graph.provider.offers import Offer\nimport mine\n"
        "r = httpx.Response(200)\nd = datetime.fromisoformat('2026-01-01')\nasyncio.to_thread(json.dumps, {})\n"
    )
    assert list(source_faults(module, {})) == []


# --- With pytest ----------------------------------------------------------------------------------


INHERITED = """
import pytest
from pathlib import Path
from persona_graph.provider.conformance import ProviderConformance
from tests.provider import ferry, ferry_vendor

class TestFerry(ProviderConformance):
    secrets = (ferry_vendor.KEY,)
    def provider(self): return ferry.Ferry(ferry_vendor.KEY)
    def vendor(self): return ferry_vendor.FerryVendor()
    def package(self): return Path(ferry.__file__)
"""

ROOT = Path(__file__).parents[2]


def pytest_says(folder: Path, source: str, *more: str) -> subprocess.CompletedProcess[str]:
    file = folder / "test_inherited.py"
    file.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(file), *more]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_test_class_inherits_the_checks_and_prints_the_score(tmp_path: Path) -> None:
    """Under a bare pytest, without this project's settings for it."""
    ran = pytest_says(tmp_path, INHERITED)
    assert ran.returncode == 0, ran.stdout
    assert "ferry: grade A" in ran.stdout and "✓ its offers are sane (essential)" in ran.stdout
    assert f"{len(every_check()) - 3} passed, 3 skipped" in ran.stdout


def test_a_part_of_the_checks_gives_no_grade(tmp_path: Path) -> None:
    ran = pytest_says(tmp_path, INHERITED, "-k", "offers")
    assert ran.returncode == 0 and "grade" not in ran.stdout


def test_a_failed_check_says_what_to_do(tmp_path: Path) -> None:
    spoilt = INHERITED.replace("ferry.Ferry(", "Shown(") + "\nclass Shown(ferry.Ferry):\n    def __repr__(self): return self._key\n"  # fmt: skip
    ran = pytest_says(tmp_path, spoilt)
    assert ran.returncode == 1
    assert "1 failed" in ran.stdout and "a secret is shown" in ran.stdout and "grade D" in ran.stdout


def test_the_wall_and_its_kit_need_no_pytest() -> None:
    code = (
        "import sys, persona_graph.provider, persona_graph.catalog.registry;"
        "assert not [m for m in sys.modules if 'conformance' in m];"
        "import persona_graph.provider.conformance;"
        "print('pytest' in sys.modules, *[m for m in ('numpy', 'imageio_ffmpeg') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.split() == ["False"]


# --- The parts on their own -----------------------------------------------------------------------


async def test_a_call_can_be_borrowed_for_tests_of_one_s_own(tmp_path: Path) -> None:
    vendor = ScriptedVendor().on("GET", "/a", {"n": 1}, {"n": 2}).on("GET", "/files/*", httpx.Response(200, content=b"x"))  # fmt: skip
    call = KitCall(tmp_path, vendor)
    lent = call.lend("voice.wav", b"RIFF", "audio/wav", 1.5)
    assert (await call.read(lent), await call.link(lent)) == (b"RIFF", "https://files.kit.example/voice.wav?expires=900")  # fmt: skip
    await call.turn(0.5, "speech")
    assert (call.asked, call.links, call.turns) == (["voice.wav"], ["voice.wav"], [(0.5, "speech")])
    told = [(await call.http.get("https://v.example/a")).json()["n"] for _ in range(3)]
    assert told == [1, 2, 2]
    assert (await call.http.get("https://v.example/files/b/c")).content == b"x"
    assert (await call.http.get("https://v.example/other")).status_code == 404
    assert [request.url.path for request in vendor.requests][-1] == "/other"
    later = call.later(90)
    assert (later.now - call.now).total_seconds() == 90 and later.files is call.files
    protocol: Callable[[Call], Call] = lambda lent: lent  # noqa: E731
    assert protocol(later) is later
    logging.getLogger("nobody").debug("%s", json.dumps({}))
