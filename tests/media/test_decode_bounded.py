"""A child process can only fail small: time, memory, output, files, environment, and what it started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.audio import canonical_wav, probe_audio
from persona_graph.media.bounded import Bounds, ask, ffmpeg_binary, run_bounded
from persona_graph.settings import Settings

SAMPLE = Path(__file__).parents[1] / "samples" / "1688" / "1688-142285-0000.flac"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps this limit")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def alive(pid: int) -> bool:
    """A process that was killed and not yet reaped by its new parent counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> bool:
    for _ in range(500):
        if not alive(pid):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_what_a_child_says_comes_back() -> None:
    ended = await run_bounded(
        python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), Bounds()
    )
    assert (ended.why, ended.code, ended.output, ended.complaint) == ("exit", 3, b"out\n", "err\n")


@LINUX
async def test_wall_time_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\ntime.sleep(600)"
    )
    ended = await run_bounded(python(code), Bounds(seconds=2.0, patience=1.0, written_bytes=1000))
    assert (ended.why, ended.code) == ("time", -9)
    assert await gone(int(note.read_text()))


@LINUX
async def test_a_cancelled_caller_leaves_no_process_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    task = asyncio.create_task(run_bounded(python(code), Bounds(seconds=60, written_bytes=1000)))
    while not (note.exists() and note.read_text()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(int(note.read_text()))


async def test_cpu_time_ends_the_child() -> None:
    ended = await run_bounded(python("while True: pass"), Bounds(seconds=1, patience=60))
    assert ended.why == "exit"
    assert ended.code < 0


@LINUX
async def test_memory_is_limited() -> None:
    """C5: a decoder that allocates without end fails in its own process."""
    ended = await run_bounded(python("x = bytearray(600 << 20)"), Bounds())
    assert ended.code == 1
    assert "MemoryError" in ended.complaint
    assert (await run_bounded(python("x = bytearray(100 << 20)"), Bounds())).code == 0


async def test_output_is_capped() -> None:
    endless = python("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    ended = await run_bounded(endless, Bounds(seconds=20, output_bytes=100_000))
    assert ended.why == "output"
    assert len(ended.output) < 200_000


async def test_an_endless_complaint_is_read_and_dropped() -> None:
    code = "import sys\nfor _ in range(300): sys.stderr.write('e' * 65536)\nprint('done')"
    ended = await run_bounded(python(code), Bounds(seconds=20))
    assert ended.output == b"done\n"
    assert 0 < len(ended.complaint) <= 4096


async def test_a_child_writes_no_file_unless_allowed(tmp_path: Path) -> None:
    """R8, and a decoder that is turned into a writer."""
    code = f"open({str(tmp_path / 'f')!r}, 'wb').write(b'x' * 5000)"
    assert (await run_bounded(python(code), Bounds())).code != 0
    assert (tmp_path / "f").stat().st_size == 0
    assert (await run_bounded(python(code), Bounds(written_bytes=5000))).code == 0


async def test_a_child_inherits_no_environment_no_stdin_and_dumps_no_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """T7: the server's environment holds its keys."""
    monkeypatch.setenv("PERSONA_GRAPH_SIGNING_KEY", "canary-key")
    code = (
        "import os, resource, sys\n"
        "print(sorted(os.environ.items())); print(sys.stdin.read() == '')\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE))\n"
        "print(os.getsid(0) == os.getpid(), os.listdir('/dev/fd'))"
    )
    lines = (await run_bounded(python(code), Bounds())).output.decode().splitlines()
    assert "PERSONA" not in lines[0]
    assert "('PATH', '/nonexistent')" in lines[0]
    assert lines[1] == "True"
    assert lines[2] == "(0, 0) (64, 64)"
    # Standard input, output, error, and the listing's own descriptor.
    assert lines[3].startswith("True")
    assert lines[3].count("'") == 8


async def test_slots_limit_how_many_children_run(tmp_path: Path) -> None:
    bounds = Bounds(seconds=20, written_bytes=100, slots=asyncio.Semaphore(1))
    mark = str(tmp_path / "running")
    code = (
        f"import os, time\nos.close(os.open({mark!r}, os.O_CREAT | os.O_EXCL))\n"
        f"time.sleep(0.05)\nos.unlink({mark!r})"
    )
    ended = await asyncio.gather(*(run_bounded(python(code), bounds) for _ in range(4)))
    assert [e.code for e in ended] == [0, 0, 0, 0]


async def test_unasked_as_many_children_run_as_there_are_processors() -> None:
    """U22: a hundred uploads that end together are not a hundred decoders."""
    code = "import time\nprint(time.monotonic())\ntime.sleep(0.2)\nprint(time.monotonic())"
    most = max(os.cpu_count() or 1, 2)
    ended = await asyncio.gather(
        *(run_bounded(python(code), Bounds(seconds=20)) for _ in range(2 * most + 1))
    )
    spans = [tuple(map(float, e.output.split())) for e in ended]
    assert max(sum(start <= at < end for start, end in spans) for at, _ in spans) <= most


async def test_the_bounds_come_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, decode_seconds=7, decode_bytes=300 << 20)
    bounds = Bounds.of(settings)
    assert (bounds.seconds, bounds.address_space) == (7, 300 << 20)
    assert bounds.at_least(seconds=3, written_bytes=9) == Bounds(7, address_space=300 << 20, written_bytes=9)


@pytest.mark.parametrize(
    "bounds",
    [Bounds(seconds=0.02, patience=1), pytest.param(Bounds(address_space=60 << 20), marks=LINUX)],
    ids=["no time", "no memory"],
)
async def test_a_child_that_dies_is_a_refusal(bounds: Bounds) -> None:
    """C5, U17: killed, crashed or out of memory, the caller hears MEDIA_DAMAGED."""
    with pytest.raises(MediaRefused) as refused:
        await ask("child_audio", {"path": str(SAMPLE), "min_seconds": 0, "max_seconds": 60}, bounds)
    assert refused.value.code == "MEDIA_DAMAGED"
    assert refused.value.fix


@pytest.mark.parametrize("topic", ["child_that_is_not_there", "child_launch", "sniff"])
async def test_a_child_without_a_reply_is_a_refusal(topic: str) -> None:
    with pytest.raises(MediaRefused):
        await ask(topic, {}, Bounds())


async def test_a_file_that_is_gone_is_a_refusal_and_no_link_is_written_through(tmp_path: Path) -> None:
    with pytest.raises(MediaRefused):
        await probe_audio(tmp_path / "gone.wav")
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "out.wav").symlink_to(tmp_path / "precious")
    with pytest.raises(MediaRefused):
        await canonical_wav(SAMPLE, tmp_path / "out.wav", bounds=Bounds(seconds=20))
    assert (tmp_path / "precious").read_bytes() == b"precious"


HOSTILE: list[Any] = [
    "-i",
    "$(id)",
    "a\nb\r\nc",
    "x‮gpj.wav",
    "file:etc",
    "concat:a|b",
    "%d",
    "é" * 100,
    " ",
    "'\"",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    """U19"""
    path = tmp_path / name
    path.write_bytes(SAMPLE.read_bytes())
    probe = await probe_audio(path, bounds=Bounds(seconds=20))
    assert probe.seconds == pytest.approx(15.0, abs=0.1)


def test_the_decoder_is_the_one_of_the_wheel() -> None:
    assert "imageio_ffmpeg" in ffmpeg_binary()
    assert os.access(ffmpeg_binary(), os.X_OK)
