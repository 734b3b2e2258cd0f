"""All vendors on loopback, in one ``with``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from starlette.applications import Starlette

from persona_graph_sandbox import control, files, transport
from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.emulators import find_emulator, vendors
from persona_graph_sandbox.serving import HOST, Servers, bound
from persona_graph_sandbox.transport import Lane

ALLOW = "PERSONA_GRAPH_OUTBOUND_ALLOW"


class Sandbox:
    """``with Sandbox(["minimax"]) as sandbox:`` serves while the block runs. ``vendors`` None means all.

    ``port_base``: the control port, then the files port, then the vendors' in order of name; 0 takes free ones.
    ``ports`` names them one by one. ``faults_rate``: the share of calls that go wrong by dice thrown with ``seed``.
    """

    def __init__(
        self,
        vendors: Sequence[str] | None = None,
        seed: int | None = None,
        *,
        port_base: int = 0,
        ports: Mapping[str, int] | None = None,
        faults_rate: float = 0.0,
    ) -> None:
        self.bench = Bench.new(seed, faults_rate)
        self.emulators: Mapping[str, Emulator] = {
            name: find_emulator(name)(self.bench) for name in _wanted(vendors)
        }
        self._port_base, self._ports = port_base, ports or {}
        self._servers: Servers | None = None
        self._urls: dict[str, str] = {}

    def url(self, vendor: str) -> str:
        """The vendor's origin; also of ``files`` and ``control``."""
        return self._urls[vendor]

    @property
    def urls(self) -> dict[str, str]:
        """Every origin by name, those of ``files`` and ``control`` among them."""
        return dict(self._urls)

    @property
    def files_url(self) -> str:
        return self._urls[files.NAME]

    @property
    def control_url(self) -> str:
        return self._urls[control.NAME]

    def settings(self) -> dict[str, str]:
        """The environment variables that wire Persona Graph's plugins to this sandbox."""
        lines = {
            f"PERSONA_GRAPH_PLUGIN_{name.upper()}_{key}": value
            for name, emulator in self.emulators.items()
            for key, value in emulator.settings().items()
        }
        origins = [self._urls[name] for name in (files.NAME, *self.emulators)]
        return {**lines, ALLOW: ",".join(origins)}

    def reset(self) -> None:
        """As if just started, at the same addresses."""
        self.bench.reset()
        for emulator in self.emulators.values():
            emulator.reset()

    def __enter__(self) -> Self:
        apps: dict[str, Starlette] = {
            control.NAME: control.control_app(self),
            files.NAME: Starlette(routes=self.bench.files.routes()),
            **{name: emulator.app() for name, emulator in self.emulators.items()},
        }
        lanes = []
        for offset, (name, app) in enumerate(apps.items()):
            listening = bound(self._ports.get(name) or (self._port_base and self._port_base + offset))
            self._urls[name] = f"http://{HOST}:{listening.getsockname()[1]}"
            # The control port goes on working while all else fails, and is not part of the history.
            lanes.append((app if name == control.NAME else Lane(name, app, self.bench), listening))
        self._settle()
        self._servers = Servers(lanes)
        self._servers.start()
        return self

    def _settle(self) -> None:
        self.bench.files.origin = self.files_url
        self.bench.faults.declare(files.NAME, transport.FAULTS)
        for name, emulator in self.emulators.items():
            emulator.url = self._urls[name]
            self.bench.faults.declare(name, (*transport.FAULTS, *emulator.faults))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._servers is not None:
            self._servers.stop()


def _wanted(asked: Sequence[str] | None) -> list[str]:
    known = vendors()
    if asked is None:
        return known
    if unknown := sorted(set(asked) - set(known)):
        raise UnknownVendor(f"no emulator of {', '.join(unknown)}; there are: {', '.join(known)}")
    return sorted(set(asked))


class UnknownVendor(ValueError):
    """No emulator has this name."""
