"""Training jobs: two legs, and a copy of somebody's voice at a vendor that must not outlive its use."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from persona_graph.db import settled_writing
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.jobs.work import Bench, Kept
from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.personas import voices
from persona_graph.personas.tables import Consent, ConsentScope, Enrolment, Sample, TrainingStatus, Voice
from persona_graph.personas.works.training import TrainingWork
from persona_graph.provider import (
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Offer,
    Order,
    OrderRejected,
    PaymentSafety,
    Progress,
    Speak,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import House, PlainWork
from tests.jobs.scripted import TICKET, Scripted

TRAINED = Delivery(vendor_voice="v7", voice_model=b"model", billed_cost=Decimal(1))
SPOKEN = Delivery(media=b"hello", billed_cost=Decimal("0.1"))


class PlainTraining(TrainingWork):
    """Training as it is, but nothing is decoded: samples count as clean, a preview is kept unheard."""

    async def _clean(self, bench: Bench) -> list[str]:
        async with bench.db.reading() as session:
            rows = select(Sample).where(Sample.voice_id == bench.job.subject_id)
            samples = (await session.scalars(rows)).all()
        kept = [
            await bench.media.keep(
                bench.job.account_id, AssetPurpose.CLEANED, b"clean", "application/octet-stream", name="clean"
            )
            for _ in samples
        ]
        ids = [asset.id for asset in kept]
        await bench.note(kept, {"cleaned": ids, "fingerprint": [0.5, 0.5]})
        return ids

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if isinstance(order, Speak):
            return await PlainWork(self.personas).keep(bench, order, delivery)
        return await super().keep(bench, order, delivery)


def trainer(*, start: Any, check: Any = ()) -> Scripted:
    """One vendor that trains and speaks; ``start`` is asked for both."""
    keyed: dict[str, Any] = {"payment_safety": PaymentSafety.KEYED, "fidelity": Fidelity.CLONE}
    train = Offer(id="train", capability=Capability.VOICE_TRAINING, cost=Cost(per_run=Decimal(1)), **keyed)
    toy = Scripted("trainer", train, start=start, check=check)
    speak = Offer(
        id="speak",
        capability=Capability.SPEECH,
        cost=Cost(per_run=Decimal("0.1")),
        uses_trained_voice=True,
        **keyed,
    )
    toy.offers = (train, speak)
    return toy


async def train(house: House) -> Job:
    house.jobs.works[JobKind.VOICE_TRAINING] = PlainTraining(house.personas)  # type: ignore[index]
    media = house.personas.media
    async with house.db.writing() as session:
        samples = [
            await media.keep(house.account.id, AssetPurpose.SAMPLE, b"hello", "application/octet-stream")
            for _ in range(5)
        ]
        for sample in samples:
            sample.seconds = 3.0
        session.add_all(samples)
        session.add(
            Consent(
                account_id=house.account.id, persona_id=house.persona.id, scope=ConsentScope.VOICE, subject="me",
                statement="yes", statement_version="1", granted_by="test",
            )
        )  # fmt: skip
    training = voices.Training(house.persona.id, "Ada", tuple(sample.id for sample in samples))
    request = Request("trainVoice", {}, Paid())
    submitted = await settled_writing(
        lambda: voices.train_voice(house.personas, house.viewer, training, request)
    )
    job: Job = submitted.job
    return job


async def state_of(house: House, job: Job) -> tuple[Voice, list[Enrolment], dict[str, int]]:
    """The voice, its enrolments, and how many readable assets there are of each purpose."""
    async with house.db.reading() as session:
        voice = await session.get_one(Voice, job.subject_id)
        enrolments = list((await session.scalars(select(Enrolment))).all())
        readable = (await session.scalars(select(Asset).where(Asset.state == AssetState.READY))).all()
    left: dict[str, int] = {}
    for asset in readable:
        left[asset.purpose] = left.get(asset.purpose, 0) + 1
    return voice, enrolments, left


async def test_a_voice_is_trained_and_its_samples_go(each_opening: Opening) -> None:
    house = await each_opening(trainer(start=[TICKET, SPOKEN], check=[Progress(0.5), TRAINED]))
    job = await train(house)
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == "SUCCEEDED", job.failure_message
    voice, [enrolment], left = await state_of(house, job)
    assert voice.status == TrainingStatus.READY and voice.preview_id is not None
    assert (enrolment.state, enrolment.vendor_voice) == ("LIVE", "v7")
    assert left == {"VOICE_MODEL": 1, "SPEECH": 1}
    assert (await house.postings(job))["COST"] == Decimal("1.1")


async def test_a_voice_whose_preview_fails_is_forgotten(opening: Opening) -> None:
    """It can never be approved, so the vendor's copy of a person's voice has no use."""
    house = await opening(trainer(start=[TRAINED, OrderRejected("no such words", "MODERATION")]))
    job = await train(house)
    await house.finish(job)
    job = await house.sound(job)
    assert (job.state, job.failure_code) == ("FAILED", "MODERATION")
    voice, [enrolment], left = await state_of(house, job)
    assert voice.status == TrainingStatus.FAILED and voice.fingerprint is None
    assert (enrolment.state, enrolment.model_id) == ("FORGETTING", None)
    assert left == {}
    posted = await house.postings(job)
    assert posted["COST"] == Decimal(1) and "SETTLE" not in posted


async def test_cancelled_between_training_and_preview(opening: Opening) -> None:
    house = await opening(trainer(start=[TRAINED, TICKET], check=[Progress(0.5), ...]))
    job = await train(house)
    await house.advance(job)
    await house.cancel(job)
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == "CANCELLED"
    _, [enrolment], left = await state_of(house, job)
    assert enrolment.state == "FORGETTING" and left == {}


async def test_a_voice_deleted_while_it_is_trained(each_opening: Opening) -> None:
    """B4: the training that ends just afterwards leaves nothing behind, here or at the vendor."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Delivery:
        asked.set()
        await go.wait()
        return TRAINED

    house = await each_opening(trainer(start=[slow, SPOKEN]))
    job = await train(house)
    running = asyncio.ensure_future(house.advance(job))
    await asked.wait()
    await settled_writing(lambda: voices.delete_voice(house.personas, house.viewer, job.subject_id))
    go.set()
    await running
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == "CANCELLED"
    voice, [enrolment], left = await state_of(house, job)
    assert voice.deleted_at is not None and voice.fingerprint is None and voice.preview_id is None
    assert (enrolment.state, enrolment.model_id) == ("FORGETTING", None)
    assert left == {}


async def test_a_voice_deleted_while_its_preview_is_spoken(opening: Opening) -> None:
    """B4: late success."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Delivery:
        asked.set()
        await go.wait()
        return SPOKEN

    house = await opening(trainer(start=[TRAINED, slow]))
    job = await train(house)
    running = asyncio.ensure_future(house.advance(job))
    await asked.wait()
    await settled_writing(lambda: voices.delete_voice(house.personas, house.viewer, job.subject_id))
    go.set()
    await running
    job = await house.sound(job)
    assert job.state in ("SUCCEEDED", "CANCELLED", "FAILED")
    _, [enrolment], left = await state_of(house, job)
    assert (enrolment.state, enrolment.model_id) == ("FORGETTING", None)
    assert left == {}
