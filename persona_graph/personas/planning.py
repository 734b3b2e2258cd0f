"""Speech and video legs as plans, wherever they occur. Pure."""

from __future__ import annotations

from persona_graph.catalog import prices, routing
from persona_graph.catalog.pace import speech_seconds
from persona_graph.jobs.submit import LegPlan
from persona_graph.provider import Capability


def plan_speech(
    name: str, tier: str, script: str, language: str, wish: routing.VoiceWish, *, included: bool = False,
    speed: float = 1.0, options: frozenset[str] = frozenset(),
) -> LegPlan:  # fmt: skip
    """``options`` are the style settings that were asked for."""
    span = speech_seconds(script, language, speed=speed)
    need = routing.Need(
        capability=Capability.SPEECH, tier=tier, seconds=span.likely, characters=len(script), script=script,
        language=language,
        voice=wish, options=options, included=included,
    )  # fmt: skip
    return LegPlan(name, need, weight=1.0, span=span)


def plan_video(
    tier: str, span: prices.Span, *, resolution: str = "480p", prompt: str = "", included: bool = False
) -> LegPlan:
    """A video as long as its speech."""
    need = routing.Need(
        capability=Capability.TALKING_VIDEO, tier=tier, seconds=span.likely, resolution=resolution,
        options=frozenset({"prompt"} if prompt else ()), included=included,
    )  # fmt: skip
    return LegPlan("VIDEO", need, weight=3.0, span=span)
