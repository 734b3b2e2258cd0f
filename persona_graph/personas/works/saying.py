"""One piece of a script and the persona's lexicon, for the candidate at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from persona_graph.catalog.registry import Catalog
from persona_graph.jobs.work import Bench
from persona_graph.personas.pronouncing import (
    Entry,
    pronunciations,
    reported,
    respelled,
    written_back,
)
from persona_graph.provider import Delivery, Speak

OPTION = "pronunciations"


@dataclass(frozen=True)
class Saying:
    """How words are told: ``by_provider`` as pronunciations, else in the script itself."""

    entries: tuple[Entry, ...]
    by_provider: bool

    @classmethod
    def of(cls, bench: Bench, catalog: Catalog) -> Saying:
        chosen = bench.leg.route["candidates"][bench.leg.candidate]
        offer = catalog.find_offer(chosen["provider"], chosen["offer"])
        entries = tuple(Entry.of(each) for each in bench.job.spec.get("lexicon", ()))
        return cls(entries, offer is not None and OPTION in offer.limits.options)

    def sent(self, script: str) -> str:
        """The script as the provider gets it."""
        return script if self.by_provider else respelled(script, self.entries).text

    def told(self, order: Speak) -> Speak:
        if not self.entries:
            return order
        if self.by_provider:
            return replace(order, pronunciations=pronunciations(order.script, self.entries))
        return replace(order, script=self.sent(order.script))

    def heard(self, script: str, delivery: Delivery) -> Delivery:
        """With the words of its timings as ``script`` has them."""
        if self.by_provider or not self.entries:
            return delivery
        return replace(delivery, timings=written_back(delivery.timings, respelled(script, self.entries)))

    def report(self, script: str, delivery: Delivery, before: Mapping[str, Any]) -> dict[str, Any]:
        """For the leg's result, with what the pieces ``before`` this one came to."""
        if not self.entries:
            return {}
        found = {each["written"]: each for each in before.get(OPTION, ())}
        for each in reported(
            script, self.entries, by_provider=self.by_provider, not_expressed=delivery.not_expressed
        ):
            found[each.written] = each.stored()
        return {OPTION: list(found.values())}
