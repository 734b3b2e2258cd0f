"""Which of the media types we speak a client wants most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Accepted:
    """``answer`` is for a single result, None if no type fits; ``events`` is whether a stream fits, and
    ``only_events`` whether nothing else does."""

    answer: str | None
    events: bool
    html: bool

    @property
    def only_events(self) -> bool:
        return self.events and self.answer is None


@lru_cache(maxsize=256)
def accepted(header: str) -> Accepted:
    """Read an Accept header; a missing one accepts anything."""
    if not header.strip():
        return Accepted(GRAPHQL, False, False)
    weights: dict[str, float] = {}
    order: dict[str, int] = {}
    for at, part in enumerate(header[:2_000].lower().split(",")):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = _quality(parameters)
        order.setdefault(name, at)
    found = [(kind, *_weight(kind, weights, order)) for kind in (GRAPHQL, JSON)]
    best = min((one for one in found if one[1] > 0), key=lambda one: (-one[1], one[2]), default=None)
    return Accepted(best[0] if best else None, weights.get(EVENTS, 0) > 0, weights.get(HTML, 0) > 0)


def _weight(kind: str, weights: dict[str, float], order: dict[str, int]) -> tuple[float, int]:
    if kind in weights:
        return weights[kind], order[kind]
    # A wildcard is what command-line tools send, and they know plain JSON.
    for name in ("application/*", "*/*"):
        if name in weights:
            return weights[name], order[name] + (1000 if kind == GRAPHQL else 999)
    return 0.0, 0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
