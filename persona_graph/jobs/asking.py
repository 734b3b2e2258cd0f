"""Asking a provider. Whatever its plugin raises or returns, and if it never does, the loop gets one of a few
things that it knows."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from persona_graph.catalog.registry import Registered
from persona_graph.jobs.answers import words
from persona_graph.jobs.call import LentCall, NotItsTurn
from persona_graph.provider import (
    Delivery,
    Offer,
    Order,
    OrderFailed,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    Ticket,
)

# How long a call that was cancelled may take to end.
LAST_SECONDS = 2.0
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

log = logging.getLogger(__name__)
T = TypeVar("T")


class Kind(StrEnum):
    """BUSY: ask the same provider later. UNAVAILABLE: surely not accepted, ask another. REJECTED: for good.
    UNKNOWN: may have been accepted. BREACH: the plugin answered with something that is no answer."""

    BUSY = "BUSY"
    UNAVAILABLE = "UNAVAILABLE"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    BREACH = "BREACH"


@dataclass(frozen=True)
class Trouble:
    """Why there is no answer. ``why`` may be stored and, of a rejection, shown; ``billed`` is what the vendor
    charges for it. ``elsewhere``: the order is good, and another may be able to do it. ``paced``: the vendor was
    not even asked, by the plugin's own pace."""

    kind: Kind
    why: str
    code: str = ""
    retry_after: object = None
    billed: object = None
    elsewhere: bool = False
    paced: bool = False


@dataclass(frozen=True)
class _Raised:
    error: BaseException


async def ask_start(
    provider: Registered, offer: Offer, order: Order, call: LentCall
) -> Ticket | Delivery | Trouble:
    answer = await _ask(provider.start(offer, order, call), call.remaining)
    if isinstance(answer, _Raised):
        return _trouble(
            answer.error, provider, Kind.UNKNOWN, busy=ProviderBusy, unavailable=ProviderUnavailable
        )
    return _one_of(answer, "start", Ticket, Delivery)


async def ask_check(provider: Registered, ticket: Ticket, call: LentCall) -> Progress | Delivery | Trouble:
    """A ticket is money already committed: whatever goes wrong, only a plain word of the vendor ends it."""
    answer = await _ask(provider.check(ticket, call), call.remaining)
    if isinstance(answer, _Raised):
        return _trouble(answer.error, provider, Kind.BUSY, unknown=OutcomeUnknown)
    if isinstance(answer, Progress) and isinstance(answer.stage, str):
        answer = replace(answer, stage=provider.struck(answer.stage))
    return _one_of(answer, "check", Progress, Delivery)


async def ask_find(
    provider: Registered, offer: Offer, order: Order, call: LentCall
) -> Ticket | Delivery | Trouble | None:
    answer = await _ask(provider.find(offer, order, call), call.remaining)
    if isinstance(answer, _Raised):
        return Trouble(Kind.BUSY, f"looking the order up: {_said(answer.error, provider)}")
    return None if answer is None else _one_of(answer, "find", Ticket, Delivery)


async def tell_cancel(provider: Registered, ticket: Ticket, call: LentCall) -> Trouble | None:
    """A courtesy to the vendor: the job ends here whether it confirms or not. What it did not confirm it may bill."""
    answer = await _ask(provider.cancel(ticket, call), call.remaining)
    if not isinstance(answer, _Raised):
        return None
    log.warning("%s did not confirm a cancel: %s", provider.id, _said(answer.error, provider))
    return _trouble(answer.error, provider, Kind.UNKNOWN)


async def tell_forget(provider: Registered, vendor_voice: str, call: LentCall) -> bool:
    """True once the vendor confirmed."""
    answer = await _ask(provider.forget_voice(vendor_voice, call), call.remaining)
    if isinstance(answer, _Raised):
        log.warning("%s did not confirm deleting a voice: %s", provider.id, _said(answer.error, provider))
        return False
    return True


async def _ask(asking: Coroutine[Any, Any, Any], seconds: float) -> Any:
    """The answer, or what was raised. The plugin runs in a task of its own, so that one that cancels
    "itself" or does not let itself be cancelled cannot take the worker's slice with it."""
    task = asyncio.create_task(_caught(asking))
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=LAST_SECONDS)
    if not task.done():
        log.error("a plugin goes on %g s after it was told to stop: %r", LAST_SECONDS, task.get_coro())
    answer = task.result() if task.done() and not task.cancelled() else _Raised(TimeoutError())
    if isinstance(answer, _Raised) and isinstance(answer.error, asyncio.CancelledError | TimeoutError):
        return _Raised(TimeoutError(f"no answer within {seconds:g} s"))
    return answer


async def _caught(asking: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await asking
    except BaseException as error:  # SystemExit in a task would end the process
        return _Raised(error)


def _one_of(answer: Any, method: str, *kinds: type[T]) -> T | Trouble:
    if isinstance(answer, kinds):
        return answer
    if inspect.iscoroutine(answer):
        answer.close()
    return Trouble(Kind.BREACH, f"{method} answered with {type(answer).__name__}")


def _trouble(
    error: BaseException, provider: Registered, otherwise: Kind, **meant: type[ProviderError]
) -> Trouble:
    """``meant`` names the errors that this method may raise on purpose, besides a rejection."""
    if isinstance(error, OrderRejected):
        code = error.code if isinstance(error.code, str) and _CODE.fullmatch(error.code) else "REJECTED"
        why = words(_said(error, provider), 1000) or "The provider refuses it."
        billed, elsewhere = getattr(error, "billed_cost", None), isinstance(error, OrderFailed)
        return Trouble(Kind.REJECTED, why, code, billed=billed, elsewhere=elsewhere)
    retry_after = error.retry_after if isinstance(error, ProviderBusy | ProviderUnavailable) else None
    kind = next((Kind[name.upper()] for name, what in meant.items() if isinstance(error, what)), otherwise)
    if not isinstance(error, ProviderError):
        log.warning("%s raised", provider.id, exc_info=error)
    paced = isinstance(error, NotItsTurn)
    return Trouble(kind, words(_said(error, provider), 300), retry_after=retry_after, paced=paced)


def _said(error: BaseException, provider: Registered) -> str:
    """Only our own errors promise to hold no secret; of the others the kind is told, and the log has the rest. And
    no promise is relied on."""
    if not isinstance(error, ProviderError):
        return type(error).__name__
    try:
        return provider.struck(str(error)) or type(error).__name__
    except Exception:
        return type(error).__name__
