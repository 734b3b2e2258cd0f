"""How a mutation answers: the changed object, or typed errors, never half of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

import strawberry

from persona_graph.db import settled_writing
from persona_graph.errors import Faults, InvalidInput, UserFault
from persona_graph.graphql.types.core import UserError, user_error
from persona_graph.jobs.submit import Paid, Request

Payload = TypeVar("Payload")


async def answer(
    payload: type[Payload], use_case: Callable[[], Awaitable[Any]], shape: Callable[[Any], Mapping[str, Any]]
) -> Payload:
    """Run one use case; its expected refusals become the payload's errors."""
    try:
        result = await settled_writing(use_case)
    except UserFault as fault:
        return payload(errors=[user_error(fault)])  # type: ignore[call-arg]
    except Faults as several:
        return payload(errors=[user_error(fault) for fault in several.faults])  # type: ignore[call-arg]
    return payload(errors=[], **shape(result))  # type: ignore[call-arg]


def errors_field() -> Any:
    return strawberry.field(default_factory=list, description="Why nothing was done; empty on success.")


def maybe(description: str) -> Any:
    """A payload field that is null when there are errors."""
    return strawberry.field(default=None, description=description)


def instant(value: datetime | None, field: str) -> datetime | None:
    """A time from outside, in UTC. One without an offset could mean anything."""
    if value is None:
        return None
    try:
        if value.tzinfo is not None:
            return value.astimezone(UTC)
    except OverflowError:
        pass
    raise InvalidInput(
        message=f"{field} has no time zone, or lies outside the calendar.", path=(field,),
        fix="Write it with Z or an offset, for example 2030-01-31T12:00:00Z.",
    )  # fmt: skip


@strawberry.input(description="What every paid mutation takes besides its own input.")
class PaidInput:
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="1 to 255 characters, unique per request. The same key with the same input gives the same job again, for ever; with other input a typed error.",
    )
    dry_run: bool = strawberry.field(
        default=False, description="Answer price, cost range, route and refusals; write nothing."
    )
    max_price: Decimal | None = strawberry.field(
        default=None, description="Refuse if it may cost more than this, in USD."
    )

    def paid(self) -> Paid:
        return Paid(self.idempotency_key, self.dry_run, self.max_price)


def request_of(operation: str, input: Any) -> Request:
    """The request as its hash sees it: everything but the key, the dry run and the price limit."""
    own = {f"{name}": _plain(value) for name, value in vars(input).items() if name not in _PAID}
    return Request(operation, own, input.paid())


_PAID = frozenset({"idempotency_key", "dry_run", "max_price"})


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


__all__ = ["Paid", "PaidInput", "UserError", "answer", "errors_field", "instant", "maybe", "request_of"]
