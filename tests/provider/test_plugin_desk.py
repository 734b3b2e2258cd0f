"""``persona-graph plugins new``, ``check`` and ``record`` as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from persona_graph.provider.conformance.scaffold import NameTaken, make_plugin
from tests.client import ROOT

pytestmark = pytest.mark.timeout(120)


def typed(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PERSONA_GRAPH_")}
    env = {**bare, "PERSONA_GRAPH_DATA_DIR": str(folder / "data"), **environment}
    command = [sys.executable, "-m", "persona_graph", "plugins", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("name", ["chime", "sea-speak", "none", "offer", "x2"])
def test_a_new_plugin_is_as_tidy_as_the_house(tmp_path: Path, name: str) -> None:
    """Strictly typed, linted and formatted, whatever it is called."""
    folder = make_plugin(name, tmp_path)
    package = f"persona_graph_{name.replace('-', '_')}"
    tools = ("--isolated", "--line-length", "110")
    ours = f"lint.isort.known-first-party=['persona_graph', '{package}']"
    for command in (
        ["ruff", "check", *tools, "--select", "E,F,I,UP,B,RUF,SIM,PTH,RET,C4", "--config", ours, str(folder)],
        ["ruff", "format", *tools, "--check", str(folder)],
    ):
        ran = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    # Whatever else the machine's type checker has in its cache, this is what it reads.
    env = {**os.environ, "MYPYPATH": f"{folder / 'src'}:{ROOT}", "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")}
    if name == "sea-speak":
        command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "-p", package]
        ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_new_plugin_passes_as_it_is_and_its_grade_is_kept(tmp_path: Path) -> None:
    made = typed(tmp_path, "new", "sea-speak", "--into", "here")
    assert made.stdout.strip() == "here/persona-graph-sea-speak", made.stderr
    ran = typed(tmp_path, "check", made.stdout.strip(), "--json")
    found = json.loads(ran.stdout)["sea-speak"]
    assert (ran.returncode, found["grade"]) == (0, "A")
    kept = json.loads((tmp_path / "data/conformance/sea-speak.json").read_text())
    assert (kept["distribution"], kept["version"]) == ("persona-graph-sea-speak", "0.1.0")
    assert kept["providers"]["sea-speak"] == found["checks"] and "grade" not in json.dumps(kept)
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "here/persona-graph-sea-speak"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "here/persona-graph-sea-speak/src")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert tests.returncode == 0 and "sea-speak: grade A" in tests.stdout, tests.stdout


BREAKAGES = {
    "a provider that fails": ("provider.py", "api_version = API_VERSION", "api_version = 2", 1, "it speaks provider API 2"),
    "a test that cannot be imported": ("../../tests/test_conformance.py", "class Test", "import nothing_there\nclass Test", 2, "nothing_there"),
    "no suite among the tests": ("../../tests/test_conformance.py", "(ProviderConformance)", "", 2, "came to no result"),
    "no plugin in the pyproject": ("../../pyproject.toml", "entry-points.persona_graph", "entry-points.other", 2, "does not describe a plugin"),
}  # fmt: skip


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_cannot_be_checked_is_one_line(tmp_path: Path, breakage: str) -> None:
    """P1, P3."""
    file, good, bad, code, said = BREAKAGES[breakage]
    folder = make_plugin("chime", tmp_path)
    path = (folder / "src/persona_graph_chime" / file).resolve()
    path.write_text(path.read_text().replace(good, bad))
    ran = typed(tmp_path, "check", f"{folder}/")
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert said in " ".join((ran.stdout + ran.stderr).split())
    assert "Traceback" not in ran.stderr
    assert (tmp_path / "data/conformance").exists() == (code == 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "nobody"), "no plugin nobody is installed"),
        (("check", "./"), "has no pyproject.toml"),
        (("new", "Chime"), "'Chime' is no name for a plugin"),
        (("new", "../out"), "is no name for a plugin"),
        (("record", "nobody"), "there is no such plugin"),
        (("record", "local", "--offer", "sing"), "there is no such plugin, provider or offer"),
    ],
)  # fmt: skip
def test_what_an_author_can_put_right_is_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ran = typed(tmp_path, *words)
    assert ran.returncode == 2 and said in ran.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    make_plugin("chime", tmp_path)
    with pytest.raises(NameTaken, match="is there already"):
        make_plugin("chime", tmp_path)


def test_a_recording_asks_before_it_pays_and_needs_the_key(tmp_path: Path) -> None:
    """The key is named, not shown; without ``--pay`` nothing is asked of the vendor."""
    folder = make_plugin("chime", tmp_path)
    package = folder / "src/persona_graph_chime"
    hook, provider = package / "__init__.py", package / "provider.py"
    hook.write_text(hook.read_text().replace('config.get("PITCH", "220")', 'config.secret("PITCH")'))
    provider.write_text(provider.read_text().replace("Cost()", "Cost(per_1000_chars=Decimal(1))").replace("import io", "import io\nfrom decimal import Decimal"))  # fmt: skip
    about = folder / "src/persona_graph_chime-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: persona-graph-chime\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[persona_graph]\nchime = persona_graph_chime\n")
    path = {"PYTHONPATH": os.pathsep.join([str(folder / "src"), str(ROOT)])}
    key = {"PERSONA_GRAPH_PLUGIN_CHIME_PITCH": "330.0"}
    bare = typed(tmp_path, "record", "chime", **path)
    assert bare.returncode == 2 and "PERSONA_GRAPH_PLUGIN_CHIME_PITCH is not set" in bare.stderr
    unpaid = typed(tmp_path, "record", "chime", **path, **key)
    assert unpaid.returncode == 2 and "say --pay to agree" in unpaid.stderr
    paid = typed(tmp_path, "record", "chime", "--pay", "--text", "Hello there.", **path, **key)
    assert paid.returncode == 0, paid.stderr
    assert json.loads((tmp_path / "chime-speak.json").read_text()) == {"exchanges": []}


@pytest.mark.parametrize("first", [True, False], ids=["the worse one first", "the worse one last"])
def test_the_grade_is_that_of_all_suites_together(tmp_path: Path, first: bool) -> None:
    """P7: a provider that two suites look at has what either of them found."""
    folder = make_plugin("chime", tmp_path)
    tests = folder / "tests"
    made = (tests / "test_conformance.py").read_text()
    kind = next(line.split()[1].partition("(")[0] for line in made.splitlines() if line.startswith("class "))
    worse = made.replace(f"class {kind}(", "class TestWorse(") + (
        "\n    def order(self, offer: object, call: object) -> object:\n"
        "        raise RuntimeError('this suite cannot order anything')\n"
    )
    (tests / ("test_a_worse.py" if first else "test_z_worse.py")).write_text(worse)
    ran = typed(tmp_path, "check", f"{folder}/", "--json")
    found = json.loads(ran.stdout)["chime"]
    assert (ran.returncode, found["grade"]) == (1, "D")


def test_a_suite_that_breaks_off_leaves_no_grade(tmp_path: Path) -> None:
    """What the others found would hide it."""
    folder = make_plugin("chime", tmp_path)
    made = (folder / "tests/test_conformance.py").read_text()
    broken = made.replace("class Test", "class TestBroken") + (
        "\n    @pytest.fixture(autouse=True)\n    def _served(self) -> None:\n        raise RuntimeError\n"
    )
    broken = broken.replace(
        "from __future__ import annotations\n", "from __future__ import annotations\n\nimport pytest\n"
    )
    (folder / "tests/test_a_broken.py").write_text(broken)
    ran = typed(tmp_path, "check", f"{folder}/")
    assert ran.returncode == 2 and "came to no result" in ran.stderr
