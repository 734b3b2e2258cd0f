"""Child: the parts of a long speech, made into one without clicks or level steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import decode, write_wav
from persona_graph.media.mixing.child_bed import samples_of, segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_STEP_SECONDS = 0.005
_QUIET = 10**-4.5  # of the mean power: −45 dB
_MARGIN_SECONDS = 0.04
_FADE_MS = 8


def join(request: Request) -> Answer:
    """Each part loses the silence at its ends, gets ``pause`` after it, and fades over 8 ms where it was cut.
    ``starts`` and ``skipped`` say where a part begins in the whole and how much of its beginning is gone."""
    rate, pause = int(request["rate"]), int(1000 * request["pause"])
    whole = segment(np.zeros(0, dtype=np.float32), rate)
    starts, skipped = [], []
    for n, path in enumerate(request["paths"]):
        sound = decode(request["ffmpeg"], path, rate=rate, max_seconds=request["max_seconds"]).mono
        begin, end = _spoken(sound, rate)
        if n:
            whole += segment(np.zeros(pause * rate // 1000, dtype=np.float32), rate)
        starts.append(whole.frame_count() / rate)
        skipped.append(begin / rate)
        whole += segment(sound[begin:end], rate).fade_in(_FADE_MS).fade_out(_FADE_MS)
    write_wav(request["out"], samples_of(whole), rate)
    return {"starts": starts, "skipped": skipped, "seconds": whole.frame_count() / rate}


def _spoken(sound: Samples, rate: int) -> tuple[int, int]:
    step = int(_STEP_SECONDS * rate)
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    loud = np.flatnonzero(power > power.mean() * _QUIET)
    if not len(loud):
        return 0, len(sound)
    margin = int(_MARGIN_SECONDS * rate)
    return max(int(loud[0]) * step - margin, 0), min((int(loud[-1]) + 1) * step + margin, len(sound))


if __name__ == "__main__":
    reply(join)
