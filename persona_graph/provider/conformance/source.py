"""What a plugin's source may not do, read from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

WALL = "persona_graph.provider"

# Name as it is imported or used, and why not.
FORBIDDEN: dict[str, str] = {
    "os.environ": "settings come with PluginConfig",
    "os.environb": "settings come with PluginConfig",
    "os.getenv": "settings come with PluginConfig",
    "httpx.AsyncClient": "use call.http",
    "httpx.Client": "use call.http",
    "httpx.get": "use call.http",
    "httpx.post": "use call.http",
    "httpx.put": "use call.http",
    "httpx.request": "use call.http",
    "httpx.stream": "use call.http",
    "requests": "use call.http",
    "aiohttp": "use call.http",
    "urllib3": "use call.http",
    "urllib.request": "use call.http",
    "http.client": "use call.http",
    "asyncio.sleep": "answer Progress(check_again_in=…), or await call.turn(…)",
    "time.sleep": "answer Progress(check_again_in=…), or await call.turn(…)",
    "time.time": "use call.now",
    "time.monotonic": "use call.remaining",
    "time.perf_counter": "use call.remaining",
    "datetime.now": "use call.now",
    "datetime.utcnow": "use call.now",
    "datetime.today": "use call.now",
    "date.today": "use call.now",
}


def source_faults(package: Path, apart: Mapping[str, str]) -> Iterator[str]:
    """``package`` is the folder or module file of the plugin; ``apart`` names files, by pattern, that are not
    looked at because they run in processes of the plugin's own."""
    for path in sorted(package.rglob("*.py")) if package.is_dir() else [package]:
        name = path.relative_to(package.parent).as_posix()
        if any(fnmatch(path.name, pattern) for pattern in apart) or "__pycache__" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=name)
        yield from (f"{name}:{line}: {fault}" for line, fault in _faults(tree, package.stem))


def _faults(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    known = _local_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for module in _imported(node):
                yield from ((node.lineno, fault) for fault in _import_faults(module, package))
        elif isinstance(node, ast.Attribute):
            name = _spelled(node, known)
            if name and (why := _forbidden(name)):
                yield node.lineno, f"{name}: {why}"


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level or not node.module:
        return []
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _import_faults(module: str, package: str) -> Iterator[str]:
    top = module.partition(".")[0]
    ours = top == "persona_graph" or top.startswith("persona_graph_")
    if ours and top != package and not f"{module}.".startswith(f"{WALL}."):
        yield f"imports {module}: of Persona Graph a plugin imports {WALL} only"
    elif f"{module}.".startswith(f"{WALL}.conformance."):
        yield f"imports {module}: the kit is for tests"
    elif why := _forbidden(module):
        yield f"imports {module}: {why}"


def _forbidden(name: str) -> str | None:
    # datetime.datetime.now is datetime.now, and requests.get is requests.
    short = name.removeprefix("datetime.") if name.count(".") > 1 else name
    return next((why for bad, why in FORBIDDEN.items() if f"{short}.".startswith(f"{bad}.")), None)


def _local_names(tree: ast.Module) -> dict[str, str]:
    """What ``import x as y`` and ``from x import y as z`` made of names."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return found


def _spelled(node: ast.Attribute, known: Mapping[str, str]) -> str | None:
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return None
    return ".".join([known.get(inner.id, inner.id), *reversed(parts)])
