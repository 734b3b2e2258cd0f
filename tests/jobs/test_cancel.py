"""Asking a job to stop: at any time, twice, too late; and what the vendor gets to hear of it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from persona_graph.accounts.viewer import Scope
from persona_graph.errors import Forbidden, InvalidInput, NotFound, WrongState
from persona_graph.jobs import endings
from persona_graph.jobs.cancel import cancel_job, resolve_review
from persona_graph.jobs.lease import Lease, claim
from persona_graph.provider import OrderRejected, OutcomeUnknown, PaymentSafety, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, catalog, speaker, video_offer


async def test_a_job_nobody_has_begun_ends_at_once(each_opening: Opening) -> None:
    toy = speaker()
    house = await each_opening(toy)
    job = await house.speak()
    assert (await house.cancel(job)).state == "CANCELLED"
    await house.sound(job)
    assert toy.history == [] and await house.holds() == []
    assert await house.advance(job) is None


async def test_a_waiting_job_is_cancelled_at_the_vendor(each_opening: Opening) -> None:
    """V12: and nothing is charged."""
    toy = speaker(start=[TICKET], check=[Progress(0.5), ...])
    house = await each_opening(toy)
    job = await house.speak()
    await house.advance(job)
    assert (await house.cancel(job)).state == "CANCELLING"
    assert await house.advance(job) is None, "it does not wait for its time"
    assert (await house.sound(job)).state == "CANCELLED"
    assert [asked.what for asked in toy.history if asked.method == "cancel"] == [{"order": "7"}]
    assert [attempt.state for attempt in await house.attempts(job)] == ["CANCELLED"]


async def test_what_the_vendor_had_finished_is_late_not_lost(each_opening: Opening) -> None:
    """V12: it says done."""
    toy = speaker(start=[TICKET], check=[DELIVERY])
    house = await each_opening(toy)
    job = await house.speak()
    await house.advance(job)
    await house.cancel(job)
    await house.advance(job)
    assert (await house.sound(job)).state == "SUCCEEDED"
    assert toy.calls("cancel") == 0
    assert (await house.output(job)).asset_id is not None


async def test_a_running_start_is_late_not_lost(opening: Opening) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Any:
        asked.set()
        await go.wait()
        return DELIVERY

    house = await opening(speaker(start=[slow]))
    job = await house.speak()
    running = asyncio.ensure_future(house.advance(job))
    await asked.wait()
    assert (await house.cancel(job)).state == "CANCELLING"
    assert await house.advance(job) is None, "the lease is held"
    go.set()
    await running
    assert (await house.sound(job)).state == "SUCCEEDED"


async def test_a_ticket_that_comes_after_the_cancel_is_cancelled(opening: Opening) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Any:
        asked.set()
        await go.wait()
        return TICKET

    toy = speaker(start=[slow], check=[Progress(0.1)])
    house = await opening(toy)
    job = await house.speak()
    running = asyncio.ensure_future(house.advance(job))
    await asked.wait()
    await house.cancel(job)
    go.set()
    assert await running == 0.0, "worth coming back at once"
    await house.advance(job)
    assert (await house.sound(job)).state == "CANCELLED"
    assert toy.calls("cancel") == 1


async def test_whatever_comes_in_the_way_of_a_cancelled_job_it_was_cancelled(each_opening: Opening) -> None:
    """Its worker had looked before the cancel, and then found the file erased; or the vendor refused."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_call: Any) -> Any:
        asked.set()
        await go.wait()
        raise OrderRejected("no", billed_cost=Decimal("0.01"))

    house = await each_opening(speaker(start=[slow]))
    erased = await house.speak()
    lease = Lease(erased.id)
    assert await claim(house.jobs, lease)
    assert (await house.cancel(erased)).state == "CANCELLING"
    await endings.refuse(house.jobs, lease, None, "MEDIA_ERASED", "This file was deleted.", None)
    refused = await house.speak()
    running = asyncio.ensure_future(house.advance(refused))
    await asked.wait()
    await house.cancel(refused)
    go.set()
    await running
    for job in (erased, refused):
        ended = await house.sound(job)
        assert (ended.state, ended.failure_code) == ("CANCELLED", None)
        assert "SETTLE" not in await house.postings(job)
    assert (await house.postings(refused))["COST"] == Decimal("0.01")


async def test_between_two_legs(opening: Opening) -> None:
    """What the first vendor delivered is paid by the house, not by the user."""
    voice = speaker("voice", start=[TICKET], check=[DELIVERY])
    face = Scripted("face", video_offer())
    house = await opening(voice, face)
    job = await house.film()
    await house.advance(job)
    await house.cancel(job)
    await house.finish(job)
    assert (await house.sound(job)).state == "CANCELLED"
    posted = await house.postings(job)
    assert posted["COST"] == Decimal("0.02") and "SETTLE" not in posted
    assert face.history == []


@pytest.mark.parametrize("safety", list(PaymentSafety))
async def test_an_order_whose_outcome_is_unknown(opening: Opening, safety: PaymentSafety) -> None:
    """V3: where money may have gone and nobody can find out, a person looks; else it is cancelled."""
    toy = speaker(safety=safety, start=[OutcomeUnknown("reset")])
    house = await opening(toy)
    job = await house.speak()
    await house.advance(job)
    await house.cancel(job)
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == ("NEEDS_REVIEW" if safety is PaymentSafety.BLIND else "CANCELLED")
    assert toy.calls("start") == 1
    if job.state == "NEEDS_REVIEW":
        await house.cancel(job)
        job = await house.sound(job)
        assert (job.state, job.failure_code) == ("FAILED", "CANCELLED") and await house.holds() == []


async def test_a_provider_that_is_not_installed_any_more(opening: Opening) -> None:
    house = await opening(speaker(start=[TICKET]))
    job = await house.speak()
    await house.advance(job)
    house.jobs.catalog = catalog(speaker("other"))
    await house.cancel(job)
    await house.finish(job)
    assert (await house.sound(job)).state == "CANCELLED"


async def test_twice_and_after_the_end(each_opening: Opening) -> None:
    house = await each_opening(speaker(start=[TICKET], check=[Progress(0.5), ...]))
    job = await house.speak()
    await house.advance(job)
    answers = await asyncio.gather(*(house.cancel(job) for _ in range(5)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, WrongState)]
    assert len(refused) == 4 and {fault.code for fault in refused} == {"ALREADY_DECIDED"}
    await house.finish(job)
    before = await house.rows()
    with pytest.raises(WrongState) as raised:
        await house.cancel(job)
    assert raised.value.code == "ALREADY_ENDED" and await house.rows() == before


async def test_somebody_elses_job_is_not_there(opening: Opening) -> None:
    house = await opening(speaker())
    job = await house.speak()
    other = await house.neighbour()
    with pytest.raises(NotFound):
        await other.cancel(job)
    with pytest.raises(Forbidden):
        await cancel_job(house.jobs, _only(house, Scope.READ), job.id)


def _only(house: House, scope: Scope) -> Any:
    return replace(house.viewer, scopes=frozenset({scope}))


async def test_a_quarantined_job_can_be_cancelled(opening: Opening) -> None:
    house = await opening(speaker())
    job = await _quarantined(house)
    assert (await house.cancel(job)).state == "CANCELLED"
    await house.sound(job)


@pytest.mark.parametrize("again", [True, False])
async def test_an_operators_word_on_a_quarantined_job(opening: Opening, again: bool) -> None:
    house = await opening(speaker(start=[DELIVERY]))
    job = await _quarantined(house)
    with pytest.raises(InvalidInput):
        await resolve_review(house.jobs, house.viewer, job.id, again=again, note="  ")
    with pytest.raises(Forbidden):
        await resolve_review(house.jobs, _only(house, Scope.WRITE), job.id, again=again, note="Looked at it.")
    await resolve_review(house.jobs, house.viewer, job.id, again=again, note="Looked at it.")
    await house.finish(job)
    assert (await house.sound(job)).state == ("SUCCEEDED" if again else "FAILED")
    with pytest.raises(WrongState):
        await resolve_review(house.jobs, house.viewer, job.id, again=again, note="Again.")


async def test_a_word_on_a_job_whose_vendor_has_a_ticket(opening: Opening) -> None:
    """Run again, it is asked for what it has; the order is not placed twice."""
    toy = speaker(start=[TICKET], check=[DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    await house.advance(job)
    job = await _quarantined(house, job)
    await resolve_review(house.jobs, house.viewer, job.id, again=True, note="The worker was at fault.")
    await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED" and toy.calls("start") == 1


@pytest.mark.parametrize("again", [True, False])
async def test_v3_what_a_review_found_out_about_the_bill_is_booked(opening: Opening, again: bool) -> None:
    """V3: the order that nobody knew about had been billed; the account pays for none but the one that was delivered."""
    toy = speaker(safety=PaymentSafety.BLIND, start=[OutcomeUnknown("reset"), DELIVERY])
    house = await opening(toy)
    job = await house.finish(await house.speak())
    assert job.state == "NEEDS_REVIEW"
    for wrong in (Decimal("NaN"), Decimal(-1), Decimal(5000)):
        with pytest.raises(InvalidInput) as refused:
            await resolve_review(house.jobs, house.viewer, job.id, again=again, note="x", billed=wrong)
        assert refused.value.path == ("billedCost",)
    await resolve_review(
        house.jobs, house.viewer, job.id, again=again, note="It is on the bill.", billed=Decimal("0.05")
    )
    job = await house.sound(await house.finish(job))
    posted = await house.postings(job)
    assert posted["COST"] == Decimal("0.05") + (Decimal("0.02") if again else 0)
    assert ("SETTLE" in posted) == again


@pytest.mark.parametrize("safety", list(PaymentSafety))
async def test_v3_a_quarantined_job_that_goes_on_pays_for_no_order_twice(
    opening: Opening, safety: PaymentSafety
) -> None:
    """V3: its workers died on it after the order was sent. With a key it is sent again, without one it is looked up,
    and where neither is possible a person decides once more."""
    toy = speaker(safety=safety, start=[OutcomeUnknown("reset"), DELIVERY], find=[DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    await house.advance(job)
    job = await _quarantined(house, job)
    await resolve_review(house.jobs, house.viewer, job.id, again=True, note="The workers were at fault.")
    job = await house.sound(await house.finish(job))
    assert job.state == ("NEEDS_REVIEW" if safety is PaymentSafety.BLIND else "SUCCEEDED")
    assert len(await house.attempts(job)) == 1 and len(set(toy.keys())) == 1


async def test_a_bill_for_no_order_is_refused(opening: Opening) -> None:
    house = await opening(speaker(start=[DELIVERY]))
    job = await _quarantined(house)
    with pytest.raises(InvalidInput):
        await resolve_review(house.jobs, house.viewer, job.id, again=False, note="x", billed=Decimal(1))
    assert (await house.job(job)).state == "QUARANTINED"


async def _quarantined(house: House, job: Any = None) -> Any:
    job = job or await house.speak()
    for _ in range(3):
        await house.hurry(job)
        assert await claim(house.jobs, Lease(job.id))
        await house.expire_lease(job)
        house.jobs.suspects.leave(job.id)
    await claim(house.jobs, Lease(job.id))
    job = await house.job(job)
    assert job.state == "QUARANTINED"
    return job


async def test_at_random_moments(each_opening: Opening) -> None:
    """Whenever it comes: one end, nothing held, charged only if it succeeded."""
    rng = random.Random(11)

    async def pause(_call: Any) -> Any:
        await asyncio.sleep(rng.uniform(0, 0.01))
        return Progress(rng.random(), check_again_in=0.2)

    house = await each_opening(speaker())
    for _ in range(12):
        toy = speaker(start=[TICKET], check=[pause, pause, pause, DELIVERY, ...])
        house.jobs.catalog = catalog(toy)
        job = await house.speak()
        running = asyncio.ensure_future(house.finish(job))
        await asyncio.sleep(rng.uniform(0, 0.3))
        try:
            await house.cancel(job)
        except WrongState as fault:
            assert fault.code == "ALREADY_ENDED"
        await running
        await house.finish(job)
        job = await house.sound(job)
        assert job.state in ("CANCELLED", "SUCCEEDED")
    assert await house.holds() == []
