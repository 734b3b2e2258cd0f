"""Work in child processes: adopted, resumed after a kill, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from persona_graph_local.bench import ORDER, Bench
from persona_graph_local.workshop import Lost, Workshop

from persona_graph.provider import Delivery, OutcomeUnknown, Progress, Speak, Ticket

LONG = "Every line of it is read slowly, carefully and in full. " * 350
SHORT = Speak(script="A short one.")


def running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_files() -> set[str]:
    """The listing itself is one that is gone again."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(f"{path.name} {path.readlink()}")
    return found


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while running(pid):
            await asyncio.sleep(0.01)


async def lost(desk, ticket: Ticket, call) -> None:  # type: ignore[no-untyped-def]
    """A killed process lets go of its lock only when its last thread has ended."""
    async with asyncio.timeout(10):
        with pytest.raises(OutcomeUnknown):
            while isinstance(await desk.voice.check(ticket, call), Progress):
                await asyncio.sleep(0.01)


async def begun(desk, key: str = "key-1"):  # type: ignore[no-untyped-def]
    """A long order in the middle of its work: call, ticket, the child's process id."""
    call = desk.call(key)
    ticket = await desk.start("stock", Speak(script=LONG), call)
    await desk.until(ticket, call, lambda progress: (progress.fraction or 0) > 0)
    pid = Bench(call.folder / ticket.data["folder"]).worker()
    assert pid is not None
    assert pid != os.getpid()
    return call, ticket, pid


async def test_progress_is_measured_in_what_was_spoken_and_never_goes_back(desk) -> None:  # type: ignore[no-untyped-def]
    call, ticket, _ = await begun(desk)
    seen = []
    while isinstance(found := await desk.voice.check(ticket, call), Progress):
        seen.append(found.fraction)
        await asyncio.sleep(0.005)
    assert isinstance(found, Delivery)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3
    assert seen[0] >= 0 and seen[-1] <= 1


async def test_a_killed_child_is_an_unknown_outcome_and_the_order_can_be_sent_again(desk) -> None:  # type: ignore[no-untyped-def]
    """V3, C4: KEYED, so the core sends it again into the same folder."""
    call, ticket, pid = await begun(desk)
    os.kill(pid, signal.SIGKILL)
    await lost(desk, ticket, call)
    assert await desk.voice.find(desk.offer("stock"), Speak(script=LONG), call) is None
    again = await desk.start("stock", Speak(script=LONG), call)
    assert again.data == ticket.data
    delivery = await desk.deliver(again, call)
    assert delivery.media.stat().st_size > 1_000_000
    assert len([t for t in delivery.timings if t.kind == "word"]) == len(LONG.split())


async def test_starting_twice_is_one_piece_of_work(desk) -> None:  # type: ignore[no-untyped-def]
    call, ticket, pid = await begun(desk)
    again = await desk.start("stock", Speak(script=LONG), call)
    assert again == ticket
    assert Bench(call.folder / ticket.data["folder"]).worker() == pid
    assert await desk.voice.find(desk.offer("stock"), Speak(script=LONG), call) == ticket


async def test_starting_again_after_the_end_returns_what_was_made(desk) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    first = await desk.make("stock", SHORT, call)
    written = first.media.stat().st_mtime_ns
    second = await desk.make("stock", SHORT, call)
    assert second == first
    assert second.media.stat().st_mtime_ns == written


async def test_a_ticket_survives_json_and_another_process_of_the_server(desk) -> None:  # type: ignore[no-untyped-def]
    """Another worker process on this machine looks, adopts and delivers; the first one still buries its child."""
    call, ticket, pid = await begun(desk)
    travelled = Ticket(json.loads(json.dumps(dict(ticket.data))))
    assert not Path(str(travelled.data["folder"])).is_absolute()
    other = type(desk)(desk.folder)
    progress = await other.voice.check(travelled, call)
    assert isinstance(progress, Progress)
    assert (await other.start("stock", Speak(script=LONG), call)).data == ticket.data
    assert other.workshop._children == {}
    delivery = await other.deliver(travelled, call)
    assert delivery.content_type == "audio/wav"
    await gone(pid)
    assert await desk.deliver(ticket, call) == delivery


async def test_a_folder_that_is_not_on_this_machine_is_an_unknown_outcome(desk) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    ticket = Ticket({"folder": "job-" + "0" * 24})
    with pytest.raises(OutcomeUnknown):
        await desk.voice.check(ticket, call)
    await desk.voice.cancel(ticket, call)
    for strange in ("../../etc", "/etc", "", None, 7):
        with pytest.raises(OutcomeUnknown):
            await desk.voice.check(Ticket({"folder": strange}), call)


async def test_media_that_disappeared_is_an_unknown_outcome(desk) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    ticket = await desk.start("stock", SHORT, call)
    delivery = await desk.deliver(ticket, call)
    delivery.media.unlink()
    with pytest.raises(OutcomeUnknown):
        await desk.voice.check(ticket, call)


async def test_cancel_kills_and_is_harmless_twice(desk) -> None:  # type: ignore[no-untyped-def]
    call, ticket, pid = await begun(desk)
    await desk.voice.cancel(ticket, call)
    assert not running(pid)
    await desk.voice.cancel(ticket, call)
    with pytest.raises(OutcomeUnknown):
        await desk.voice.check(ticket, call)


async def test_cancel_after_the_end_leaves_the_delivery(desk) -> None:  # type: ignore[no-untyped-def]
    call = desk.call()
    ticket = await desk.start("stock", SHORT, call)
    delivery = await desk.deliver(ticket, call)
    await desk.voice.cancel(ticket, call)
    assert await desk.voice.check(ticket, call) == delivery


async def test_another_process_of_the_server_can_cancel(desk) -> None:  # type: ignore[no-untyped-def]
    call, ticket, pid = await begun(desk)
    await type(desk)(desk.folder).voice.cancel(ticket, call)
    await gone(pid)
    assert not (call.folder / ticket.data["folder"] / "result.json").exists()


async def test_a_child_whose_folder_is_taken_away_ends(desk) -> None:  # type: ignore[no-untyped-def]
    call, ticket, pid = await begun(desk)
    folder = call.folder / ticket.data["folder"]
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    await gone(pid)


async def test_nothing_is_left_behind_after_many_orders(desk) -> None:  # type: ignore[no-untyped-def]
    """P9: no open files, no zombies, whether delivered, cancelled, killed or never asked about again."""
    call = desk.call("first")
    await desk.make("stock", SHORT, call)
    gc.collect()
    before = open_files()
    pids = []
    for number in range(4):
        call, ticket, pid = await begun(desk, f"key-{number}")
        pids.append(pid)
        if number == 0:
            await desk.voice.cancel(ticket, call)
        elif number == 1:
            await desk.deliver(ticket, call)
        else:
            os.kill(pid, signal.SIGKILL)
            await gone(pid)
    await desk.make("stock", SHORT, desk.call("last"))
    gc.collect()
    assert open_files() <= before
    assert desk.workshop._children == {}
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import Desk
from persona_graph.provider import Speak
from persona_graph_local.bench import Bench

async def main():
    desk = Desk(Path({folder!r}))
    call = desk.call()
    ticket = await desk.start("stock", Speak(script={script!r}), call)
    await desk.until(ticket, call, lambda progress: (progress.fraction or 0) > 0)
    print(Bench(call.folder / ticket.data["folder"]).worker(), flush=True)
    {then}

asyncio.run(main())
"""


def server(folder: Path, then: str) -> subprocess.Popen[str]:
    code = SERVER.format(tests=str(Path(__file__).parent), folder=str(folder), script=LONG, then=then)
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_the_child_of_a_killed_server_ends_and_its_work_can_be_taken_up(desk) -> None:  # type: ignore[no-untyped-def]
    """C4, C5: no kill -9 of the server leaves a child that works on for nobody."""
    with server(desk.folder, "await asyncio.sleep(600)") as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert running(pid)
        parent.kill()
        await gone(pid)
    assert not list(desk.folder.glob("*/*/result.json")), "it worked on to its end"
    call = desk.call()
    ticket = await desk.start("stock", Speak(script=LONG), call)
    assert isinstance(await desk.deliver(ticket, call), Delivery)


async def test_a_closed_input_alone_ends_the_child(desk) -> None:  # type: ignore[no-untyped-def]
    """Where there is no parent-death signal the pipe must do."""
    _, _, pid = await begun(desk)
    (child,) = desk.workshop._children.values()
    child.stdin.close()
    async with asyncio.timeout(10):
        while child.poll() is None:
            await asyncio.sleep(0.01)
    assert child.returncode == -signal.SIGKILL
    assert not running(pid)


def test_a_server_that_stops_in_the_middle_stops_quietly(tmp_path: Path) -> None:
    """C3: no warning about a child, a pipe or an event loop, and no child."""
    with server(tmp_path, "pass") as parent:
        out, errors = parent.communicate(timeout=60)
    assert parent.returncode == 0
    assert errors == ""
    assert not running(int(out))
    assert not list(tmp_path.glob("*/*/result.json")), "it worked on to its end"


def test_a_half_written_order_is_begun_anew(tmp_path: Path) -> None:
    """R10: the server died between the folder and the child."""
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / ORDER).write_text("{")
    (folder / "junk").write_bytes(b"x")
    workshop = Workshop()
    with pytest.raises(Lost):
        workshop.look(folder)
    assert not workshop.has(folder)
    order = {"kind": "speak", "script": "Hi", "language": "de", "speed": 1, "pitch": 0, "voice": None}
    workshop.begin(folder, order, {})
    assert not (folder / "junk").exists()
    assert workshop.has(folder)
    while "stage" in (found := workshop.look(folder)):
        pass
    assert found["media"] == "speech.wav"


def test_what_a_child_writes_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    workshop = Workshop()
    order = {"kind": "speak", "script": "Hi", "language": "en-us", "speed": 1, "pitch": 0, "voice": None}
    workshop.begin(folder, order, {"model.json": b"{}"})
    while "stage" in workshop.look(folder):
        pass
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "speech.wav").stat().st_mode & 0o077 == 0
    assert not (folder / "speech.raw").exists()
