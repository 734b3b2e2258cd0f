"""The two providers: a voice and a portrait, both made by children of this process."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from persona_graph.provider import (
    API_VERSION,
    Animate,
    Call,
    Delivery,
    FileRef,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    Speak,
    Ticket,
    Timing,
    TimingSource,
    TrainVoice,
)
from persona_graph_local import offers
from persona_graph_local.languages import engine_language, known_languages
from persona_graph_local.script import clean, says_something
from persona_graph_local.workshop import Lost, Refused, Workshop

_ASPECTS = ("1:1", "16:9", "9:16")
_SOON = 0.2
_ROOM = re.compile(r"job-[0-9a-f]{24}")


class _Local:
    """What both have in common. ``start`` with the same key in the same folder adopts the work."""

    api_version = API_VERSION
    id: str
    name: str
    offers: Sequence[Offer]

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        written, files = self._written(offer, order, call.idempotency_key)
        room = f"job-{_digest(call.idempotency_key)}"
        folder = call.folder / room
        if not self._workshop.has(folder):
            inputs = {name: await call.read(file) for name, file in files.items()}
            self._workshop.begin(folder, written, inputs)
        return Ticket({"folder": room}, check_again_in=_SOON)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        folder = _folder(ticket, call)
        try:
            found = await asyncio.to_thread(self._workshop.look, folder)
        except Refused as error:
            raise OrderRejected(str(error), code=error.code) from error
        except Lost as error:
            raise OutcomeUnknown(f"The work is not on this machine any more: {error}") from error
        if "stage" in found:
            return Progress(found["fraction"], found["stage"], check_again_in=_SOON)
        return await asyncio.to_thread(_delivery, folder, found)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        room = f"job-{_digest(call.idempotency_key)}"
        known = self._workshop.has(call.folder / room)
        return Ticket({"folder": room}, check_again_in=_SOON) if known else None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        await asyncio.to_thread(self._workshop.stop, _folder(ticket, call))

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """Nothing is kept here: the voice is the model in the core's vault."""

    def _written(self, offer: Offer, order: Order, key: str) -> tuple[dict[str, Any], dict[str, FileRef]]:
        """The order as the child reads it, and the files it names. Raises OrderRejected."""
        raise NotImplementedError


class LocalVoice(_Local):
    """Speech by espeak-ng, in its own voice or turned towards a trained one with WORLD."""

    id = "local-voice"
    name = "Offline voice"

    def __init__(self, workshop: Workshop, at_a_time: int = 2) -> None:
        super().__init__(workshop)
        self.offers = (
            offers.training(at_a_time),
            offers.speech("speak", at_a_time, trained=True),
            offers.speech("stock", at_a_time, trained=False),
        )

    def _written(self, offer: Offer, order: Order, key: str) -> tuple[dict[str, Any], dict[str, FileRef]]:
        match offer.id, order:
            case "train", TrainVoice():
                return _training(order, key)
            case "speak", Speak():
                return _speech(order, trained=True)
            case "stock", Speak():
                return _speech(order, trained=False)
        raise OrderRejected("The offline voice trains voices and speaks, nothing else.", code="NOT_OFFERED")


class LocalPortrait(_Local):
    """A photo made to speak with OpenCV, without any trained model."""

    id = "local-portrait"
    name = "Offline talking portrait"

    def __init__(self, workshop: Workshop, at_a_time: int = 2) -> None:
        super().__init__(workshop)
        self.offers = (offers.animation(at_a_time),)

    def _written(self, offer: Offer, order: Order, key: str) -> tuple[dict[str, Any], dict[str, FileRef]]:
        if not isinstance(order, Animate):
            raise OrderRejected("The offline portrait animates photos, nothing else.", code="NOT_OFFERED")
        return _animation(offer, order, key)


def _training(order: TrainVoice, key: str) -> tuple[dict[str, Any], dict[str, FileRef]]:
    if not 1 <= len(order.samples) <= offers.MOST_SAMPLES:
        raise OrderRejected(f"Give 1 to {offers.MOST_SAMPLES} recordings.", code="SAMPLE_COUNT")
    files = {f"sample-{number:02}.wav": file for number, file in enumerate(order.samples)}
    written = {
        "kind": "train",
        "samples": list(files),
        "language": _language(order.language),
        "voice": f"local-{_digest(key)}",
    }
    return written, files


def _speech(order: Speak, *, trained: bool) -> tuple[dict[str, Any], dict[str, FileRef]]:
    _check_script(order.script)
    _check_range("Speed", order.style.speed, 0.5, 2.0)
    _check_range("Pitch", order.style.pitch, -12, 12)
    files: dict[str, FileRef] = {}
    if trained:
        if order.voice is None or order.voice.model is None:
            raise OrderRejected("This voice has no model here. Train it again.", code="VOICE_UNUSABLE")
        files["model.json"] = order.voice.model
    written = {
        "kind": "speak",
        "script": clean(order.script),
        "language": _language(order.language),
        "speed": order.style.speed,
        "pitch": order.style.pitch,
        "voice": order.voice.id if trained and order.voice else None,
        "model": "model.json",
        "words": [asdict(each) for each in order.pronunciations if each.written.strip()],
    }
    return written, files


def _animation(offer: Offer, order: Animate, key: str) -> tuple[dict[str, Any], dict[str, FileRef]]:
    if order.resolution not in offer.limits.resolutions:
        raise OrderRejected(f"Choose one of {', '.join(offer.limits.resolutions)}.", code="RESOLUTION")
    if order.aspect not in _ASPECTS:
        raise OrderRejected(f"Choose one of {', '.join(_ASPECTS)}.", code="ASPECT")
    longest = offer.limits.max_seconds or 0
    if order.speech.seconds is not None and order.speech.seconds > longest:
        raise OrderRejected(f"The speech is longer than {longest:g} seconds.", code="SPEECH_TOO_LONG")
    portrait, speech = f"portrait{_ending(order.portrait)}", f"speech{_ending(order.speech)}"
    written = {
        "kind": "animate",
        "portrait": portrait,
        "speech": speech,
        "resolution": order.resolution,
        "aspect": order.aspect,
        "timings": [asdict(timing) for timing in order.timings],
        "seed": int(_digest(key)[:8], 16),
    }
    return written, {portrait: order.portrait, speech: order.speech}


def _language(tag: str) -> str:
    if (name := engine_language(tag)) is None:
        message = f"The offline voice does not speak {tag[:20]!r}. It speaks: {known_languages()}."
        raise OrderRejected(message, code="LANGUAGE")
    return name


def _check_script(script: str) -> None:
    if len(script) > offers.LONGEST_SCRIPT:
        raise OrderRejected(
            f"The script has {len(script)} characters; {offers.LONGEST_SCRIPT} are the most.",
            code="TEXT_TOO_LONG",
        )
    if not says_something(clean(script)):
        raise OrderRejected(
            "There is nothing in this script that can be said aloud. Write at least one word.",
            code="NOTHING_TO_SAY",
        )


def _check_range(what: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise OrderRejected(f"{what} must be between {least:g} and {most:g}.", code="SETTING_OUT_OF_RANGE")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _ending(file: FileRef) -> str:
    ending = PurePath(file.name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ""


def _folder(ticket: Ticket, call: Call) -> Path:
    room = str(ticket.data.get("folder"))
    if not _ROOM.fullmatch(room):
        raise OutcomeUnknown("This ticket is not one of the offline provider's.")
    return call.folder / room


def _delivery(folder: Path, result: Mapping[str, Any]) -> Delivery:
    media, model = result.get("media"), result.get("voice_model")
    try:
        return Delivery(
            media=_present(folder / media) if media else None,
            content_type=result.get("content_type", ""),
            vendor_voice=result.get("vendor_voice"),
            voice_model=(folder / model).read_bytes() if model else None,
            timings=tuple(_timing(timing) for timing in result.get("timings", ())),
            honoured_options=tuple(result.get("honoured_options", ())),
            not_expressed=tuple(result.get("not_expressed", ())),
            facts=result.get("facts", {}),
        )
    except OSError as error:
        raise OutcomeUnknown(f"What was made is gone: {type(error).__name__}") from error


def _present(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(path.name)
    return path


def _timing(written: Mapping[str, Any]) -> Timing:
    return Timing(
        written["kind"], written["text"], written["start"], written["end"], TimingSource(written["source"])
    )
