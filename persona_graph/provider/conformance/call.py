"""A call as the core lends it, for tests: real files in a real folder, a client on a scripted vendor."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from persona_graph.provider.conformance.vendor import ScriptedVendor
from persona_graph.provider.orders import FileRef

# A fixed moment: a test that depends on today fails tomorrow.
KIT_NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
USER_AGENT = "persona-graph-conformance"


class Logbook(logging.Handler):
    """Everything that is logged while it hangs in the root logger, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._format = logging.Formatter("%(levelname)s %(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self._format.format(record))


@dataclass
class KitCall:
    """Fits ``persona_graph.provider.Call``. It remembers what it was asked for: ``asked`` holds the ids that
    were read, ``links`` those that were lent, ``turns`` each ``(every, key)``.

    ``vendor`` is any httpx transport; a ``ScriptedVendor`` without routes refuses every request.
    """

    folder: Path
    vendor: httpx.AsyncBaseTransport = field(default_factory=ScriptedVendor)
    idempotency_key: str = "kit-key-1"
    client_ref: str = "kit-ref-1"
    remaining: float = 30.0
    now: datetime = KIT_NOW
    webhook_url: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    turns: list[tuple[float, str]] = field(default_factory=list)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("persona_graph.provider.kit"))
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(
            transport=self.vendor,
            timeout=httpx.Timeout(self.remaining, connect=min(10.0, self.remaining)),
            headers={"User-Agent": USER_AGENT},
        )

    def lend(self, name: str, content: bytes, content_type: str, seconds: float | None = None) -> FileRef:
        """A file of the order that ``read`` will hand out."""
        self.files[name] = content
        return FileRef(id=name, name=name, content_type=content_type, size=len(content), seconds=seconds)

    def later(self, seconds: float) -> KitCall:
        """The next call of the same attempt: same key, folder and files, ``seconds`` later."""
        return replace(self, now=self.now + timedelta(seconds=seconds))

    def elsewhere(self, folder: Path) -> KitCall:
        """The same attempt on another machine, where its folder is empty."""
        return replace(self, folder=folder)

    async def read(self, file: FileRef) -> bytes:
        self.asked.append(file.id)
        return self.files[file.id]

    async def link(self, file: FileRef, ttl: float = 900) -> str:
        self.links.append(file.id)
        return f"https://files.kit.example/{file.name}?expires={int(ttl)}"

    async def turn(self, every: float, key: str = "") -> None:
        self.turns.append((every, key))
