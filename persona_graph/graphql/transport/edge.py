"""The transports put together around one schema."""

from __future__ import annotations

import asyncio

import orjson
import strawberry
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from persona_graph.graphql.transport import accept, graphiql
from persona_graph.graphql.transport.budget import Budget
from persona_graph.graphql.transport.documents import Documents
from persona_graph.graphql.transport.engine import Engine, MakeContext, Planner
from persona_graph.graphql.transport.guard import Limits
from persona_graph.graphql.transport.http import Endpoint
from persona_graph.graphql.transport.sse import EventStreams
from persona_graph.graphql.transport.strangers import Strangers
from persona_graph.graphql.transport.streams import Authenticate
from persona_graph.graphql.transport.ws import Sockets
from persona_graph.settings import Settings


class Edge:
    """``routes`` go into the application; ``close`` ends every stream in its protocol's own words and is
    what ``Server`` calls before it stops.

    ``make_context(viewer)`` gives each operation its context value, or an async context manager around it.
    ``authenticate(token)`` raises ``Unauthenticated``.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        make_context: MakeContext,
        authenticate: Authenticate,
        settings: Settings,
        *,
        path: str = "/graphql",
        planner: Planner | None = None,
        limits: Limits | None = None,
    ) -> None:
        documents = Documents(
            schema,
            introspection=settings.introspection,
            limits=limits,
            trusted=_trusted(settings),
            trusted_only=settings.trusted_only,
        )
        budget = Budget(settings.cost_budget, settings.cost_refill)
        engine = Engine(
            schema, documents, make_context, budget, introspection=settings.introspection, planner=planner
        )
        self.streams = EventStreams(engine, authenticate, settings)
        self.strangers = Strangers(settings.wrong_tokens_per_minute)
        self.sockets = Sockets(engine, authenticate, settings, self.strangers)
        self._endpoint = Endpoint(engine, authenticate, settings, self.streams, self.strangers)
        self._path = path
        self._explorer = settings.introspection
        self.routes: list[BaseRoute] = [
            Route(path, endpoint=_App(self._http)),
            WebSocketRoute(path, endpoint=self.sockets),
        ]
        if self._explorer:
            self.routes.append(Route(f"{path}/assets/{{name}}", endpoint=graphiql.Assets()))

    async def close(self) -> None:
        await asyncio.gather(self.sockets.close(), self.streams.close())

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._explorer and scope["method"] == "GET" and not scope["query_string"]:
            wants = accept.accepted(dict(scope["headers"]).get(b"accept", b"").decode("latin-1"))
            if wants.html:
                await graphiql.send_page(send, scope.get("root_path", "") + self._path)
                return
        await self._endpoint(scope, receive, send)


class _App:
    """Starlette takes functions for endpoints of its own kind; anything else is an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def graphql_routes(
    schema: strawberry.Schema,
    make_context: MakeContext,
    authenticate: Authenticate,
    settings: Settings,
    *,
    path: str = "/graphql",
) -> list[BaseRoute]:
    """The routes alone, for an application that ends its streams by being killed."""
    return Edge(schema, make_context, authenticate, settings, path=path).routes


def _trusted(settings: Settings) -> list[str]:
    if settings.trusted_documents is None:
        return []
    named = orjson.loads(settings.trusted_documents.read_bytes())
    if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
        raise ValueError(f"{settings.trusted_documents} is not a JSON object of documents by name")
    return list(named.values())
