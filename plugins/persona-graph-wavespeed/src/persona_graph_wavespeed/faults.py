"""Why a task failed, in words for the person who ordered it. A failed task is refunded by the vendor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from persona_graph.provider import OrderFailed, OrderRejected

UNREACHABLE = 1402


@dataclass(frozen=True)
class _Meaning:
    code: str
    words: str


_AGAIN = "It was not charged; it can be ordered again."
_FAILED = _Meaning(code="PROVIDER_FAILED", words=f"The vendor could not make it. {_AGAIN}")
_LATE = _Meaning(code="PROVIDER_TIMEOUT", words=f"The vendor ran out of time. {_AGAIN}")
# The vendor's page on error codes; 1406 and 1407 are seen and not explained, and count as not listed.
_MEANINGS = {
    1200: _Meaning(
        code="MODERATION", words="The vendor's moderation refuses this picture, speech or text. Change it."
    ),
    1400: _Meaning(code="INVALID_REQUEST", words="The vendor misses something in this order"),
    1401: _Meaning(code="INVALID_REQUEST", words="The vendor does not accept a value of this order"),
    1402: _Meaning(
        code="MEDIA_UNREACHABLE", words=f"The vendor could not read the files it was sent. {_AGAIN}"
    ),
    5003: _Meaning(code="PROVIDER_FAILED", words=f"The vendor's model is not available just now. {_AGAIN}"),
    5004: _LATE,
}
_STATUSES = {
    "timeout": _LATE,
    "deleted": _Meaning(code="WORK_LOST", words="The work was deleted at the vendor."),
}


# Faults of the vendor: another one may make the same order.
_NOT_THE_ORDERS = {"PROVIDER_FAILED", "PROVIDER_TIMEOUT", "MEDIA_UNREACHABLE", "WORK_LOST"}
_VOICE_GONE = re.compile(r"voice.{0,20}(not exist|not found|not valid|invalid|expired)", re.IGNORECASE)


def rejection(status: str, code: int | None, words: str) -> OrderRejected:
    """For a task that has failed."""
    if (gone := voice_gone(words)) is not None:
        return gone
    meaning = _STATUSES.get(status) or _MEANINGS.get(code or 0) or _FAILED
    if meaning.code == "INVALID_REQUEST":
        return OrderRejected(meaning.words + (f": {words}." if words else "."), code=meaning.code)
    kind = OrderFailed if meaning.code in _NOT_THE_ORDERS else OrderRejected
    return kind(meaning.words, code=meaning.code)


def invalid(words: str) -> OrderRejected:
    """For an order that was not even taken."""
    said = f": {words}." if words else "."
    return voice_gone(words) or OrderRejected(
        f"The vendor does not accept this order{said}", code="INVALID_REQUEST"
    )


def unusable(what: str, cost: Decimal | None) -> OrderRejected:
    """For a task that is said to be completed, and so is billed, and that is of no use."""
    message = f"The vendor calls the work finished and gave {what}. Ask again; nothing was charged."
    return OrderRejected(message, code="PROVIDER_FAILED", billed_cost=cost)


def voice_gone(words: str) -> OrderRejected | None:
    """The vendor drops a voice that was not used for seven days; only its words say so."""
    if not _VOICE_GONE.search(words):
        return None
    return OrderRejected(
        "The voice does not exist at the vendor any more. Train it again.", code="VOICE_GONE"
    )
