"""The examples, run as a writer would: programs beside a real server (rows 106 to 116, 138 to 142)."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import soundfile
from persona_graph_client import CancelJobInput, JobFailed, JobState, PersonaGraph

from persona_graph.media.video import probe_video
from tests.client import ROOT
from tests.examples.conftest import Place

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

UNDER_WAY = {JobState.QUEUED, JobState.RUNNING, JobState.WAITING}
POST = "Every morning I write one page. Every evening I read it again. What stays is what I meant.\n"
BLOG = "# Bees\n\nBees are *busy*.\n\n- They hum.\n- They rest at night.\n"
STORY = "# The door\n\nNobody had opened it for years.\n\n# The key\n\nIt lay under the third stone.\n\n# The room\n\nIt was empty.\n"


async def run(place: Place, example: str, *words: str, code: int = 0) -> tuple[str, str]:
    """What the program said, on both of its outputs."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "clients/python/src"), str(ROOT)]),
        "PERSONA_GRAPH_URL": place.url,
        "PERSONA_GRAPH_TOKEN": place.token,
        "no_proxy": "*",
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"examples.{example}", *words, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = (one.decode() for one in await asyncio.wait_for(started.communicate(), 200))
    assert started.returncode == code, said + complained
    return said, complained


def person(place: Place, *, face: bool = False) -> list[str]:
    portrait = ["--portrait", str(place.portrait)] if face else []
    return ["--persona", "A writer", "--recording", str(place.recording), *portrait]


def written(folder: Path, text: str) -> str:
    path = folder / "text.md"
    path.write_text(text, encoding="utf-8")
    return str(path)


def price_in(said: str) -> Decimal:
    return Decimal(re.findall(r"^cost: (\S+) USD$", said, re.MULTILINE)[0])


async def test_a_linkedin_post_is_heard_and_seen(place: Place, tmp_path: Path) -> None:
    text, out = written(tmp_path, POST), tmp_path / "out"
    said, _ = await run(place, "linkedin_writer", text, *person(place, face=True), "--out", str(out))
    assert "SUCCEEDED" in said and price_in(said) > 0
    sound = soundfile.info(out / "post.wav")
    video = await probe_video(out / "post.mp4")
    assert sound.duration > 1 and video.seconds == pytest.approx(sound.duration, abs=0.5)


async def test_what_is_too_dear_is_not_bought(place: Place, graph: PersonaGraph, tmp_path: Path) -> None:
    text = written(tmp_path, POST + "And more.")
    before = (await graph.viewer()).account
    said, complained = await run(
        place,
        "linkedin_writer",
        text,
        *person(place),
        "--max-price",
        "0.000001",
        "--out",
        str(tmp_path),
        code=1,
    )
    assert "PRICE_ABOVE_MAX" in complained and "saved" not in said
    assert (await graph.viewer()).account == before


async def test_a_blog_post_is_read_out_once_and_told_by_webhook(place: Place, tmp_path: Path) -> None:
    text, out = written(tmp_path, BLOG), tmp_path / "out"
    words = [text, *person(place), "--title", "Bees", "--out", str(out), "--port", str(place.hook_port)]
    said, _ = await run(place, "blog_writer", *words)
    assert "told: job.succeeded" in said and price_in(said) > 0
    first = (out / "post.wav").read_bytes()
    again, _ = await run(place, "blog_writer", *words)
    assert "told" not in again and (out / "post.wav").read_bytes() == first


async def test_a_story_is_a_file_for_each_scene(place: Place, tmp_path: Path) -> None:
    text, out = written(tmp_path, STORY), tmp_path / "out"
    said, _ = await run(place, "story_writer", text, *person(place), "--out", str(out))
    names = [f"scene-{n:02}.wav" for n in (1, 2, 3)]
    assert (out / "story.m3u").read_text().splitlines() == names and price_in(said) > 0
    assert all(soundfile.info(out / name).duration > 0.5 for name in names)


async def under_way(graph: PersonaGraph) -> list[str]:
    return [job.id for job in (await graph.jobs(first=10)).nodes if job.state in UNDER_WAY]


async def test_a_scene_that_is_stopped_leaves_the_others(
    place: Place, graph: PersonaGraph, tmp_path: Path
) -> None:
    once = written(tmp_path, "One scene, to have a voice.")
    await run(place, "story_writer", once, *person(place), "--out", str(tmp_path / "once"))
    text, out = written(tmp_path, STORY.replace("It was empty", "It was full")), tmp_path / "out"
    hold = place.script / "hold-own"
    hold.touch()
    try:
        writing = asyncio.create_task(
            run(place, "story_writer", text, *person(place), "--out", str(out), code=1)
        )
        async with asyncio.timeout(60):
            scenes = await under_way(graph)
            while len(scenes) < 3:
                assert not writing.done(), writing.result()
                await asyncio.sleep(0.2)
                scenes = await under_way(graph)
        await graph.cancel_job(CancelJobInput(job_id=scenes[1]))
        with pytest.raises(JobFailed, match="CANCELLED"):
            await graph.wait(scenes[1])
    finally:
        hold.unlink()
    said, complained = await writing
    assert "CANCELLED" in complained and price_in(said) > 0
    names = (out / "story.m3u").read_text().splitlines()
    assert len(names) == 2 and all(soundfile.info(out / name).duration > 0.5 for name in names)
