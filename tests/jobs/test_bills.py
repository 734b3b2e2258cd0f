"""What is booked as the house's cost of an attempt, however it ended; the account pays for none of these."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persona_graph.provider import (
    Cost,
    Delivery,
    Limits,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, speaker, speech_offer
from tests.jobs.test_long_scripts import PARTS, SCRIPT, delivery, lived_in

D = Decimal


async def cost_of(house: House, job: Any) -> Decimal:
    """By the ledger, which must agree with the attempts and the legs."""
    posted = (await house.postings(job)).get("COST", D(0))
    ended = await house.sound(job)
    assert posted == sum((a.cost or D(0) for a in await house.attempts(job)), D(0))
    assert posted == sum((leg.cost or D(0) for leg in ended.legs), D(0))
    return posted


REFUSALS = {
    "it does not say": (None, D(0)),
    "it gives it back": (D(0), D(0)),
    "it keeps some": (D("0.004"), D("0.004")),
    "nonsense": (D("NaN"), D("0.01")),
    "no number": ("0.5", D("0.01")),
}


@pytest.mark.parametrize("where", ["start", "check"])
@pytest.mark.parametrize("said", REFUSALS)
async def test_a_refusal_costs_what_the_vendor_says(opening: Opening, where: str, said: str) -> None:
    """V8, P6: nothing, unless it names a figure."""
    billed, booked = REFUSALS[said]
    refusal = OrderRejected("no", billed_cost=billed)  # type: ignore[arg-type]
    script: dict[str, Any] = (
        {"start": [refusal]} if where == "start" else {"start": [TICKET], "check": [refusal]}
    )
    house = await opening(speaker(**script))
    job = await house.finish(await house.speak())
    assert job.state == "FAILED" and await cost_of(house, job) == booked


@pytest.mark.parametrize("trouble", [ProviderUnavailable("down"), ProviderBusy("busy")], ids=["down", "busy"])
async def test_what_was_never_accepted_costs_nothing(opening: Opening, trouble: Exception) -> None:
    """V2: and the one that did it is booked with its own."""
    first = speaker("a-first", cost="0", start=[trouble, ...])
    second = speaker("b-second", cost="0.03", start=[replace(DELIVERY, billed_cost=None)])
    house = await opening(first, second)
    job = await house.finish(await house.speak())
    assert job.state == "SUCCEEDED" and await cost_of(house, job) == D("0.03")
    booked = {attempt.provider: attempt.cost for attempt in await house.attempts(job)}
    assert booked == {"a-first": None, "b-second": D("0.03")}


CANCELS = {
    "stopped": (None, D(0)),
    "cannot": (OutcomeUnknown("too late"), D("0.01")),
    "broken": (RuntimeError("?"), D("0.01")),
    "cannot, and names its price": (OrderRejected("too late", billed_cost=D("0.007")), D("0.007")),
}


@pytest.mark.parametrize("said", CANCELS)
async def test_v12_a_cancel_the_vendor_does_not_confirm_is_booked(each_opening: Opening, said: str) -> None:
    """V12: the job is cancelled and uncharged either way; the vendor goes on, and will bill it."""
    answer, booked = CANCELS[said]
    house = await each_opening(speaker(start=[TICKET], check=[Progress(0.5), ...], cancel=[answer]))
    job = await house.speak()
    await house.advance(job)
    await house.cancel(job)
    job = await house.finish(job)
    assert job.state == "CANCELLED" and job.settled == 0
    assert await cost_of(house, job) == booked


@pytest.mark.parametrize("said", CANCELS)
async def test_v5_work_that_is_given_up_is_booked_unless_it_was_stopped(opening: Opening, said: str) -> None:
    answer, booked = CANCELS[said]
    house = await opening(speaker(start=[TICKET], check=[Progress(0.5), ...], cancel=[answer]))
    job = await house.speak()
    await house.advance(job)
    await house.overdue(job)
    job = await house.finish(job)
    assert (job.state, job.failure_code) == ("FAILED", "PROVIDER_TIMEOUT")
    assert await cost_of(house, job) == booked


async def test_a_refusal_that_is_found_while_cancelling(opening: Opening) -> None:
    house = await opening(
        speaker(start=[TICKET], check=[Progress(0.5), OrderRejected("no", billed_cost=D("0.002"))])
    )
    job = await house.speak()
    await house.advance(job)
    await house.hurry(job)
    await house.advance(job)
    await house.cancel(job)
    job = await house.finish(job)
    assert job.state == "CANCELLED" and await cost_of(house, job) == D("0.002")


@pytest.mark.parametrize("refused", [0, 1, 2])
async def test_a_refused_part_of_a_long_script_costs_that_part(
    tmp_path: Path, redis_url: str, refused: int
) -> None:
    """129, V4: by the characters of what was spoken, not those of the whole."""
    offer = replace(
        speech_offer(), cost=Cost(per_run=D("0.01"), per_1000_chars=D(1)), limits=Limits(max_chars=80)
    )
    silent = Delivery(media=b"no sound", content_type="audio/wav")
    spoken = [replace(delivery(n), billed_cost=None) for n in range(refused)]
    async with lived_in(tmp_path, redis_url, Scripted("toy", offer, start=[*spoken, silent])) as house:
        job = await house.finish(await house.speak(SCRIPT))
        assert job.state == "FAILED" and job.settled == 0
        each = [D("0.01") + D(len(part)) / 1000 for part in PARTS[: refused + 1]]
        assert [attempt.cost for attempt in await house.attempts(job)] == each
        assert await cost_of(house, job) == sum(each)


@pytest.mark.parametrize(
    "script",
    [
        {"start": [Ticket({"n": 1}, vendor_ref="task-1")], "check": [DELIVERY]},
        {"start": [replace(DELIVERY, vendor_ref="task-1")]},
        {"start": [Ticket({"n": 1}, vendor_ref="task-1")], "check": [OrderRejected("no")]},
    ],
    ids=["by ticket", "by delivery", "refused"],
)
async def test_the_vendors_own_id_is_kept_with_the_attempt(opening: Opening, script: dict[str, Any]) -> None:
    house = await opening(speaker(**script))
    job = await house.finish(await house.speak())
    assert [attempt.vendor_ref for attempt in await house.attempts(job)] == ["task-1"]


@pytest.mark.parametrize("ref", ["", "x" * 256, "nul\0", 7], ids=["empty", "long", "nul", "number"])
async def test_p3_an_id_that_is_none_is_a_breach(opening: Opening, ref: Any) -> None:
    for script in ({"start": [Ticket({}, vendor_ref=ref)]}, {"start": [replace(DELIVERY, vendor_ref=ref)]}):
        house = await opening(speaker(**script))
        job = await house.finish(await house.speak())
        assert job.failure_code == "PLUGIN_CONTRACT"
