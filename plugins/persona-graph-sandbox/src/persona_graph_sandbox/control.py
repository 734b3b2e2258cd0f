"""The sandbox's own HTTP interface, for other processes: look at it, put its clock forward, make it fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.faults import Injection, UnknownFault
from persona_graph_sandbox.history import Asked
from persona_graph_sandbox.ledger import Entry

NAME = "control"
_SECRET = ("authorization", "xi-api-key", "cookie")


class Controlled(Protocol):
    bench: Bench
    emulators: Mapping[str, Emulator]

    def url(self, vendor: str) -> str: ...
    def settings(self) -> dict[str, str]: ...
    def reset(self) -> None: ...


def control_app(sandbox: Controlled) -> Starlette:
    desk = _Desk(sandbox)
    return Starlette(
        routes=[
            Route("/", desk.overview),
            Route("/ledger", desk.ledger),
            Route("/requests", desk.requests),
            Route("/faults", desk.faults),
            Route("/faults", _changing(desk.inject), methods=["POST"]),
            Route("/dice", _changing(desk.dice), methods=["POST"]),
            Route("/clock", desk.clock),
            Route("/clock/advance", _changing(desk.advance), methods=["POST"]),
            Route("/reset", _changing(desk.reset), methods=["POST"]),
        ]
    )


def _changing(change: Callable[[Mapping[str, Any]], Response]) -> Callable[[Request], Any]:
    """Only for a caller that can send JSON, which a page in a browser cannot without being asked first."""

    async def endpoint(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"error": "send application/json"}, 415)
        try:
            given = await request.json()
            return change(given if isinstance(given, dict) else {})
        except (UnknownFault, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 422)

    return endpoint


class _Desk:
    def __init__(self, sandbox: Controlled) -> None:
        self._sandbox, self._bench = sandbox, sandbox.bench

    async def overview(self, request: Request) -> Response:
        book = self._bench.faults
        vendors = {
            name: {
                "url": self._sandbox.url(name),
                "faults": {fault.name: fault.meaning for fault in book.known(name)},
            }
            for name in (*self._sandbox.emulators, "files")
        }
        return JSONResponse({"vendors": vendors, "settings": self._sandbox.settings()})

    async def ledger(self, request: Request) -> Response:
        vendor = request.query_params.get("vendor")
        entries = self._bench.ledger.entries(vendor)
        return JSONResponse(
            {"total": str(self._bench.ledger.total(vendor)), "entries": [_entry(each) for each in entries]}
        )

    async def requests(self, request: Request) -> Response:
        found = self._bench.requests.all(
            request.query_params.get("vendor"), request.query_params.get("path", "")
        )
        return JSONResponse([_asked(each) for each in found])

    async def faults(self, request: Request) -> Response:
        return JSONResponse([_waiting(each) for each in self._bench.faults.waiting()])

    def inject(self, given: Mapping[str, Any]) -> Response:
        rest = {key: value for key, value in given.items() if key not in ("vendor", "fault", "times")}
        made = self._bench.faults.inject(given["vendor"], given["fault"], int(given.get("times", 1)), **rest)
        return JSONResponse(_waiting(made), 201)

    def dice(self, given: Mapping[str, Any]) -> Response:
        rate = float(given["rate"])
        if not 0 <= rate <= 1:
            raise ValueError("rate is 0 to 1")
        self._bench.faults.rate = rate
        return JSONResponse({"rate": rate})

    async def clock(self, request: Request) -> Response:
        return JSONResponse({"now": self._bench.clock.now().isoformat()})

    def advance(self, given: Mapping[str, Any]) -> Response:
        return JSONResponse({"now": self._bench.clock.advance(float(given["seconds"])).isoformat()})

    def reset(self, given: Mapping[str, Any]) -> Response:
        self._sandbox.reset()
        return JSONResponse({"now": self._bench.clock.now().isoformat()})


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "vendor": entry.vendor, "key": entry.key, "kind": entry.kind, "amount": str(entry.amount),
        "reference": entry.reference, "when": entry.when.isoformat(),
    }  # fmt: skip


def _asked(asked: Asked) -> dict[str, Any]:
    headers = {name: "…" if name in _SECRET else value for name, value in asked.headers.items()}
    return {
        "vendor": asked.vendor, "method": asked.method, "path": asked.path, "query": asked.query,
        "headers": headers, "size": asked.size, "status": asked.status, "fault": asked.fault,
        "when": asked.when.isoformat(),
    }  # fmt: skip


def _waiting(made: Injection) -> dict[str, Any]:
    return {
        "vendor": made.vendor, "fault": made.fault, "times": made.times, "path": made.path,
        "method": made.method, "skip": made.skip, "options": dict(made.options),
    }  # fmt: skip
