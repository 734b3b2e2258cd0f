"""Webhooks: a vendor knocks, and the core asks it by ``check`` what the news is. Never more than that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One webhook delivery as it came: header names in lower case, the raw body (at most 1 MiB), and
    the core's clock, UTC."""

    headers: Mapping[str, str]
    body: bytes
    now: datetime


class BadKnock(Exception):
    """The signature, its age or the body is not the vendor's."""


@runtime_checkable
class TakesKnocks(Protocol):
    """What a provider adds if its vendor sends webhooks. ``call.webhook_url`` holds a reference to the
    attempt, so a knock need not say what it is about, only whom it is from."""

    def verify_knock(self, knock: Knock) -> None:
        """Return if the vendor sent it; raise BadKnock otherwise. Pure, without waiting."""
