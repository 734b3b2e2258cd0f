"""A small receiver of webhooks: it believes what is signed, answers at once, and passes each message on once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from persona_graph_client import Message, WebhookUnverified, verify_webhook

MOST_BYTES = 1_000_000


class Receiver:
    """``secret`` is known once the webhook is made; until then nothing is believed."""

    def __init__(self, port: int) -> None:
        self.secret = ""
        self.refused = 0
        self._seen: set[str] = set()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._answering())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/persona"

    async def __aenter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()

    async def next(self) -> Message:
        return await self._told.get()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status to answer with. The work is done afterwards, by whoever waits for ``next``."""
        try:
            message = verify_webhook(self.secret, headers, body)
        except WebhookUnverified:
            self.refused += 1
            return 401
        if message.id not in self._seen:
            self._seen.add(message.id)
            self._loop.call_soon_threadsafe(self._told.put_nowait, message)
        return 204

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        take = self.take

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                status = take(dict(self.headers), self.rfile.read(size)) if size <= MOST_BYTES else 413
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: the program says what matters."""

        return Answering
