"""Providers, tiers and the viewer's account."""

from __future__ import annotations

from datetime import datetime

import strawberry

from persona_graph.accounts import desk
from persona_graph.accounts.accounts import Account as AccountRow
from persona_graph.accounts.tokens import ServiceToken as TokenRow
from persona_graph.accounts.viewer import Scope
from persona_graph.accounts.viewer import Viewer as Caller
from persona_graph.catalog.registry import Registered
from persona_graph.catalog.tiers import Feature
from persona_graph.catalog.tiers import Tier as TierRule
from persona_graph.db import utcnow
from persona_graph.graphql.context import Info, need_read
from persona_graph.graphql.describe import After, First, described, f
from persona_graph.graphql.ids import cursor_row, global_id
from persona_graph.graphql.types.core import Connection, Money
from persona_graph.graphql.types.jobs import InState, Job
from persona_graph.graphql.types.personas import Persona
from persona_graph.graphql.types.usage import InPeriod, Insights, Period, Usage, insights_of, stretch_of
from persona_graph.graphql.types.webhooks import Webhook
from persona_graph.jobs import reading as job_reading
from persona_graph.jobs import webhooks
from persona_graph.personas import reading, usage, usage_csv
from persona_graph.provider import Capability, Fidelity
from persona_graph.provider import Offer as OfferRow
from persona_graph.provider.report import Grade


@described
class DataUse:
    """What happens to a person's data at the vendor."""

    leaves: list[str] = f("What is sent; empty if nothing leaves the server.")
    kept_days: int | None = f("How long the vendor keeps it; null if unknown.")
    region: str | None = f("Where it goes.")
    trains_on_it: bool = f("Whether the vendor trains its models on it.")
    deletion_supported: bool = f("Whether the vendor can delete it.")


@described
class Offer:
    """One capability of a provider within its limits."""

    id: str = f("Unique within the provider.")
    capability: Capability = f("What kind of work it is.")
    uses_trained_voice: bool = f("Whether it speaks with a trained voice.")
    fidelity: Fidelity | None = f("How near a voice comes to the person; null where nobody speaks.")
    min_seconds: float | None = f("Shortest input, in seconds.")
    max_seconds: float | None = f("Longest input, in seconds.")
    max_chars: int | None = f("Longest text of one order; longer ones are split.")
    resolutions: list[str] = f("Video resolutions; empty means any.")
    languages: list[str] = f("BCP 47 primary subtags; empty means any.")
    options: list[str] = f("Settings that have effect.")
    data_use: DataUse = f("What happens to a person's data.")

    @classmethod
    def of(cls, row: OfferRow) -> Offer:
        use = row.data_use
        return cls(
            id=row.id, capability=row.capability, uses_trained_voice=row.uses_trained_voice, fidelity=row.fidelity,
            min_seconds=row.limits.min_seconds, max_seconds=row.limits.max_seconds, max_chars=row.limits.max_chars,
            resolutions=list(row.limits.resolutions), languages=list(row.limits.languages),
            options=list(row.limits.options),
            data_use=DataUse(
                leaves=list(use.leaves), kept_days=use.kept_days, region=use.region or None,
                trains_on_it=use.trains_on_it, deletion_supported=use.deletion_supported,
            ),
        )  # fmt: skip


@described
class Provider:
    """An engine that a plugin brings."""

    id: str = f("Stable word.")
    name: str = f("Its name.")
    plugin: str = f("The distribution it came with.")
    version: str = f("That distribution's version.")
    grade: Grade | None = f("The conformance kit's; null where this version was not measured.")
    offers: list[Offer] = f("What it can do.")

    @classmethod
    def of(cls, row: Registered) -> Provider:
        return cls(
            id=row.id, name=row.name, plugin=row.plugin.distribution, version=row.plugin.version, grade=row.grade,
            offers=[Offer.of(offer) for offer in row.offers],
        )  # fmt: skip


@described
class QuarantinedPlugin:
    """A plugin that was left out; everything else works."""

    plugin: str = f("Its entry point's name.")
    distribution: str = f("The distribution it came with.")
    version: str = f("That distribution's version.")
    reason: str = f("What to put right.")


@described
class Allowance:
    """One line of a tier's price list."""

    feature: Feature = f("What it is.")
    allowed: bool = f("Whether the tier includes it.")
    price: str | None = f("In words; null where it is not allowed.")
    max_seconds: float | None = f("Longest video; null elsewhere.")


@described
class Tier:
    """A subscription tier."""

    id: str = f("Stable word.")
    name: str = f("Its name.")
    monthly_cap: Money | None = f("Most an account may spend in a calendar month (UTC); null for no cap.")
    allowances: list[Allowance] = f("What it includes, at which price.")

    @classmethod
    def of(cls, rule: TierRule) -> Tier:
        lines = [
            Allowance(feature=a.feature, allowed=a.allowed, price=a.price, max_seconds=a.max_seconds)
            for a in rule.allowances()
        ]
        cap = Money.usd(rule.cap) if rule.cap is not None else None
        return cls(id=rule.id, name=rule.name, monthly_cap=cap, allowances=lines)


@described
class Spend:
    """What an account spent in a period."""

    period: Period = f("When.")
    spent: Money = f("Settled in the period, less what was given back.")
    cost: Money = f("What vendors billed the operator for it in the period.")
    held: Money = f("Held now for jobs under way.")
    left: Money | None = f("What the cap still allows this calendar month (UTC); null for no cap.")


@described
class ServiceToken:
    """A bearer token of a service. Its secret is shown once, when it is made."""

    id: strawberry.ID = f("Opaque id.")
    label: str = f("The service's name, as it appears on outputs.")
    scopes: list[Scope] = f("What it may do.")
    created_at: datetime = f("When it was made.")
    last_used_at: datetime | None = f("When it was last used, to the hour.")
    expires_at: datetime | None = f("When it stops working.")
    revoked_at: datetime | None = f("When it was revoked.")

    @classmethod
    def of(cls, row: TokenRow) -> ServiceToken:
        return cls(
            id=global_id("ServiceToken", row.id), label=row.label, scopes=sorted(row.granted),
            created_at=row.created_at, last_used_at=row.last_used_at, expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )  # fmt: skip


@described
class Account:
    """Who owns the personas and pays."""

    id: strawberry.ID = f("Opaque id.")
    name: str = f("Its name.")
    row: strawberry.Private[AccountRow]

    @classmethod
    def of(cls, row: AccountRow) -> Account:
        return cls(id=global_id("Account", row.id), name=row.name, row=row)

    @strawberry.field(description="Its tier.")
    def tier(self, info: Info) -> Tier:
        return Tier.of(info.context.runtime.tiers.tier(self.row.tier_at(utcnow())))

    @strawberry.field(description="When the tier runs out; null for one that does not.")
    def tier_until(self) -> datetime | None:
        until = self.row.tier_until
        return until if until is not None and until > utcnow() else None

    @strawberry.field(description="The tier it goes on to then.")
    def tier_after(self, info: Info) -> Tier | None:
        after = self.row.tier_after if self.tier_until() else None
        return Tier.of(info.context.runtime.tiers.tier(after)) if after else None

    @strawberry.field(description="The addresses that are told what happens, oldest first.")
    async def webhooks(self, info: Info) -> list[Webhook]:
        own = await webhooks.own_webhooks(info.context.runtime.db, info.context.viewer)
        return [Webhook.of(row) for row in own]

    @strawberry.field(description="What it spent.")
    async def spend(self, info: Info, period: InPeriod = None) -> Spend:
        runtime, asked = info.context.runtime, stretch_of(period) if period else None
        stretch, spend, left = await desk.spent(runtime.db, self.row, asked, runtime.tiers.monthly_cap)
        return Spend(
            period=Period.of(stretch), spent=Money.usd(spend.spent), held=Money.usd(spend.held),
            cost=Money.usd(spend.cost), left=None if left is None else Money.usd(left),
        )  # fmt: skip

    @strawberry.field(description="What was made in a period, and what it came to.")
    def usage(self, info: Info, period: InPeriod = None) -> Usage:
        return Usage.of_account(info, stretch_of(period))

    @strawberry.field(
        description="The same as a table (CSV, RFC 4180): a line per job that moved money, at most 10,000 lines; `persona-graph export usage` has no such limit."
    )
    async def usage_csv(self, info: Info, period: InPeriod = None) -> str:
        whose = usage.Whose(info.context.viewer.account_id, stretch_of(period))
        return await usage_csv.usage_csv(info.context.runtime.db, whose, global_id)

    @strawberry.field(description="Whether personas are worth it: the ratios beside what is aimed at.")
    async def insights(self, info: Info, period: InPeriod = None) -> Insights:
        return await insights_of(info, stretch_of(period))


@described
class Viewer:
    """The authenticated caller."""

    label: str = f("The calling service or user.")
    scopes: list[Scope] = f("What the token may do.")
    caller: strawberry.Private[Caller]

    @strawberry.field(description="The caller's account.")
    async def account(self, info: Info) -> Account:
        need_read(info)
        return Account.of(await info.context.account())

    @strawberry.field(description="The account's personas, newest first.")
    async def personas(self, info: Info, first: First = None, after: After = None) -> Connection[Persona]:
        need_read(info)
        page = await reading.personas_page(info.context.runtime.db, self.caller, first, cursor_row(after))
        mine: Connection[Persona] = Connection.of_rows(
            page.rows, [Persona.of(row) for row in page.rows], page.more
        )
        return mine

    @strawberry.field(description="The account's jobs, newest first.")
    async def jobs(
        self, info: Info, first: First = None, after: After = None, state: InState = None
    ) -> Connection[Job]:
        need_read(info)
        page = await job_reading.jobs_page(
            info.context.runtime.db, self.caller, first, cursor_row(after), state
        )
        mine: Connection[Job] = Connection.of_rows(page.rows, [Job.of(row) for row in page.rows], page.more)
        return mine

    @strawberry.field(description="The account's service tokens, newest first.")
    async def service_tokens(self, info: Info) -> list[ServiceToken]:
        need_read(info)
        return [ServiceToken.of(row) for row in await desk.own_tokens(info.context.runtime.db, self.caller)]
