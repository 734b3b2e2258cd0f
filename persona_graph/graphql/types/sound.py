"""How speech is asked to sound, and what is said about it afterwards."""

from __future__ import annotations

from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import closed_set, described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.types.assets import Asset, load_asset
from persona_graph.media.mixing.effects import Equaliser, Preset
from persona_graph.media.mixing.loops import Loop
from persona_graph.personas import tables as rows
from persona_graph.personas.sound import AMOUNTS, CaptionMode, MusicWish, SoundWish
from persona_graph.provider import TimingSource

closed_set(
    Preset,
    {
        "NONE": "The speech as it is, at its platform's loudness.",
        "PODCAST": "Compressed, evened out, clear.",
        "NARRATION": "Evened out, warm, a little room.",
        "PHONE": "Through a telephone.",
        "HALL": "In a large room.",
    },
    name="SoundPreset",
)
closed_set(
    Equaliser,
    {
        "FLAT": "As it is.",
        "WARM": "More low, less high.",
        "BRIGHT": "Less low, more high.",
        "CLARITY": "Consonants forward, rumble and boom away.",
        "PHONE": "300 to 3400 Hz.",
    },
)
closed_set(
    Loop,
    {
        "CALM": "Slow chords. CC0.",
        "BRIGHT": "Plucked arpeggios. CC0.",
        "PULSE": "A quiet beat. CC0.",
    },
    name="MusicLoop",
)
closed_set(
    CaptionMode,
    {
        "NONE": "Not at all.",
        "TRACK": "As a subtitle track that a player can show.",
        "BURNED": "In the picture, for Latin, Greek, Cyrillic, Hebrew and Arabic letters.",
    },
)
closed_set(
    TimingSource,
    {
        "MEASURED": "Measured in the audio.",
        "REPORTED": "Reported by the engine that spoke.",
        "ESTIMATED": "Estimated from the text and the pauses.",
    },
)


@described_input
class EffectsInput:
    """Effects by amount, 0 (none) to 1; null takes the preset's. The length stays; what rings over the end is cut."""

    reverb: float | None = f("A room.", default=None)
    echo: float | None = f("Repeats after 0.28 s.", default=None)
    compression: float | None = f("Loud moments made quieter: less difference to the rest.", default=None)
    normalisation: float | None = f(
        "Loud and quiet passages brought nearer; the share of the difference that goes.", default=None
    )
    equaliser: Equaliser | None = f("A tone curve.", default=None)


@described_input
class MusicInput:
    """Background music, looped or trimmed to the speech: an uploaded asset or a bundled loop."""

    asset_id: strawberry.ID | None = f(
        "An uploaded asset with purpose MUSIC; give this or loop.", default=None
    )
    loop: Loop | None = f("A bundled loop, made by this project, CC0.", default=None)
    licence: str = f(
        "Under which licence you may use the upload, in words or as an SPDX id; needed with assetId.",
        default="",
    )
    gain_db: float = f("-40 to 0: its loudness against the speech where nobody speaks, in LU.", default=-12.0)
    duck_db: float = f("0 to 40: how many dB lower it is where somebody speaks.", default=10.0)
    fade_seconds: float = f("0 to 30: how long it fades in and out.", default=1.5)

    def wish(self) -> MusicWish:
        asset_id = row_id("Asset", self.asset_id, "music", "assetId") if self.asset_id is not None else None
        return MusicWish(asset_id, self.loop, self.licence, self.gain_db, self.duck_db, self.fade_seconds)


def sound_wish(
    preset: Preset, effects: EffectsInput | None, music: MusicInput | None, captions: bool
) -> SoundWish:
    amounts = {name: getattr(effects, name) for name in (*AMOUNTS, "equaliser")} if effects else {}
    return SoundWish(preset, amounts, music.wish() if music else None, captions)


@described
class Captions:
    """The script in cues of at most two lines of 42 characters."""

    source: TimingSource = f("Where the times come from; the same is noted in the WebVTT file.")
    row: strawberry.Private[rows.Output]

    @classmethod
    def of(cls, row: rows.Output) -> Captions | None:
        if row.vtt_id is None or row.timing_source is None:
            return None
        return cls(source=TimingSource(row.timing_source), row=row)

    @strawberry.field(description="As WebVTT.")
    async def vtt(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.vtt_id)

    @strawberry.field(description="As SubRip.")
    async def srt(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.srt_id)


@described
class MusicCredit:
    """The background music of an output."""

    title: str = f("The bundled loop's name, or the name the music was uploaded under.")
    licence: str = f("SPDX id of a bundled loop, or what the caller said.")

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> MusicCredit | None:
        return cls(title=str(stored["title"]), licence=str(stored["licence"])) if stored else None
