"""What goes wrong, and when: injected by name for the next calls, or by dice thrown with a seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to go wrong that an emulator has. ``by_dice``: whether the dice may choose it too."""

    name: str
    meaning: str
    by_dice: bool = True


@dataclass(slots=True)
class Injection:
    """One fault, wanted ``times`` more times, for calls whose method and path fit, after ``skip`` of them."""

    vendor: str
    fault: str
    times: int = 1
    path: str = ""
    method: str = ""
    skip: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, method: str, path: str) -> bool:
        return self.path in path and self.method.upper() in ("", method.upper())


class UnknownFault(ValueError):
    """No emulator here goes wrong in this way."""


class FaultBook:
    """``inject`` fills it; the server and the emulators ``take`` from it as calls come in."""

    def __init__(self, seed: int | None = None, rate: float = 0.0) -> None:
        self.seed = seed
        self.rate = rate
        self._known: dict[str, dict[str, Fault]] = {}
        self._waiting: list[Injection] = []
        self._dice: dict[str, random.Random] = {}
        self._lock = threading.Lock()

    def declare(self, vendor: str, faults: Iterable[Fault]) -> None:
        self._known.setdefault(vendor, {}).update({fault.name: fault for fault in faults})

    def known(self, vendor: str) -> list[Fault]:
        return list(self._known.get(vendor, {}).values())

    def inject(
        self,
        vendor: str,
        fault: str,
        times: int = 1,
        *,
        path: str = "",
        method: str = "",
        skip: int = 0,
        **options: Any,
    ) -> Injection:
        """The next ``times`` calls of ``vendor`` whose path holds ``path`` (after ``skip`` such calls) go
        wrong in this way. ``options`` are the fault's own."""
        if fault not in self._known.get(vendor, {}):
            raise UnknownFault(
                f"{vendor} has no fault {fault!r}; it has: {', '.join(self._known.get(vendor, {}))}"
            )
        made = Injection(vendor, fault, times, path, method, skip, options)
        with self._lock:
            self._waiting.append(made)
        return made

    def take(self, vendor: str, *names: str, method: str = "", path: str = "") -> Injection | None:
        """The first waiting injection of one of ``names``, which is thereby used up once."""
        with self._lock:
            for waiting in self._waiting:
                if waiting.vendor == vendor and waiting.fault in names and waiting.fits(method, path):
                    if waiting.skip > 0:
                        waiting.skip -= 1
                        continue
                    waiting.times -= 1
                    if waiting.times <= 0:
                        self._waiting.remove(waiting)
                    return waiting
        return None

    def throw(self, vendor: str) -> bool:
        """Whether the dice want this call to go wrong."""
        with self._lock:
            return self.rate > 0 and self._die(vendor).random() < self.rate

    def choose(self, vendor: str, names: Iterable[str]) -> Injection | None:
        """One of ``names``, by the dice, among those that dice may choose."""
        known = self._known.get(vendor, {})
        fit = [name for name in names if name in known and known[name].by_dice]
        with self._lock:
            return Injection(vendor, self._die(vendor).choice(fit)) if fit else None

    def _die(self, vendor: str) -> random.Random:
        # One per vendor, so that what befalls one does not depend on how busy another is.
        return self._dice.setdefault(vendor, random.Random(f"{self.seed}:{vendor}"))  # noqa: S311

    def waiting(self, vendor: str | None = None) -> list[Injection]:
        with self._lock:
            return [each for each in self._waiting if vendor in (None, each.vendor)]

    def reset(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._dice.clear()
