"""The guide for writer services does what it says: its Python is run, block by block, against a real server."""

from __future__ import annotations

import ast
import inspect
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import soundfile
from persona_graph_client import AnalyzeWritingStyleInput, PersonaGraph, StyleTextInput

from examples.persona import Person, ensure_persona
from tests.client import ROOT
from tests.examples.conftest import Place

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def pasted(blocks: list[str], page: str) -> dict[str, Any]:
    """As at the prompt of ``python -m asyncio``; answers what there is at the end."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for n, block in enumerate(blocks, 1):
        code = compile(block, f"{page} #{n}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, names)
        if inspect.isawaitable(waiting):
            await waiting
    return names


async def test_the_guide_for_writer_services_runs(
    place: Place, graph: PersonaGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    persona = await ensure_persona(graph, Person("A guided writer", place.recording))
    [page, *_] = sorted((ROOT / "tests/samples/authors").rglob("*.txt"))
    text = StyleTextInput(text=page.read_text(encoding="utf-8")[:20_000])
    await graph.analyze_writing_style(AnalyzeWritingStyleInput(persona_id=persona.id, texts=[text]))
    blocks = BLOCK.findall((ROOT / "docs/writer-services.md").read_text(encoding="utf-8"))
    assert len(blocks) > 8
    monkeypatch.setenv("URL", place.url)
    monkeypatch.setenv("TOKEN", place.token)
    monkeypatch.setenv("PERSONA", "A guided writer")
    monkeypatch.chdir(tmp_path)
    left = Namespace(**await pasted(blocks, "writer-services.md"))
    said = capsys.readouterr().out
    assert "IDEMPOTENCY_MISMATCH" in said and "SUCCEEDED" in said and "VIDEO" not in said
    assert soundfile.info(tmp_path / "post.wav").duration > 1
    assert left.received({}, b"{}") == 401 and not left.seen
    await left.blog.http.aclose()
    await left.graph.http.aclose()
