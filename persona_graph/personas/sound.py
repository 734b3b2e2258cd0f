"""How a speech is asked to sound: effects, background music, captions; checked, and as the job's spec holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import InvalidInput
from persona_graph.media.assets import AssetPurpose
from persona_graph.media.mixing.effects import Effects, Preset, loudness_for
from persona_graph.media.mixing.loops import LICENCE, Loop
from persona_graph.personas.captions import burnable
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.tables import Platform
from persona_graph.personas.uploads import usable

AMOUNTS = ("reverb", "echo", "compression", "normalisation")
GAIN_DB = (-40.0, 0.0)
DUCK_DB = (0.0, 40.0)
FADE_SECONDS = (0.0, 30.0)


@dataclass(frozen=True)
class MusicWish:
    """An uploaded asset or a bundled loop. ``licence`` is the caller's word for an upload."""

    asset_id: str | None = None
    loop: Loop | None = None
    licence: str = ""
    gain_db: float = -12.0
    duck_db: float = 10.0
    fade_seconds: float = 1.5


@dataclass(frozen=True)
class SoundWish:
    """``amounts`` stand in place of those of the preset where they are not None."""

    preset: Preset = Preset.NONE
    amounts: Mapping[str, Any] = field(default_factory=dict)
    music: MusicWish | None = None
    captions: bool = False


class CaptionMode(StrEnum):
    """How a video shows its captions: NONE, TRACK (can be switched on in a player) or BURNED (in the picture)."""

    NONE = "NONE"
    TRACK = "TRACK"
    BURNED = "BURNED"


PLAIN_SOUND = SoundWish()


async def sound_spec(
    personas: Personas, session: AsyncSession, viewer: Viewer, wish: SoundWish, platform: Platform | None
) -> dict[str, Any]:
    """Raises InvalidInput, or what is wrong with the music."""
    check_sound(wish)
    music = await _music(personas, session, viewer, wish.music) if wish.music else None
    return {
        "effects": Effects.of(wish.preset, wish.amounts).to_json(), "loudness": loudness_for(platform), "music": music,
        "captions": wish.captions,
    }  # fmt: skip


def shown_captions(mode: CaptionMode, script: str) -> str | None:
    """As the job's spec holds it. Burning in needs letters that the bundled font has."""
    if mode is CaptionMode.BURNED and not burnable(script):
        raise InvalidInput(
            message="This script has letters that cannot be burned in.", path=("captions",),
            fix="Use TRACK, which leaves the letters to the player.",
        )  # fmt: skip
    return None if mode is CaptionMode.NONE else mode.value


def check_sound(wish: SoundWish) -> None:
    for name in AMOUNTS:
        if (amount := wish.amounts.get(name)) is not None:
            _within(("effects", name), amount, (0.0, 1.0))
    if wish.music is None:
        return
    _within(("music", "gainDb"), wish.music.gain_db, GAIN_DB)
    _within(("music", "duckDb"), wish.music.duck_db, DUCK_DB)
    _within(("music", "fadeSeconds"), wish.music.fade_seconds, FADE_SECONDS)
    if (wish.music.asset_id is None) == (wish.music.loop is None):
        raise InvalidInput(
            message="Music is either an uploaded asset or a bundled loop.", path=("music", "assetId"),
            fix="Give exactly one of assetId and loop.",
        )  # fmt: skip


async def _music(
    personas: Personas, session: AsyncSession, viewer: Viewer, wish: MusicWish
) -> dict[str, Any]:
    numbers = {"gain_db": wish.gain_db, "duck_db": wish.duck_db, "fade_seconds": wish.fade_seconds}
    if wish.loop is not None:
        return {"loop": wish.loop.value, "title": wish.loop.value, "licence": LICENCE, **numbers}
    asset = await usable(
        personas, session, viewer, wish.asset_id or "", AssetPurpose.MUSIC, "music", "assetId"
    )
    licence = plain_text(wish.licence, "licence", most=200)
    return {"asset": asset.id, "title": asset.file_name, "licence": licence, **numbers}


def _within(path: tuple[str, ...], value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(
            message=f"{path[-1]} is {value:g}.", path=path, fix=f"Use {bounds[0]:g} to {bounds[1]:g}."
        )
