"""The one way a draft becomes the persona's voice or face, or is turned down."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import WrongState
from persona_graph.personas.finding import hold
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Approval, Avatar, Persona, Voice

Kind = type[Voice] | type[Avatar]
Decided = Voice | Avatar


async def approve(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Decided:
    """Make a READY draft the live one; the one before is SUPERSEDED."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        if thing.status != "READY":
            raise WrongState(
                code="NOT_READY", message=f"This {_word(kind)} is {thing.status}; only a READY one can be approved.",
                state=thing.status, path=(_field(kind),), fix="Wait for its job to succeed and look at the preview.",
            )  # fmt: skip
        _undecided(thing)
        await _put_live(session, viewer, thing)
    return thing


async def reject(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Voice | Avatar:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        _undecided(thing)
        thing.approval = Approval.REJECTED
    return thing


async def activate(personas: Personas, viewer: Viewer, kind: Kind, id: str) -> Voice | Avatar:
    """Bring one back that was approved before."""
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        thing = await hold(session, viewer, kind, id, _field(kind))
        if thing.approval not in (Approval.APPROVED, Approval.SUPERSEDED):
            raise WrongState(
                code="NOT_APPROVED", message=f"This {_word(kind)} is {thing.approval}.", state=thing.approval,
                path=(_field(kind),), fix=f"Approve it with approve{kind.__name__}.",
            )  # fmt: skip
        await _put_live(session, viewer, thing)
    return thing


async def _put_live(session: AsyncSession, viewer: Viewer, thing: Voice | Avatar) -> None:
    persona = await hold(session, viewer, Persona, thing.persona_id, _field(type(thing)))
    column = f"{_word(type(thing))}_id"
    before_id = getattr(persona, column)
    before: Decided | None = None
    if before_id not in (None, thing.id):
        before = await session.get(type(thing), before_id)
    if before is not None and before.approval == Approval.APPROVED:
        before.approval = Approval.SUPERSEDED
    thing.approval = Approval.APPROVED
    setattr(persona, column, thing.id)
    persona.updated_at = utcnow()


def _undecided(thing: Voice | Avatar) -> None:
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
