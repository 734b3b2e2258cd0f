"""GraphQL over HTTP on a real socket: whatever comes in, a typed answer goes out."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
from typing import Any

import httpx
import orjson
import pytest

NEW = "application/graphql-response+json"
OLD = "application/json"


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def test_a_query_and_its_cost(world: Any) -> None:
    response = await world.post("query A($n: String!) { hello(name: $n) viewer }", variables={"n": "Ada"})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{NEW}; charset=utf-8"
    body = response.json()
    assert body["data"] == {"hello": "Hello Ada", "viewer": "alice"}
    assert body["extensions"]["cost"]["cost"] == 1
    assert body["extensions"]["cost"]["left"] == world.settings.cost_budget - 1
    assert world.board.contexts == 0


@pytest.mark.parametrize(
    ("accept", "kind", "status"),
    [
        (NEW, NEW, 400), (OLD, OLD, 200), ("*/*", OLD, 200), (None, NEW, 400), ("application/*", OLD, 200),
        (f"{OLD};q=0.5, {NEW}", NEW, 400), (f"{NEW};q=0.5, {OLD}", OLD, 200), (f"{NEW}, {OLD}", NEW, 400),
        (f"{NEW};q=0, {OLD}", OLD, 200), ("text/plain, */*;q=0.1", OLD, 200),
        (f"{NEW}, {OLD}, text/event-stream, multipart/mixed", NEW, 400),
    ],
)  # fmt: skip
async def test_the_media_type_decides_the_status_of_a_bad_document(
    world: Any, accept: str | None, kind: str, status: int
) -> None:
    async with world.http() as client:
        del client.headers["accept"]
        headers = {"accept": accept} if accept else {}
        bad = await client.post(world.url, json={"query": "{ nope }"}, headers=headers)
        good = await client.post(world.url, json={"query": "{ hello }"}, headers=headers)
    assert (bad.status_code, bad.headers["content-type"].split(";")[0]) == (status, kind)
    assert (good.status_code, good.headers["content-type"].split(";")[0]) == (200, kind)
    assert "data" not in bad.json()
    assert code(bad) == "GRAPHQL_VALIDATION_FAILED"


async def test_nothing_acceptable_is_406(world: Any) -> None:
    async with world.http(accept="text/html") as client:
        response = await client.post(world.url, json={"query": "{ hello }"})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("token", [None, "wrong", "x" * 9000])
async def test_without_a_good_token_401(world: Any, token: str | None) -> None:
    response = await world.post("{ hello }", token)
    assert response.status_code == 401
    assert code(response) == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_other_schemes_are_no_token(world: Any) -> None:
    async with world.http(None, authorization="Basic alice") as client:
        assert (await client.post(world.url, json={"query": "{ hello }"})).status_code == 401


async def test_authentication_that_fails_is_masked(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """G21, R4: the account store is away."""
    world.broken = True
    response = await world.post("{ hello }")
    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert code(response) == "INTERNAL"
    assert response.json()["errors"][0]["extensions"]["id"] in caplog.text


async def test_get_asks_and_never_changes(world: Any) -> None:
    """G14, G23"""
    async with world.http(accept=NEW) as client:
        good = await client.get(
            world.url, params={"query": "query($n: String) { hello(name: $n) }", "variables": '{"n":"A"}'}
        )
        assert good.json()["data"] == {"hello": "Hello A"}
        for change in ("mutation { bump }", "mutation A { bump } query B { hello }"):
            refused = await client.get(
                world.url, params={"query": change, "operationName": "A" if "A" in change else ""}
            )
            assert (refused.status_code, code(refused)) == (405, "METHOD_NOT_ALLOWED")
            assert refused.headers["allow"] == "POST"
        stream = await client.get(world.url, params={"query": "subscription { count(to: 1) }"})
        assert (stream.status_code, code(stream)) == (400, "SUBSCRIPTION_NEEDS_STREAM")
    assert world.board.mutations == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
async def test_other_methods(world: Any, method: str) -> None:
    async with world.http() as client:
        response = await client.request(method, world.url)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql",
     "", "application/jsonp", "application/json; charset=latin-1", "application/json, text/plain"],
)  # fmt: skip
async def test_only_json_in_utf8(world: Any, kind: str) -> None:
    """G14: nothing a form or an image tag can send without a preflight changes anything."""
    async with world.http(accept=NEW) as client:
        body = orjson.dumps({"query": "mutation { bump }"})
        response = await client.post(world.url, content=body, headers={"content-type": kind})
        assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert world.board.mutations == 0


async def test_charset_utf8_is_fine(world: Any) -> None:
    async with world.http() as client:
        for kind in (
            "application/json; charset=UTF-8",
            'application/json;charset="utf-8"',
            "APPLICATION/JSON",
        ):
            response = await client.post(
                world.url, content=b'{"query":"{hello}"}', headers={"content-type": kind}
            )
            assert response.json()["data"] == {"hello": "Hello you"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
async def test_compressed_bodies_are_refused(world: Any, encoding: str) -> None:
    """H4: a bomb is never unpacked."""
    async with world.http(accept=NEW) as client:
        headers = {"content-type": OLD, "content-encoding": encoding}
        response = await client.post(world.url, content=gzip.compress(b" " * 10_000_000), headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_long_body_is_refused_unread(opened: Any) -> None:
    """H1: 300 MB announced, and 300 MB in chunks; no more than the cap and a chunk is taken in."""
    async with opened(max_body_bytes=100_000) as world:
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{world.port}\r\nAuthorization: Bearer alice\r\n"
            "Content-Type: application/json\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(f"{head}Content-Length: 300000000\r\n\r\n{{".encode())
        assert b" 413 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()

        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk, sent = b"10000\r\n" + b" " * 65_536 + b"\r\n", 0
        with pytest.raises((ConnectionError, TimeoutError, StopAsyncIteration)):
            while sent < 300_000_000:
                writer.write(chunk)
                sent += len(chunk)
                async with asyncio.timeout(10):
                    await writer.drain()
                if line := reader._buffer:  # type: ignore[attr-defined]
                    assert b" 413 " in line
                    raise StopAsyncIteration
        # What fits into the buffers of two sockets is far from what was coming.
        assert sent < 30_000_000
        writer.close()
        assert (await world.post("{ hello }")).status_code == 200


async def test_exactly_the_limit_is_taken(opened: Any) -> None:
    """H1, U21: one byte more is not."""
    async with opened(max_body_bytes=5_000) as world, world.http() as client:
        for size, status in ((5_000, 200), (5_001, 413)):
            body = b'{"query":"{hello}"}'.ljust(size)
            response = await client.post(world.url, content=body, headers={"content-type": OLD})
            assert response.status_code == status


async def test_a_slow_body_is_given_up(opened: Any) -> None:
    """H6"""
    async with opened(stream_idle_seconds=0.3) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()


BODIES = [
    b"", b"null", b"5", b'"x"', b"[]", b"[1]", b"true", b"{", b"}", b"{}", b'{"query":1}', b'{"query":null}',
    b'{"query":{}}', b'{"query":[]}', b'{"query":""}', b'{"query":true}', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b'{"query":"\xff"}', b'{"query":"{hello}","variables":[]}', b'{"query":"{hello}","variables":"x"}',
    b'{"query":"{hello}","variables":5}', b'{"query":"{hello}","operationName":5}',
    b'{"query":"{hello}","operationName":{}}', b'{"query":"{hello}","extensions":5}',
    b'{"query":"{hello}","extensions":[]}', b'{"query":"{hello}"}x', b'{"query":"\\ud800"}', b'{"query":"{hello}",}',
    b"{'query':'{hello}'}", b'{"query":"{hello}","variables":{"a":NaN}}', b'{"query":"{hello}","variables":{"a":1e400}}',
    b'{"query":"{hello}","variables":{"a":Infinity}}', b'{"query":"{hello}","variables":{"a":' + b"9" * 5000 + b"}}",
    b"[" * 100_000, b'{"a":' * 100_000, b'{"query":"{hello}","variables":{"a":' + b"[" * 900 + b"]" * 900 + b"}}",
    b'{"query":"{hello}","variables":{"a":[' + b"1," * 20_000 + b"1]}}", b'{"query":"{hello}","variables":{"a":"\\u0000"}}',
    b'{"query":"{hello}","variables":{"\\u0000":1}}', b'{"query":"{\\u0000hello}"}',
    b'{"query":"{hello(name:\\"\\\\u0000\\")}"}', b'{"query":"{hello(name:\\"\\\\ud800\\")}"}', b'{"documentId":5}',
    b'{"documentId":"sha256:zz"}', b'[{"query":"{hello}"}]', b"\x00", b"query=%7Bhello%7D",
]  # fmt: skip


@pytest.mark.parametrize("kind", [NEW, OLD])
async def test_malformed_bodies_are_4xx(world: Any, kind: str) -> None:
    """G9, G11, G12, G13: never a 500, never a traceback."""
    async with world.http(accept=kind) as client:
        for body in BODIES:
            response = await client.post(world.url, content=body, headers={"content-type": OLD})
            # The older media type says 200 once the request itself, if not the document, is well-formed.
            fine = (200, 400) if kind == OLD and b'{"query":"{' in body else (400,)
            assert response.status_code in fine, body[:80]
            assert code(response) in ("BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED"), body[:80]
            assert "Traceback" not in response.text


async def test_random_mutations_of_a_request_are_never_5xx(world: Any) -> None:
    """G12"""
    rng = random.Random(5)
    seed = orjson.dumps(
        {"query": "query A($n: Int!) { number(n: $n) }", "variables": {"n": 5}, "operationName": "A"}
    )
    async with world.http(accept=NEW) as client:
        for _ in range(400):
            body = bytearray(seed)
            for _ in range(rng.randint(1, 4)):
                at = rng.randrange(len(body))
                choice = rng.random()
                if choice < 0.4:
                    body[at] = rng.randrange(256)
                elif choice < 0.7:
                    del body[at : at + rng.randint(1, 5)]
                else:
                    body[at:at] = rng.choice(
                        [b"[", b"{", b'"', b"\\u0000", b"null", b"\xf0\x9f", b"1e999", b","]
                    )
            response = await client.post(world.url, content=bytes(body), headers={"content-type": OLD})
            assert response.status_code in (200, 400), bytes(body)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("number(n: $v)", [2**31, -(2**31) - 1, 2**53 + 1, 2**64, 1.5, "1", True, [1, 2], {}]),
        ("ratio(x: $v)", ["1", {}, True]),
    ],
)
async def test_numbers_out_of_range_are_typed(world: Any, field: str, values: list[Any]) -> None:
    """G10"""
    kind = "Int!" if "number" in field else "Float!"
    for value in values:
        response = await world.post(f"query($v: {kind}) {{ {field} }}", variables={"v": value})
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT"), value
    good = await world.post("query($v: Float!) { ratio(x: $v) }", variables={"v": -0.0})
    assert good.json()["data"] == {"ratio": 0}
    refusals = {
        "9" * 5000: "BAD_USER_INPUT",
        "1e400": "BAD_USER_INPUT",
        "2147483648": "GRAPHQL_VALIDATION_FAILED",
    }
    for literal, expected in refusals.items():
        response = await world.post(f"{{ number(n: {literal}) }}")
        assert (response.status_code, code(response)) == (400, expected), literal[:20]
    for literal in ("1e400", "9" * 5000):
        assert code(await world.post(f"{{ ratio(x: {literal}) }}")) == "BAD_USER_INPUT"


async def test_hostile_strings_come_back_as_they_went(world: Any) -> None:
    """G11"""
    for text in (
        "‮",
        "\u200b",
        "💥" * 100,
        "'; DROP TABLE x; --",
        "${7*7}",
        "\r\n\t",
        "é",
        "é",
        "￿",
        "\U0010ffff",
    ):
        response = await world.post("query($n: String!) { hello(name: $n) }", variables={"n": text})
        assert response.json()["data"] == {"hello": f"Hello {text}"}


async def test_a_value_json_cannot_hold_is_masked(world: Any) -> None:
    """G11: a lone surrogate from inside."""
    response = await world.post("{ surrogate }")
    assert response.status_code == 200
    assert code(response) == "INTERNAL"


async def test_pipelined_and_kept_alive(world: Any) -> None:
    """A refused request leaves the connection usable or closed, never out of step."""
    with socket.create_connection(("127.0.0.1", world.port)) as peer:
        peer.settimeout(10)
        body = b'{"query":"{hello}"}'
        good = (
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n"
            b"Accept: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        ) + body
        bad = good.replace(b"Bearer alice", b"Bearer nobody")
        loop = asyncio.get_running_loop()
        heard = await loop.run_in_executor(None, _exchange, peer, bad + good)
    assert heard.count(b"HTTP/1.1 401") == 1
    assert heard.count(b"HTTP/1.1 200") == 1


def _exchange(peer: socket.socket, data: bytes) -> bytes:
    peer.sendall(data)
    heard = b""
    while heard.count(b"HTTP/1.1") < 2 or not heard.endswith(b"}"):
        part = peer.recv(65_536)
        if not part:
            break
        heard += part
    return heard
