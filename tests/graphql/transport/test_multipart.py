"""GraphQL does not take multipart: files go to upload links, so none of its parts is ever parsed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from .test_http import NEW, code

ENDS = b"\r\n--x--\r\n"


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def upload(files: dict[str, list[str]]) -> bytes:
    """As the GraphQL multipart request specification has it."""
    operations = json.dumps({"query": "mutation { bump }", "variables": {"file": None}}).encode()
    parts = [part("operations", operations), part("map", json.dumps(files).encode())]
    return b"".join([*parts, *(part(name, b"x", '; filename="a"') for name in files)]) + ENDS


BODIES = {
    "a proper one": upload({"0": ["variables.file"]}),
    "1,001 parts": b"".join(part(f"p{n}", b"x") for n in range(1001)) + ENDS,
    "a part's header of 1 MB": part("operations", b"{}", "; x=" + "y" * 1_000_000) + ENDS,
    "1 MB before the first part": b"z" * 1_000_000 + upload({"0": ["variables.file"]}),
    "another boundary": upload({"0": ["variables.file"]}).replace(b"--x", b"--y"),
    "no end": upload({"0": ["variables.file"]}).removesuffix(ENDS),
    "nothing": b"",
    "a map to what is not there": upload({"0": ["variables.no.such.thing", "__class__", "extensions"]}),
    "a map of 1,000": upload({str(n): ["variables.file"] for n in range(1000)}),
    "a map that is none": part("operations", b"{}") + part("map", b"[[[") + ENDS,
}
KINDS = [
    "multipart/form-data; boundary=x", "multipart/form-data", 'multipart/form-data; boundary="', "multipart/mixed; boundary=x",
    "Multipart/Form-Data; Boundary=x", "multipart/form-data; boundary=" + "b" * 5000, "multipart/form-data; boundary=x, application/json",
]  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_u20_multipart_is_refused(world: Any, name: str) -> None:
    async with world.http(accept=NEW) as client:
        for kind in KINDS:
            response = await client.post(world.url, content=BODIES[name], headers={"content-type": kind})
            assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE"), kind
        # Not smuggled in as JSON either.
        response = await client.post(
            world.url, content=BODIES[name], headers={"content-type": "application/json"}
        )
        assert 400 <= response.status_code < 500
    assert world.board.mutations == 0


async def test_u20_a_long_preamble_is_not_read(world: Any) -> None:
    """100 MB before the first boundary, announced: the answer comes before they do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{world.port}\r\nAuthorization: Bearer alice\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000000\r\n\r\nzzzz".encode()
    )
    assert b" 415 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert (await world.post("{ hello }")).status_code == 200
