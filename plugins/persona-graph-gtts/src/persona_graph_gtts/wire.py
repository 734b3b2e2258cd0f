"""One piece of text, one POST, one MP3, or one of the wall's errors. Nothing is paid, so nothing can be lost."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from urllib.parse import quote

import httpx

from persona_graph.provider import Call, ProviderBusy, ProviderUnavailable
from persona_graph_gtts import mp3
from persona_graph_gtts.account import Account

PATH = "/_/TranslateWebserverUi/data/batchexecute"
RPC = "jQ1olc"
SECONDS = 20.0
CHANGED_REST = 3600.0
LONGEST_WAIT = 6 * 3600.0
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
    "Referer": "http://translate.google.com/",
    # What the endpoint's public clients send; it is made for browsers.
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/47.0.2526.106 Safari/537.36",
}  # fmt: skip
_UNSENT = (httpx.InvalidURL, httpx.UnsupportedProtocol)


class Blocked(Exception):
    """Too many requests from this address; ``retry_after`` seconds is what Google said, if it did."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__()
        self.retry_after = retry_after


class NoSound(Exception):
    """An answer in the right form without audio: Google does not say this text in this language, or not now."""


def body(text: str, language: str) -> bytes:
    """JSON in JSON in a form, as the page sends it."""
    asked = _compact([text, language, None, "null"])
    return f"f.req={quote(_compact([[[RPC, asked, None, 'generic']]]))}&".encode()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


async def say(account: Account, call: Call, text: str, language: str) -> bytes:
    """The MP3 of ``text``. Raises Blocked."""
    seconds = max(0.1, min(SECONDS, call.remaining))
    try:
        answer = await call.http.post(
            account.base_url + PATH, content=body(text, language), headers=_HEADERS,
            timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
        )  # fmt: skip
    except _UNSENT:
        raise ProviderUnavailable("Google Translate cannot be asked: check BASE_URL.", CHANGED_REST) from None
    except httpx.HTTPError as error:
        raise ProviderBusy(f"Google Translate did not answer ({type(error).__name__}).") from None
    _check_status(answer)
    return _audio(answer.text)


def _check_status(answer: httpx.Response) -> None:
    status = answer.status_code
    to = answer.headers.get("location", "")
    if status == 429 or (300 <= status < 400 and "/sorry" in to):
        raise Blocked(_retry_after(answer))
    if status == 408 or status >= 500:
        raise ProviderBusy(f"Google Translate is in trouble (HTTP {status}).", _retry_after(answer))
    if status != 200:
        raise ProviderUnavailable(
            f"Google Translate refuses this way of asking (HTTP {status}). It may have changed.", CHANGED_REST
        )


def _audio(text: str) -> bytes:
    if RPC not in text:
        raise ProviderUnavailable(
            "Google Translate answered with a page instead of audio (consent, captcha or a change).",
            CHANGED_REST,
        )
    payload = _payload(text)
    if payload is None:
        raise NoSound("Google Translate sent no audio for this text.")
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise ProviderBusy("Google Translate sent audio that cannot be decoded.") from None
    if next(mp3.frames(audio), None) is None:
        raise ProviderBusy("Google Translate sent something that is no MP3.")
    return audio


def _payload(text: str) -> str | None:
    """The base64 text, ``None`` if there is none. The row is on one line, between lines that vary."""
    for line in text.splitlines():
        if RPC not in line:
            continue
        try:
            rows = json.loads(line)
            told = next(row[2] for row in rows if row[:2] == ["wrb.fr", RPC])
            return None if told is None else str(json.loads(told)[0]) or None
        except (ValueError, TypeError, IndexError, KeyError, StopIteration, RecursionError):
            found = re.search(RPC + r'","\[\\"([A-Za-z0-9+/=]+)\\"\]', line)
            return found.group(1) if found else None
    return None


def _retry_after(answer: httpx.Response) -> float | None:
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 < seconds <= LONGEST_WAIT else None
