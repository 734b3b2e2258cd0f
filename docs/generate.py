"""Writes the parts of these pages that the code knows best, between their markers.

python3 run.py docs
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from persona_graph.cli import PROGRAM, parser
from persona_graph.demo import parser as demo_parser
from persona_graph.provider.conformance.every import every_check
from persona_graph.settings import PREFIX, Settings

HERE = Path(__file__).parent


def settings_table() -> str:
    lines = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, list):
        value = ",".join(value)
    return f"`{value}`" if value not in ("", None) else "–"


def command_reference() -> str:
    return "\n\n".join(_section(name, sub) for name, sub in verbs(parser()))


def verbs(top: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every verb that does something, in the order of the help."""
    for action in top._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for name, sub in action.choices.items():
            inner = list(verbs(sub, f"{before}{name} "))
            if not inner or sub.get_default("verb"):
                yield f"{before}{name}", demo_parser() if name == "demo" else sub
            yield from inner


def _section(name: str, sub: argparse.ArgumentParser) -> str:
    lines = [f"### `{PROGRAM} {name}`", "", sub.description or ""]
    options = [
        action
        for action in sub._actions
        if action.dest != "help" and not isinstance(action, argparse._SubParsersAction)
    ]
    if options:
        lines += ["", "| option | what it is |", "|---|---|"]
    for action in options:
        value = (
            "" if action.nargs == 0 else " " + str(action.metavar or _choices(action) or action.dest.upper())
        )
        said = (action.help or "") % {"default": action.default}
        lines.append(f"| `{', '.join(action.option_strings)}{value}".replace("| ` ", "| `") + f"` | {said} |")
    return "\n".join(lines)


def _choices(action: argparse.Action) -> str:
    return "/".join(action.choices) if action.choices else ""


def table_of_checks() -> str:
    rows = [f"| {check.title} | {'yes' if check.essential else ''} |" for check in every_check()]
    return "\n".join(["| check | essential |", "|---|---|", *rows])


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_table,
    "cli.md": command_reference,
    "write-a-provider.md": table_of_checks,
}


def written(page: str) -> str:
    """The page as it should be."""
    text = (HERE / page).read_text(encoding="utf-8")
    block = re.compile(r"(<!-- generated -->\n).*?(<!-- end -->)", re.DOTALL)
    made = PAGES[page]()
    text, count = block.subn(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{page} needs one pair of markers")
    return text


if __name__ == "__main__":
    for page in PAGES:
        (HERE / page).write_text(written(page), encoding="utf-8")
