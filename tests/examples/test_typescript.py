"""The TypeScript example, checked by its compiler and run by Node beside a real server."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
import soundfile

from tests.client import ROOT
from tests.examples.conftest import Place
from tests.examples.test_writers import POST, price_in, written

OLDEST_NODE = 20
SOURCE = ROOT / "examples/linkedin-writer-ts"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]


async def ran(
    folder: Path, *words: str, environment: dict[str, str] | None = None, seconds: float = 180
) -> tuple[int, str]:
    started = await asyncio.create_subprocess_exec(
        *words, cwd=folder, env={**os.environ, **(environment or {})}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(started.communicate(), seconds)
    except TimeoutError:
        started.kill()
        await started.wait()
        return -1, f"no end within {seconds:g} s"
    assert started.returncode is not None
    return started.returncode, said.decode()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node.js here: the TypeScript example is neither compiled nor run")
    target = tmp_path_factory.mktemp("typescript") / "example"
    return shutil.copytree(SOURCE, target, ignore=shutil.ignore_patterns("node_modules", "dist"))


async def test_it_compiles_strictly_and_runs(folder: Path, place: Place, tmp_path: Path) -> None:
    _, version = await ran(folder, "node", "--version")
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node.js {OLDEST_NODE} or later is needed; this is {version.strip()}")
    code, said = await ran(folder, "npm", "ci", "--no-audit", "--no-fund")
    if code:
        pytest.skip(f"the TypeScript compiler cannot be fetched here: {said.strip()[-200:]}")
    code, said = await ran(folder, "npm", "run", "build")
    assert code == 0, said

    out = tmp_path / "out"
    words = [written(tmp_path, POST + "Now in TypeScript."), "--persona", "A typed writer", "--out", str(out)]
    served = {"PERSONA_GRAPH_URL": place.url, "PERSONA_GRAPH_TOKEN": place.token}
    code, said = await ran(
        folder, "node", "dist/main.js", *words, "--max-price", "0.000001", environment=served
    )
    assert code == 1 and "not made" in said, said
    made = ["node", "dist/main.js", *words, "--recording", str(place.recording)]
    code, said = await ran(folder, *made, environment=served)
    assert code == 0, said
    assert "SUCCEEDED" in said and price_in(said) > 0
    assert soundfile.info(out / "post.wav").duration > 1
    code, again = await ran(folder, *made, environment=served)
    assert code == 0 and price_in(again) == price_in(said), again
