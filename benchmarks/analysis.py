"""What judging samples costs: seconds of work for each minute of recording, by stage, on one core.

    python benchmarks/analysis.py                 # three minutes of one reader
    python benchmarks/analysis.py --seconds 60 --rounds 5

Each stage is timed by processor time in this process, which may use one thread; the last two lines are the whole
analysis as the product runs it, in its child, with the start of Python and reading of the weights.
Read the ratios: on a busy machine all figures grow together.
"""

from __future__ import annotations

import os

for name in ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import argparse  # noqa: E402
import asyncio  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

from persona_graph.media import child_clean, child_measures, child_timbre  # noqa: E402
from persona_graph.media.analysis import analyse  # noqa: E402
from persona_graph.media.bounded import ffmpeg_binary  # noqa: E402
from persona_graph.media.child_audio import decode  # noqa: E402
from persona_graph.media.child_pitch import pitch_track  # noqa: E402
from persona_graph.media.child_speech import measure  # noqa: E402
from persona_graph.media.child_vad import speech_steps  # noqa: E402
from tests import readers  # noqa: E402


def spent() -> float:
    """Of this process and of the children it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def stages(path: Path, sound: Any) -> dict[str, Callable[[], object]]:
    speech = speech_steps(sound)
    level = child_measures.levels(sound)
    heard = child_measures.per_hop(speech, len(level))
    pitch = pitch_track(sound, heard)
    return {
        "decoding": lambda: decode(ffmpeg_binary(), str(path), rate=readers.RATE, max_seconds=3600),
        "loudness": lambda: measure(ffmpeg_binary(), sound, readers.RATE),
        "speech": lambda: speech_steps(sound),
        "pitch": lambda: pitch_track(sound, heard),
        "noise, clipping, bandwidth": lambda: (
            child_measures.noise(sound, speech), child_measures.clipped_share(sound),
            child_measures.bandwidth(sound, readers.RATE),
        ),
        "syllables": lambda: child_measures.syllables(level, heard, pitch),
        "timbre": lambda: child_timbre.timbre(sound, speech),
        "noise reduction": lambda: child_clean.without_noise(sound, speech),
    }  # fmt: skip


def timed(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        before = spent()
        work()
        found.append(spent() - before)
    return statistics.median(found)


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--seconds", type=float, default=180)
    wanted.add_argument("--rounds", type=int, default=3)
    given = wanted.parse_args()
    voice = readers.sound("1998")
    sound = np.resize(voice, int(given.seconds * readers.RATE)).astype(np.float32)
    minutes = given.seconds / 60
    with tempfile.TemporaryDirectory() as folder:
        path = readers.write(Path(folder) / "voice.wav", sound)
        for name, work in stages(path, sound).items():
            seconds = timed(work, given.rounds)
            print(
                f"{name:28} {seconds / minutes:7.3f} s a minute, {seconds / given.seconds:7.4f} of real time"
            )
        out = Path(folder) / "clean.wav"
        for name, target in (("analysis", None), ("analysis and cleaning", out)):
            start, before = time.perf_counter(), spent()
            asyncio.run(analyse(path, target))
            used = spent() - before
            print(f"{name:28} {used:7.2f} s of processor, {time.perf_counter() - start:6.2f} s by the clock, "
                  f"for {given.seconds:g} s: {used / given.seconds:.4f} of real time")  # fmt: skip


if __name__ == "__main__":
    main()
