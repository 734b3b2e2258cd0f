"""Whether the passages of a set sound like one person, by the cosines of their speaker embeddings. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from persona_graph.media.analysis import Passage

# A window of the encoder is 1.6 s; under two of them a vector says more about the words than about the speaker.
SHORTEST_PASSAGE = 3.0
ODD = 0.75
# Of a whole speech against the fingerprint of a voice. Measured on 25 to 40 s of four readers: one person 0.93 and
# more, two people up to 0.75.
SAME_SPEAKER = 0.85
OTHER_SPEAKER = 0.75
_MEAN_WEIGHT = 0.6


class Speaker(StrEnum):
    """Who speaks, as far as the cosine of two embeddings tells."""

    SAME = "SAME"
    UNSURE = "UNSURE"
    OTHER = "OTHER"


def speaker_of(similarity: float) -> Speaker:
    if similarity >= SAME_SPEAKER:
        return Speaker.SAME
    return Speaker.OTHER if similarity < OTHER_SPEAKER else Speaker.UNSURE


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """``overall``: each passage's cosine to all others together, the mean weighing 0.6 and the least 0.4; None
    with fewer than two passages. ``odd``: recordings unlike the rest."""

    overall: float | None
    odd: tuple[int, ...] = ()


def likeness(passages: Mapping[int, Sequence[Passage]]) -> Likeness:
    units = _joined([(n, each) for n, some in passages.items() for each in some])
    if len(units) < 2:
        return Likeness(overall=None)
    whole = _sum([passage for _, passage in units])
    near: list[tuple[tuple[int, ...], float, float]] = []
    for numbers, each in units:
        rest = [total - part * each.seconds for total, part in zip(whole, each.vector, strict=True)]
        near.append((numbers, _cosine(each.vector, rest), each.seconds))
    seconds = sum(weight for *_, weight in near)
    mean = sum(cosine * weight for _, cosine, weight in near) / seconds
    overall = _MEAN_WEIGHT * mean + (1 - _MEAN_WEIGHT) * min(cosine for _, cosine, _ in near)
    return Likeness(overall=round(overall, 4), odd=_odd(near))


def _odd(near: Sequence[tuple[tuple[int, ...], float, float]]) -> tuple[int, ...]:
    """Only where the others agree: among five strangers nobody is the odd one."""
    far = {n for numbers, cosine, _ in near for n in numbers if cosine < ODD}
    close = {n for numbers, cosine, _ in near for n in numbers if cosine >= ODD}
    return tuple(sorted(far - close)) if len(far - close) < len(close) else ()


def _joined(units: Sequence[tuple[int, Passage]]) -> list[tuple[tuple[int, ...], Passage]]:
    """Neighbours joined until each holds enough speech; a short rest goes to the last one."""
    out: list[tuple[tuple[int, ...], list[Passage]]] = []
    for n, passage in units:
        if out and _seconds(out[-1][1]) < SHORTEST_PASSAGE:
            out[-1] = ((*out[-1][0], n), [*out[-1][1], passage])
        else:
            out.append(((n,), [passage]))
    if len(out) > 1 and _seconds(out[-1][1]) < SHORTEST_PASSAGE:
        numbers, rest = out.pop()
        out[-1] = ((*out[-1][0], *numbers), [*out[-1][1], *rest])
    return [(numbers, Passage(_sum(some), _seconds(some))) for numbers, some in out]


def _sum(passages: Sequence[Passage]) -> list[float]:
    return [
        sum(column) for column in zip(*([x * p.seconds for x in p.vector] for p in passages), strict=True)
    ]


def _seconds(passages: Sequence[Passage]) -> float:
    return sum(each.seconds for each in passages)


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    scale = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / scale if scale else 0.0
