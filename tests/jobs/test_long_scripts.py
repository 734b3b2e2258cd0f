"""Scripts longer than a provider takes: one attempt per part, one speech, one price (rows 247, 255)."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy import select

from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.sentences import parts
from persona_graph.personas.works.content import ContentWork
from persona_graph.provider import Call, Delivery, Limits, ProviderUnavailable, Timing
from tests.jobs.house import House, open_house
from tests.jobs.long_worker import Vendor
from tests.jobs.scripted import Scripted, catalog, speech_offer

ROOT = Path(__file__).parents[2]
SCRIPT = (
    "The first sentence is short. The second one is a little longer than the first. "
    "Then there is a third, which has a comma in it. And this is the very last of them all."
)
RATE = 24_000
PARTS = parts(SCRIPT, 80)


def spoken(n: int, gain: float = 1.0) -> bytes:
    """Two seconds of a real voice, at a level of its own."""
    argv = [
        ffmpeg_binary(), "-v", "error", "-nostdin", "-ss", "1", "-i", str(ROOT / f"tests/samples/1688/1688-142285-000{n}.flac"),
        "-t", "2", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-",
    ]  # fmt: skip
    raw = np.frombuffer(subprocess.run(argv, check=True, capture_output=True).stdout, dtype="<f4") * gain
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.rint(np.clip(raw, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def delivery(n: int, gain: float = 1.0) -> Delivery:
    timings = tuple(
        Timing("word", word, 0.1 * k, 0.1 * k + 0.08) for k, word in enumerate(PARTS[n % len(PARTS)].split())
    )
    return Delivery(
        media=spoken(n, gain), content_type="audio/wav", billed_cost=Decimal("0.03"), timings=timings
    )


def toy(*answers: Any, id: str = "toy") -> Scripted:
    offer = replace(speech_offer(cost="0.03"), limits=Limits(max_chars=80))
    return Scripted(id, offer, start=answers)


@asynccontextmanager
async def lived_in(folder: Path, redis_url: str, *providers: Scripted, **more: Any) -> AsyncIterator[House]:
    async with open_house(folder, redis_url, catalog(*providers), works=ContentWork, **more) as house:
        yield house


async def assets(house: House, purpose: AssetPurpose) -> list[Asset]:
    async with house.db.reading() as session:
        return list((await session.scalars(select(Asset).where(Asset.purpose == purpose))).all())


def test_the_script_needs_three_parts() -> None:
    assert len(PARTS) == 3 and all(len(part) <= 80 for part in PARTS)


async def test_one_attempt_per_part_and_one_speech(tmp_path: Path, redis_url: str) -> None:
    provider = toy(delivery(0), delivery(1, 0.25), delivery(2, 0.6))
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.finish(await house.speak(SCRIPT))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        await house.sound(job)
        assert [asked.what.script for asked in provider.history] == PARTS
        assert len(set(provider.keys())) == 3
        attempts = await house.attempts(job)
        assert [(a.number, a.state, a.cost) for a in attempts] == [
            (n, "DONE", Decimal("0.03")) for n in (1, 2, 3)
        ]
        output = await house.output(job)
        assert output.cost == Decimal("0.09")
        posted = await house.postings(job)
        assert posted["COST"] == Decimal("0.09") if "COST" in posted else True
        asset = (await assets(house, AssetPurpose.SPEECH))[0]
        assert asset.id == output.asset_id
        # Three times two seconds and two pauses, less the silence at the parts' ends.
        assert asset.seconds == pytest.approx(6.7, abs=0.9)
        assert (asset.facts or {})["loudness"] == pytest.approx(-16, abs=1)
        leg = job.legs[0]
        assert leg.result["characters"] == len(SCRIPT)
        assert leg.result["seconds"] == pytest.approx(asset.seconds, abs=0.01)
        assert not {"parts", "part", "scrap", "parts_of"} & set(leg.result)
        left = await assets(house, AssetPurpose.PART)
        assert len(left) == 6 and all(each.state is AssetState.ERASED for each in left)


async def test_the_price_is_that_of_the_whole_and_not_of_each_part(tmp_path: Path, redis_url: str) -> None:
    provider = toy(delivery(0), delivery(1), delivery(2))
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.finish(await house.speak(SCRIPT))
        leg = job.legs[0]
        from persona_graph.catalog.prices import Quote

        whole = Quote.from_json(leg.quote).settle(seconds=leg.result["seconds"], characters=len(SCRIPT))
        assert job.settled == whole > 0


async def test_timings_are_those_of_the_whole(tmp_path: Path, redis_url: str) -> None:
    provider = toy(delivery(0), delivery(1), delivery(2))
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.finish(await house.speak(SCRIPT))
        output = await house.output(job)
        async with house.db.reading() as session:
            row = await session.get_one(Asset, output.timings_id)
        listed = orjson.loads(await house.personas.media.read(row))
        assert [each["text"] for each in listed] == SCRIPT.split()
        starts = [each["start"] for each in listed]
        assert starts == sorted(starts) and starts[-1] > 4


@pytest.mark.parametrize("done", [1, 2])
async def test_a_worker_that_dies_between_parts_repeats_nothing_that_was_kept(
    tmp_path: Path, redis_url: str, done: int
) -> None:
    """W3: a worker falls silent in the middle of a call; another one goes on behind what was kept."""

    async def never(_call: Call) -> Delivery:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    answers: list[Any] = [delivery(n) for n in range(3)]
    answers.insert(done, never)
    provider = toy(*answers)
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.speak(SCRIPT)
        silent = asyncio.create_task(house.finish(job))
        async with asyncio.timeout(60):
            while provider.calls("start") <= done:
                await asyncio.sleep(0.05)
        silent.cancel()
        await asyncio.gather(silent, return_exceptions=True)
        job = await house.finish(job)
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        asked = [each.what.script for each in provider.history]
        assert asked == [*PARTS[:done], PARTS[done], *PARTS[done:]]
        assert provider.keys()[done] == provider.keys()[done + 1]
        assert len([a for a in await house.attempts(job) if a.state == "DONE"]) == 3
        assert (await house.output(job)).cost == Decimal("0.09")


@pytest.mark.parametrize("order", [2, 3])
async def test_after_kill_9_only_the_order_under_way_is_placed_again(
    tmp_path: Path, redis_url: str, order: int
) -> None:
    """W3: a process of its own, killed while the vendor works at the second or third part."""
    recording = spoken(0)
    (tmp_path / "recording.wav").write_bytes(recording)
    vendor = Vendor(tmp_path, recording)
    async with lived_in(tmp_path, redis_url, vendor) as house:
        job = await house.speak(SCRIPT)
        argv = [sys.executable, "-m", "tests.jobs.long_worker", str(tmp_path), redis_url, str(order)]
        worker = await asyncio.create_subprocess_exec(*argv, cwd=ROOT)
        assert await worker.wait() == -9
        assert [line.split(" ", 1)[1] for line in vendor.asked()] == PARTS[:order]
        await house.expire_lease(job)
        job = await house.sound(await house.finish(job))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        asked = [line.split(" ", 1) for line in vendor.asked()]
        assert [script for _, script in asked] == [*PARTS[:order], *PARTS[order - 1 :]]
        assert asked[order - 1] == asked[order], "the same key"
        assert len({key for key, _ in asked}) == 3
        assert (await house.output(job)).cost == Decimal("0.09")


async def test_another_provider_begins_again_with_its_own_voice(tmp_path: Path, redis_url: str) -> None:
    """V2: half a speech by one stock speaker and half by another is not a speech."""
    first = toy(delivery(0), ProviderUnavailable("gone"), id="first")
    second = toy(delivery(0), delivery(1), delivery(2), id="second")
    async with lived_in(tmp_path, redis_url, first, second) as house:
        job = await house.finish(await house.speak(SCRIPT))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        assert first.calls("start") == 2 and second.calls("start") == 3
        output = await house.output(job)
        assert output.served[0]["provider"] == "second"
        assert output.cost == Decimal("0.12")
        left = await assets(house, AssetPurpose.PART)
        assert len(left) == 8 and all(each.state is AssetState.ERASED for each in left)


async def test_a_part_that_fails_fails_the_whole_and_leaves_nothing(tmp_path: Path, redis_url: str) -> None:
    provider = toy(delivery(0), Delivery(media=b"no sound", content_type="audio/wav"))
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.finish(await house.speak(SCRIPT))
        assert job.state == "FAILED"
        await house.sound(job)
        assert all(each.state is AssetState.ERASED for each in await assets(house, AssetPurpose.PART))
        assert job.settled == 0


async def test_cancelled_between_parts(tmp_path: Path, redis_url: str) -> None:
    from persona_graph.jobs.cancel import cancel_job

    async def cancelled(_call: Call) -> Delivery:
        await cancel_job(house.jobs, house.viewer, job.id)
        return delivery(1)

    provider = toy(delivery(0), cancelled)
    async with lived_in(tmp_path, redis_url, provider) as house:
        job = await house.speak(SCRIPT)
        ended = await house.finish(job)
        assert ended.state == "CANCELLED"
        await house.sound(ended)
        assert provider.calls("start") == 2
        assert all(each.state is AssetState.ERASED for each in await assets(house, AssetPurpose.PART))
