"""A job that has nothing to do: what it would make is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from persona_graph.catalog.prices import INCLUDED
from persona_graph.db import Writing, utcnow
from persona_graph.jobs import endings
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import Move, after
from persona_graph.jobs.submit import Plan, PlannedLeg
from persona_graph.jobs.tables import Job, Leg, LegState

MADE_BEFORE = "nobody is asked: an identical request made it before"
_ZERO = Decimal(0)


def for_nothing(plan: Plan) -> Plan:
    """The same plan where nobody works and nobody pays."""
    return replace(plan, legs=tuple(map(_idle, plan.legs)))


def _idle(leg: PlannedLeg) -> PlannedLeg:
    quote = replace(
        leg.quote, price_likely=_ZERO, price_ceiling=_ZERO, cost_low=_ZERO, cost_high=_ZERO, terms=INCLUDED
    )
    candidates = (replace(each, price=_ZERO, cost=_ZERO, why=MADE_BEFORE) for each in leg.route.candidates)
    return replace(leg, quote=quote, route=replace(leg.route, candidates=tuple(candidates)))


async def end_at_once(jobs: Jobs, session: Writing, job: Job, done: Sequence[Leg]) -> None:
    """End a job that was opened ``for_nothing`` in the same transaction, with what other legs came to."""
    job.state, job.started_at = after(job.state, Move.CLAIM), utcnow()
    for leg, other in zip(job.legs, done, strict=True):
        leg.state, leg.result, leg.price, leg.cost = LegState.DONE, dict(other.result), _ZERO, _ZERO
    await endings.succeed_in(jobs, session, job)
