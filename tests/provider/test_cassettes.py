"""An exchange is recorded over a real connection, holds no secret, and plays in the kit."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from persona_graph.catalog.registry import Plugin, Registered
from persona_graph.provider import PaymentSafety, Provider
from persona_graph.provider.conformance import (
    CassetteVendor,
    Conformance,
    Grade,
    KitCall,
    Vendor,
    conformance_of,
)
from persona_graph.provider.conformance.cassette import Cleaner, Tape
from persona_graph.provider.conformance.recording import Wish, recorded
from tests.provider import ferry
from tests.provider.ferry import Ferry
from tests.provider.ferry_vendor import KEY, speech

SECRETS = (KEY, "eu-west canary/+")


class Played(BaseHTTPRequestHandler):
    """The ferry's vendor on loopback. It repeats the key wherever it can."""

    asked = 0

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        assert self.headers["authorization"] == f"Bearer {KEY}"
        self._answer(
            {"id": "o1", "echo": json.loads(self.rfile.read(length)), "key": KEY, "enc": _base64(KEY)}
        )

    def do_GET(self) -> None:
        if self.path.startswith("/v1/sound"):
            return self._send(speech(), "audio/wav")
        type(self).asked += 1
        link = f"https://files.example/a.wav?X-Signature=canary-sig&part=7&secret={KEY}"
        return self._answer({"state": "done" if self.asked > 2 else "working", "share": 0.5, "link": link})

    def _answer(self, content: dict[str, object]) -> None:
        self._send(json.dumps(content).encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        for name, value in {
            "content-type": kind,
            "content-length": str(len(content)),
            "set-cookie": "canary",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Redirected(httpx.AsyncBaseTransport):
    """A real connection, to where the vendor is played."""

    def __init__(self, port: int) -> None:
        self.port, self._real = port, httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        sent = httpx.Request(request.method, there, headers=request.headers, content=await request.aread())
        return await self._real.handle_async_request(sent)


@pytest.fixture
def port() -> Iterator[int]:
    Played.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Played) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
async def cassette(tmp_path: Path, port: int) -> Path:
    made = Ferry(KEY)
    provider = Registered(made.id, made.name, made.offers, Plugin("ferry", "ferry", "1"), made)
    tape = await recorded(
        provider, made.offers[0], Wish(text="Hello, canary-free."), SECRETS, Redirected(port)
    )
    path = tmp_path / "ferry.json"
    path.write_text(tape.text(), encoding="utf-8")
    return path


async def test_t7_a_cassette_holds_the_exchange_and_no_secret(cassette: Path) -> None:
    """T7: no key in any form, no header's value but harmless ones, no signature of a link."""
    text = cassette.read_text()
    tape = Tape.read(cassette)
    assert [(e.method, e.status) for e in tape.exchanges] == [("POST", 200), *[("GET", 200)] * 4]
    for canary in (KEY, _base64(KEY), "canary-sig", "Bearer", "set-cookie: canary"):
        assert canary not in text
    assert '"set-cookie": "REMOVED"' in text and '"authorization": "REMOVED"' in text
    assert "part=7" in text and "Hello, canary-free." in text
    assert tape.exchanges[-1].content() == speech()


async def test_a_cassette_plays_in_the_kit(cassette: Path) -> None:
    """What was not recorded is scripted beside it: nobody cancelled, and nobody had to look the order up."""

    class FromCassette(Conformance):
        secrets = (KEY,)

        def provider(self) -> Provider:
            return Ferry(KEY, PaymentSafety.KEYED)

        def vendor(self) -> Vendor:
            played = CassetteVendor(cassette, lambda r: r.method == "POST" and r.headers["idempotency-key"])
            return played.on("DELETE", "/v1/speech/o1", {}).on("GET", "/v1/find", {"ids": []})

        def package(self) -> Path:
            return Path(ferry.__file__)

    found = await conformance_of(FromCassette())
    assert found.grade is Grade.A, found.text()


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("key=eu-west canary/+;", "key=REMOVED;"),
        ("eu-west%20canary%2F%2B", "REMOVED"),
        ("eu-west+canary%2F%2B", "REMOVED"),
        (_base64("eu-west canary/+"), "REMOVED"),
        ('see "https://h/x?token=abc&a=1" and https://h/y', 'see "https://h/x?token=REMOVED&a=1" and https://h/y'),
        ("https://b.s3/x?X-Amz-Credential=q&X-Amz-Expires=9", "https://b.s3/x?X-Amz-Credential=REMOVED&X-Amz-Expires=REMOVED"),
        ("nothing to see", "nothing to see"),
    ],
)  # fmt: skip
def test_secrets_are_taken_out_in_every_form(dirty: str, clean: str) -> None:
    assert Cleaner(SECRETS).text(dirty) == clean


def test_b11_the_files_of_an_order_stay_off_the_tape() -> None:
    """B11: a sample or a photo that was sent is not kept, whichever way it was written."""
    clean = Cleaner(())
    voice = speech()
    assert clean.sent(voice) == f"REMOVED: {len(voice)} bytes"
    for written in (_base64("x" * 3000), b"abc".hex() * 500):
        assert clean.sent(json.dumps({"audio": written}).encode()) == json.dumps(
            {"audio": f"REMOVED: {len(written)} characters"}
        )
    assert clean.sent(b"a script " * 500) == "a script " * 500


def test_a_short_setting_takes_nothing_out() -> None:
    """``PITCH=2`` is a setting; cutting every 2 would leave nothing to play."""
    assert Cleaner(("2", "eu")).text("https://h/2/eu") == "https://h/2/eu"


async def test_what_is_not_on_the_tape_is_a_404(cassette: Path, tmp_path: Path) -> None:
    call = KitCall(tmp_path, CassetteVendor(cassette))
    assert (await call.http.get("https://v.example/elsewhere")).status_code == 404
    assert CassetteVendor(cassette).paid() is None
