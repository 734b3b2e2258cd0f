"""Who speaks in one recording: a vector for each passage, and whether there are two people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from persona_graph.media.child_speaker import Encoder, encoder_weights, levelled, mel_windows
from persona_graph.media.child_vad import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Truths = NDArray[np.bool_]

# About 7 s of speech: measured on four readers, passages of one person lie 0.96 from their mean, of shorter ones less.
_PASSAGE = 8
_MOST_PASSAGES = 90
# Fewer windows of 1.6 s fall apart into two groups by the words that are said.
_FEWEST_WINDOWS = 12
_ROUNDS = 10


class Company(NamedTuple):
    """Cosine of the two groups that the windows fall into most easily, and the smaller one's share."""

    similarity: float
    share: float


def timbre(sound: Numbers, speech: Truths) -> tuple[list[dict[str, Any]], Company | None]:
    spoken = levelled(sound, speech)
    if len(spoken) < RATE // 2:
        return [], None
    windows = Encoder(encoder_weights())(mel_windows(spoken))
    count = min(max(round(len(windows) / _PASSAGE), 1), _MOST_PASSAGES)
    passages = [
        {"vector": _rounded(part.mean(axis=0)), "seconds": len(spoken) / RATE * len(part) / len(windows)}
        for part in np.array_split(windows, count)
    ]
    return passages, company(windows) if len(windows) >= _FEWEST_WINDOWS else None


def company(windows: Numbers) -> Company:
    """Two means on the sphere, begun at the two windows that are least alike."""
    alike = windows @ windows.T
    first, second = np.unravel_index(int(alike.argmin()), alike.shape)
    middles = [windows[first], windows[second]]
    other = np.zeros(len(windows), dtype=bool)
    for _ in range(_ROUNDS):
        other = windows @ middles[0] < windows @ middles[1]
        if other.all() or not other.any():
            return Company(1.0, 0.0)
        middles = [_unit(windows[~other].mean(axis=0)), _unit(windows[other].mean(axis=0))]
    return Company(float(middles[0] @ middles[1]), float(min(other.mean(), 1 - other.mean())))


def _unit(vector: Numbers) -> Numbers:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _rounded(vector: Numbers) -> list[float]:
    return [round(float(x), 4) for x in _unit(vector)]
