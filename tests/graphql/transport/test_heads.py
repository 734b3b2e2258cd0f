"""Requests whose heads are odd, over a socket of our own: no client would send them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

ASK = b'{"query": "{ hello }"}'
LENGTH = b"Content-Length: %d\r\n" % len(ASK)
JSON = b"Authorization: Bearer alice\r\nContent-Type: application/json\r\n"
HOST = b"Host: localhost:8000\r\n"


async def said(world: Any, request: bytes) -> tuple[int, bytes]:
    """The status of the first answer, and all that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            answer = await reader.read()
        return int(answer.split(b" ", 2)[1]), answer
    finally:
        writer.close()


def post(*headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = b"".join(headers)
    return b"POST /graphql HTTP/" + version + b"\r\n" + lines + JSON + b"Connection: close\r\n\r\n" + ASK


@pytest.mark.parametrize(
    "host",
    [
        b"Host: a/?x=\r\n", HOST + HOST, HOST + b"host: evil.example\r\n", b"", b"Host:\r\n", b"Host: a b\r\n",
        b"Host: a@b\r\n", b"Host: a,b\r\n", b"Host: [::1\r\n", b"Host: a:99999999\r\n", b"Host: \xff\r\n",
    ],
)  # fmt: skip
async def test_h2_a_host_that_is_none_is_400(world: Any, host: bytes) -> None:
    """H2: none, two, or one that is more than a name and a port."""
    status, _ = await said(world, post(host, LENGTH))
    assert status == 400
    assert world.board.contexts == world.board.serial == 0


@pytest.mark.parametrize(
    "host", [HOST, b"Host: my_api\r\n", b"Host: [::1]:80\r\n", b"host: xn--bcher-kva.example\r\n"]
)
async def test_h2_one_plain_host_is_served(world: Any, host: bytes) -> None:
    assert (await said(world, post(host, LENGTH)))[0] == 200


async def test_h2_a_probe_of_http_1_0_needs_none(world: Any) -> None:
    assert (await said(world, post(LENGTH, version=b"1.0")))[0] == 200


async def test_h2_forwarded_headers_make_nobody_anybody_else(opened: Any) -> None:
    """H2: a stranger's X-Forwarded-For does not decide whose wrong tokens are counted."""
    wrong = JSON.replace(b"alice", b"nobody")
    async with opened(wrong_tokens_per_minute=3) as world:
        statuses = []
        for n in range(5):
            forwarded = b"X-Forwarded-For: 192.0.2.%d\r\nForwarded: for=192.0.2.%d\r\n" % (n, n)
            request = post(HOST, forwarded, LENGTH).replace(JSON, wrong)
            statuses.append((await said(world, request))[0])
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize(
    "both", [LENGTH + b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\n" + LENGTH, LENGTH * 2]
)  # fmt: skip
async def test_h5_two_lengths_are_400(world: Any, both: bytes) -> None:
    """H5: a request that ends in two places is not read, nor what might be a second one."""
    status, answer = await said(world, post(HOST, both) + b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status == 400 and answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"x" * 1_000_000 + b"\r\n",
        b"X-Many: 1\r\n" * 10_000,
        b"X-" + b"n" * 1_000_000 + b": 1\r\n",
    ],
    ids=["long", "many", "name"],
)
async def test_h5_a_large_head_is_431(world: Any, headers: bytes) -> None:
    """H5: 1 MB in one header, 10,000 headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(post(HOST, headers, LENGTH))
    assert b" 431 " in await asyncio.wait_for(reader.readline(), 20)
    writer.close()


async def test_h5_a_head_that_never_ends_is_not_kept(world: Any) -> None:
    """H5: a header without an end is refused at the limit, not collected."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(b"POST /graphql HTTP/1.1\r\nX-Endless: ")
    answered = asyncio.create_task(reader.readline())
    sent = 0
    while not answered.done() and sent < 10_000_000:
        writer.write(b"x" * 10_000)
        sent += 10_000
        await asyncio.sleep(0)
    assert b" 431 " in await asyncio.wait_for(answered, 20)
    writer.close()


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "BREW"])
async def test_h5_other_methods_are_refused(world: Any, method: str) -> None:
    """H5: TRACE gives nothing of the request back."""
    request = f"{method} /graphql HTTP/1.1\r\nX-Secret: mirror\r\n".encode() + HOST + JSON
    status, answer = await said(world, request + b"Connection: close\r\n\r\n")
    assert status in (400, 405) and b"mirror" not in answer


async def test_h5_a_method_is_not_overridden(world: Any) -> None:
    """H5: a mutation by GET stays one."""
    over = b"X-HTTP-Method-Override: POST\r\nX-Method-Override: POST\r\nConnection: close\r\n\r\n"
    asked = b"GET /graphql?query=mutation%7Bbump%7D HTTP/1.1\r\n" + HOST + JSON + over
    assert (await said(world, asked))[0] == 405
    assert world.board.mutations == 0
