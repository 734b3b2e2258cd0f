"""The bundled background music, by name. Composed by ``compose.py`` for this project and released as CC0 1.0."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

LICENCE = "CC0-1.0"


class Loop(StrEnum):
    """Bundled music: CALM (slow chords), BRIGHT (plucked arpeggios) or PULSE (a quiet beat)."""

    CALM = "CALM"
    BRIGHT = "BRIGHT"
    PULSE = "PULSE"

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.value.lower()}.ogg")
