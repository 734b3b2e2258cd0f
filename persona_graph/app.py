"""The API edge: one Starlette application over one runtime."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import BaseRoute, Route

from persona_graph import migrations
from persona_graph.graphql.context import Context
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.schema import schema
from persona_graph.graphql.transport import Edge, Server, uvicorn_options
from persona_graph.http_hooks import Hooks
from persona_graph.http_media import media_routes
from persona_graph.runtime import Runtime
from persona_graph.settings import Settings


def create_app(settings: Settings) -> Starlette:
    """The application; what it needs is opened at its start-up and closed at its shut-down."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with _noted_fault(app), Runtime.open(settings) as runtime:
            edge = app.state.edge = Edge(
                schema, lambda viewer: Context(runtime, viewer), runtime.viewers.authenticate, settings
            )
            app.router.routes.extend(_routes(runtime, edge))
            await runtime.feed.start()
            try:
                yield {"runtime": runtime}
            finally:
                await edge.close()
                await runtime.feed.stop()

    app = Starlette(lifespan=lifespan, middleware=[_cors(settings)])
    # A path that is not ours is 404, never a redirect to something like it.
    app.router.redirect_slashes = False
    return app


def serve(settings: Settings, *, fd: int | None = None) -> None:
    """Run the API until SIGTERM; streams end first, each in its protocol's own words.

    No access log: request lines hold signed links.
    """
    app = create_app(settings)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, fd=fd, log_config=None, access_log=False,
        lifespan="on", **uvicorn_options(settings),
    )  # fmt: skip
    with contextlib.suppress(SystemExit):
        Server(config, lambda: app.state.edge.close()).run()
    if app.state.fault is not None:
        raise app.state.fault


@contextlib.asynccontextmanager
async def _noted_fault(app: Starlette) -> AsyncIterator[None]:
    """The server only logs what fails at start or stop, and then ends as if all were well."""
    app.state.fault = None
    try:
        yield
    except Exception as fault:
        app.state.fault = fault
        raise


def _routes(runtime: Runtime, edge: Edge) -> list[BaseRoute]:
    return [
        Route("/", _home, methods=["GET"]),
        Route("/healthz", _alive, methods=["GET"]),
        Route("/readyz", _ready, methods=["GET"]),
        *edge.routes,
        *Hooks(runtime.jobs).routes,
        *media_routes(runtime.media, runtime.settings, public_id=lambda id: global_id("Asset", id)),
    ]


def _cors(settings: Settings) -> Middleware:
    own = urlsplit(settings.base_url)
    return Middleware(
        CORSMiddleware,
        allow_origins=[f"{own.scheme}://{own.netloc}", *settings.allowed_origins],
        allow_methods=["GET", "HEAD", "POST", "PUT", "OPTIONS"],
        allow_headers=["authorization", "content-type", "range", "last-event-id"],
        expose_headers=["content-range", "accept-ranges", "content-length", "etag"],
        max_age=600,
    )


async def _home(request: Request) -> RedirectResponse:
    return RedirectResponse("/graphql")


async def _alive(request: Request) -> JSONResponse:
    """The process serves requests; says nothing about what it depends on."""
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> JSONResponse:
    """Whether the database, Redis and the store answer; 503 while the database does not."""
    runtime: Runtime = request.state.runtime
    parts = {
        "database": await _part(_database(runtime)),
        "redis": await _part(runtime.jobs.doorbell.redis.ping()),
        "storage": await _part(runtime.media.check()),
    }
    # Without Redis submissions still commit; workers and live progress wait for it.
    ok = parts["database"] == "ok" and parts["storage"] == "ok"
    return JSONResponse({"status": "ok" if ok else "down", "parts": parts}, status_code=200 if ok else 503)


async def _database(runtime: Runtime) -> None:
    async with runtime.db.reading() as session:
        await session.execute(text("SELECT 1"))
    if await migrations.current(runtime.db) != migrations.head():
        raise RuntimeError("the database needs `persona-graph migrate`")


async def _part(check: Any) -> str:
    try:
        await check
    except Exception as fault:
        return f"{type(fault).__name__}"
    return "ok"
