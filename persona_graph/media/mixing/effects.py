"""Effects by amount, presets, equaliser curves and loudness targets: what may be asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from types import MappingProxyType


class Preset(StrEnum):
    """A set of effect amounts by name; amounts that are given beside it win."""

    NONE = "NONE"
    PODCAST = "PODCAST"
    NARRATION = "NARRATION"
    PHONE = "PHONE"
    HALL = "HALL"


class Equaliser(StrEnum):
    """A tone curve: FLAT, WARM, BRIGHT, CLARITY (speech made easier to follow) or PHONE (300–3400 Hz)."""

    FLAT = "FLAT"
    WARM = "WARM"
    BRIGHT = "BRIGHT"
    CLARITY = "CLARITY"
    PHONE = "PHONE"


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Amounts from 0 (none) to 1. ``normalisation`` evens out loud and quiet passages; the loudness of the whole
    always meets its target. ``speed`` 0.5–2 leaves the pitch alone, ``pitch`` (semitones, −12–12) the length."""

    reverb: float = 0.0
    echo: float = 0.0
    compression: float = 0.0
    normalisation: float = 0.0
    equaliser: Equaliser = Equaliser.FLAT
    speed: float = 1.0
    pitch: float = 0.0

    @property
    def idle(self) -> bool:
        return self == NOTHING

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def of(cls, preset: Preset | str, own: Mapping[str, object] | None = None) -> Effects:
        """The preset, with the amounts of ``own`` in place of its where they are not None."""
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in (own or {}).items() if value is not None and name in known}
        if "equaliser" in given:
            given["equaliser"] = Equaliser(str(given["equaliser"]))
        return cls(**{**PRESETS[Preset(preset)], **given})  # type: ignore[arg-type]


NOTHING = Effects()
PRESETS: Mapping[Preset, Mapping[str, object]] = MappingProxyType(
    {
        Preset.NONE: {},
        Preset.PODCAST: {"compression": 0.5, "normalisation": 0.4, "equaliser": Equaliser.CLARITY},
        Preset.NARRATION: {
            "compression": 0.3,
            "normalisation": 0.6,
            "reverb": 0.08,
            "equaliser": Equaliser.WARM,
        },
        Preset.PHONE: {"compression": 0.7, "equaliser": Equaliser.PHONE},
        Preset.HALL: {"reverb": 0.6, "compression": 0.2},
    }
)

DEFAULT_LOUDNESS = -16.0
# LUFS as BS.1770 measures the mono file; docs/sound.md names the source of each figure.
LOUDNESS: Mapping[str, float] = MappingProxyType(
    {
        "PODCAST": -19.0,
        "YOUTUBE": -14.0,
        "LINKEDIN": -16.0,
        "FACEBOOK": -16.0,
        "INSTAGRAM": -16.0,
        "X": -16.0,
        "BLOG": -18.0,
        "MEDIUM": -18.0,
        "SUBSTACK": -18.0,
        "EMAIL": -18.0,
        "STORY": -18.0,
    }
)


def loudness_for(platform: str | None) -> float:
    """The target of a platform, −16 LUFS where none is named."""
    return LOUDNESS.get(platform or "", DEFAULT_LOUDNESS)
