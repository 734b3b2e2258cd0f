"""ElevenLabs's errors: an HTTP status and, usually, a word in ``detail``."""

from __future__ import annotations

import math
import re
from enum import Enum, auto
from typing import Any

import httpx

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)

MOST_WORDS = 150
_NOT_WORDS = re.compile(r"https?://\S*|[<>{}]")
_UNWANTED = re.compile("policy|moderat|safety|violat|prohibited|blocked")

_USER = {
    "max_character_limit_exceeded": (
        "This text is too long for ElevenLabs. Make it shorter.",
        "TEXT_TOO_LONG",
    ),
    "voice_not_found": ("This voice does not exist at ElevenLabs any more. Train it again.", "VOICE_GONE"),
}
_OPERATOR = {
    "invalid_api_key": "ElevenLabs refuses the API key. Check it, and the region in BASE_URL.",
    "quota_exceeded": "The ElevenLabs account's credits are used up. They come back with the next period, or with a larger plan.",
    "voice_limit_reached": "All of the ElevenLabs plan's places for voices are taken. Delete a voice there, or take a larger plan.",
}
_NO_PERMISSION = "The ElevenLabs key or plan does not permit this."


class Stake(Enum):
    """What asking again could cost. NOTHING: it is a free question. SPEECH: credits. VOICE: a second voice."""

    NOTHING = auto()
    SPEECH = auto()
    VOICE = auto()


def refusal(response: httpx.Response, body: Any, stake: Stake, key: str) -> ProviderError:
    """For an answer that is none. ``body`` is its JSON, if it has one; ``key`` is not to be quoted."""
    status, (word, said) = response.status_code, _detail(body, key)
    if 400 <= status < 500 and (known := _known(word)):
        return known
    if status == 429 or status == 409 or (status == 503 and stake is not Stake.VOICE):
        text = "ElevenLabs takes no more requests just now" if status == 429 else "ElevenLabs is busy"
        return ProviderBusy(f"{text} (HTTP {status}{', ' + word if word else ''}).", retry_after(response))
    if status == 408 or status >= 500 or response.is_success:
        return failed(f"ElevenLabs is in trouble (HTTP {status}).", stake)
    if status in (400, 403, 422) and _UNWANTED.search(word):
        return OrderRejected("ElevenLabs does not accept this content. Change it.", code="MODERATION")
    if status in (401, 402, 403):
        return ProviderUnavailable(f"{_NO_PERMISSION} (HTTP {status}{', ' + word if word else ''})")
    if status in (400, 422) and body is not None:
        text = f"ElevenLabs says that the order is not valid{': ' + said if said else ''}."
        return OrderRejected(text, code="INVALID_REQUEST")
    return ProviderUnavailable(f"There is no ElevenLabs at BASE_URL (HTTP {status}). Check it.")


def failed(text: str, stake: Stake) -> ProviderError:
    """Something came back, or nothing, and it does not say what became of the question."""
    if stake is Stake.NOTHING:
        return ProviderBusy(text)
    return OutcomeUnknown(f"{text} What was asked for may be there.")


def retry_after(response: httpx.Response) -> float | None:
    """Seconds, by either of the headers that the vendor's own client obeys."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(response.headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None


def word_of(body: Any) -> str:
    """The vendor's word for what is wrong; empty where it says none."""
    return _detail(body, "")[0]


def _known(word: str) -> ProviderError | None:
    if word in _USER:
        text, code = _USER[word]
        return OrderRejected(text, code=code)
    return ProviderUnavailable(_OPERATOR[word]) if word in _OPERATOR else None


def _detail(body: Any, key: str) -> tuple[str, str]:
    """Its status and message. Of a list (what is wrong with each field) the first message."""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, list):
        detail = next((each for each in detail if isinstance(each, dict)), None)
    if isinstance(detail, str):
        return "", _words(detail, key)
    if not isinstance(detail, dict):
        return "", ""
    word = re.sub(r"[^a-z0-9_]", "", str(detail.get("status") or "").lower())[:60]
    return word, _words(str(detail.get("message") or detail.get("msg") or ""), key)


def _words(said: str, key: str) -> str:
    """A vendor may quote what it was sent, and users may see it."""
    plain = " ".join((said.replace(key, "…") if key else said).split())
    return "".join(c for c in _NOT_WORDS.sub("", plain) if c.isprintable())[:MOST_WORDS].rstrip(" .")
