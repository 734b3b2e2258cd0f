"""Real servers on loopback, run by a thread of their own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp

from persona_graph_sandbox.transport import Lane

log = logging.getLogger(__name__)
START_SECONDS = 20.0
HOST = "127.0.0.1"


def bound(port: int = 0) -> socket.socket:
    """A listening socket on loopback; port 0 lets the system choose."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError as error:
        made.close()
        raise PortTaken(
            f"{HOST}:{port} cannot be listened on ({error.strerror}); choose another --port-base"
        ) from error
    made.listen(512)
    return made


class PortTaken(Exception):
    """A port that was asked for is in use."""


class Servers:
    """``lanes`` and their sockets, one server each, on one loop."""

    def __init__(self, lanes: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
        self._lanes = lanes
        self._servers = [uvicorn.Server(_config(lane)) for lane, _ in lanes]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._up = threading.Event()
        self._fault: BaseException | None = None

    def start(self) -> None:
        self._thread.start()
        if not self._up.wait(START_SECONDS) or self._fault is not None:
            raise RuntimeError("the sandbox does not start") from self._fault

    def stop(self) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join(START_SECONDS)

    def _end(self) -> None:
        for lane, _ in self._lanes:
            if isinstance(lane, Lane):
                lane.closing.set()
        for server in self._servers:
            server.should_exit = True

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._fault = error
            log.exception("the sandbox ended")
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        tasks = [
            asyncio.create_task(server.serve(sockets=[sock]))
            for server, (_, sock) in zip(self._servers, self._lanes, strict=True)
        ]
        while not all(server.started for server in self._servers) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.005)
        self._up.set()
        await asyncio.gather(*tasks)


def _config(lane: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        lane, http="h11", ws="none", lifespan="off", proxy_headers=False, server_header=False,
        access_log=False, log_config=None, timeout_graceful_shutdown=1, timeout_keep_alive=30,
    )  # fmt: skip
