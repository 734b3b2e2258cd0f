"""POST /hooks/{provider}/{reference}: where vendors knock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from persona_graph.db import utcnow
from persona_graph.jobs import knocks
from persona_graph.jobs.room import Jobs
from persona_graph.provider import BadKnock, Knock

BODY_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Hooks:
    """``refused`` counts by provider the knocks that were not its vendor's, ``unknown`` those for nobody."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.refused: dict[str, int] = {}
        self.unknown = 0

    @property
    def routes(self) -> list[Route]:
        return [Route("/hooks/{provider}/{reference}", self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        provider, reference = request.path_params["provider"], request.path_params["reference"]
        try:
            knocks.read_reference(self._jobs, provider, reference)
            body = await _body(request)
            knock = Knock(headers=_headers(request.headers), body=body, now=utcnow())
            await knocks.let_in(self._jobs, provider, reference, knock)
        except knocks.UnknownKnock:
            self.unknown += 1
            _log.info("a knock for nobody; %d so far", self.unknown)
            return _said(404)
        except BadKnock:
            # The provider is one of ours: its id passed the look at the reference.
            self.refused[provider] = self.refused.get(provider, 0) + 1
            _log.warning("a knock that is not of %s's vendor; %d so far", provider, self.refused[provider])
            return _said(401)
        except _NotRead as fault:
            return _said(fault.status)
        return _said(204)


class _NotRead(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def _body(request: Request) -> bytes:
    """The raw bytes: a signature is over these and not over what a parser makes of them."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > knocks.MOST_BYTES:
        raise _NotRead(413)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _NotRead(415)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > knocks.MOST_BYTES:
                    raise _NotRead(413)
    except TimeoutError:
        raise _NotRead(408) from None
    except ClientDisconnect:
        raise _NotRead(400) from None
    return bytes(body)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a header that stands twice the first counts."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        found.setdefault(name.lower(), value)
    return found


def _said(status: int) -> Response:
    """The same for every reason."""
    closing = {} if status in (204, 401, 404) else {"Connection": "close"}
    return Response(status_code=status, headers={"Cache-Control": "no-store", **closing})
