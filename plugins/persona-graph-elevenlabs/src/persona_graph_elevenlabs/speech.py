"""A script spoken by ElevenLabs, with the time of every word where it says so."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from persona_graph.provider import Call, Delivery, OrderFailed, OrderRejected, Speak
from persona_graph_elevenlabs.account import Account
from persona_graph_elevenlabs.alignment import words
from persona_graph_elevenlabs.languages import language_code
from persona_graph_elevenlabs.offers import most_chars
from persona_graph_elevenlabs.refusals import Stake
from persona_graph_elevenlabs.wire import Wire

# Every plan has this one.
FORMAT, CONTENT_TYPE = "mp3_44100_128", "audio/mpeg"


async def speak(wire: Wire, account: Account, order: Speak, voice_id: str, call: Call) -> Delivery:
    text = _sayable(order.script, most_chars(account))
    body: dict[str, Any] = {"text": text, "model_id": account.model}
    if (code := language_code(order.language, account.model)) is not None:
        body["language_code"] = code
    answer, reference = await wire.ask(
        call, Stake.SPEECH, "POST", f"/v1/text-to-speech/{quote(voice_id, safe='')}/with-timestamps",
        seconds=0.9 * call.remaining, query={"output_format": FORMAT}, json=body,
    )  # fmt: skip
    # Each character is a credit, whatever comes back.
    billed = account.per_1000_chars * len(text) / 1000
    return Delivery(
        media=_audio(answer, billed),
        content_type=CONTENT_TYPE,
        timings=words(answer),
        billed_cost=billed,
        vendor_ref=reference or None,
    )


def _sayable(script: str, most: int) -> str:
    text = "".join(c for c in script if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    if not any(char.isalnum() for char in text):
        message = "There is nothing in this script that can be said aloud. Write at least one word."
        raise OrderRejected(message, code="TEXT_EMPTY")
    if len(text) > most:
        message = f"The script has {len(text):,} characters; {most:,} are the most."
        raise OrderRejected(message, code="TEXT_TOO_LONG")
    return text


def _audio(answer: dict[str, Any], billed: Decimal) -> bytes:
    try:
        audio = base64.b64decode(answer.get("audio_base64") or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        audio = b""
    if audio[:3] != b"ID3" and not (len(audio) > 1 and audio[0] == 0xFF and audio[1] & 0xE0 == 0xE0):
        message = "ElevenLabs spoke, and what it sent cannot be read. Ask again."
        raise OrderFailed(message, code="OUTPUT_UNREADABLE", billed_cost=billed)
    return audio
