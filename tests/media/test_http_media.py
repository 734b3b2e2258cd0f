"""PUT /uploads and GET /media on a real server, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import string
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from persona_graph.http_media import media_routes
from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.keys import new_master_key
from persona_graph.media.vault import CHUNK

from .conftest import SAMPLE, SAMPLES, Bucket, Room, open_room, settings_for, tone

SPEECH = SAMPLE.read_bytes()
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
TEXT = bytes(range(256)) * (10 * 1024) + b"the end"


@dataclass
class Site:
    room: Room
    client: httpx.AsyncClient
    port: int

    async def announce(
        self, size: int, *, purpose: AssetPurpose = AssetPurpose.SAMPLE, name: str = "v.flac"
    ) -> Asset:
        async with self.room.db.writing() as session:
            return await self.room.media.announce(session, "acc", purpose, name, "audio/flac", size)

    def put_url(self, asset: Asset) -> str:
        return self.room.media.upload_link(asset).url

    def get_url(self, asset: Asset, *, download: bool = False) -> str:
        return self.room.media.media_link(asset, download=download).url

    async def keep(self, content: bytes, content_type: str, purpose: AssetPurpose, name: str = "") -> Asset:
        asset = await self.room.media.keep("acc", purpose, content, content_type, name=name)
        async with self.room.db.writing() as session:
            session.add(asset)
        return asset

    async def state(self, asset: Asset) -> AssetState:
        return (await self.room.row(asset.id)).state

    async def reaches(self, asset: Asset, state: AssetState) -> None:
        async with asyncio.timeout(20):
            while await self.state(asset) is not state:
                await asyncio.sleep(0.01)


async def health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


@contextlib.asynccontextmanager
async def open_site(folder: Path, **changes: Any) -> AsyncIterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listener.getsockname()[1]
    settings = settings_for(folder, public_url=f"http://127.0.0.1:{port}", **changes)
    async with open_room(settings) as room:
        app = Starlette(routes=[Route("/health", health), *media_routes(room.media, settings)])
        app.router.redirect_slashes = False
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=5)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with httpx.AsyncClient(timeout=60) as client:
            yield Site(room, client, port)
        server.should_exit = True
        await serving


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


def error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Every refusal has this shape, and is never stored by anything in between."""
    assert response.status_code == status, response.text
    assert response.headers["cache-control"] == "no-store"
    (found,) = response.json()["errors"]
    assert set(found) == {"code", "message", "fix", "assetId"} and found["code"] == code and found["message"]
    return found


async def parts(content: bytes, part: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), part):
        yield content[at : at + part]


# Uploading


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_upload_is_stored_and_probed(site: Site, chunked: bool) -> None:
    asset = await site.announce(len(SPEECH))
    response = await site.client.put(site.put_url(asset), content=parts(SPEECH) if chunked else SPEECH)
    assert response.status_code == 201
    assert response.json() == {
        "id": asset.id, "state": "READY", "contentType": "audio/flac", "size": len(SPEECH),
        "seconds": 15.0, "width": None, "height": None,
    }  # fmt: skip
    assert await site.room.media.read(await site.room.row(asset.id)) == SPEECH


async def test_u21_one_byte_over_by_content_length(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    response = await site.client.put(site.put_url(asset), content=SPEECH + b"x")
    assert error(response, 413, "MEDIA_TOO_LARGE")["assetId"] == asset.id
    assert await site.state(asset) is AssetState.ANNOUNCED and site.room.objects() == []


async def test_u21_one_byte_over_when_chunked(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    response = await site.client.put(site.put_url(asset), content=parts(SPEECH + b"x"))
    error(response, 413, "MEDIA_TOO_LARGE")
    assert await site.state(asset) is AssetState.ANNOUNCED and site.room.objects() == []
    assert (await site.client.put(site.put_url(asset), content=SPEECH)).status_code == 201


async def test_u8_u21_an_endless_body_stops_at_the_limit(site: Site) -> None:
    asset = await site.announce(100_000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield bytes(65536)

    # The answer may come while the client still writes, so the connection may break instead.
    with contextlib.suppress(httpx.TransportError):
        error(await site.client.put(site.put_url(asset), content=endless()), 413, "MEDIA_TOO_LARGE")
    assert sent < 50_000_000
    await site.reaches(asset, AssetState.ANNOUNCED)
    assert site.room.objects() == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_u21_too_few_bytes(site: Site, chunked: bool) -> None:
    asset = await site.announce(len(SPEECH))
    short = SPEECH[:-1]
    response = await site.client.put(site.put_url(asset), content=parts(short) if chunked else short)
    error(response, 400, "MEDIA_SIZE_MISMATCH")
    assert await site.state(asset) is AssetState.ANNOUNCED and site.room.objects() == []


async def raw_put(site: Site, asset: Asset, headers: str, sent: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    path = site.put_url(asset).partition(str(site.port))[2]
    writer.write(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode() + sent)
    await writer.drain()
    return writer


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (f"Content-Length: {len(SPEECH)}", SPEECH[:70_000]),
        ("Transfer-Encoding: chunked", b"1000\r\n" + bytes(0x900)),
    ],
    ids=["length", "chunked"],
)
async def test_u21_a_client_that_goes_away_leaves_nothing(site: Site, headers: str, sent: bytes) -> None:
    asset = await site.announce(len(SPEECH))
    writer = await raw_put(site, asset, headers, sent)
    await site.reaches(asset, AssetState.RECEIVING)
    writer.transport.abort()
    await site.reaches(asset, AssetState.ANNOUNCED)
    assert site.room.objects() == []
    assert (await site.client.put(site.put_url(asset), content=SPEECH)).status_code == 201


async def test_a_large_upload_that_breaks_off_leaves_nothing(site: Site) -> None:
    size = 9 * CHUNK
    asset = await site.announce(size)
    writer = await raw_put(site, asset, f"Content-Length: {size}", bytes(8 * CHUNK))
    async with asyncio.timeout(20):
        while not site.room.objects():
            await asyncio.sleep(0.01)
    writer.transport.abort()
    await site.reaches(asset, AssetState.ANNOUNCED)
    assert site.room.objects() == []


async def test_a_link_works_once(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    assert (await site.client.put(site.put_url(asset), content=SPEECH)).status_code == 201
    error(await site.client.put(site.put_url(asset), content=SPEECH), 409, "UPLOAD_DONE")
    assert len(site.room.objects()) == 1


async def test_of_two_parallel_puts_one_wins(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    writer = await raw_put(site, asset, f"Content-Length: {len(SPEECH)}", SPEECH[:50_000])
    await site.reaches(asset, AssetState.RECEIVING)
    error(await site.client.put(site.put_url(asset), content=SPEECH), 409, "UPLOAD_DONE")
    writer.write(SPEECH[50_000:])
    await writer.drain()
    await site.reaches(asset, AssetState.READY)
    writer.close()
    assert await site.room.media.read(await site.room.row(asset.id)) == SPEECH
    assert len(site.room.objects()) == 1


async def test_ten_parallel_puts_leave_one_object(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    puts = (site.client.put(site.put_url(asset), content=parts(SPEECH)) for _ in range(10))
    statuses = sorted(response.status_code for response in await asyncio.gather(*puts))
    assert statuses == [201] + [409] * 9
    assert len(site.room.objects()) == 1


async def test_an_expired_upload(tmp_path: Path) -> None:
    async with open_site(tmp_path, upload_ttl=-1) as site:
        asset = await site.announce(len(SPEECH))
        error(await site.client.put(site.put_url(asset), content=SPEECH), 410, "UPLOAD_EXPIRED")


async def test_t3_upload_links_cannot_be_changed_or_used_for_reading(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    url = site.put_url(asset)
    base, _, token = url.rpartition("/")
    for at, character in enumerate(token):
        changed = token[:at] + chr(ord(character) ^ 1) + token[at + 1 :]
        response = await site.client.put(f"{base}/{quote(changed, safe='')}", content=b"x")
        assert response.status_code in (403, 404), (at, response.status_code)
    error(await site.client.put(url.rpartition("/")[0] + "/x", content=SPEECH), 404, "NOT_FOUND")
    error(await site.client.get(url.replace("/uploads/", "/media/")), 403, "FORBIDDEN")
    assert (await site.client.get(url)).status_code == 405
    assert await site.state(asset) is AssetState.ANNOUNCED


async def test_h4_a_compressed_body_is_refused(site: Site) -> None:
    asset = await site.announce(len(SPEECH))
    response = await site.client.put(
        site.put_url(asset), content=SPEECH, headers={"Content-Encoding": "gzip"}
    )
    error(response, 422, "MEDIA_UNSUPPORTED")


async def test_u22_slow_uploads_are_cut_and_others_served(tmp_path: Path) -> None:
    async with open_site(tmp_path, upload_floor=5000, upload_window=3.0, max_uploads_open=100) as site:
        slow = [await site.announce(200_000) for _ in range(60)]
        dripping = [asyncio.create_task(drip(site, asset)) for asset in slow]
        await site.reaches(slow[-1], AssetState.RECEIVING)
        asset = await site.announce(len(SPEECH))
        assert (await site.client.put(site.put_url(asset), content=SPEECH)).status_code == 201
        assert (await site.client.get(f"http://127.0.0.1:{site.port}/health")).text == "ok"
        answers = await asyncio.gather(*dripping)
        assert all(b" 408 " in answer and b"UPLOAD_TOO_SLOW" in answer for answer in answers)
        assert {await site.state(asset) for asset in slow} == {AssetState.ANNOUNCED}
        assert len(site.room.objects()) == 1


async def drip(site: Site, asset: Asset) -> bytes:
    """One byte every now and then, until the server says something."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    path = site.put_url(asset).partition(str(site.port))[2]
    writer.write(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n".encode())
    answering = asyncio.create_task(heard(reader))
    while not answering.done():
        with contextlib.suppress(ConnectionError):
            writer.write(b"x")
        await asyncio.wait({answering}, timeout=0.1)
    writer.close()
    return answering.result()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """All of an answer, also of a server that resets the connection of a client that goes on writing."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            said += part
    return said


async def test_a_steady_upload_slower_than_one_window_is_accepted(tmp_path: Path) -> None:
    async with open_site(tmp_path, upload_floor=1000, upload_window=0.3) as site:
        asset = await site.announce(len(SPEECH))

        async def steady() -> AsyncIterator[bytes]:
            async for part in parts(SPEECH, 30_000):
                yield part
                await asyncio.sleep(0.1)

        assert (await site.client.put(site.put_url(asset), content=steady())).status_code == 201


# What is in it


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"\x7fELF" + bytes(400),
        b"<?php system($_GET[0]);",
        bytes(1),
        b"#EXTM3U\n/etc/passwd\n",
    ],
    ids=["html", "elf", "php", "one byte", "playlist"],
)
@pytest.mark.parametrize("purpose", [AssetPurpose.SAMPLE, AssetPurpose.PHOTO, AssetPurpose.CONSENT_RECORDING])
async def test_u3_u7_u13_a_refusal_is_typed_kept_and_its_bytes_deleted(
    site: Site, content: bytes, purpose: AssetPurpose
) -> None:
    asset = await site.announce(len(content), purpose=purpose, name="voice.mp3")
    response = await site.client.put(
        site.put_url(asset), content=content, headers={"Content-Type": "audio/mpeg"}
    )
    said = response.json()["errors"][0]
    error(response, 422, said["code"])
    assert said["code"] in ("MEDIA_UNSUPPORTED", "MEDIA_DAMAGED") and said["assetId"] == asset.id
    row = await site.room.row(asset.id)
    assert row.state is AssetState.REFUSED
    assert (row.refusal_code, row.refusal_message, row.refusal_fix) == (
        said["code"],
        said["message"],
        said["fix"],
    )
    assert site.room.objects() == []
    error(await site.client.put(site.put_url(asset), content=content), 409, "UPLOAD_DONE")


async def test_u1_u2_twenty_bombs_in_parallel(site: Site, tmp_path: Path) -> None:
    """Two hours of silence each, well under a megabyte; meanwhile the API answers and a real sample passes."""
    bomb = tmp_path / "bomb.flac"
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "7200", "-c:a", "flac"]
    subprocess.run([ffmpeg_binary(), "-loglevel", "error", *silence, str(bomb)], check=True)
    content = bomb.read_bytes()
    bombs = [await site.announce(len(content)) for _ in range(20)]
    real = await site.announce(len(SPEECH))
    puts = [asyncio.create_task(site.client.put(site.put_url(asset), content=content)) for asset in bombs]
    healthy = 0
    while not all(put.done() for put in puts):
        assert (await site.client.get(f"http://127.0.0.1:{site.port}/health")).text == "ok"
        healthy += 1
    assert healthy > 5
    for put in puts:
        error(put.result(), 422, "MEDIA_TOO_LONG")
    assert (await site.client.put(site.put_url(real), content=SPEECH)).status_code == 201
    assert len(site.room.objects()) == 1


# Looking


async def test_media_plays_in_place(site: Site) -> None:
    asset = await site.keep(tone(), "audio/wav", AssetPurpose.SPEECH, name='Grüße "1".wav')
    response = await site.client.get(site.get_url(asset))
    assert response.status_code == 200 and response.content == tone()
    headers = response.headers
    assert headers["content-type"] == "audio/wav"
    assert headers["content-disposition"] == (
        "inline; filename=\"Gr__e _1_.wav\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.wav"
    )
    assert headers["cache-control"].startswith("private")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["accept-ranges"] == "bytes"
    saved = await site.client.get(site.get_url(asset, download=True))
    assert saved.headers["content-disposition"].startswith("attachment")


async def test_u12_an_original_is_only_ever_a_download(site: Site) -> None:
    asset = await site.announce(len(SPEECH), name="\u202ex\r\nSet-Cookie: a=b.html")
    await site.client.put(site.put_url(asset), content=SPEECH)
    response = await site.client.get(site.get_url(await site.room.row(asset.id)))
    assert response.content == SPEECH
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith('attachment; filename="xSet-Cookie_ a_b.html"')
    assert "set-cookie" not in response.headers


@pytest.fixture
async def text(site: Site) -> Asset:
    return await site.keep(TEXT, "application/json", AssetPurpose.EVENTS)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-1048580", 5, 1048581),
        ("bytes=1048576-", 1048576, len(TEXT)),
        ("bytes=-7", len(TEXT) - 7, len(TEXT)),
        (f"bytes=-{len(TEXT) + 5}", 0, len(TEXT)),
        (f"bytes=9-{10**17}", 9, len(TEXT)),
    ],
)
async def test_a_range(site: Site, text: Asset, asked: str, start: int, end: int) -> None:
    response = await site.client.get(site.get_url(text), headers={"Range": asked})
    assert response.status_code == 206 and response.content == TEXT[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(TEXT)}"
    assert int(response.headers["content-length"]) == end - start


@pytest.mark.parametrize("asked", [f"bytes={len(TEXT)}-", f"bytes={10**17}-{10**17}", "bytes=-0"])
async def test_an_unsatisfiable_range(site: Site, text: Asset, asked: str) -> None:
    response = await site.client.get(site.get_url(text), headers={"Range": asked})
    assert response.status_code == 416 and response.headers["content-range"] == f"bytes */{len(TEXT)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=",
        "bytes=a-b",
        "bytes=5-2",
        "items=0-5",
        "bytes=0-1,5-9",
        "bytes=" + "0-," * 9000,
        "bytes=" + "9" * 5000 + "-",
    ],
)
async def test_h3_ranges_we_do_not_serve_give_the_whole(site: Site, text: Asset, asked: str) -> None:
    response = await site.client.get(site.get_url(text), headers={"Range": asked})
    assert response.status_code == 200 and response.content == TEXT


async def test_head_and_conditional_requests(site: Site, text: Asset) -> None:
    url = site.get_url(text)
    head = await site.client.head(url, headers={"Range": "bytes=0-1"})
    assert (
        head.status_code == 200 and head.content == b"" and int(head.headers["content-length"]) == len(TEXT)
    )
    tag = head.headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        response = await site.client.get(url, headers={"If-None-Match": known})
        assert response.status_code == 304 and response.content == b"" and response.headers["etag"] == tag
    assert (await site.client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
    same = await site.client.get(url, headers={"If-Range": tag, "Range": "bytes=0-1"})
    other = await site.client.get(url, headers={"If-Range": '"other"', "Range": "bytes=0-1"})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_t3_every_changed_character_of_a_media_link(site: Site, text: Asset) -> None:
    base, _, token = site.get_url(text).rpartition("/")
    for at, character in enumerate(token):
        changed = token[:at] + chr(ord(character) ^ 1) + token[at + 1 :]
        response = await site.client.get(f"{base}/{quote(changed, safe='')}")
        assert response.status_code in (403, 404), (at, response.status_code)
    # The last character's spare bits: another spelling of the same signature.
    for spelling in range(1, 4):
        last = ALPHABET[ALPHABET.index(token[-1]) ^ spelling]
        error(await site.client.get(f"{base}/{token[:-1]}{last}"), 403, "FORBIDDEN")


async def test_t3_expired_swapped_erased_and_wrong_method(site: Site, text: Asset, tmp_path: Path) -> None:
    url = site.get_url(text)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await site.client.request(method, url)).status_code == 405
    other = await site.keep(b"[1]", "application/json", AssetPurpose.EVENTS)
    payload, signature = site.get_url(other).rpartition("/")[2].rsplit(".", 1)[0], url.rsplit(".", 1)[1]
    error(await site.client.get(f"{url.rpartition('/')[0]}/{payload}.{signature}"), 403, "FORBIDDEN")
    async with site.room.db.writing() as session:
        site.room.media.erase(session, await session.get_one(Asset, text.id))
    error(await site.client.get(url), 410, "MEDIA_ERASED")


async def test_t3_an_expired_media_link(tmp_path: Path) -> None:
    async with open_site(tmp_path, link_ttl=-5) as site:
        asset = await site.keep(b"[]", "application/json", AssetPurpose.EVENTS)
        said = error(await site.client.get(site.get_url(asset)), 403, "FORBIDDEN")
        assert "expired" in said["message"]


async def test_t5_links_of_the_last_signing_key_still_open(tmp_path: Path) -> None:
    old, new, master = "o" * 40, "n" * 40, new_master_key()
    async with open_site(tmp_path, signing_key=old, master_keys=master) as site:
        asset = await site.keep(b"[]", "application/json", AssetPurpose.EVENTS)
        token = site.get_url(asset).rpartition("/")[2]
    for keys, status in ((f"{new},{old}", 200), (new, 403)):
        async with open_site(tmp_path, signing_key=keys, master_keys=master) as site:
            assert (
                await site.client.get(f"http://127.0.0.1:{site.port}/media/{token}")
            ).status_code == status


@pytest.mark.parametrize(
    "path", ["..%2f..%2fetc%2fpasswd", "%2e%2e%2f", "%2Fetc%2Fpasswd", "x", "a.b", "%00", "A" * 5000]
)
async def test_h7_paths_are_not_tokens(site: Site, path: str) -> None:
    response = await site.client.get(f"http://127.0.0.1:{site.port}/media/{path}")
    assert response.status_code == 404


async def test_t8_changed_bytes_are_never_served(site: Site, text: Asset) -> None:
    stored = site.room.folder / str(text.object_key)
    whole = stored.read_bytes()
    stored.write_bytes(b"?" + whole[1:])
    error(await site.client.get(site.get_url(text)), 422, "STORAGE_CORRUPT")
    # Damage further on is found after the status line: the answer breaks off, short of its length.
    stored.write_bytes(whole[:-1] + b"?")
    with pytest.raises(httpx.RemoteProtocolError):
        await site.client.get(site.get_url(text))


async def test_a_reader_that_goes_away_does_no_harm(site: Site, text: Asset) -> None:
    async with site.client.stream("GET", site.get_url(text)) as response:
        await anext(response.aiter_bytes(1000))
    assert (await site.client.get(site.get_url(text))).content == TEXT


async def test_w12_a_reader_that_stops_reading_is_dropped(tmp_path: Path) -> None:
    async with open_site(tmp_path, stream_idle_seconds=0.5) as site:
        asset = await site.keep(bytes(40_000_000), "application/json", AssetPurpose.EVENTS)
        client = socket.create_connection(("127.0.0.1", site.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(
            f"GET {site.get_url(asset).partition(str(site.port))[2]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        await asyncio.sleep(3)
        assert 0 < await asyncio.to_thread(read_all, client) < 40_000_000
        assert (await site.client.get(site.get_url(asset))).content == bytes(40_000_000)


def read_all(client: socket.socket) -> int:
    count = 0
    with client, contextlib.suppress(ConnectionError):
        while part := client.recv(1 << 20):
            count += len(part)
    return count


async def test_the_whole_way_over_http_on_s3(tmp_path: Path, bucket: Bucket) -> None:
    async with open_site(tmp_path, **bucket.settings) as site:
        asset = await site.announce(len(SPEECH))
        assert (await site.client.put(site.put_url(asset), content=parts(SPEECH))).status_code == 201
        url = site.get_url(await site.room.row(asset.id))
        assert (await site.client.get(url)).content == SPEECH
        assert (await site.client.get(url, headers={"Range": "bytes=-9"})).content == SPEECH[-9:]
        large = await site.announce(12 * CHUNK)
        writer = await raw_put(site, large, f"Content-Length: {12 * CHUNK}", bytes(11 * CHUNK))
        async with asyncio.timeout(20):
            while not bucket.unfinished():
                await asyncio.sleep(0.01)
        writer.transport.abort()
        await site.reaches(large, AssetState.ANNOUNCED)
        assert bucket.unfinished() == []
        assert len([name for name in bucket.names() if "/objects/" in name]) == 1


# Photos


def exif_jpeg(folder: Path) -> bytes:
    """A portrait lying on its side, its EXIF saying so, a position and a serial number; then a web page (U12)."""
    source, plain = SAMPLES / "photos" / "astronaut.png", folder / "plain.jpg"
    turned = ["-i", str(source), "-vf", "crop=512:480:0:0,transpose=2", "-q:v", "2", str(plain)]
    subprocess.run([ffmpeg_binary(), "-loglevel", "error", *turned], check=True)
    jpeg = plain.read_bytes()
    tiff = b"II*\x00\x08\x00\x00\x00"
    entries = [
        (0x0112, 3, 1, (6).to_bytes(4, "little")),
        (0x8825, 4, 1, (26 + 12).to_bytes(4, "little")),
    ]
    ifd = len(entries).to_bytes(2, "little")
    for tag, kind, count, value in entries:
        ifd += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + value
    exif = b"Exif\x00\x00" + tiff + ifd + bytes(4) + b"\x00\x00SERIAL-4711 GPS 52.5200N"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    return jpeg[:2] + segment + jpeg[2:] + b"<html><script>alert(1)</script></html>PK\x03\x04"


async def test_u12_u16_what_is_kept_of_a_photo_is_our_own_encoding(site: Site, tmp_path: Path) -> None:
    photo = exif_jpeg(tmp_path)
    asset = await site.announce(len(photo), purpose=AssetPurpose.PHOTO, name="me.jpg")
    response = await site.client.put(site.put_url(asset), content=photo)
    assert response.status_code == 201, response.text
    said = response.json()
    assert (said["contentType"], said["width"], said["height"]) == ("image/png", 512, 480)
    served = await site.client.get(site.get_url(await site.room.row(asset.id)))
    assert served.content.startswith(b"\x89PNG") and served.headers["content-disposition"].startswith(
        "inline"
    )
    for secret in (b"SERIAL", b"GPS", b"Exif", b"<html", b"PK\x03\x04"):
        assert secret not in served.content
    assert len(site.room.objects()) == 1


async def test_a_photo_without_a_face(site: Site) -> None:
    photo = (SAMPLES / "photos" / "coffee.png").read_bytes()
    asset = await site.announce(len(photo), purpose=AssetPurpose.PHOTO)
    error(await site.client.put(site.put_url(asset), content=photo), 422, "PHOTO_NO_FACE")
    assert site.room.objects() == []
