"""Log lines on stderr, for people or as JSON, with every configured secret struck out."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime

import orjson

from persona_graph.settings import Settings

STRUCK = "•••"
# Shorter values are words that lines may well contain.
SHORTEST = 8
# Libraries whose INFO lines hold request addresses (signed links among them) or only repeat ours.
QUIET = ("httpx", "httpcore", "uvicorn.access", "arq.worker", "sqlalchemy.engine")
_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")


def configure(settings: Settings) -> None:
    stream = logging.StreamHandler(sys.stderr)
    strike = Strike(settings.secret_values())
    stream.setFormatter(JsonLines(strike) if settings.log_format == "json" else TextLines(strike))
    stream.addFilter(_not_twice)
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _not_twice(record: logging.LogRecord) -> bool:
    """The server logs what failed at start or stop as a bare traceback; ``serve`` raises it, and that shows."""
    return not (record.name == "uvicorn.error" and str(record.msg).startswith("Traceback"))


class Strike:
    """Takes secrets out of a text: the configured ones, and the password of any URL."""

    def __init__(self, secrets: list[str]) -> None:
        longest_first = sorted(
            (value for value in set(secrets) if len(value) >= SHORTEST), key=len, reverse=True
        )
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(STRUCK, text)
        return _PASSWORD.sub(rf"\1:{STRUCK}@", text)


class TextLines(logging.Formatter):
    def __init__(self, strike: Strike) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._strike = strike

    def format(self, record: logging.LogRecord) -> str:
        return self._strike(super().format(record))


class JsonLines(logging.Formatter):
    """One object per line: ``at``, ``level``, ``logger``, ``message``, ``error`` where there is one."""

    def __init__(self, strike: Strike) -> None:
        super().__init__()
        self._strike = strike

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": self._strike(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = self._strike("".join(traceback.format_exception(*record.exc_info)))
        return orjson.dumps(line).decode()
