"""One vendor, played over HTTP. A module in ``persona_graph_sandbox.emulators`` names its class ``EMULATOR``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.faults import Fault, Injection

DICE = "sandbox.dice"


class Emulator:
    """``name`` is also the name of the plugin whose settings point here; ``faults`` are its own ways to go
    wrong, besides those of the transport. Everything that must not outlive a reset is set in ``reset``."""

    name: ClassVar[str]
    faults: ClassVar[Sequence[Fault]] = ()

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.url = ""
        self.reset()

    @property
    def key(self) -> str:
        """The API key that is let in."""
        return f"sandbox-{self.name}-key"

    def routes(self) -> Sequence[BaseRoute]:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """The settings, by key, that point the plugin of this name here."""
        return {"API_KEY": self.key, "BASE_URL": self.url}

    def reset(self) -> None:
        """Forget everything but the address."""

    def take(self, request: Request, *names: str) -> Injection | None:
        """The fault, among ``names``, that is to befall this request."""
        known = self.bench.faults
        taken = known.take(self.name, *names, method=request.method, path=request.url.path)
        if taken is None and request.scope.get(DICE):
            taken = known.choose(self.name, names)
            request.scope[DICE] = taken is None
        if taken is not None:
            request.scope["sandbox.fault"] = taken.fault
        return taken

    def app(self) -> Starlette:
        return Starlette(routes=list(self.routes()))
