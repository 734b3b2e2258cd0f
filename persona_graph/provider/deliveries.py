"""What comes back from a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path


class TimingSource(StrEnum):
    """MEASURED in the audio, REPORTED by the engine that spoke, or ESTIMATED from the text."""

    MEASURED = "MEASURED"
    REPORTED = "REPORTED"
    ESTIMATED = "ESTIMATED"


@dataclass(frozen=True, slots=True)
class Timing:
    """When something is said. ``kind`` is ``word``, ``sentence`` or ``phoneme`` (then ``text`` is
    IPA); ``start`` and ``end`` are seconds from the start of the audio."""

    kind: str
    text: str
    start: float
    end: float
    source: TimingSource = TimingSource.REPORTED


@dataclass(frozen=True, slots=True)
class Ticket:
    """The claim check for work in progress: JSON, at most 16 KiB, enough to find the work again
    from another process next week. It never holds a secret. ``vendor_ref`` is the vendor's own id of the order, as
    it stands on its bill."""

    data: Mapping[str, object]
    check_again_in: float = 2.0
    vendor_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Work goes on. ``fraction`` is 0–1 only where the vendor says so, else ``None``; ``stage`` is
    a few words for people; ``check_again_in`` is in seconds."""

    fraction: float | None = None
    stage: str = ""
    check_again_in: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Finished work.

    Speech and video arrive as ``media`` (bytes, or a path inside ``call.folder``) or ``remote_url``
    (fetched at once by the core, under its guard). Training delivers ``vendor_voice`` (an id of at
    most 255 characters) and, if the provider needs more than an id to speak, ``voice_model``: opaque
    bytes that the core keeps encrypted and hands back with every order. ``billed_cost`` is what the
    vendor said it charged in USD, if it did. ``honoured_options`` names the settings that had effect;
    ``not_expressed`` the written forms of pronunciations that could not be followed. ``voice_kept``:
    this use of a trained voice ended its expiry at the vendor. ``vendor_ref`` is the vendor's own id of the order,
    as it stands on its bill, unless a ticket said it before.
    """

    media: bytes | Path | None = None
    remote_url: str | None = None
    content_type: str = ""
    vendor_voice: str | None = None
    voice_model: bytes | None = None
    text: str | None = None
    timings: tuple[Timing, ...] = ()
    billed_cost: Decimal | None = None
    voice_expires_at: datetime | None = None
    voice_kept: bool = False
    honoured_options: tuple[str, ...] = ()
    not_expressed: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    vendor_ref: str | None = None
