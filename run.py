#!/usr/bin/env python3
"""The door to this checkout, for a machine with Python 3.11 or later and nothing else.

    python3 run.py demo      the whole product on this machine, no keys: train, approve, speak, film
    python3 run.py up        the stack, for development: http://127.0.0.1:8000/graphql
    python3 run.py test      every test
    python3 run.py check     format, lint, types, schema, tests: what CI runs

It fetches uv into .tools, installs the locked packages into .venv, and hands over. Only the standard
library is used; everything it writes stays inside this folder (and uv's own cache).
"""

# This file is read by whatever python3 there is before its version can be checked: no newer syntax here.
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time

OLDEST, NEWEST = (3, 11), (3, 14)
UV = "uv>=0.9.5,<1"
ROOT = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(ROOT, ".tools")
VENV = os.path.join(ROOT, ".venv")
# Started from inside a virtual environment, the interpreter that it was made from counts.
BASE = getattr(sys, "_base_executable", None) or sys.executable
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.json")

# What each kind of verb needs. Each level contains the one before, so a demo after the tests installs nothing.
DEMO = ("--extra", "local")
PLUGINS = ("--all-extras",)
ALL = ("--all-extras", "--group", "dev")
LEVELS = [list(DEMO), list(PLUGINS), list(ALL)]
SOURCES = (
    "persona_graph",
    "plugins",
    "tests",
    "docs",
    "clients",
    "examples",
    "tools",
    "conftest.py",
    "run.py",
)


class Stop(Exception):
    """An expected failure: the message says what to do, and is all that is shown."""


# --- Is this a machine we run on? ---------------------------------------------------------------


def newer_python():
    """Another interpreter on the PATH that we run on, or None."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)
        if found and subprocess.call([found, "-c", "import ssl, zlib"], stderr=subprocess.DEVNULL) == 0:
            return found
    return None


def insist_on_python():
    """Return when this interpreter will do; run again under one that will; or say what is needed."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    other = newer_python()
    if other:
        os.execv(other, [other, os.path.join(ROOT, "run.py")] + sys.argv[1:])
    raise Stop(
        "Python %d.%d to %d.%d is needed; this is %s at %s.\n"
        "Install one (Debian/Ubuntu: apt install python3.12; macOS: brew install python@3.12) and run it by name:\n"
        "    python3.12 run.py %s"
        % (OLDEST + NEWEST + (sys.version.split()[0], sys.executable, " ".join(sys.argv[1:])))
    )


def insist_on_platform():
    if sys.platform.startswith("win"):
        raise Stop(
            "Windows is not supported directly. Run this inside WSL2 (wsl --install), or use docker-compose.yml."
        )
    if "musl" in str(sysconfig.get_config_var("HOST_GNU_TYPE")):
        raise Stop(
            "This Linux uses musl (Alpine), for which some packages have no binaries. Use a glibc system, or the Dockerfile."
        )


def listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


# --- Getting uv ---------------------------------------------------------------------------------


def captured(command, env=None):
    """(exit code, everything it said). A command that cannot be started counts as failed."""
    try:
        ran = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return 127, str(error)
    return ran.returncode, ran.stdout.decode("utf-8", "replace")


def works(uv):
    return captured([uv, "--version"])[0] == 0


def pip():
    """A command that runs pip without touching the system's packages, or None."""
    if captured([BASE, "-m", "pip", "--version"])[0] == 0:
        return [BASE, "-m", "pip"]
    # No pip: ensurepip may carry one, and a throw-away environment is where it may put it.
    own = os.path.join(TOOLS, "pip")
    inside = [os.path.join(own, "bin", "python"), "-m", "pip"]
    if captured([BASE, "-m", "venv", "--clear", own])[0] == 0 and captured(inside + ["--version"])[0] == 0:
        return inside
    shutil.rmtree(own, ignore_errors=True)
    return None


def find_uv():
    uv = os.path.join(TOOLS, "bin", "uv")
    if works(uv):
        return uv
    command = pip()
    if command is None:
        on_path = shutil.which("uv")
        if on_path and works(on_path):
            return on_path
        raise Stop(
            "This Python has neither pip nor ensurepip, and there is no uv on the PATH.\n"
            "Install one of them (Debian/Ubuntu: apt install python3-pip) and run this again."
        )
    with step("Fetching uv into .tools"):
        install = command + [
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--upgrade",
            "--target",
            TOOLS,
            UV,
        ]
        code, said = captured(install)
        if code or not works(uv):
            raise Stop(explained(said, "pip could not install uv"))
    return uv


# --- Installing the locked packages -------------------------------------------------------------


def sync(needs):
    """Make .venv hold what ``needs`` names, as locked; does nothing when a stamp says it does."""
    key = fingerprint()
    if stamped(key, needs):
        return
    uv = find_uv()
    env = uv_environment()
    with step("Installing the locked packages into .venv"):
        # Inexact: what a developer added by hand stays.
        command = [uv, "sync", "--frozen", "--inexact", "--quiet", *needs]
        code, said = captured(command, env)
        if code and "certificate" in said:
            # Behind an inspecting proxy only the system's certificates will do.
            env.setdefault("UV_SYSTEM_CERTS", "1")
            code, said = captured(command, env)
        if code and env.get("UV_DEFAULT_INDEX"):
            # The lock names the public index's files; a mirror serves the same ones, by the same hashes.
            code, said = sync_from_mirror(uv, env, needs)
        if code:
            raise Stop(explained(said, "uv could not install the locked packages"))
        with open(STAMP, "w") as file:
            json.dump({"key": key, "needs": list(needs)}, file)


def sync_from_mirror(uv, env, needs):
    wanted = os.path.join(TOOLS, "requirements.txt")
    export = [uv, "export", "--frozen", "--quiet", "--no-emit-workspace", "--output-file", wanted, *needs]
    own = ["."] + sorted(plugin for plugin in plugins() if needs != DEMO or plugin.endswith("-local"))
    editable = [word for folder in own for word in ("--editable", folder)]
    commands = [
        [uv, "venv", "--quiet", "--allow-existing", VENV],
        export,
        [uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "--requirements", wanted],
        [uv, "pip", "install", "--quiet", "--python", PYTHON, "--no-deps", *editable],
    ]
    for command in commands:
        code, said = captured(command, env)
        if code:
            break
    return code, said


def plugins():
    folder = os.path.join(ROOT, "plugins")
    found = [os.path.join("plugins", name) for name in sorted(listed(folder))]
    return [plugin for plugin in found if os.path.isfile(os.path.join(ROOT, plugin, "pyproject.toml"))]


def fingerprint():
    """Changes when what is installed would: the lock, the projects, the interpreter, the place."""
    digest = hashlib.sha256(repr((sys.version, BASE, ROOT)).encode())
    for name in ["uv.lock", "pyproject.toml"] + [
        os.path.join(plugin, "pyproject.toml") for plugin in plugins()
    ]:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()


def stamped(key, needs):
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return False
    enough = LEVELS[LEVELS.index(list(needs)) :]
    return os.path.exists(PYTHON) and stamp.get("key") == key and stamp.get("needs") in enough


def uv_environment():
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    env.update(UV_PYTHON_DOWNLOADS="never", UV_PYTHON=BASE, UV_PROJECT_ENVIRONMENT=VENV, UV_NO_PROGRESS="1")
    # Compiled by all cores now, not by the first process that imports it (and never where a child may not write).
    env.setdefault("UV_COMPILE_BYTECODE", "1")
    env.setdefault("UV_LINK_MODE", "copy" if sys.platform == "darwin" else "hardlink")
    if not env.get("HOME"):
        env.setdefault("UV_CACHE_DIR", os.path.join(TOOLS, "cache"))
    # uv reads no pip configuration: what pip was told about the network holds for uv too.
    for ours, option, theirs in (
        ("UV_DEFAULT_INDEX", "global.index-url", "PIP_INDEX_URL"),
        ("SSL_CERT_FILE", "global.cert", "PIP_CERT"),
    ):
        value = env.get(theirs) or pip_option(option)
        if value and not env.get(ours) and not (ours.startswith("UV_") and env.get("UV_INDEX_URL")):
            env[ours] = value
    return env


def pip_option(name):
    code, said = captured([BASE, "-m", "pip", "config", "get", name])
    return said.strip() if code == 0 else ""


def explained(said, what):
    """A tool's failure in a few lines: what it said, and what usually helps."""
    lines = [line for line in said.strip().splitlines() if line.strip()]
    tail = "\n".join("    " + line.strip() for line in lines[-6:])
    network = (
        "connect",
        "resolve",
        "network",
        "timed out",
        "dns",
        "certificate",
        "no matching distribution",
        "fetch",
    )
    advice = "Run it again; if it stays, remove .tools and .venv and try once more."
    if any(word in said.lower() for word in network):
        advice = (
            "A package index could not be reached. Check the network; behind a proxy set HTTPS_PROXY, for a mirror\n"
            "set PIP_INDEX_URL, for an own certificate authority set SSL_CERT_FILE. Then run it again."
        )
    elif "no space left" in said.lower():
        advice = "The disk is full: about 2 GB are needed here."
    return "%s:\n%s\n%s" % (what, tail, advice)


class step:
    """One line of progress on stderr: what, then how long it took."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.started = time.monotonic()
        sys.stderr.write("· %s … " % self.what)
        sys.stderr.flush()

    def __exit__(self, kind, error, trace):
        sys.stderr.write("failed\n" if kind else "%.0f s\n" % (time.monotonic() - self.started))
        sys.stderr.flush()


# --- The verbs ----------------------------------------------------------------------------------


def own_environment():
    env = dict(os.environ)
    env.pop("PYTHONHOME", None)
    env.pop("VIRTUAL_ENV", None)
    # Tests and tools start each other by name.
    env["PATH"] = os.path.join(VENV, "bin") + os.pathsep + env.get("PATH", os.defpath)
    return env


def become(words, folder=None):
    """Replace this process: signals, the terminal and the exit code are the real command's."""
    if folder:
        os.chdir(folder)
    sys.stdout.flush()
    os.execve(PYTHON, [PYTHON, *words], own_environment())


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_words(given):
    """Whole files go to as many workers as there are cores, unless the caller says otherwise."""
    parallel = cores() > 1 and not any(
        word.startswith(("-n", "-p", "--pdb", "-x")) or "::" in word for word in given
    )
    spread = ["-n", str(cores()), "--dist", "loadfile"] if parallel else []
    return ["-m", "pytest", *spread, *given]


def cli(words):
    sync(DEMO if words[0] == "demo" else PLUGINS)
    become(["-m", "persona_graph", *words])


def test(given):
    sync(ALL)
    become(pytest_words(given), ROOT)


def chaos(given):
    """The long forms of the tests in which things die: money, jobs and workers."""
    sync(ALL)
    os.environ["PERSONA_GRAPH_CHAOS"] = "1"
    found = ("test_chaos", "test_sandbox_chaos", "test_money_machine", "test_workers")
    become(["-m", "pytest", *("tests/jobs/%s.py" % name for name in found), *given], ROOT)


def fmt(given):
    sync(ALL)
    tool("ruff", "check", "--fix-only", "--quiet", *SOURCES)
    return tool("ruff", "format", *SOURCES)


def lint(given):
    sync(ALL)
    return tool("ruff", "check", *(given or SOURCES))


def types(given):
    sync(ALL)
    return tool("mypy", *given)


def schema(given):
    sync(DEMO)
    become(["-m", "persona_graph", "schema", *(given or ["--write", "schema.graphql"])], ROOT)


def docs(given):
    """The tables in docs/ that come from the code."""
    sync(ALL)
    return subprocess.call([PYTHON, os.path.join("docs", "generate.py")], cwd=ROOT, env=own_environment())


def tool(name, *words):
    return subprocess.call([PYTHON, "-m", name, *words], cwd=ROOT, env=own_environment())


def check(given):
    """Everything CI runs. All parts run, so one look shows all that is wrong."""
    sync(ALL)
    parts = (
        ("format", ["-m", "ruff", "format", "--check", "--quiet", *SOURCES]),
        ("lint", ["-m", "ruff", "check", "--quiet", *SOURCES]),
        ("types", ["-m", "mypy"]),
        ("schema", ["-m", "persona_graph", "schema", "--check", "schema.graphql"]),
        ("tests", pytest_words(given)),
    )
    failed = []
    for name, words in parts:
        print("== %s" % name, flush=True)
        started = time.monotonic()
        code = subprocess.call([PYTHON, *words], cwd=ROOT, env=own_environment())
        print("== %s: %s (%.0f s)" % (name, ending(code), time.monotonic() - started), flush=True)
        failed += [name] if code else []
    if failed:
        print("check failed: %s" % ", ".join(failed))
    return 1 if failed else 0


def ending(code):
    """An exit code in words; below zero it is the signal that ended the command."""
    return "ok" if code == 0 else "failed" if code > 0 else "ended by signal %d" % -code


def install(given):
    sync(ALL)
    return 0


VERBS = {
    "test": test,
    "chaos": chaos,
    "check": check,
    "fmt": fmt,
    "lint": lint,
    "types": types,
    "schema": schema,
    "docs": docs,
    "install": install,
}
USAGE = """usage: python3 run.py VERB [options]     (VERB -h: the verb's own options)

  demo      the main job end to end on this machine, without keys; prints where the video is
  up        the stack: Redis, database, API, worker, in one supervised set of child processes
  test      every test; further words go to pytest (a path, -k NAME)
  chaos     1,000 paid jobs while workers, Redis and Postgres die; 10,000 steps of money against a model
  check     format, lint, types, schema, tests: what CI runs
  fmt lint types schema      one part of it; fmt and schema write
  docs      bring the tables in docs/ up to date with the code
  install   only install what the tests need
  sandbox doctor plugins token migrate worker api   the persona-graph command itself (docs/cli.md)
"""


def main(words):
    insist_on_python()
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if words else 2
    insist_on_platform()
    verb, given = words[0], words[1:]
    return VERBS[verb](given) if verb in VERBS else cli(words)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit("run.py: %s" % stop)
    except KeyboardInterrupt:
        sys.exit(130)
