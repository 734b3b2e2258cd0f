"""The vendors that Persona Graph's plugins call, played over HTTP on loopback: real audio and video, exact
ledgers, a clock that can be put forward, and everything that can go wrong on request.

    with Sandbox(["minimax"]) as sandbox:
        sandbox.url("minimax"), sandbox.settings()
        sandbox.bench.faults.inject("minimax", "drop_after", path="/v1/voice_clone")
        sandbox.bench.clock.advance(7 * 86400)
        sandbox.bench.ledger.total("minimax"), sandbox.bench.requests.all("minimax")
"""

from persona_graph_sandbox.bench import Bench
from persona_graph_sandbox.command import run
from persona_graph_sandbox.emulator import Emulator
from persona_graph_sandbox.faults import Fault, Injection
from persona_graph_sandbox.limits import RateLimit, Slots
from persona_graph_sandbox.sandbox import Sandbox, UnknownVendor

__all__ = ["Bench", "Emulator", "Fault", "Injection", "RateLimit", "Sandbox", "Slots", "UnknownVendor", "run"]
