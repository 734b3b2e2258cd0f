"""The documentation says what the code does: every code is explained, every figure is the code's."""

from __future__ import annotations

import ast
import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import soundfile

from persona_graph import errors
from persona_graph.accounts.tokens import USED_STEP
from persona_graph.accounts.viewers import CACHE_SECONDS
from persona_graph.catalog.routing import RefusalCode
from persona_graph.children import LOG_BYTES
from persona_graph.embedded import Embedded
from persona_graph.graphql.transport import faults, ws
from persona_graph.graphql.transport.streams import RECHECK_SECONDS
from persona_graph.graphql.types.core import _TYPES
from persona_graph.http_media import _STATUS
from persona_graph.jobs.postman import LOG_DAYS
from persona_graph.media.video import probe_video
from persona_graph.runtime import Runtime
from persona_graph.settings import Settings
from persona_graph.worker import ORPHANS_AFTER, _chores
from tests.client import ROOT

DOCS = ROOT / "docs"
CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)*")
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \|(.*)\|$", re.MULTILINE)

# Those that end a job: who calls them names the failure's code.
ENDING = {"refuse", "fail", "fail_in", "_end_unmade", "WorkRefused"}


def sections(page: str) -> dict[str, str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    titles = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(titles[1::2], titles[2::2], strict=True))


@pytest.fixture(scope="module")
def told() -> dict[str, list[tuple[str, str]]]:
    """By section of errors.md: its codes, each with the rest of its row."""
    return {title: ROW.findall(text) for title, text in sections("errors.md").items()}


def codes(rows: list[tuple[str, str]]) -> list[str]:
    return [code for code, _ in rows]


def test_every_refusal_is_explained_under_its_type(told: dict[str, list[tuple[str, str]]]) -> None:
    wanted = [(code, _TYPES[fault].__name__) for fault in errors.FAULTS for code in fault.codes]
    found = [(code, re.findall(r"`(\w+Error)`", rest)[0]) for code, rest in told["Refused mutations"]]
    assert sorted(found) == sorted(wanted)


def test_every_refusal_can_happen() -> None:
    """A code that nothing raises would be a promise that nothing keeps."""
    text = "\n".join(_source(path) for path in _python("persona_graph") if path.name != "errors.py")
    silent = [
        code
        for fault in errors.FAULTS
        for code in fault.codes
        if f'"{code}"' not in text and not (code == fault.codes[0] and f"{fault.__name__}(" in text)
    ]
    assert silent == []


def test_every_status_of_uploads_and_links_is_told(told: dict[str, list[tuple[str, str]]]) -> None:
    found = {code: int(re.findall(r"\d{3}", rest)[0]) for code, rest in told["Uploads and media links"]}
    assert found == _STATUS


def test_every_failure_of_a_job_is_explained(told: dict[str, list[tuple[str, str]]]) -> None:
    ours = set(_failure_codes())
    assert {"PROVIDERS_EXHAUSTED", "PROVIDER_TIMEOUT", "PLUGIN_CONTRACT", "REVIEWED"} <= ours
    plugins = set(_plugin_codes())
    known = set(errors.MediaRefused.codes)
    assert sorted(codes(told["Failed jobs"])) == sorted((ours - known) | {"REJECTED"} | plugins)


def test_every_reason_of_a_route_is_explained(told: dict[str, list[tuple[str, str]]]) -> None:
    assert sorted(codes(told["Routes"])) == sorted(RefusalCode)


def test_every_code_of_the_transports_is_explained(told: dict[str, list[tuple[str, str]]]) -> None:
    assert sorted(codes(told["Requests"])) == sorted(faults.CODES)


def test_every_close_code_is_explained(told: dict[str, list[tuple[str, str]]]) -> None:
    closing = {
        str(value) for name, value in vars(ws).items() if name.isupper() and 1000 <= _number(value) < 5000
    }
    assert set(codes(told["WebSockets"])) == closing - {str(ws.BURST)}


def test_every_row_says_what_to_do(told: dict[str, list[tuple[str, str]]]) -> None:
    bare = [
        code
        for rows in told.values()
        for code, rest in rows
        if not all(cell.strip() for cell in rest.split("|"))
    ]
    assert bare == []
    assert set(told) == {
        "Refused mutations", "Uploads and media links", "Failed jobs", "Routes", "Requests", "WebSockets",
    }  # fmt: skip


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _python(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _failure_codes() -> Iterator[str]:
    for path in _python("persona_graph/jobs", "persona_graph/personas"):
        for node in ast.walk(ast.parse(_source(path))):
            if isinstance(node, ast.Call) and _name(node.func) in ENDING:
                yield from (value for value in map(_text, node.args) if value and CODE.fullmatch(value))


def _plugin_codes() -> Iterator[str]:
    for path in _python("plugins"):
        if "src" not in path.parts:
            continue
        for node in ast.walk(ast.parse(_source(path))):
            if isinstance(node, ast.Call):
                yield from (
                    text for word in node.keywords if word.arg == "code" and (text := _text(word.value))
                )
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                yield from (
                    text for key, value in pairs if key and _text(key) == "code" and (text := _text(value))
                )


def _name(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(400)
async def test_the_first_persona_is_made_as_the_page_says(tmp_path: Path) -> None:
    """Every block of docs/first-persona.md, in order, in one shell, against a stack with what comes with it."""
    blocks = BLOCK.findall((DOCS / "first-persona.md").read_text(encoding="utf-8"))
    assert len(blocks) > 10
    script = tmp_path / "first-persona.sh"
    script.write_text("set -euo pipefail\n" + "\n".join(blocks), encoding="utf-8")
    (tmp_path / "persona_graph").symlink_to(ROOT / "persona_graph")
    async with Embedded(tmp_path / "stack", port=0) as stack:
        environment = {**os.environ, "URL": stack.url, "TOKEN": stack.token, "no_proxy": "*"}
        shell = await asyncio.create_subprocess_exec(
            "bash", str(script), cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(shell.communicate(), 360)
        assert shell.returncode == 0, said.decode()[-4000:]
    text = said.decode()
    for word in ("I agree that recordings of this voice", "APPROVED", '"stage":"SUCCEEDED"', "410"):
        assert word in text, text[-4000:]
    for name in ("preview.wav", "speech.wav"):
        assert soundfile.info(tmp_path / name).duration > 1
    video = await probe_video(tmp_path / "video.mp4")
    assert video.seconds == pytest.approx(soundfile.info(tmp_path / "speech.wav").duration, abs=0.5)


UNITS = {"second": 1.0, "hour": 3600.0, "day": 86400.0, "byte": 1.0}
FIGURE = re.compile(r"^\| `([\w ]+)` \| ([\d.]+) (second|hour|day|byte)s? \|", re.MULTILINE)


def test_the_figures_of_the_privacy_page_are_those_of_the_code() -> None:
    chores = {chore.name: chore.every for chore in _chores(cast(Runtime, None))}
    wanted: dict[str, float] = {
        "PERSONA_GRAPH_UNUSED_UPLOAD_DAYS": _default("unused_upload_days") * 86400,
        "PERSONA_GRAPH_UPLOAD_TTL": _default("upload_ttl"),
        "PERSONA_GRAPH_LINK_TTL": _default("link_ttl"),
        "ORPHANS_AFTER": ORPHANS_AFTER.total_seconds(),
        "CACHE_SECONDS": CACHE_SECONDS,
        "RECHECK_SECONDS": RECHECK_SECONDS,
        "USED_STEP": USED_STEP.total_seconds(),
        "LOG_BYTES": LOG_BYTES,
        "LOG_DAYS": LOG_DAYS * 86400,
        **chores,
    }
    told = {
        name: float(figure) * UNITS[unit]
        for name, figure, unit in FIGURE.findall(sections("privacy.md")["The numbers"])
    }
    assert told == wanted


def _default(setting: str) -> float:
    return float(Settings.model_fields[setting].default)


LINK = re.compile(r"\]\(([^)#\s]+)(#[\w-]+)?\)")


def test_pages_link_to_what_is_there() -> None:
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md"]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
    assert {"how-a-job-runs.md", "first-persona.md", "privacy.md", "errors.md"} <= {
        page.name for page in pages
    }
