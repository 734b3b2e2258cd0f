"""Node, connections, money and user errors."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

import strawberry

from persona_graph import errors
from persona_graph.graphql.describe import described, described_interface, f
from persona_graph.graphql.ids import global_id, page_cursor

Item = TypeVar("Item")
_CENT_PARTS = Decimal("0.0001")


@described_interface
class Node:
    """Anything that `node(id:)` can find."""

    id: strawberry.ID = f("Opaque id, unique across all types.")


@described
class PageInfo:
    """Where a page ends."""

    has_next_page: bool = f("Whether more follow.")
    end_cursor: str | None = f("Pass it as `after` to get the next page.")


@described
class Edge(Generic[Item]):
    """One item of a page."""

    cursor: str = f("The item's place in the list.")
    node: Item = f("The item.")


@described
class Connection(Generic[Item]):
    """A page of a list that grows."""

    edges: list[Edge[Item]] = f("The items with their cursors.")
    nodes: list[Item] = f("The items alone.")
    page_info: PageInfo = f("Where the page ends.")

    @classmethod
    def of(cls, nodes: Sequence[Any], cursors: Sequence[str], more: bool) -> Any:
        edges = [Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)]
        page = PageInfo(has_next_page=more, end_cursor=cursors[-1] if cursors else None)
        return Connection(edges=edges, nodes=list(nodes), page_info=page)

    @classmethod
    def of_rows(cls, rows: Sequence[Any], nodes: Sequence[Any], more: bool) -> Any:
        return cls.of(nodes, [page_cursor(row.id) for row in rows], more)


@described
class Money:
    """An exact amount."""

    amount: Decimal = f('Decimal string, for example "0.0200".')
    currency: str = f("ISO 4217 code; always USD today.")

    @classmethod
    def usd(cls, amount: Decimal) -> Money:
        exact = amount.quantize(_CENT_PARTS)
        return cls(amount=exact if exact == amount else amount, currency="USD")


@described_interface
class UserError:
    """Something the caller can put right. Nothing was changed and nothing is charged."""

    code: str = f("Stable word; all are listed in docs/errors.md.")
    message: str = f("What is wrong, for people.")
    path: list[str] = f(
        "The input field it is about, outermost first; empty if it is about the whole request."
    )
    fix: str | None = f("What to do about it.")


@described
class InvalidInputError(UserError):
    """A value is out of its range or shape."""


@described
class NotFoundError(UserError):
    """Not there, or not yours; the two look the same."""


@described
class ForbiddenError(UserError):
    """The token lacks a scope."""


@described
class WrongStateError(UserError):
    """The thing is not in a state that allows this."""

    state: str = f("The state it is in.")


@described
class TierError(UserError):
    """The account's tier does not include this."""

    tier: str = f("The account's tier.")
    required_tier: str | None = f("The cheapest tier that includes it; null if none does.")


@described
class ConsentError(UserError):
    """The person has not agreed, or no longer does."""

    scope: str = f("The consent scope that is missing.")


@described
class MediaError(UserError):
    """An uploaded file cannot be used."""

    asset_id: strawberry.ID | None = f("The file.")


@described
class SourceError(UserError):
    """A text or a web page cannot serve to measure a style."""

    source: str = f("Its name: that of a text, a file's, or the page's address.")


@described
class IdempotencyError(UserError):
    """The idempotency key belongs to another request."""


@described
class SpendError(UserError):
    """A spending limit stands in the way."""

    needed: Money = f("What the request may cost at most.")
    left: Money = f("What the limit still allows.")


@described
class NoProviderError(UserError):
    """No installed provider can do it."""

    refusals: list[str] = f("Why each cannot.")


@described
class QuotaError(UserError):
    """A storage or upload quota is reached."""

    limit: int = f("The quota.")


_TYPES: dict[type[errors.UserFault], type[UserError]] = {
    errors.InvalidInput: InvalidInputError,
    errors.NotFound: NotFoundError,
    errors.Forbidden: ForbiddenError,
    errors.WrongState: WrongStateError,
    errors.TierRefused: TierError,
    errors.ConsentRequired: ConsentError,
    errors.MediaRefused: MediaError,
    errors.SourceRefused: SourceError,
    errors.IdempotencyMismatch: IdempotencyError,
    errors.SpendRefused: SpendError,
    errors.NoProvider: NoProviderError,
    errors.QuotaReached: QuotaError,
}
ERROR_TYPES = tuple(_TYPES.values())


def user_error(fault: errors.UserFault) -> UserError:
    common: dict[str, Any] = {
        "code": fault.code, "message": fault.message, "path": list(fault.path), "fix": fault.fix,
    }  # fmt: skip
    match fault:
        case errors.WrongState():
            common["state"] = fault.state
        case errors.TierRefused():
            common |= {"tier": fault.tier, "required_tier": fault.required_tier}
        case errors.ConsentRequired():
            common["scope"] = fault.scope
        case errors.MediaRefused():
            common["asset_id"] = global_id("Asset", fault.asset_id) if fault.asset_id else None
        case errors.SourceRefused():
            common["source"] = fault.source
        case errors.SpendRefused():
            common |= {"needed": Money.usd(fault.needed), "left": Money.usd(fault.left)}
        case errors.NoProvider():
            common["refusals"] = list(fault.refusals)
        case errors.QuotaReached():
            common["limit"] = fault.limit
    return _TYPES[type(fault)](**common)
