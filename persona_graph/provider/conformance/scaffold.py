"""A new plugin that works: the toy of ``template``, under the author's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class NameTaken(Exception):
    """Why no plugin can be made under this name, in one line."""


def make_plugin(name: str, into: Path) -> Path:
    """The folder of the distribution ``persona-graph-NAME``."""
    if not NAME.fullmatch(name) or len(name) > 40:
        raise NameTaken(f"{name!r} is no name for a plugin: use a lower-case word, with hyphens if need be")
    folder = into / f"persona-graph-{name}"
    if folder.exists():
        raise NameTaken(f"{folder} is there already")
    words = _words(name)
    for path, text in _files(words["package"]):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(text, words), encoding="utf-8")
    return folder


def _words(name: str) -> dict[str, str]:
    title = name.replace("-", " ").capitalize()
    made = "".join(part.capitalize() for part in name.split("-"))
    return {
        "name": name,
        "title": title,
        "package": f"persona_graph_{name.replace('-', '_')}",
        "setting": name.upper().replace("-", "_"),
        "class": f"{made}Provider",
    }


def _files(package: str) -> Iterator[tuple[Path, str]]:
    for path in sorted(TEMPLATE.rglob("*.txt")):
        place = path.relative_to(TEMPLATE).with_suffix("")
        if place.parts[0] == "src":
            place = Path("src", package, *place.parts[1:])
        yield place, path.read_text(encoding="utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], text)
