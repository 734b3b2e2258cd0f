"""The one way out of the house: K9 (where it leads) and K10 (what comes back)."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from persona_graph.outbound import (
    OriginFault,
    Origins,
    Outbound,
    OutboundFailed,
    OutboundRefused,
    origin_of,
)
from persona_graph.outbound.origins import is_public
from persona_graph.outbound.wire import MOST_BYTES, GuardedClient, GuardedTransport
from persona_graph.settings import Settings
from tests.web import Web, contexts, head, moving, saying, serving

MOST = 1_000_000
# So that it is the address that is refused, and not the port a test's server happens to have.
ALL = range(65_536)


@asynccontextmanager
async def way_out(*allowed: str, **how: Any) -> AsyncIterator[Outbound]:
    outbound = Outbound(Settings(outbound_allow=list(allowed)), **how)
    try:
        yield outbound
    finally:
        await outbound.close()


@asynccontextmanager
async def canary() -> AsyncIterator[Web]:
    """A server inside, which nobody must reach."""
    async with serving(saying(b"the secret of this machine")) as web:
        yield web


# Where it leads: K9.

DISGUISES = [
    "http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/", "http://localhost.:{port}/",
    "http://127.0.0.1.:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://017700000001:{port}/", "http://0177.0.0.1:{port}/", "http://0x7f.1:{port}/", "http://127.1:{port}/",
    "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/", "http://0.0.0.0:{port}/", "http://0:{port}/",
    "http://[::]:{port}/", "http://user@127.0.0.1:{port}/", "http://public.example@127.0.0.1:{port}/",
    "http://public.example:80@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@public.example/",
    "http://127.0.0.1:{port}\\@public.example/", "//127.0.0.1:{port}/", "127.0.0.1:{port}",
    "http://①②⑦.⓪.⓪.①:{port}/", "http://127。0。0。1:{port}/", "http://LOCALHOST:{port}/",
]  # fmt: skip
ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/", "http://169.254.169.254./", "http://10.0.0.1/", "http://192.168.1.1/",
    "http://172.16.0.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[fe80::1]/", "http://224.0.0.1/",
    "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO",
    "ftp://127.0.0.1/", "data:text/plain,x", "dict://127.0.0.1:11211/", "unix:///var/run/docker.sock", "javascript:1",
    "http://", "http:///path", "https://", "", " ", "http://[", "http://a b/", "http://\x00/", "http://.../",
    "http://public.example:22/", "http://public.example:25/", "https://public.example:6379/", "http://public.example:0/",
    "http://public.example:99999/",
]  # fmt: skip


@pytest.mark.parametrize("url", DISGUISES)
async def test_no_disguise_of_loopback_is_connected_to(url: str, tmp_path: Path) -> None:
    """K9: whoever asks, the canary sees nobody."""
    async with canary() as inside, way_out(ports=ALL) as out:
        address = url.format(port=inside.port)
        with pytest.raises((OutboundRefused, OutboundFailed)):
            await out.read(address, most_bytes=MOST, seconds=5, redirects=3)
        with pytest.raises(OutboundRefused):
            await out.download(address, tmp_path / "file", most_bytes=MOST, seconds=5)
        with pytest.raises((httpx.TransportError, httpx.InvalidURL)):
            await out.client().get(address)
    assert inside.connections == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_no_other_place_inside_is_connected_to(url: str, tmp_path: Path) -> None:
    """K9: private networks, the cloud's own address, other protocols, other services' ports."""
    async with way_out() as out:
        with pytest.raises((OutboundRefused, OutboundFailed)):
            await out.read(url, most_bytes=MOST, seconds=5)
        with pytest.raises((OutboundRefused, OutboundFailed)):
            await out.download(url, tmp_path / "file", most_bytes=MOST, seconds=5)
        with pytest.raises((httpx.TransportError, httpx.InvalidURL)):
            await out.client().get(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", [80, 443, 8080])
async def test_it_is_the_address_that_counts_and_not_the_name(port: int) -> None:
    """K9: a public name may have any address."""

    async def resolver(host: str, port: int) -> list[str]:
        return {"in.example": ["127.0.0.1", "::1", "10.1.2.3"]}[host]

    async with way_out(resolver=resolver) as out:
        with pytest.raises(OutboundRefused, match="no public address"):
            await out.read(f"http://in.example:{port}/", most_bytes=MOST, seconds=5)


async def test_a_name_that_changes_its_address_is_asked_once() -> None:
    """K9: rebinding. The connection is made to the address that was looked at, so the second answer is never
    heard; and a name that first fails and then points inside is refused when it does."""
    asked: list[str] = []
    answers: dict[str, list[list[str] | OSError]] = {
        "turns.example": [["203.0.113.1"], ["127.0.0.1"]],
        "both.example": [["10.0.0.1", "127.0.0.1"], ["127.0.0.1"]],
        "fails.example": [OSError("try again"), ["127.0.0.1"]],
    }

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        answer = answers[host].pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async with canary() as inside, way_out(resolver=resolver, ports=ALL) as out:
        for host in ("turns.example", "both.example"):
            with pytest.raises(OutboundRefused):
                await out.read(f"http://{host}:{inside.port}/", most_bytes=MOST, seconds=5)
        assert asked == ["turns.example", "both.example"]
        with pytest.raises(OutboundFailed):
            await out.read(f"http://fails.example:{inside.port}/", most_bytes=MOST, seconds=5)
        with pytest.raises(OutboundRefused):
            await out.read(f"http://fails.example:{inside.port}/", most_bytes=MOST, seconds=5)
    assert inside.connections == 0


async def test_the_connection_is_made_to_the_address_that_was_checked() -> None:
    """K9: a name server that says "public" and then "loopback" is not asked a second time."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def resolver(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with canary() as inside, way_out(resolver=resolver, ports=ALL) as out:
        with pytest.raises(OutboundFailed):
            await out.read(f"http://turns.example:{inside.port}/", most_bytes=MOST, seconds=1)
    assert (inside.connections, answers) == (0, [["127.0.0.1"]])


async def test_no_redirect_leads_inside(tmp_path: Path) -> None:
    """K9: from a place that is allowed to one that is not."""
    async with canary() as inside:
        for to in (
            inside.origin,
            f"//127.0.0.1:{inside.port}/",
            "file:///etc/passwd",
            "http://169.254.169.254/",
        ):
            async with serving(moving(to)) as outside, way_out(outside.origin, ports=ALL) as out:
                with pytest.raises(OutboundRefused):
                    await out.read(outside.origin, most_bytes=MOST, seconds=5, redirects=5)
                with pytest.raises(OutboundRefused):
                    await out.download(
                        outside.origin, tmp_path / "x", most_bytes=MOST, seconds=5, redirects=5
                    )
                with pytest.raises(OutboundFailed, match="answered 302") as failed:
                    await out.read(outside.origin, most_bytes=MOST, seconds=5)
                assert failed.value.status == 302
                answer = await out.client([outside.origin]).get(outside.origin, follow_redirects=True)
                assert (answer.status_code, answer.history) == (302, [])
        assert inside.connections == 0


async def test_redirects_are_followed_as_far_as_asked_and_no_further() -> None:
    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        n = int(path.strip("/") or 0)
        await (saying(b"here", Content_Type="text/html; charset=utf-8") if n == 3 else moving(f"/{n + 1}"))(
            path, writer
        )

    async with serving(reply) as web, way_out(web.origin) as out:
        page = await out.read(web.origin, most_bytes=MOST, seconds=5, redirects=3)
        assert (page.body, page.url, page.content_type) == (
            b"here",
            f"{web.origin}/3",
            "text/html; charset=utf-8",
        )
        with pytest.raises(OutboundFailed):
            await out.read(web.origin, most_bytes=MOST, seconds=5, redirects=2)


async def test_a_plugin_reaches_the_origins_in_its_own_settings_and_no_others() -> None:
    """K9: exactly those: scheme, host and port."""
    async with canary() as other, serving(saying(b"emulated")) as own, way_out(ports=ALL) as out:
        client = out.client([f"{own.origin}/v1/base"])
        assert (await client.get(f"{own.origin}/v1/speak")).text == "emulated"
        for url in (other.origin, f"http://localhost:{own.port}", f"https://127.0.0.1:{own.port}"):
            with pytest.raises(OutboundRefused):
                await client.get(url)
        with pytest.raises(OutboundRefused):
            await out.client().get(own.origin)
        with pytest.raises(OutboundRefused):
            await client.get(f"http://user:secret@127.0.0.1:{own.port}/")
    assert (other.connections, own.connections) == (0, 1)


async def test_the_environment_sends_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would decide in our place whom we connect to."""
    async with canary() as proxy, serving(saying(b"direct")) as web, way_out(web.origin) as out:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        assert (await out.read(web.origin, most_bytes=MOST, seconds=5)).body == b"direct"
        assert (await out.client([web.origin]).get(web.origin)).text == "direct"
    assert proxy.connections == 0


def test_an_origin_that_is_none_is_a_fault_of_the_settings() -> None:
    with pytest.raises(OriginFault, match="outbound_allow"):
        Outbound(Settings(outbound_allow=["ftp://store"]))
    assert origin_of("HTTP://Store:80/x") == origin_of("http://store")
    assert str(origin_of("https://[::1]/")) == "https://[::1]:443"


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
    ],
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["", "x", "127.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.0.8", "198.18.0.1", "240.0.0.1", "::", "::1",
     "::ffff:8.8.8.8", "::8.8.8.8", "2002:808:808::", "2001::1", "2001:db8::1", "3fff::1", "fec0::1", "ff02::1",
     "64:ff9b:1::1", "64:ff9b::a00:1", "5f00::1", "fe80::1%eth0", "2606:4700:4700::1111%1"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


async def test_tls_is_checked_against_the_name(tmp_path: Path) -> None:
    """The name is what a certificate is for, although the connection is made to an address."""
    server, trust = contexts(tmp_path, "store.example", "127.0.0.1")
    other, _ = contexts(tmp_path, "127.0.0.1")
    async with serving(saying(b"safe"), context=server) as web:
        async with way_out(web.origin, context=trust) as out:
            assert (await out.read(web.origin, most_bytes=MOST, seconds=5)).body == b"safe"
        async with way_out(web.origin) as out:
            with pytest.raises(OutboundFailed):
                await out.read(web.origin, most_bytes=MOST, seconds=5)
    async with serving(saying(b"unsafe"), context=other) as web, way_out(web.origin, context=trust) as out:
        with pytest.raises(OutboundFailed):
            await out.read(web.origin, most_bytes=MOST, seconds=5)


async def test_a_file_comes_by_https_only(tmp_path: Path) -> None:
    """K9: what a vendor made is not read by the way; nor after a redirect."""

    async def resolver(host: str, port: int) -> list[str]:
        return ["8.8.8.8"]

    async with way_out(resolver=resolver) as out:
        with pytest.raises(OutboundRefused, match="https"):
            await out.download("http://public.example/file", tmp_path / "x", most_bytes=MOST, seconds=5)
    async with (
        serving(moving("http://public.example/file")) as web,
        way_out(web.origin, resolver=resolver) as out,
    ):
        with pytest.raises(OutboundRefused, match="https"):
            await out.download(web.origin, tmp_path / "x", most_bytes=MOST, seconds=5, redirects=1)


# What comes back: K10.


async def test_a_download_is_whole(tmp_path: Path) -> None:
    body = bytes(range(256)) * 12_000
    async with serving(saying(body, Content_Type="Audio/WAV; rate=1")) as web, way_out(web.origin) as out:
        got = await out.download(
            f"{web.origin}/a",
            tmp_path / "file",
            most_bytes=len(body),
            seconds=10,
            content_types=("audio/", "video/"),
        )
    assert (tmp_path / "file").read_bytes() == body
    assert (got.content_type, got.size, got.sha256) == (
        "audio/wav",
        len(body),
        hashlib.sha256(body).hexdigest(),
    )
    assert "authorization" not in web.requests[0].lower() and "cookie" not in web.requests[0].lower()


async def endless(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Type="audio/wav"))
    while True:
        writer.write(b"\0" * 65_536)
        await writer.drain()


async def huge(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=10_000_000_000) + b"\0" * 1000)
    await asyncio.sleep(30)


async def dripping(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=1000))
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silent(_path: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def slow_head(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def cut(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=1000) + b"\0" * 500)


async def cut_chunk(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Transfer_Encoding="chunked") + b"3e8\r\n" + b"\0" * 500)


async def reset(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(head(Content_Length=1000) + b"\0" * 500)
    await writer.drain()
    writer.transport.abort()


async def noise(_path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01" + b"\xff" * 500)


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(100)) + packer.flush()


FAULTS = {
    "endless": (endless, "SIZE"),
    "10 GB": (huge, "SIZE"),
    "1 B at a time": (dripping, "SLOW"),
    "silent": (silent, "SLOW"),
    "slow head": (slow_head, "SLOW"),
    "cut": (cut, "NETWORK"),
    "cut chunk": (cut_chunk, "NETWORK"),
    "reset": (reset, "NETWORK"),
    "noise": (noise, "NETWORK"),
    "gzip bomb": (saying(bomb(), Content_Encoding="gzip"), "SIZE"),
    "not gzip": (saying(b"plain", Content_Encoding="gzip"), "NETWORK"),
    "half gzip": (saying(gzip.compress(b"\0" * 99_999)[:-30], Content_Encoding="gzip"), "NETWORK"),
    "unknown encoding": (saying(b"plain", Content_Encoding="br"), "NETWORK"),
    "twice encoded": (saying(gzip.compress(b"x"), Content_Encoding="gzip, gzip"), "NETWORK"),
    "one byte more": (saying(b"\0" * (MOST + 1)), "SIZE"),
    "404": (saying(b"expired", 404), "STATUS"),
    "500": (saying(b"down", 500), "STATUS"),
    "204 with a redirect": (saying(b"", 307, Location="/x"), "STATUS"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_bad_answer_leaves_nothing(name: str, tmp_path: Path) -> None:
    """K10: stopped at a limit, typed, and never a half file."""
    reply, trouble = FAULTS[name]
    async with serving(reply) as web, way_out(web.origin, floor=(1024, 0.5)) as out:
        with pytest.raises(OutboundFailed) as failed:
            await out.download(f"{web.origin}/?key=canary", tmp_path / "file", most_bytes=MOST, seconds=3)
        assert failed.value.trouble == trouble
        assert "canary" not in str(failed.value)
        with pytest.raises(OutboundFailed):
            await out.read(web.origin, most_bytes=MOST, seconds=3)
    assert list(tmp_path.iterdir()) == []


async def test_a_wrong_type_leaves_nothing(tmp_path: Path) -> None:
    """K10"""
    async with serving(saying(b"<p>busy</p>", Content_Type="text/html")) as web, way_out(web.origin) as out:
        with pytest.raises(OutboundFailed, match="text/html"):
            await out.download(
                web.origin, tmp_path / "x", most_bytes=MOST, seconds=3, content_types=("audio/",)
            )
    assert list(tmp_path.iterdir()) == []


async def test_the_deadline_is_for_the_whole(tmp_path: Path) -> None:
    """K10: an answer that is fast enough and never over."""

    async def steady(_path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        while True:
            writer.write(b"\0" * 100)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(steady) as web, way_out(web.origin) as out:
        with pytest.raises(OutboundFailed, match="did not arrive"):
            await out.download(web.origin, tmp_path / "x", most_bytes=MOST, seconds=0.5)
    assert list(tmp_path.iterdir()) == []


async def test_a_download_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    async with serving(dripping) as web, way_out(web.origin) as out:
        task = asyncio.create_task(out.download(web.origin, tmp_path / "x", most_bytes=MOST, seconds=30))
        while not web.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert list(tmp_path.iterdir()) == []


async def test_an_answer_to_a_plugin_is_cut_off_too() -> None:
    """K10: 64 MiB, counted after decompression; a bomb is never inflated as a whole."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = b"\0" * 1_000_000
    packed = b"".join(packer.compress(zeros) for _ in range(MOST_BYTES // 1_000_000 + 2)) + packer.flush()
    assert len(packed) < 100_000
    async with serving(saying(packed, Content_Encoding="gzip")) as web, way_out() as out:
        pieces = []
        with pytest.raises(httpx.ReadError, match="larger"):
            async with out.client([web.origin]).stream("GET", web.origin) as answer:
                async for piece in answer.aiter_raw():
                    pieces.append(len(piece))
    assert max(pieces) <= 262_144 and sum(pieces) <= MOST_BYTES


async def test_an_answer_that_nobody_reads_is_let_go(tmp_path: Path) -> None:
    """K10: a plugin that forgets to close one does not keep its connection for ever, nor one that never ends."""
    gone = asyncio.Event()

    async def patient(_path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        try:
            while True:
                writer.write(b"\0")
                await writer.drain()
                await asyncio.sleep(0.02)
        finally:
            gone.set()

    async with serving(patient) as web:
        wire = GuardedTransport(Origins.of([web.origin]), httpx.create_ssl_context(), seconds=0.3)
        async with GuardedClient(wire, "tests") as client:
            forgotten = await client.send(client.build_request("GET", web.origin), stream=True)
            async with asyncio.timeout(10):
                await gone.wait()
            gone.clear()
            with pytest.raises(httpx.ReadTimeout):
                await client.get(web.origin)
            async with asyncio.timeout(10):
                await gone.wait()
            await forgotten.aclose()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_what_is_compressed_is_read(coding: str) -> None:
    body = b'{"state": "done"}' * 50_000
    packed = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    async with serving(saying(packed, Content_Encoding=coding)) as web, way_out(web.origin) as out:
        assert (await out.client().get(web.origin)).content == body
        assert (await out.read(web.origin, most_bytes=MOST, seconds=5)).body == body


async def test_a_shared_client_keeps_no_cookie() -> None:
    """One account's session at a vendor must not become another's."""
    async with serving(saying(b"x", Set_Cookie="session=1; Path=/")) as web, way_out(web.origin) as out:
        client = out.client()
        await client.get(web.origin)
        await client.get(web.origin)
    assert not any("cookie" in request.lower() for request in web.requests)
