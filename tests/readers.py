"""The four readers of tests/samples, analysed once per process, and ways to make worse recordings of them."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import tempfile
import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from persona_graph.media.analysis import Analysis, analyse
from persona_graph.media.bounded import ffmpeg_binary
from persona_graph.media.child_audio import decode
from persona_graph.media.child_measures import around
from persona_graph.media.child_vad import STEP

SAMPLES = Path(__file__).parent / "samples"
READERS = ("1688", "1998", "2033", "367")
RATE = 16_000

Sound = NDArray[np.float32]


_HEAR = """
import sys, numpy
from persona_graph.media.child_vad import speech_steps
numpy.save(sys.argv[2], speech_steps(numpy.load(sys.argv[1])))
"""


def speech_steps(samples: Sound) -> NDArray[np.bool_]:
    """In a process of one thread, as the product does it: the detector's four spin against each other."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = f"{folder}/sound.npy", f"{folder}/speech.npy"
        np.save(given, samples)
        environment = {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "PATH": ""}
        argv = [sys.executable, "-c", _HEAR, given, found]
        subprocess.run(argv, check=True, env=environment, cwd=Path(__file__).parents[1])
        return np.asarray(np.load(found), dtype=bool)


def files(reader: str) -> list[Path]:
    return sorted((SAMPLES / reader).glob("*.flac"))[:5]


@cache
def analyses() -> dict[str, list[Analysis]]:
    """Five sentences of each reader."""

    async def every() -> dict[str, list[Analysis]]:
        return {
            reader: await asyncio.gather(*(analyse(path) for path in files(reader))) for reader in READERS
        }

    return asyncio.run(every())


@cache
def sound(reader: str, count: int = 5) -> Sound:
    """Sentences of one reader one after the other."""
    parts = [
        decode(ffmpeg_binary(), str(path), rate=RATE, max_seconds=600).mono for path in files(reader)[:count]
    ]
    return np.concatenate(parts)


@cache
def gated(reader: str) -> tuple[Sound, float]:
    """The same with nothing between the words, and the mean power of the words: a ground to put noise on."""
    whole = sound(reader)
    speech = speech_steps(whole)
    clean = whole * np.repeat(around(speech, 2), STEP)[: len(whole)]
    steps = clean[: len(clean) // STEP * STEP].reshape(-1, STEP)
    return clean, float(np.square(steps[speech[: len(steps)]]).mean())


def noise_like(clean: Sound, power: float, snr: float, seed: int = 7) -> Sound:
    spread = np.sqrt(power * 10 ** (-snr / 10))
    return (clean + np.random.default_rng(seed).standard_normal(len(clean)) * spread).astype(np.float32)


def write(path: Path, samples: Sound, rate: int = RATE) -> Path:
    """16 bit WAV; what exceeds full scale is cut off there, as a converter does."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    path.write_bytes(held.getvalue())
    return path


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)
