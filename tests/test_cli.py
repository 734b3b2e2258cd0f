"""The command, its documentation, doctor, and what goes into the logs."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select

from persona_graph import doctor, logs
from persona_graph.accounts.accounts import open_account
from persona_graph.accounts.viewer import Scope
from persona_graph.accounts.viewers import Viewers
from persona_graph.cli import main
from persona_graph.db import Database
from persona_graph.embedded import Embedded
from persona_graph.media.asset import Asset, AssetPurpose
from persona_graph.media.assets import Media
from persona_graph.media.keys import MasterKeys, new_master_key, signing_keys
from persona_graph.media.vault import Vault
from persona_graph.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but the data folder: whatever the machine that runs the tests has set."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PERSONA_GRAPH_DATA_DIR", str(tmp_path / "data"))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- Documentation ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["settings.md", "cli.md", "write-a-provider.md"])
def test_the_reference_pages_are_what_the_code_says(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == generator().written(page), "run `python3 run.py docs`"


def test_every_setting_and_option_says_what_it_is() -> None:
    assert [
        name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")
    ] == []
    for name, sub in generator().verbs(generator().parser()):
        assert sub.description, name
        assert [action.dest for action in sub._actions if not action.help] == [], name


def test_the_schema_verb_prints_writes_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "schema.graphql"
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert "type Query" in printed
    assert main(["schema", "--write", str(file)]) == 0
    assert file.read_text() == printed
    assert main(["schema", "--check", str(file)]) == 0
    file.write_text(printed.replace("type Query", "type Question"))
    assert main(["schema", "--check", str(file)]) == 1
    shown = capsys.readouterr()
    assert "+type Query" in shown.out
    assert "--write" in shown.err


def test_the_stored_schema_is_the_code_s() -> None:
    assert main(["schema", "--check", str(ROOT / "schema.graphql")]) == 0


# --- What can go wrong --------------------------------------------------------------------------


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **{PREFIX + name: value for name, value in environment.items()}}
    command = [sys.executable, "-m", "persona_graph", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


KEYS = {"MASTER_KEYS": new_master_key(), "SIGNING_KEY": "s" * 40}
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["up"], {"PORT": "http"}, "PERSONA_GRAPH_PORT is not usable"),
        (["up", "--data", "/dev/null/x"], {}, "--data"),
        (["up", "--port", "0", "--tier", "gold"], {}, "tier"),
        (["api"], {}, "master_keys is empty"),
        (["api"], {**KEYS, "MASTER_KEYS": "k1:c2hvcnQ="}, "5 bytes"),
        (["api"], {**KEYS, "SIGNING_KEY": "short"}, "signing_key is shorter"),
        (["api"], {**KEYS, "TIERS_FILE": "/nowhere.toml"}, "nowhere.toml"),
        (["api"], {**KEYS, "JWT_KEY": "k" * 40}, "jwt_issuer"),
        (["worker"], {**KEYS, "REDIS_URL": NOWHERE}, "PERSONA_GRAPH_REDIS_URL"),
        (["migrate"], {"DATABASE_URL": "mysql://h/d"}, "PERSONA_GRAPH_DATABASE_URL"),
        (["migrate"], {"DATABASE_URL": "postgresql+asyncpg://u:secret-word@127.0.0.1:9/d"}, "doctor"),
        (["token", "create", "--account", "a", "--label", "b"], {}, "migrate"),
        (["token", "create", "--account", "a", "--label", "b", "--scope", "ALL"], {}, "READ"),
    ],
)  # fmt: skip
def test_what_an_operator_can_put_right_is_one_line_and_exit_code_2(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    """R11, and T7: no value of a secret is in the line."""
    ran = run(*words, **environment)
    assert ran.returncode == 2, ran.stderr
    assert said in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "secret-word" not in ran.stdout + ran.stderr


def test_a_wrong_master_key_is_refused_at_start(tmp_path: Path, redis_url: str) -> None:
    """R11: another key of the same id would make what is stored unreadable."""
    assert run("migrate").returncode == 0
    assert "ok" in run("doctor", **KEYS).stdout
    ran = run("worker", **{**KEYS, "MASTER_KEYS": new_master_key()}, REDIS_URL=redis_url)
    assert ran.returncode == 2
    assert "is not the one" in ran.stderr


def test_a_bug_is_not_hidden(tmp_path: Path) -> None:
    """Only what was foreseen becomes one line."""
    broken = tmp_path / "broken.sqlite"
    broken.write_text("")
    code = "from persona_graph.cli import guarded; guarded(lambda asked: {}['a bug'], None)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "KeyError: 'a bug'" in ran.stderr


# --- Keys, tokens, plugins ----------------------------------------------------------------------


def test_printed_keys_are_usable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys"]) == 0
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert MasterKeys.parse(lines["PERSONA_GRAPH_MASTER_KEYS"]).current == "k1"
    assert signing_keys(lines["PERSONA_GRAPH_SIGNING_KEY"])


async def _object(settings: Settings) -> tuple[str, bytes]:
    """An object that one account keeps, its key id, and what it reads as."""
    db = Database(settings.database)
    media = Media(settings, db, Vault.open_store(settings))
    try:
        async with db.writing() as session:
            asset = await session.scalar(select(Asset))
            if asset is None:
                account = await open_account(session, "Acme", "free")
                asset = await media.keep(
                    account.id, AssetPurpose.EVENTS, b"kept", "text/plain", name="x.txt", facts={}
                )
                session.add(asset)
        return str(asset.key_id), await media.read(asset)
    finally:
        await media.close()
        await db.close()


async def test_an_old_master_key_can_be_retired(monkeypatch: pytest.MonkeyPatch) -> None:
    """T8: both keys open while both are configured, and after `rewrap` the new one alone does."""
    first, second = new_master_key("k1"), new_master_key("k2")
    given = {"SIGNING_KEY": KEYS["SIGNING_KEY"]}
    assert run("migrate").returncode == 0
    assert await _object(Settings(master_keys=first, signing_key=given["SIGNING_KEY"])) == ("k1", b"kept")
    ran = run("rewrap", MASTER_KEYS=f"{second},{first}", **given)
    assert ran.returncode == 0, ran.stderr
    assert "1 keys moved" in ran.stderr
    assert await _object(Settings(master_keys=second, signing_key=given["SIGNING_KEY"])) == ("k2", b"kept")


async def _authenticated(token: str) -> tuple[str, str, frozenset[Scope]]:
    settings = Settings()
    db = Database(settings.database)
    viewers = Viewers(db, settings)
    try:
        viewer = await viewers.authenticate(token)
    finally:
        await viewers.close()
        await db.close()
    return viewer.account_id, viewer.label, viewer.scopes


async def test_a_token_made_at_the_console_works() -> None:
    assert run("migrate").returncode == 0
    words = ["token", "create", "--account", "Acme", "--label", "blog", "--tier", "basic"]
    first = run(*words)
    assert first.returncode == 0, first.stderr
    account, label, scopes = await _authenticated(first.stdout.strip())
    assert account in first.stderr
    assert (label, scopes) == ("blog", {Scope.READ, Scope.WRITE})

    again = run(*words, "--scope", "READ", "--days", "1")
    same, _, narrower = await _authenticated(again.stdout.strip())
    assert (same, narrower) == (account, {Scope.READ})
    by_id = run("token", "create", "--account", account, "--label", "mail")
    assert (await _authenticated(by_id.stdout.strip()))[0] == account


def test_plugins_are_listed_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    offers = [
        o for provider in listed["providers"] if provider["plugin"] == "local" for o in provider["offers"]
    ]
    assert {offer["capability"] for offer in offers} >= {"SPEECH", "VOICE_TRAINING", "TALKING_VIDEO"}
    assert main(["plugins"]) == 0
    shown = capsys.readouterr().out
    for provider in listed["providers"]:
        assert provider["name"] in shown
        assert all(offer["id"] in shown for offer in provider["offers"])
    for plugin in listed["leftOut"]:
        assert plugin["reason"] in shown


# --- Doctor -------------------------------------------------------------------------------------


def found(ran: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(ran.stdout)}


def test_doctor_on_a_fresh_machine_misses_nothing_and_changes_nothing(tmp_path: Path) -> None:
    ran = run("doctor", "--json", PORT="0")
    states = {name: finding["state"] for name, finding in found(ran).items()}
    assert list(states) == list(doctor.CHECKS)
    assert ran.returncode == 0, ran.stdout
    assert states["database"] == "warn"
    assert {states[name] for name in ("python", "ffmpeg", "offline speech", "speaker encoder", "redis")} == {
        "ok"
    }
    assert not (tmp_path / "data").exists()


def test_doctor_says_how_to_get_what_is_missing(redis_url: str) -> None:
    ran = run(
        "doctor", "--json", **KEYS, REDIS_URL=NOWHERE, DATABASE_URL="postgresql+asyncpg://u:secret-word@127.0.0.1:9/d",
        STORAGE_URL="file:///dev/null/objects",
    )  # fmt: skip
    assert ran.returncode == 1
    findings = found(ran)
    assert {name for name, finding in findings.items() if finding["state"] == "missing"} >= {
        "redis", "database", "storage", "master key",
    }  # fmt: skip
    assert "PERSONA_GRAPH_REDIS_URL" in findings["redis"]["found"]
    assert "secret-word" not in ran.stdout + ran.stderr


def test_doctor_tells_an_old_database_and_a_new_one_apart(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite"
    sqlite3.connect(file).execute("CREATE TABLE something (id INTEGER)").connection.close()
    url = f"sqlite+aiosqlite:///{file}"
    before = found(run("doctor", "--json", DATABASE_URL=url))["database"]
    assert before["state"] == "missing"
    assert "persona-graph migrate" in before["fix"]
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert found(run("doctor", "--json", DATABASE_URL=url))["database"]["state"] == "ok"


async def test_doctor_on_a_running_stack_is_all_well(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "data", workers=0, port=0) as stack:
        ran = run("doctor", "--json")
        findings = found(ran)
    assert ran.returncode == 0, ran.stdout
    assert "7.2" in findings["redis"]["found"]
    assert "append-only file: yes" in findings["redis"]["found"]
    assert stack.url in findings["port"]["found"]
    assert findings["master key"]["state"] == findings["storage"]["state"] == "ok"


@pytest.mark.parametrize(
    ("version", "policy", "state"),
    [("7.2.4", "noeviction", "ok"), ("8.0.0", "noeviction", "ok"), ("7.0.15", "noeviction", "missing"),
     ("6.2.6", None, "missing"), ("7.4.1", "allkeys-lru", "warn"), ("10.0.0", "noeviction", "ok")],
)  # fmt: skip
def test_doctor_knows_which_redis_will_do(version: str, policy: str | None, state: str) -> None:
    """R3."""
    assert doctor._judged(version, "redis", "yes", policy).state == state


# --- Logs ---------------------------------------------------------------------------------------


def line_of(formatter: logging.Formatter, text: str, *values: object) -> str:
    stream = io.StringIO()
    out = logging.StreamHandler(stream)
    out.setFormatter(formatter)
    log = logging.Logger("room")
    log.addHandler(out)
    try:
        raise ValueError(f"refused by https://user:pass-of-a-url@host: {values}")
    except ValueError:
        log.exception(text, *values)
    return stream.getvalue()


@pytest.mark.parametrize("kind", [logs.TextLines, logs.JsonLines])
def test_no_secret_gets_into_a_log_line(
    kind: type[logs.TextLines | logs.JsonLines], monkeypatch: pytest.MonkeyPatch
) -> None:
    """T7: neither as an argument, nor in an exception's words, nor inside an address."""
    monkeypatch.setenv("PERSONA_GRAPH_PLUGIN_SOMEONE_API_KEY", "sk-canary-of-a-plugin")
    settings = Settings(
        master_keys="k1:canaryOfAMasterKey=", signing_key="canary-of-a-signing-key,canary-of-an-older-one",
        redis_url="redis://:canary-of-redis@h:6379/0", storage_secret="canary-of-storage",
    )  # fmt: skip
    strike = logs.Strike(settings.secret_values())
    line = line_of(
        kind(strike), "sent %s", "sk-canary-of-a-plugin canaryOfAMasterKey= canary-of-a-signing-key canary-of-an-older-one "
        "canary-of-redis canary-of-storage redis://:canary-of-redis@h:6379/0",
    )  # fmt: skip
    assert "canary" not in line
    assert "pass-of-a-url" not in line
    assert "refused by" in line


def test_json_lines_are_one_object_each() -> None:
    line = line_of(logs.JsonLines(logs.Strike([])), "one\ntwo %s", "three")
    assert line.count("\n") == 1
    said = json.loads(line)
    assert said["message"] == "one\ntwo three"
    assert (said["level"], said["logger"]) == ("ERROR", "room")
    assert "ValueError" in said["error"]
    assert said["at"].endswith("+00:00")
