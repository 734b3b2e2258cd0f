"""Voices bought by the core from a vendor's emulator over HTTP: trained, kept by being used, paid for once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from persona_graph_sandbox import Sandbox, media
from persona_graph_wavespeed import persona_graph_register_providers

from persona_graph.jobs.states import JobKind
from persona_graph.jobs.tables import Job
from persona_graph.jobs.work import Bench
from persona_graph.media.assets import AssetPurpose
from persona_graph.personas.tables import EnrolmentState, TrainingStatus
from persona_graph.provider import PluginConfig
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.test_training import PlainTraining, state_of, train

pytestmark = pytest.mark.timeout(120)
CLONE, SPEECH = "/minimax/voice-clone", "/minimax/speech-02-hd"


class HeardTraining(PlainTraining):
    """The samples count as clean, and are recordings that a vendor can read."""

    async def _clean(self, bench: Bench) -> list[str]:
        kept = await bench.media.keep(
            bench.job.account_id,
            AssetPurpose.CLEANED,
            media.silence(12, rate=8000),
            "audio/wav",
            name="clean",
        )
        kept.seconds = 12.0
        await bench.note([kept], {"cleaned": [kept.id], "fingerprint": [0.5, 0.5]})
        return [kept.id]


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


async def trained(opening: Opening, vendor: Sandbox) -> tuple[House, Job]:
    settings = PluginConfig("wavespeed", vendor.emulators["wavespeed"].settings())
    found: list[Any] = [each for each in persona_graph_register_providers(settings) if "minimax" in each.id]
    house = await opening(*found, outbound_allow=[vendor.url("wavespeed"), vendor.files_url])
    job = await train(house)
    house.jobs.works[JobKind.VOICE_TRAINING] = HeardTraining(house.personas)  # type: ignore[index]
    return house, await house.finish(job)


def billed(vendor: Sandbox, kind: str) -> list[Decimal]:
    return [entry.amount for entry in vendor.bench.ledger.entries("wavespeed", kind)]


@pytest.mark.parametrize(
    ("fault", "path"), [(None, ""), ("drop_after", CLONE), ("accepted_504", CLONE), ("drop_after", SPEECH)],
    ids=["well", "clone-lost", "clone-504", "preview-lost"],
)  # fmt: skip
async def test_a_voice_is_bought_once_and_its_preview_keeps_it(
    opening: Opening, vendor: Sandbox, fault: str | None, path: str
) -> None:
    """Threat V3: lost replies included. Both ledgers agree."""
    if fault:
        vendor.bench.faults.inject("wavespeed", fault, path=path)
    house, job = await trained(opening, vendor)
    assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
    await house.sound(job)
    voice, [enrolment], _ = await state_of(house, job)
    assert (voice.status, enrolment.provider) == (TrainingStatus.READY, "wavespeed-minimax")
    assert enrolment.state == EnrolmentState.LIVE
    assert (enrolment.expires_at, voice.expires_at) == (None, None)
    assert billed(vendor, "minimax/voice-clone") == [Decimal("0.50")]
    assert len(billed(vendor, "minimax/speech-02-hd")) == 1
    posted = await house.postings(job)
    assert posted["COST"] == vendor.bench.ledger.total("wavespeed")


async def test_a_refused_clone_costs_nothing(opening: Opening, vendor: Sandbox) -> None:
    """Threat V8."""
    vendor.bench.faults.inject("wavespeed", "task_fails", code=1200)
    house, job = await trained(opening, vendor)
    assert (job.state, job.failure_code) == ("FAILED", "MODERATION")
    await house.sound(job)
    assert vendor.bench.ledger.total("wavespeed") == 0
    assert "COST" not in await house.postings(job)
