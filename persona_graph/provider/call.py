"""What the core lends a provider for one call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

import httpx

from persona_graph.provider.orders import FileRef


class Call(Protocol):
    """Lent for one call of ``start``, ``check``, ``find``, ``cancel`` or ``forget_voice``.

    ``http``: a shared client with timeouts that connects only to public addresses and to origins that
    stand in the plugin's own settings, follows no redirect, and ends an answer that grows past 64 MiB.
    ``remaining``: seconds until the core cuts this call off. ``now``: the core's clock, UTC. ``idempotency_key``: the same for every try of one attempt.
    ``client_ref``: a public reference a vendor may echo. ``folder``: a private directory of this
    attempt on this machine; it outlives the call and is deleted when the attempt ends, and on
    another machine it is empty. ``webhook_url``: where the vendor may knock when this attempt has news
    (see ``TakesKnocks``); ``None`` where this server has no public HTTPS address.
    """

    http: httpx.AsyncClient
    log: logging.Logger
    idempotency_key: str
    client_ref: str
    folder: Path
    remaining: float
    now: datetime
    webhook_url: str | None

    async def turn(self, every: float, key: str = "") -> None:
        """Wait until it is this provider's turn: ``every`` seconds after the last turn taken under
        ``key``, over all workers. Raises ProviderBusy when that would outlast the call."""

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
