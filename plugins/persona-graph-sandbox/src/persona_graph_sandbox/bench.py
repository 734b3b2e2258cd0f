"""What every emulator stands on."""

from __future__ import annotations

from dataclasses import dataclass

from persona_graph_sandbox.clock import Clock
from persona_graph_sandbox.faults import FaultBook
from persona_graph_sandbox.files import Files
from persona_graph_sandbox.history import History
from persona_graph_sandbox.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Bench:
    clock: Clock
    ledger: Ledger
    faults: FaultBook
    files: Files
    requests: History

    @classmethod
    def new(cls, seed: int | None = None, faults_rate: float = 0.0) -> Bench:
        clock = Clock()
        return cls(clock, Ledger(clock), FaultBook(seed, faults_rate), Files(clock), History())

    def reset(self) -> None:
        for part in (self.clock, self.ledger, self.faults, self.files, self.requests):
            part.reset()
