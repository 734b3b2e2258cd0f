"""A vendor that only points at what it made: V6, K9 and K10 from the job's side."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from persona_graph.jobs.advance import FETCHES, STARTS
from persona_graph.jobs.call import folder_of
from persona_graph.jobs.cancel import cancel_job
from persona_graph.jobs.remote import LAST_PAUSES
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset
from persona_graph.provider import Delivery, PaymentSafety, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import TICKET, speaker
from tests.jobs.test_long_scripts import lived_in, spoken
from tests.web import Reply, head, moving, saying, serving

BODY = b"RIFF" + bytes(range(256)) * 400
BILLED = Decimal("0.02")


def pointing(url: str) -> Delivery:
    return Delivery(remote_url=url, billed_cost=BILLED)


def in_turn(*replies: Reply) -> Reply:
    """One after the other; the last one for ever."""
    left = list(replies)

    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(path, writer)

    return reply


async def kept(house: House, job: Job) -> bytes:
    output = await house.output(job)
    async with house.db.reading() as session:
        asset = await session.get_one(Asset, output.asset_id)
    return await house.personas.media.read(asset)


async def lost(house: House, job: Job) -> Job:
    """It ended typed, the vendor's bill booked, the user's money back and no file left."""
    ended = await house.sound(job)
    assert (ended.state, ended.failure_code) == ("FAILED", "DELIVERY_LOST"), ended.failure_message
    posted = await house.postings(job)
    assert "SETTLE" not in posted and posted["COST"] == BILLED
    [*_, attempt] = await house.attempts(job)
    assert not folder_of(house.jobs, attempt.id).exists()
    return ended


async def test_what_a_vendor_points_at_becomes_the_output(tmp_path: Path, redis_url: str) -> None:
    """Decoded, mastered and stored as if it had been delivered by itself; without our keys."""
    async with serving(saying(spoken(0), Content_Type="audio/wav")) as web:
        toy = speaker(start=[TICKET], check=[Progress(0.5), pointing(f"{web.origin}/out.wav?sig=x")])
        async with lived_in(tmp_path, redis_url, toy, outbound_allow=[web.origin]) as house:
            job = await house.speak()
            assert (await house.finish(job)).state == "SUCCEEDED"
            assert (await house.output(job)).asset_id
            stages = [event.snapshot["stage"] for event in await house.events(job)]
            assert stages.index("FETCHING_SPEECH") < stages.index("FINISHING_SPEECH")
        assert web.paths() == ["/out.wav?sig=x"]
        assert "authorization" not in web.requests[0].lower()


@pytest.mark.parametrize("status", [404, 403, 410, 500])
async def test_one_that_is_not_there_yet_is_asked_for_again(opening: Opening, status: int) -> None:
    """V6: the vendor is asked where it is now; nothing is ordered a second time."""
    async with serving(in_turn(saying(b"no", status), saying(b"no", status), saying(BODY))) as web:
        toy = speaker(start=[TICKET], check=[pointing(f"{web.origin}/{n}") for n in range(3)])
        house = await opening(toy, outbound_allow=[web.origin])
        job = await house.speak()
        assert (await house.finish(job)).state == "SUCCEEDED"
        await house.sound(job)
        assert await kept(house, job) == BODY
    assert (toy.calls("start"), toy.calls("check")) == (1, 3)
    assert web.paths() == ["/0", "/1", "/2"]


async def test_one_that_never_comes_fails_with_its_cost_booked(opening: Opening) -> None:
    """V6: after a bounded number of looks, spread out; the user pays nothing, the house what was billed."""
    async with serving(saying(b"gone", 404)) as web:
        toy = speaker(start=[TICKET], check=[pointing(web.origin), ...])
        house = await opening(toy, outbound_allow=[web.origin])
        job = await house.speak()
        await house.finish(job)
        ended = await lost(house, job)
    assert "404" in (ended.failure_message or "")
    assert toy.calls("start") == 1 and toy.calls("check") == web.connections == FETCHES + 1


async def html(_path: str, writer: asyncio.StreamWriter) -> None:
    await saying(b"<h1>Busy</h1>", Content_Type="text/html; charset=utf-8")(_path, writer)


async def half(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=len(BODY)) + BODY[:5000])


@pytest.mark.parametrize(
    "bad", [html, half, saying(b""), saying(b"{}", Content_Type="application/json")], ids=["html", "half", "empty", "json"]
)  # fmt: skip
async def test_half_a_file_or_a_page_is_never_kept(opening: Opening, bad: Reply) -> None:
    """K10: it is looked at again, and what is kept is whole."""
    async with serving(in_turn(bad, saying(BODY))) as web:
        house = await opening(
            speaker(start=[TICKET], check=[pointing(web.origin), ...]), outbound_allow=[web.origin]
        )
        job = await house.speak()
        assert (await house.finish(job)).state == "SUCCEEDED"
        assert await kept(house, job) == BODY
    assert web.connections == 2


async def test_too_large_a_file_is_not_asked_for_twice(opening: Opening) -> None:
    """K10"""
    async with serving(saying(BODY)) as web:
        toy = speaker(start=[TICKET], check=[pointing(web.origin), ...])
        house = await opening(toy, outbound_allow=[web.origin], max_delivery_bytes=len(BODY) - 1)
        job = await house.speak()
        await house.finish(job)
        await lost(house, job)
    assert web.connections == 1


async def test_one_that_crawls_is_cut_off(opening: Opening) -> None:
    """K10: at the deadline, and then as one that is not there."""

    async def slow(_path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=1000))
        while True:
            writer.write(b"\0")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(in_turn(slow, saying(BODY))) as web:
        house = await opening(
            speaker(start=[TICKET], check=[pointing(web.origin), ...]), outbound_allow=[web.origin], delivery_seconds=0.3,
        )  # fmt: skip
        job = await house.speak()
        assert (await house.finish(job)).state == "SUCCEEDED"
        assert await kept(house, job) == BODY


@pytest.mark.parametrize("way", ["direct", "redirect", "plugin's own", "no https"])
async def test_an_address_inside_is_refused(opening: Opening, way: str) -> None:
    """K9: whatever a vendor answers with, the canary sees nobody; an origin in the plugin's own settings is for
    the plugin's calls and not for what its vendor points at."""
    async with serving(saying(b"inside")) as canary, serving(moving(canary.origin)) as hop:
        url = {"redirect": hop.origin, "no https": "http://8.8.8.8/out.wav"}.get(way, canary.origin)
        toy = speaker(start=[TICKET], check=[pointing(url), ...])
        house = await opening(toy, outbound_allow=[hop.origin])
        if way == "plugin's own":
            [known] = house.jobs.catalog.providers
            known.plugin = replace(known.plugin, addresses=(canary.origin,))
            assert (await house.jobs.http("toy").get(canary.origin)).text == "inside"
            canary.connections = 0
        job = await house.speak()
        await house.finish(job)
        await lost(house, job)
        assert canary.connections == 0
    assert toy.calls("start") == toy.calls("check") == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "x", "http://[", "https://user@8.8.8.8/"]
)
async def test_an_address_that_is_none_is_refused(opening: Opening, url: str) -> None:
    """K9"""
    house = await opening(speaker(start=[TICKET], check=[pointing(url)]))
    job = await house.speak()
    await house.finish(job)
    await lost(house, job)


async def test_an_answer_without_a_ticket_is_asked_for_under_the_same_key(opening: Opening) -> None:
    """V6: who answers at once with an address is asked again only if that cannot cost anything."""
    async with serving(saying(b"gone", 404)) as web:
        toy = speaker(safety=PaymentSafety.KEYED, start=[pointing(web.origin), ...])
        house = await opening(toy, outbound_allow=[web.origin])
        job = await house.speak()
        await house.finish(job)
        await lost(house, job)
    assert len(toy.keys()) == STARTS and len(set(toy.keys())) == 1


async def test_a_blind_vendor_is_never_asked_twice(opening: Opening) -> None:
    """V6: all that can be done is to be patient with the one address there is."""

    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        late = web.paths().count(path) > 1 and path == "/late"
        await (saying(BODY) if late else saying(b"not there", 404))(path, writer)

    async with serving(reply) as web:
        blind = [pointing(f"{web.origin}/late"), pointing(f"{web.origin}/never")]
        toy = speaker(safety=PaymentSafety.BLIND, start=blind)
        house = await opening(toy, outbound_allow=[web.origin])
        first, second = await house.speak(), await house.speak("Another text, to be sure.")
        assert (await house.finish(first)).state == "SUCCEEDED"
        assert await kept(house, first) == BODY
        await house.finish(second)
        await lost(house, second)
        assert web.paths().count("/never") == 1 + len(LAST_PAUSES)
    assert toy.calls("start") == 2


async def test_a_cancelled_job_ends_cancelled_and_its_cost_is_booked(opening: Opening) -> None:
    """V12"""
    async with serving(saying(b"gone", 404)) as web:
        toy = speaker(start=[TICKET], check=[pointing(web.origin), ...])
        house = await opening(toy, outbound_allow=[web.origin])
        job = await house.speak()
        await house.advance(job)
        await cancel_job(house.jobs, house.viewer, job.id)
        await house.finish(job)
        assert (await house.sound(job)).state == "CANCELLED"
        assert (await house.postings(job))["COST"] == BILLED


async def test_a_worker_that_stops_while_it_fetches_leaves_the_job_to_others(opening: Opening) -> None:
    """C3: no half file, no second order."""
    waiting = asyncio.Event()

    async def stuck(_path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=len(BODY)) + BODY[:5000])
        await writer.drain()
        waiting.set()
        await asyncio.sleep(30)

    async with serving(in_turn(stuck, saying(BODY))) as web:
        toy = speaker(start=[TICKET], check=[pointing(web.origin), ...])
        house = await opening(toy, outbound_allow=[web.origin])
        job = await house.speak()
        await house.advance(job)
        await house.hurry(job)
        slice_ = asyncio.create_task(house.advance(job))
        await waiting.wait()
        [attempt] = await house.attempts(job)
        slice_.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slice_
        assert list(folder_of(house.jobs, attempt.id).iterdir()) == []
        assert (await house.finish(job)).state == "SUCCEEDED"
        assert await kept(house, job) == BODY
    assert toy.calls("start") == 1
