"""What training leaves behind: the engine's settings and the speaker's measurements, as JSON of a few kB.

It holds statistics of pitch and timbre, no audio; nothing in it is ever executed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from persona_graph_local.cepstrum import ORDER, Cloud, Timbre
from persona_graph_local.intonation import Intonation
from persona_graph_local.vocoder import Floats

FORMAT = "persona-graph-local voice"
VERSION = 1
LARGEST = 200_000
_DIGITS = 6


class NotAVoice(ValueError):
    """These bytes are not a voice model of this plugin, or of a version it does not know."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The engine's settings: ``variant`` (empty: none), ``pitch`` 0–99, ``rate`` in words a minute, and
    by how much its formants are moved afterwards."""

    variant: str
    pitch: int
    rate: int
    warp: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A voice as it was heard: pitch, and timbre up to ``bandwidth`` Hz."""

    intonation: Intonation
    timbre: Timbre


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """``source`` is the engine's voice at ``knobs`` in ``language``; ``target`` is the speaker."""

    id: str
    language: str
    knobs: Knobs
    bandwidth: float
    source: Measured
    target: Measured

    def to_bytes(self) -> bytes:
        content = {
            "format": FORMAT,
            "version": VERSION,
            "id": self.id,
            "language": self.language,
            "knobs": asdict(self.knobs),
            "bandwidth": self.bandwidth,
            "source": _written(self.source),
            "target": _written(self.target),
        }
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> VoiceModel:
        """Raises NotAVoice."""
        try:
            content = json.loads(stored)
            if content["format"] != FORMAT or content["version"] != VERSION or len(stored) > LARGEST:
                raise NotAVoice("another format or version")
            return cls(
                id=str(content["id"]),
                language=str(content["language"]),
                knobs=_knobs(content["knobs"]),
                bandwidth=float(content["bandwidth"]),
                source=_read(content["source"]),
                target=_read(content["target"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotAVoice(f"not a voice model: {type(error).__name__}") from error


def _knobs(written: dict[str, Any]) -> Knobs:
    knobs = Knobs(
        str(written["variant"]), int(written["pitch"]), int(written["rate"]), float(written["warp"])
    )
    if not (0 <= knobs.pitch <= 99 and 80 <= knobs.rate <= 450 and 0.5 <= knobs.warp <= 2):
        raise NotAVoice("settings out of range")
    if knobs.variant and not knobs.variant.isalnum():
        raise NotAVoice("not a variant's name")
    return knobs


def _written(measured: Measured) -> dict[str, Any]:
    timbre = measured.timbre
    clouds = {"voiced": timbre.voiced, "unvoiced": timbre.unvoiced, "speech": timbre.speech}
    return {
        "median": round(measured.intonation.median, 4),
        "spread": round(measured.intonation.spread, 5),
        **{name: _written_cloud(cloud) for name, cloud in clouds.items()},
    }


def _written_cloud(cloud: Cloud) -> dict[str, Any]:
    # A covariance is symmetric, so half of it is enough.
    half = cloud.covariance[np.tril_indices(ORDER)]
    return {"mean": _rounded(cloud.mean), "covariance": _rounded(half), "frames": cloud.frames}


def _rounded(numbers: Floats) -> list[float]:
    return [float(f"{number:.{_DIGITS}g}") for number in numbers]


def _read(written: dict[str, Any]) -> Measured:
    return Measured(
        Intonation(_positive(written["median"]), _positive(written["spread"])),
        Timbre(*(_read_cloud(written[name]) for name in ("voiced", "unvoiced", "speech"))),
    )


def _positive(number: float) -> float:
    if not 0 < float(number) < 10_000:
        raise NotAVoice("a number out of range")
    return float(number)


def _read_cloud(written: dict[str, Any]) -> Cloud:
    mean = np.array(written["mean"], dtype=float)
    half = np.array(written["covariance"], dtype=float)
    covariance = np.zeros((ORDER, ORDER))
    covariance[np.tril_indices(ORDER)] = half
    covariance += np.tril(covariance, -1).T
    if mean.shape != (ORDER,) or not np.isfinite(mean).all() or not np.isfinite(covariance).all():
        raise NotAVoice("numbers missing")
    return Cloud(mean, covariance, int(written["frames"]))
