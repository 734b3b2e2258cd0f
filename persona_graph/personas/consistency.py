"""How far an output is what its persona stands for: who speaks, how loud, in whose words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from persona_graph.media.mixing.effects import loudness_for
from persona_graph.personas.quality_speaker import OTHER_SPEAKER, SAME_SPEAKER

# Of two strangers' recordings most lie below this (docs/quality.md).
STRANGER = 0.5
CLOSE_LU = 1.0
POINTS_A_LU = 20.0


@dataclass(frozen=True)
class Missing:
    """A part that could not be measured, by its name in the answer."""

    part: str
    reason: str


@dataclass(frozen=True)
class Scored:
    """``overall`` is the least of what was measured, each as 0 to 100: somebody else's voice is not made good by the
    right loudness. None where nothing could be measured."""

    similarity: float | None
    loudness: float | None
    loudness_target: float
    style: int | None
    overall: int | None
    missing: tuple[Missing, ...]


def scored(
    similarity: float | None,
    loudness: float | None,
    style: int | None,
    platform: str | None,
    *,
    own_voice: bool,
) -> Scored:
    target = loudness_for(platform)
    parts = [
        each
        for each in (
            None if similarity is None else speaker_points(similarity),
            None if loudness is None else loudness_points(loudness, target),
            style,
        )
        if each is not None
    ]
    reasons = {
        "similarity": None if similarity is not None
        else "too little speech to say who it is, or the voice has no fingerprint" if own_voice
        else "a stock voice speaks, which is nobody's of this persona",
        "loudness": None if loudness is not None else "it was made of an earlier speech: that output has it",
        "style": None if style is not None
        else "the persona has no measured style, or the text is too short to rest a figure on",
    }  # fmt: skip
    missing = tuple(Missing(part, why) for part, why in reasons.items() if why is not None)
    return Scored(similarity, loudness, target, style, round(min(parts)) if parts else None, missing)


def speaker_points(similarity: float) -> float:
    """0 for a stranger, 50 where it becomes unsure, 100 from where it is the same speaker."""
    if similarity >= OTHER_SPEAKER:
        return min(50 + 50 * (similarity - OTHER_SPEAKER) / (SAME_SPEAKER - OTHER_SPEAKER), 100)
    return max(50 * (similarity - STRANGER) / (OTHER_SPEAKER - STRANGER), 0)


def loudness_points(loudness: float, target: float) -> float:
    """100 within a loudness unit of the platform's target, 20 less for each one beyond."""
    return max(100 - POINTS_A_LU * max(abs(loudness - target) - CLOSE_LU, 0), 0)
