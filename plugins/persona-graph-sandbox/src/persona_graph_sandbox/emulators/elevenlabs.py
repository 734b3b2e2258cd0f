"""ElevenLabs: instant voice clones in a few places, and speech with the time of every character."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.emulators import _elevenlabs_speech as speech
from persona_graph_sandbox.faults import Fault
from persona_graph_sandbox.limits import Slots
from persona_graph_sandbox.media import Unreadable, seconds_of

STOCK_VOICES = {"JBFqnCBsd6RMkjVDRZzb": "George"}
PRICE = Decimal("0.30")
PLACES, CREDITS, AT_A_TIME = 10, 100_000, 3
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Answering = Callable[[Request], Awaitable[Response]]


class No(Exception):
    """What ElevenLabs says instead of doing it."""

    def __init__(
        self, status: int, word: str, said: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(said)
        self.status, self.word, self.said, self.headers = (
            status,
            word,
            said or word.replace("_", " "),
            headers,
        )

    def reply(self) -> Response:
        return JSONResponse(
            {"detail": {"status": self.word, "message": self.said}}, self.status, dict(self.headers or {})
        )


class Invalid(No):
    """The list form, as its web framework writes it."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(422, "", said)
        self.field = field

    def reply(self) -> Response:
        return JSONResponse(
            {"detail": [{"loc": ["body", self.field], "msg": self.said, "type": "value_error"}]}, 422
        )


@dataclass(slots=True)
class Voice:
    id: str
    name: str
    category: str
    made: float
    labels: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def described(self) -> dict[str, Any]:
        return {
            "voice_id": self.id, "name": self.name, "category": self.category, "labels": self.labels,
            "description": None, "preview_url": None, "available_for_tiers": [], "settings": None,
            "created_at_unix": int(self.made),
        }  # fmt: skip


_NAMED: dict[str, tuple[Any, ...]] = {
    "quota": (401, "quota_exceeded", "This request exceeds your quota."),
    "bad_key": (401, "invalid_api_key", "Invalid API key"),
    "no_permission": (401, "missing_permissions", "The API key you used is missing the permission."),
    "too_many": (429, "too_many_concurrent_requests"),
    "busy": (429, "system_busy", "", {"retry-after": "3", "retry-after-ms": "2500"}),
    "voice_gone": (400, "voice_not_found", "A voice with that id was not found."),
    "places_full": (400, "voice_limit_reached", "You have reached your maximum amount of custom voices."),
    "trouble": (500, "internal_error"),
}


def _named(fault: str) -> No:
    return No(*_NAMED[fault])


class ElevenLabs(Emulator):
    """``places`` voices at most, ``credits`` characters in a period."""

    name = "elevenlabs"
    faults: ClassVar[Sequence[Fault]] = (
        Fault("status", "HTTP `status` (400) with `word` and `message` in detail", by_dice=False),
        Fault("detail_list", "HTTP 422 with detail as a list"),
        Fault("quota", "HTTP 401 with quota_exceeded", by_dice=False),
        Fault("bad_key", "HTTP 401 with invalid_api_key", by_dice=False),
        Fault("no_permission", "HTTP 401 with missing_permissions", by_dice=False),
        Fault("too_many", "HTTP 429 with too_many_concurrent_requests"),
        Fault("busy", "HTTP 429 with system_busy, and how long to wait in both headers"),
        Fault("voice_gone", "HTTP 400 with voice_not_found", by_dice=False),
        Fault("places_full", "HTTP 400 with voice_limit_reached", by_dice=False),
        Fault("trouble", "HTTP 500 in JSON"),
        Fault("null_alignment", "speech with timestamps that has none"),
        Fault("normalized_only", "speech with timestamps of the text as it was read out only"),
        Fault("bad_base64", "speech with timestamps whose audio is no base64, and is billed"),
        Fault("no_audio", "speech with timestamps whose audio is empty, and is billed"),
        Fault("stream_abort", "a stream that breaks off in the middle"),
    )

    def reset(self) -> None:
        self.places, self.credits, self.used = PLACES, CREDITS, 0
        self.may_clone = True
        self.slots = Slots(AT_A_TIME)
        now = self.bench.clock.time()
        self.voices = {key: Voice(key, name, "premade", now) for key, name in STOCK_VOICES.items()}

    def routes(self) -> Sequence[BaseRoute]:
        speaking = "/v1/text-to-speech/{voice_id}"
        return [
            Route("/v1/voices/add", self._guarded(self.clone), methods=["POST"]),
            Route("/v2/voices", self._guarded(self.list_voices)),
            Route("/v1/voices/{voice_id}", self._guarded(self.show)),
            Route("/v1/voices/{voice_id}", self._guarded(self.delete), methods=["DELETE"]),
            Route("/v1/user/subscription", self._guarded(self.subscription)),
            Route(speaking, self._guarded(self.speak), methods=["POST"]),
            Route(f"{speaking}/stream", self._guarded(self.stream), methods=["POST"]),
            Route(f"{speaking}/with-timestamps", self._guarded(self.timed), methods=["POST"]),
            Route(f"{speaking}/stream/with-timestamps", self._guarded(self.timed_stream), methods=["POST"]),
        ]

    def _guarded(self, answer: Answering) -> Answering:
        async def endpoint(request: Request) -> Response:
            try:
                self._fail(request)
                if request.headers.get("xi-api-key") != self.key:
                    raise _named("bad_key")
                reply = await answer(request)
            except No as refusal:
                reply = refusal.reply()
            reply.headers["request-id"] = secrets.token_hex(8)
            return reply

        return endpoint

    def _fail(self, request: Request) -> None:
        fault = self.take(request, "status", "detail_list", *_NAMED)
        if fault is None:
            return
        if fault.fault == "detail_list":
            raise Invalid("text", "field required")
        if fault.fault == "status":
            options = fault.options
            word, said = str(options.get("word", "")), str(options.get("message", ""))
            raise No(int(options.get("status", 400)), word, said)
        raise _named(fault.fault)

    # Voices.

    async def clone(self, request: Request) -> Response:
        async with request.form(max_files=30) as form:
            name, files = form.get("name"), [f for f in form.getlist("files") if isinstance(f, UploadFile)]
            labels = _labels(form.get("labels"))
            contents = [await each.read() for each in files]
        if not isinstance(name, str) or not name:
            raise Invalid("name", "field required")
        if not contents:
            raise Invalid("files", "field required")
        if not self.may_clone:
            raise No(401, "can_not_use_instant_voice_cloning")
        if self._taken() >= self.places:
            raise _named("places_full")
        seconds = await asyncio.to_thread(_measured, contents)
        voice_id = "".join(secrets.choice(_LETTERS) for _ in range(20))
        self.voices[voice_id] = Voice(voice_id, name, "cloned", self.bench.clock.time(), labels, seconds)
        return JSONResponse({"voice_id": voice_id, "requires_verification": False})

    async def list_voices(self, request: Request) -> Response:
        query = request.query_params
        size, start = _whole(query.get("page_size"), 10, 100), _whole(query.get("next_page_token"), 0)
        search = query.get("search", "").lower()
        found = [each for each in self.voices.values() if search in each.name.lower()]
        if category := query.get("category"):
            found = [each for each in found if each.category == category]
        more = start + size < len(found)
        return JSONResponse(
            {
                "voices": [each.described() for each in found[start : start + size]], "has_more": more,
                "total_count": len(found), "next_page_token": str(start + size) if more else None,
            }
        )  # fmt: skip

    async def show(self, request: Request) -> Response:
        return JSONResponse(self._voice(request).described())

    async def delete(self, request: Request) -> Response:
        voice = self._voice(request)
        if voice.category == "premade":
            raise No(400, "voice_cannot_be_deleted")
        del self.voices[voice.id]
        return JSONResponse({"status": "ok"})

    async def subscription(self, request: Request) -> Response:
        return JSONResponse(
            {
                "tier": "creator", "status": "active", "character_count": self.used, "character_limit": self.credits,
                "voice_slots_used": self._taken(), "voice_limit": self.places, "can_use_instant_voice_cloning": self.may_clone,
                "can_use_professional_voice_cloning": False, "can_extend_character_limit": False, "can_extend_voice_limit": False,
                "allowed_to_extend_character_limit": False, "max_credit_limit_extension": 0, "voice_add_edit_counter": 0,
                "professional_voice_slots_used": 0, "professional_voice_slots_used_in_workspace": 0, "professional_voice_limit": 0,
                "current_overage": {"amount": "0.00", "currency": "usd"}, "open_invoices": [], "has_open_invoices": False,
            }
        )  # fmt: skip

    def _voice(self, request: Request) -> Voice:
        voice = self.voices.get(request.path_params["voice_id"])
        if voice is None:
            raise _named("voice_gone")
        return voice

    def _taken(self) -> int:
        return sum(voice.category == "cloned" for voice in self.voices.values())

    # Speech.

    async def speak(self, request: Request) -> Response:
        _, sound = await self._spoken(request)
        return Response(sound.content, media_type=sound.content_type)

    async def stream(self, request: Request) -> Response:
        _, sound = await self._spoken(request)
        return StreamingResponse(self._packets(request, sound.content), media_type=sound.content_type)

    async def timed(self, request: Request) -> Response:
        text, sound = await self._spoken(request)
        reply = speech.with_timestamps(text, sound, not self.take(request, "null_alignment"))
        if self.take(request, "normalized_only"):
            reply["alignment"] = None
        if self.take(request, "no_audio"):
            reply["audio_base64"] = ""
        if self.take(request, "bad_base64"):
            reply["audio_base64"] = "~" + base64.b64encode(sound.content).decode()
        return JSONResponse(reply)

    async def timed_stream(self, request: Request) -> Response:
        text, sound = await self._spoken(request)
        content = b"".join(speech.lines(text, sound, not self.take(request, "null_alignment")))
        return StreamingResponse(self._packets(request, content), media_type="application/json")

    def _packets(self, request: Request, content: bytes) -> AsyncIterator[bytes]:
        broken = self.take(request, "stream_abort") is not None
        return speech.in_packets(content, len(content) // 2 if broken else None)

    async def _spoken(self, request: Request) -> tuple[str, speech.Spoken]:
        with self.slots.take(self.key) as room:
            if not room:
                raise _named("too_many")
            text, speed = _checked(await _given(request))
            output_format = request.query_params.get("output_format", "mp3_44100_128")
            if output_format not in speech.FORMATS:
                raise Invalid("output_format", "not one of the formats")
            voice = self._voice(request)
            if self.used + len(text) > self.credits:
                raise _named("quota")
            sound = await asyncio.to_thread(speech.spoken, text, voice.id, output_format, speed)
            self.used += len(text)
            self.bench.ledger.book(self.name, self.key, "speech", PRICE * len(text) / 1000, voice.id)
            return text, sound


def _checked(given: Mapping[str, Any]) -> tuple[str, float]:
    text, model = given.get("text"), given.get("model_id") or "eleven_multilingual_v2"
    if not isinstance(text, str) or not text.strip():
        raise Invalid("text", "field required")
    if model not in speech.MODELS:
        raise No(400, "model_not_found", f"A model with the id {model} does not exist.")
    if len(text) > speech.MODELS[model]:
        raise No(400, "max_character_limit_exceeded", "The text is too long for this model.")
    if given.get("language_code") and not (model.endswith("_v2_5") or model == "eleven_v3"):
        raise No(400, "unsupported_language", f"Model {model} does not take a language code.")
    seed = given.get("seed")
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed <= 4294967295):
        raise Invalid("seed", "out of range")
    for name in ("pronunciation_dictionary_locators", "previous_request_ids", "next_request_ids"):
        if len(given.get(name) or []) > 3:
            raise Invalid(name, "at most 3")
    speed = (given.get("voice_settings") or {}).get("speed") or 1.0
    if not isinstance(speed, int | float) or not 0.7 <= speed <= 1.2:
        raise No(400, "invalid_voice_settings", "speed must be between 0.7 and 1.2")
    return text, float(speed)


def _measured(contents: Sequence[bytes]) -> float:
    try:
        return sum(map(seconds_of, contents))
    except Unreadable as error:
        raise No(400, "invalid_audio", "A sample is no audio that can be read.") from error


def _labels(given: object) -> dict[str, Any]:
    if given in (None, "", "null"):
        return {}
    try:
        labels = json.loads(str(given))
    except ValueError as error:
        raise Invalid("labels", "not JSON") from error
    if not isinstance(labels, dict):
        raise Invalid("labels", "not an object")
    return labels


def _whole(given: str | None, otherwise: int, most: int = 10**9) -> int:
    return min(int(given), most) if given and given.isascii() and given.isdecimal() else otherwise


async def _given(request: Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Invalid("body", "not an object")
    return given


EMULATOR = ElevenLabs
