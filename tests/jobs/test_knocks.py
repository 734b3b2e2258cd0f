"""Webhooks of vendors: K1–K8, V9. A knock is a hint to look, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from starlette.applications import Starlette

from persona_graph.db import utcnow
from persona_graph.http_hooks import Hooks
from persona_graph.jobs.cancel import cancel_job
from persona_graph.jobs.knocks import MOST_BYTES
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.provider import BadKnock, Call, Knock, OrderRejected, Progress, Ticket
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, Scripted, speaker, speech_offer

LATER = Ticket({"order": "7"}, check_again_in=200.0)
SECRETS = (b"new secret", b"old secret")


def signature(body: bytes, at: float, secret: bytes = SECRETS[0]) -> dict[str, str]:
    at = int(at)
    signed = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return {"x-signature": signed, "x-timestamp": str(at)}


class Vendor(Scripted):
    """One whose webhooks are signed over time and body, with two secrets during a rotation."""

    secrets: tuple[bytes, ...] = SECRETS

    def verify_knock(self, knock: Knock) -> None:
        at = int(knock.headers.get("x-timestamp", ""))
        if abs(knock.now.timestamp() - at) > 300:
            raise BadKnock("too old")
        given = knock.headers.get("x-signature", "")
        if not any(
            hmac.compare_digest(given, signature(knock.body, at, secret)["x-signature"])
            for secret in self.secrets
        ):
            raise BadKnock("not signed by the vendor")
        json.loads(knock.body)


def vendor(**script: Any) -> Vendor:
    return Vendor("toy", speech_offer(), **script)


class Door:
    """The hooks of a house, and a vendor that knocks at them."""

    def __init__(self, house: House) -> None:
        self.hooks = Hooks(house.jobs)
        app = Starlette(routes=self.hooks.routes)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://pg.example")

    async def knock(self, url: str, body: bytes = b'{"state": "done"}', **headers: str) -> int:
        given = headers or signature(body, utcnow().timestamp())
        answer = await self.client.post(url, content=body, headers=given)
        assert answer.content == b""
        return answer.status_code


@asynccontextmanager
async def at_the_door(opening: Opening, toy: Scripted, **more: Any) -> AsyncIterator[tuple[House, Door]]:
    house = await opening(toy, **{"public_url": "https://pg.example", **more})
    door = Door(house)
    async with door.client:
        yield house, door


async def waiting(house: House, urls: list[str | None]) -> tuple[Job, str]:
    """A job whose vendor is at work, and where it may knock."""
    job = await house.speak()
    wait = await house.advance(job)
    assert wait is not None and wait > 100 and urls[-1] is not None
    return job, urls[-1]


def noting(urls: list[str | None], answer: Any = LATER) -> Any:
    def start(call: Call) -> Any:
        urls.append(call.webhook_url)
        return answer

    return start


async def is_due(house: House, job: Job) -> bool:
    wake = (await house.job(job)).wake_at
    return wake is not None and wake <= utcnow() + timedelta(seconds=1)


async def test_a_knock_makes_the_job_look_now(opening: Opening) -> None:
    """V9: once; the vendor is asked, and its answer is what counts."""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)], check=[DELIVERY])
    async with at_the_door(opening, toy) as (house, door):
        job, url = await waiting(house, urls)
        assert url.startswith("https://pg.example/hooks/toy/") and job.id not in url
        assert not await is_due(house, job)
        assert await door.knock(url) == 204
        assert await is_due(house, job)
        assert await house.advance(job) is None
        assert (await house.sound(job)).state == "SUCCEEDED"
    assert toy.calls("check") == 1


async def test_a_hundred_knocks_are_one(opening: Opening) -> None:
    """K3, V9: one effect, a hundred good answers; also while the job is being looked at."""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)], check=[Progress(0.5, check_again_in=200), DELIVERY])
    async with at_the_door(opening, toy) as (house, door):
        job, url = await waiting(house, urls)
        seq = (await house.job(job)).seq
        answers = await asyncio.gather(*(door.knock(url) for _ in range(100)))
        assert set(answers) == {204}
        assert (await house.job(job)).seq == seq
        await asyncio.gather(house.advance(job), *(door.knock(url) for _ in range(10)))
        await house.finish(job)
        assert (await house.sound(job)).state == "SUCCEEDED"
        assert set(await asyncio.gather(*(door.knock(url) for _ in range(10)))) == {204}
        await house.sound(job)
    assert toy.calls("start") == 1


BAD = {
    "no signature": lambda b, t: {"x-timestamp": f"{t:.0f}"},
    "wrong": lambda b, t: signature(b, t, b"guessed"),
    "truncated": lambda b, t: {**signature(b, t), "x-signature": signature(b, t)["x-signature"][:-1]},
    "of another body": lambda b, t: signature(json.dumps(json.loads(b)).encode(), t),
    "301 s old": lambda b, t: signature(b, t - 301),
    "301 s ahead": lambda b, t: signature(b, t + 302),
    "no time": lambda b, t: {"x-signature": "0"},
    "letters": lambda b, t: {**signature(b, t), "x-timestamp": "soon"},
}


@pytest.mark.parametrize("name", BAD)
async def test_a_knock_that_is_not_the_vendors_is_refused(opening: Opening, name: str) -> None:
    """K1, K2: 401, the same for every reason, and nothing changes."""
    urls: list[str | None] = []
    body = b'{"state":  "done"}'
    async with at_the_door(opening, vendor(start=[noting(urls)])) as (house, door):
        job, url = await waiting(house, urls)
        before = (await house.job(job)).wake_at
        assert await door.knock(url, body, **BAD[name](body, utcnow().timestamp())) == 401
        assert (await house.job(job)).wake_at == before
        assert (door.hooks.refused, door.hooks.unknown) == ({"toy": 1}, 0)


async def test_an_old_secret_works_as_long_as_the_plugin_says(opening: Opening) -> None:
    """K7"""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)])
    async with at_the_door(opening, toy) as (house, door):
        _, url = await waiting(house, urls)
        body = b"{}"
        old = signature(body, utcnow().timestamp(), SECRETS[1])
        assert await door.knock(url, body, **old) == 204
        toy.secrets = SECRETS[:1]
        assert await door.knock(url, body, **old) == 401


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled", "erased"])
async def test_a_knock_after_the_end_changes_nothing(opening: Opening, end: str) -> None:
    """K4: it is welcomed as any other and finds nobody waiting."""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)], check=[OrderRejected("no") if end == "failed" else DELIVERY])
    async with at_the_door(opening, toy) as (house, door):
        job, url = await waiting(house, urls)
        if end in ("cancelled", "erased"):
            toy.answers["check"] = [Progress(0.1)]
            await cancel_job(house.jobs, house.viewer, job.id)
        await house.finish(job)
        ended = await house.sound(job)
        assert ended.state == {"failed": "FAILED", "succeeded": "SUCCEEDED"}.get(end, "CANCELLED")
        if end == "erased":
            async with house.db.writing() as session:
                await session.execute(delete(Attempt).where(Attempt.job_id == job.id))
        before = await house.rows()
        assert await door.knock(url) == 204
        assert await house.rows() == before
        assert (await house.job(job)).state == ended.state
    assert toy.calls("start") == 1


async def test_one_that_comes_before_our_order_was_answered_is_harmless(opening: Opening) -> None:
    """K6: the order is matched by our own reference, and placed once."""
    doors: list[Door] = []
    answers: list[int] = []

    async def start(call: Call) -> Ticket:
        assert call.webhook_url is not None
        answers.append(await doors[0].knock(call.webhook_url))
        return LATER

    toy = vendor(start=[start], check=[DELIVERY])
    async with at_the_door(opening, toy) as (house, door):
        doors.append(door)
        job = await house.speak()
        wait = await house.advance(job)
        assert wait is not None and wait < 1
        assert (await house.finish(job)).state == "SUCCEEDED"
        assert answers == [204] and len(await house.attempts(job)) == 1
        await house.sound(job)


async def test_one_that_comes_while_we_look_is_heard(opening: Opening) -> None:
    """V9: poll and webhook race; the vendor was asked a moment too soon, and is asked again at once, one time."""
    urls: list[str | None] = []
    doors: list[Door] = []

    async def check(call: Call) -> Progress:
        if toy.calls("check") == 1:
            assert await doors[0].knock(str(urls[0])) == 204
        return Progress(0.5, check_again_in=200)

    toy = vendor(start=[noting(urls)], check=[check, check, DELIVERY])
    async with at_the_door(opening, toy) as (house, door):
        doors.append(door)
        job, _ = await waiting(house, urls)
        await house.hurry(job)
        assert (await house.advance(job) or 99) < 1
        await house.hurry(job)
        assert (await house.advance(job) or 0) > 100
        assert (await house.finish(job)).state == "SUCCEEDED"


async def test_without_a_knock_the_job_looks_by_itself(opening: Opening) -> None:
    """V9: webhooks never come."""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)], check=[DELIVERY])
    async with at_the_door(opening, toy) as (house, _):
        job, _url = await waiting(house, urls)
        assert (await house.finish(job)).state == "SUCCEEDED"


async def test_a_reference_that_is_not_ours_is_unknown(opening: Opening) -> None:
    """K5: 404 without detail, before the body is read; another provider's reference is one of these."""
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)])
    other = Vendor("other", speech_offer(cost="9"))
    house = await opening(toy, other, speaker("deaf", cost="8"), public_url="https://pg.example")
    door = Door(house)
    async with door.client:
        _, url = await waiting(house, urls)
        reference = url.rsplit("/", 1)[1]
        wrong = [
            "/hooks/toy/x", f"/hooks/toy/{reference[:-2]}", f"/hooks/toy/{reference}x", f"/hooks/other/{reference}",
            f"/hooks/deaf/{reference}", f"/hooks/nobody/{reference}", "/hooks/toy/" + "a" * 5000,
            "/hooks/toy/%00", "/hooks/%F0%9F%92%A9/x",
        ]  # fmt: skip
        for path in wrong:
            assert await door.knock(path) == 404
            assert (await door.client.get(path)).status_code == 405
        assert door.hooks.unknown == len(wrong)
        assert door.hooks.refused == {}


async def test_a_body_without_measure_is_not_read(opening: Opening) -> None:
    """K8: 413 by its announced length, and by what came where none was announced; 401 for what is no JSON."""
    urls: list[str | None] = []
    async with at_the_door(opening, vendor(start=[noting(urls)])) as (house, door):
        job, url = await waiting(house, urls)
        seen = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal seen
            while True:
                seen += 65_536
                yield b"\0" * 65_536

        assert (await door.client.post(url, content=endless())).status_code == 413
        assert seen <= MOST_BYTES + 2 * 65_536
        assert await door.knock(url, b"\0" * 50_000_000) == 413
        assert await door.knock(url, b" " * (MOST_BYTES + 1)) == 413
        packed = {**signature(b"x", utcnow().timestamp()), "content-encoding": "gzip"}
        assert await door.knock(url, b"x", **packed) == 415
        for body in (b"[" * 100_000, b"not json", b"", b"\xff\xfe"):
            assert await door.knock(url, body) == 401
        assert await door.knock(url, b'"' + b"a" * (MOST_BYTES - 2) + b'"') == 204
        assert await is_due(house, job)


class Untidy(Scripted):
    """Its author got it wrong."""

    answer: Any = None

    def verify_knock(self, knock: Knock) -> None:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("answer", [ZeroDivisionError("sk-canary"), RecursionError(), True, False, "ok"])
async def test_a_plugin_that_cannot_tell_lets_nobody_in(
    opening: Opening, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    """P2, P3, T7: refused, and what it raised is named by its kind only."""
    urls: list[str | None] = []
    toy = Untidy("toy", speech_offer(), start=[noting(urls)])
    toy.answer = answer
    async with at_the_door(opening, toy) as (house, door):
        _, url = await waiting(house, urls)
        assert await door.knock(url) == 401
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("public_url", "allow", "there"),
    [
        ("https://pg.example", [], True),
        ("https://pg.example/base/", [], True),
        ("http://pg.example", [], False),
        ("http://127.0.0.1:8000", [], False),
        ("http://127.0.0.1:8000", ["http://127.0.0.1:8000"], True),
        ("", [], False),
        ("", ["http://127.0.0.1:8000"], True),
    ],
)
async def test_where_nobody_can_knock_safely_none_is_asked_to(
    opening: Opening, public_url: str, allow: list[str], there: bool
) -> None:
    urls: list[str | None] = []
    toy = vendor(start=[noting(urls)])
    deaf = Scripted("deaf", speech_offer(cost="0"), start=[noting(urls)])
    house = await opening(toy, public_url=public_url, outbound_allow=allow)
    await house.advance(await house.speak())
    assert (urls[0] is not None) == there
    without = await opening(deaf, public_url="https://pg.example", tables=False)
    await without.advance(await without.speak())
    assert urls[1] is None
