"""The one way a draft becomes the persona's voice or face, or is turned down."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import WrongState
from persona_graph.personas.finding import hold
from persona_graph.personas.pins import pinned_parts
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Approval, Avatar, Persona, Voice

Kind = type[Voice] | type[Avatar]
Decided = Voice | Avatar
_NEXT = {
    Approval.DRAFT: "Look at its preview, then call approve{}.",
    Approval.SUPERSEDED: "Bring it back with activate{}.",
}
_READY_FIX = dict.fromkeys(
    ("TRAINING", "CREATING"), "Wait for its job to succeed and look at the preview, or cancel the job."
)


async def approve(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Decided:
    """Make a READY draft the live one; the one before is SUPERSEDED."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        _need_ready(thing, "approved")
        _undecided(thing)
        await put_live(session, viewer, thing)
    return thing


async def reject(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Decided:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        _need_ready(thing, "rejected")
        _undecided(thing)
        thing.approval = Approval.REJECTED
    return thing


async def activate(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Decided:
    """Bring one back that was approved before."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        _need_ready(thing, "activated")
        if thing.approval not in (Approval.APPROVED, Approval.SUPERSEDED):
            raise WrongState(
                code="NOT_APPROVED", message=f"This {_word(kind)} is {thing.approval}.", state=thing.approval,
                path=(_field(kind),),
                fix=f"Approve it with approve{kind.__name__}." if thing.approval == Approval.DRAFT else f"Make a new {_word(kind)}.",
            )  # fmt: skip
        await put_live(session, viewer, thing)
    return thing


async def nothing_live(session: AsyncSession, persona: Persona, kind: Kind, more: str = "") -> WrongState:
    """Why the persona has no voice or face that content may use, and what comes next."""
    rows = (
        select(kind).where(kind.persona_id == persona.id, kind.deleted_at.is_(None)).order_by(kind.id.desc())
    )
    newest: Decided | None = (await session.scalars(rows.limit(1))).one_or_none()  # type: ignore[assignment]
    word, code, state = _word(kind), "NOT_READY", "NOT_TRAINED"
    fix = (
        "Make one with trainVoice and approve it."
        if kind is Voice
        else "Make one with createAvatar and approve it."
    )
    if newest is not None:
        state = newest.status
        if newest.status == "READY":
            code, state = "NOT_APPROVED", newest.approval
            fix = _NEXT.get(newest.approval, fix).format(kind.__name__)
        elif newest.status in ("TRAINING", "CREATING"):
            fix = "Wait for its job to succeed, then approve it."
    message = f"This persona has no {word} in use" + (f"; its newest one is {state}." if newest else " yet.")
    return WrongState(code=code, message=message, state=state, path=("personaId",), fix=fix + more)


async def put_live(session: AsyncSession, viewer: Viewer, thing: Decided) -> None:
    """The one before is SUPERSEDED, unless a platform keeps to it."""
    persona = await hold(session, viewer, Persona, thing.persona_id, _field(type(thing)))
    column = f"{_word(type(thing))}_id"
    before_id = getattr(persona, column)
    before: Decided | None = None
    if before_id not in (None, thing.id):
        before = await session.get(type(thing), before_id)
    kept = await pinned_parts(session, persona.id)
    if before is not None and before.approval == Approval.APPROVED and before.id not in kept:
        before.approval = Approval.SUPERSEDED
    thing.approval = Approval.APPROVED
    setattr(persona, column, thing.id)
    persona.updated_at = utcnow()


def _need_ready(thing: Decided, verb: str) -> None:
    if thing.status != "READY":
        kind = type(thing)
        raise WrongState(
            code="NOT_READY", message=f"This {_word(kind)} is {thing.status}; only a READY one can be {verb}.",
            state=thing.status, path=(_field(kind),), fix=_READY_FIX.get(thing.status, f"Make a new {_word(kind)}."),
        )  # fmt: skip


def _undecided(thing: Decided) -> None:
    if thing.approval != Approval.DRAFT:
        word = _word(type(thing))
        raise WrongState(
            code="ALREADY_DECIDED", message=f"This {word} is already {thing.approval}.", state=thing.approval,
            path=(_field(type(thing)),), fix=f"Make a new {word}, or bring an earlier one back with activate{word.capitalize()}.",
        )  # fmt: skip


def _word(kind: Kind) -> str:
    return kind.__name__.lower()


def _field(kind: Kind) -> str:
    return f"{_word(kind)}Id"
