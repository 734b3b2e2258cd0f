"""Threats V: a connection that goes wrong in every way there is, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from persona_graph_sandbox import Bench, Emulator, Fault, transport
from persona_graph_sandbox.serving import Servers, bound
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Echo(Emulator):
    name = "echo"
    faults = (Fault("odd", "answers something odd"),)

    def reset(self) -> None:
        self.seen = 0

    async def _echo(self, request: Request) -> Response:
        self.seen += 1
        if self.take(request, "odd"):
            return JSONResponse({"odd": True})
        return JSONResponse({"got": (await request.body()).decode(), "padding": "x" * 2000})

    def routes(self) -> list[Route]:
        return [Route("/echo", self._echo, methods=["POST"])]


@pytest.fixture
def bench() -> Bench:
    return Bench.new(seed=1)


@pytest.fixture
def echo(bench: Bench) -> Iterator[Echo]:
    made = Echo(bench)
    bench.faults.declare("echo", (*transport.FAULTS, *made.faults))
    listening = bound()
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    servers = Servers([(transport.Lane("echo", Starlette(routes=made.routes()), bench), listening)])
    servers.start()
    yield made
    servers.stop()


def ask(echo: Echo, timeout: float = 5) -> httpx.Response:
    return httpx.post(f"{echo.url}/echo", content=b"hello", timeout=timeout)


def test_without_a_fault_the_emulator_answers_and_the_history_knows(echo: Echo, bench: Bench) -> None:
    answer = httpx.post(f"{echo.url}/echo?a=1", content=b"hello", headers={"Authorization": "Bearer k"})
    assert answer.json()["got"] == "hello"
    [asked] = bench.requests.all("echo", "/echo", "POST")
    assert (asked.query, asked.body, asked.size, asked.status, asked.fault) == ("a=1", b"hello", 5, 200, None)
    assert asked.headers["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("fault", "raised", "carried_out"),
    [
        ("drop_before", httpx.RemoteProtocolError, 0),
        ("drop_after", httpx.RemoteProtocolError, 1),
        ("reset", httpx.TransportError, 0),
        ("stall", httpx.ReadTimeout, 0),
        ("stall_after", httpx.ReadTimeout, 1),
        ("truncated", httpx.RemoteProtocolError, 1),
    ],
)
def test_a_connection_that_breaks(
    echo: Echo, bench: Bench, fault: str, raised: type[Exception], carried_out: int
) -> None:
    bench.faults.inject("echo", fault)
    with pytest.raises(raised):
        ask(echo, timeout=0.5 if fault.startswith("stall") else 5)
    assert echo.seen == carried_out
    assert [asked.fault for asked in bench.requests.all("echo")] == [fault]
    assert ask(echo).status_code == 200, "one injection is one failure"


@pytest.mark.parametrize(
    ("fault", "options", "status", "begins"),
    [
        ("unavailable", {"status": 429, "retry_after": 7}, 429, b"upstream"),
        ("bad_gateway", {}, 502, b"<html>"),
        ("html", {}, 200, b"<!doctype"),
        ("empty", {}, 200, b""),
        ("redirect", {"to": "http://127.0.0.1:1/canary"}, 302, b""),
    ],
)
def test_an_answer_that_is_none_of_the_emulators(
    echo: Echo, bench: Bench, fault: str, options: dict[str, object], status: int, begins: bytes
) -> None:
    bench.faults.inject("echo", fault, **options)  # type: ignore[arg-type]
    answer = ask(echo)
    assert (answer.status_code, answer.content[: len(begins)], echo.seen) == (status, begins, 0)
    assert answer.headers.get("retry-after") == ("7" if "retry_after" in options else None)
    assert answer.headers.get("location") == options.get("to")


def test_garbage_is_no_json(echo: Echo, bench: Bench) -> None:
    bench.faults.inject("echo", "garbage")
    with pytest.raises(ValueError):
        ask(echo).json()


@pytest.mark.parametrize("fault", ["huge", "endless"])
def test_a_body_without_end_goes_on_until_the_reader_has_enough(echo: Echo, bench: Bench, fault: str) -> None:
    bench.faults.inject("echo", fault)
    read = 0
    with httpx.stream("POST", f"{echo.url}/echo", content=b"") as answer:
        for chunk in answer.iter_bytes():
            read += len(chunk)
            if read > 20_000_000:
                break
    assert read > 20_000_000
    assert answer.headers.get("content-length") == ("1000000000000" if fault == "huge" else None)
    assert ask(echo).status_code == 200


def test_a_reply_that_drips_is_whole_in_the_end(echo: Echo, bench: Bench) -> None:
    bench.faults.inject("echo", "drip", bytes=500, every=0.01)
    assert ask(echo).json()["got"] == "hello"


def test_faults_wait_for_their_path_their_turn_and_are_counted(echo: Echo, bench: Bench) -> None:
    bench.faults.inject("echo", "odd", times=2, path="/echo", skip=1)
    bench.faults.inject("echo", "odd", path="/elsewhere")
    assert ["odd" in ask(echo).json() for _ in range(4)] == [False, True, True, False]
    assert [waiting.path for waiting in bench.faults.waiting()] == ["/elsewhere"]


def test_dice_with_a_seed_fall_the_same_way_twice(echo: Echo, bench: Bench) -> None:
    def series() -> list[str | None]:
        bench.reset()
        for _ in range(40):
            try:
                ask(echo)
            except httpx.TransportError:
                continue
        return [asked.fault for asked in bench.requests.all("echo")]

    bench.faults.rate = 0.5
    first = series()
    assert first == series()
    assert 8 < sum(fault is not None for fault in first) < 32
    assert not {"stall", "huge"} & set(first), "dice never choose what takes minutes"
    bench.faults.rate = 0
    assert set(series()) == {None}


def test_stopping_does_not_wait_for_a_stalled_reply(bench: Bench) -> None:
    listening = bound()
    bench.faults.declare("echo", transport.FAULTS)
    made = Echo(bench)
    servers = Servers([(transport.Lane("echo", made.app(), bench), listening)])
    servers.start()
    port = listening.getsockname()[1]
    bench.faults.inject("echo", "stall", seconds=600)
    with httpx.Client(timeout=0.3) as client, pytest.raises(httpx.ReadTimeout):
        client.post(f"http://127.0.0.1:{port}/echo")
    servers.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/echo", timeout=1)
