"""The kit that every provider has to pass, against the emulated endpoint in this process."""

from __future__ import annotations

import httpx
from persona_graph_gtts.account import Account
from persona_graph_gtts.provider import GoogleTranslateSpeech
from persona_graph_sandbox import Bench
from persona_graph_sandbox.emulators.gtts import GoogleTranslate

from persona_graph.provider import Offer, Provider, Speak
from persona_graph.provider.conformance import EmulatedVendor, KitCall, ProviderConformance


class TestGtts(ProviderConformance):
    secrets = ()

    def provider(self) -> Provider:
        return GoogleTranslateSpeech(Account("http://gtts.example", 0.5))

    def vendor(self) -> EmulatedVendor:
        bench = Bench.new()
        transport = httpx.ASGITransport(GoogleTranslate(bench).app())
        # Nothing it does is billed.
        return EmulatedVendor(
            transport, paid=lambda: int(bench.ledger.total() > 0), pass_time=self._pass(bench)
        )

    def _pass(self, bench: Bench):
        def pass_time(seconds: float) -> None:
            bench.clock.advance(max(seconds, 0.5))

        return pass_time

    def order(self, offer: Offer, call: KitCall) -> Speak:
        """Long enough for a ticket."""
        return Speak(
            script="This is the first sentence of an ordinary script, and a second one follows. " * 3
        )
