"""Jobs, their legs, routes, quotes and events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from persona_graph.accounts.viewer import Scope
from persona_graph.catalog import prices, routing
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import After, First, described, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.types.core import Connection, Money, Node, PageInfo
from persona_graph.jobs.events import Event, EventKind, chosen
from persona_graph.jobs.feed import FeedEvent, cursor, place
from persona_graph.jobs.paging import page_size
from persona_graph.jobs.states import TERMINAL, JobKind, JobState, Move, may
from persona_graph.jobs.submit import Plan
from persona_graph.jobs.tables import Attempt as AttemptRow
from persona_graph.jobs.tables import AttemptState, LegState, ProgressSource
from persona_graph.jobs.tables import Job as Row
from persona_graph.jobs.tables import Leg as LegRow
from persona_graph.provider import Capability, Fidelity

if TYPE_CHECKING:
    from persona_graph.graphql.types.personas import Persona

_OUTPUTS = {JobKind.SPEECH: "SpeechOutput", JobKind.CONTENT: "ContentOutput"}
InState = Annotated[
    JobState | None, strawberry.argument(description="Only those in this state; all of them if null.")
]
LazyPersona = Annotated["Persona", strawberry.lazy("persona_graph.graphql.types.personas")]


@described
class Candidate:
    """A provider's offer that can do it, in the order in which they are asked."""

    provider: str = f("The provider's id.")
    offer: str = f("The offer's id within the provider.")
    own_voice: bool = f("Whether it speaks with the persona's trained voice.")
    fidelity: Fidelity | None = f("How near the voice comes to the person; null where nobody speaks.")
    price: Money = f("What the account would pay, for the likely length.")
    cost: Money = f("What the vendor would bill the operator, for the likely length.")
    why: str = f("Why it stands at this place.")
    ignores: list[str] = f("Asked-for settings that have no effect there.")


@described
class RouteRefusal:
    """A provider or offer that cannot do it."""

    provider: str = f("The provider's id.")
    offer: str | None = f("The offer's id; null if the whole provider is meant.")
    code: str = f("Stable word, such as TOO_LONG or NOT_INSTALLED.")
    reason: str = f("In words.")


@described
class Route:
    """Who is asked, in which order, and why not the others."""

    candidates: list[Candidate] = f("In order.")
    refusals: list[RouteRefusal] = f("The rest.")

    @classmethod
    def of(cls, route: routing.Route) -> Route:
        return cls(
            candidates=[_candidate(c) for c in route.candidates],
            refusals=[_refusal(r) for r in route.refusals],
        )


@described
class QuoteLeg:
    """The quote of one leg."""

    name: str = f("The leg's name.")
    capability: Capability = f("What kind of work it is.")
    price: Money = f("Likely price.")
    price_ceiling: Money = f("Most it can come to; this much is held.")
    route: Route = f("Who would do it.")


@described
class Quote:
    """What a request comes to. The price is settled by the measured length, never above the ceiling."""

    price: Money = f("Likely price for the account.")
    price_ceiling: Money = f("Most it can come to; this much is held until the job ends.")
    cost_low: Money = f("Least the vendors would bill the operator.")
    cost_high: Money = f("Most the vendors would bill the operator.")
    legs: list[QuoteLeg] = f("Leg by leg.")

    @classmethod
    def of_plan(cls, *plans: Plan) -> Quote:
        return _quote([(leg.plan.name, leg.quote, leg.route) for plan in plans for leg in plan.legs])

    @classmethod
    def of_job(cls, *jobs: Row) -> Quote:
        """Of several jobs, what they come to together."""
        return _quote(
            [
                (leg.name, prices.Quote.from_json(leg.quote), routing.Route.from_json(leg.route))
                for job in jobs
                for leg in job.legs
            ]
        )


@described
class Progress:
    """How far a job is."""

    fraction: float | None = f("0 to 1 over the whole job; null if never known.")
    source: ProgressSource = f("How the value was obtained.")


@described
class JobFailure:
    """Why a job, or a leg of one, failed. Nothing was charged for it."""

    code: str = f("Stable word; all are listed in docs/errors.md.")
    message: str = f("For people.")
    fix: str | None = f("What to do about it.")


@described
class Attempt:
    """One provider's try at a leg."""

    provider: str = f("The provider's id.")
    offer: str = f("The offer's id.")
    state: AttemptState = f("Where it is.")
    sent_at: datetime = f("When it was placed.")
    ended_at: datetime | None = f("When it ended.")

    @classmethod
    def of(cls, row: AttemptRow) -> Attempt:
        return cls(
            provider=row.provider,
            offer=row.offer,
            state=row.state,
            sent_at=row.sent_at,
            ended_at=row.ended_at,
        )


@described
class Leg:
    """One capability within a job."""

    name: str = f("VOICE_TRAINING, PREVIEW, TEXT, SPEECH or VIDEO.")
    capability: Capability = f("What kind of work it is.")
    state: LegState = f("Where it is.")
    provider: str | None = f("The provider it is with, or was done by.")
    route: Route = f("Who could do it, and why not the others.")
    reserved: Money = f("Held for it.")
    optional: bool = f("Whether the job may succeed without it, once another leg is done.")
    failure: JobFailure | None = f("Why a job that succeeded has to do without it.")
    price: Money | None = f("Settled for it; null until it is done.")
    cost: Money | None = f("What the vendor billed the operator; null until it is done.")
    row: strawberry.Private[LegRow]

    @classmethod
    def of(cls, row: LegRow) -> Leg:
        return cls(
            name=row.name, capability=row.capability, state=row.state, provider=row.result.get("provider") or chosen(row),
            route=Route.of(routing.Route.from_json(row.route)), reserved=Money.usd(row.reserved),
            optional=row.optional, failure=JobFailure(**row.failure) if row.failure else None,
            price=_money(row.price), cost=_money(row.cost), row=row,
        )  # fmt: skip

    @strawberry.field(description="Each try, oldest first.")
    async def attempts(self, info: Info) -> list[Attempt]:
        rows = await info.context.attempts_of.load(self.row.job_id)
        return [Attempt.of(row) for row in rows if row.leg == self.row.n]


@described
class Job(Node):
    """Work in progress or done: durable, resumable, cancellable."""

    id: strawberry.ID = f("Opaque id.")
    kind: JobKind = f("What it makes.")
    state: JobState = f("Where it is.")
    stage: str = f("The stage it is in, such as CLEANING_SAMPLE_1_OF_5 or SPEECH.")
    message: str = f("What the provider says about the stage; may be empty.")
    progress: Progress = f("How far it is.")
    failure: JobFailure | None = f("Set when state is FAILED.")
    partial: bool = f("Whether it succeeded without some of its legs; each of them says why.")
    asked_by: str = f("The service or user that asked.")
    created_at: datetime = f("When it was queued.")
    started_at: datetime | None = f("When a worker first took it.")
    ended_at: datetime | None = f("When it ended.")
    row: strawberry.Private[Row]

    @classmethod
    def of(cls, row: Row) -> Job:
        failure = None
        if row.failure_code:
            failure = JobFailure(
                code=row.failure_code, message=row.failure_message or "", fix=row.failure_fix
            )
        return cls(
            id=global_id("Job", row.id), kind=row.kind, state=row.state, stage=row.stage, message=row.message,
            progress=Progress(fraction=row.fraction, source=row.progress_source), failure=failure,
            partial=row.partial, asked_by=row.asked_by, created_at=row.created_at, started_at=row.started_at, ended_at=row.ended_at, row=row,
        )  # fmt: skip

    @strawberry.field(description="Its parts, in order.")
    def legs(self) -> list[Leg]:
        return [Leg.of(leg) for leg in self.row.legs]

    @strawberry.field(description="What was quoted when it was asked for.")
    def quote(self) -> Quote:
        return Quote.of_job(self.row)

    @strawberry.field(description="What was charged; null until it ended.")
    def settled(self) -> Money | None:
        return Money.usd(self.row.settled) if self.row.state in TERMINAL else None

    @strawberry.field(
        description="How many queued jobs stand up to and including this one; null once it has begun."
    )
    async def queue_place(self, info: Info) -> int | None:
        place_: int | None = await info.context.queue_places.load(self.row.id)
        return place_

    @strawberry.field(description="The persona it is for.")
    async def persona(self, info: Info) -> LazyPersona | None:
        from persona_graph.graphql.types.personas import Persona

        return Persona.of(await info.context.personas.load(self.row.persona_id))

    @strawberry.field(
        description="What it makes: a Voice, an Avatar or an Output; null once that was deleted."
    )
    async def subject(self, info: Info) -> Node | None:
        from persona_graph.graphql.types.nodes import load_node

        kind = {"Output": _OUTPUTS.get(self.row.kind, "VideoOutput")}
        return await load_node(
            info, kind.get(self.row.subject_kind, self.row.subject_kind), self.row.subject_id
        )

    @strawberry.field(description="Whether this token may cancel it and that would do something.")
    def viewer_can_cancel(self, info: Info) -> bool:
        state = self.row.state
        open_ = state is JobState.NEEDS_REVIEW or may(state, Move.ASK_CANCEL)
        return Scope.WRITE in info.context.viewer.scopes and open_ and state is not JobState.CANCELLING

    @strawberry.field(description="Its history, oldest first.")
    async def events(self, info: Info, first: First = None, after: After = None) -> Connection[JobEvent]:
        seq, size = place(self.row.id, after), page_size(first)
        page = await info.context.events_of(size).load((self.row.id, seq))
        nodes = [JobEvent.of(FeedEvent(row, row.seq, cursor(self.row.id, row.seq))) for row in page.rows]
        connection: Connection[JobEvent] = Connection.of(nodes, [node.cursor for node in nodes], page.more)
        return connection


@described
class JobEvent:
    """Something that happened to a job, and the job as it was then."""

    cursor: str = f("Pass it as `after` to continue behind this event.")
    sequence: int = f("Counts from 1 within the job, without gaps.")
    kind: EventKind = f("What happened.")
    at: datetime = f("When.")
    terminal: bool = f("Whether it is the job's last event.")
    job_id: strawberry.ID = f("The job.")
    job_kind: JobKind = f("What the job makes.")
    state: JobState = f("The job's state then.")
    stage: str = f("The stage then.")
    message: str = f("What the provider said then; may be empty.")
    progress: Progress = f("How far it was.")
    leg: str | None = f("The leg at work.")
    provider: str | None = f("The provider that leg was with.")
    failure: JobFailure | None = f("Set on the event that failed it.")
    memo: strawberry.Private[dict[Any, Any]]

    @classmethod
    def of(cls, told: FeedEvent) -> JobEvent:
        """One object for all followers of an event: it carries the memo of what was serialised for them."""
        if _SOURCE not in told.memo:
            told.memo[_SOURCE] = cls._make(told.event, told.cursor, told.memo)
        source: JobEvent = told.memo[_SOURCE]
        return source

    @classmethod
    def _make(cls, row: Event, cursor: str, memo: dict[Any, Any]) -> JobEvent:
        then = row.snapshot
        failure = JobFailure(**then["failure"]) if then["failure"] else None
        return cls(
            cursor=cursor, sequence=row.seq, kind=row.kind, at=row.at, terminal=row.terminal,
            job_id=global_id("Job", row.job_id), job_kind=JobKind(then["kind"]), state=JobState(then["state"]),
            stage=then["stage"], message=then["message"],
            progress=Progress(fraction=then["fraction"], source=ProgressSource(then["source"])), leg=then["leg"],
            provider=then["provider"], failure=failure, memo=memo,
        )  # fmt: skip

    @strawberry.field(description="The job as it is now.")
    async def job(self, info: Info) -> Job | None:
        from persona_graph.graphql.ids import row_id

        row = await info.context.jobs.load(row_id("Job", self.job_id, "jobId"))
        return Job.of(row) if row else None


_SOURCE = "JobEvent"


def _candidate(candidate: routing.Candidate) -> Candidate:
    return Candidate(
        provider=candidate.provider, offer=candidate.offer, own_voice=candidate.own_voice,
        fidelity=candidate.fidelity, price=Money.usd(candidate.price), cost=Money.usd(candidate.cost),
        why=candidate.why, ignores=list(candidate.ignores),
    )  # fmt: skip


def _refusal(refusal: routing.Refusal) -> RouteRefusal:
    return RouteRefusal(
        provider=refusal.provider, offer=refusal.offer or None, code=refusal.code, reason=refusal.reason
    )


def _quote(legs: list[tuple[str, prices.Quote, routing.Route]]) -> Quote:
    def total(figure: str) -> Money:
        return Money.usd(sum((getattr(quote, figure) for _, quote, _ in legs), Decimal(0)))

    return Quote(
        price=total("price_likely"), price_ceiling=total("price_ceiling"), cost_low=total("cost_low"),
        cost_high=total("cost_high"),
        legs=[
            QuoteLeg(
                name=name, capability=route.capability, price=Money.usd(quote.price_likely),
                price_ceiling=Money.usd(quote.price_ceiling), route=Route.of(route),
            )
            for name, quote, route in legs
        ],
    )  # fmt: skip


def _money(amount: Decimal | None) -> Money | None:
    return None if amount is None else Money.usd(amount)


__all__ = ["Job", "JobEvent", "PageInfo", "Quote", "Route"]
