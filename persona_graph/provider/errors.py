"""Provider errors, named for what the core does next."""

from __future__ import annotations

from decimal import Decimal


class ProviderError(Exception):
    """Base of all; raised bare it counts as OutcomeUnknown. Messages never hold a secret."""


class ProviderBusy(ProviderError):
    """Ask the same provider again, after ``retry_after`` seconds if it said so."""

    def __init__(self, message: str = "busy", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    """Surely nothing was accepted: the next candidate is asked, and this provider rests, for
    ``retry_after`` seconds (at most six hours) if it said so."""

    def __init__(self, message: str = "unavailable", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OrderRejected(ProviderError):
    """The vendor refuses this order for good. ``billed_cost`` is what it charges for it in USD nevertheless;
    a refusal without one costs nothing. ``str(error)`` is shown to the user, so it says what
    to change; ``code`` is a stable word such as ``MODERATION``. ``VOICE_GONE`` says that the
    vendor has no such trained voice (any more): the core marks it and asks an accepted twin, if there is one."""

    def __init__(self, message: str, code: str = "REJECTED", *, billed_cost: Decimal | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.billed_cost = billed_cost


class OrderFailed(OrderRejected):
    """The vendor took the order and says for good that it could not make it, through no fault of the order:
    another provider is asked for it, if there is one. Costs what ``billed_cost`` says, else nothing."""

    def __init__(
        self, message: str, code: str = "PROVIDER_FAILED", *, billed_cost: Decimal | None = None
    ) -> None:
        super().__init__(message, code, billed_cost=billed_cost)


class OutcomeUnknown(ProviderError):
    """The order may have been accepted and paid for: look it up, never blindly repeat. From
    ``check`` it means the work cannot be found any more."""
