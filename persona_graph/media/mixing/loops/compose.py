"""Composes the bundled background loops. Run it as ``python -m persona_graph.media.mixing.loops.compose``.

Every partial makes whole turns within the loop and every note that rings over the end goes on at the beginning,
so the end leads into the beginning without a seam. The music is this project's own and released as CC0 1.0.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_graph.media.bounded import ffmpeg_binary

RATE = 24_000
Wave = NDArray[np.float64]


def calm() -> Wave:
    """Four slow chords, each 3 s: C, A minor, F, G."""
    chords = ((48, 55, 60, 64), (45, 52, 57, 60), (41, 48, 57, 60), (43, 50, 55, 59))
    out = np.zeros(12 * RATE)
    for n, chord in enumerate(chords):
        for note in chord:
            _ring(out, 3.0 * n, 4.2, note, attack=1.2, harmonics=(1, 0.35, 0.12, 0.05))
    return out


def bright() -> Wave:
    """Plucked arpeggios over four chords, eight notes to the bar of 2.4 s."""
    chords = ((60, 64, 67, 72), (57, 60, 64, 69), (53, 57, 60, 65), (55, 59, 62, 67))
    out = np.zeros(int(9.6 * RATE))
    for bar, chord in enumerate(chords):
        _ring(out, 2.4 * bar, 2.6, chord[0] - 24, attack=0.05, harmonics=(1, 0.3))
        for n, place in enumerate((0, 1, 2, 3, 2, 1, 3, 2)):
            _ring(out, 2.4 * bar + 0.3 * n, 1.2, chord[place], attack=0.004, harmonics=(0.5, 0.2, 0.1, 0.04))
    return out


def pulse() -> Wave:
    """A quiet beat of low notes, 100 to the minute, under two held fifths."""
    out = np.zeros(int(9.6 * RATE))
    for n in range(16):
        _ring(out, 0.6 * n, 0.5, 36 if n < 8 else 33, attack=0.008, harmonics=(1, 0.5, 0.25, 0.1))
    for n, root in enumerate((60, 57)):
        for note in (root, root + 7):
            _ring(out, 4.8 * n, 6.0, note, attack=1.0, harmonics=(0.4, 0.1))
    return out


def _ring(
    out: Wave, at: float, seconds: float, note: int, *, attack: float, harmonics: Sequence[float]
) -> None:
    t = np.arange(int(seconds * RATE)) / RATE
    pitch = 440 * 2 ** ((note - 69) / 12)
    tone = sum(strength * np.sin(2 * np.pi * pitch * (n + 1) * t) for n, strength in enumerate(harmonics))
    shape = np.minimum(t / attack, 1) * np.exp(-2.2 * np.maximum(t - attack, 0) / (seconds - attack))
    shape *= np.minimum((seconds - t) / 0.2, 1).clip(0)
    places = (int(at * RATE) + np.arange(len(t))) % len(out)
    np.add.at(out, places, tone * shape)


def write(path: Path, wave: Wave) -> None:
    sound = (0.5 * wave / np.abs(wave).max()).astype("<f4").tobytes()
    argv = [
        ffmpeg_binary(), "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0",
        "-map_metadata", "-1", "-metadata", "license=CC0-1.0", "-bitexact", "-c:a", "libopus", "-b:a", "48k",
        "-f", "ogg", f"file:{path}",
    ]  # fmt: skip
    subprocess.run(argv, input=sound, check=True)


if __name__ == "__main__":
    for loop in (calm, bright, pulse):
        write(Path(__file__).with_name(f"{loop.__name__}.ogg"), loop())
