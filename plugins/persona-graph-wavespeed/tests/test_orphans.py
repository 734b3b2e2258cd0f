"""Orders whose receipt was lost: looked for in the vendor's list, adopted, and never placed twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    ProviderBusy,
    Ticket,
)

HUNYUAN, TALK = "wavespeed-hunyuan", "wavespeed-infinitetalk"
SUBMIT = "/wavespeed-ai/"


async def lose(desk: Any, fault: str = "drop_after", name: str = TALK, **options: Any) -> Any:
    """An order whose reply never came."""
    order = desk.animation()
    desk.inject(fault, path=SUBMIT, **options)
    with pytest.raises(OutcomeUnknown):
        await desk.start(order, name)
    return order


@pytest.mark.parametrize("name", [HUNYUAN, TALK])
@pytest.mark.parametrize("fault", ["drop_after", "accepted_504", "no_receipt", "truncated"])
async def test_an_order_whose_reply_was_lost_is_adopted(desk: Any, name: str, fault: str) -> None:
    """Threat V3: exactly one charge in the vendor's ledger."""
    order = await lose(desk, fault, name)
    found = await desk.find(order, name)
    assert isinstance(found, Ticket)
    delivery = await desk.finish(found, name)
    assert delivery.remote_url
    assert (desk.submits(), desk.charges()) == (1, 1)
    assert {offer.payment_safety for offer in desk.provider(name).offers} == {PaymentSafety.FINDABLE}


async def test_another_machine_finds_it_too(desk: Any, tmp_path: Any) -> None:
    """The worker that sent it is gone, with its folder."""
    order = await lose(desk)
    desk.elsewhere(tmp_path / "other")
    found = await desk.find(order)
    assert (await desk.finish(found)).remote_url
    assert desk.charges() == 1


async def test_it_is_found_among_many_over_pages(desk: Any) -> None:
    order = await lose(desk)
    (mine,) = desk.emulator.tasks.of(desk.emulator.key)
    for number in range(105):
        desk.emulator.tasks.add(replace(mine, id=f"{number:032x}", inputs={**mine.inputs, "seed": number}))
    found = await desk.find(order)
    assert found.data["prediction"] == mine.id
    pages = desk.asked("/predictions", "POST")
    assert [page.json()["page"] for page in pages] == [1, 2]
    assert pages[0].json().keys() == {"page", "page_size", "model", "created_after", "include_inputs"}
    assert pages[0].json()["page_size"] == 100


async def test_one_that_surely_never_came_is_placed_again(desk: Any) -> None:
    """What is not listed may be about to be; only when that time is over is it said to be absent."""
    order = await lose(desk, "drop_before")
    with pytest.raises(ProviderBusy) as early:
        await desk.find(order)
    desk.pass_time(early.value.retry_after)
    assert await desk.find(order) is None
    assert (await desk.make(order)).remote_url
    assert desk.charges() == 1


async def test_one_that_is_listed_late_is_found(desk: Any) -> None:
    order = desk.animation()
    desk.inject("unlisted", path=SUBMIT, seconds=20)
    desk.inject("drop_after", path=SUBMIT)
    with pytest.raises(OutcomeUnknown):
        await desk.start(order)
    with pytest.raises(ProviderBusy) as early:
        await desk.find(order)
    desk.pass_time(early.value.retry_after)
    assert isinstance(await desk.find(order), Ticket)
    assert desk.charges() == 1


async def test_a_machine_without_a_note_looks_twice(desk: Any, tmp_path: Any) -> None:
    order = await lose(desk, "drop_before")
    desk.elsewhere(tmp_path / "other")
    with pytest.raises(ProviderBusy):
        await desk.find(order)
    desk.pass_time(31)
    assert await desk.find(order) is None


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("no_inputs", {}),
        ("odd_list", {}),
        ("refused", {"status": 400}),
        ("refused", {"status": 401}),
        ("refused", {"status": 429}),
        ("html", {}),
        ("reset", {}),
        ("unavailable", {"status": 503}),
    ],
    ids=["no-inputs", "odd-list", "400", "401", "429", "html", "reset", "503"],
)
async def test_a_list_that_does_not_tell_leaves_it_open(desk: Any, fault: str, options: Any) -> None:
    """Neither adopted nor placed again: asked again later."""
    order = await lose(desk)
    desk.pass_time(60)
    desk.inject(fault, path="/predictions", **options)
    with pytest.raises(ProviderBusy):
        await desk.find(order)
    assert isinstance(await desk.find(order), Ticket)
    assert (desk.submits(), desk.charges()) == (1, 1)


async def test_somebody_elses_order_is_not_adopted(desk: Any) -> None:
    """Threat V10: the same portrait and speech, ordered by another attempt."""
    order = desk.animation()
    desk.key = "other"
    await desk.start(order)
    desk.key = "attempt-1"
    desk.pass_time(60)
    assert await desk.find(order) is None


async def test_one_that_failed_meanwhile_says_why(desk: Any) -> None:
    desk.inject("task_fails", code=1200)
    order = await lose(desk)
    desk.pass_time(60)
    found = await desk.find(order)
    with pytest.raises(OrderRejected) as failed:
        await desk.check(found)
    assert failed.value.code == "MODERATION"
    assert (desk.submits(), desk.billed()) == (1, 0)


async def test_media_the_vendor_cannot_read_is_lent_once_more(desk: Any) -> None:
    """1402: re-uploaded once in a new task; the failed one is refunded, so one is paid for."""
    order = desk.animation()
    desk.inject("task_fails", code=1402)
    with pytest.raises(OutcomeUnknown):
        await desk.make(order)
    desk.pass_time(60)
    assert await desk.find(order) is None
    delivery = await desk.make(order)
    assert delivery.remote_url
    assert len(desk.asked("/media/uploads")) == 4
    assert (desk.submits(), desk.billed()) == (2, desk.offer(TALK).cost.of(seconds=2, resolution="480p"))


async def test_media_the_vendor_cannot_read_twice_ends_it(desk: Any) -> None:
    order = desk.animation()
    desk.inject("task_fails", times=2, code=1402)
    with pytest.raises(OutcomeUnknown):
        await desk.make(order)
    desk.pass_time(60)
    assert await desk.find(order) is None
    with pytest.raises(OutcomeUnknown):
        await desk.make(order)
    found = await desk.find(order)
    with pytest.raises(OrderRejected) as failed:
        await desk.check(found)
    assert failed.value.code == "MEDIA_UNREACHABLE"
    assert (desk.submits(), desk.billed()) == (2, 0)


async def test_an_upload_that_vanished_before_the_task_read_it(desk: Any) -> None:
    """The real 1402, not an injected one."""
    order = desk.animation()
    desk.sandbox.bench.faults.inject("files", "empty", method="PUT")
    with pytest.raises(OutcomeUnknown):
        await desk.make(order)
    desk.pass_time(60)
    assert await desk.find(order) is None
    assert isinstance(await desk.make(order), Delivery)


async def test_marks_differ_by_attempt_and_stay_with_it(desk: Any) -> None:
    order = desk.animation()
    for key in ("a", "b", "a"):
        desk.key = key
        await desk.start(replace(order))
    seeds = [each.json()["seed"] for each in desk.asked(SUBMIT)]
    assert seeds[0] == seeds[2] != seeds[1]
