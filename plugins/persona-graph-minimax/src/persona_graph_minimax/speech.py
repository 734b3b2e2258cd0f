"""Speech in one answer: the audio comes in hexadecimal digits within the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from persona_graph.provider import Call, Cost, Delivery, OrderFailed, ProviderBusy
from persona_graph_minimax.account import VOICE_FEE, Account
from persona_graph_minimax.offers import HAN_WEIGHT
from persona_graph_minimax.refusals import Stake
from persona_graph_minimax.voicing import Voicing
from persona_graph_minimax.wire import Wire, whole

AUDIO = {"sample_rate": 32000, "bitrate": 128000, "format": "mp3", "channel": 1}
CONTENT_TYPE = "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Spoken:
    audio: bytes
    characters: int
    milliseconds: int | None
    trace: str


async def speak(wire: Wire, account: Account, call: Call, text: Voicing, first_use: bool) -> Delivery:
    """``first_use``: of a clone that nobody used yet, which is when MiniMax charges for it."""
    spoken = await say(wire, account, call, text.request, seconds=0.7 * call.remaining)
    return Delivery(
        media=spoken.audio,
        content_type=CONTENT_TYPE,
        billed_cost=bill(account, spoken.characters, first_use),
        voice_kept=first_use,
        honoured_options=text.honoured,
        not_expressed=text.not_expressed,
        facts={"audio_ms": spoken.milliseconds},
        vendor_ref=spoken.trace or None,
    )


async def say(
    wire: Wire, account: Account, call: Call, request: Mapping[str, Any], *, seconds: float
) -> Spoken:
    body = {**request, "stream": False, "output_format": "hex", "audio_setting": AUDIO}
    answer = await wire.ask(call, Stake.SPEECH, "/v1/t2a_v2", body, seconds=seconds)
    extra = _mapping(answer.get("extra_info"))
    characters = billed_characters(extra, str(request["text"]))
    return Spoken(
        audio=_audio(answer, bill(account, characters, first_use=False)),
        characters=characters,
        milliseconds=whole(extra.get("audio_length")),
        trace=str(answer.get("trace_id") or "")[:100],
    )


def billed_characters(answer: Mapping[str, Any], text: str) -> int:
    """What MiniMax counted; what it should have, where it does not say."""
    counted = whole(answer.get("usage_characters"))
    return counted if counted is not None and counted >= 0 else weigh(text)


def weigh(text: str) -> int:
    """Characters as MiniMax counts them for its bill."""
    return Cost(han_weight=HAN_WEIGHT).weigh(text)


def bill(account: Account, characters: int, first_use: bool) -> Decimal:
    return account.per_1000_chars * characters / 1000 + (VOICE_FEE if first_use else 0)


def is_mp3(content: bytes) -> bool:
    return content[:3] == b"ID3" or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0)


def _audio(answer: Mapping[str, Any], billed: Decimal) -> bytes:
    """Success without any audio is how MiniMax throttles: it is to be asked again. Audio that cannot be read
    has been made, and billed; a clone's fee is left to its first use that can be heard."""
    digits = _mapping(answer.get("data")).get("audio")
    if not isinstance(digits, str) or not digits:
        raise ProviderBusy("MiniMax says that it spoke, and sent no audio.")
    try:
        audio = bytes.fromhex(digits)
    except ValueError:
        audio = b""
    if not is_mp3(audio):
        message = "MiniMax spoke, and what it sent cannot be read. Ask again."
        raise OrderFailed(message, code="OUTPUT_UNREADABLE", billed_cost=billed)
    return audio


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
