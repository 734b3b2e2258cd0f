"""A small GraphQL client, the way a front end would have one: HTTP, uploads, and streams that can be left
and resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self, cast

import httpx
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLSchema, build_schema
from websockets.asyncio.client import connect

ROOT = Path(__file__).parents[1]

ERRORS = """errors {
  __typename code message path fix
  ... on WrongStateError { state }
  ... on TierError { tier requiredTier }
  ... on ConsentError { scope }
  ... on MediaError { assetId }
  ... on SpendError { needed { amount } left { amount } }
  ... on NoProviderError { refusals }
  ... on QuotaError { limit }
}"""
EVENTS = """subscription Follow($id: ID!, $after: String) {
  jobEvents(jobId: $id, after: $after) {
    cursor sequence kind at terminal jobId state stage message provider leg
    progress { fraction source } failure { code message fix }
  }
}"""
TERMINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Answered(AssertionError):
    """The server answered with GraphQL errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors, indent=1))
        self.errors = errors

    @property
    def code(self) -> str:
        return str(self.errors[0]["extensions"]["code"])


@cache
def published() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def input_type(mutation: str) -> GraphQLInputObjectType:
    roots = published().mutation_type
    assert roots is not None
    wrapped = roots.fields[mutation].args["input"].type
    return cast(GraphQLInputObjectType, cast("GraphQLNonNull[Any]", wrapped).of_type)


class Client:
    """``http`` speaks to a running server, or to an application in this process."""

    def __init__(self, http: httpx.AsyncClient, token: str | None) -> None:
        self.http = http
        self.token = token

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str, token: str | None) -> AsyncIterator[Self]:
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
            yield cls(http, token)

    def as_(self, token: str | None) -> Client:
        return Client(self.http, token)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(self, document: str, **variables: Any) -> httpx.Response:
        body = {"query": document, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=self.headers)

    async def ask(self, document: str, **variables: Any) -> Any:
        """The answer's data; ``Answered`` if there are errors."""
        body = (await self.post(document, **variables)).json()
        if body.get("errors"):
            raise Answered(body["errors"])
        return body["data"]

    async def node(self, id: str | None, fields: str) -> Any:
        """The node; ``fields`` such as ``... on Voice { name }``."""
        return (await self.ask(f"query($id: ID!) {{ node(id: $id) {{ id {fields} }} }}", id=id))["node"]

    async def payload(self, mutation: str, select: str, input: dict[str, Any]) -> Any:
        document = (
            f"mutation($input: {input_type(mutation).name}!) "
            f"{{ {mutation}(input: $input) {{ {select} {ERRORS} }} }}"
        )
        return (await self.ask(document, input=input))[mutation]

    async def change(self, mutation: str, select: str, **input: Any) -> Any:
        """A mutation that works."""
        payload = await self.payload(mutation, select, input)
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def refused(self, mutation: str, **input: Any) -> list[dict[str, Any]]:
        """A mutation that is refused: its errors. Nothing else may be in the payload."""
        roots = published().mutation_type
        assert roots is not None
        fields = cast(Any, roots.fields[mutation].type).of_type.fields
        leaves = " ".join(
            _selected(name, cast(Any, field.type)) for name, field in fields.items() if name != "errors"
        )
        payload = await self.payload(mutation, leaves, input)
        errors: list[dict[str, Any]] = payload.pop("errors")
        assert errors, f"{mutation} was not refused: {payload}"
        assert set(payload.values()) == {None}, payload
        return errors

    async def refusal(self, mutation: str, **input: Any) -> dict[str, Any]:
        """The one error of a refused mutation."""
        [error] = await self.refused(mutation, **input)
        return error

    async def announce(self, body: bytes, purpose: str, name: str, size: int | None = None) -> Any:
        return await self.change(
            "createUpload", "asset { id state } upload { url method maxBytes expiresAt }", purpose=purpose,
            fileName=name, contentType="application/octet-stream", size=len(body) if size is None else size,
        )  # fmt: skip

    async def put(self, url: str, body: bytes) -> httpx.Response:
        return await self.http.put(url, content=body)

    async def upload(self, body: bytes | Path, purpose: str, name: str = "") -> str:
        """An upload that works; answers the asset's id."""
        name, body = (name or body.name, body.read_bytes()) if isinstance(body, Path) else (name, body)
        made = await self.announce(body, purpose, name)
        answer = await self.put(made["upload"]["url"], body)
        assert answer.status_code == 201, answer.text
        return str(made["asset"]["id"])

    async def get(self, url: str, **headers: str) -> httpx.Response:
        """A media link, fetched as a player would: without a token."""
        return await self.http.get(url, headers=headers)

    async def events(
        self, job_id: str, after: str | None = None, most: int | None = None
    ) -> list[dict[str, Any]]:
        """Over a WebSocket: the events after a cursor to the end, or the first ``most`` of them."""
        seen: list[dict[str, Any]] = []
        address = str(self.http.base_url).rstrip("/").replace("http", "ws", 1) + "/graphql"
        async with (
            asyncio.timeout(120),
            connect(address, subprotocols=cast(Any, ["graphql-transport-ws"]), proxy=None) as socket,
        ):
            await socket.send(json.dumps({"type": "connection_init", "payload": self.headers}))
            operation = {"query": EVENTS, "variables": {"id": job_id, "after": after}}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": operation}))
            async for frame in socket:
                message = json.loads(frame)
                if message["type"] == "error":
                    raise Answered(message["payload"])
                if message["type"] == "complete":
                    return seen
                if message["type"] == "next":
                    if message["payload"].get("errors"):
                        raise Answered(message["payload"]["errors"])
                    seen.append(message["payload"]["data"]["jobEvents"])
                if most is not None and len(seen) == most:
                    return seen
        raise AssertionError("the socket closed before the stream was complete")

    async def sse(
        self, job_id: str, after: str | None = None, most: int | None = None
    ) -> list[dict[str, Any]]:
        """The same over server-sent events, resumed as a browser does it: by ``Last-Event-ID``."""
        seen: list[dict[str, Any]] = []
        headers = {**self.headers, "accept": "text/event-stream"}
        headers |= {"last-event-id": after} if after else {}
        body = {"query": EVENTS, "variables": {"id": job_id}}
        async with (
            asyncio.timeout(120),
            self.http.stream("POST", "/graphql", json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            kind = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                    if kind == "complete":
                        return seen
                elif name == "data" and kind == "next":
                    told = json.loads(value)
                    if told.get("errors"):
                        raise Answered(told["errors"])
                    seen.append(told["data"]["jobEvents"])
                if most is not None and len(seen) == most:
                    return seen
        raise AssertionError("the stream ended before it was complete")

    async def end_of(self, job_id: str) -> dict[str, Any]:
        """The job's terminal event."""
        last = (await self.events(job_id))[-1]
        assert last["terminal"] and last["state"] in TERMINAL, last
        return last

    async def succeeded(self, job_id: str) -> dict[str, Any]:
        last = await self.end_of(job_id)
        assert last["state"] == "SUCCEEDED", last
        return last


def _selected(name: str, kind: Any) -> str:
    """The field, with the least that can be selected below it."""
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    return f"{name} {{ __typename }}" if hasattr(kind, "fields") else name
