"""Voices at ElevenLabs: made under a name that holds our reference, found again by it, deleted."""

from __future__ import annotations

import json
from typing import Any, TypeGuard
from urllib.parse import quote

from persona_graph.provider import Call, Delivery, FileRef, OrderRejected, OutcomeUnknown, TrainVoice
from persona_graph_elevenlabs.offers import LEAST_SECONDS, MOST_SAMPLES, MOST_SECONDS
from persona_graph_elevenlabs.refusals import Stake
from persona_graph_elevenlabs.wire import Wire

PAGE, MOST_PAGES = 100, 5


def name_of(call: Call) -> str:
    return f"persona-graph {call.client_ref}"


async def train(wire: Wire, order: TrainVoice, call: Call) -> Delivery:
    """Looks first: a clone that costs nothing may be ordered again by the core without a ``find``, and
    cloning twice would make two voices."""
    _check(order.samples)
    known = await find(wire, call)
    if known is not None:
        return known
    samples = [await call.read(sample) for sample in order.samples]
    form = {
        "name": name_of(call),
        "remove_background_noise": "false",
        "labels": json.dumps({"language": order.language.partition("-")[0]}),
    }
    files = [("files", (f"sample-{n}.wav", content, "audio/wav")) for n, content in enumerate(samples, 1)]
    made, reference = await wire.ask(
        call, Stake.VOICE, "POST", "/v1/voices/add", seconds=0.7 * call.remaining, data=form, files=files
    )
    voice = made.get("voice_id")
    if not _is_id(voice):
        raise OutcomeUnknown("ElevenLabs made a voice and did not say which.")
    if made.get("requires_verification") is True:
        call.log.warning("ElevenLabs wants the voice %s verified before it speaks", voice)
    return _delivery(voice, made, reference)


async def find(wire: Wire, call: Call) -> Delivery | None:
    """The voice of this order, if it is there. Other people's names may hold the same words."""
    name, query = name_of(call), {"search": name_of(call), "page_size": str(PAGE)}
    for _ in range(MOST_PAGES):
        page, _reference = await wire.ask(
            call, Stake.NOTHING, "GET", "/v2/voices", seconds=0.1 * call.remaining, query=query
        )
        voices = page.get("voices")
        for voice in voices if isinstance(voices, list) else ():
            if isinstance(voice, dict) and voice.get("name") == name and _is_id(voice.get("voice_id")):
                return _delivery(voice["voice_id"], {}, "")
        token = page.get("next_page_token")
        if page.get("has_more") is not True or not isinstance(token, str) or not token:
            return None
        query["next_page_token"] = token
    return None


async def forget(wire: Wire, vendor_voice: str, call: Call) -> None:
    path = f"/v1/voices/{quote(vendor_voice, safe='')}"
    await wire.ask(call, Stake.NOTHING, "DELETE", path, seconds=20, let={"voice_not_found"})


def _delivery(voice: str, made: dict[str, Any], reference: str) -> Delivery:
    facts = {"requires_verification": made.get("requires_verification") is True}
    return Delivery(vendor_voice=voice, facts=facts, vendor_ref=reference or None)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 100 and value.isascii() and value.isalnum()


def _check(samples: tuple[FileRef, ...]) -> None:
    if not 1 <= len(samples) <= MOST_SAMPLES:
        raise OrderRejected(f"Give 1 to {MOST_SAMPLES} recordings.", code="SAMPLE_COUNT")
    seconds = sum(sample.seconds or 0.0 for sample in samples)
    if all(sample.seconds is not None for sample in samples) and seconds < LEAST_SECONDS:
        message = f"ElevenLabs wants {LEAST_SECONDS} seconds of recordings at least; these are {seconds:.1f}."
        raise OrderRejected(message, code="SAMPLE_TOO_SHORT")
    if seconds > MOST_SECONDS:
        message = f"Give {MOST_SECONDS} seconds of recordings at most; these are {seconds:.0f}."
        raise OrderRejected(message, code="SAMPLE_TOO_LONG")
