"""What stays the same when a person changes the subject, as runs of four characters: endings, little words, the way
they follow each other, punctuation. A text is the writer's when it is likelier under the writer's own rates than under
everybody's (a Dirichlet-smoothed log-likelihood ratio), as much as the writer's own texts are among each other."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import exp, log
from statistics import fmean, pstdev
from typing import Any

from persona_graph.style.background import Background, everybody
from persona_graph.style.text import Reading

SIZE = 4
KEPT = 3000
# As many runs of everybody's text as count for as much as the writer's own.
WEIGHT = 2000.0
STRETCH = 220
LOOKED_AT = 24
# The spread of held-back pages of one author (docs/style.md), for who has written too little to know their own.
SPREAD = 0.09

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "—"})
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+\b")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Fingerprint:
    """``runs`` by how often they occur among ``total``. ``typical`` and ``spread`` are mean and standard deviation of the
    likeness of each stretch of the writer's texts to all the others; None where there are too few stretches."""

    total: int
    runs: Mapping[str, int] = field(repr=False)
    typical: float | None = None
    spread: float = SPREAD
    stretches: int = 0

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def of(readings: Sequence[Reading]) -> Fingerprint:
    stretches = [count(stretch) for reading in readings for stretch in stretches_of(reading)]
    whole: Counter[str] = Counter()
    for each in stretches:
        whole.update(each)
    whole_print = _kept(whole)
    if len(stretches) < 3:
        return Fingerprint(whole_print.total, whole_print.runs, stretches=len(stretches))
    step = max(1, -(-len(stretches) // LOOKED_AT))
    apart = [likeness(_kept(whole - each), each) for each in stretches[::step]]
    # A handful of stretches tells its spread badly: lean on the general one until there are many.
    own = len(apart) / (len(apart) + 6)
    spread = own * max(pstdev(apart), SPREAD / 3) + (1 - own) * SPREAD
    return Fingerprint(
        whole_print.total, whole_print.runs, round(fmean(apart), 4), round(spread, 4), len(stretches)
    )


def likeness(known: Fingerprint, runs: Mapping[str, int], background: Background | None = None) -> float:
    """Per run, in nats; more is nearer."""
    background = background or everybody()
    total = sum(runs.values())
    if not total:
        return -10.0
    all_of_it = 0.0
    for run, seen in runs.items():
        rate = background.runs.share(run)
        own = (known.runs.get(run, 0) + WEIGHT * rate) / (known.total + WEIGHT)
        all_of_it += seen * log(own / rate)
    return all_of_it / total


def closeness(known: Fingerprint, runs: Mapping[str, int]) -> float | None:
    """0 to 1: near 1 where a text lies as near as the writer's own do, a half at two and a half spreads below."""
    if known.typical is None:
        return None
    # Short texts scatter more than the stretches the spread was measured on.
    wider = max(1.0, (STRETCH * 5 / max(sum(runs.values()), 1)) ** 0.5)
    below = (known.typical - likeness(known, runs)) / (known.spread * wider)
    return 1 / (1 + exp(min(1.5 * (below - 2.5), 50.0)))


def count(text: str) -> Counter[str]:
    plain = _masked(text)
    return Counter(plain[at : at + SIZE] for at in range(len(plain) - SIZE + 1))


def stretches_of(reading: Reading) -> list[str]:
    """Whole sentences, some 220 words at a time; a short rest goes with the last one."""
    cuts, size = [0], 0
    for sentence in reading.sentences:
        size += len(sentence.words)
        if size >= STRETCH:
            cuts.append(sentence.end)
            size = 0
    if size >= STRETCH // 2 or len(cuts) == 1:
        cuts.append(len(reading.text))
    cuts[-1] = len(reading.text)
    return [reading.text[a:b] for a, b in itertools.pairwise(cuts)]


def _masked(text: str) -> str:
    """Names are about the subject, and quotation marks about the typesetter."""
    text = " ".join(text.translate(_PLAIN).replace("--", "—").replace("...", "…").split())
    names = set(_NAME.findall(text))
    text = _CAPITALISED.sub(lambda word: "@" if word[0] in names else word[0], text)
    return _NUMBER.sub("0", text).lower()


def _kept(whole: Counter[str]) -> Fingerprint:
    most = sorted(whole.items(), key=lambda item: (-item[1], item[0]))[:KEPT]
    return Fingerprint(sum(whole.values()), dict(sorted(most)))
