"""The list of checks, and how one is run."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from persona_graph.provider.conformance.base import Conformance
from persona_graph.provider.conformance.runs import Memory, Run, whole_run
from persona_graph.provider.offers import Offer
from persona_graph.provider.report import Finding, Verdict


class NotApplicable(Exception):
    """Why a check does not concern this provider or offer."""


class NotMeasured(Exception):
    """What the tests would have to say for it to be measured."""


@dataclass(frozen=True)
class Bench:
    """What a check looks at."""

    suite: Conformance
    memory: Memory

    async def run(self, offer: Offer) -> Run:
        """The whole run of an order; raises NotMeasured where there is none to look at."""
        run = await whole_run(self.suite, self.memory, offer)
        if not run.answered:
            raise NotMeasured("start gave no answer, see there")
        return run


Look = Callable[[Bench], Awaitable[list[str]]]
LookAtOffer = Callable[[Bench, Offer], Awaitable[list[str]]]


@dataclass(frozen=True)
class Check:
    """``look`` returns what is wrong, each in words that say what to do; nothing if all is well."""

    name: str
    title: str
    essential: bool
    look: Look

    async def finding(self, bench: Bench) -> Finding:
        verdict, said = Verdict.PASSED, list[str]()
        try:
            said = await self.look(bench)
            verdict = Verdict.FAILED if said else Verdict.PASSED
        except NotApplicable as reason:
            verdict, said = Verdict.NOT_APPLICABLE, [str(reason)]
        except NotMeasured as reason:
            verdict, said = Verdict.NOT_MEASURED, [str(reason)]
        except Exception as error:
            verdict, said = Verdict.FAILED, ["".join(traceback.format_exception(error))]
        return Finding(self.name, self.title, self.essential, verdict, tuple(said))


CHECKS: dict[str, Check] = {}


def check(title: str, *, essential: bool = False) -> Callable[[Look], Look]:
    def note(look: Look) -> Look:
        name = look.__name__
        CHECKS[name] = Check(name, title, essential, look)
        return look

    return note


def check_offers(title: str, *, essential: bool = False) -> Callable[[LookAtOffer], LookAtOffer]:
    """A check that is made of every offer. It fails if one fails, and does not apply if it applies to none."""

    def note(look: LookAtOffer) -> LookAtOffer:
        async def every(bench: Bench) -> list[str]:
            return await _of_every_offer(bench, look)

        CHECKS[look.__name__] = Check(look.__name__, title, essential, every)
        return look

    return note


async def _of_every_offer(bench: Bench, look: LookAtOffer) -> list[str]:
    wrong: list[str] = []
    aside: list[str] = []
    unmeasured: list[str] = []
    offers = list(bench.suite.offers())
    for offer in offers:
        try:
            wrong += [f"offer {offer.id}: {said}" for said in await look(bench, offer)]
        except NotApplicable as reason:
            aside.append(str(reason))
        except NotMeasured as reason:
            unmeasured.append(f"offer {offer.id}: {reason}")
    if wrong:
        return wrong
    if unmeasured:
        raise NotMeasured("; ".join(unmeasured))
    if aside and len(aside) == len(offers):
        raise NotApplicable("; ".join(dict.fromkeys(aside)))
    return []
