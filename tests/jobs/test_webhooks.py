"""Outgoing webhooks against a real receiver on loopback, checked by the Standard Webhooks library (K11)."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from persona_graph.db import settled_writing, utcnow
from persona_graph.errors import InvalidInput, NotFound, QuotaReached, WrongState
from persona_graph.jobs import webhooks
from persona_graph.jobs.postman import PAUSES, deliver_due, forget_old_deliveries
from persona_graph.jobs.webhooks import Webhook, WebhookDelivery, WebhookEvent
from persona_graph.provider import Delivery, OrderRejected
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import speaker

SPOKEN = Delivery(media=b"hello")


@dataclass
class Post:
    """What came, and what is answered: ``status`` and ``more`` for every message until it is changed."""

    url: str = ""
    status: int = 200
    more: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    hold: threading.Event | None = None
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def messages(self, secret: str) -> list[Any]:
        return [Receiver(secret).verify(body, headers) for headers, body in self.came]


@pytest.fixture
def post() -> Iterator[Post]:
    office = Post()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            office.came.append(({key.lower(): value for key, value in self.headers.items()}, body))
            if office.hold is not None:
                office.hold.wait(20)
            self.send_response(office.status)
            for name, value in office.more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(office.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(office.body)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    office.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield office
    if office.hold is not None:
        office.hold.set()
    server.shutdown()
    server.server_close()


async def subscribe(house: House, url: str, *events: WebhookEvent) -> tuple[Webhook, str]:
    made: tuple[Webhook, str] = await settled_writing(
        lambda: webhooks.create_webhook(
            house.db, house.jobs.outbound, house.jobs.media.vault.keys, house.viewer, url, events
        )
    )
    return made


async def log_of(house: House) -> list[WebhookDelivery]:
    async with house.db.reading() as session:
        return list((await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))).all())


async def due_now(house: House) -> None:
    async with house.db.writing() as session:
        soon = utcnow() - timedelta(seconds=1)
        pending = update(WebhookDelivery).where(WebhookDelivery.next_at.is_not(None))
        await session.execute(pending.values(next_at=soon))


def allowed(post: Post) -> dict[str, Any]:
    return {"outbound_allow": [post.url.removesuffix("/hook")]}


async def test_a_service_is_told_once_when_its_job_ended(each_opening: Opening, post: Post) -> None:
    """A library that knows nothing of us finds the signature right."""
    house = await each_opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    _, secret = await subscribe(house, post.url)
    job = await house.finish(await house.speak())
    assert await deliver_due(house.jobs) == 1
    assert await deliver_due(house.jobs) == 0
    [told] = post.messages(secret)
    assert told["type"] == "job.succeeded"
    assert (told["data"]["kind"], told["data"]["failure"]) == ("SPEECH", None)
    [entry] = await log_of(house)
    assert (entry.state, entry.status, entry.tries, entry.answer) == ("DELIVERED", 200, 1, "thanks")
    assert json.loads(entry.body) == told and job.state == "SUCCEEDED"
    with pytest.raises(WebhookVerificationError):
        Receiver("whsec_" + "A" * 43 + "=").verify(post.came[0][1], post.came[0][0])


async def test_only_what_was_asked_for_is_told(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN, OrderRejected("no")]), **allowed(post))
    _, secret = await subscribe(house, post.url, WebhookEvent.JOB_FAILED)
    await house.finish(await house.speak())
    await house.finish(await house.speak("Another one."))
    await deliver_due(house.jobs)
    assert [told["type"] for told in post.messages(secret)] == ["job.failed"]
    assert post.messages(secret)[0]["data"]["failure"]["code"] == "REJECTED"


async def test_nobody_else_s_jobs_are_told(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    await subscribe(house, post.url)
    other = await house.neighbour()
    await house.finish(await other.speak())
    assert await deliver_due(house.jobs) == 0


async def test_it_is_tried_again_with_longer_pauses_and_then_given_up(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    _, secret = await subscribe(house, post.url)
    post.status = 500
    await house.finish(await house.speak())
    for tries in range(1, len(PAUSES) + 2):
        assert await deliver_due(house.jobs) == 1
        [entry] = await log_of(house)
        assert entry.tries == tries and entry.status == 500
        await due_now(house)
    assert entry.state == "FAILED" and await deliver_due(house.jobs) == 0
    ids = {headers["webhook-id"] for headers, _ in post.came}
    assert len(ids) == 1 and len(post.messages(secret)) == len(PAUSES) + 1


async def test_a_message_can_be_sent_again_under_its_id(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    _, secret = await subscribe(house, post.url)
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    [first] = await log_of(house)
    await settled_writing(lambda: webhooks.redeliver(house.db, house.viewer, first.id))
    await deliver_due(house.jobs)
    assert post.came[0][1] == post.came[1][1]
    assert post.came[0][0]["webhook-id"] == post.came[1][0]["webhook-id"]
    assert len(post.messages(secret)) == 2
    with pytest.raises(NotFound):
        stranger = (await house.neighbour()).viewer
        await settled_writing(lambda: webhooks.redeliver(house.db, stranger, first.id))


async def test_both_secrets_hold_while_one_is_changed(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    hook, old = await subscribe(house, post.url)
    keys = house.jobs.media.vault.keys
    _, new = await settled_writing(lambda: webhooks.rotate_secret(house.db, keys, house.viewer, hook.id))
    assert old != new
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    assert post.messages(old) == post.messages(new)
    async with house.db.writing() as session:
        await session.execute(update(Webhook).values(rotated_at=utcnow() - timedelta(hours=25)))
    await settled_writing(lambda: webhooks.test_webhook(house.db, house.viewer, hook.id))
    await deliver_due(house.jobs)
    headers, body = post.came[-1]
    assert Receiver(new).verify(body, headers)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Receiver(old).verify(body, headers)


async def test_one_that_is_gone_is_told_no_more(opening: Opening, post: Post) -> None:
    """K11: 410."""
    house = await opening(speaker("toy", start=[SPOKEN, SPOKEN]), **allowed(post))
    hook, _ = await subscribe(house, post.url)
    post.status = 410
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    await house.finish(await house.speak("Another one."))
    assert await deliver_due(house.jobs) == 0 and len(post.came) == 1
    with pytest.raises(WrongState):
        await settled_writing(lambda: webhooks.test_webhook(house.db, house.viewer, hook.id))
    post.status = 204
    await settled_writing(lambda: webhooks.enable_webhook(house.db, house.viewer, hook.id))
    await settled_writing(lambda: webhooks.test_webhook(house.db, house.viewer, hook.id))
    await deliver_due(house.jobs)
    assert [entry.state for entry in await log_of(house)] == ["FAILED", "DELIVERED"]


async def test_one_that_took_nothing_for_five_days_is_disabled(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    await subscribe(house, post.url)
    post.status = 503
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    async with house.db.writing() as session:
        await session.execute(update(Webhook).values(failing_since=utcnow() - timedelta(days=6)))
    await due_now(house)
    await deliver_due(house.jobs)
    async with house.db.reading() as session:
        hook = (await session.scalars(select(Webhook))).one()
    assert hook.disabled_at is not None and "five days" in (hook.disabled_why or "")


async def test_redirects_hanging_and_endless_answers(opening: Opening, post: Post) -> None:
    """K11: a redirect is not followed, an answer that hangs is cut off, one without end is not read."""
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    await subscribe(house, post.url)
    post.status, post.more = 302, {"location": "http://127.0.0.1:9/elsewhere"}
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    [entry] = await log_of(house)
    assert (entry.state, entry.status) == ("PENDING", 302)
    post.status, post.more, post.hold = 200, {}, threading.Event()
    await due_now(house)
    await deliver_due(house.jobs, patience=0.5)
    [entry] = await log_of(house)
    assert (entry.state, entry.status) == ("PENDING", None) and "no answer" in (entry.answer or "")
    post.hold.set()
    post.body = b"x" * 3_000_000
    await due_now(house)
    await deliver_due(house.jobs)
    [entry] = await log_of(house)
    assert entry.state == "DELIVERED" and len(entry.answer or "") == 200


async def test_an_inner_address_hears_nothing(opening: Opening, post: Post) -> None:
    """K11: what the operator did not allow is refused when it is named, and again when it is reached."""
    house = await opening(speaker("toy", start=[SPOKEN]))
    with pytest.raises(InvalidInput):
        await subscribe(house, post.url)
    await subscribe(house, post.url.replace("http://", "https://"))
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    [entry] = await log_of(house)
    assert entry.state == "FAILED" and entry.status is None and post.came == []


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.example/x", "https://", "https://user:word@a.example/", "https://a.example/ x", "https://a\u0301.example"],
    ids=["empty", "ftp", "no host", "password", "blank", "not ascii"],
)  # fmt: skip
async def test_an_address_must_be_one(opening: Opening, url: str) -> None:
    house = await opening(speaker("toy"))
    with pytest.raises(InvalidInput):
        await subscribe(house, url)


async def test_an_account_has_so_many(opening: Opening) -> None:
    house = await opening(speaker("toy"))
    for n in range(webhooks.MOST_ENDPOINTS):
        await subscribe(house, f"https://a.example/{n}")
    with pytest.raises(QuotaReached):
        await subscribe(house, "https://a.example/more")


async def test_what_was_rolled_back_is_not_told(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy"), **allowed(post))
    await subscribe(house, post.url)
    with pytest.raises(RuntimeError):
        async with house.db.writing() as session:
            await webhooks.enqueue(session, house.account.id, WebhookEvent.JOB_FAILED, {})
            raise RuntimeError
    assert await log_of(house) == []


async def test_the_log_ends_after_thirty_days_and_with_its_webhook(opening: Opening, post: Post) -> None:
    house = await opening(speaker("toy", start=[SPOKEN]), **allowed(post))
    hook, secret = await subscribe(house, post.url)
    await house.finish(await house.speak())
    await deliver_due(house.jobs)
    await forget_old_deliveries(house.jobs)
    assert len(await log_of(house)) == 1
    async with house.db.writing() as session:
        await session.execute(update(WebhookDelivery).values(created_at=utcnow() - timedelta(days=31)))
    await forget_old_deliveries(house.jobs)
    assert await log_of(house) == []
    await settled_writing(lambda: webhooks.delete_webhook(house.db, house.viewer, hook.id))
    async with house.db.reading() as session:
        left = (await session.scalars(select(Webhook))).one()
    assert left.wrapped_secret == b"" and secret not in repr(left.__dict__)
