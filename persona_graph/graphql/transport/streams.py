"""Subscriptions: each event is shaped and serialised once for all who asked the same of it.

A source event may offer ``memo``, a dict that everyone who gets this event shares, and ``cursor``.
Payloads are kept in the memo under what they depend on: document, operation, variables without the
place to resume at, and who may see what (account and scopes).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson
from graphql import FieldNode, GraphQLError, located_error
from graphql.execution import Executor

from persona_graph.accounts.viewer import Viewer
from persona_graph.db import utcnow
from persona_graph.errors import Unauthenticated
from persona_graph.graphql.transport.documents import Operation
from persona_graph.graphql.transport.engine import Engine
from persona_graph.graphql.transport.faults import Rejected

# Payloads hold signed links and nested live fields, so one is not reused for long.
MEMO_SECONDS = 5.0
# Different shapes of one event kept at a time.
MEMO_SHAPES = 32
RECHECK_SECONDS = 30.0

log = logging.getLogger(__name__)

Authenticate = Callable[[str | None], Awaitable[Viewer]]


class Deliver(Protocol):
    """Takes a payload and its cursor; gives back something to await when the client should be waited for."""

    def __call__(self, payload: bytes, cursor: str | None, /) -> Awaitable[None] | None: ...


async def follow(
    engine: Engine, operation: Operation, variables: dict[str, Any], viewer: Viewer, deliver: Deliver
) -> None:
    """Deliver a subscription's payloads until its source ends; ``Rejected`` when the source fails."""
    async with engine.context(viewer) as context:
        executor, source = await engine.source(operation, variables, context)
        shape = _shape(operation, variables, viewer)
        try:
            while True:
                try:
                    event = await anext(source)
                except StopAsyncIteration:
                    return
                except Exception as error:
                    raise Rejected([_located(error, operation)]) from error
                payload = _remembered(event, shape)
                if payload is None:
                    payload = await _shaped(engine, executor, event, viewer, shape)
                waiting = deliver(payload, getattr(event, "cursor", None))
                if waiting is not None:
                    await waiting
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()


async def vigil(authenticate: Authenticate, token: str | None, viewer: Viewer) -> None:
    """Return once the token no longer stands for this viewer: expired, revoked, or of other rights."""
    while True:
        # Spread, so that thousands of streams do not ask in the same second.
        pause = RECHECK_SECONDS * random.uniform(0.7, 1.0)  # noqa: S311
        ends = viewer.expires_at
        left = (ends - utcnow()).total_seconds() if ends is not None else pause
        await asyncio.sleep(max(0.0, min(pause, left)))
        if ends is not None and ends <= utcnow():
            return
        try:
            now = await authenticate(token)
        except Unauthenticated:
            return
        except Exception as error:
            # A database that is away revokes nobody; the expiry still holds.
            log.warning("a stream's token was not re-checked (%s)", type(error).__name__)
            continue
        if (now.account_id, now.scopes) != (viewer.account_id, viewer.scopes):
            return
        viewer = now


class _Flight:
    """Someone is shaping this payload; the others wait for it."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    async def landed(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def land(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


def _shape(operation: Operation, variables: dict[str, Any], viewer: Viewer) -> str:
    """Everything a payload depends on besides the event itself."""
    shaping = {name: variables[name] for name in operation.shaping if name in variables}
    scopes = ",".join(sorted(viewer.scopes))
    canonical = orjson.dumps(shaping, option=orjson.OPT_SORT_KEYS).decode()
    return "\n".join((operation.digest, operation.name or "", viewer.account_id, scopes, canonical))


def _remembered(event: Any, shape: str) -> bytes | None:
    memo = getattr(event, "memo", None)
    found = memo.get(shape) if memo else None
    if type(found) is tuple and found[0] > time.monotonic():
        payload: bytes = found[1]
        return payload
    return None


async def _shaped(engine: Engine, executor: Executor[Any], event: Any, viewer: Viewer, shape: str) -> bytes:
    memo: dict[str, Any] | None = getattr(event, "memo", None)
    if memo is None:
        return await engine.shaped(executor, event, viewer)
    while isinstance(flight := memo.get(shape), _Flight):
        await flight.landed()
        if payload := _remembered(event, shape):
            return payload
    if len(memo) >= MEMO_SHAPES and not _forget_old(memo):
        return await engine.shaped(executor, event, viewer)
    memo[shape] = flight = _Flight()
    try:
        payload = await engine.shaped(executor, event, viewer)
        memo[shape] = (time.monotonic() + MEMO_SECONDS, payload)
    except BaseException:
        # Who waits tries for itself.
        del memo[shape]
        raise
    finally:
        flight.land()
    return payload


def _forget_old(memo: dict[str, Any]) -> bool:
    now = time.monotonic()
    old = [shape for shape, found in memo.items() if type(found) is tuple and found[0] <= now]
    for shape in old:
        del memo[shape]
    return bool(old)


def _located(error: Exception, operation: Operation) -> GraphQLError:
    """A failure of the source belongs to the subscription's one root field."""
    if isinstance(error, GraphQLError) and error.path is not None:
        return error
    fields = [node for node in operation.node.selection_set.selections if isinstance(node, FieldNode)]
    path = [(fields[0].alias or fields[0].name).value] if fields else []
    return located_error(error, fields, path)
