"""Why a task failed, in words for the person who ordered it. A failed task is refunded by the vendor."""

from __future__ import annotations

import re

from persona_graph.provider import OrderRejected

UNREACHABLE = 1402
_AGAIN = "It was not charged; it can be ordered again."
# The vendor's page on error codes; 1406 and 1407 are seen and not explained, and count as not listed.
_MEANINGS = {
    1200: ("MODERATION", "The vendor's moderation refuses this picture, speech or text."),
    1400: ("INVALID_ORDER", "The vendor misses something in this order"),
    1401: ("INVALID_ORDER", "The vendor does not accept a value of this order"),
    1402: ("MEDIA_UNREACHABLE", f"The vendor could not read the files it was sent. {_AGAIN}"),
    1403: ("PROVIDER_FAILED", f"The vendor began the work and could not finish it. {_AGAIN}"),
    1405: ("PROVIDER_FAILED", f"The vendor could not make it. {_AGAIN}"),
    5000: ("PROVIDER_FAILED", f"Something broke at the vendor. {_AGAIN}"),
    5003: ("PROVIDER_FAILED", f"The vendor's model is not available just now. {_AGAIN}"),
    5004: ("PROVIDER_TIMEOUT", f"The vendor ran out of time. {_AGAIN}"),
}
_STATUSES = {
    "timeout": _MEANINGS[5004],
    "cancelled": ("PROVIDER_FAILED", f"The vendor cancelled the work. {_AGAIN}"),
    "deleted": ("WORK_LOST", "The work was deleted at the vendor."),
}
_OTHERWISE = ("PROVIDER_FAILED", f"The vendor could not make it. {_AGAIN}")


_VOICE_GONE = re.compile(r"voice.{0,20}(not exist|not found|not valid|invalid|expired)", re.IGNORECASE)


def rejection(status: str, code: int | None, words: str) -> OrderRejected:
    """For a task that has failed."""
    if (gone := voice_gone(words)) is not None:
        return gone
    name, message = _STATUSES.get(status) or _MEANINGS.get(code or 0) or _OTHERWISE
    if name == "INVALID_ORDER":
        message += f": {words}." if words else "."
    return OrderRejected(message, code=name)


def invalid(words: str) -> OrderRejected:
    """For an order that was not even taken."""
    said = f": {words}." if words else "."
    return voice_gone(words) or OrderRejected(
        f"The vendor does not accept this order{said}", code="INVALID_ORDER"
    )


def unusable(what: str) -> OrderRejected:
    """For a task that is said to be completed, and is not."""
    return OrderRejected(f"The vendor calls the work finished and gave {what}.", code="PROVIDER_FAILED")


def voice_gone(words: str) -> OrderRejected | None:
    """The vendor drops a voice that was not used for seven days; only its words say so."""
    if not _VOICE_GONE.search(words):
        return None
    return OrderRejected(
        "The voice does not exist at the vendor any more. Train it again.", code="VOICE_GONE"
    )
