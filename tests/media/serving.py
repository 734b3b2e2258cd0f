"""Media behind a real server on a loopback port, and what the tests of both directions share."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from persona_graph.http_media import media_routes
from persona_graph.media.assets import Asset, AssetPurpose, AssetState

from .conftest import Room, open_room, settings_for


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


async def raw_put(site: Site, asset: Asset, headers: str, sent: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    path = site.put_url(asset).partition(str(site.port))[2]
    writer.write(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode() + sent)
    await writer.drain()
    return writer
