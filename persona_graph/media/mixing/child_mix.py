"""Child: effects and music on one speech. What comes out is not mastered yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import decode, write_wav
from persona_graph.media.child_speech import measure
from persona_graph.media.mixing.child_bed import bed, ducking
from persona_graph.media.mixing.child_filters import treated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# Effects are set for speech of this loudness, whatever the provider's was.
_WORKING_LUFS = -20.0
_INAUDIBLE_LUFS = -65.0


def mix(request: Request) -> Answer:
    ffmpeg, rate, most = request["ffmpeg"], int(request["rate"]), request["max_seconds"]
    source = decode(ffmpeg, request["path"], rate=rate, max_seconds=most)
    speech = _levelled(ffmpeg, source.mono, rate, _WORKING_LUFS)
    speech = treated(ffmpeg, speech, rate, request["effects"])
    if music := request["music"]:
        speech = _levelled(ffmpeg, speech, rate, _WORKING_LUFS)
        speech = speech + _music(ffmpeg, music, speech, rate, most)
    write_wav(request["out"], speech, rate)
    return {"seconds": len(speech) / rate, "source_seconds": len(source.mono) / rate}


def _music(ffmpeg: str, music: dict[str, Any], speech: Samples, rate: int, most: float) -> Samples:
    sound = decode(ffmpeg, music["path"], rate=rate, max_seconds=most)
    level = _levelled(ffmpeg, sound.mono, rate, _WORKING_LUFS + music["gain_db"])
    under = bed(level, rate, len(speech), music["fade_seconds"], seamless=music["seamless"])
    return under * ducking(speech, rate, music["duck_db"])


def _levelled(ffmpeg: str, samples: Samples, rate: int, loudness: float) -> Samples:
    found = measure(ffmpeg, samples, rate).loudness
    if found < _INAUDIBLE_LUFS:
        raise MediaRefused(message="There is no sound in this.", code="MEDIA_SILENT", fix="Make it again.")
    return samples * np.float32(10 ** ((loudness - found) / 20))


if __name__ == "__main__":
    reply(mix)
