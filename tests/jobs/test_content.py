"""Jobs whose legs may fail alone (threats C3, C4, K4; rows 176–179): what is done is kept and charged, what is not is
neither, whatever dies when."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persona_graph.jobs.cancel import resolve_review
from persona_graph.jobs.tables import LegState
from persona_graph.personas.content_parts import parts_of
from persona_graph.personas.content_wishes import ContentPart, SceneWish
from persona_graph.personas.erasure import erase_output
from persona_graph.personas.tables import Output
from persona_graph.provider import Delivery, OrderRejected, OutcomeUnknown, PaymentSafety
from tests.jobs.brink import Vendor
from tests.jobs.crew import EVERY
from tests.jobs.house import House, open_house
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, catalog, speech_offer, text_offer, video_offer

BRIEF = SceneWish(brief="Say good morning.")
TEXT = Delivery(text="Good morning, **all** of you. #hello")
NO = OrderRejected("This is not to be made.", code="MODERATION")
Open = Callable[..., Any]


@pytest.fixture
async def opened(tmp_path: Path, redis_url: str) -> AsyncIterator[Open]:
    """A house with a writer, a speaker and a film-maker, each with the answers given for it."""
    async with _House(tmp_path, redis_url) as house:
        yield house.with_


class _House:
    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder, self.redis_url, self.opened = folder, redis_url, []  # type: ignore[var-annotated]

    async def __aenter__(self) -> _House:
        return self

    async def __aexit__(self, *about: object) -> None:
        for each in reversed(self.opened):
            await each.__aexit__(None, None, None)

    async def with_(
        self, write: Any = TEXT, speak: Any = DELIVERY, talk: Any = DELIVERY, **more: Any
    ) -> House:
        safety = more.pop("safety", PaymentSafety.KEYED)
        vendors = (
            Scripted("writer", text_offer(safety), start=[write, ...]),
            Scripted("speaker", speech_offer(safety), start=[speak, ...]),
            Scripted("filmer", video_offer(safety), start=[talk, ...], check=[TICKET, ...]),
        )
        opening = open_house(self.folder, self.redis_url, catalog(*vendors), **more)
        house = await opening.__aenter__()
        self.opened.append(opening)
        await house.portrait()
        return house


def states(job: Any) -> list[str]:
    return [str(leg.state) for leg in job.legs]


async def test_text_speech_and_video_are_legs_of_one_job(opened: Open) -> None:
    """Rows 176–179."""
    house = await opened()
    [job] = await house.compose(BRIEF)
    assert [(leg.name, leg.optional) for leg in job.legs] == [
        ("TEXT", True),
        ("SPEECH", True),
        ("VIDEO", True),
    ]
    job = await house.sound(await house.finish(job))
    assert (job.state, job.partial, states(job)) == ("SUCCEEDED", False, ["DONE"] * 3)
    output = await house.output(job)
    assert (output.written, output.script) == (TEXT.text, "Good morning, all of you.")
    assert output.asset_id and output.speech_id and output.price == job.settled > 0
    assert output.cost == Decimal("0.03") + 2 * Decimal("0.02")
    assert await house.holds() == []


@pytest.mark.parametrize(
    ("fails", "legs"),
    [
        ("talk", ["DONE", "DONE", "FAILED"]),
        ("speak", ["DONE", "FAILED", "FAILED"]),
        ("write", ["FAILED"] * 3),
    ],
)
async def test_what_was_made_before_a_failure_is_kept(opened: Open, fails: str, legs: list[str]) -> None:
    house = await opened(**{fails: NO})
    [job] = await house.compose(BRIEF)
    job = await house.sound(await house.finish(job))
    kept = legs.count("DONE")
    assert (job.state, states(job), job.partial) == ("SUCCEEDED" if kept else "FAILED", legs, kept > 0)
    assert [leg.price for leg in job.legs if leg.state != "DONE"] == [Decimal(0)] * (3 - kept)
    assert job.settled == sum((leg.price or 0 for leg in job.legs), Decimal(0))
    output, holds = await house.output(job), await house.holds()
    assert holds == [] and bool(output.written) == (kept > 0)
    assert bool(output.asset_id) == (kept > 1) and output.speech_id is None
    assert bool(output.ready_at) == (kept > 0)
    told = {part.part: part for part in parts_of(output, job)}
    assert [told[part].state for part in ContentPart] == [
        "MADE" if leg == "DONE" else "FAILED" for leg in legs
    ]
    last = told[ContentPart.VIDEO].why
    assert last is not None and last.code == "MODERATION"
    if kept:
        assert job.failure_code is None and job.legs[-1].failure["message"] == "This is not to be made."


@pytest.mark.parametrize(("required", "kept"), [("TEXT", 2), ("AUDIO", 2), ("VIDEO", 0)])
async def test_what_is_required_decides_whether_anything_is_kept(
    opened: Open, required: str, kept: int
) -> None:
    house = await opened(talk=NO)
    [job] = await house.compose(BRIEF, required=frozenset({ContentPart(required)}))
    job = await house.sound(await house.finish(job))
    assert job.state == ("SUCCEEDED" if kept else "FAILED")
    output = await house.output(job)
    assert (bool(output.written), bool(output.asset_id)) == (kept > 0, kept > 1)
    assert "SETTLE" in await house.postings(job) if kept else job.settled == 0


async def test_a_stop_keeps_what_was_done_before_it(opened: Open) -> None:
    house = await opened(talk=TICKET)
    [job] = await house.compose(BRIEF)
    await house.advance(job)
    assert states(await house.job(job)) == ["DONE", "DONE", "RUNNING"]
    await house.cancel(job)
    job = await house.sound(await house.finish(job))
    assert (job.state, states(job)) == ("SUCCEEDED", ["DONE", "DONE", "CANCELLED"])
    assert job.settled == (job.legs[1].price or 0) > 0
    assert {part.state for part in parts_of(await house.output(job), job)} == {"MADE", "CANCELLED"}


async def test_a_stop_before_anything_is_done_costs_nothing(opened: Open) -> None:
    house = await opened()
    [job] = await house.compose(BRIEF)
    await house.cancel(job)
    job = await house.sound(await house.finish(job))
    assert (job.state, job.settled, states(job)) == ("CANCELLED", 0, ["CANCELLED"] * 3)


async def test_what_is_deleted_while_it_is_made_is_neither_kept_nor_charged(opened: Open) -> None:
    """K4."""
    house = await opened(talk=TICKET)
    [job] = await house.compose(BRIEF)
    await house.advance(job)
    async with house.db.writing() as session:
        await erase_output(house.personas, session, await session.get_one(Output, job.subject_id))
    job = await house.sound(await house.finish(job))
    assert (job.state, job.settled) == ("CANCELLED", 0)
    output = await house.output(job)
    assert (output.script, output.written, output.title, output.asset_id) == ("", None, None, None)
    assert "good morning" not in json.dumps([job.spec, [leg.result for leg in job.legs]]).lower()


async def test_a_video_nobody_knows_about_leaves_the_reading_when_it_is_given_up(opened: Open) -> None:
    """An operator ends a job that waits for review: what it had made is kept."""
    house = await opened(talk=OutcomeUnknown("The line went dead."), safety=PaymentSafety.BLIND)
    [job] = await house.compose(BRIEF)
    job = await house.sound(await house.finish(job))
    assert job.state == "NEEDS_REVIEW"
    await resolve_review(house.jobs, house.viewer, job.id, again=False, note="looked")
    job = await house.sound(job)
    assert (job.state, states(job)) == ("SUCCEEDED", ["DONE", "DONE", "FAILED"])
    assert job.legs[2].failure["code"] == "REVIEWED"


async def test_other_jobs_keep_nothing_of_a_failure(opened: Open) -> None:
    """A video of a script is one thing: without its picture there is no output."""
    house = await opened(talk=NO)
    job = await house.sound(await house.finish(await house.film()))
    assert (job.state, job.settled, states(job)) == ("FAILED", 0, ["DONE", "FAILED"])


async def test_a_written_text_over_its_limit_is_not_charged(opened: Open) -> None:
    house = await opened(write=Delivery(text="word " * 100))
    [job] = await house.compose(BRIEF, max_chars=100)
    job = await house.sound(await house.finish(job))
    assert (job.state, job.failure_code, job.settled) == ("FAILED", "TEXT_TOO_LONG", 0)
    assert (await house.output(job)).written is None


async def test_scenes_are_jobs_side_by_side_under_one_key(opened: Open) -> None:
    """Row 98: in order, each with an outcome of its own; the same key gives the same jobs."""
    house = await opened()
    scenes = [SceneWish(title=f"Scene {n}", script=f"This is scene number {n}.") for n in (1, 2, 3)]
    jobs = await house.compose(*scenes, key="a story")
    assert [job.id for job in await house.compose(*scenes, key="a story")] == [job.id for job in jobs]
    await house.cancel(jobs[1])
    for job in jobs:
        await house.sound(await house.finish(job))
    outputs = [await house.output(job) for job in jobs]
    assert [(each.scene, each.title, each.script) for each in outputs] == [
        (n, f"Scene {n + 1}", f"This is scene number {n + 1}.") for n in range(3)
    ]
    assert len({each.content_id for each in outputs}) == 1
    assert [bool(each.asset_id) for each in outputs] == [True, False, True]


# A worker that dies at any point of the new transitions.


@pytest.fixture(scope="module")
def forge() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.jobs.brink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


Life = Callable[..., dict[str, Any]]


@pytest.fixture(params=["content", "held"])
async def life(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, forge: subprocess.Popen[str]
) -> Life:
    """Runs one worker on a copy of a house: with content queued whose video will be rejected, or with content that was
    asked to stop while its video is made."""
    template, flow = tmp_path / "template", str(request.param)
    template.mkdir()
    vendor = Vendor(template / "vendor", flow, PaymentSafety.KEYED, lambda label: None)
    async with open_house(template, redis_url, catalog(vendor)) as house:
        await house.portrait()
        [job] = await house.compose(BRIEF)
        if flow == "held":
            await house.advance(job)
            await house.cancel(job)

    def run(case: str, **order: Any) -> dict[str, Any]:
        folder = tmp_path / case
        if not folder.exists():
            shutil.copytree(template, folder)
        assert forge.stdin is not None and forge.stdout is not None
        order = {
            "folder": str(folder),
            "redis_url": redis_url,
            "at": 0,
            "flow": flow,
            "safety": "KEYED",
            **order,
        }
        forge.stdin.write(json.dumps(order) + "\n")
        forge.stdin.flush()
        answer: dict[str, Any] = json.loads(forge.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    return run


def _points(whole: dict[str, Any], some: int) -> list[int]:
    every = range(1, len(whole["labels"]) + 1)
    return list(every) if EVERY else list(every)[:: max(1, len(every) // some)]


@pytest.mark.parametrize("how", ["kill", "lost", "undone", "term"])
def test_a_worker_that_stops_at_any_point_keeps_the_same_parts(life: Life, how: str) -> None:
    """C3, C4, R5, R6: whichever point it is, the same legs are done, charged once, and the books balance."""
    whole = life("whole", how="run")
    legs = whole["legs"]
    assert (whole["state"], legs[:2], legs[2] in (LegState.FAILED, LegState.CANCELLED)) == (
        "SUCCEEDED", ["DONE", "DONE"], True,
    )  # fmt: skip
    for at in _points(whole, 5):
        after = life(f"{how}{at}", how=how, at=at)
        if how == "kill":
            assert after["signal"] == 9
        if how in ("kill", "term"):
            after = life(f"{how}{at}", how="run", expire=how == "kill")
        assert (after["state"], after["legs"], after["settled"]) == ("SUCCEEDED", legs, whole["settled"]), (
            at,
            after,
        )
        assert len(after["charges"]) == len(whole["charges"]), at
