"""Videos bought by the core from a vendor's emulator over HTTP: what both ledgers say in the end, whatever went
wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from persona_graph_sandbox import Sandbox
from persona_graph_wavespeed import persona_graph_register_providers

from persona_graph.catalog.routing import Need, rank
from persona_graph.catalog.tiers import load_tiers
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.personas import outputs
from persona_graph.personas.outputs import VideoWish
from persona_graph.personas.tables import VoicePolicy
from persona_graph.provider import Capability, PluginConfig
from persona_graph.provider.conformance import picture
from tests.jobs.house import House
from tests.jobs.scripted import catalog, speaker
from tests.jobs.test_finished_speech import HEARD
from tests.jobs.test_long_scripts import SCRIPT, lived_in

pytestmark = pytest.mark.timeout(120)
SUBMIT = "/wavespeed-ai/"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["wavespeed"]) as started:
        yield started


@pytest.fixture
def vendor(running: Sandbox) -> Sandbox:
    running.reset()
    emulator: Any = running.emulators["wavespeed"]
    emulator.waiting_seconds = emulator.rendering = 0.0
    return running


@asynccontextmanager
async def housed(folder: Path, redis_url: str, vendor: Sandbox) -> AsyncIterator[House]:
    settings = PluginConfig("wavespeed", vendor.emulators["wavespeed"].settings())
    bought: list[Any] = [
        each for each in persona_graph_register_providers(settings) if "minimax" not in each.id
    ]
    origins = [vendor.url("wavespeed"), vendor.files_url]
    async with lived_in(folder, redis_url, speaker(start=[HEARD]), *bought, outbound_allow=origins) as house:
        house.face = picture(64, 64)
        yield house


async def ask(house: House) -> Job:
    await house._portrait()
    wish = VideoWish(house.persona.id, SCRIPT, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)
    submitted = await outputs.generate_video(
        house.personas, house.viewer, wish, Request("generateVideo", {}, Paid())
    )
    assert submitted.job is not None
    return submitted.job


def charges(vendor: Sandbox) -> list[Decimal]:
    return [entry.amount for entry in vendor.bench.ledger.entries("wavespeed") if entry.amount > 0]


async def video_cost(house: House, job: Job) -> Decimal:
    return sum(
        (a.cost or Decimal(0) for a in await house.attempts(job) if a.provider != "toy" and a.leg), Decimal(0)
    )


async def providers(house: House, job: Job) -> list[str]:
    return [
        attempt.provider for attempt in await house.attempts(job) if attempt.provider.startswith("wavespeed")
    ]


async def test_a_video_is_bought_once_and_both_ledgers_agree(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Rows 80, 94: the short one goes to Hunyuan Avatar, and the job says so."""
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        await house.sound(job)
        assert await providers(house, job) == ["wavespeed-hunyuan"]
        assert await video_cost(house, job) == sum(charges(vendor)) > 0
        assert (await house.output(job)).asset_id


@pytest.mark.parametrize("fault", ["drop_after", "accepted_504", "no_receipt"])
async def test_a_lost_receipt_is_found_again(
    tmp_path: Path, redis_url: str, vendor: Sandbox, fault: str
) -> None:
    """Threat V3: one charge at the vendor, one attempt here."""
    vendor.bench.faults.inject("wavespeed", fault, path=SUBMIT)
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        await house.sound(job)
        assert len(charges(vendor)) == 1
        assert await video_cost(house, job) == charges(vendor)[0]
        assert vendor.bench.requests.count("wavespeed", path=SUBMIT) == 1


async def test_a_vendor_that_is_down_gives_way_to_the_next(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Threats V2, V7: surely not accepted, so the other model is asked; the price stays."""
    vendor.bench.faults.inject("wavespeed", "unavailable", path="/media/uploads", status=402)
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        await house.sound(job)
        assert await providers(house, job) == ["wavespeed-hunyuan", "wavespeed-infinitetalk"]
        assert len(charges(vendor)) == 1


async def test_moderation_ends_it_and_nobody_pays(tmp_path: Path, redis_url: str, vendor: Sandbox) -> None:
    """Threat V8: failed tasks are refunded, so no cost is booked."""
    vendor.bench.faults.inject("wavespeed", "task_fails", code=1200, error="no")
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert (job.state, job.failure_code) == ("FAILED", "MODERATION")
        await house.sound(job)
        assert vendor.bench.ledger.total("wavespeed") == 0
        assert await video_cost(house, job) == 0


async def test_a_model_that_is_down_after_all_gives_way_to_the_next(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Threat V2: it took the order, says for good that it failed, and refunds it."""
    vendor.bench.faults.inject("wavespeed", "task_fails", code=5003, error="unavailable")
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        await house.sound(job)
        assert await providers(house, job) == ["wavespeed-hunyuan", "wavespeed-infinitetalk"]
        assert await video_cost(house, job) == vendor.bench.ledger.total("wavespeed") > 0


async def test_a_result_without_outputs_fails_with_its_cost_booked(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Threat V4."""
    vendor.bench.faults.inject("wavespeed", "no_outputs")
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert (job.state, job.failure_code) == ("FAILED", "PROVIDER_FAILED")
        await house.sound(job)
        assert await video_cost(house, job) == sum(charges(vendor)) > 0


@pytest.mark.parametrize("status", [403, 404])
async def test_a_file_that_is_not_there_yet_is_looked_for_again(
    tmp_path: Path, redis_url: str, vendor: Sandbox, status: int
) -> None:
    """Threat V6: by its receipt, and not bought again."""
    vendor.bench.faults.inject("files", "unavailable", method="GET", status=status)
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        assert len(charges(vendor)) == 1


@pytest.mark.parametrize("fault", ["truncated", "html", "empty"])
async def test_half_a_file_is_never_kept(tmp_path: Path, redis_url: str, vendor: Sandbox, fault: str) -> None:
    """Threat K10: fetched again until it is whole."""
    vendor.bench.faults.inject("files", fault, method="GET")
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
        assert len(charges(vendor)) == 1


async def test_an_internal_address_is_not_fetched_from(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Threat K9."""
    vendor.bench.faults.inject("wavespeed", "odd_output", output="http://169.254.169.254/latest/meta-data")
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await house.finish(await ask(house))
        assert (job.state, job.failure_code) == ("FAILED", "DELIVERY_LOST")
        await house.sound(job)
        assert await video_cost(house, job) == sum(charges(vendor)) > 0


async def test_a_cancelled_video_is_billed_by_the_vendor_and_not_to_the_user(
    tmp_path: Path, redis_url: str, vendor: Sandbox
) -> None:
    """Threat V12."""
    emulator: Any = vendor.emulators["wavespeed"]
    emulator.rendering = 3600
    async with housed(tmp_path, redis_url, vendor) as house:
        job = await ask(house)
        await house.finish(job, slices=8)
        assert len(charges(vendor)) == 1
        await house.cancel(job)
        job = await house.finish(job)
        assert job.state == "CANCELLED"
        await house.sound(job)
        assert await video_cost(house, job) == charges(vendor)[0]


@pytest.mark.parametrize(
    ("seconds", "resolution", "first", "cost"),
    [
        (119.0, "480p", "wavespeed-hunyuan", "3.60"),
        (120.0, "720p", "wavespeed-hunyuan", "7.20"),
        (121.0, "480p", "wavespeed-infinitetalk", "3.63"),
        (600.0, "720p", "wavespeed-infinitetalk", "36"),
    ],
)
def test_who_renders_is_decided_by_the_length(seconds: float, resolution: str, first: str, cost: str) -> None:
    """Rows 94, 155, 157: with the plugin's own offers, at 119, 120, 121 and 600 s."""
    found: list[Any] = list(persona_graph_register_providers(PluginConfig("wavespeed", {"API_KEY": "none"})))
    need = Need(
        capability=Capability.TALKING_VIDEO, tier="enterprise", seconds=seconds, resolution=resolution
    )
    (chosen, *_) = rank(need, catalog(*found), load_tiers(None)).candidates
    assert chosen.provider == first
    offer = next(each.offers[0] for each in found if each.id == first)
    assert offer.cost.of(seconds=seconds, resolution=resolution) == Decimal(cost)
