"""A server that speaks the OpenAI protocol: chat completions, speech, the list of models."""

from __future__ import annotations

import asyncio
import math
import re
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from persona_graph_sandbox import media
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.emulators._openai_writer import write
from persona_graph_sandbox.faults import Fault, Injection
from persona_graph_sandbox.limits import RateLimit

WRITER, SPEAKERS = "sandbox-writer", ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
VOICES = [
    "alloy",
    "ash",
    "ballad",
    "coral",
    "echo",
    "fable",
    "onyx",
    "nova",
    "sage",
    "shimmer",
    "verse",
    "marin",
    "cedar",
]
FORMATS = {"mp3": "mp3", "opus": "opus", "aac": "aac", "flac": "flac", "wav": "wav", "pcm": "pcm"}
LONGEST_INPUT = 4096
# USD for 1,000 characters; figures of the sandbox, not anybody's price list.
TEXT_PRICE, SPEECH_PRICE = Decimal("0.010"), Decimal("0.015")

_REFUSALS: Mapping[str, tuple[int, str, str, str | None, str]] = {
    # status, message, type, code, what it is in words
    "bad_key": (401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key", "the key is refused"),
    "forbidden": (403, "Country, region, or territory not supported.", "request_forbidden", "unsupported_country_region_territory", "the caller is refused"),
    "model_not_found": (404, "The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found", "the model is unknown"),
    "bad_request": (400, "Invalid value for one of the fields.", "invalid_request_error", None, "the order is not valid"),
    "content_policy": (400, "Your request was rejected as a result of our safety system.", "invalid_request_error", "content_policy_violation", "the content is refused"),
    "too_long": (400, "This model's maximum context length was exceeded.", "invalid_request_error", "context_length_exceeded", "the text is too long for the model"),
    "conflict": (409, "The request conflicts with another one.", "invalid_request_error", None, "a lock was not to be had"),
    "request_timeout": (408, "The request took too long to arrive.", "invalid_request_error", None, "the request arrived too slowly"),
    "rate_limit": (429, "Rate limit reached for requests per minute.", "requests", "rate_limit_exceeded", "too many requests, with retry-after-ms"),
    "quota": (429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota", "the account has no money left"),
    "server_error": (500, "The server had an error while processing your request.", "server_error", None, "an internal error"),
    "overloaded": (503, "The engine is currently overloaded, please try again later.", "server_error", None, "overloaded"),
}  # fmt: skip
_ODD = (
    Fault("error_in_200", "HTTP 200 with an error object, as some proxies answer"),
    Fault("plain_error", "HTTP 400 in plain text"),
    Fault("detail_error", "HTTP 422 in the form of FastAPI"),
    Fault("no_choices", "chat: a completion without choices"),
    Fault("null_content", "chat: a message without content"),
    Fault("refusal", "chat: the model declines"),
    Fault("filtered", "chat: stopped by the content filter"),
    Fault("cut", "chat: the text breaks off at the token limit"),
    Fault("overlong", "chat: the text is longer than was asked for"),
    Fault("thinking", "chat: the model's thoughts stand before the text"),
    Fault("parts", "chat: the content is a list of parts"),
    Fault("wrong_type", "speech: audio under a wrong content type"),
    Fault("empty_audio", "speech: HTTP 200 without a byte"),
)


class OpenAiServer(Emulator):
    name = "openai"
    faults = (*(Fault(name, row[4]) for name, row in _REFUSALS.items()), *_ODD)

    def reset(self) -> None:
        self.pace = RateLimit(self.bench.clock, calls=500)

    def settings(self) -> dict[str, str]:
        text = {
            "BASE_URL": f"{self.url}/v1",
            "API_KEY": self.key,
            "MODEL": WRITER,
            "COST_PER_1000_CHARS": str(TEXT_PRICE),
        }
        speech = {**text, "MODEL": "gpt-4o-mini-tts", "COST_PER_1000_CHARS": str(SPEECH_PRICE)}
        return {f"TEXT_{key}": text[key] for key in text} | {f"SPEECH_{key}": speech[key] for key in speech}

    def routes(self) -> list[Route]:
        return [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/audio/speech", self._speech, methods=["POST"]),
            Route("/v1/models", self._models),
        ]

    # What all calls have in common.

    def _before(self, request: Request, *odd: str) -> Response | Injection | None:
        """What ends the call before it is looked at, or one of the ``odd`` faults of this call."""
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self._refused("bad_key")
        if (wait := self.pace.admit(self.key)) > 0:
            return self._refused("rate_limit", wait)
        fault = self.take(request, *_REFUSALS, "error_in_200", "plain_error", "detail_error", *odd)
        match fault.fault if fault is not None else "":
            case "":
                return None
            case "error_in_200":
                return JSONResponse(_error("The upstream server failed.", "server_error", None))
            case "plain_error":
                return PlainTextResponse("Bad Request: the body is not understood", 400)
            case "detail_error":
                return JSONResponse(
                    {"detail": [{"loc": ["body", "input"], "msg": "Field required", "type": "missing"}]}, 422
                )
            case name if name in _REFUSALS:
                return self._refused(name)
        return fault

    def _refused(self, name: str, wait: float = 0.25) -> Response:
        status, message, kind, code, _ = _REFUSALS[name]
        headers = {"x-request-id": f"req_{secrets.token_hex(8)}"}
        if name == "rate_limit":
            headers |= {"retry-after-ms": str(math.ceil(wait * 1000)), "retry-after": str(math.ceil(wait))}
        return JSONResponse(_error(message, kind, code), status, headers)

    def _invalid(self, message: str, parameter: str) -> Response:
        return JSONResponse(_error(message, "invalid_request_error", "invalid_value", parameter), 400)

    async def _models(self, request: Request) -> Response:
        if isinstance(ended := self._before(request), Response):
            return ended
        listed = [
            {"id": name, "object": "model", "created": 1700000000, "owned_by": "sandbox"}
            for name in (WRITER, *SPEAKERS)
        ]
        return JSONResponse({"object": "list", "data": listed})

    # Text.

    async def _chat(self, request: Request) -> Response:
        ended = self._before(
            request,
            "no_choices",
            "null_content",
            "refusal",
            "filtered",
            "cut",
            "overlong",
            "thinking",
            "parts",
        )
        if isinstance(ended, Response):
            return ended
        asked = await _json(request)
        messages = asked.get("messages")
        if (
            not isinstance(messages, list)
            or not messages
            or not all(isinstance(m, dict) and "role" in m for m in messages)
        ):
            return self._invalid("'messages' is a list of messages with a role.", "messages")
        if asked.get("model") != WRITER:
            return self._refused("model_not_found")
        if asked.get("stream"):
            return self._invalid("The sandbox does not stream.", "stream")
        return self._completion(messages, ended.fault if ended else "")

    def _completion(self, messages: list[dict[str, Any]], fault: str) -> Response:
        said = {
            role: " ".join(str(m.get("content", "")) for m in messages if m["role"] == role)
            for role in ("system", "user")
        }
        limit = re.search(r"at most ([\d,]+) characters", f"{said['system']} {said['user']}")
        most = int(limit[1].replace(",", "")) if limit else None
        text = write(said["user"], most)
        reference = f"chatcmpl-{secrets.token_hex(12)}"
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        finish = "stop"
        match fault:
            case "null_content":
                message["content"] = None
            case "refusal":
                message |= {"content": None, "refusal": "I'm sorry, but I can't help with that."}
            case "filtered":
                message["content"], finish = "", "content_filter"
            case "cut":
                message["content"], finish = text[: len(text) * 2 // 3], "length"
            case "overlong":
                message["content"] = " ".join([text] * 4)
            case "thinking":
                message["content"] = f"<think>\nThe brief wants this.\n</think>\n\n{text}"
            case "parts":
                message["content"] = [{"type": "text", "text": text}]
        self.bench.ledger.book(self.name, self.key, "text", TEXT_PRICE * len(text) / 1000, reference)
        tokens = {"prompt_tokens": _tokens("".join(said.values())), "completion_tokens": _tokens(text)}
        choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]
        return JSONResponse(
            {
                "id": reference, "object": "chat.completion", "created": int(self.bench.clock.time()), "model": WRITER,
                "choices": [] if fault == "no_choices" else choices,
                "usage": {**tokens, "total_tokens": sum(tokens.values())},
            }
        )  # fmt: skip

    # Speech.

    async def _speech(self, request: Request) -> Response:
        ended = self._before(request, "wrong_type", "empty_audio")
        if isinstance(ended, Response):
            return ended
        asked = await _json(request)
        if (refused := self._unspeakable(asked)) is not None:
            return refused
        text, form = asked["input"], asked.get("response_format", "mp3")
        sound = await asyncio.to_thread(
            media.speech,
            text,
            FORMATS[form],
            voice=f"openai-{asked['voice']}",
            speed=float(asked.get("speed", 1.0)),
        )
        self.bench.ledger.book(
            self.name, self.key, "speech", SPEECH_PRICE * len(text) / 1000, f"speech-{secrets.token_hex(6)}"
        )
        match ended.fault if ended else "":
            case "empty_audio":
                return Response(b"", media_type=sound.content_type)
            case "wrong_type":
                return Response(sound.content, media_type="text/plain")
        return Response(sound.content, media_type=sound.content_type)

    def _unspeakable(self, asked: Mapping[str, Any]) -> Response | None:
        text, voice, speed = asked.get("input"), asked.get("voice"), asked.get("speed", 1.0)
        if asked.get("model") not in SPEAKERS:
            return self._refused("model_not_found")
        if not isinstance(text, str) or not text.strip():
            return self._invalid("'input' is empty.", "input")
        if len(text) > LONGEST_INPUT:
            return self._invalid(f"String should have at most {LONGEST_INPUT} characters", "input")
        if voice not in VOICES and not (
            isinstance(voice, dict) and str(voice.get("id", "")).startswith("voice_")
        ):
            return self._invalid(f"'voice' should be one of {', '.join(VOICES)}", "voice")
        if asked.get("response_format", "mp3") not in FORMATS:
            return self._invalid(
                f"'response_format' should be one of {', '.join(FORMATS)}", "response_format"
            )
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0.25 <= speed <= 4.0:
            return self._invalid("'speed' should be between 0.25 and 4.0", "speed")
        if asked.get("instructions") and str(asked["model"]).startswith("tts-1"):
            return self._invalid("This model takes no 'instructions'.", "instructions")
        if asked.get("stream_format", "audio") != "audio":
            return self._invalid("The sandbox streams no events.", "stream_format")
        return None


async def _json(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _error(message: str, kind: str, code: str | None, parameter: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": parameter, "code": code}}


def _tokens(text: str) -> int:
    return math.ceil(len(text) / 4)


EMULATOR = OpenAiServer
