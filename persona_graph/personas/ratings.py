"""What people think of an output, and what became of it where it was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Base, Database, Writing, new_id, utcnow
from persona_graph.errors import InvalidInput, WrongState
from persona_graph.personas.finding import hold, still_a_draft
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.tables import Output, Platform

STARS = (1, 5)
COMMENT_CHARS = 2000
# What GraphQL's Int holds.
MOST = 2**31 - 1
# Clocks of other machines may be that far ahead.
AHEAD = timedelta(minutes=5)


class Rating(Base):
    """One caller's opinion of an output; a later one takes its place. Goes without words when the output goes."""

    __tablename__ = "output_rating"
    __table_args__ = (UniqueConstraint("output_id", "rated_by"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    output_id: Mapped[str] = mapped_column(ForeignKey("output.id"))
    rated_by: Mapped[str] = mapped_column(String(100))
    stars: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=utcnow)


class Engagement(Base):
    """What a platform counted for an output up to ``at``: totals, not steps."""

    __tablename__ = "output_engagement"
    __table_args__ = (UniqueConstraint("output_id", "platform"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(String(26))
    output_id: Mapped[str] = mapped_column(ForeignKey("output.id"))
    platform: Mapped[Platform]
    reported_by: Mapped[str] = mapped_column(String(100))
    views: Mapped[int] = mapped_column(BigInteger, default=0)
    likes: Mapped[int] = mapped_column(BigInteger, default=0)
    comments: Mapped[int] = mapped_column(BigInteger, default=0)
    shares: Mapped[int] = mapped_column(BigInteger, default=0)
    clicks: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime] = mapped_column(default=utcnow)


@dataclass(frozen=True)
class Counted:
    views: int
    likes: int = 0
    comments: int = 0
    shares: int = 0
    clicks: int = 0


async def rate_output(
    personas: Personas, viewer: Viewer, output_id: str, stars: int, comment: str
) -> tuple[Output, Rating]:
    """The caller's opinion in place of an earlier one of theirs."""
    viewer.need(Scope.WRITE)
    if not STARS[0] <= stars <= STARS[1]:
        raise InvalidInput(
            message=f"stars is {stars}.", path=("stars",), fix=f"Use {STARS[0]} to {STARS[1]}."
        )
    comment = plain_text(comment, "comment", most=COMMENT_CHARS, least=0)
    async with personas.db.writing() as session:
        output = await _finished(session, viewer, output_id)
        rows = select(Rating).where(Rating.output_id == output.id, Rating.rated_by == viewer.label)
        rating = (await session.scalars(rows)).one_or_none()
        if rating is None:
            rating = Rating(account_id=viewer.account_id, output_id=output.id, rated_by=viewer.label)
            session.add(rating)
        rating.stars, rating.comment, rating.at = stars, comment, utcnow()
    return output, rating


async def record_engagement(
    personas: Personas, viewer: Viewer, output_id: str, platform: Platform, counted: Counted, at: datetime | None
) -> tuple[Output, Engagement]:  # fmt: skip
    """Totals as they were at ``at``. Reports may come in any order: of two the later one stays."""
    viewer.need(Scope.WRITE)
    for field in fields(counted):
        if not 0 <= (figure := getattr(counted, field.name)) <= MOST:
            raise InvalidInput(
                message=f"{field.name} is {figure}.", path=(field.name,), fix=f"Use 0 to {MOST:,}."
            )
    at = at or utcnow()
    if at > utcnow() + AHEAD:
        raise InvalidInput(message="at lies in the future.", path=("at",), fix="Say when it was counted.")
    async with personas.db.writing() as session:
        output = await _finished(session, viewer, output_id)
        rows = select(Engagement).where(Engagement.output_id == output.id, Engagement.platform == platform)
        found = (await session.scalars(rows)).one_or_none()
        if found is None:
            found = Engagement(account_id=viewer.account_id, output_id=output.id, platform=platform, at=at)
            session.add(found)
        if found.at <= at:
            found.at, found.reported_by = at, viewer.label
            for field in fields(counted):
                setattr(found, field.name, getattr(counted, field.name))
    return output, found


async def _finished(session: Writing, viewer: Viewer, output_id: str) -> Output:
    """The output's row is locked, so that two reports about it come one after the other."""
    output = await hold(session, viewer, Output, output_id, "outputId")
    if output.ready_at is None:
        raise WrongState(
            code="NOT_READY", state="UNFINISHED", path=("outputId",), message="This output is not finished.",
            fix="Wait for its job to succeed.",
        )  # fmt: skip
    if output.draft:
        raise still_a_draft("outputId")
    return output


async def silence(session: Writing, output_id: str) -> None:
    """What people wrote goes with the output; the stars are figures about nobody."""
    await session.execute(update(Rating).where(Rating.output_id == output_id).values(comment=""))


async def ratings_of(db: Database, output_ids: Sequence[str]) -> list[list[Rating]]:
    """For each output (already the viewer's) its ratings, the latest first."""
    rows = select(Rating).where(Rating.output_id.in_(set(output_ids))).order_by(Rating.at.desc(), Rating.id)
    groups: dict[str, list[Rating]] = {id: [] for id in output_ids}
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[row.output_id].append(row)
    return [groups[id] for id in output_ids]


async def engagement_of(db: Database, output_ids: Sequence[str]) -> list[list[Engagement]]:
    """For each output (already the viewer's) what was reported, by platform."""
    rows = select(Engagement).where(Engagement.output_id.in_(set(output_ids))).order_by(Engagement.platform)
    groups: dict[str, list[Engagement]] = {id: [] for id in output_ids}
    async with db.reading() as session:
        for row in (await session.scalars(rows)).all():
            groups[row.output_id].append(row)
    return [groups[id] for id in output_ids]
