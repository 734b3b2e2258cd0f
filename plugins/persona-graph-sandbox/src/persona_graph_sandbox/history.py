"""What was asked of the vendors, as it came in."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_ENTRIES = 2000
MOST_BODY = 4_000_000
# Of all bodies together; the oldest ones are let go first, their requests stay.
MOST_BODIES = 256_000_000


@dataclass(slots=True)
class Asked:
    """One request. ``headers`` have lower-case names and hold the secrets as they were sent; ``body`` is cut
    after 4 MB, ``size`` is its true length; ``status`` is what was answered (None: nothing was);
    ``fault`` names what went wrong on purpose."""

    vendor: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    size: int
    when: datetime
    status: int | None = None
    fault: str | None = None

    def json(self) -> Any:
        return json.loads(self.body)


class History:
    def __init__(self) -> None:
        self._entries: deque[Asked] = deque(maxlen=MOST_ENTRIES)
        self._lock = threading.Lock()

    def add(self, asked: Asked) -> None:
        with self._lock:
            self._entries.append(asked)
            kept = sum(len(entry.body) for entry in self._entries) if len(asked.body) > 100_000 else 0
            for entry in self._entries:
                if kept <= MOST_BODIES:
                    break
                kept -= len(entry.body)
                entry.body = b""

    def all(self, vendor: str | None = None, path: str = "", method: str = "") -> list[Asked]:
        """Oldest first; ``path`` need only be part of the path."""
        with self._lock:
            entries = list(self._entries)
        return [
            entry for entry in entries
            if vendor in (None, entry.vendor) and path in entry.path and method.upper() in ("", entry.method)
        ]  # fmt: skip

    def count(self, vendor: str | None = None, path: str = "", method: str = "") -> int:
        return len(self.all(vendor, path, method))

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
