"""How requests travel: one POST each, tried again where that cannot do anything twice; streams that resume."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter

from persona_graph_client.errors import Refused, RequestFailed
from persona_graph_client.generated.documents import PAID, document
from persona_graph_client.generated.shapes import Problem
from persona_graph_client.words import Input

T = TypeVar("T")
TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
# The server sends something every 15 s; a stream that is silent for longer than this is dead.
SILENCE_SECONDS = 60.0
PASSING = {429, 502, 503, 504}


class Wire:
    """``http`` may be given, for example with a transport of one's own; it is closed with the client all the same."""

    def __init__(self, url: str, token: str, *, http: httpx.AsyncClient | None = None) -> None:
        self.http = http or httpx.AsyncClient(timeout=60)
        self._endpoint = url.rstrip("/").removesuffix("/graphql") + "/graphql"
        self._headers = {"authorization": f"Bearer {token}"}

    # What generated operations call.

    async def _one(self, name: str, variables: dict[str, Any], path: tuple[str, ...], kind: type[T]) -> T:
        return TypeAdapter(kind).validate_python(await self._read(name, variables, path))

    async def _maybe(
        self, name: str, variables: dict[str, Any], path: tuple[str, ...], kind: type[T]
    ) -> T | None:
        found = await self._read(name, variables, path)
        # A node of another type answers none of the fields.
        return None if found is None or found == {} else TypeAdapter(kind).validate_python(found)

    async def _all(
        self, name: str, variables: dict[str, Any], path: tuple[str, ...], kind: type[T]
    ) -> list[T]:
        return TypeAdapter(list[kind]).validate_python(await self._read(name, variables, path))  # type: ignore[valid-type]

    async def _change(
        self, name: str, input: Input, path: tuple[str, ...], kind: type[T], *, dry_run: bool = False
    ) -> T:
        sent = input.sent()
        if dry_run:
            sent["dryRun"] = True
        elif name in PAID and sent.get("idempotencyKey") is None:
            # So that a request whose answer was lost can be sent again without paying twice.
            sent["idempotencyKey"] = str(uuid.uuid4())
        answer = await self._ask(name, {"input": sent}, safe=name in PAID)
        problems = answer[name]["errors"]
        if problems:
            raise Refused([Problem.model_validate(problem) for problem in problems])
        return TypeAdapter(kind).validate_python(_at(answer, path))

    async def _stream(
        self, name: str, variables: dict[str, Any], path: tuple[str, ...], kind: type[T]
    ) -> AsyncIterator[T]:
        """Events, each once. A connection that breaks is opened again behind the last cursor."""
        adapter, tries = TypeAdapter(kind), 0
        while True:
            try:
                async for event in self._events(name, variables):
                    told = _at(event, path)
                    variables, tries = {**variables, "after": told["cursor"]}, 0
                    yield adapter.validate_python(told)
                return
            except (httpx.TransportError, _Passing) as trouble:
                tries += 1
                await _rest(tries, trouble)

    # What lies below.

    async def _read(self, name: str, variables: dict[str, Any], path: tuple[str, ...]) -> Any:
        return _at(await self._ask(name, variables, safe=True), path)

    async def _ask(self, name: str, variables: dict[str, Any], *, safe: bool) -> dict[str, Any]:
        """``safe``: sending it twice does what sending it once does."""
        tries = 0
        while True:
            try:
                return await self._post(name, variables)
            except (httpx.TransportError, _Passing) as trouble:
                tries += 1
                await _rest(tries if safe or _unheard(trouble) else TRIES, trouble)

    async def _post(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = {"query": document(name), "operationName": name, "variables": variables}
        headers = {**self._headers, "accept": "application/graphql-response+json, application/json;q=0.9"}
        answer = await self.http.post(self._endpoint, json=body, headers=headers)
        if answer.status_code in PASSING:
            raise _Passing(answer)
        return _told(answer.content, answer.status_code)

    async def _events(self, name: str, variables: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        body = {"query": document(name), "operationName": name, "variables": variables}
        headers = {**self._headers, "accept": "text/event-stream"}
        patience = httpx.Timeout(60, read=SILENCE_SECONDS)
        async with self.http.stream(
            "POST", self._endpoint, json=body, headers=headers, timeout=patience
        ) as answer:
            if answer.status_code in PASSING:
                await answer.aread()
                raise _Passing(answer)
            if answer.status_code != 200:
                _told(await answer.aread(), answer.status_code)
            kind = ""
            async for line in answer.aiter_lines():
                field, _, value = line.partition(":")
                if field == "event":
                    kind = value.strip()
                    if kind == "complete":
                        return
                elif field == "data" and kind == "next":
                    yield _told(value.encode(), 200)
        raise httpx.RemoteProtocolError("The stream broke off.")


class _Passing(Exception):
    """The server cannot now, and perhaps soon."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        wait = answer.headers.get("retry-after", "")
        self.wait = float(wait) if wait.isdigit() else 0.0
        self.answer = answer


def _unheard(trouble: Exception) -> bool:
    """Whether the request was surely not carried out."""
    told_to_wait = isinstance(trouble, _Passing) and trouble.answer.status_code == 429
    return told_to_wait or isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


async def _rest(tries: int, trouble: Exception) -> None:
    """Before the next try; raises what the caller should know when there is none."""
    if tries >= TRIES:
        if isinstance(trouble, _Passing):
            _told(trouble.answer.content, trouble.answer.status_code)
        raise RequestFailed(
            "UNREACHABLE", f"The server was not reached: {type(trouble).__name__}.", status=0
        ) from trouble
    asked = trouble.wait if isinstance(trouble, _Passing) else 0.0
    await asyncio.sleep(min(max(asked, FIRST_PAUSE * 2 ** (tries - 1)), LONGEST_PAUSE))


def _told(body: bytes, status: int) -> dict[str, Any]:
    """The answer's data, or what is wrong."""
    try:
        answer = json.loads(body)
        errors, found = answer.get("errors"), answer.get("data")
    except (ValueError, AttributeError) as error:
        raise RequestFailed(
            "UNREADABLE", f"HTTP {status} without a GraphQL answer.", status=status
        ) from error
    if errors or not isinstance(found, dict):
        first = (errors or [{}])[0]
        more = first.get("extensions") or {}
        raise RequestFailed(
            str(more.get("code", "UNKNOWN")), str(first.get("message", f"HTTP {status}")), more.get("fix"),
            status=status,
        )  # fmt: skip
    return found


def _at(answer: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if answer is None:
            return None
        answer = answer[name]
    return answer
