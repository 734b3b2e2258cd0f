"""Many scripts in one request: one quote, one reservation, one key, and for each script a job or the reason why
there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import Account, hold_account
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Writing
from persona_graph.errors import FAULTS, Faults, InvalidInput, UserFault
from persona_graph.jobs.submit import Paid, Plan, Request, check_ceiling, earlier_job
from persona_graph.jobs.tables import Job
from persona_graph.personas.batch_tables import BatchItem, SpeechBatch
from persona_graph.personas.commissions import checked_speech, commission_speech
from persona_graph.personas.finding import hold
from persona_graph.personas.outputs import Priced, place, price
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Persona
from persona_graph.personas.wishes import SpeechWish

MOST_ITEMS = 50
# All scripts together may have that many times the characters of a single one.
SCRIPTS = 5


@dataclass(frozen=True)
class Outcome:
    """Of one script: what it comes to, and unless it was a dry run its job; or the faults."""

    plan: Plan | None = None
    job: Job | None = None
    faults: tuple[UserFault, ...] = ()


# A wish that could not even be read is the reason why.
Asked = SpeechWish | UserFault
Judged = Priced | tuple[UserFault, ...]


async def generate_speech_batch(
    personas: Personas, viewer: Viewer, persona_id: str, wishes: Sequence[Asked], request: Request
) -> list[Outcome]:
    """In the order of ``wishes``. A script that is refused does not stop the others; a price that the cap or
    ``maxPrice`` forbids stops all of them, so that nobody gets half of what they asked for."""
    viewer.need(Scope.WRITE)
    if not 1 <= len(wishes) <= MOST_ITEMS:
        raise InvalidInput(
            message=f"items has {len(wishes)} entries.", path=("items",), fix=f"Give 1 to {MOST_ITEMS}."
        )
    long = sum(len(wish.script) for wish in wishes if isinstance(wish, SpeechWish))
    most = SCRIPTS * personas.settings.max_script_chars
    if long > most:
        raise InvalidInput(
            code="TEXT_TOO_LONG", message=f"The scripts have {long:,} characters together.", path=("items",),
            fix=f"Give at most {most:,}, in several batches if need be.",
        )  # fmt: skip
    async with personas.db.writing() as session:
        account = await hold_account(session, viewer.account_id)
        first = await earlier_job(session, viewer, request)
        if first is not None:
            return await _earlier(session, first)
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        judged = [
            await _judge(personas, session, viewer, account, persona, wish, n)
            for n, wish in enumerate(wishes)
        ]
        await _afford(personas, session, account, judged, request.paid)
        if request.paid.dry_run:
            return [_refused(each) if isinstance(each, tuple) else Outcome(each.plan) for each in judged]
        return await _open(personas, session, viewer, account, persona, judged, request)


async def _judge(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, asked: Asked,
    n: int,
) -> Judged:  # fmt: skip
    try:
        if isinstance(asked, UserFault):
            raise asked
        wish = checked_speech(personas, asked)
        made = await commission_speech(personas, session, viewer, account, persona, wish)
        return await price(personas, session, account, made)
    except UserFault as one:
        faults = [one]
    except Faults as several:
        faults = several.faults
    for fault in faults:
        fault.path = ("items", str(n), *fault.path)
    return tuple(faults)


async def _afford(
    personas: Personas, session: AsyncSession, account: Account, judged: Sequence[Judged], paid: Paid
) -> None:
    ceilings = (each.plan.price_ceiling for each in judged if not isinstance(each, tuple))
    whole = sum(ceilings, Decimal(0))
    check_ceiling(whole, paid)
    await ledger.check_cap(session, account, whole, personas.tiers.monthly_cap)


async def _open(
    personas: Personas, session: Writing, viewer: Viewer, account: Account, persona: Persona,
    judged: Sequence[Judged], request: Request,
) -> list[Outcome]:  # fmt: skip
    """The key belongs to the first job; a batch of which nothing was accepted leaves nothing behind, as any refused
    request does."""
    outcomes = []
    for each in judged:
        if isinstance(each, tuple):
            outcomes.append(_refused(each))
            continue
        submitted = await place(personas, session, viewer, account, persona, each, request)
        outcomes.append(Outcome(each.plan, submitted.job))
        request = replace(request, paid=Paid())
    if any(outcome.job for outcome in outcomes):
        await session.flush()
        batch = SpeechBatch(account_id=account.id, persona_id=persona.id)
        batch.items = [
            BatchItem(n=n, job_id=each.job.id if each.job else None, fault=_stored(each.faults) or None)
            for n, each in enumerate(outcomes)
        ]
        session.add(batch)
    return outcomes


def _refused(faults: tuple[UserFault, ...]) -> Outcome:
    return Outcome(faults=faults)


async def _earlier(session: AsyncSession, first: Job) -> list[Outcome]:
    """What the first call with this key was answered, with the jobs as they are now."""
    items = select(BatchItem).join(
        SpeechBatch, SpeechBatch.id == BatchItem.batch_id
    ).where(
        SpeechBatch.id == select(BatchItem.batch_id).where(BatchItem.job_id == first.id).scalar_subquery()
    )  # fmt: skip
    found = (await session.scalars(items.order_by(BatchItem.n))).all()
    ids = [item.job_id for item in found if item.job_id]
    jobs = {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}
    return [Outcome(job=jobs.get(item.job_id or ""), faults=_restored(item.fault)) for item in found]


_KINDS = {kind.__name__: kind for kind in FAULTS}


def _stored(faults: Sequence[UserFault]) -> dict[str, Any]:
    told = [{"type": type(fault).__name__, **_plain(fault)} for fault in faults]
    return {"faults": told} if told else {}


def _plain(fault: UserFault) -> dict[str, Any]:
    return {field.name: getattr(fault, field.name) for field in fields(fault)}


def _restored(stored: Mapping[str, Any] | None) -> tuple[UserFault, ...]:
    return tuple(_restore(**told) for told in (stored or {}).get("faults", ()))


def _restore(type: str, **told: Any) -> UserFault:
    listed = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return _KINDS[type](**{**told, **listed})
