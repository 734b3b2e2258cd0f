"""The ratios by which it is judged whether personas are worth it, beside what was aimed at. What was not measured
is null, with the reason; nothing is made up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account, TierChange
from persona_graph.accounts.ledger import Period
from persona_graph.catalog.tiers import Feature, Tiers
from persona_graph.db import Database
from persona_graph.personas.quality_speaker import SAME_SPEAKER
from persona_graph.personas.ratings import Engagement, Rating
from persona_graph.personas.tables import (
    Avatar,
    AvatarStatus,
    Output,
    OutputKind,
    Persona,
    TrainingStatus,
    Voice,
)

# What one's own texts usually score and more (docs/style.md).
IN_STYLE = 80
# An upgrade that is followed that soon by a voice or an avatar was made for it.
REASON_DAYS = 30


class InsightName(StrEnum):
    """What is measured."""

    VOICE_TRAINING_COMPLETION = "VOICE_TRAINING_COMPLETION"
    AVATAR_CREATION_COMPLETION = "AVATAR_CREATION_COMPLETION"
    PERSONA_SHARE = "PERSONA_SHARE"
    VOICE_SATISFACTION = "VOICE_SATISFACTION"
    AVATAR_SATISFACTION = "AVATAR_SATISFACTION"
    BRAND_CONSISTENCY = "BRAND_CONSISTENCY"
    RETENTION = "RETENTION"
    ENGAGEMENT = "ENGAGEMENT"
    PREMIUM_CONVERSION = "PREMIUM_CONVERSION"


class InsightUnit(StrEnum):
    """What a figure counts: a share of one, or stars of five."""

    SHARE = "SHARE"
    STARS = "STARS"


TARGETS = {
    InsightName.VOICE_TRAINING_COMPLETION: 0.6,
    InsightName.AVATAR_CREATION_COMPLETION: 0.5,
    InsightName.PERSONA_SHARE: 0.8,
    InsightName.VOICE_SATISFACTION: 4.5,
    InsightName.AVATAR_SATISFACTION: 4.5,
    InsightName.BRAND_CONSISTENCY: 0.9,
}
_STARS = {InsightName.VOICE_SATISFACTION, InsightName.AVATAR_SATISFACTION}


@dataclass(frozen=True)
class Insight:
    """``counted`` is how many things ``value`` was measured on; ``others`` the same figure of those it is compared
    with. ``value`` is null exactly where there is a ``reason``."""

    name: InsightName
    value: float | None
    counted: int
    others: float | None = None
    reason: str | None = None

    @property
    def unit(self) -> InsightUnit:
        return InsightUnit.STARS if self.name in _STARS else InsightUnit.SHARE

    @property
    def target(self) -> float | None:
        """More than that is aimed at: a figure, or what the others come to."""
        return TARGETS.get(self.name, self.others)

    @property
    def met(self) -> bool | None:
        return None if self.value is None or self.target is None else self.value > self.target


@dataclass(frozen=True)
class Looked:
    """At whom and when: an account, or the whole house where ``account_id`` is None."""

    account_id: str | None
    period: Period

    def at(self, column: Any) -> ColumnElement[bool]:
        inside: ColumnElement[bool] = (column >= self.period.start) & (column < self.period.end)
        return inside

    def of(self, column: Any) -> list[ColumnElement[bool]]:
        return [] if self.account_id is None else [column == self.account_id]

    @property
    def before(self) -> Looked:
        """The period of the same length that ended when this one began."""
        return Looked(
            self.account_id,
            Period(self.period.start - (self.period.end - self.period.start), self.period.start),
        )

    @property
    def content(self) -> list[ColumnElement[bool]]:
        """Finished outputs of the period."""
        return [*self.of(Output.account_id), self.at(Output.ready_at), Output.draft.is_(False)]


# Spoken in the person's voice, or showing their face.
BY_PERSONA = or_(Output.voice_id.is_not(None), Output.avatar_id.is_not(None))


async def insights(db: Database, tiers: Tiers, looked: Looked) -> list[Insight]:
    able = [tier.id for tier in tiers.all if tier.allows(Feature.AVATAR)]
    async with db.reading() as session:
        return [
            await _completion(session, looked, able, InsightName.VOICE_TRAINING_COMPLETION),
            await _completion(session, looked, able, InsightName.AVATAR_CREATION_COMPLETION),
            await _persona_share(session, looked),
            await _satisfaction(session, looked, InsightName.VOICE_SATISFACTION),
            await _satisfaction(session, looked, InsightName.AVATAR_SATISFACTION),
            await _consistency(session, looked),
            await _retention(session, looked),
            await _engagement(session, looked),
            await _conversion(session, looked, [tier.id for tier in tiers.all]),
        ]


async def _completion(
    session: AsyncSession, looked: Looked, tiers: Collection[str], name: InsightName
) -> Insight:
    """Of the personas that may have a voice and a face by their tier, those that have it."""
    until = looked.period.end
    voice = select(Voice.id).where(
        Voice.persona_id == Persona.id, Voice.status == TrainingStatus.READY, Voice.trained_at < until,
        Voice.deleted_at.is_(None),
    )  # fmt: skip
    avatar = select(Avatar.id).where(
        Avatar.persona_id == Persona.id, Avatar.status == AvatarStatus.READY, Avatar.ready_at < until,
        Avatar.deleted_at.is_(None),
    )  # fmt: skip
    has = voice if name is InsightName.VOICE_TRAINING_COMPLETION else avatar
    rows = (
        select(func.count(), func.sum(case((has.exists(), 1), else_=0)))
        .select_from(Persona)
        .join(Account, Account.id == Persona.account_id)
        .where(
            *looked.of(Persona.account_id), Account.tier.in_(tiers), Persona.created_at < until,
            Persona.deleted_at.is_(None),
        )
    )  # fmt: skip
    every, done = (await session.execute(rows)).one()
    return _share(name, done, every, "There is no persona on a tier that includes voice and avatar.")


async def _persona_share(session: AsyncSession, looked: Looked) -> Insight:
    rows = select(func.count(), func.sum(case((BY_PERSONA, 1), else_=0))).where(*looked.content)
    every, done = (await session.execute(rows)).one()
    return _share(InsightName.PERSONA_SHARE, done, every, "Nothing was made in this period.")


async def _satisfaction(session: AsyncSession, looked: Looked, name: InsightName) -> Insight:
    shown = (
        Output.voice_id.is_not(None) & (Output.kind != OutputKind.VIDEO) & Output.avatar_id.is_(None)
        if name is InsightName.VOICE_SATISFACTION
        else Output.avatar_id.is_not(None)
    )
    rows = (
        select(func.count(), func.sum(Rating.stars))
        .join(Output, Output.id == Rating.output_id)
        .where(*looked.of(Rating.account_id), looked.at(Rating.at), shown)
    )
    every, stars = (await session.execute(rows)).one()
    what = "speech in an own voice" if name is InsightName.VOICE_SATISFACTION else "video of an avatar"
    return _share(name, stars, every, f"Nobody rated a {what} in this period.")


async def _consistency(session: AsyncSession, looked: Looked) -> Insight:
    """Of the outputs whose voice or wording could be measured, those that sound and are worded like the person."""
    off = or_(Output.similarity < SAME_SPEAKER, Output.style_score < IN_STYLE)
    measured = or_(Output.similarity.is_not(None), Output.style_score.is_not(None))
    rows = select(func.count(), func.sum(case((off, 0), else_=1))).where(*looked.content, measured)
    every, done = (await session.execute(rows)).one()
    missing = "Neither voice nor wording of anything made in this period could be measured."
    return _share(InsightName.BRAND_CONSISTENCY, done, every, missing)


async def _retention(session: AsyncSession, looked: Looked) -> Insight:
    """Of the writers who made something in the period before, those who did again: those with an own voice or face
    against the others."""
    rows = select(Output.persona_id, func.max(case((BY_PERSONA, 1), else_=0))).group_by(Output.persona_id)
    then = {row[0]: bool(row[1]) for row in await session.execute(rows.where(*looked.before.content))}
    now = {row[0] for row in await session.execute(rows.where(*looked.content))}
    users, others = ({id for id, own in then.items() if own is kind} for kind in (True, False))
    compared = len(others & now) / len(others) if others else None
    missing = "Nobody made anything in an own voice or with an own face in the period before."
    return _share(InsightName.RETENTION, len(users & now), len(users), missing, compared)


async def _engagement(session: AsyncSession, looked: Looked) -> Insight:
    """Reactions per view, as writer services reported them: of what carries the persona against the rest."""
    reactions = Engagement.likes + Engagement.comments + Engagement.shares + Engagement.clicks
    own = case((BY_PERSONA, 1), else_=0).label("own")
    rows = (
        select(own, func.count(Output.id.distinct()), func.sum(Engagement.views), func.sum(reactions))
        .join(Output, Output.id == Engagement.output_id)
        .where(*looked.content, Engagement.views > 0)
        .group_by("own")
    )
    found = {row[0]: (int(row[1]), float(row[3]) / float(row[2])) for row in await session.execute(rows)}
    others = found[0][1] if 0 in found else None
    if 1 not in found:
        missing = "No views of content in an own voice or with an own face were reported."
        return Insight(InsightName.ENGAGEMENT, None, 0, others, missing)
    counted, rate = found[1]
    return Insight(InsightName.ENGAGEMENT, rate, counted, others)


async def _conversion(session: AsyncSession, looked: Looked, ranks: list[str]) -> Insight:
    """Of the moves to a higher tier, those that were soon followed by a trained voice or an avatar."""
    rows = select(TierChange).where(
        *looked.of(TierChange.account_id), looked.at(TierChange.at), TierChange.tier_before != ""
    )
    moves = [move for move in (await session.scalars(rows)).all() if _is_higher(move, ranks)]
    reasons = 0
    for move in moves:
        soon = (move.at, move.at + timedelta(days=REASON_DAYS))
        voice = select(Voice.id).where(Voice.account_id == move.account_id, Voice.trained_at.between(*soon))
        face = select(Avatar.id).where(Avatar.account_id == move.account_id, Avatar.ready_at.between(*soon))
        for made in (voice, face):
            if await session.scalar(made.limit(1)) is not None:
                reasons += 1
                break
    missing = "No account moved to a higher tier in this period."
    return _share(InsightName.PREMIUM_CONVERSION, reasons, len(moves), missing)


def _is_higher(move: TierChange, ranks: list[str]) -> bool:
    known = move.tier in ranks and move.tier_before in ranks
    return known and ranks.index(move.tier) > ranks.index(move.tier_before)


def _share(
    name: InsightName, part: int | None, whole: int, missing: str, others: float | None = None
) -> Insight:
    if not whole:
        return Insight(name, None, 0, others, missing)
    return Insight(name, float(part or 0) / whole, whole, others)
