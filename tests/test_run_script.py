"""run.py on a machine that has a Python and nothing else: an empty environment, any folder, no network."""

from __future__ import annotations

import ast
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "run.py"

# Stands in for uv: writes down how it was called, fails as told, and makes an environment that can start.
UV = f"""import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
words = sys.argv[1:]
if words == ["--version"]:
    sys.exit(print("uv 0.99 (scripted)"))
env = {{key: value for key, value in os.environ.items() if key.startswith(("UV_", "SSL_"))}}
with open(os.path.join(here, "calls"), "a") as calls:
    calls.write(json.dumps({{"words": words, "env": env}}) + "\\n")
script = os.path.join(here, "script")
lines = open(script).read().splitlines() if os.path.exists(script) else []
if lines:
    with open(script, "w") as file:
        file.write("\\n".join(lines[1:]))
    if lines[0]:
        sys.exit(lines[0])
python = os.path.join(os.environ["UV_PROJECT_ENVIRONMENT"], "bin", "python")
os.makedirs(os.path.dirname(python), exist_ok=True)
if not os.path.exists(python):
    os.symlink({sys.executable!r}, python)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a space in its name that looks like a clone, with a scripted uv in it."""
    folder = tmp_path / "a clone"
    package = folder / "persona_graph"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import os, sys; print(sys.argv[1:], os.getcwd(), sys.executable)")
    plugin = folder / "plugins" / "persona-graph-local"
    plugin.mkdir(parents=True)
    for name in ("run.py", "pyproject.toml", "uv.lock"):
        (folder / name).write_text((ROOT / name).read_text())
    (plugin / "pyproject.toml").write_text("[project]")
    uv = folder / ".tools" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.with_suffix(".py").write_text(UV)
    # Not `#!python`: the interpreter's own path may have a space in it.
    uv.write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "$0.py" "$@"\n')
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    return folder


def run(folder: Path, *words: str, cwd: str | Path = "/", **env: str) -> subprocess.CompletedProcess[str]:
    """With an empty environment: no PATH, no HOME. ``env`` is all there is."""
    # The scripted CLI is found next to the script, as an editable install would make it.
    env = {"PYTHONPATH": str(folder), "PIP_CONFIG_FILE": os.devnull, **env}
    command = [sys.executable, str(folder / "run.py"), *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def calls(folder: Path) -> list[dict[str, dict[str, str]]]:
    path = folder / ".tools" / "bin" / "calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def words(folder: Path) -> list[str]:
    return [" ".join(call["words"]) for call in calls(folder)]


def test_old_pythons_can_read_it() -> None:
    """A Python that is too old must get as far as saying so."""
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


def test_it_imports_only_the_standard_library() -> None:
    tree = ast.parse(SCRIPT.read_text())
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    froms = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names | froms <= sys.stdlib_module_names


def test_an_old_python_is_told_what_to_install(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import run; run.OLDEST, run.NEWEST = (3, 97), (3, 98); run.insist_on_python()"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert "Stop: Python 3.97 to 3.98 is needed" in ran.stderr


def test_help_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(SCRIPT.read_text())
    asked = run(tmp_path, "-h")
    assert asked.returncode == 0
    assert asked.stdout.startswith("usage:")
    assert all(f"  {verb} " in asked.stdout for verb in ("demo", "up", "test", "check"))
    assert run(tmp_path).returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["run.py"]


def test_a_verb_installs_once_and_becomes_the_command(checkout: Path, tmp_path: Path) -> None:
    first = run(checkout, "doctor", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.strip() == f"['doctor', '--json'] {tmp_path} {checkout / '.venv' / 'bin' / 'python'}"
    assert words(checkout) == ["sync --frozen --inexact --quiet --all-extras"]
    env = calls(checkout)[0]["env"]
    assert env["UV_PYTHON_DOWNLOADS"] == "never"
    assert Path(env["UV_PYTHON"]).exists()
    assert env["UV_PROJECT_ENVIRONMENT"] == str(checkout / ".venv")
    assert "UV_DEFAULT_INDEX" not in env

    second = run(checkout, "doctor")
    assert second.stderr == ""
    assert len(calls(checkout)) == 1


def test_it_installs_again_when_the_lock_a_plugin_or_the_need_changed(checkout: Path) -> None:
    run(checkout, "demo")
    run(checkout, "keys")
    run(checkout, "demo")  # needs less than is there
    (checkout / "uv.lock").write_text("changed")
    run(checkout, "keys")
    (checkout / "plugins" / "persona-graph-local" / "pyproject.toml").write_text("[project]\nname = 'x'")
    run(checkout, "keys")
    run(checkout, "install")
    run(checkout, "keys")  # what the tests need holds what the command needs
    assert [line.rpartition("--quiet ")[2] for line in words(checkout)] == [
        "--extra local", "--all-extras", "--all-extras", "--all-extras", "--all-extras --group dev",
    ]  # fmt: skip


def test_a_failed_install_is_tried_again_next_time(checkout: Path) -> None:
    (checkout / ".tools" / "bin" / "script").write_text("error: something broke\n")
    failed = run(checkout, "keys")
    assert failed.returncode == 1
    assert "something broke" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert run(checkout, "keys").returncode == 0
    assert len(calls(checkout)) == 2


def test_what_pip_knows_of_the_network_holds_for_uv(checkout: Path) -> None:
    run(checkout, "keys", PIP_INDEX_URL="https://mirror.example/simple", PIP_CERT="/etc/ca.pem")
    env = calls(checkout)[0]["env"]
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["SSL_CERT_FILE"] == "/etc/ca.pem"


def test_what_uv_was_told_itself_comes_first(checkout: Path) -> None:
    run(
        checkout,
        "keys",
        PIP_INDEX_URL="https://mirror.example/simple",
        UV_DEFAULT_INDEX="https://own.example/simple",
    )
    assert calls(checkout)[0]["env"]["UV_DEFAULT_INDEX"] == "https://own.example/simple"


def test_a_private_certificate_authority_is_found_in_the_system_s_store(checkout: Path) -> None:
    (checkout / ".tools" / "bin" / "script").write_text("invalid peer certificate: UnknownIssuer\n")
    assert run(checkout, "keys").returncode == 0
    assert calls(checkout)[1]["env"]["UV_SYSTEM_CERTS"] == "1"


def test_a_mirror_serves_what_the_lock_names_by_hash(checkout: Path) -> None:
    """The lock is not rewritten: the same files are asked of the mirror by name and hash."""
    lock = (checkout / "uv.lock").read_text()
    (checkout / ".tools" / "bin" / "script").write_text(
        "error sending request for url (https://files.example)\n"
    )
    assert run(checkout, "keys", PIP_INDEX_URL="https://mirror.example/simple").returncode == 0
    verbs = [line.split(" --")[0] for line in words(checkout)]
    assert verbs == ["sync", "venv", "export", "pip install", "pip install"]
    assert "--require-hashes" in words(checkout)[3]
    assert "--no-deps" in words(checkout)[4]
    assert (checkout / "uv.lock").read_text() == lock


def test_without_network_it_says_what_to_do(checkout: Path) -> None:
    (checkout / ".tools" / "bin" / "uv").unlink()
    ran = run(
        checkout, "demo", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0", PIP_NO_CACHE_DIR="1"
    )
    assert ran.returncode == 1
    assert "A package index could not be reached" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_pip_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".tools" / "bin" / "uv").unlink()
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('pip', 'ensurepip'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    ran = run(checkout, "demo", PYTHONPATH=str(hidden), PATH=str(hidden))
    assert ran.returncode == 1
    assert "neither pip nor ensurepip" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_make_has_the_same_verbs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = next(line for line in makefile.splitlines() if line.startswith("VERBS")).split()[2:]
    usage = run(ROOT, "-h").stdout
    assert {verb for verb in targets if verb not in usage} == set()
    assert set(targets) >= {"demo", "test", "check", "schema"}


def test_ci_runs_the_same_check() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "run.py check" in script.read_text()
