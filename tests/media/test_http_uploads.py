"""PUT /uploads on a real server, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import string
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.vault import CHUNK

from .conftest import SAMPLE, SAMPLES
from .serving import Site, error, open_site, parts, raw_put

SPEECH = SAMPLE.read_bytes()
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
TEXT = bytes(range(256)) * (10 * 1024) + b"the end"


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
