"""Service tokens and tiers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from persona_graph.accounts import desk
from persona_graph.accounts.viewer import Scope
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, instant, maybe
from persona_graph.graphql.types.catalog import Account, ServiceToken
from persona_graph.graphql.types.core import UserError


@described_input
class CreateServiceTokenInput:
    """A token for a service that calls on the account's behalf."""

    label: str = f("The service's name, as it appears on outputs; 1 to 100 characters.")
    scopes: list[Scope] = f("What it may do; never more than you may.")
    expires_at: datetime | None = f("When it stops working; null for until revoked.", default=None)


@described_input
class RevokeServiceTokenInput:
    """Which token to revoke."""

    token_id: strawberry.ID = f("The token.")


@described
class ServiceTokenPayload:
    """The token, or why nothing was changed."""

    token: ServiceToken | None = maybe("The token.")
    secret: str | None = maybe("The bearer token itself, shown this once; null when revoking.")
    errors: list[UserError] = errors_field()


@described_input
class SetTierInput:
    """An account's new tier."""

    account_id: strawberry.ID = f("The account.")
    tier: str = f("The tier's id.")
    until: datetime | None = f("When it runs out; null for never.", default=None)
    then: str | None = f("The tier it goes on to then; the cheapest if null.", default=None)


@described
class AccountPayload:
    """The changed account, or why nothing was changed."""

    account: Account | None = maybe("The account.")
    errors: list[UserError] = errors_field()


@described
class AccountMutations:
    """Service tokens and tiers."""

    @strawberry.mutation(description="Make a service token.")
    async def create_service_token(self, info: Info, input: CreateServiceTokenInput) -> ServiceTokenPayload:
        context = info.context

        def shape(made: Any) -> dict[str, Any]:
            return {"token": ServiceToken.of(made[0]), "secret": made[1]}

        return await answer(
            ServiceTokenPayload,
            lambda: desk.make_token(
                context.runtime.db,
                context.viewer,
                input.label,
                input.scopes,
                instant(input.expires_at, "expiresAt"),
            ),
            shape,
        )

    @strawberry.mutation(description="Revoke a service token; it stops working within a minute everywhere.")
    async def revoke_service_token(self, info: Info, input: RevokeServiceTokenInput) -> ServiceTokenPayload:
        context = info.context
        return await answer(
            ServiceTokenPayload,
            lambda: desk.revoke_token(
                context.runtime.db, context.viewer, row_id("ServiceToken", input.token_id, "tokenId")
            ),
            lambda row: {"token": ServiceToken.of(row)},
        )

    @strawberry.mutation(
        description="Operators: move an account to another tier. Needs the OPERATE scope; jobs under way keep their agreed prices."
    )
    async def set_tier(self, info: Info, input: SetTierInput) -> AccountPayload:
        context = info.context
        known = tuple(context.runtime.tiers.tiers)
        return await answer(
            AccountPayload,
            lambda: desk.move_tier(
                context.runtime.db,
                context.viewer,
                row_id("Account", input.account_id, "accountId"),
                input.tier,
                known,
                until=instant(input.until, "until"),
                then=input.then,
            ),
            lambda row: {"account": Account.of(row)},
        )
