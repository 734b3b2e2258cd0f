"""Sockets that want too much, stop reading, vanish, or meet a server that stops: nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

HAPPENINGS = "subscription { happenings { n } }"
LONG = "subscription { happenings { n text(size: 2000) } }"


class Peer:
    """A WebSocket client that sends what it likes and reads when it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        # Small buffers, so that not reading is noticed after kilobytes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self.port = port

    async def open(self) -> Peer:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", self.port))
        key = base64.b64encode(os.urandom(16)).decode()
        await self.send(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        assert b" 101 " in await self.read_until(b"\r\n\r\n")
        return self

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def say(self, **message: Any) -> None:
        await self.send(frame(orjson.dumps(message)))

    async def read_until(self, end: bytes) -> bytes:
        data = b""
        async with asyncio.timeout(20):
            while end not in data:
                part = await asyncio.get_running_loop().sock_recv(self.socket, 4096)
                if not part:
                    break
                data += part
        return data

    async def over(self) -> bytes:
        """Read to the end of the connection; what came is returned."""
        data = b""
        async with asyncio.timeout(30):
            while True:
                try:
                    part = await asyncio.get_running_loop().sock_recv(self.socket, 65_536)
                except ConnectionError:
                    return data
                if not part:
                    return data
                data += part

    async def begin(self, query: str) -> Peer:
        await self.open()
        await self.say(type="connection_init", payload={"authorization": "Bearer alice"})
        await self.read_until(b"connection_ack")
        await self.say(id="1", type="subscribe", payload={"query": query})
        return self

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def frame(payload: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += b"\xfe" + struct.pack("!H", size)
    else:
        head += b"\xff" + struct.pack("!Q", size)
    return head + b"\0\0\0\0" + payload


@asynccontextmanager
async def peers(world: Any, count: int) -> AsyncIterator[list[Peer]]:
    made = [Peer(world.port) for _ in range(count)]
    try:
        yield made
    finally:
        for peer in made:
            peer.socket.close()


def close_code(data: bytes) -> int:
    """The code of the close frame at the end of what was read."""
    at = data.rfind(b"\x88")
    return int(struct.unpack("!H", data[at + 2 : at + 4])[0]) if at >= 0 else 0


async def test_operations_per_socket(opened: Any, until: Any) -> None:
    """W10"""
    async with opened(ws_max_operations=5) as world, world.socket() as talk:
        for n in range(5):
            await talk.subscribe(HAPPENINGS, f"{n}")
        refused = await talk.ask(HAPPENINGS, "6th")
        assert [one["type"] for one in refused] == ["error"]
        assert refused[0]["payload"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
        world.board.post()
        assert sorted([(await talk.hear())["id"] for _ in range(5)]) == ["0", "1", "2", "3", "4"]
        await talk.say(id="0", type="complete")
        await until(lambda: world.board.open == 4)
        assert (await talk.ask("{ hello }", "6th"))[-1]["type"] == "complete"


async def test_sockets_per_account(opened: Any, until: Any) -> None:
    """W10"""
    async with opened(max_sockets_per_account=3) as world:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(world.socket())
            async with world.raw() as connection:
                await connection.send('{"type":"connection_init","payload":{"authorization":"Bearer alice"}}')
                await connection.wait_closed()
                assert connection.close_code == 1013
            async with world.socket("bob") as talk:
                assert (await talk.ask("{ viewer }"))[0]["payload"]["data"] == {"viewer": "bob"}
        await until(lambda: len(world.edge.sockets) == 0)
        async with world.socket():
            pass


async def test_sockets_per_address(opened: Any, until: Any) -> None:
    """W10"""
    async with opened(max_sockets_per_address=3) as world:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(world.raw())
            with pytest.raises(InvalidStatus) as refused:
                await world.raw()
            assert refused.value.response.status_code == 429
        await until(lambda: len(world.edge.sockets) == 0)
        async with world.socket():
            pass


@pytest.mark.parametrize("stock", [False, True])
async def test_a_message_that_is_too_big(opened: Any, stock: bool) -> None:
    """W11: in one frame and in many."""
    async with opened(max_body_bytes=50_000, stock=stock) as world:
        async with world.socket() as talk:
            await talk.subscribe("{ hello }" + " " * 60_000)
            assert (await talk.closed())[0] == 1009
        if not stock:
            async with peers(world, 1) as (peer,):
                await peer.open()
                await peer.send(frame(b"x" * 30_000, fin=False))
                await peer.send(frame(b"x" * 30_000, 0, fin=False))
                assert close_code(await peer.over()) == 1009


async def test_endless_fragments(world: Any) -> None:
    """W11: empty ones, which no size limit counts."""
    async with peers(world, 1) as (peer,):
        await peer.open()
        await peer.send(frame(b"x", fin=False) + frame(b"", 0, fin=False) * 1_500)
        assert close_code(await peer.over()) == 1008


async def test_a_bomb_is_not_unpacked(world: Any) -> None:
    """W11: compression is not agreed to, so a compressed frame is a protocol error."""
    async with world.raw(compression="deflate") as connection:
        assert connection.protocol.extensions == []
    async with peers(world, 1) as (peer,):
        await peer.open()
        await peer.send(bytes([0xC1, 0x80 | 5]) + b"\0\0\0\0" + b"\xca\x48\xcd\xc9\xc9")
        assert close_code(await peer.over()) == 1002


@pytest.mark.parametrize("opcode", [1, 9])
async def test_a_flood_of_pings(world: Any, opcode: int) -> None:
    """W11: the protocol's own and WebSocket's."""
    async with peers(world, 1) as (peer,), world.socket() as talk:
        await peer.open()
        ping = frame(b'{"type":"ping"}' if opcode == 1 else b"x", opcode)
        reading = asyncio.create_task(peer.over())
        with pytest.raises(OSError):
            for _ in range(100):
                await peer.send(ping * 200)
                await asyncio.sleep(0)
            await reading
            raise ConnectionResetError
        heard = await reading
        # Cut off near the allowed burst, and nobody else was.
        assert heard.count(b"pong" if opcode == 1 else b"\x8a") < 6_000
        assert (await talk.ask("{ hello }"))[-1]["type"] == "complete"


async def test_a_flood_on_a_stock_server(opened: Any) -> None:
    """W11: the application counts messages by itself."""
    async with opened(stock=True) as world, world.socket() as talk:
        with pytest.raises(ConnectionClosed):
            while True:
                for _ in range(100):
                    await talk.say(type="pong")
                await talk.say(type="ping")
                await talk.hear()
        assert talk.connection.close_code == 1008


async def test_who_stops_reading_is_dropped(opened: Any, until: Any) -> None:
    """W12, W13: its generator closes, its buffer is bounded, everyone else gets everything."""
    async with (
        opened(stream_idle_seconds=1.0, max_sockets_per_account=100) as world,
        peers(world, 20) as stuck,
        world.socket("bob") as talk,
    ):
        for peer in stuck:
            await peer.begin(LONG)
        await talk.subscribe(HAPPENINGS)
        await until(lambda: world.board.open == 21)
        wires = [socket._wire for socket in world.edge.sockets._open if socket._viewer.account_id == "alice"]
        for n in range(1, 2_001):
            if n % 100 == 1:
                world.board.post(100)
            assert (await talk.hear())["payload"]["data"]["happenings"]["n"] == n
            if n % 100 == 0:
                held = [wire.transport.get_write_buffer_size() for wire in wires]
                # One turn's payloads beyond the high-water mark, not the 4 MB that were posted.
                assert max(held) < 32_768 + 33 * 2_200
        await until(lambda: world.board.open == 1 and len(world.edge.sockets) == 1)
        assert all(wire.transport.is_closing() for wire in wires)
        world.board.post()
        assert (await talk.hear())["payload"]["data"]["happenings"]["n"] == 2_001


async def test_who_stops_reading_on_a_stock_server(opened: Any, until: Any) -> None:
    """W12: the operations end all the same."""
    async with opened(stream_idle_seconds=0.5, stock=True) as world, peers(world, 1) as (peer,):
        await peer.begin(LONG)
        await until(lambda: world.board.open == 1)
        world.board.post(5_000)
        await until(lambda: world.board.open == 0)
        await until(lambda: len(world.edge.sockets) == 0)


async def test_slow_but_reading_is_kept(opened: Any) -> None:
    """W12"""
    async with opened(stream_idle_seconds=1.0) as world, peers(world, 1) as (peer,):
        await peer.begin(LONG)
        world.board.post(400)
        world.board.end()
        read = b""
        async with asyncio.timeout(60):
            while b'"complete"' not in read[-100:]:
                part = await asyncio.get_running_loop().sock_recv(peer.socket, 20_000)
                assert part, "dropped though it was reading"
                read += part
                await asyncio.sleep(0.02)
        assert read.count(b'"next"') == 400


async def test_subscribe_and_complete_over_and_over(world: Any, until: Any) -> None:
    """W14: nothing piles up."""
    async with world.socket() as talk:
        await talk.ask("{ hello }")
        gc.collect()
        before = len(asyncio.all_tasks())
        for n in range(2_000):
            await talk.subscribe(HAPPENINGS, f"{n}")
            await talk.say(id=f"{n}", type="complete")
            if n % 200 == 199:
                # Within the pace that is allowed.
                assert (await talk.ask("{ hello }"))[-1]["type"] == "complete"
                await asyncio.sleep(0.5)
        await until(lambda: world.board.open == 0)
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert world.board.contexts == 0
        socket = next(iter(world.edge.sockets._open))
        assert not socket._operations
        assert len(socket._tasks) == 1


async def test_resets_in_the_middle(world: Any, until: Any) -> None:
    """W14"""
    gc.collect()
    before = len(asyncio.all_tasks())
    for _ in range(5):
        async with peers(world, 10) as rude:
            for peer in rude:
                await peer.begin(HAPPENINGS)
            await until(lambda: world.board.open == 10)
            world.board.post(5)
            for peer in rude:
                peer.reset()
            world.board.post(5)
            await until(lambda: world.board.open == 0)
    await until(lambda: len(world.edge.sockets) == 0)
    await until(lambda: len(asyncio.all_tasks()) <= before)


@pytest.mark.parametrize("stock", [False, True])
async def test_a_server_that_stops(opened: Any, stock: bool) -> None:
    """W19: every client is told to go elsewhere, and none is waited for."""
    async with opened(stock=stock, max_sockets_per_account=100) as world:
        async with AsyncExitStack() as stack:
            talks = [await stack.enter_async_context(world.socket()) for _ in range(20)]
            for talk in talks:
                await talk.subscribe(HAPPENINGS)
            world.board.post()
            for talk in talks:
                await talk.hear()
            world.server.should_exit = True
            codes = {(await talk.closed())[0] for talk in talks}
            # A stock uvicorn closes with its own code before it asks anyone.
            assert codes == ({1012} if stock else {1001})
        assert world.board.open == 0


async def test_no_new_sockets_while_stopping(world: Any) -> None:
    """W19"""
    await world.edge.close()
    with pytest.raises(InvalidStatus) as refused:
        await world.raw()
    assert refused.value.response.status_code == 503


async def test_a_stuck_client_does_not_hold_up_the_stop(world: Any, until: Any) -> None:
    """W19, W12"""
    async with peers(world, 1) as (peer,):
        await peer.begin(LONG)
        await until(lambda: world.board.open == 1)
        world.board.post(5_000)
        await asyncio.sleep(0.2)
        async with asyncio.timeout(15):
            await world.edge.close()
        assert world.board.open == 0
