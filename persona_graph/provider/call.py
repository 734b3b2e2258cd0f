"""What the core lends a provider for one call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx

from persona_graph.provider.orders import FileRef


class Call(Protocol):
    """Lent for one call of ``start``, ``check``, ``find``, ``cancel`` or ``forget_voice``.

    ``http``: a shared client with timeouts. ``remaining``: seconds until
    the core cuts this call off. ``idempotency_key``: the same for every try of one attempt.
    ``client_ref``: a public reference a vendor may echo. ``folder``: a private directory of this
    attempt on this machine; it outlives the call and is deleted when the attempt ends, and on
    another machine it is empty.
    """

    http: httpx.AsyncClient
    log: logging.Logger
    idempotency_key: str
    client_ref: str
    folder: Path
    remaining: float

    async def read(self, file: FileRef) -> bytes: ...

    async def link(self, file: FileRef, ttl: float = 900) -> str: ...


class PluginConfig:
    """A plugin's own settings: everything after ``PERSONA_GRAPH_PLUGIN_<NAME>_`` in the environment,
    where NAME is the entry point's name in capitals."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self.name = name
        self._values = dict(values)

    def get(self, key: str, default: str = "") -> str:
        """A plain setting."""
        return self._values.get(key, default)

    def secret(self, key: str) -> str:
        """A setting the plugin cannot work without; its absence quarantines the plugin, by name."""
        value = self._values.get(key)
        if not value:
            name = self.name.upper().replace("-", "_")
            raise MissingSecret(f"PERSONA_GRAPH_PLUGIN_{name}_{key} is not set")
        return value

    def __repr__(self) -> str:
        return f"PluginConfig({self.name!r}, keys={sorted(self._values)})"


class MissingSecret(Exception):
    """A required plugin setting is absent."""
