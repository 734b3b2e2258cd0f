"""A tier that changes while a job is under way: what was agreed holds, what comes next is the new tier's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from persona_graph.accounts.accounts import set_tier
from persona_graph.errors import SpendRefused, TierRefused
from persona_graph.provider import Cost
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, catalog, speaker, video_offer


async def move(house: House, tier: str) -> None:
    async with house.db.writing() as session:
        await set_tier(session, house.account.id, tier, list(house.jobs.tiers.tiers))


def video(**script: object) -> Scripted:
    return Scripted("face", video_offer(), **script)  # type: ignore[arg-type]


async def test_a_downgrade_between_two_legs(each_opening: Opening) -> None:
    """158, 159, 164: the video that Pro agreed to is made and charged; the next one is refused, with the tier."""
    voice = speaker("voice", start=[TICKET], check=[DELIVERY])
    house = await each_opening(voice, video(start=[DELIVERY]))
    job = await house.film()
    await house.advance(job)
    await move(house, "free")
    job = await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED"
    assert job.settled == Decimal("0.15") + Decimal("0.0007")
    with pytest.raises(TierRefused) as refused:
        await house.film()
    assert (refused.value.tier, refused.value.required_tier) == ("free", "pro")
    assert "$0.15" in (refused.value.fix or "")


async def test_an_upgrade_in_the_middle_changes_no_price(each_opening: Opening) -> None:
    house = await each_opening(speaker("gtts", start=[TICKET], check=[DELIVERY]), tier="free")
    job = await house.speak()
    await house.advance(job)
    await move(house, "pro")
    job = await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED" and job.settled == 0, "it was agreed to be free"
    house.jobs.catalog = catalog(speaker("gtts", start=[DELIVERY]))
    later = await house.finish(await house.speak())
    assert later.settled == Decimal("0.0007")


async def test_v11_a_price_list_that_doubles_touches_no_quote(each_opening: Opening) -> None:
    """V11: nor what was asked for with a limit: that is refused, and asked again."""
    house = await each_opening(speaker(start=[TICKET], check=[DELIVERY]))
    plan = (await house.submit(dry_run=True)).plan
    assert plan is not None
    job = await house.speak()
    raised = house.jobs.tiers.model_dump()
    raised["tiers"]["pro"]["speech"]["price_per_minute"] *= 2
    house.jobs.tiers = house.personas.tiers = type(house.jobs.tiers).model_validate(raised)
    with pytest.raises(SpendRefused) as refused:
        await house.submit(max_price=plan.price_ceiling)
    assert (refused.value.code, refused.value.needed) == ("PRICE_ABOVE_MAX", 2 * plan.price_ceiling)
    job = await house.finish(job)
    assert (await house.sound(job)).settled == Decimal("0.0007")


async def test_v11_a_vendor_that_doubled_before_it_was_asked_is_not_asked(each_opening: Opening) -> None:
    """V11: nothing is sent above what was quoted; the next candidate is, or the caller asks for a new quote."""
    house = await each_opening(speaker(cost="0.01"))
    job = await house.speak()
    toy = speaker(cost="0.02", start=[DELIVERY])
    house.jobs.catalog = catalog(toy)
    job = await house.sound(await house.finish(job))
    assert (job.state, job.failure_code) == ("FAILED", "PROVIDERS_EXHAUSTED")
    assert "costs more now" in (job.failure_message or "") and toy.history == []
    assert "COST" not in await house.postings(job)
    again = await house.sound(await house.finish(await house.speak()))
    assert again.state == "SUCCEEDED"


@pytest.mark.parametrize(
    ("now", "state"), [("0.03", "SUCCEEDED"), ("0.005", "SUCCEEDED"), ("0.31", "FAILED")]
)
async def test_v11_a_raise_within_what_was_quoted_stops_nobody(
    opening: Opening, now: str, state: str
) -> None:
    """V11: the quoted range spans the candidates; a long script is compared part by part."""
    house = await opening(speaker("a-cheap", cost="0.01"), speaker("b-dear", cost="0.3"))
    job = await house.speak()
    start = [replace(DELIVERY, billed_cost=None)]
    house.jobs.catalog = catalog(speaker("a-cheap", cost=now, start=start))
    job = await house.sound(await house.finish(job))
    assert job.state == state


async def test_v11_a_vendor_that_doubles_its_price_is_the_houses_loss(each_opening: Opening) -> None:
    """P6, V11: the account pays what was quoted; the cost is booked as it was billed."""
    toy = speaker(start=[TICKET], check=[replace(DELIVERY, billed_cost=Decimal("9.99"))])
    house = await each_opening(toy)
    job = await house.speak()
    await house.advance(job)
    doubled = replace(toy.offers[0], cost=Cost(per_run=Decimal(2)))
    dear = Scripted("toy", doubled, check=[replace(DELIVERY, billed_cost=Decimal("9.99"))])
    house.jobs.catalog = catalog(dear)
    job = await house.sound(await house.finish(job))
    posted = await house.postings(job)
    assert (posted["SETTLE"], posted["COST"]) == (Decimal("0.0007"), Decimal("9.99"))
    assert posted["SETTLE"] <= posted["RESERVE"]
