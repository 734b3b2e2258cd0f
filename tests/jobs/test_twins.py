"""Voice twins and the lease watch: a fallback may change the vendor, never the speaker (issue of vendors; V13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from persona_graph.db import settled_writing, utcnow
from persona_graph.errors import InvalidInput, TierRefused, WrongState
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.jobs.work import Bench, Kept
from persona_graph.media.assets import AssetPurpose
from persona_graph.media.speaker import Fingerprint
from persona_graph.personas import approval, leases, outputs, twins, voices
from persona_graph.personas.erasure import forget_enrolments
from persona_graph.personas.outputs import SpeechWish
from persona_graph.personas.tables import Enrolment, Notice, Sample, Standing, TrainingStatus, Voice
from persona_graph.personas.twins import TwinWish
from persona_graph.personas.works.twin import RenewalWork, TwinWork
from persona_graph.provider import (
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Offer,
    Order,
    OrderRejected,
    PaymentSafety,
    Speak,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import House, PlainWork
from tests.jobs.scripted import Scripted
from tests.jobs.test_training import SPOKEN, TRAINED, train

GONE = OrderRejected("voice id not exist", "VOICE_GONE")
SOON = timedelta(hours=20)
FEE = Decimal("1.5")


class PlainTwin(TwinWork):
    """As it is, but the recordings are not decoded: who speaks in them is ``heard``, the twin's preview sounds
    like the voice by ``alike``."""

    heard = [0.5, 0.5]
    alike = 0.9

    async def _clean(self, bench: Bench) -> list[str]:
        kept = [
            await bench.media.keep(
                bench.job.account_id, AssetPurpose.CLEANED, b"clean", "application/octet-stream", name="clean"
            )
            for _ in await self._samples(bench)
        ]
        facts = await self._identified(bench, Fingerprint(self.heard, 0.0))
        ids = [asset.id for asset in kept]
        await bench.note(kept, {"cleaned": ids, **facts})
        return ids

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if isinstance(order, Speak):
            kept = await PlainWork(self.personas).keep(bench, order, delivery)
            return replace(kept, result={**kept.result, "similarity": self.alike})
        return await super().keep(bench, order, delivery)


class PlainRenewal(RenewalWork):
    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        assert isinstance(order, Speak)
        return Kept(seconds=0.5, characters=len(order.script))


def vendor(id: str, *, start: Any) -> Scripted:
    """Trains and speaks; ``start`` is asked for both."""
    keyed: dict[str, Any] = {"payment_safety": PaymentSafety.KEYED, "fidelity": Fidelity.CLONE}
    train_offer = Offer(
        id="train", capability=Capability.VOICE_TRAINING, cost=Cost(per_run=Decimal(1)), **keyed
    )
    speak = Offer(
        id="speak", capability=Capability.SPEECH, cost=Cost(per_run=Decimal("0.1")), uses_trained_voice=True,
        first_use=FEE, **keyed,
    )  # fmt: skip
    made = Scripted(id, train_offer, start=start)
    made.offers = (train_offer, speak)
    return made


async def trained(house: House) -> Voice:
    """A live voice, trained at the vendor whose name comes first."""
    house.jobs.works[JobKind.VOICE_TWIN] = PlainTwin(house.personas)  # type: ignore[index]
    house.jobs.works[JobKind.VOICE_RENEWAL] = PlainRenewal(house.personas)  # type: ignore[index]
    job = await train(house)
    await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED"
    await settled_writing(lambda: approval.approve(house.personas, house.viewer, Voice, job.subject_id))
    return await voice_of(house, job.subject_id)


async def voice_of(house: House, id: str) -> Voice:
    async with house.db.reading() as session:
        return await session.get_one(Voice, id)


async def samples(house: House) -> tuple[str, ...]:
    async with house.db.writing() as session:
        made = [
            await house.personas.media.keep(
                house.account.id, AssetPurpose.SAMPLE, b"hello", "application/octet-stream"
            )
            for _ in range(5)
        ]
        for sample in made:
            sample.seconds = 3.0
        session.add_all(made)
    return tuple(sample.id for sample in made)


async def ask_twin(house: House, voice: Voice, provider: str, **paid: Any) -> voices.Submitted:
    wish = TwinWish(voice.id, provider, await samples(house))
    request = Request("trainTwin", {}, Paid(**paid))
    found: voices.Submitted = await settled_writing(
        lambda: twins.train_twin(house.personas, house.viewer, wish, request)
    )
    return found


async def twin_at(house: House, voice: Voice, provider: str) -> Enrolment:
    submitted = await ask_twin(house, voice, provider)
    assert submitted.job is not None
    await house.finish(submitted.job)
    job = await house.sound(submitted.job)
    assert job.state == "SUCCEEDED", job.failure_message
    return await enrolment_at(house, provider)


async def enrolment_at(house: House, provider: str) -> Enrolment:
    async with house.db.reading() as session:
        rows = select(Enrolment).where(Enrolment.provider == provider)
        return (await session.scalars(rows)).one()


async def accept(house: House, twin: Enrolment) -> Voice:
    accepted: Voice = await settled_writing(lambda: twins.accept_twin(house.personas, house.viewer, twin.id))
    return accepted


async def say(house: House) -> Job:
    wish = SpeechWish(house.persona.id, "Good morning.")
    submitted = await settled_writing(
        lambda: outputs.generate_speech(
            house.personas, house.viewer, wish, Request("generateSpeech", {}, Paid())
        )
    )
    await house.finish(submitted.job)
    return await house.sound(submitted.job)


async def notices(house: House) -> list[Notice]:
    async with house.db.reading() as session:
        return list((await session.scalars(select(Notice).order_by(Notice.id))).all())


def asked(provider: Scripted) -> int:
    return provider.calls("start")


async def test_a_twin_speaks_only_once_it_is_accepted(each_opening: Opening) -> None:
    """V13: the first vendor lost the voice; the accepted twin speaks, for one price, and the loss is told."""
    first = vendor("first", start=[TRAINED, SPOKEN, SPOKEN, GONE])
    second = vendor("second", start=[replace(TRAINED, vendor_voice="w9"), SPOKEN, SPOKEN])
    house = await each_opening(first, second)
    voice = await trained(house)
    twin = await twin_at(house, voice, "second")
    assert (twin.standing, twin.similarity, twin.state) == (Standing.TWIN, 0.9, "LIVE")
    assert twin.preview_id is not None
    spoken = await say(house)
    assert [c["provider"] for c in spoken.legs[0].route["candidates"]] == ["first"]
    await accept(house, twin)
    spoken = await say(house)
    assert [c["provider"] for c in spoken.legs[0].route["candidates"]] == ["first", "second"]
    assert spoken.state == "SUCCEEDED" and spoken.legs[0].result["provider"] == "second"
    assert spoken.legs[0].result["fidelity"] == "CLONE"
    assert second.history[-1].what.voice.id == "w9"
    assert (await enrolment_at(house, "first")).state == "LOST"
    assert (await voice_of(house, voice.id)).status == TrainingStatus.READY
    [told] = await notices(house)
    assert told.kind == "VOICE_LOST" and "Another enrolment still speaks" in told.message


async def test_a_lost_voice_without_a_twin_is_expired(opening: Opening) -> None:
    """V13: the job fails with a code that says so, nothing is charged, and the next request is refused typed."""
    house = await opening(vendor("first", start=[TRAINED, SPOKEN, GONE]))
    voice = await trained(house)
    job = await say(house)
    assert (job.state, job.failure_code) == ("FAILED", "VOICE_GONE")
    assert "SETTLE" not in await house.postings(job)
    assert (await voice_of(house, voice.id)).status == TrainingStatus.EXPIRED
    [told] = await notices(house)
    assert told.kind == "VOICE_LOST" and told.fix is not None
    with pytest.raises(WrongState) as refused:
        await say(house)
    assert refused.value.state == "EXPIRED"


async def test_an_expired_voice_comes_back_by_an_accepted_twin(opening: Opening) -> None:
    first = vendor("first", start=[TRAINED, SPOKEN, GONE])
    second = vendor("second", start=[TRAINED, SPOKEN, SPOKEN])
    house = await opening(first, second)
    voice = await trained(house)
    await say(house)
    await accept(house, await twin_at(house, voice, "second"))
    assert (await voice_of(house, voice.id)).status == TrainingStatus.READY
    assert (await say(house)).legs[0].result["provider"] == "second"


async def test_recordings_of_another_person_make_no_twin(opening: Opening) -> None:
    second = vendor("second", start=[TRAINED, SPOKEN])
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]), second)
    voice = await trained(house)
    house.jobs.works[JobKind.VOICE_TWIN].heard = [1.0, -0.9]  # type: ignore[attr-defined]
    submitted = await ask_twin(house, voice, "second")
    assert submitted.job is not None
    await house.finish(submitted.job)
    job = await house.sound(submitted.job)
    assert (job.state, job.failure_code) == ("FAILED", "SAMPLE_QUALITY")
    assert asked(second) == 0
    assert (await voice_of(house, voice.id)).status == TrainingStatus.READY
    async with house.db.reading() as session:
        kept = select(Sample).where(Sample.asset_id.is_not(None))
        assert (await session.scalars(kept)).all() == []


@pytest.mark.parametrize("alike", [0.5, None])
async def test_a_twin_that_sounds_like_somebody_else_cannot_be_accepted(
    opening: Opening, alike: float | None
) -> None:
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]), vendor("second", start=[TRAINED, SPOKEN]))
    voice = await trained(house)
    house.jobs.works[JobKind.VOICE_TWIN].alike = alike  # type: ignore[attr-defined]
    twin = await twin_at(house, voice, "second")
    with pytest.raises(InvalidInput):
        await accept(house, twin)
    assert (await enrolment_at(house, "second")).standing == Standing.TWIN


async def test_a_twin_is_quoted_and_made_at_the_one_provider(opening: Opening) -> None:
    second = vendor("second", start=[TRAINED, SPOKEN])
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]), second)
    voice = await trained(house)
    asked_for = await ask_twin(house, voice, "second", dry_run=True)
    assert asked_for.job is None and asked_for.plan is not None
    assert [c.provider for c in asked_for.plan.legs[0].route.candidates] == ["second"]
    refused = {r.provider: r.code for r in asked_for.plan.legs[0].route.refusals}
    assert refused["first"] == "NOT_WANTED"
    assert asked(second) == 0
    with pytest.raises(InvalidInput, match="no provider"):
        await ask_twin(house, voice, "third")
    with pytest.raises(WrongState, match="already enrolled"):
        await ask_twin(house, voice, "first")


async def test_a_twin_that_was_deleted_speaks_no_more(opening: Opening) -> None:
    second = vendor("second", start=[TRAINED, SPOKEN])
    second.answers["forget_voice"] = [None]
    house = await opening(vendor("first", start=[TRAINED, SPOKEN, SPOKEN]), second)
    voice = await trained(house)
    twin = await twin_at(house, voice, "second")
    await accept(house, twin)
    await settled_writing(lambda: twins.delete_twin(house.personas, house.viewer, twin.id))
    gone = await enrolment_at(house, "second")
    assert (gone.state, gone.model_id, gone.preview_id) == ("FORGETTING", None, None)
    assert await forget_enrolments(house.personas) == 1
    spoken = await say(house)
    assert [c["provider"] for c in spoken.legs[0].route["candidates"]] == ["first"]


async def test_a_cancelled_twin_leaves_nothing(opening: Opening) -> None:
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]), vendor("second", start=[TRAINED, SPOKEN]))
    voice = await trained(house)
    submitted = await ask_twin(house, voice, "second")
    assert submitted.job is not None
    await house.cancel(submitted.job)
    await house.finish(submitted.job)
    assert (await house.sound(submitted.job)).state == "CANCELLED"
    assert (await voice_of(house, voice.id)).status == TrainingStatus.READY


# The lease watch.


def lapsing(**more: Any) -> Delivery:
    return replace(TRAINED, voice_expires_at=utcnow() + SOON, **more)


async def test_a_voice_about_to_expire_is_announced_once(opening: Opening) -> None:
    house = await opening(vendor("first", start=[lapsing(), SPOKEN]))
    voice = await trained(house)
    assert voice.expires_at is not None
    assert await leases.watch_leases(house.personas) == 1
    assert await leases.watch_leases(house.personas) == 1
    [told] = await notices(house)
    assert told.kind == "VOICE_EXPIRING" and "not allowed" in told.message and told.fix is not None


async def test_a_use_that_the_vendor_honours_ends_the_expiry(each_opening: Opening) -> None:
    """The preview is such a use: a MiniMax clone lives on from its first synthesis."""
    house = await each_opening(vendor("first", start=[lapsing(), replace(SPOKEN, voice_kept=True)]))
    voice = await trained(house)
    assert voice.expires_at is None
    assert (await enrolment_at(house, "first")).expires_at is None
    assert await leases.watch_leases(house.personas) == 0


async def test_renewed_within_the_cap(each_opening: Opening) -> None:
    kept = replace(SPOKEN, voice_kept=True, billed_cost=FEE)
    first = vendor("first", start=[lapsing(), SPOKEN, kept])
    house = await each_opening(first)
    voice = await trained(house)
    await settled_writing(lambda: leases.set_renewal(house.personas, house.viewer, voice.id, Decimal("2")))
    await leases.watch_leases(house.personas)
    await leases.watch_leases(house.personas)
    async with house.db.reading() as session:
        [job] = (await session.scalars(select(Job).where(Job.kind == JobKind.VOICE_RENEWAL))).all()
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == "SUCCEEDED"
    order = first.history[-1].what
    assert order.voice.expires_at is not None and order.script == "Yes."
    posted = await house.postings(job)
    assert posted["COST"] == FEE and posted.get("SETTLE", Decimal(0)) == 0
    assert (await voice_of(house, voice.id)).expires_at is None
    assert [told.kind for told in await notices(house)] == ["VOICE_RENEWED"]


async def test_the_cap_holds(opening: Opening) -> None:
    """1.5 for the first use and 0.1 for the word are more than 1.59."""
    first = vendor("first", start=[lapsing(), SPOKEN])
    house = await opening(first)
    voice = await trained(house)
    await settled_writing(lambda: leases.set_renewal(house.personas, house.viewer, voice.id, Decimal("1.59")))
    await leases.watch_leases(house.personas)
    [told] = await notices(house)
    assert told.kind == "VOICE_EXPIRING" and "$1.60" in told.message
    assert asked(first) == 2


@pytest.mark.parametrize("cap", ["0", "-1", "NaN", "1001"])
async def test_a_cap_is_an_amount(opening: Opening, cap: str) -> None:
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]))
    voice = await trained(house)
    with pytest.raises(InvalidInput):
        await settled_writing(
            lambda: leases.set_renewal(house.personas, house.viewer, voice.id, Decimal(cap))
        )


async def test_what_ran_out_is_marked(opening: Opening) -> None:
    past = replace(TRAINED, voice_expires_at=utcnow() - timedelta(minutes=1))
    house = await opening(vendor("first", start=[past, SPOKEN]))
    voice = await trained(house)
    await leases.watch_leases(house.personas)
    assert (await enrolment_at(house, "first")).state == "LOST"
    assert (await voice_of(house, voice.id)).status == TrainingStatus.EXPIRED
    assert [told.kind for told in await notices(house)] == ["VOICE_EXPIRED"]
    assert await leases.watch_leases(house.personas) == 0


async def test_a_free_account_gets_no_twin(opening: Opening) -> None:
    house = await opening(vendor("first", start=[TRAINED, SPOKEN]), vendor("second", start=[TRAINED, SPOKEN]))
    voice = await trained(house)
    async with house.db.writing() as session:
        account = await session.get_one(type(house.account), house.account.id)
        account.tier = "free"
    with pytest.raises(TierRefused):
        await ask_twin(house, voice, "second")
