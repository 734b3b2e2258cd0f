"""The sandbox as a process of its own, until a signal ends it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from persona_graph_sandbox.sandbox import Sandbox, UnknownVendor
from persona_graph_sandbox.serving import PortTaken

UNUSABLE = 2


def run(
    *,
    port_base: int = 0,
    seed: int | None = None,
    faults_rate: float = 0.0,
    vendors: list[str] | None = None,
    ready: Path | None = None,
) -> int:
    """``ready`` is written once all is served, and read before: a restart keeps its addresses."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    try:
        sandbox = Sandbox(vendors, seed, port_base=port_base, ports=_noted(ready), faults_rate=faults_rate)
        with sandbox:
            sys.stdout.write(told(sandbox))
            sys.stdout.flush()
            if ready is not None:
                _note(ready, sandbox)
            ended.wait()
    except (UnknownVendor, PortTaken) as error:
        sys.stderr.write(f"persona-graph: {error}\n")
        return UNUSABLE
    return 0


def told(sandbox: Sandbox) -> str:
    """The addresses, and the environment that wires the plugins to them."""
    names = [*sandbox.emulators, "files", "control"]
    width = max(map(len, names))
    lines = [f"{name.ljust(width)}  {sandbox.url(name)}" for name in names]
    lines += ["", "# For the environment of the API and the workers:"]
    lines += [f"export {key}={value}" for key, value in sandbox.settings().items()]
    return "\n".join(lines) + "\n"


def _note(ready: Path, sandbox: Sandbox) -> None:
    unfinished = ready.with_suffix(".part")
    text = json.dumps({"urls": sandbox.urls, "settings": sandbox.settings()})
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(text)
    unfinished.replace(ready)


def _noted(ready: Path | None) -> dict[str, int]:
    try:
        urls = json.loads(ready.read_text())["urls"] if ready is not None else {}
        return {name: int(url.rpartition(":")[2]) for name, url in urls.items()}
    except (OSError, ValueError, KeyError):
        return {}
