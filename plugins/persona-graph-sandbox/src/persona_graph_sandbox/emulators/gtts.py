"""The web endpoint behind Google Translate's loudspeaker button, as its public clients know it."""

from __future__ import annotations

import asyncio
import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from persona_graph_sandbox import media
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.faults import Fault, Injection
from persona_graph_sandbox.limits import RateLimit

PATH = "/_/TranslateWebserverUi/data/batchexecute"
RPC = "jQ1olc"
LONGEST = 100
LANGUAGES = frozenset(
    [
        "af",
        "am",
        "ar",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fi",
        "fr",
        "fr-CA",
        "gl",
        "gu",
        "ha",
        "hi",
        "hr",
        "hu",
        "id",
        "is",
        "it",
        "iw",
        "ja",
        "jw",
        "km",
        "kn",
        "ko",
        "la",
        "lt",
        "lv",
        "ml",
        "mr",
        "ms",
        "my",
        "ne",
        "nl",
        "no",
        "pa",
        "pl",
        "pt",
        "pt-PT",
        "ro",
        "ru",
        "si",
        "sk",
        "sq",
        "sr",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "vi",
        "yue",
        "zh",
        "zh-CN",
        "zh-TW",
    ]
)
_CONSENT = "<!doctype html><html><head><title>Before you continue to Google</title></head><body><form action='/save'></form></body></html>"
_SORRY = "<html><head><title>Sorry...</title></head><body>Our systems have detected unusual traffic from your computer network.</body></html>"


class GoogleTranslate(Emulator):
    """``pace`` blocks a caller who goes over it for a quarter of an hour; the real figures are unknown."""

    name = "gtts"
    faults = (
        Fault("null_payload", "success whose payload is null, as for a language it does not speak"),
        Fault("refused_13", "success whose payload is null with the refusal [13]"),
        Fault("no_rpc_id", "success in which the call's id does not occur"),
        Fault("consent", "HTTP 200 with a page that asks for consent"),
        Fault("sorry", "HTTP 302 to /sorry/index, which answers 429"),
        Fault("forbidden", "HTTP 403"),
        Fault("not_found", "HTTP 404"),
        Fault("too_many", "HTTP 429 with a page"),
        Fault("server_error", "HTTP 500"),
        Fault("bad_base64", "the audio is not base64"),
        Fault("no_mp3", "the audio is base64 of something else"),
        Fault("empty_audio", "the audio is an empty text"),
    )

    def reset(self) -> None:
        self.pace = RateLimit(self.bench.clock, calls=150, seconds=60, sticky=900)

    def settings(self) -> dict[str, str]:
        return {"ENABLED": "yes", "BASE_URL": self.url}

    def routes(self) -> list[Route]:
        return [Route(PATH, self._say, methods=["POST"]), Route("/sorry/index", self._sorry)]

    async def _sorry(self, request: Request) -> Response:
        return HTMLResponse(_SORRY, 429)

    async def _say(self, request: Request) -> Response:
        if self.pace.admit("this address"):
            return RedirectResponse(f"{self.url}/sorry/index?continue={self.url}{PATH}", 302)
        if (fault := self.take(request, *(fault.name for fault in self.faults))) is not None:
            return self._wrong(fault)
        try:
            text, language, slow = _asked(await request.body())
        except (ValueError, TypeError, KeyError, IndexError):
            return PlainTextResponse("Error 400 (Bad Request)", 400)
        if len(text) > LONGEST or language not in LANGUAGES or not text.strip():
            return _framed(None)
        sound = await asyncio.to_thread(
            media.speech, text, "mp3", voice=f"google-{language}", bitrate=32000, speed=0.65 if slow else 1.0
        )
        self.bench.ledger.book(self.name, "", "request", Decimal(0))
        return _framed(base64.b64encode(sound.content).decode())

    def _wrong(self, fault: Injection) -> Response:
        match fault.fault:
            case "null_payload":
                return _framed(None)
            case "refused_13":
                return _framed(None, [13])
            case "no_rpc_id":
                return PlainTextResponse(
                    ")]}'\n\n" + _line([["wrb.fr", "Zz9kQx", '["QUJD"]', None, None, None, "generic"]])
                )
            case "consent":
                return HTMLResponse(_CONSENT)
            case "sorry":
                return RedirectResponse(f"{self.url}/sorry/index?continue=x", 302)
            case "bad_base64":
                return _framed("***not base64***")
            case "no_mp3":
                return _framed(base64.b64encode(b"<svg>not a sound</svg>" * 40).decode())
            case "empty_audio":
                return _framed("")
        status = {"forbidden": 403, "not_found": 404, "too_many": 429, "server_error": 500}[fault.fault]
        return HTMLResponse(f"<html><title>Error {status}</title></html>", status)


def _asked(body: bytes) -> tuple[str, str, bool]:
    """Text, language and whether slowly, out of two levels of JSON."""
    [written] = parse_qs(body.decode("ascii"), strict_parsing=False)["f.req"]
    [[[rpc, parameters, nothing, kind]]] = json.loads(written)
    text, language, slow, null = json.loads(parameters)
    if (rpc, nothing, kind, null) != (RPC, None, "generic", "null") or slow not in (None, True):
        raise ValueError("not the call that is known")
    return text, language, bool(slow)


def _framed(audio: str | None, refusal: list[int] | None = None) -> Response:
    payload = None if audio is None else json.dumps([audio], separators=(",", ":"))
    rows: list[Any] = [
        ["wrb.fr", RPC, payload, None, None, refusal, "generic"],
        ["di", 52],
        ["af.httprm", 51, "-8121538431846210313", 2],
    ]
    line = _line(rows)
    return Response(f")]}}'\n\n{len(line)}\n{line}\n", media_type="application/json; charset=utf-8")


def _line(rows: list[Any]) -> str:
    # The public client looks for the payload with a regular expression that knows no spaces.
    return json.dumps(rows, separators=(",", ":"))


EMULATOR = GoogleTranslate
