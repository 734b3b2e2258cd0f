"""What people think of outputs, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, instant, maybe
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.outputs import Output, output_of
from persona_graph.graphql.types.usage import Engagement, Rating
from persona_graph.personas import ratings
from persona_graph.personas.ratings import Counted
from persona_graph.personas.tables import Platform


@described_input
class RateOutputInput:
    """An opinion of an output."""

    output_id: strawberry.ID = f("A finished output that is not a draft.")
    stars: int = f("1 to 5.")
    comment: str = f("In words, at most 2,000 characters.", default="")


@described
class RateOutputPayload:
    """The output and the opinion, or why nothing was changed."""

    output: Output | None = maybe("The output.")
    rating: Rating | None = maybe("The opinion, in place of an earlier one of the same caller.")
    errors: list[UserError] = errors_field()


@described_input
class RecordEngagementInput:
    """What a platform counted for a published output: totals so far, not what was added."""

    output_id: strawberry.ID = f("A finished output that is not a draft.")
    platform: Platform = f("Where it was published.")
    views: int = f("How often it was seen or heard; 2,147,483,647 stands for that or more.")
    likes: int = f("Likes and other reactions of one click.", default=0)
    comments: int = f("Comments and replies.", default=0)
    shares: int = f("Shares and reposts.", default=0)
    clicks: int = f("Clicks on what it links to.", default=0)
    at: datetime | None = f(
        "When it was counted; now if null. Of two reports the later one stays, whichever comes first.",
        default=None,
    )


@described
class RecordEngagementPayload:
    """The output and the report that stays, or why nothing was changed."""

    output: Output | None = maybe("The output.")
    engagement: Engagement | None = maybe("The latest report for this platform.")
    errors: list[UserError] = errors_field()


@described
class RatingMutations:
    """What people think of outputs, and what became of them."""

    @strawberry.mutation(description="Say what you think of an output; again to change your mind.")
    async def rate_output(self, info: Info, input: RateOutputInput) -> RateOutputPayload:
        context = info.context

        def shape(found: Any) -> dict[str, Any]:
            return {"output": output_of(found[0]), "rating": Rating.of(found[1])}

        return await answer(
            RateOutputPayload,
            lambda: ratings.rate_output(
                context.runtime.personas, context.viewer, row_id("Output", input.output_id, "outputId"),
                input.stars, input.comment,
            ),
            shape,
        )  # fmt: skip

    @strawberry.mutation(description="For writer services: report what a platform counted for an output.")
    async def record_engagement(self, info: Info, input: RecordEngagementInput) -> RecordEngagementPayload:
        context = info.context

        def shape(found: Any) -> dict[str, Any]:
            return {"output": output_of(found[0]), "engagement": Engagement.of(found[1])}

        counted = Counted(input.views, input.likes, input.comments, input.shares, input.clicks)

        async def use_case() -> Any:
            return await ratings.record_engagement(
                context.runtime.personas, context.viewer, row_id("Output", input.output_id, "outputId"),
                input.platform, counted, instant(input.at, "at"),
            )  # fmt: skip

        return await answer(RecordEngagementPayload, use_case, shape)
