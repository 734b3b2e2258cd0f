"""What became of the settings that a request asked for: at the provider, here, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from persona_graph.jobs.tables import Job, Leg, LegState


class SettingOutcome(StrEnum):
    """Who followed a setting."""

    BY_PROVIDER = "BY_PROVIDER"
    DONE_HERE = "DONE_HERE"
    NOT_HONOURED = "NOT_HONOURED"


SPOKEN = frozenset({"emotion", "speed", "pitch"})
SHOWN = frozenset({"prompt", "clothing", "background", "style"})


def settings_report(job: Job) -> list[dict[str, Any]]:
    """Each setting asked for, with who followed it."""
    done = {leg.name: leg for leg in job.legs if leg.state == LegState.DONE}
    asked = {each["name"]: each for name in ("asked_shown", "asked") for each in job.spec.get(name, ())}
    return [{**each, **_outcome(job, each, done.get("SPEECH"), done.get("VIDEO"))} for each in asked.values()]


def _outcome(job: Job, asked: dict[str, Any], spoken: Leg | None, video: Leg | None) -> dict[str, Any]:
    name = asked["name"]
    if name in SPOKEN:
        if spoken is not None and name in spoken.result.get("done_here", ()):
            return _is(SettingOutcome.DONE_HERE)
        return _by(spoken, name in _honoured(spoken))
    if name in SHOWN:
        return _by(video, "prompt" in _honoured(video))
    if name == "container":
        kept = spoken is not None and video is None and job.spec.get("container") == asked["value"]
        return _is(SettingOutcome.DONE_HERE if kept else SettingOutcome.NOT_HONOURED)
    # No provider is chosen that does not render it.
    return _by(video, video is not None)


def _honoured(leg: Leg | None) -> Iterable[str]:
    return leg.result.get("honoured", ()) if leg is not None else ()


def _by(leg: Leg | None, followed: bool) -> dict[str, Any]:
    if leg is None or not followed:
        return {**_is(SettingOutcome.NOT_HONOURED), "provider": leg.result.get("provider") if leg else None}
    return {**_is(SettingOutcome.BY_PROVIDER), "provider": leg.result.get("provider")}


def _is(outcome: SettingOutcome) -> dict[str, Any]:
    return {"outcome": outcome.value, "provider": None}
