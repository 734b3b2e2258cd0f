"""What stands in for the vendor: a script, or an emulator that runs somewhere."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

Answer = httpx.Response | Mapping[str, Any]
Script = Answer | Callable[[httpx.Request], Answer | Awaitable[Answer]]


class Vendor(httpx.AsyncBaseTransport):
    """The far end of ``call.http``. One is made for every check, so it starts without a past."""

    def paid(self) -> int | None:
        """How many orders it has accepted and bills; ``None`` if it cannot count them."""
        return None

    async def pass_time(self, seconds: float) -> None:
        """The provider asked to be called again in so many seconds. A script has no need to wait."""


class ScriptedVendor(Vendor):
    """Answers by method and path. An answer is a JSON object, an ``httpx.Response``, or a function of the
    request that returns either; several answers to one route are given in turn, and the last one stays.

    A path may end in ``*``. ``requests`` holds every request as it came. A route that takes a paid order says
    so: ``vendor.charge(key)`` books it, once for each key, as a vendor does that honours such keys;
    ``vendor.charge()`` books it anyway.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._routes: dict[tuple[str, str], list[Script]] = {}
        self._keys: set[str] = set()
        self._paid = 0

    def on(self, method: str, path: str, *answers: Script) -> ScriptedVendor:
        self._routes[method.upper(), path] = list(answers)
        return self

    def charge(self, key: str | None = None) -> bool:
        """Whether it was a new order."""
        if key is not None and key in self._keys:
            return False
        if key is not None:
            self._keys.add(key)
        self._paid += 1
        return True

    def paid(self) -> int | None:
        return self._paid

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answers = self._route(request)
        if not answers:
            return httpx.Response(404, json={"error": f"no route {request.method} {request.url.path}"})
        script = answers.pop(0) if len(answers) > 1 else answers[0]
        made = script(request) if callable(script) else script
        answer = await made if inspect.isawaitable(made) else made
        return httpx.Response(200, json=dict(answer)) if isinstance(answer, Mapping) else _copy(answer)

    def _route(self, request: httpx.Request) -> list[Script] | None:
        method, path = request.method, request.url.path
        if exact := self._routes.get((method, path)):
            return exact
        for (known, pattern), answers in self._routes.items():
            if known == method and pattern.endswith("*") and path.startswith(pattern[:-1]):
                return answers
        return None


def _copy(answer: httpx.Response) -> httpx.Response:
    # A response can be read once; a route is answered often.
    headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
    return httpx.Response(answer.status_code, headers=headers, content=answer.content)


class EmulatedVendor(Vendor):
    """An emulator behind a transport: ``httpx.ASGITransport(app)`` for one in this process, or
    ``httpx.AsyncHTTPTransport()`` for one that listens on loopback in a thread or process of its own (the
    provider's base URL then points there). ``paid`` reads its ledger, ``pass_time`` moves its clock."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        paid: Callable[[], int] | None = None,
        pass_time: Callable[[float], Awaitable[None] | None] | None = None,
    ) -> None:
        self._transport, self._paid, self._pass_time = transport, paid, pass_time

    def paid(self) -> int | None:
        return None if self._paid is None else self._paid()

    async def pass_time(self, seconds: float) -> None:
        if self._pass_time is not None and (moved := self._pass_time(seconds)) is not None:
            await moved

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()
