"""MiniMax: voice cloning and speech, with the life cycle of a clone and the bill."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.emulators import _minimax_says as says
from persona_graph_sandbox.emulators import _minimax_speech as speech
from persona_graph_sandbox.emulators import _minimax_stream as stream
from persona_graph_sandbox.emulators import _minimax_tasks as tasks
from persona_graph_sandbox.emulators._minimax_says import No, yes
from persona_graph_sandbox.emulators._minimax_shelf import Shelf
from persona_graph_sandbox.emulators._minimax_voices import Voices, check_clone
from persona_graph_sandbox.faults import Fault
from persona_graph_sandbox.limits import RateLimit
from persona_graph_sandbox.media import speech as sound_of

VOICE_FEE = Decimal("1.50")
LINK_SECONDS, RESULT_SECONDS = 24 * 3600.0, 9 * 3600.0
_SILENT = ("data_null", "audio_empty")
_SPOILT = (*_SILENT, "audio_odd", "audio_base64")
_ENDS = {"task_expired": "expired", "task_failed": "failed"}

Answering = Callable[[Request], Awaitable[Response]]


class MiniMax(Emulator):
    """``verified`` is the account's; a key that ends in ``-other-region`` belongs to the other platform."""

    name = "minimax"
    faults: ClassVar[Sequence[Fault]] = (
        *says.ANYWHERE,
        Fault("not_verified", "cloning answers 2038", by_dice=False),
        Fault("sensitive_object", "a clone's reply holds input_sensitive as an object"),
        Fault("demo_gone", "a clone's demo_audio is a link to nothing"),
        Fault("data_null", "speech succeeds with data null, and is not billed"),
        Fault("audio_empty", "speech succeeds with empty audio, and is not billed"),
        Fault("audio_odd", "speech succeeds with half a byte too little, and is billed"),
        Fault("audio_base64", "speech succeeds with base64 instead of hex, and is billed"),
        Fault("voice_lost", "the voice was deleted at MiniMax just before this", by_dice=False),
        Fault("stream_error", "an error event after three good ones"),
        Fault("stream_cut", "the stream ends in the middle of a line"),
        Fault("task_expired", "a task whose result expired", by_dice=False),
        Fault("task_failed", "a task that fails", by_dice=False),
        Fault("plain_result", "a task's result is the audio itself, not a tar"),
        Fault("broken_tar", "a task's result is cut"),
        Fault("content_gone", "retrieve_content says 404; the download link works"),
    )

    def reset(self) -> None:
        clock = self.bench.clock
        self.verified = True
        self.shelf, self.voices, self.tasks = Shelf(clock), Voices(clock), tasks.Tasks()
        self.results: dict[int, Callable[[], bytes]] = {}
        self.limits = {"/v1/t2a_v2": RateLimit(clock, 60), "/v1/voice_clone": RateLimit(clock, 60)}
        self.limits["/v1/query/t2a_async_query_v2"] = RateLimit(clock, 10, 1.0)

    def app(self) -> Starlette:
        # Neither a wrong path nor a wrong method gets JSON.
        handlers: Any = {404: says.page_not_found, 405: says.page_not_found}
        return Starlette(routes=list(self.routes()), exception_handlers=handlers)

    def routes(self) -> Sequence[BaseRoute]:
        asked = {
            "/v1/files/upload": self.upload, "/v1/files/delete": self.delete_file,
            "/v1/voice_clone": self.clone, "/v1/t2a_v2": self.speak, "/v1/t2a_async_v2": self.begin_task,
            "/v1/get_voice": self.list_voices, "/v1/delete_voice": self.delete_voice,
        }  # fmt: skip
        looked = {
            "/v1/files/retrieve": self.retrieve, "/v1/files/retrieve_content": self.content,
            "/v1/files/list": self.list_files, "/v1/query/t2a_async_query_v2": self.look,
        }  # fmt: skip
        return [
            *(Route(path, self._guarded(answer), methods=["POST"]) for path, answer in asked.items()),
            *(Route(path, self._guarded(answer), methods=["GET"]) for path, answer in looked.items()),
        ]

    def _guarded(self, answer: Answering) -> Answering:
        async def endpoint(request: Request) -> Response:
            fault = self.take(request, *(each.name for each in says.ANYWHERE))
            if fault is not None and fault.fault != "no_base_resp":
                return says.injected(fault.fault, fault.options)
            try:
                self._admit(request)
                reply = await answer(request)
            except No as refusal:
                return says.no(refusal)
            return says.without_base(reply) if fault is not None else reply

        return endpoint

    def _admit(self, request: Request) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key != self.key:
            raise No(1004, "login fail: the API key does not belong to this platform")
        limit = self.limits.get(request.url.path)
        if limit is not None and limit.admit(key):
            raise No(1002)

    # Files.

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            part = form.get("file")
            if not isinstance(part, UploadFile) or not part.filename:
                raise No(2013, "invalid params, file")
            held = self.shelf.upload(form.get("purpose"), part.filename, await part.read())
        return yes({"file": held.described()})

    async def delete_file(self, request: Request) -> Response:
        given = await _given(request)
        held = self.shelf.delete(given.get("file_id"), given.get("purpose"))
        return yes({"file_id": held.id})

    async def list_files(self, request: Request) -> Response:
        purpose = request.query_params.get("purpose", "")
        return yes({"files": [h.described() for h in self.shelf.held.values() if h.purpose == purpose]})

    async def retrieve(self, request: Request) -> Response:
        held = self.shelf.asked(request.query_params)
        content = await self._content_of(held.id)
        link = self.bench.files.put(content, "application/octet-stream", RESULT_SECONDS)
        return yes({"file": {**held.described(), "download_url": link}})

    async def content(self, request: Request) -> Response:
        if self.take(request, "content_gone"):
            return says.page_not_found(request, Exception())
        held = self.shelf.asked(request.query_params)
        return Response(await self._content_of(held.id), media_type="application/octet-stream")

    async def _content_of(self, file_id: int) -> bytes:
        made = self.results.get(file_id)
        return self.shelf.held[file_id].content if made is None else await asyncio.to_thread(made)

    # Voices.

    async def clone(self, request: Request) -> Response:
        given = await _given(request)
        if not self.verified or self.take(request, "not_verified"):
            raise No(2038)
        voice_id = await asyncio.to_thread(check_clone, given, self.shelf, speech.MODELS)
        self.voices.add(voice_id)
        reply: dict[str, Any] = {"input_sensitive": False, "input_sensitive_type": 0, "demo_audio": ""}
        if self.take(request, "sensitive_object"):
            reply |= {"input_sensitive": {"type": 0}}
        if text := given.get("text"):
            reply |= await self._preview(request, text, str(given["model"]), voice_id)
        return yes(reply)

    async def _preview(self, request: Request, text: str, model: str, voice_id: str) -> dict[str, Any]:
        made = await asyncio.to_thread(sound_of, text, "wav", voice=voice_id, rate=32000)
        characters = speech.billed(text)
        self._book("preview", speech.price(model, characters), voice_id)
        link = self.bench.files.put(made.content, made.content_type, LINK_SECONDS, ".wav")
        if self.take(request, "demo_gone"):
            self.bench.files.drop(link)
        return {
            "demo_audio": link,
            "extra_info": {
                "audio_length": round(made.seconds * 1000), "audio_sample_rate": made.rate,
                "audio_size": len(made.content), "bitrate": 128000, "word_count": len(text),
                "usage_characters": characters,
            },
        }  # fmt: skip

    async def list_voices(self, request: Request) -> Response:
        return yes(self.voices.listed((await _given(request)).get("voice_type")))

    async def delete_voice(self, request: Request) -> Response:
        given = await _given(request)
        if given.get("voice_type") not in ("voice_cloning", "voice_generation"):
            raise No(2013, "invalid params, voice_type")
        self.voices.delete(given.get("voice_id"))
        today = self.bench.clock.now().date().isoformat()
        return yes({"voice_id": given["voice_id"], "created_time": today})

    # Speech.

    async def speak(self, request: Request) -> Response:
        given = await _given(request)
        wanted, streamed = _at_once(given)
        spoilt = self.take(request, *_SPOILT)
        self._lose(request, wanted.voice_id)
        self.voices.speaks(wanted.voice_id)
        content, seconds = await asyncio.to_thread(speech.spoken, wanted)
        extra = speech.extra(wanted, content, seconds)
        if spoilt is not None and spoilt.fault in _SILENT:
            return yes({"data": _spoilt(spoilt.fault, content), "extra_info": extra})
        self._use(wanted, "t2a")
        if spoilt is not None:
            return yes({"data": _spoilt(spoilt.fault, content), "extra_info": extra})
        if streamed:
            return self._streamed(request, given, content, extra)
        audio = content.hex()
        if given.get("output_format") == "url":
            audio = self.bench.files.put(content, "audio/mpeg", LINK_SECONDS, f".{wanted.form}")
        return yes({"data": {"audio": audio, "status": 2, "ced": ""}, "extra_info": extra})

    def _streamed(
        self, request: Request, given: Mapping[str, Any], content: bytes, extra: dict[str, Any]
    ) -> Response:
        options = given.get("stream_options") or {}
        fault = self.take(request, "stream_error", "stream_cut")
        lines = stream.events(
            content, extra, whole_again=not options.get("exclude_aggregated_audio", False),
            fault=fault.fault if fault else "",
        )  # fmt: skip
        return StreamingResponse(stream.in_packets(lines), media_type="text/event-stream")

    def _lose(self, request: Request, voice_id: str) -> None:
        if self.take(request, "voice_lost"):
            self.voices.delete(voice_id)

    def _use(self, wanted: speech.Wanted, kind: str) -> None:
        """Bills the characters and, the first time, the clone."""
        clone = self.voices.speaks(wanted.voice_id)
        self._book(kind, wanted.price, wanted.voice_id)
        if clone is not None and not clone.used:
            clone.used = True
            self._book("clone", VOICE_FEE, wanted.voice_id)

    def _book(self, kind: str, amount: Decimal, reference: str) -> None:
        self.bench.ledger.book(self.name, self.key, kind, amount, reference)

    # Long speech.

    async def begin_task(self, request: Request) -> Response:
        wanted = tasks.wanted(await _given(request), self.shelf)
        self._lose(request, wanted.voice_id)
        self._use(wanted, "t2a_async")
        held = self.shelf.keep("result", "t2a_async", b"")
        fault = self.take(request, *_ENDS, "plain_result", "broken_tar")
        end = _ENDS.get(fault.fault, "success") if fault else "success"
        task = self.tasks.add(held, end)
        self.results[held.id] = lambda: _result(wanted, task.id, fault.fault if fault else "")
        return yes(
            {
                "task_id": str(task.id), "task_token": f"token-{task.id}", "file_id": held.id,
                "usage_characters": wanted.characters,
            }
        )  # fmt: skip

    async def look(self, request: Request) -> Response:
        task = self.tasks.asked(request.query_params)
        return yes({"task_id": task.id, "status": task.status(), "file_id": task.file_id})


def _result(wanted: speech.Wanted, number: int, fault: str) -> bytes:
    content, seconds = speech.spoken(wanted)
    if fault == "plain_result":
        return content
    archive = tasks.packed(wanted.text, content, seconds, number)
    return archive[: len(archive) // 3] if fault == "broken_tar" else archive


def _at_once(given: Mapping[str, Any]) -> tuple[speech.Wanted, bool]:
    text, streamed = given.get("text"), given.get("stream", False)
    if isinstance(text, str) and len(text) >= 10_000:
        raise No(2013, "invalid params, text too long")
    wanted = speech.checked(given, text)
    if given.get("output_format", "hex") not in ("hex", "url") or not isinstance(streamed, bool):
        raise No(2013, "invalid params, output_format")
    if streamed and (wanted.form == "wav" or given.get("output_format") == "url"):
        raise No(2013, "invalid params, stream")
    return wanted, streamed


def _spoilt(fault: str, content: bytes) -> dict[str, Any] | None:
    audio = {
        "audio_empty": "", "audio_odd": content.hex()[:-1], "audio_base64": base64.b64encode(content).decode(),
    }  # fmt: skip
    return {"audio": audio[fault], "status": 2} if fault in audio else None


async def _given(request: Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise No(2013, "invalid params, body")
    return given


EMULATOR = MiniMax
