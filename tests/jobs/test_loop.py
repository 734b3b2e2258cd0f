"""The job loop with scripted providers: what a provider may answer, and what becomes of the job."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persona_graph.jobs.advance import advance
from persona_graph.jobs.call import folder_of
from persona_graph.jobs.cancel import resolve_review
from persona_graph.jobs.tables import Job
from persona_graph.jobs.work import Bench, Kept
from persona_graph.provider import (
    Delivery,
    Order,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import House, PlainWork
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, catalog, speaker, video_offer


async def finished(opening: Opening, *providers: Scripted) -> tuple[House, Job]:
    house = await opening(*providers)
    job = await house.speak()
    await house.finish(job)
    return house, await house.sound(job)


async def test_a_delivery_from_start_is_kept_and_paid_for(opening: Opening) -> None:
    toy = speaker(start=[DELIVERY])
    house, job = await finished(opening, toy)
    assert (job.state, job.fraction) == ("SUCCEEDED", 1.0)
    posted = await house.postings(job)
    assert posted["SETTLE"] == Decimal("0.0007") <= posted["RESERVE"] == posted["RELEASE"]
    assert posted["COST"] == Decimal("0.02")
    output = await house.output(job)
    assert output.asset_id and output.price == posted["SETTLE"] and output.cost == Decimal("0.02")
    assert toy.calls("start") == 1


async def test_a_ticket_is_asked_until_it_delivers(opening: Opening) -> None:
    toy = speaker(start=[TICKET], check=[Progress(0.2, "queued"), Progress(0.7, "drawing"), DELIVERY])
    house, job = await finished(opening, toy)
    assert job.state == "SUCCEEDED"
    assert [asked.what for asked in toy.history if asked.method == "check"] == [{"order": "7"}] * 3
    assert len(set(toy.keys("start") + toy.keys("check"))) == 1
    assert [e.snapshot["message"] for e in await house.events(job) if e.kind == "PROGRESS"] == [
        "queued",
        "drawing",
    ]


async def test_a_job_of_two_legs(opening: Opening) -> None:
    voice = speaker("voice", start=[DELIVERY])
    face = Scripted("face", video_offer(), start=[TICKET], check=[Progress(0.5), DELIVERY])
    house = await opening(voice, face)
    job = await house.film()
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == "SUCCEEDED"
    posted = await house.postings(job)
    assert posted["COST"] == Decimal("0.04") and posted["SETTLE"] == Decimal("0.1507")


@pytest.mark.parametrize("after", [0, 3600, 1e9, -1, float("nan"), float("inf"), "soon", None])
async def test_busy_waits_within_the_cap(opening: Opening, after: Any) -> None:
    """V1: the lease is released meanwhile."""
    toy = speaker(start=[ProviderBusy("slow down", after), DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    wait = await house.advance(job)
    assert wait is not None and 0 < wait <= 300
    resting = await house.job(job)
    assert resting.state == "WAITING" and resting.lease_token is None
    assert (await house.finish(job)).state == "SUCCEEDED"
    await house.sound(job)
    assert len(set(toy.keys())) == 2, "nothing was accepted, so the second try is another order"


async def test_one_that_stays_busy_gives_way(opening: Opening) -> None:
    """The next one's patience starts afresh."""
    first = speaker("a-first", cost="0", start=[ProviderBusy("no"), ...])
    second = speaker("b-second", cost="1", start=[ProviderBusy("no"), DELIVERY])
    _house, job = await finished(opening, first, second)
    assert job.state == "SUCCEEDED"
    assert first.calls("start") == 8 and second.calls("start") == 2


async def test_unavailable_gives_way_at_once(opening: Opening) -> None:
    first = speaker("a-first", cost="0", start=[ProviderUnavailable("down for repairs")])
    second = speaker("b-second", cost="1", start=[DELIVERY])
    house, job = await finished(opening, first, second)
    assert job.state == "SUCCEEDED" and job.legs[0].result["provider"] == "b-second"
    assert [e.snapshot["message"] for e in await house.events(job) if e.kind == "ROUTE"] == [
        "down for repairs"
    ]


async def test_when_all_are_unavailable_it_fails_uncharged(opening: Opening) -> None:
    house, job = await finished(
        opening,
        speaker("a", cost="0", start=[ProviderUnavailable("down")]),
        speaker("b", cost="1", start=[ProviderUnavailable("gone fishing")]),
    )
    assert (job.state, job.failure_code) == ("FAILED", "PROVIDERS_EXHAUSTED")
    assert "gone fishing" in (job.failure_message or "")
    assert set(await house.postings(job)) == {"RESERVE", "RELEASE"}


@pytest.mark.parametrize("where", ["start", "check"])
async def test_a_refused_order_fails_with_its_code(opening: Opening, where: str) -> None:
    """V8: no retry, no fallback, no charge."""
    refusal = OrderRejected("Say it more politely.", "MODERATION")
    script: dict[str, Any] = (
        {"start": [refusal]} if where == "start" else {"start": [TICKET], "check": [refusal]}
    )
    toy, other = speaker("a-toy", cost="0", **script), speaker("b-other", cost="1")
    house, job = await finished(opening, toy, other)
    assert (job.state, job.failure_code) == ("FAILED", "MODERATION")
    assert job.failure_message == "Say it more politely."
    assert set(await house.postings(job)) == {"RESERVE", "RELEASE"}
    assert other.history == []


GARBAGE: list[Any] = [
    None, 7, "ok", {"data": {}}, object(), Progress(0.5),
    Ticket(None),  # type: ignore[arg-type]
    Ticket({"at": object()}), Ticket({"long": "x" * 17_000}), Ticket({"half": "\ud800"}),
    Delivery(media=7),  # type: ignore[arg-type]
    Delivery(media=Path("/etc/passwd")), Delivery(media=Path("relative")),
    Delivery(media=b"x", honoured_options=7),  # type: ignore[arg-type]
    Delivery(media=b"x", timings="abc"),  # type: ignore[arg-type]
    Delivery(media=b"x", voice_expires_at="soon"),  # type: ignore[arg-type]
    Delivery(vendor_voice=7),  # type: ignore[arg-type]
    Delivery(vendor_voice="v" * 256), Delivery(vendor_voice="nul\0"),
    Delivery(media=b"x", facts={"at": object()}),
    Delivery(),
]  # fmt: skip


@pytest.mark.parametrize("answer", GARBAGE, ids=[f"{n} {type(a).__name__}" for n, a in enumerate(GARBAGE)])
async def test_garbage_from_start_is_a_breach_of_contract(opening: Opening, answer: Any) -> None:
    """P3, V4: the step fails typed, at once and uncharged."""
    toy = speaker(start=[answer])
    house, job = await finished(opening, toy)
    assert (job.state, job.failure_code) == ("FAILED", "PLUGIN_CONTRACT"), job.failure_message
    assert toy.calls("start") == 1
    assert not list((house.settings.data_dir / "work").iterdir())
    posted = await house.postings(job)
    # Something was delivered, so the vendor's bill is believed to come.
    taken = isinstance(answer, Delivery | Ticket)
    assert posted.get("COST", 0) == (Decimal("0.01") if taken else 0)


@pytest.mark.parametrize("answer", [None, 7, TICKET, Delivery(media=Path("/etc/passwd"))], ids=repr)
async def test_garbage_from_check_is_a_breach_of_contract(opening: Opening, answer: Any) -> None:
    """P3: also where a ticket was given."""
    toy, other = speaker("a-toy", cost="0", start=[TICKET], check=[answer]), speaker("b-other", cost="1")
    _house, job = await finished(opening, toy, other)
    assert (job.state, job.failure_code) == ("FAILED", "PLUGIN_CONTRACT")
    assert other.history == []


async def test_a_coroutine_is_no_answer(opening: Opening, recwarn: pytest.WarningsRecorder) -> None:
    """P3: an un-awaited coroutine is closed, not left to complain."""

    class Lazy(Scripted):
        async def start(self, offer: Any, order: Any, call: Any) -> Any:
            return self._answer("start", call, order)

    _house, job = await finished(opening, Lazy("lazy", speaker().offers[0], start=[DELIVERY]))
    assert (job.state, job.failure_code) == ("FAILED", "PLUGIN_CONTRACT")
    assert not [w for w in recwarn if "never awaited" in str(w.message)]


async def test_a_link_out_of_the_folder_is_not_followed(opening: Opening, tmp_path: Path) -> None:
    """P3: a symlink inside the folder that leads elsewhere is a path outside the folder."""
    secret = tmp_path / "secret"
    secret.write_text("canary")

    def linked(call: Any) -> Delivery:
        (call.folder / "speech.wav").symlink_to(secret)
        return Delivery(media=call.folder / "speech.wav")

    _, job = await finished(opening, speaker(start=[linked]))
    assert (job.state, job.failure_code) == ("FAILED", "PLUGIN_CONTRACT")


class Rude(BaseException):
    """Not even an Exception."""


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


RAISED = [
    RuntimeError("boom"), Rude("boom"), asyncio.CancelledError("mine"), SystemExit(3), KeyboardInterrupt(),
    GeneratorExit(), StopAsyncIteration(), TimeoutError(), MemoryError(), Unspeakable(), RuntimeError("nul \0 and \ud800"),
]  # fmt: skip


@pytest.mark.parametrize("raised", RAISED, ids=lambda r: type(r).__name__)
@pytest.mark.parametrize("method", ["start", "check", "find", "cancel"])
async def test_whatever_a_plugin_raises_the_worker_lives(
    opening: Opening, raised: BaseException, method: str
) -> None:
    """P2: after ``start`` the outcome is unknown; after a ticket, trouble is Busy."""
    script: dict[str, Any] = {
        "start": {"start": [raised, DELIVERY]},
        "check": {"start": [TICKET], "check": [raised, DELIVERY]},
        "find": {"start": [OutcomeUnknown("lost")], "find": [raised, DELIVERY]},
        "cancel": {"start": [TICKET], "check": [Progress(), ...], "cancel": [raised]},
    }[method]
    safety = PaymentSafety.FINDABLE if method == "find" else PaymentSafety.KEYED
    toy = speaker(safety=safety, **script)
    house = await opening(toy)
    job = await house.speak()
    if method == "cancel":
        await house.advance(job)
        await house.cancel(job)
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == ("CANCELLED" if method == "cancel" else "SUCCEEDED"), job.failure_message
    assert job.crashes == 0, "a plugin's exception is not a crash"
    task = asyncio.current_task()
    assert task is not None and not task.cancelling()


async def test_a_plugin_that_cancels_its_own_task(opening: Opening) -> None:
    """P2: the worker's task is another one."""

    async def suicide(_call: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    _house, job = await finished(opening, speaker(start=[TICKET], check=[suicide, DELIVERY]))
    assert job.state == "SUCCEEDED"


TROUBLE = [
    ProviderUnavailable("down"), ProviderBusy("later", 3600), RuntimeError("html"), TimeoutError(), ValueError(),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLE, ids=repr)
async def test_after_a_ticket_trouble_is_always_busy(opening: Opening, trouble: Exception) -> None:
    """V2: falling back would pay twice."""
    toy = speaker(
        "a-toy", cost="0", start=[TICKET], check=[trouble, trouble, Progress(0.5), trouble, DELIVERY]
    )
    other = speaker("b-other", cost="1")
    _house, job = await finished(opening, toy, other)
    assert job.state == "SUCCEEDED" and toy.calls("start") == 1 and other.history == []


@pytest.mark.parametrize("state", [Progress(0.5), RuntimeError("html")], ids=repr)
async def test_the_offers_time_ends_it(opening: Opening, state: Any) -> None:
    """V5: uncharged; the vendor is asked to stop; nobody else is asked."""
    toy, other = speaker("a-toy", cost="0", start=[TICKET], check=[state, ...]), speaker("b-other", cost="1")
    house = await opening(toy, other)
    job = await house.speak()
    await house.advance(job)
    await house.hurry(job)
    await house.overdue(job)
    assert await house.advance(job) is None
    job = await house.sound(job)
    assert (job.state, job.failure_code) == ("FAILED", "PROVIDER_TIMEOUT")
    assert toy.calls("cancel") == 1 and other.history == []
    assert "COST" not in await house.postings(job)


async def test_a_delivery_at_the_deadline_is_taken(opening: Opening) -> None:
    toy = speaker(start=[TICKET], check=[DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    await house.advance(job)
    await house.hurry(job)
    await house.overdue(job)
    await house.advance(job)
    assert (await house.sound(job)).state == "SUCCEEDED"


LOST = [OutcomeUnknown("reset"), TimeoutError(), ConnectionResetError("reset")]


@pytest.mark.parametrize("lost", LOST, ids=repr)
async def test_a_lost_reply_is_repeated_with_the_same_key(opening: Opening, lost: Exception) -> None:
    """V3, KEYED."""
    toy = speaker(start=[lost, lost, DELIVERY])
    _house, job = await finished(opening, toy)
    assert job.state == "SUCCEEDED"
    assert toy.calls("start") == 3 and len(set(toy.keys())) == 1


@pytest.mark.parametrize("refused", [ProviderBusy("429"), ProviderUnavailable("down")], ids=repr)
async def test_a_doubt_outlives_a_vendor_that_is_busy_or_down(opening: Opening, refused: Exception) -> None:
    """V3, KEYED: what may have been paid under one key is not ordered under another, nor elsewhere."""
    toy = speaker("a-toy", cost="0.01", start=[OutcomeUnknown("reset"), refused, DELIVERY])
    other = speaker("b-other", cost="1", start=[DELIVERY])
    _house, job = await finished(opening, toy, other)
    assert job.state == "SUCCEEDED"
    assert toy.calls("start") == 3 and len(set(toy.keys())) == 1 and other.history == []


async def test_a_lost_reply_is_repeated_at_most_three_times(opening: Opening) -> None:
    """V3, KEYED: then somebody else is asked, with a key of its own."""
    toy = speaker("a-toy", cost="0", start=[OutcomeUnknown("reset"), ...])
    other = speaker("b-other", cost="1", start=[DELIVERY])
    _house, job = await finished(opening, toy, other)
    assert job.state == "SUCCEEDED"
    assert toy.calls("start") == 3 and len(set(toy.keys() + other.keys())) == 2


@pytest.mark.parametrize("found", [TICKET, DELIVERY], ids=["ticket", "delivery"])
async def test_a_lost_order_is_found_and_adopted(opening: Opening, found: Any) -> None:
    """V3, FINDABLE: it is looked up until it is known."""
    toy = speaker(
        safety=PaymentSafety.FINDABLE, start=[OutcomeUnknown("reset")], find=[RuntimeError("500"), found],
        check=[DELIVERY],
    )  # fmt: skip
    _house, job = await finished(opening, toy)
    assert job.state == "SUCCEEDED"
    assert toy.calls("start") == 1 and toy.calls("find") == 2


async def test_an_order_that_is_surely_not_there_is_placed_again(opening: Opening) -> None:
    toy = speaker(safety=PaymentSafety.FINDABLE, start=[OutcomeUnknown("reset"), DELIVERY], find=[None])
    _house, job = await finished(opening, toy)
    assert job.state == "SUCCEEDED" and toy.calls("start") == 2


async def test_garbage_from_find_is_not_a_no(opening: Opening) -> None:
    """P3, V3: only ``None`` says that nothing was paid."""
    toy = speaker(safety=PaymentSafety.FINDABLE, start=[OutcomeUnknown("reset")], find=["no"])
    _house, job = await finished(opening, toy)
    assert (job.state, job.failure_code) == ("FAILED", "PLUGIN_CONTRACT") and toy.calls("start") == 1


async def test_a_ticket_that_leads_nowhere_is_reconciled(opening: Opening) -> None:
    toy = speaker(start=[TICKET, TICKET], check=[OutcomeUnknown("no such order"), DELIVERY])
    _house, job = await finished(opening, toy)
    assert job.state == "SUCCEEDED" and len(set(toy.keys())) == 1 and toy.calls("start") == 2


@pytest.mark.parametrize("again", [True, False])
async def test_a_blind_loss_waits_for_a_person(opening: Opening, again: bool) -> None:
    """V3, BLIND: never repeated unasked; the hold stays until somebody decides."""
    toy = speaker(safety=PaymentSafety.BLIND, start=[OutcomeUnknown("reset"), DELIVERY])
    house, job = await finished(opening, toy)
    assert job.state == "NEEDS_REVIEW" and toy.calls("start") == 1
    assert len(await house.holds()) == 1
    assert await house.advance(job) is None
    await resolve_review(
        house.jobs, house.viewer, job.id, again=again, note="The vendor's log shows nothing."
    )
    await house.finish(job)
    job = await house.sound(job)
    assert job.state == ("SUCCEEDED" if again else "FAILED")
    assert toy.calls("start") == (2 if again else 1)
    assert await house.holds() == []


FLOODS: list[Progress] = [
    Progress(1.5), Progress(-3), Progress(float("nan")), Progress(float("inf")), Progress("half"),  # type: ignore[arg-type]
    Progress(0.3, "x" * 100_000), Progress(0.2, None), Progress(0.9, "nul \0 half \ud800"),  # type: ignore[arg-type]
    Progress(0.1, check_again_in=0), Progress(0.1, check_again_in=-5), Progress(None, check_again_in=1e9),
    Progress(0.1, check_again_in=float("nan")), Progress(True), Progress(0.1, check_again_in="soon"),  # type: ignore[arg-type]
]  # fmt: skip


async def test_progress_of_any_kind_is_clamped_and_monotone(opening: Opening) -> None:
    """P7: ``sound`` looks at each event."""
    toy = speaker(start=[Ticket({}, check_again_in=float("nan"))], check=[*FLOODS, DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    waits = []
    while (wait := await house.advance(job)) is not None:
        waits.append(wait)
        await house.sound(job)
        await house.hurry(job)
    assert (await house.sound(job)).state == "SUCCEEDED"
    assert all(0.2 <= wait <= 300 for wait in waits), "at most five looks, and so events, a second"


async def test_progress_after_the_end_is_not_heard(opening: Opening) -> None:
    """P7."""
    toy = speaker(start=[TICKET], check=[DELIVERY, Progress(0.1)])
    house, job = await finished(opening, toy)
    assert await advance(house.jobs, job.id) is None
    assert toy.calls("check") == 1
    await house.sound(job)


async def test_an_unusable_delivery_costs_the_house_only(opening: Opening) -> None:
    """V4: the vendor's bill is booked, the user's hold released."""
    bad = Delivery(media=b"x", facts={"unusable": True}, billed_cost=Decimal("0.03"))
    house, job = await finished(opening, speaker(start=[bad]))
    assert (job.state, job.failure_code) == ("FAILED", "MEDIA_DAMAGED")
    posted = await house.postings(job)
    assert set(posted) == {"RESERVE", "RELEASE", "COST"} and posted["COST"] == Decimal("0.03")


@pytest.mark.parametrize("billed", [Decimal("NaN"), Decimal(-1), Decimal(10**12), "free", 0.1])
async def test_a_bill_nobody_can_believe(opening: Opening, billed: Any) -> None:
    """P6: the declared cost is booked instead."""
    house, job = await finished(opening, speaker(start=[Delivery(media=b"x", billed_cost=billed)]))
    assert job.state == "SUCCEEDED" and (await house.postings(job))["COST"] == Decimal("0.01")


async def test_longer_than_quoted_is_charged_at_the_ceiling(opening: Opening) -> None:
    """V11: never above the hold."""
    house, job = await finished(opening, speaker(start=[Delivery(media=b"x", facts={"seconds": 3600.0})]))
    posted = await house.postings(job)
    assert job.state == "SUCCEEDED" and posted["SETTLE"] == posted["RESERVE"]


async def test_a_provider_that_is_gone_gives_way(opening: Opening, tmp_path: Path, redis_url: str) -> None:
    first, second = speaker("a-first", cost="0"), speaker("b-second", cost="1", start=[DELIVERY])
    house = await opening(first, second)
    job = await house.speak()
    house.jobs.catalog = catalog(second)
    await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED"


async def test_a_provider_that_is_gone_with_our_order_is_waited_for(opening: Opening) -> None:
    toy = speaker(start=[TICKET], check=[DELIVERY])
    house = await opening(toy)
    job = await house.speak()
    await house.advance(job)
    await house.hurry(job)
    both, house.jobs.catalog = house.jobs.catalog, catalog(speaker("other"))
    assert await house.advance(job) is not None
    house.jobs.catalog = both
    await house.hurry(job)
    await house.finish(job)
    assert (await house.sound(job)).state == "SUCCEEDED"


class Stumbling(PlainWork):
    """Falls over the first delivery it is to keep, as a worker that dies does."""

    fell = False

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if not self.fell:
            self.fell = True
            raise RuntimeError("died over it")
        return await super().keep(bench, order, delivery)


async def test_what_came_back_is_not_asked_of_a_person_again(opening: Opening) -> None:
    """R10, C4: the vendor can neither be asked twice nor looked up, and its answer lies here."""
    toy = speaker("toy", PaymentSafety.BLIND, start=[Delivery(media=b"hello", billed_cost=Decimal("0.25"))])
    house = await opening(toy, works=Stumbling)
    job = await house.finish(await house.speak())
    job = await house.sound(job)
    assert job.state == "SUCCEEDED" and toy.calls("start") == 1
    assert (await house.postings(job))["COST"] == Decimal("0.25")
    [attempt] = await house.attempts(job)
    assert not folder_of(house.jobs, attempt.id).exists()
