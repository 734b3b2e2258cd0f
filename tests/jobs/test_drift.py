"""Drift (issue "consistency and drift"): golden lines spoken again by vendors that stay the same and by ones that do
not. What they deliver are real recordings; everything is measured."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from persona_graph.db import settled_writing, utcnow
from persona_graph.errors import ConsentRequired, InvalidInput, SpendRefused, TierRefused, WrongState
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.media import speaker
from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.personas import drift, golden
from persona_graph.personas.consents import withdraw_consent
from persona_graph.personas.drift import TOLERANCES, DriftCheck, Measures, compare
from persona_graph.personas.erasure import erase_voice
from persona_graph.personas.tables import (
    Approval,
    Consent,
    ConsentScope,
    Enrolment,
    Notice,
    NoticeKind,
    Persona,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.works.drift import DriftWork
from persona_graph.provider import (
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Offer,
    OrderFailed,
    PaymentSafety,
    Speak,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import Scripted

SAMPLES = Path(__file__).parents[1] / "samples"
READER = sorted((SAMPLES / "1998").glob("*.flac"))
ANOTHER = sorted((SAMPLES / "367").glob("*.flac"))[0].read_bytes()
SAME = READER[0].read_bytes()


def said(content: bytes, kind: str = "audio/flac") -> Delivery:
    return Delivery(media=content, content_type=kind, billed_cost=Decimal("0.01"))


def changed(folder: Path, *filters: str, ending: str = "wav") -> Delivery:
    """The same reading, put through the audio tool."""
    out = folder / f"changed.{ending}"
    subprocess.run(
        [ffmpeg_binary(), "-y", "-loglevel", "error", "-i", str(READER[0]), *filters, str(out)], check=True
    )
    return said(out.read_bytes(), {"wav": "audio/wav", "ogg": "audio/ogg"}[ending])


def vendor(id: str, *start: Any, cost: str = "0.1") -> Scripted:
    speak = Offer(
        id="speak", capability=Capability.SPEECH, cost=Cost(per_run=Decimal(cost)), uses_trained_voice=True,
        payment_safety=PaymentSafety.KEYED, fidelity=Fidelity.CLONE,
    )  # fmt: skip
    return Scripted(id, speak, start=list(start))


async def with_voice(house: House, *providers: str) -> Voice:
    """A voice in use, as it would be after its training: its fingerprint is the reader's own."""
    house.jobs.works[JobKind.VOICE_DRIFT] = DriftWork(house.personas)  # type: ignore[index]
    known = await speaker.fingerprint(READER)
    async with house.db.writing() as session:
        voice = Voice(
            account_id=house.account.id, persona_id=house.persona.id, name="v", language="en", trained_at=utcnow(),
            status=TrainingStatus.READY, approval=Approval.APPROVED, fingerprint=list(known.vector),
        )  # fmt: skip
        session.add(voice)
        await session.flush()
        for provider in providers:
            session.add(
                Enrolment(
                    voice_id=voice.id, account_id=house.account.id, provider=provider, vendor_voice="v1"
                )
            )
        session.add(
            Consent(
                account_id=house.account.id, persona_id=house.persona.id, scope=ConsentScope.VOICE, subject="me",
                statement="yes", statement_version="1", granted_by="test",
            )
        )  # fmt: skip
        (await session.get_one(Persona, house.persona.id)).voice_id = voice.id
    return voice


async def ask(house: House, as_baseline: bool = False, **paid: Any) -> Any:
    request = Request("checkDrift", {"baseline": as_baseline}, Paid(**paid))
    return await settled_writing(
        lambda: drift.check_drift(house.personas, house.viewer, house.persona.id, as_baseline, request)
    )


async def check(house: House, as_baseline: bool = False) -> DriftCheck:
    submitted = await ask(house, as_baseline)
    await house.finish(submitted.job)
    job = await house.sound(submitted.job)
    assert job.state == "SUCCEEDED", job.failure_message
    async with house.db.reading() as session:
        return (await session.scalars(select(DriftCheck).where(DriftCheck.job_id == job.id))).one()


async def notices(house: House) -> list[Notice]:
    async with house.db.reading() as session:
        return list((await session.scalars(select(Notice).order_by(Notice.id))).all())


def over(check: DriftCheck) -> set[str]:
    return {each["measure"] for each in check.deviations if abs(each["by"]) > each["tolerance"]}


async def test_a_voice_that_stays_the_same_raises_no_alarm(each_opening: Opening, tmp_path: Path) -> None:
    """Not even where the vendor encodes it otherwise, or says it a little slower or softer."""
    house = await each_opening(
        vendor(
            "toy", said(SAME), said(SAME), changed(tmp_path, "-c:a", "libopus", "-b:a", "32k", ending="ogg"),
            changed(tmp_path, "-af", "atempo=0.95,volume=-1dB"),
        )
    )  # fmt: skip
    await with_voice(house, "toy")
    first = await check(house)
    assert first.baseline and first.deviations == [] and not first.drifted
    assert first.measures["similarity"] > 0.9 and 180 < first.measures["pitch_hz"] < 220
    second = await check(house)
    assert second.baseline_id == first.id and {each["by"] for each in second.deviations} == {0.0}
    assert len(second.deviations) == len(TOLERANCES)
    for _ in range(2):
        again = await check(house)
        assert not again.drifted and over(again) == set(), again.message
    assert await notices(house) == []


async def test_a_voice_that_changed_raises_the_alarm(each_opening: Opening, tmp_path: Path) -> None:
    """Another pitch, another speaker, another pace: the notice says which, and what to do."""
    house = await each_opening(
        vendor(
            "toy", said(SAME), changed(tmp_path, "-af", "rubberband=pitch=1.1225"), said(ANOTHER),
            changed(tmp_path, "-af", "atempo=1.3"), said(SAME),
        )
    )  # fmt: skip
    voice = await with_voice(house, "toy")
    await check(house)
    higher, other, faster, back = [await check(house) for _ in range(4)]
    assert "pitch" in over(higher) and "2.0 semitones higher" in higher.message
    assert {"similarity", "pitch", "spectrum", "loudness"} <= over(other)
    assert "less like the person" in other.message
    assert "rate" in over(faster) and "faster" in faster.message
    assert not back.drifted
    told = await notices(house)
    assert [(each.kind, each.subject_id) for each in told] == [(NoticeKind.VOICE_DRIFTED, voice.id)] * 3
    assert told[0].message == higher.message and "asBaseline" in (told[0].fix or "")


async def test_the_baseline_is_of_the_same_words_and_vendor(opening: Opening) -> None:
    """Other lines, another provider or the caller's word begin anew; none of them is drift."""
    house = await opening(
        vendor("dear", said(SAME), said(ANOTHER), said(ANOTHER), OrderFailed("no"), cost="0.05"),
        vendor("other", said(SAME), cost="0.2"),
    )
    await with_voice(house, "dear", "other")
    assert (await check(house)).baseline
    await golden.set_golden_lines(
        house.personas, house.viewer, house.persona.id, ["One line.", "And another."]
    )
    assert (await check(house)).baseline
    again = await check(house, as_baseline=True)
    assert again.baseline and not again.drifted
    elsewhere = await check(house)
    assert (elsewhere.provider, elsewhere.baseline) == ("other", True)
    assert await notices(house) == []


async def test_what_it_speaks_are_the_golden_lines_in_the_voice_in_use(opening: Opening) -> None:
    toy = vendor("toy", said(SAME))
    house = await opening(toy)
    await with_voice(house, "toy")
    await check(house)
    [order] = [asked.what for asked in toy.history if asked.method == "start"]
    assert isinstance(order, Speak) and order.voice is not None and order.voice.id == "v1"
    assert order.script == "\n".join(golden.LINES["en"])
    # Nothing of it is kept.
    async with house.db.reading() as session:
        from persona_graph.media.asset import Asset

        assert (await session.scalars(select(Asset))).all() == []


async def test_it_is_quoted_paid_once_and_refused_for_what_speech_is(opening: Opening) -> None:
    house = await opening(vendor("toy", said(SAME)))
    voice = await with_voice(house, "toy")
    rehearsed = await ask(house, dry_run=True)
    assert rehearsed.job is None and rehearsed.plan.price > 0
    with pytest.raises(SpendRefused):
        await ask(house, max_price=Decimal("0.0001"))
    one, two = await ask(house, idempotency_key="k"), await ask(house, idempotency_key="k")
    assert one.job.id == two.job.id
    await house.finish(one.job)
    assert (await house.sound(one.job)).settled > 0
    async with house.db.reading() as session:
        consent = (await session.scalars(select(Consent))).one()
    await withdraw_consent(house.personas, house.viewer, consent.id)
    with pytest.raises(ConsentRequired):
        await ask(house)
    async with house.db.writing() as session:
        await erase_voice(house.personas, session, await session.get_one(Voice, voice.id))
    async with house.db.reading() as session:
        assert (await session.scalars(select(DriftCheck))).all() == []
    with pytest.raises(WrongState):
        await ask(house)
    async with house.db.writing() as session:
        await session.execute(update(type(house.account)).values(tier="free"))
    with pytest.raises(TierRefused):
        await ask(house)


async def test_nothing_is_checked_by_itself_unless_both_allow_it(each_opening: Opening) -> None:
    """The operator's setting and the voice's cap: without either nothing is queued, with both the baseline comes at
    once, the next check after that many days, and never more than the cap."""
    house = await each_opening(vendor("toy", said(SAME), ...))
    voice = await with_voice(house, "toy")
    assert await drift.watch_drift(house.personas) == 0
    house.personas.settings = house.personas.settings.model_copy(update={"drift_days": 7.0})
    assert await drift.watch_drift(house.personas) == 0
    with pytest.raises(InvalidInput):
        await drift.set_watch(house.personas, house.viewer, voice.id, Decimal(0))
    await drift.set_watch(house.personas, house.viewer, voice.id, Decimal("0.0005"))
    assert await drift.watch_drift(house.personas) == 0
    price = (await ask(house, dry_run=True)).plan.price_ceiling
    await drift.set_watch(house.personas, house.viewer, voice.id, price * Decimal("1.5"))
    assert await drift.watch_drift(house.personas) == 1
    assert await drift.watch_drift(house.personas) == 0
    [job] = await jobs(house)
    assert job.asked_by == drift.WATCH
    await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED"
    await days_pass(house)
    queued = await drift.watch_drift(house.personas)
    spent = (await house.job(job)).settled
    assert queued == (spent + price <= price * Decimal("1.5"))


async def jobs(house: House) -> list[Job]:
    async with house.db.reading() as session:
        return list((await session.scalars(select(Job).where(Job.kind == JobKind.VOICE_DRIFT))).all())


async def days_pass(house: House) -> None:
    from datetime import timedelta

    async with house.db.writing() as session:
        await session.execute(update(Job).values(created_at=utcnow() - timedelta(days=8)))


PLAIN = Measures(0.95, 200.0, 4.0, -20.0, (-3.0, -6.0, -9.0))


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (PLAIN, set()),
        (replace(PLAIN, similarity=1.0), set()),
        (replace(PLAIN, similarity=0.89), {"similarity"}),
        (replace(PLAIN, pitch_hz=200 * 2 ** (0.9 / 12)), set()),
        (replace(PLAIN, pitch_hz=200 / 2 ** (1.1 / 12)), {"pitch"}),
        (replace(PLAIN, syllables_per_second=4.7), {"rate"}),
        (replace(PLAIN, loudness=-22.5), {"loudness"}),
        (replace(PLAIN, bands=(-7.0, -2.0, -12.0)), {"spectrum"}),
        (Measures(None, None, None, -20.0, None), set()),
    ],
)
def test_what_is_over_tolerance(now: Measures, over: set[str]) -> None:
    found = compare(PLAIN, now)
    assert {each.measure for each in found if each.over} == over
    assert len(found) == (1 if now.similarity is None else 5)


@pytest.mark.parametrize("lines", [[], ["a"] * 11, ["..."], ["x" * 301], ["y" * 290] * 3])
def test_lines_that_cannot_be_spoken(lines: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        golden.checked_lines(lines)
    assert refused.value.path == ("lines",)
