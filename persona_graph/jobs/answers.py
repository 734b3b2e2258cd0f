"""What a provider answered, held against the contract. Pure. Nothing of it reaches a row unchecked: a
plugin's slip must end one job with a reason, not the transaction it is written in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from persona_graph.provider import Delivery, Ticket, Timing

TICKET_BYTES = FACTS_BYTES = 16_384
MOST_TIMINGS = 200_000
NAME_CHARS = 255


def ticket_fault(ticket: Ticket) -> str | None:
    """What is wrong with a ticket, in words for its author."""
    size = _json_size(ticket.data)
    if size is None:
        return "a ticket is not a JSON object"
    if size > TICKET_BYTES:
        return f"a ticket of {size:,} bytes is over {TICKET_BYTES:,}"
    if ticket.vendor_ref is not None and not _is_name(ticket.vendor_ref):
        return "a ticket's vendor_ref is not a usable text"
    return None


def delivery_fault(delivery: Delivery, folder: Path) -> str | None:
    """What is wrong with a delivery; ``folder`` is where its files may lie."""
    return next(_delivery_faults(delivery, folder), None)


def _delivery_faults(delivery: Delivery, folder: Path) -> Iterator[str]:
    media = delivery.media
    if isinstance(media, Path):
        # Resolved, so that a link inside the folder does not lead out of it.
        if not media.resolve().is_relative_to(folder.resolve()) or not media.is_file():
            yield "it delivered a file that is not in its folder"
    elif media is not None and not isinstance(media, bytes):
        yield f"media is {_a(media)}, not bytes or a path"
    for name in ("remote_url", "vendor_voice", "vendor_ref"):
        text = getattr(delivery, name)
        if text is not None and not (
            _is_text(text) and 0 < len(text) <= (8000 if name == "remote_url" else NAME_CHARS)
        ):
            yield f"{name} is not a usable text"
    if delivery.voice_model is not None and not isinstance(delivery.voice_model, bytes):
        yield f"voice_model is {_a(delivery.voice_model)}, not bytes"
    if delivery.text is not None and not _is_text(delivery.text):
        yield "text is not a text"
    if not _is_moment(delivery.voice_expires_at):
        yield "voice_expires_at is not a datetime"
    if not _are(delivery.honoured_options, _is_name):
        yield "honoured_options is not a tuple of words"
    if not _are(delivery.timings, _is_timing) or len(delivery.timings) > MOST_TIMINGS:
        yield "timings is not a tuple of timings"
    if (_json_size(delivery.facts) or FACTS_BYTES + 1) > FACTS_BYTES:
        yield f"facts is not a JSON object of at most {FACTS_BYTES:,} bytes"


def seconds_of(value: object, least: float, most: float, otherwise: float) -> float:
    """A time a provider asked for, within bounds; ``otherwise`` where it asked for none that is one."""
    number = _number(value)
    return otherwise if number is None else min(max(number, least), most)


def fraction_of(value: object) -> float | None:
    """0–1, or ``None`` where the provider does not say."""
    number = _number(value)
    return None if number is None else min(max(number, 0.0), 1.0)


def words(value: object, most: int) -> str:
    """A provider's words, storable and of bounded length."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[: 2 * most] if _is_storable(char))[:most]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(min(max(value, -1e12), 1e12))


def _json_size(value: object) -> int | None:
    if not isinstance(value, Mapping):
        return None
    try:
        return len(orjson.dumps(dict(value)))
    except (TypeError, ValueError):
        return None


def _is_storable(char: str) -> bool:
    # Postgres stores no NUL, and half a surrogate pair is not text.
    return char != "\x00" and not "\ud800" <= char <= "\udfff"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and all(map(_is_storable, value))


def _is_name(value: object) -> bool:
    return _is_text(value) and 0 < len(str(value)) <= NAME_CHARS


def _is_moment(value: object) -> bool:
    return value is None or (isinstance(value, datetime) and 1970 < value.year < 9999)


def _is_timing(value: object) -> bool:
    if not isinstance(value, Timing):
        return False
    times = (_number(value.start), _number(value.end))
    return _is_name(value.kind) and _is_text(value.text) and None not in times


def _are(values: Any, kind: Any) -> bool:
    return isinstance(values, tuple) and all(map(kind, values))


def _a(value: object) -> str:
    return f"a {type(value).__name__}"
