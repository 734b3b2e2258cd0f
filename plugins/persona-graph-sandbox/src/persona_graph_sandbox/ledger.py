"""What the vendors would have billed, to the cent."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from persona_graph_sandbox.clock import Clock

REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Entry:
    """``amount`` is in USD, negative for a refund; ``reference`` is the vendor's id of what was billed."""

    vendor: str
    key: str
    kind: str
    amount: Decimal
    reference: str
    when: datetime


class Ledger:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def book(self, vendor: str, key: str, kind: str, amount: Decimal, reference: str = "") -> Entry:
        entry = Entry(vendor, key, kind, amount, reference, self._clock.now())
        with self._lock:
            self._entries.append(entry)
        return entry

    def refund(self, vendor: str, reference: str) -> Decimal:
        """Give back what is still billed under ``reference``; nothing the second time."""
        with self._lock:
            mine = [e for e in self._entries if (e.vendor, e.reference) == (vendor, reference)]
            owed = sum((e.amount for e in mine), Decimal(0))
            if owed:
                now = self._clock.now()
                self._entries.append(Entry(vendor, mine[0].key, REFUND, -owed, reference, now))
        return owed

    def entries(self, vendor: str | None = None, kind: str | None = None) -> list[Entry]:
        with self._lock:
            return [e for e in self._entries if vendor in (None, e.vendor) and kind in (None, e.kind)]

    def total(self, vendor: str | None = None, kind: str | None = None) -> Decimal:
        return sum((entry.amount for entry in self.entries(vendor, kind)), Decimal(0))

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
