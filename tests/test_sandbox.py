"""The sandbox as a verb and as a part of the embedded stack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest

from persona_graph import tools
from persona_graph.cli import main
from persona_graph.embedded import Embedded
from persona_graph.sandbox_child import SandboxChild
from persona_graph.settings import PREFIX
from tests.test_embedded import alive, ask, until

pytestmark = pytest.mark.timeout(120)
PROVIDERS = "{ providers { id } }"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_the_verb_serves_until_it_is_told_to_stop_and_keeps_its_addresses(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    words = [sys.executable, "-m", "persona_graph", "sandbox", "--vendors", "gtts", "--ready", str(ready)]
    printed = []
    for _ in range(2):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(7)]
        control = next(line.split()[1] for line in lines if line.startswith("control"))
        assert list(httpx.get(control).json()["vendors"]) == ["gtts", "files"]
        assert "export PERSONA_GRAPH_PLUGIN_GTTS_ENABLED=yes\n" in lines
        while not ready.exists():
            time.sleep(0.01)
        assert ready.stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()
        printed.append(lines)
    assert printed[0] == printed[1]


def test_a_vendor_nobody_plays_and_a_taken_port_are_said_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, "-m", "persona_graph", "sandbox"]
    unknown = subprocess.run([*words, "--vendors", "acme"], capture_output=True, text=True, timeout=60)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    assert "no emulator of acme; there are: " in unknown.stderr
    assert main(["sandbox", "--faults-rate", "2"]) == 2
    assert "0 to 1" in capfd.readouterr().err


def test_without_the_plugin_the_verb_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none_installed(**asked: str) -> list[EntryPoint]:
        return []

    monkeypatch.setattr(tools, "entry_points", none_installed)
    assert main(["sandbox"]) == 2
    assert "pip install 'persona-graph[sandbox]'" in capsys.readouterr().err


async def test_the_stack_with_its_vendors_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONA_GRAPH_PLUGIN_MINIMAX_API_KEY", "a-real-key")
    async with Embedded(tmp_path, port=0, sandbox=True) as stack:
        assert stack.sandbox is not None and stack.sandbox.child is not None
        urls = stack.sandbox.urls
        found = {each["id"] for each in (await ask(stack, PROVIDERS)).json()["data"]["providers"]}
        assert {"gtts", "minimax", "local-voice"} <= found
        pids = [child.pid for child in stack.children]
        before = stack.sandbox.child.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)

        async def back() -> bool:
            try:
                async with httpx.AsyncClient() as http:
                    return (await http.get(urls["control"])).status_code == 200
            except httpx.TransportError:
                return False

        await until(lambda: stack.sandbox.child.pid not in (None, before))
        await until(back)
        pids += [child.pid for child in stack.children]
    assert [pid for pid in pids if pid and alive(pid)] == []
    assert not (tmp_path / "sandbox.json").exists()


def test_no_real_key_of_a_played_vendor_reaches_the_children(tmp_path: Path) -> None:
    child = SandboxChild(tmp_path)
    child.urls = {"acme": "http://127.0.0.1:1", "control": "http://127.0.0.1:2"}
    child._settings = {
        "PERSONA_GRAPH_PLUGIN_ACME_API_KEY": "sandbox", "PERSONA_GRAPH_OUTBOUND_ALLOW": "http://127.0.0.1:1",
    }  # fmt: skip
    wired = child.wired(
        {
            "PERSONA_GRAPH_PLUGIN_ACME_API_KEY": "real",
            "PERSONA_GRAPH_PLUGIN_ACME_GROUP_ID": "real group",
            "PERSONA_GRAPH_PLUGIN_ACME_MODEL": "chosen",
            "PERSONA_GRAPH_PLUGIN_OTHER_API_KEY": "another's",
            "PERSONA_GRAPH_OUTBOUND_ALLOW": "http://10.0.0.1:9000",
            "PATH": "/bin",
        }
    )
    assert wired == {
        "PERSONA_GRAPH_PLUGIN_ACME_API_KEY": "sandbox",
        "PERSONA_GRAPH_PLUGIN_ACME_MODEL": "chosen",
        "PERSONA_GRAPH_PLUGIN_OTHER_API_KEY": "another's",
        "PERSONA_GRAPH_OUTBOUND_ALLOW": "http://10.0.0.1:9000,http://127.0.0.1:1",
        "PATH": "/bin",
    }
