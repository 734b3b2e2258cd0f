"""``persona-graph plugins new``, ``check`` and ``record``: what an author of a plugin needs at the command line."""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from persona_graph.provider.report import Report

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

GROUP = "persona_graph"
PATIENCE = 3600


class Unusable(Exception):
    """What the author can put right, in one line."""


def add_verbs(verbs: Verbs) -> None:
    _add_new(verbs)
    _add_check(verbs)
    _add_record(verbs)


def _add(
    verbs: Verbs, name: str, verb: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    sub = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    sub.set_defaults(verb=verb)
    return sub


def _add_new(verbs: Verbs) -> None:
    sub = _add(verbs, "new", new, "write a new plugin that works: a toy provider, its tests, its pyproject")
    sub.add_argument("name", metavar="NAME", help="the plugin's name: a lower-case word, hyphens allowed")
    sub.add_argument(
        "--into", type=Path, default=Path(), metavar="FOLDER", help="where its folder is made (default: here)"
    )


def _add_check(verbs: Verbs) -> None:
    sub = _add(verbs, "check", check, "run the conformance kit on a plugin, and keep its grade")
    sub.add_argument("name", metavar="NAME", help="an installed plugin, or the folder of one")
    sub.add_argument(
        "--ship", action="store_true", help="also write conformance.json into the package, to be shipped"
    )
    sub.add_argument("--json", action="store_true", help="answer as JSON")


def _add_record(verbs: Verbs) -> None:
    sub = _add(
        verbs,
        "record",
        record,
        "place one order at the vendor and keep the exchange, without secrets, for tests",
    )
    sub.add_argument(
        "name", metavar="NAME", help="an installed plugin; its settings come from the environment"
    )
    sub.add_argument("--offer", metavar="ID", help="which offer to order (default: the first)")
    sub.add_argument("--provider", metavar="ID", help="of which provider (default: the first)")
    sub.add_argument("--text", metavar="TEXT", help="the script or brief (default: a short one)")
    sub.add_argument("--voice", metavar="ID", help="the vendor's id of the voice that speaks")
    sub.add_argument(
        "--sample", type=Path, metavar="FILE", help="a WAV recording: a sample, or the speech of a video"
    )
    sub.add_argument("--portrait", type=Path, metavar="FILE", help="the photo of a video")
    sub.add_argument("--out", type=Path, metavar="FILE", help="where it goes (default: NAME-OFFER.json)")
    sub.add_argument("--pay", action="store_true", help="agree to what the vendor charges for it")


# --- Where a plugin is ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """A plugin's distribution in its source folder. ``entries``: module by entry point's name."""

    folder: Path
    distribution: str
    version: str
    entries: Mapping[str, str]

    @property
    def code(self) -> Path:
        return self.folder / "src" if (self.folder / "src").is_dir() else self.folder

    @property
    def tests(self) -> Path:
        return self.folder / "tests"

    def package(self, module: str) -> Path:
        top = module.partition(".")[0]
        folder = self.code / top
        return folder if folder.is_dir() else self.code / f"{top}.py"


def source_of(name: str) -> Source:
    """By its folder, or by its name if it is installed from one."""
    folder = Path(name) if "/" in name or Path(name, "pyproject.toml").is_file() else _installed_from(name)
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        entries = dict(project["entry-points"][GROUP])
        return Source(folder.resolve(), str(project["name"]), str(project["version"]), entries)
    except FileNotFoundError:
        raise Unusable(
            f"{folder} has no pyproject.toml; name the folder of a plugin, or an installed plugin"
        ) from None
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise Unusable(
            f"{folder / 'pyproject.toml'} does not describe a plugin ({error}); `plugins new` writes one that does"
        ) from None


def _installed_from(name: str) -> Path:
    for entry in importlib.metadata.entry_points(group=GROUP, name=name):
        told = entry.dist.read_text("direct_url.json") if entry.dist else None
        url = urlsplit(json.loads(told)["url"]) if told else None
        if url and url.scheme == "file" and (folder := Path(unquote(url.path))).is_dir():
            return folder
        raise Unusable(f"plugin {name} is installed without its tests; give the folder of its source")
    raise Unusable(
        f"no plugin {name} is installed; `persona-graph plugins` lists them, and a folder is given with a slash"
    )


# --- new ------------------------------------------------------------------------------------------


def new(asked: argparse.Namespace) -> int:
    from persona_graph.provider.conformance.scaffold import NameTaken, make_plugin

    try:
        folder = make_plugin(asked.name, asked.into)
    except NameTaken as error:
        raise Unusable(str(error)) from None
    _say(str(folder))
    _tell(f"it passes as it is: persona-graph plugins check {folder}")
    return 0


# --- check ----------------------------------------------------------------------------------------


def check(asked: argparse.Namespace) -> int:
    from persona_graph.catalog.grades import report_file, reports_folder
    from persona_graph.provider.report import FILE_NAME, Verdict, source_digest, written
    from persona_graph.settings import Settings

    source, settings = source_of(asked.name), Settings()
    reports = _measured(source, settings.environment())
    for name, module in source.entries.items():
        package = source.package(module)
        text = written(source.distribution, source.version, source_digest(package), reports)
        kept = report_file(reports_folder(settings.data_dir), name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, encoding="utf-8")
        if asked.ship and package.is_dir():
            (package / FILE_NAME).write_text(text, encoding="utf-8")
    if asked.json:
        _say(
            json.dumps({r.provider: {"grade": r.grade.value, "checks": r.plain()} for r in reports}, indent=1)
        )
    else:
        _say("\n\n".join(report.text() for report in reports))
    return 1 if any(report.count(Verdict.FAILED) for report in reports) else 0


def _measured(source: Source, environment: Mapping[str, str]) -> list[Report]:
    from persona_graph.provider.report import Report

    if not source.tests.is_dir():
        raise Unusable(
            f"{source.folder} has no tests; inherit ProviderConformance in one (docs/write-a-provider.md)"
        )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        ran = _run_tests(source, out, environment)
        said = ran.stdout.strip() or ran.stderr.strip()
        if "No module named 'pytest'" in ran.stderr:
            raise Unusable("the kit runs with pytest, which is not installed here")
        found = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    if ran.returncode or not found:
        raise Unusable(f"the kit came to no result; pytest said: … {' '.join(said.split())[-600:]}")
    return [Report.of(provider, rows) for provider, rows in found.items()]


def _run_tests(source: Source, out: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Without the settings of any plugin: the kit needs no key, and finds none to leak."""
    from persona_graph.settings import PLUGIN_PREFIX

    bare = {key: value for key, value in environment.items() if not key.startswith(PLUGIN_PREFIX)}
    path = [str(source.code), *filter(None, [bare.get("PYTHONPATH")])]
    command = [
        sys.executable,
        "-m",
        "persona_graph.provider.conformance.measure",
        str(out),
        str(source.tests),
    ]
    return subprocess.run(
        command, cwd=source.folder, env={**bare, "PYTHONPATH": ":".join(path)},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


# --- record ---------------------------------------------------------------------------------------


def record(asked: argparse.Namespace) -> int:
    from persona_graph.catalog.registry import load_plugins
    from persona_graph.provider.conformance.recording import Wish, recorded
    from persona_graph.settings import plugin_settings

    entries = importlib.metadata.entry_points(group=GROUP, name=asked.name)
    catalog = load_plugins(plugin_settings, entries)
    for left_out in catalog.quarantined:
        raise Unusable(f"plugin {left_out.plugin} is left out: {left_out.reason}")
    provider = next((p for p in catalog.providers if asked.provider in (None, p.id)), None)
    offer = next((o for o in provider.offers if asked.offer in (None, o.id)), None) if provider else None
    if provider is None or offer is None:
        raise Unusable("there is no such plugin, provider or offer; `persona-graph plugins` lists them")
    wish = Wish(asked.text, asked.voice, asked.sample, asked.portrait)
    if not asked.pay and _costs(offer):
        raise Unusable(f"{provider.name} charges for this; say --pay to agree")
    out = asked.out or Path(f"{asked.name}-{offer.id}.json")
    tape = asyncio.run(recorded(provider, offer, wish, tuple(plugin_settings(asked.name).values())))
    out.write_text(tape.text(), encoding="utf-8")
    _tell(f"{len(tape.exchanges)} exchanges in {out}; read it before you share it")
    return 0


def _costs(offer: Any) -> bool:
    return bool(offer.cost.of(seconds=60, characters=1000) or dict(offer.cost.per_block_at))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _tell(line: str) -> None:
    sys.stderr.write(f"persona-graph: {line}\n")
