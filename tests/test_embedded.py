"""The zero-setup stack under its supervisor: real Redis, SQLite, API and workers in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import redis

from persona_graph import secrets_file, tether
from persona_graph.children import Child, StackFailed
from persona_graph.embedded import Embedded, FolderUnusable, PortTaken, holder, listen, take_folder
from persona_graph.settings import Settings
from persona_graph.valkey import Valkey, answer, find_binary, free_port

pytestmark = pytest.mark.timeout(120)
PASSWORD = "the-password-of-a-test"


async def until(
    true: Callable[[], Awaitable[object]] | Callable[[], object], seconds: float = 40, every: float = 0.05
) -> None:
    """Returns when ``true`` does; fails after ``seconds``."""
    async with asyncio.timeout(seconds):
        while True:
            now = true()
            if await now if isinstance(now, Awaitable) else now:
                return
            await asyncio.sleep(every)


def alive(pid: int) -> bool:
    """A zombie that its new parent has not yet collected is not alive."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def ask(stack: Embedded, query: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20) as http:
        headers = {"Authorization": f"Bearer {stack.token}"}
        return await http.post(f"{stack.url}/graphql", json={"query": query}, headers=headers)


async def tier(stack: Embedded) -> str:
    answered = (await ask(stack, "{ viewer { account { tier { id } } } }")).json()
    return str(answered["data"]["viewer"]["account"]["tier"]["id"])


async def test_the_stack_answers_with_its_token_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "50% größer"
    async with Embedded(folder, workers=2, port=0) as stack:
        async with httpx.AsyncClient() as http:
            ready = await http.get(f"{stack.url}/readyz")
        assert ready.status_code == 200, ready.text
        assert await tier(stack) == "pro"
        assert len(set(stack.worker_pids)) == 2
        assert redis.Redis.from_url(stack.redis_url).ping()
        pids = [child.pid for child in stack.children]
        assert len(pids) == 4
        assert all(alive(pid) for pid in pids if pid)
        assert holder(folder) is not None
    assert [pid for pid in pids if pid and alive(pid)] == []
    assert holder(folder) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{stack.url}/healthz")


async def test_killed_parts_come_back_at_the_same_address(tmp_path: Path) -> None:
    """C5, R1: worker, Redis and API each killed with SIGKILL; nobody has to do anything."""
    said: list[str] = []
    async with Embedded(tmp_path, port=0, say=said.append) as stack:
        [worker] = stack.workers
        [first] = stack.worker_pids
        os.kill(first, signal.SIGKILL)
        await until(lambda: stack.worker_pids and stack.worker_pids != [first])

        server = redis.Redis.from_url(stack.redis_url)
        server.set("kept", "by the append-only file")
        server.wait(0, 0)
        await asyncio.sleep(1.2)  # everysec: what is younger than a second may be lost
        valkey = stack.children[0]
        os.kill(valkey.pid or 0, signal.SIGKILL)
        await until(lambda: valkey.starts == 2 and valkey.pid)
        await until(lambda: _pings(stack.redis_url))
        assert server.get("kept") == b"by the append-only file"
        # A worker may sit the outage out or end and be started again; either way one is there.
        await until(lambda: any(_listening(stack.redis_url)))
        assert worker.pid

        assert stack.api is not None
        os.kill(stack.api.pid or 0, signal.SIGKILL)
        # The listening socket is the supervisor's: this request waits for the new process.
        assert await tier(stack) == "pro"
        assert stack.api.starts == 2
    assert any("worker-1 ended (SIGKILL)" in line for line in said)


def _pings(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url).ping())
    except redis.RedisError:
        return False


def _listening(url: str) -> list[str]:
    """Clients that wait for jobs."""
    try:
        return [str(c["cmd"]) for c in redis.Redis.from_url(url).client_list() if c["cmd"] == "blpop"]
    except redis.RedisError:
        return []


async def test_a_second_start_keeps_token_account_and_media_keys(tmp_path: Path) -> None:
    async with Embedded(tmp_path, workers=0, port=0, tier="basic") as stack:
        token, keys = stack.token, stack.settings.master_keys
        assert await tier(stack) == "basic"
    async with Embedded(tmp_path, workers=0, port=0) as stack:
        assert (stack.token, stack.settings.master_keys) == (token, keys)
        assert await tier(stack) == "basic"


async def test_one_folder_holds_one_stack(tmp_path: Path) -> None:
    async with Embedded(tmp_path, workers=0, port=0) as stack:
        with pytest.raises(FolderUnusable) as refused:
            async with Embedded(tmp_path, workers=0, port=0):
                pass
        assert f"process {os.getpid()}" in str(refused.value)
        assert stack.url in str(refused.value)


async def test_no_secret_stands_in_an_argument_or_in_a_log(tmp_path: Path) -> None:
    """T7."""
    async with Embedded(tmp_path, port=0) as stack:
        await ask(stack, "{ viewer { __typename } }")
        kept = secrets_file.find(tmp_path)
        assert kept is not None
        canaries = [
            kept.master_keys.partition(":")[2],
            kept.signing_key,
            kept.redis_password,
            kept.service_token,
        ]
        commands = [Path(f"/proc/{child.pid}/cmdline").read_bytes().decode() for child in stack.children]
    logs = [log.read_text() for log in (tmp_path / "logs").iterdir()]
    assert len(logs) == 3
    assert [canary for canary in canaries for text in commands + logs if canary in text] == []


def start_up(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "persona_graph", "up", "--data", str(folder), "--port", "0", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


async def children_of(folder: Path) -> list[int]:
    await until(lambda: (holder(folder) or {}).get("children"))
    note = holder(folder)
    assert note is not None
    return list(note["children"].values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_up_stops_everything_when_told_to(tmp_path: Path, number: signal.Signals) -> None:
    """C3."""
    supervisor = start_up(tmp_path)
    children = await children_of(tmp_path)
    assert len(children) == 3
    supervisor.send_signal(number)
    output, _ = await asyncio.to_thread(supervisor.communicate, timeout=30)
    assert supervisor.returncode == 0, output
    assert [pid for pid in children if alive(pid)] == []
    assert "worker-1" in output
    assert "Stopping" in output
    assert "Traceback" not in output


async def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    supervisor = start_up(tmp_path)
    children = await children_of(tmp_path)
    supervisor.kill()
    await asyncio.to_thread(supervisor.communicate)
    await until(lambda: not [pid for pid in children if alive(pid)])
    async with Embedded(tmp_path, workers=0, port=0) as stack:
        assert await tier(stack) == "pro"


async def test_a_child_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match=r"(?s)api does not start.*PERSONA_GRAPH_JWT_KEY|jwt"):
        async with Embedded(
            tmp_path, workers=0, port=0, settings={"jwt_key": "too short", "jwt_issuer": "x"}
        ):
            pass
    take_folder(tmp_path).close()  # and the folder is free again


# --- The parts ----------------------------------------------------------------------------------


async def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}"):
            async with Embedded(tmp_path, port=port):
                pass
    assert not (tmp_path / "valkey").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnusable, match="--data"):
        take_folder(tmp_path / "file" / "data")


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    made = secrets_file.find_or_make(tmp_path)
    path = tmp_path / secrets_file.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert secrets_file.find_or_make(tmp_path) == made
    path.chmod(0o644)
    assert secrets_file.find(tmp_path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert secrets_file.find_or_make(_folder(tmp_path / "other")) != made
    assert made.redis_password not in repr(made)


def test_lost_secrets_are_not_replaced_while_media_is_there(tmp_path: Path) -> None:
    """R11: new keys would make what is stored unreadable, unnoticed."""
    (_folder(tmp_path / "objects" / "ab") / "object").write_bytes(b"sealed")
    with pytest.raises(secrets_file.SecretsUnusable, match="Put back"):
        secrets_file.find_or_make(tmp_path)
    (tmp_path / secrets_file.FILE).write_text('{"master_keys": ')
    with pytest.raises(secrets_file.SecretsUnusable, match="damaged"):
        secrets_file.find_or_make(tmp_path)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


async def test_a_left_over_redis_is_stopped_before_a_new_one_uses_its_files(tmp_path: Path) -> None:
    first = Valkey(tmp_path / "valkey", PASSWORD, tmp_path / "first.log")
    old = await first.start(print)
    pid = old.pid
    assert pid and alive(pid)
    second = Valkey(tmp_path / "valkey", PASSWORD, tmp_path / "second.log")
    new = await second.start(print)
    try:
        assert old.exits == [0] or not alive(pid)
        assert await answer(second.port, second.password, "PING") == "+PONG"
        assert await answer(second.port, "another", "PING") is None
        assert new.pid != pid
    finally:
        await old.stop(1)
        await second.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a process is")
async def test_a_stuck_left_over_redis_is_ended(tmp_path: Path) -> None:
    first = Valkey(tmp_path / "valkey", PASSWORD, tmp_path / "first.log")
    old = await first.start(print)
    pid = old.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    second = Valkey(tmp_path / "valkey", PASSWORD, tmp_path / "second.log")
    await second.start(print)
    try:
        await until(lambda: old.exits)
        assert old.exits[0] == -signal.SIGKILL
    finally:
        await old.stop(1)
        await second.stop()


async def test_redis_keeps_what_it_is_told_and_evicts_nothing(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path / 'a "quoted" folder', PASSWORD, tmp_path / "log")
    await valkey.start(print)
    try:
        server = redis.Redis.from_url(valkey.url)
        asked = {
            name: server.config_get(name)[name]
            for name in ("appendonly", "appendfsync", "maxmemory-policy", "bind")
        }
        assert asked == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "bind": "127.0.0.1",
        }
        assert Path(server.config_get("dir")["dir"]) == valkey.folder.resolve()
    finally:
        await valkey.stop()


async def test_a_child_is_started_again_with_growing_pauses_and_its_family_ends_with_it(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    script = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(0.2); sys.exit(3)"
    child = Child("short", (sys.executable, "-c", script), dict(os.environ), tmp_path / "logs" / "short.log")
    await child.start(said.append)
    await until(lambda: child.starts >= 3)
    await child.stop(1)
    grandchildren = [int(line) for line in child.log.read_text().split()]
    assert child.exits[:2] == [3, 3]
    assert "exit code 3" in said[0]
    assert "in 0.1 s" in said[0]
    assert "in 0.5 s" in said[1]
    await until(lambda: not [pid for pid in grandchildren if alive(pid)])


async def test_a_child_that_ignores_the_wish_to_stop_is_ended(tmp_path: Path) -> None:
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    child = Child("deaf", (sys.executable, "-c", script), dict(os.environ), tmp_path / "deaf.log")
    await child.start(print)
    pid = child.pid
    await until(lambda: child.log.read_text())
    await child.stop(0.3)
    assert pid and not alive(pid)
    assert child.pid is None


def test_the_watcher_ends_its_command_when_the_pipe_closes() -> None:
    """What stands in for the kernel's death signal where there is none."""
    read, write = os.pipe()
    words = [
        str(int(signal.SIGTERM)),
        str(os.getpid()),
        str(read),
        sys.executable,
        "-c",
        "import time; time.sleep(600)",
    ]
    command = [sys.executable, "-I", "-S", str(tether.__file__), *words]
    running = subprocess.Popen(command, pass_fds=(read,))
    os.close(read)
    assert running.poll() is None
    os.close(write)
    assert running.wait(timeout=30) == -signal.SIGTERM


def test_a_command_whose_supervisor_is_gone_is_not_started(tmp_path: Path) -> None:
    words = [str(int(signal.SIGTERM)), "1", "-", "/bin/sh", "-c", f"touch {tmp_path / 'ran'}"]
    ran = subprocess.run([sys.executable, "-I", "-S", str(tether.__file__), *words], capture_output=True)
    assert ran.returncode != 0
    assert not (tmp_path / "ran").exists()


def test_settings_reach_a_child_whole(tmp_path: Path) -> None:
    given = Settings(
        data_dir=tmp_path,
        redis_url="redis://:p%40ss@h:1/2",
        allowed_origins=["https://a", "https://b"],
        port=1,
    )
    code = "from persona_graph.settings import Settings; print(Settings().model_dump_json())"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=given.environment(), capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == given.model_dump_json()


def test_the_binary_is_there_and_ports_are_free() -> None:
    assert find_binary().stat().st_mode & 0o100
    assert 1024 < free_port() < 65536
