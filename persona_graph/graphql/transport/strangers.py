"""Who shows wrong tokens, by network address. All of it is this process's own view.

A token of ours has 256 random bits, so guessing is hopeless; what is bounded here is the work that guessing makes.
Many right callers may share an address with one who guesses: theirs are accepted whatever he does.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import Unauthenticated
from persona_graph.graphql.transport.faults import Rejected, fault, unauthenticated
from persona_graph.graphql.transport.streams import Authenticate

REMEMBERED = 10_000
# Tokens never seen before, from addresses that have shown too many wrong ones, are looked up so many at a time.
LANES = 2
REPORT_SECONDS = 60.0

log = logging.getLogger(__name__)


class TooManyWrong(Unauthenticated):
    """One wrong token more than an address may show in a minute; the next is looked at after ``wait`` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__("Too many wrong tokens from this address.")
        self.wait = wait


class Strangers:
    """``wrong`` counts all wrong tokens since the start."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.wrong = 0
        self._size, self._clock = float(per_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lane = asyncio.Semaphore(LANES)
        self._reported, self._since = 0, clock()

    async def admit(self, authenticate: Authenticate, token: str | None, address: str) -> Viewer:
        """The viewer of this token. Raises Unauthenticated."""
        if token is None:
            return await authenticate(None)
        place, print_ = _place(address), hashlib.sha256(token.encode()).digest()
        known = print_ in self._known
        # Taken ahead, so that a thousand at once are not all let through.
        taken = not known and self._take(place)
        try:
            if known or taken:
                viewer = await authenticate(token)
            else:
                async with self._lane:
                    viewer = await authenticate(token)
        except Unauthenticated:
            self._known.pop(print_, None)
            self._note_wrong()
            if not (taken or self._take(place)):
                raise TooManyWrong(math.ceil((1 - self._allowance(place)) * 60 / self._size)) from None
            raise
        except BaseException:
            self._give_back(place, taken)
            raise
        self._give_back(place, taken)
        self._remember(print_)
        return viewer

    def _take(self, place: str) -> bool:
        left = self._allowance(place)
        if left < 1:
            return False
        self._left[place] = (left - 1, self._clock())
        self._left.move_to_end(place)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return True

    def _give_back(self, place: str, taken: bool) -> None:
        if taken:
            self._left[place] = (self._allowance(place) + 1, self._clock())

    def _allowance(self, place: str) -> float:
        left, then = self._left.get(place, (self._size, 0.0))
        return min(self._size, left + (self._clock() - then) * self._size / 60)

    def _remember(self, print_: bytes) -> None:
        self._known[print_] = None
        self._known.move_to_end(print_)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _note_wrong(self) -> None:
        """At most a line a minute, and never a token."""
        self.wrong += 1
        if self._clock() - self._since >= REPORT_SECONDS or self.wrong == 1:
            log.warning(
                "%d wrong tokens since the last report, %d in all", self.wrong - self._reported, self.wrong
            )
            self._reported, self._since = self.wrong, self._clock()


def refusal(fault_: Unauthenticated) -> Rejected:
    """As HTTP says it."""
    if not isinstance(fault_, TooManyWrong):
        return unauthenticated()
    error = fault(str(fault_), "TOO_MANY_WRONG_TOKENS", retryAfter=fault_.wait)
    return Rejected([error], status=429, headers={"retry-after": str(fault_.wait)})


def _place(address: str) -> str:
    """An IPv6 customer has a whole /64 to come from."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((int(ip), 64), strict=False)) if isinstance(ip, IPv6Address) else address
