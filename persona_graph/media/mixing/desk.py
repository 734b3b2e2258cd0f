"""Effects, music and joining, each in a bounded child process. What they write is mastered afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask
from persona_graph.media.mixing.effects import NOTHING, Effects

RATE = 24_000
LONGEST = 3600.0
# Between two parts of a speech: about what a reader leaves after a full stop.
PAUSE_SECONDS = 0.35


@dataclass(frozen=True, kw_only=True)
class Bed:
    """Music under a speech. ``gain_db`` is its loudness against the speech where nobody speaks, ``duck_db`` how
    much lower it is where somebody does. ``seamless``: its end leads into its beginning."""

    path: Path
    gain_db: float = -12.0
    duck_db: float = 10.0
    fade_seconds: float = 1.5
    seamless: bool = False


@dataclass(frozen=True)
class Joined:
    """Where each part begins in the whole, and how many seconds of its own beginning were cut."""

    starts: tuple[float, ...]
    skipped: tuple[float, ...]
    seconds: float


async def mix(path: Path, out: Path, *, effects: Effects = NOTHING, music: Bed | None = None) -> float:
    """Writes mono WAV at 24 kHz, as long as ``path`` divided by ``effects.speed``; answers its seconds.
    Raises MediaRefused where the speech or the music is silent or damaged."""
    request = {
        "path": str(path.absolute()), "out": str(out.absolute()), "rate": RATE, "max_seconds": LONGEST,
        "effects": effects.to_json(), "music": _bed(music) if music else None,
    }  # fmt: skip
    answer = await ask("mixing.child_mix", request, _room())
    return float(answer["seconds"])


async def join(paths: Sequence[Path], out: Path, *, pause: float = PAUSE_SECONDS) -> Joined:
    """Parts of one loudness become one mono WAV at 24 kHz."""
    request = {
        "paths": [str(path.absolute()) for path in paths], "out": str(out.absolute()), "rate": RATE,
        "pause": pause, "max_seconds": LONGEST,
    }  # fmt: skip
    answer = await ask("mixing.child_join", request, _room())
    return Joined(tuple(answer["starts"]), tuple(answer["skipped"]), answer["seconds"])


async def pauses(path: Path) -> tuple[tuple[float, float], ...]:
    """Where nobody speaks for 0.12 s or longer: (start, end) in seconds, in order."""
    request = {"path": str(path.absolute()), "max_seconds": LONGEST}
    answer = await ask("mixing.child_pauses", request, _room())
    return tuple((start, end) for start, end in answer["pauses"])


def _bed(music: Bed) -> dict[str, object]:
    return {
        "path": str(music.path.absolute()), "gain_db": music.gain_db, "duck_db": music.duck_db,
        "fade_seconds": music.fade_seconds, "seamless": music.seamless,
    }  # fmt: skip


def _room() -> Bounds:
    """For half an hour of speech and some more: a dozen copies of its samples, and a second per half minute."""
    return Bounds().at_least(seconds=180, address_space=4 << 30, written_bytes=int(2 * RATE * LONGEST) + 4096)
