"""GET /media on a real server, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import string
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.media.keys import new_master_key
from persona_graph.media.vault import CHUNK

from .conftest import SAMPLE, Bucket, tone
from .serving import Site, error, open_site, parts, raw_put

SPEECH = SAMPLE.read_bytes()
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
TEXT = bytes(range(256)) * (10 * 1024) + b"the end"


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
