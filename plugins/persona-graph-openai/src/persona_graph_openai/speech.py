"""SPEECH in a stock voice by the speech interface."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Cost,
    Delivery,
    Fidelity,
    Limits,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    Speak,
    Ticket,
)
from persona_graph_openai.settings import SpeechSettings
from persona_graph_openai.wire import ask

SLOWEST, FASTEST = 0.25, 4.0


class OpenAiSpeech:
    """One question, one answer: nothing is left to be asked about later."""

    id = "openai-speech"
    api_version = API_VERSION

    def __init__(self, settings: SpeechSettings) -> None:
        server = settings.server
        self._settings, self._server = settings, server
        self.name = f"Speech by {server.model} (stock voice {settings.voice})"
        self.offers: Sequence[Offer] = (
            Offer(
                id="speech",
                capability=Capability.SPEECH,
                fidelity=Fidelity.STOCK,
                cost=Cost(per_1000_chars=server.per_1000_chars),
                limits=Limits(
                    max_chars=server.max_chars,
                    max_concurrent=server.max_concurrent,
                    languages=settings.languages,
                    options=("speed", "emotion") if settings.instructed else ("speed",),
                ),
                payment_safety=server.safety,
                typical_seconds=8.0,
                give_up_after=timedelta(minutes=15),
                data_use=server.data_use("the script"),
            ),
        )

    def __repr__(self) -> str:
        return f"OpenAiSpeech({self._server.base_url}, {self._server.model})"

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        if not isinstance(order, Speak):
            raise OrderRejected("This server speaks scripts, nothing else.", code="NOT_OFFERED")
        self._check(order)
        body, honoured = self._body(order)
        answer = await ask(self._server, call, "/audio/speech", body, "application/octet-stream")
        kind = sniffed(answer.content)
        if kind is None:
            raise OutcomeUnknown("The server answered without audio; it may have done the work.")
        return Delivery(media=answer.content, content_type=kind, honoured_options=honoured)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        raise OutcomeUnknown("This provider gives no tickets.")

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        """The protocol keeps no list of what was asked."""
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """An answer that is under way cannot be stopped."""

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """There are no voices of anybody's."""

    def _check(self, order: Speak) -> None:
        most, speed = self._server.max_chars, order.style.speed
        if len(order.script) > most:
            raise OrderRejected(
                f"The script has {len(order.script)} characters; {most} are the most.", code="TEXT_TOO_LONG"
            )
        if not any(unicodedata.category(char)[0] in "LN" for char in order.script):
            raise OrderRejected(
                "There is nothing in this script that can be said aloud. Write at least one word.",
                code="NOTHING_TO_SAY",
            )
        if not (math.isfinite(speed) and SLOWEST <= speed <= FASTEST):
            raise OrderRejected(
                f"Speed must be between {SLOWEST} and {FASTEST:g}.", code="SETTING_OUT_OF_RANGE"
            )

    def _body(self, order: Speak) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What is sent, and the settings of the order that are in it."""
        settings, honoured = self._settings, list[str]()
        body: dict[str, Any] = {
            "model": self._server.model, "input": order.script, "voice": _voice(settings.voice),
            "response_format": settings.form,
        }  # fmt: skip
        if order.style.speed != 1.0:
            body["speed"] = order.style.speed
            honoured.append("speed")
        if instructions := self._instructions(order):
            body["instructions"] = instructions
        if settings.instructed and order.style.emotion != "neutral":
            honoured.append("emotion")
        return body, tuple(honoured)

    def _instructions(self, order: Speak) -> str:
        if not self._settings.instructed:
            return ""
        emotion = order.style.emotion
        feeling = f"Sound {emotion}." if emotion.isalpha() and emotion != "neutral" else ""
        return " ".join(filter(None, (self._settings.instructions, feeling)))


def _voice(name: str) -> str | dict[str, str]:
    """A voice made in the account has an id, and is sent as an object."""
    return {"id": name} if name.startswith("voice_") else name


def sniffed(content: bytes) -> str | None:
    """The content type by the bytes: servers differ in what they call it. ``None`` for what is no audio."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content[:4] == b"fLaC":
        return "audio/flac"
    if content[:4] == b"OggS":
        return "audio/ogg"
    if content[:3] == b"ID3" or (
        len(content) > 4 and content[0] == 0xFF and content[1] & 0xE6 in (0xE2, 0xE4)
    ):
        return "audio/mpeg"
    return None
