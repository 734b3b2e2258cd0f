"""Webhooks: asked for where they can be verified, verified as the vendor signs them, and never more than a hint."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from persona_graph.provider import BadKnock, Delivery, Knock
from persona_graph.provider.conformance import KIT_NOW

SECRET, OLD = "whsec_c2VjcmV0LW5ldw", "whsec_b2xk"


def signed(
    body: bytes, secret: str = SECRET, *, age: float = 0, version: str = "v3", event: str = "9f3c0d2e"
) -> Knock:
    """Made here, apart from the plugin and the emulator: HMAC-SHA256 over id, time and raw body, in hexadecimal."""
    moment = str(int((KIT_NOW - timedelta(seconds=age)).timestamp()))
    key = secret.removeprefix("whsec_").encode()
    said = hmac.new(key, f"{event}.{moment}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"webhook-id": event, "webhook-timestamp": moment, "webhook-signature": f"{version},{said}"}
    return Knock(headers=headers, body=body, now=KIT_NOW)


BODY = b'{"id": "9f3c0d2e", "status": "completed"}'


def verify(desk: Any, knock: Knock, secrets: str = SECRET) -> None:
    desk.settings = {"WEBHOOK_SECRET": secrets}
    for name in ("wavespeed-hunyuan", "wavespeed-infinitetalk", "wavespeed-minimax"):
        desk.provider(name).verify_knock(knock)


def test_a_genuine_knock_is_let_in(desk: Any) -> None:
    verify(desk, signed(BODY))
    verify(desk, signed(b"\xff\x00 raw bytes"))


@pytest.mark.parametrize("age", [300, -300, 0])
def test_five_minutes_either_way_are_allowed(desk: Any, age: int) -> None:
    verify(desk, signed(BODY, age=age))


@pytest.mark.parametrize("age", [301, -301, 86_400])
def test_a_moment_more_is_refused(desk: Any, age: int) -> None:
    """Threat K2."""
    with pytest.raises(BadKnock):
        verify(desk, signed(BODY, age=age))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v3"},
        {"webhook-signature": "v3," + "0" * 64},
        {"webhook-signature": "v3,ü"},
        {"webhook-id": ""},
        {"webhook-id": "other"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣٣٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "-5"},
    ],
    ids=[
        "none",
        "bare",
        "wrong",
        "letters",
        "no-id",
        "other-id",
        "no-time",
        "word",
        "digits",
        "huge",
        "minus",
    ],
)
def test_odd_headers_are_refused(desk: Any, change: dict[str, str]) -> None:
    """Threats K1, K2."""
    good = signed(BODY)
    with pytest.raises(BadKnock):
        verify(desk, Knock(headers={**good.headers, **change}, body=BODY, now=KIT_NOW))


def test_the_signature_is_over_the_raw_body(desk: Any) -> None:
    """Threat K1: truncated, or right over the same JSON written otherwise."""
    good = signed(BODY)
    for body in (BODY.replace(b" ", b""), BODY[:-1], b""):
        with pytest.raises(BadKnock):
            verify(desk, Knock(headers=good.headers, body=body, now=KIT_NOW))
    cut = {**good.headers, "webhook-signature": good.headers["webhook-signature"][:-2]}
    with pytest.raises(BadKnock):
        verify(desk, Knock(headers=cut, body=BODY, now=KIT_NOW))


@pytest.mark.parametrize("version", ["v1", "v2", "v4", "V3", ""])
def test_another_version_is_refused(desk: Any, version: str) -> None:
    with pytest.raises(BadKnock):
        verify(desk, signed(BODY, version=version))


def test_the_secret_is_not_decoded(desk: Any) -> None:
    """The standard scheme decodes it and would let nobody in here."""
    import base64

    key = base64.b64decode(SECRET.removeprefix("whsec_") + "==")
    moment = str(int(KIT_NOW.timestamp()))
    said = hmac.new(key, f"e.{moment}.".encode() + BODY, hashlib.sha256).hexdigest()
    headers = {"webhook-id": "e", "webhook-timestamp": moment, "webhook-signature": f"v3,{said}"}
    with pytest.raises(BadKnock):
        verify(desk, Knock(headers=headers, body=BODY, now=KIT_NOW))


def test_two_secrets_are_good_while_one_follows_the_other(desk: Any) -> None:
    """Threat K7."""
    both = f"{SECRET}, {OLD}"
    verify(desk, signed(BODY, SECRET), both)
    verify(desk, signed(BODY, OLD), both)
    with pytest.raises(BadKnock):
        verify(desk, signed(BODY, OLD), SECRET)


def test_without_a_secret_nobody_is_let_in(desk: Any) -> None:
    for secrets in ("", " , "):
        with pytest.raises(BadKnock):
            verify(desk, signed(BODY, ""), secrets)


class Door(ThreadingHTTPServer):
    """A receiver on loopback that keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.heard = threading.Event()
        super().__init__(("127.0.0.1", 0), _Hall)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/knocks/a?x=1&y=2"


class _Hall(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()
        self.server.heard.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


async def heard(door: Door, times: int) -> list[Knock]:
    async with asyncio.timeout(10):
        while len(door.got) < times:
            await asyncio.to_thread(door.heard.wait, 1)
            door.heard.clear()
    return [Knock(headers=headers, body=body, now=KIT_NOW) for headers, body in door.got]


def at(desk: Any, knock: Knock) -> Knock:
    return Knock(headers=knock.headers, body=knock.body, now=desk.sandbox.bench.clock.now())


async def test_the_vendor_knocks_when_it_is_done(desk: Any, door: Door) -> None:
    desk.webhook = door.url
    ticket = await desk.start(desk.animation())
    (submit,) = desk.asked("/wavespeed-ai/")
    assert parse_qs(submit.query) == {"webhook": [door.url]}
    assert "webhook" not in str(submit.json())
    desk.pass_time(5)
    (knock,) = await heard(door, 1)
    desk.provider().verify_knock(at(desk, knock))
    assert isinstance(await desk.check(ticket), Delivery)


async def test_no_knock_is_asked_for_that_could_not_be_verified(desk: Any, door: Door) -> None:
    """A receiver that refuses every delivery makes the vendor take back what it made."""
    desk.webhook, desk.settings = door.url, {"WEBHOOK_SECRET": ""}
    await desk.start(desk.animation())
    assert desk.asked("/wavespeed-ai/")[0].query == ""


async def test_a_knock_that_never_comes_is_not_needed(desk: Any, door: Door) -> None:
    """Threat V9."""
    desk.webhook = door.url
    desk.inject("knock_missing")
    assert (await desk.make(desk.animation())).remote_url
    assert door.got == []


async def test_knocks_that_come_twice_are_both_genuine_and_change_nothing(desk: Any, door: Door) -> None:
    """Threats V9, K3: the same id again; what it is worth is decided by asking."""
    desk.webhook = door.url
    desk.inject("knock_repeated", more=2)
    ticket = await desk.start(desk.animation())
    desk.pass_time(5)
    knocks = await heard(door, 3)
    for knock in knocks:
        desk.provider().verify_knock(at(desk, knock))
    assert len({knock.headers["webhook-id"] for knock in knocks}) == 1
    assert (await desk.check(ticket)).remote_url
    assert desk.charges() == 1


async def test_a_knock_before_the_submits_reply_is_genuine(desk: Any, door: Door) -> None:
    """Threat K6."""
    desk.webhook = door.url
    desk.inject("knock_early")
    desk.inject("drop_after", path="/wavespeed-ai/")
    order = desk.animation()
    with pytest.raises(Exception, match="may have taken"):
        await desk.start(order)
    (knock,) = await heard(door, 1)
    desk.provider().verify_knock(at(desk, knock))
    assert (await desk.finish(await desk.find(order))).remote_url
    assert desk.charges() == 1


@pytest.mark.parametrize("fault", ["knock_stale", "knock_wrong_key"])
async def test_a_wrong_knock_is_refused_and_asking_goes_on(desk: Any, door: Door, fault: str) -> None:
    """Threats K1, K2."""
    desk.webhook = door.url
    desk.inject(fault)
    ticket = await desk.start(desk.animation())
    desk.pass_time(5)
    (knock,) = await heard(door, 1)
    with pytest.raises(BadKnock):
        desk.provider().verify_knock(at(desk, knock))
    assert (await desk.check(ticket)).remote_url


async def test_a_late_knock_is_genuine(desk: Any, door: Door) -> None:
    desk.webhook = door.url
    desk.inject("knock_late", seconds=600)
    await desk.make(desk.animation())
    assert door.got == []
    desk.pass_time(601)
    (knock,) = await heard(door, 1)
    desk.provider().verify_knock(at(desk, knock))


async def test_the_emulator_tries_again_and_refunds_when_nobody_listens(desk: Any, door: Door) -> None:
    desk.webhook = door.url
    door.answers = [500, 500, 500, 500]
    await desk.start(desk.animation())
    for pause in (5, 11, 61, 601):
        before = len(door.got)
        desk.pass_time(pause)
        await heard(door, before + 1)
    async with asyncio.timeout(5):
        while desk.billed():
            await asyncio.sleep(0.02)
    assert len(door.got) == 4
