"""The layout of the house: which way the arrows point, what may stand where, which words are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "persona_graph"
PLUGINS = ROOT / "plugins"


@dataclass(frozen=True)
class Source:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The folder under persona_graph, or the module's own name at its top level."""
        return self.path.relative_to(CORE).parts[0].removesuffix(".py")

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module imported anywhere in the file, in full; ``from a import b`` counts as a and a.b."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                found.update((module, *(f"{module}.{alias.name}" for alias in node.names)))
        return frozenset(found)

    def imports_any(self, *packages: str) -> list[str]:
        return sorted(m for m in self.imports for p in packages if m == p or m.startswith(p + "."))

    @cached_property
    def dotted(self) -> frozenset[str]:
        """Every dotted name that is used: ``os.environ``, ``httpx.AsyncClient``, ``session.commit``."""
        return frozenset(filter(None, (_dotted(node) for node in ast.walk(self.tree))))


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return f"{owner}.{attr}"
        case ast.Attribute(attr=attr):
            return f"….{attr}"
    return ""


def sources(folder: Path) -> list[Source]:
    skipped = {".venv", "__pycache__"}
    return [Source(path) for path in sorted(folder.rglob("*.py")) if not skipped & set(path.parts)]


CORE_SOURCES = sources(CORE)
PLUGIN_SOURCES = [s for s in sources(PLUGINS) if "src" in s.path.parts]
OUR_SOURCES = CORE_SOURCES + PLUGIN_SOURCES


def offenders(found: Iterator[tuple[str, object]]) -> list[str]:
    return [f"{name}: {what}" for name, what in found if what]


# --- Arrows -------------------------------------------------------------------------------------

# What a room may import of ours, itself aside. `BASE` is for everybody but the wall.
BASE = {"db", "errors", "settings"}
MAY_IMPORT: dict[str, set[str]] = {
    "provider": set(),
    "db": set(),
    "errors": set(),
    "settings": set(),
    "catalog": {"provider"},
    "accounts": {"catalog"},
    "media": {"accounts"},
    "outbound": set(),
    "opaque": set(),
    "style": set(),
    "jobs": {"catalog", "provider", "accounts", "media", "outbound", "opaque"},
    "personas": {"jobs", "catalog", "provider", "accounts", "media", "outbound", "style", "opaque"},
    "graphql": {"personas", "style", "jobs", "catalog", "provider", "accounts", "media", "runtime", "opaque"},
}
# The edges build the runtime and pass it down; no room imports them (graphql names the runtime's type).


def test_the_rooms_import_only_what_the_arrows_allow() -> None:
    def found() -> Iterator[tuple[str, object]]:
        for source in CORE_SOURCES:
            if source.room not in MAY_IMPORT:
                continue
            allowed = MAY_IMPORT[source.room] | {source.room, "__version__"}
            allowed |= set() if source.room in {"provider", "errors", "settings"} else BASE
            ours = {m.split(".")[1] for m in source.imports if m.startswith("persona_graph.")}
            yield source.name, sorted(ours - allowed)

    assert offenders(found()) == []


def test_every_room_has_its_arrows_written_down() -> None:
    folders = {p.name for p in CORE.iterdir() if p.is_dir() and any(p.glob("*.py"))} - {"migrations"}
    assert folders <= MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("packages", "homes"),
    [
        (
            ("starlette", "strawberry", "graphql"),
            ("persona_graph/graphql/", "persona_graph/app.py", "persona_graph/http_"),
        ),
        (("arq",), ("persona_graph/jobs/doorbell.py", "persona_graph/worker.py")),
        (("pydub",), ("persona_graph/media/",)),
        (("alembic",), ("persona_graph/migrations/",)),
        (("uvicorn",), ("persona_graph/app.py", "persona_graph/graphql/transport/server.py")),
        (("obstore",), ("persona_graph/media/store.py",)),
    ],
)
def test_a_library_stays_in_its_room(packages: tuple[str, ...], homes: tuple[str, ...]) -> None:
    outside = [source for source in CORE_SOURCES if not source.name.startswith(homes)]
    assert offenders((s.name, s.imports_any(*packages)) for s in outside) == []


def test_graphql_holds_no_sql() -> None:
    graphql = [source for source in CORE_SOURCES if source.room == "graphql"]
    assert offenders((s.name, s.imports_any("sqlalchemy", "aiosqlite", "asyncpg")) for s in graphql) == []


def test_routing_and_tiers_are_pure() -> None:
    pure = [
        s
        for s in CORE_SOURCES
        if s.name in {f"persona_graph/catalog/{n}.py" for n in ("routing", "tiers", "prices")}
    ]
    assert len(pure) == 3
    impure = ("persona_graph.db", "persona_graph.settings", "redis", "sqlalchemy", "asyncio", "httpx")
    assert offenders((s.name, s.imports_any(*impure)) for s in pure) == []


def test_only_the_database_module_commits() -> None:
    committing = [s.name for s in OUR_SOURCES if any(d.endswith(".commit") for d in s.dotted)]
    assert committing == ["persona_graph/db.py"]


ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"}


def test_only_settings_read_the_environment() -> None:
    """``run.py`` is the one exception: it runs before there is anything of ours to read settings with.
    Child processes get theirs from ``Settings.environment``."""
    reading = [
        s.name for s in OUR_SOURCES if ENVIRONMENT & s.dotted or {"os.environ", "os.getenv"} & s.imports
    ]
    assert reading == ["persona_graph/settings.py"]


VENDORS = re.compile(
    r"minimax|wavespeed|gtts|openai|elevenlabs|hunyuan|infinitetalk|replicate", re.IGNORECASE
)


def test_no_vendor_is_named_in_the_core() -> None:
    assert offenders((s.name, VENDORS.findall(s.text)) for s in CORE_SOURCES) == []


# --- Plugins ------------------------------------------------------------------------------------


def _package(source: Source) -> str:
    parts = source.path.parts
    return parts[parts.index("src") + 1]


def test_plugins_import_the_wall_and_nothing_else_of_ours() -> None:
    packages = {_package(source) for source in PLUGIN_SOURCES}

    def found() -> Iterator[tuple[str, object]]:
        for source in PLUGIN_SOURCES:
            core = [m for m in source.imports_any("persona_graph") if not _in_wall(m)]
            others = source.imports_any(*(packages - {_package(source)})) if len(packages) > 1 else []
            yield source.name, core + others

    assert offenders(found()) == []


def _in_wall(module: str) -> bool:
    return module == "persona_graph.provider" or module.startswith("persona_graph.provider.")


def test_plugins_build_no_client_and_never_sleep() -> None:
    """The core drives: it lends the client, the deadline and the pauses. (The sandbox is no provider: it
    plays the vendors' servers, which do take time.)"""
    forbidden = {
        "httpx.AsyncClient",
        "httpx.Client",
        "asyncio.sleep",
        "time.sleep",
        "requests.get",
        "urllib.request",
    }
    providers = [s for s in PLUGIN_SOURCES if _package(s) != "persona_graph_sandbox"]
    assert offenders((s.name, sorted(forbidden & (s.dotted | s.imports))) for s in providers) == []


# --- Words --------------------------------------------------------------------------------------

NEVER = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "service",
    "services",
    "handler",
    "handlers",
    "common",
}
NO_VERBS = {"process", "handle", "manage", "perform", "execute", "do"}
# A name that ends in one of these says nothing about what is in it.
NO_NOUNS = {"data", "info"}
# Names that somebody else gave, or that name the thing a user knows by that name.
GIVEN = {
    "process_bind_param", "process_result_value",  # SQLAlchemy's TypeDecorator
    "handle_connect", "handle_cont", "handle_text", "handle_ping",  # uvicorn's WebSocket protocol
    "PageInfo",  # the Relay connection specification
    "do_GET", "do_POST", "do_HEAD",  # http.server
    "handle_async_request",  # httpx's transports
}  # fmt: skip
KNOWN_TERMS = ("service_token", "data_use")


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def _badly_named(source: Source) -> Iterator[str]:
    yield from (_fault(part) for part in source.path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield _fault(node.name)


def _fault(name: str) -> str:
    plain = "_".join(_words(name))
    for term in KNOWN_TERMS:
        plain = plain.replace(term, "")
    words = [word for word in plain.split("_") if word]
    bad = name not in GIVEN and (
        NEVER & set(words) or (words[:1] and words[0] in NO_VERBS) or (words[-1:] and words[-1] in NO_NOUNS)
    )
    return name if bad else ""


def test_names_say_what_a_thing_is() -> None:
    assert offenders((s.name, [n for n in _badly_named(s) if n]) for s in OUR_SOURCES) == []


# --- Size and shape -----------------------------------------------------------------------------

MOST_LINES = 500
LONG_FUNCTION = 40


def test_no_file_is_longer_than_500_lines() -> None:
    ours = [*OUR_SOURCES, *sources(ROOT / "tests"), Source(ROOT / "run.py")]
    assert [s.name for s in ours if len(s.text.splitlines()) > MOST_LINES] == []


def test_nine_functions_in_ten_are_short() -> None:
    lengths = {
        f"{s.name}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for s in OUR_SOURCES
        for node in ast.walk(s.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    long = {name: lines for name, lines in lengths.items() if lines >= LONG_FUNCTION}
    assert len(long) <= len(lengths) / 10, long


def test_annotations_are_postponed_everywhere() -> None:
    every = [*OUR_SOURCES, *sources(ROOT / "tests")]
    annotated = (ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign)
    code = [s for s in every if any(isinstance(node, annotated) for node in ast.walk(s.tree))]
    assert [s.name for s in code if "__future__.annotations" not in s.imports] == []


def test_tests_use_real_parts() -> None:
    """No patched code of our own: doubles are scripted objects, transports are injected."""
    tests = [*sources(ROOT / "tests"), *(s for s in sources(PLUGINS) if "tests" in s.path.parts)]
    assert offenders((s.name, s.imports_any("unittest.mock", "mock", "pytest_mock")) for s in tests) == []


def test_nothing_is_imported_by_its_place_in_a_folder() -> None:
    relative = ((s.name, sorted(m for m in s.imports if m.startswith("."))) for s in OUR_SOURCES)
    assert offenders(relative) == []


HEAVY = ("numpy", "scipy", "cv2", "soundfile", "pydub", "pyworld", "moto")


@pytest.mark.parametrize("module", ["persona_graph.cli", "persona_graph.embedded", "persona_graph.app"])
def test_starting_imports_nothing_heavy(module: str) -> None:
    """The signal and image libraries load in the processes that use them."""
    code = f"import {module}, sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.split() == []
