"""Child: how a rendering sounds, apart from what is said in it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from persona_graph.media import child_measures
from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import decode
from persona_graph.media.child_pitch import HOP_SECONDS, pitch_track
from persona_graph.media.child_speech import measure
from persona_graph.media.child_vad import RATE, STEP, speech_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

_EDGES = (100, 200, 400, 800, 1600, 3200, 6400)
_FEWEST_VOICED = 50
_LEAST_SECONDS = 1.0
_NOTHING = 1e-12


def look(request: Request) -> Answer:
    sound = decode(request["ffmpeg"], request["path"], rate=RATE, max_seconds=request["max_seconds"]).mono
    loudness = measure(request["ffmpeg"], sound, RATE).loudness
    speech = speech_steps(sound)
    level = child_measures.levels(sound)
    seconds = float(speech.sum()) * STEP / RATE
    found: Answer = {
        "loudness": loudness, "speech_seconds": seconds, "pitch_hz": None, "syllables_per_second": None,
        "bands": None,
    }  # fmt: skip
    if seconds < _LEAST_SECONDS or not len(level):
        return found
    heard = child_measures.per_hop(speech, len(level))
    pitch = pitch_track(sound, heard)
    voiced = pitch[pitch > 0]
    if len(voiced) >= _FEWEST_VOICED:
        # The mean on a scale of octaves: the one a shift moves by itself.
        found["pitch_hz"] = float(np.exp(np.mean(np.log(voiced))))
    nuclei = child_measures.syllables(level, heard, pitch)[heard]
    found["syllables_per_second"] = float(nuclei.sum()) / (len(nuclei) * HOP_SECONDS)
    found["bands"] = _bands(sound[np.repeat(speech, STEP)[: len(sound)]])
    return found


def _bands(speech: Numbers) -> list[float]:
    size = 1024
    frames = speech[: len(speech) // size * size].reshape(-1, size) * np.hanning(size).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0)
    at = np.fft.rfftfreq(size, 1 / RATE)
    sums = [float(power[(at >= low) & (at < high)].sum()) for low, high in pairwise(_EDGES)]
    whole = max(sum(sums), _NOTHING)
    return [10 * float(np.log10(max(each / whole, _NOTHING))) for each in sums]


if __name__ == "__main__":
    reply(look)
