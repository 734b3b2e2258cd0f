"""What was made and what it came to; ratings, engagement and the ratios made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from persona_graph.accounts.ledger import Period as Stretch
from persona_graph.db import utcnow
from persona_graph.errors import InvalidInput
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import closed_set, described, described_input, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.mutations.answers import instant
from persona_graph.graphql.types.core import Money
from persona_graph.personas import insights, ratings, usage
from persona_graph.personas.insights import InsightName, InsightUnit
from persona_graph.personas.tables import Platform
from persona_graph.personas.usage import UsageDimension

closed_set(
    UsageDimension,
    {
        "PERSONA": "By persona; the key is its id.",
        "KIND": "By kind of job, such as SPEECH or VOICE_TRAINING.",
        "PLATFORM": "By platform; the key is null where none was named, and for trainings and avatars.",
        "CONTENT_TYPE": "By content type; the key is null for trainings and avatars.",
        "SERVICE": "By the service or user that asked.",
        "PROVIDER": "By the provider that did the work; the key is null for what was reused. An output that several worked on counts at each.",
        "VOICE": "By voice; the key is its id, null for stock voices.",
        "AVATAR": "By avatar; the key is its id, null where no face is shown.",
    },
)
closed_set(
    InsightName,
    {
        "VOICE_TRAINING_COMPLETION": "Of the personas on a tier that includes voice and avatar, those with a trained voice.",
        "AVATAR_CREATION_COMPLETION": "Of the personas on a tier that includes voice and avatar, those with an avatar.",
        "PERSONA_SHARE": "Of the finished outputs, those in an own voice or with an own face.",
        "VOICE_SATISFACTION": "Mean stars of speech in an own voice.",
        "AVATAR_SATISFACTION": "Mean stars of videos with an own face.",
        "BRAND_CONSISTENCY": "Of the outputs whose voice or wording could be measured, those that sound like the person and are worded in their style.",
        "RETENTION": "Of the personas with own voice or face that made something in the period before, those that did again; compared with those without.",
        "ENGAGEMENT": "Reactions per view of outputs in an own voice or with an own face; compared with the rest.",
        "PREMIUM_CONVERSION": "Of the moves to a higher tier, those followed by a trained voice or an avatar within 30 days.",
    },
)
closed_set(InsightUnit, {"SHARE": "A share, 0 to 1.", "STARS": "Stars, 1 to 5."})

_IDS = {
    UsageDimension.PERSONA: "Persona", UsageDimension.VOICE: "Voice", UsageDimension.AVATAR: "Avatar",
}  # fmt: skip


@described_input
class PeriodInput:
    """From `start` up to, not including, `end`."""

    start: datetime = f("When it begins, with a time zone.")
    end: datetime = f("When it ends, with a time zone.")


InPeriod = Annotated[
    PeriodInput | None, strawberry.argument(description="When; this calendar month (UTC) if null.")
]


def stretch_of(period: PeriodInput | None) -> Stretch:
    if period is None:
        return Stretch.month(utcnow())
    start, end = instant(period.start, "start"), instant(period.end, "end")
    assert start is not None and end is not None
    if end <= start:
        raise InvalidInput(
            message="The period ends before it begins.", path=("period",), fix="Let end lie after start."
        )
    return Stretch(start, end)


@described
class Period:
    """A stretch of time."""

    start: datetime = f("When it begins.")
    end: datetime = f("When it ends; not part of it.")

    @classmethod
    def of(cls, stretch: Stretch) -> Period:
        return cls(start=stretch.start, end=stretch.end)


@described
class UsageLine:
    """What one of them comes to."""

    key: str | None = f(
        "What of: a word of an enum, a provider, a service, or a persona's, voice's or avatar's id; null where there is none."
    )
    outputs: int = f("Finished outputs, drafts aside.")
    reused: int = f("How many of them share the files of an identical one and cost nothing.")
    drafts: int = f("Drafts.")
    seconds: float = f("How long the finished outputs play.")
    price: Money = f("What the account was charged: the settlements of its ledger.")
    cost: Money = f("What the vendors billed the operator, for work that failed too.")

    @classmethod
    def of(cls, line: usage.Line, by: UsageDimension | None = None) -> UsageLine:
        kind = _IDS.get(by) if by else None
        return cls(
            key=global_id(kind, line.key) if kind and line.key else line.key, outputs=line.outputs,
            reused=line.reused, drafts=line.drafts, seconds=line.seconds, price=Money.usd(line.price),
            cost=Money.usd(line.cost),
        )  # fmt: skip


LoadUsage = Callable[[UsageDimension | None], Any]
By = Annotated[UsageDimension, strawberry.argument(description="By what to split it.")]


@described
class Usage:
    """What was made in a period and what it came to. What is deleted since still counts."""

    period: Period = f("When.")
    load: strawberry.Private[LoadUsage]

    @classmethod
    def of_account(cls, info: Info, stretch: Stretch) -> Usage:
        context = info.context
        whose = usage.Whose(context.viewer.account_id, stretch)
        return cls(period=Period.of(stretch), load=lambda by: usage.usage_of(context.runtime.db, whose, by))

    @classmethod
    def of_persona(cls, info: Info, stretch: Stretch, persona_id: str) -> Usage:
        context = info.context
        return cls(period=Period.of(stretch), load=lambda by: context.usage_of(stretch, by).load(persona_id))

    @strawberry.field(description="All of it.")
    async def total(self) -> UsageLine:
        [line] = await self.load(None)
        return UsageLine.of(line)

    @strawberry.field(
        description="Split; the costliest first. The prices add up to the total's, and so do the costs."
    )
    async def lines(self, by: By) -> list[UsageLine]:
        return [UsageLine.of(line, by) for line in await self.load(by)]


@described
class Insight:
    """One ratio beside what is aimed at."""

    name: InsightName = f("What is measured.")
    unit: InsightUnit = f("What the figures count.")
    value: float | None = f("What was measured; null if nothing was.")
    target: float | None = f(
        "More than this is aimed at; null where that depends on others and there are none."
    )
    met: bool | None = f("Whether value is above target; null if one of them is.")
    others: float | None = f("The same of those it is compared with; null where nothing is compared.")
    counted: int = f("How many things value was measured on: few say little.")
    reason: str | None = f("Why value is null; null if it is not.")

    @classmethod
    def of(cls, row: insights.Insight) -> Insight:
        return cls(
            name=row.name, unit=row.unit, value=row.value, target=row.target, met=row.met, others=row.others,
            counted=row.counted, reason=row.reason,
        )  # fmt: skip


@described
class Insights:
    """Whether personas are worth it, measured over a period."""

    period: Period = f("When.")
    measures: list[Insight] = f("Each ratio, measured or not.")


async def insights_of(info: Info, stretch: Stretch) -> Insights:
    runtime, viewer = info.context.runtime, info.context.viewer
    found = await insights.insights(runtime.db, runtime.tiers, insights.Looked(viewer.account_id, stretch))
    return Insights(period=Period.of(stretch), measures=[Insight.of(row) for row in found])


@described
class Rating:
    """What one caller thinks of an output."""

    stars: int = f("1 to 5.")
    comment: str = f("In words; empty if there are none.")
    rated_by: str = f("The service or user that rated.")
    at: datetime = f("When.")

    @classmethod
    def of(cls, row: ratings.Rating) -> Rating:
        return cls(stars=row.stars, comment=row.comment, rated_by=row.rated_by, at=row.at)


@described
class Engagement:
    """What a platform counted for an output: totals up to a moment."""

    platform: Platform = f("Where it was published.")
    views: int = f("How often it was seen or heard.")
    likes: int = f("Likes and other reactions of one click.")
    comments: int = f("Comments and replies.")
    shares: int = f("Shares and reposts.")
    clicks: int = f("Clicks on what it links to.")
    reported_by: str = f("The service that reported it.")
    at: datetime = f("Up to when.")

    @classmethod
    def of(cls, row: ratings.Engagement) -> Engagement:
        return cls(
            platform=row.platform, views=row.views, likes=row.likes, comments=row.comments, shares=row.shares,
            clicks=row.clicks, reported_by=row.reported_by, at=row.at,
        )  # fmt: skip
