"""docker-compose.yml, Dockerfile and the example environment, as far as they can be judged without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from persona_graph.cli import parser
from persona_graph.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")

# What an image has: looked up in its own build file, since nothing here can be pulled.
COMMANDS = {
    "postgres:17": {"pg_isready"},
    "valkey/valkey:8.1": {
        "sh",
        "docker-entrypoint.sh",
        "valkey-server",
        "valkey-cli",
        "printf",
        "exec",
        "grep",
    },
    "chrislusf/seaweedfs:4.47": {"weed", "wget", "sh", "echo", "grep"},  # Alpine: busybox has the rest
    "persona-graph": {"persona-graph", "python"},
}


def test_the_parts_of_production_are_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "s3", "bucket", *OURS}
    assert {s["image"] for s in SERVICES.values()} == COMMANDS.keys()
    assert all(":" in s["image"] or s["build"] == "." for s in SERVICES.values()), (
        "images are pinned to a version"
    )


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_runs_exists_in_its_image(name: str) -> None:
    service = SERVICES[name]
    main = [*service.get("entrypoint", []), *service.get("command", [])]
    assert _programs(main) | _programs(_check(service)) <= COMMANDS[service["image"]]


def _check(service: dict[str, Any]) -> list[str]:
    test = service.get("healthcheck", {}).get("test", ["CMD"])
    assert test[0] in ("CMD", "CMD-SHELL")
    return ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]


def _programs(argv: list[str]) -> set[str]:
    """The first word; of a shell script the first word of each of its commands too."""
    if argv[:2] != ["sh", "-c"]:
        return set(argv[:1])
    parts = re.split(r"[\n|]", argv[2].replace("\\\n", " "))
    return {"sh", *(part.split()[0] for part in parts if part.split())}


def test_the_shell_scripts_parse() -> None:
    for service in SERVICES.values():
        script = (service.get("command") or [""])[-1]
        if "\n" in script:
            subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), text=True, check=True)


def test_our_commands_are_verbs_of_the_command() -> None:
    for name in OURS:
        program, *words = SERVICES[name]["command"]
        assert program == "persona-graph"
        parser().parse_args(words)


def test_every_setting_given_is_one() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known


def test_what_starts_waits_for_what_it_leans_on() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            assert healthy == ("healthcheck" in SERVICES[needed]), needed
            assert healthy or how["condition"] == "service_completed_successfully"
    assert set(SERVICES["worker"]["depends_on"]) == {"postgres", "redis", "bucket", "migrate"}


def test_data_outlives_containers() -> None:
    """R1: Redis with an append-only file, and each store on a volume of its own."""
    volumes = [s["volumes"][0].split(":")[0] for s in SERVICES.values() if "volumes" in s]
    assert sorted(volumes) == sorted(COMPOSE["volumes"]) == ["postgres", "redis", "s3"]
    for option in ("--appendonly yes", "--appendfsync everysec", "--maxmemory-policy noeviction"):
        assert option in SERVICES["redis"]["command"][-1]


SECRET = re.compile(r"PASSWORD|SECRET|KEY|AUTH")


def test_no_secret_is_written_down_and_none_can_be_left_out() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) or ("://" in str(value) and "@" in str(value)):
                assert re.search(r"\$\{\w+:\?", str(value)), f"{name}: {variable}"
        command = " ".join(service.get("command", []))
        assert not re.search(r"\$\{", command), f"{name}: a secret on a command line"


def test_the_example_names_every_variable_without_a_value() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", TEXT))
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    assert named == wanted
    assert [line for line in example.splitlines() if re.match(r"\w+=.", line)] == []
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "plugins.env"} <= set(ignored)


def test_our_containers_have_no_rights_they_do_not_need() -> None:
    for name in OURS:
        service = SERVICES[name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    assert SERVICES["api"]["ports"] == ["${API_PORT:-127.0.0.1:8000}:8000"]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        word
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in allowed, name
    user = next(i for i, line in enumerate(lines) if line.startswith("USER "))
    assert lines[user] != "USER root"
    assert user < next(i for i, line in enumerate(lines) if line.startswith("CMD "))
    assert "alpine" not in "".join(line for line in lines if line.startswith("FROM "))


@pytest.mark.skipif(
    not shutil.which("docker")
    or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0,
    reason="the docker client with its compose plugin is not here",
)
def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    command = ["docker", "compose", "--file", str(ROOT / "docker-compose.yml"), "--env-file"]
    example = ROOT / ".env.example"
    refused = subprocess.run([*command, str(example), "config", "--quiet"], capture_output=True, text=True)
    assert refused.returncode != 0
    assert "set it in .env" in refused.stderr
    filled = tmp_path / "env"
    filled.write_text(re.sub(r"^(\w+)=$", r"\1=value", example.read_text(), flags=re.MULTILINE))
    subprocess.run([*command, str(filled), "config", "--quiet"], check=True)
