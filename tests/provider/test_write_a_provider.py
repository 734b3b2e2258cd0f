"""docs/write-a-provider.md leads where it says, and what it leads to is shown by the command and by the API."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from persona_graph.embedded import Embedded
from persona_graph.provider import Provider, Step, TakesKnocks
from persona_graph.provider.hookspec import Hooks
from tests.client import ROOT, Client

PAGE = (ROOT / "docs" / "write-a-provider.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = "PERSONA_GRAPH_PLUGIN_LARK_API_KEY"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PERSONA_GRAPH_DATA_DIR": str(folder / "data"), **environment}
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=150)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which every block of the page was run, in one shell."""
    folder = tmp_path_factory.mktemp("author")
    script = folder / "page.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(BLOCK.findall(PAGE)), encoding="utf-8")
    ran = run(folder, "bash", str(script))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "said").write_text(ran.stdout)
    return folder


def installed(distribution: Path, site: Path) -> None:
    """Lay it out as an installer lays out its wheel: the package, and beside it what it is."""
    project = tomllib.loads((distribution / "pyproject.toml").read_text())["project"]
    (package,) = (distribution / "src").iterdir()
    shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    about = site / f"{package.name}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    rows = [f"{name} = {module}" for name, module in project["entry-points"]["persona_graph"].items()]
    (about / "entry_points.txt").write_text("[persona_graph]\n" + "\n".join(rows) + "\n")


@pytest.mark.timeout(200)
def test_the_page_ends_with_the_scores_it_shows(followed: Path) -> None:
    said = (followed / "said").read_text()
    promised = re.findall(r"^    (lark: grade .*)$", PAGE, re.MULTILINE)
    assert [line for line in said.splitlines() if line.startswith("lark: ")] == promised
    assert (followed / "persona-graph-lark/src/persona_graph_lark/conformance.json").is_file()


@pytest.mark.timeout(200)
def test_the_key_left_out_of_the_request_is_noticed(followed: Path, tmp_path: Path) -> None:
    """P8, as the page invites to try."""
    shutil.copytree(followed / "persona-graph-lark", tmp_path / "spoilt")
    provider = tmp_path / "spoilt/src/persona_graph_lark/provider.py"
    provider.write_text(provider.read_text().replace("call.idempotency_key", "str(id(call)) + str(id(self))"))
    ran = run(tmp_path, "persona-graph", "plugins", "check", "spoilt/")
    assert ran.returncode == 1 and "lark: grade D" in ran.stdout
    assert "2 orders were accepted for one idempotency_key" in " ".join(ran.stdout.split())


@pytest.mark.timeout(200)
async def test_the_installed_plugin_shows_its_grade(followed: Path, tmp_path: Path) -> None:
    """By ``persona-graph plugins`` and by the query ``providers``; a changed line takes it away. P1: without its
    key the plugin is left out with the reason."""
    site = tmp_path / "site"
    installed(followed / "persona-graph-lark", site)
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    command = ("persona-graph", "plugins")
    listed = await asyncio.to_thread(run, tmp_path, *command, PYTHONPATH=path, **{KEY: "k-1234"})
    expected = re.findall(r"^    (lark  Lark .*\n    .*)$", PAGE, re.MULTILINE)
    assert expected[0].replace("\n    ", "\n") in listed.stdout, listed.stdout + listed.stderr

    bare = json.loads((await asyncio.to_thread(run, tmp_path, *command, "--json", PYTHONPATH=path)).stdout)
    assert [f"{KEY} is not set"] == [p["reason"] for p in bare["leftOut"] if p["plugin"] == "lark"]

    environment = {"PYTHONPATH": path, KEY: "k-1234"}
    async with (
        Embedded(tmp_path / "stack", port=0, environment=environment) as stack,
        Client.to(stack.url, stack.token) as client,
    ):
        seen = await client.ask("{ providers { id plugin version grade } }")
    [lark] = [provider for provider in seen["providers"] if provider["id"] == "lark"]
    assert lark == {"id": "lark", "plugin": "persona-graph-lark", "version": "0.1.0", "grade": "A"}

    with (site / "persona_graph_lark/provider.py").open("a") as source:
        source.write("\n# changed\n")
    again = await asyncio.to_thread(run, tmp_path, *command, "--json", PYTHONPATH=path, **{KEY: "k-1234"})
    assert [p["grade"] for p in json.loads(again.stdout)["providers"] if p["id"] == "lark"] == [None]


def test_the_page_names_the_hook_and_every_method() -> None:
    """No hook and no method of the wall without a word about it."""
    promised = [
        name for kind in (Hooks, Provider, TakesKnocks) for name in vars(kind) if not name.startswith("_")
    ]
    assert {"persona_graph_register_providers", "start", "forget_voice", "verify_knock"} <= set(promised)
    assert [name for name in promised if name not in PAGE] == []


def test_the_page_names_troubles_as_the_wall_does() -> None:
    """Every cell of its table is tried in tests/provider/test_asking.py."""
    named = set(re.findall(r"`((?:Provider|Order|Outcome)[A-Z]\w+)`", PAGE))
    assert named == {"ProviderBusy", "ProviderUnavailable", "OrderRejected", "OrderFailed", "OutcomeUnknown"}
    columns = re.findall(r"\| what happens \| (\w+) \| (\w+) \| (\w+) \|", PAGE)
    assert columns == [tuple(Step)]
