"""What the head of a request may be, before anything of it is believed."""

from __future__ import annotations

import re

MOST_BYTES = 65_536
MOST_HEADERS = 200
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class BadHead(Exception):
    """The request is not looked at any further."""


class Head:
    """One request's, as it comes in. ``is_open`` until its last header; ``is_too_large`` once it was refused for that."""

    def __init__(self) -> None:
        self.is_open = True
        self.is_too_large = False
        self._received = self._told = self._headers = 0
        self._hosts: list[bytes] = []

    def receive(self, size: int) -> None:
        """Bytes that are not a whole header yet count too, or one that never ends would be kept for ever."""
        self._received += size
        self._bound(self._received)

    def take(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._told += len(name) + len(value) + 4
        self._bound(self._told)
        if name.lower() == b"host":
            self._hosts.append(value)

    def close(self, version: str) -> None:
        """Raises BadHead unless it says once, and plainly, which host it is for; HTTP/1.0 may leave that out."""
        self.is_open = False
        if not self._hosts and version == "1.0":
            return
        if len(self._hosts) != 1 or _HOST.fullmatch(self._hosts[0]) is None:
            raise BadHead("host")

    def _bound(self, size: int) -> None:
        if size > MOST_BYTES or self._headers > MOST_HEADERS:
            self.is_too_large = True
            raise BadHead("too large")
