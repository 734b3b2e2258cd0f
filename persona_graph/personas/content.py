"""Content: text, its reading, a video of it, as far as the account and the persona have what it takes.

Each scene is one job of up to three legs and one output; they run side by side, and fail, cost and are cancelled one
by one. All of them are priced together and placed in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Writing, new_id
from persona_graph.errors import Faults, UserFault
from persona_graph.jobs.states import JobKind
from persona_graph.jobs.submit import Paid, Plan, Request, Subject, check_ceiling, earlier_job, open_job
from persona_graph.jobs.tables import Job
from persona_graph.personas.content_parts import Composition, Skipped, compose
from persona_graph.personas.content_tables import Content
from persona_graph.personas.content_wishes import ContentWish, checked_content, content_json
from persona_graph.personas.finding import hold
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Output, OutputKind, Persona


@dataclass(frozen=True)
class Piece:
    """One scene: what it comes to, what it leaves out, and unless it was a dry run its job and output."""

    n: int
    title: str
    plan: Plan | None
    skipped: tuple[Skipped, ...]
    job: Job | None = None
    output_id: str | None = None


@dataclass(frozen=True)
class Composed:
    content_id: str | None
    pieces: list[Piece]


@dataclass(frozen=True)
class Place:
    """Where an output belongs: a scene of some content."""

    content_id: str
    scene: int


async def generate_content(
    personas: Personas, viewer: Viewer, wish: ContentWish, request: Request, instead: Place | None = None
) -> Composed:
    """``instead``: the one scene of the wish is made anew, for a place that there is already."""
    viewer.need(Scope.WRITE)
    # Whole books may have to be cut and cleaned.
    wish = await asyncio.to_thread(checked_content, personas, wish)
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        first = await earlier_job(session, viewer, request)
        if first is not None:
            return await _earlier(session, first)
        persona = await hold(session, viewer, Persona, wish.persona_id, "personaId")
        made = await _compose_all(personas, session, viewer, account, persona, wish)
        await _afford(personas, session, account, made, request.paid)
        if request.paid.dry_run:
            pieces = [Piece(n, wish.scenes[n].title, each.plan, each.skipped) for n, each in enumerate(made)]
            return Composed(None, pieces)
        content_id = await _content(session, viewer, wish, instead)
        return await _open(
            personas, session, viewer, account, persona, wish, made, request, content_id, instead
        )


async def _compose_all(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona,
    wish: ContentWish,
) -> list[Composition]:  # fmt: skip
    """All scenes or none: a story with a hole is nobody's wish. Every scene's refusal is told."""
    made: list[Composition] = []
    faults: list[UserFault] = []
    for n in range(len(wish.scenes)):
        found: list[UserFault] = []
        try:
            made.append(await compose(personas, session, viewer, account, persona, wish, n))
        except UserFault as one:
            found = [one]
        except Faults as several:
            found = several.faults
        for fault in found:
            fault.path = (*wish.path(n), *fault.path)
        faults += found
    if faults:
        raise Faults(faults)
    return made


async def _afford(
    personas: Personas, session: AsyncSession, account: Account, made: Sequence[Composition], paid: Paid
) -> None:
    whole = sum((each.plan.price_ceiling for each in made), Decimal(0))
    check_ceiling(whole, paid)
    await ledger.check_cap(session, account, whole, personas.tiers.monthly_cap)


async def _content(session: Writing, viewer: Viewer, wish: ContentWish, instead: Place | None) -> str:
    if instead is not None:
        known = await session.get(Content, instead.content_id)
        if known is not None:
            return known.id
    content = Content(
        id=new_id(), account_id=viewer.account_id, persona_id=wish.persona_id, title=wish.title,
        content_type=wish.content_type, platform=wish.platform, asked_by=viewer.label,
    )  # fmt: skip
    session.add(content)
    await session.flush()
    return content.id


async def _open(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, persona: Persona, wish: ContentWish,
    made: Sequence[Composition], request: Request, content_id: str, instead: Place | None,
) -> Composed:  # fmt: skip
    """The key belongs to the first job."""
    pieces = []
    for n, each in enumerate(made):
        scene = instead.scene if instead else n
        output = _output(viewer, persona, wish, n, scene, each, content_id)
        spec = {**each.spec, "wish": content_json(replace(wish, scenes=(wish.scenes[n],)))}
        subject = Subject("Output", output.id, persona.id)
        job = await open_job(
            personas.jobs, session, viewer, account, request, JobKind.CONTENT, subject, spec, each.plan
        )
        output.job_id = job.id
        session.add(output)
        pieces.append(Piece(scene, wish.scenes[n].title, each.plan, each.skipped, job, output.id))
        request = replace(request, paid=Paid())
    return Composed(content_id, pieces)


def _output(
    viewer: Viewer,
    persona: Persona,
    wish: ContentWish,
    n: int,
    scene: int,
    made: Composition,
    content_id: str,
) -> Output:
    return Output(
        id=new_id(), account_id=viewer.account_id, persona_id=persona.id, kind=OutputKind.CONTENT,
        script=made.said or "", written=wish.scenes[n].script, title=wish.scenes[n].title, platform=wish.platform,
        content_type=wish.content_type, asked_by=viewer.label, voice_id=made.spec.get("voice"),
        avatar_id=made.spec.get("avatar"), skipped=[asdict(each) for each in made.skipped], content_id=content_id,
        scene=scene,
    )  # fmt: skip


async def _earlier(session: AsyncSession, first: Job) -> Composed:
    """What the first call with this key was answered, with the jobs as they are now."""
    output = await session.get_one(Output, first.subject_id)
    return Composed(output.content_id, await pieces_of(session, output, first))


async def pieces_of(session: AsyncSession, asked: Output, job: Job) -> list[Piece]:
    """The scenes that were asked for together with this one; a scene that was made anew stands alone."""
    together = select(Output, Job).join(Job, Job.id == Output.job_id)
    rows = await session.execute(together.where(Output.content_id == asked.content_id).order_by(Output.id))
    first: dict[int, tuple[Output, Job]] = {}
    for output, its_job in rows.all():
        first.setdefault(output.scene or 0, (output, its_job))
    if asked.id not in {output.id for output, _ in first.values()}:
        first = {asked.scene or 0: (asked, job)}
    return [
        Piece(n, output.title or "", None, skipped_of(output), its_job, output.id)
        for n, (output, its_job) in sorted(first.items())
    ]


def skipped_of(output: Output) -> tuple[Skipped, ...]:
    return tuple(Skipped(**each) for each in output.skipped or ())
