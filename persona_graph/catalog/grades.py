"""How well each provider kept the wall's promises when it was last measured: by ``persona-graph plugins check``
here, or by its author, whose report came with the package. A report about another version, or about a source
that has changed since, says nothing."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from persona_graph.provider.report import FILE_NAME, Grade, read_grades, source_digest

MOST_BYTES = 1_000_000


def reports_folder(data_dir: Path) -> Path:
    return data_dir / "conformance"


def report_file(reports: Path, plugin: str) -> Path:
    return reports / f"{plugin}.json"


def grades_of(
    entry: importlib.metadata.EntryPoint, version: str, reports: Path | None
) -> Mapping[str, Grade]:
    """By provider id, of a plugin whose module has been loaded. What was measured here comes first."""
    package = _package(entry)
    if package is None:
        return {}
    texts = list(_texts(entry, package, reports))
    if not texts:
        return {}
    digest = source_digest(package)
    found: dict[str, Grade] = {}
    for text in texts:
        found = {**read_grades(text, version=version, digest=digest), **found}
    return found


def _package(entry: importlib.metadata.EntryPoint) -> Path | None:
    """The folder of the plugin's code, or its one file."""
    own = entry.module
    top = getattr(sys.modules.get(own.partition(".")[0]), "__file__", None)
    place = top or getattr(sys.modules.get(own), "__file__", None)
    if place is None:
        return None
    path = Path(place)
    return path.parent if path.name == "__init__.py" else path


def _texts(entry: importlib.metadata.EntryPoint, package: Path, reports: Path | None) -> Iterator[str]:
    files = [report_file(reports, entry.name)] if reports is not None else []
    if package.is_dir():
        files.append(package / FILE_NAME)
    for file in files:
        try:
            if file.stat().st_size <= MOST_BYTES:
                yield file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
