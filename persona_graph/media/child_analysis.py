"""Child: one recording measured as a sample of a voice, and its cleaned copy if asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from persona_graph.media import child_clean, child_measures
from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import SILENCE_DBFS, Decoded, decode
from persona_graph.media.child_pitch import HOP_SECONDS, pitch_track, semitones
from persona_graph.media.child_speech import measure
from persona_graph.media.child_timbre import timbre
from persona_graph.media.child_vad import RATE, STEP_SECONDS, speech_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Truths = NDArray[np.bool_]

_FEWEST_VOICED = 50  # hops; half a second
_PACE_SECONDS = 5.0
_ROOM_STEPS = 6  # 0.2 s: the room answers after the word
# From here on nothing is taken away: the filter would only do harm.
CLEAN_ENOUGH = 30.0


def analyse(request: Request) -> Answer:
    ffmpeg, path, most = request["ffmpeg"], request["path"], request["max_seconds"]
    answer = _of_the_file(ffmpeg, decode(ffmpeg, path, rate=None, max_seconds=most))
    sound = decode(ffmpeg, path, rate=RATE, max_seconds=most).mono
    speech = speech_steps(sound)
    answer |= _of_the_speech(sound, speech, answer["peak_dbfs"])
    if out := request.get("out"):
        answer["cleaned"] = _cleaned(ffmpeg, path, out, most, answer["snr"], speech)
    return answer


def _of_the_file(ffmpeg: str, whole: Decoded) -> dict[str, Any]:
    rate = whole.format.rate
    loudness = measure(ffmpeg, whole.mono, rate)
    return {
        "content_type": whole.kind.content_type, "codec": whole.codec, "seconds": whole.seconds, "rate": rate,
        "channels": whole.format.channels, "peak_dbfs": whole.level.peak_dbfs, "loudness": loudness.loudness,
        "clipped_share": child_measures.clipped_share(whole.mono),
        "bandwidth_hz": child_measures.bandwidth(whole.mono, rate),
    }  # fmt: skip


def _of_the_speech(sound: Numbers, speech: Truths, peak: float) -> dict[str, Any]:
    if peak < SILENCE_DBFS:
        speech = np.zeros_like(speech)
    seconds = min(float(speech.sum()) * STEP_SECONDS, len(sound) / RATE)
    noise = child_measures.noise(sound, speech)
    level = child_measures.levels(sound)
    found: dict[str, Any] = {
        "speech_seconds": seconds, "speech_share": seconds * RATE / len(sound), "snr": noise.snr,
        "noise_dbfs": noise.floor, "pause_share": child_measures.pause_share(speech),
        "dynamic_range_db": None, "reverberation_seconds": None, "passages": [],
    }  # fmt: skip
    found |= _of_the_voice(np.zeros(0, dtype=np.float32))
    found |= {"syllables_per_second": None, "pace_spread": None, "company": None, "rhythm": ("0", "0")}
    if not speech.any() or not len(level):
        return found
    heard = child_measures.per_hop(speech, len(level))
    falling = child_measures.per_hop(child_measures.around(speech, _ROOM_STEPS), len(level))
    pitch = pitch_track(sound, heard)
    passages, company = timbre(sound, speech)
    return found | _of_the_voice(pitch[pitch > 0]) | _of_the_pace(level, heard, pitch) | {
        "dynamic_range_db": child_measures.dynamic_range(level, heard),
        "reverberation_seconds": child_measures.reverberation(level, falling, noise),
        "passages": passages, "company": company, "rhythm": child_measures.rhythm(level),
    }  # fmt: skip


def _of_the_voice(voiced: Numbers) -> dict[str, Any]:
    if len(voiced) < _FEWEST_VOICED:
        return {"pitch_hz": None, "pitch_range_semitones": None, "voiced_seconds": 0.0}
    low, middle, high = (float(x) for x in np.percentile(voiced, (10, 50, 90)))
    return {
        "pitch_hz": middle, "pitch_range_semitones": semitones(high, low),
        "voiced_seconds": len(voiced) * HOP_SECONDS,
    }  # fmt: skip


def _of_the_pace(level: Numbers, heard: Truths, pitch: Numbers) -> dict[str, Any]:
    """Nuclei per second of speech, and how much that differs between stretches of 5 s of speech."""
    nuclei = child_measures.syllables(level, heard, pitch)[heard]
    seconds = len(nuclei) * HOP_SECONDS
    stretches = np.array_split(nuclei, max(int(seconds / _PACE_SECONDS), 1))
    rates = [float(part.mean()) / HOP_SECONDS for part in stretches]
    spread = float(np.std(rates) / np.mean(rates)) if len(rates) >= 3 and np.mean(rates) > 0 else None
    return {"syllables_per_second": float(nuclei.sum()) / seconds, "pace_spread": spread}


def _cleaned(
    ffmpeg: str, path: str, out: str, most: float, snr: float | None, speech: Truths
) -> dict[str, Any]:
    sound = decode(ffmpeg, path, rate=child_clean.RATE, max_seconds=most).mono
    reduce = snr is not None and snr < CLEAN_ENOUGH
    made = child_clean.write_clean(ffmpeg, out, sound, speech, reduce=reduce)
    again = decode(ffmpeg, out, rate=RATE, max_seconds=most + 1)
    return {
        "snr": child_measures.noise(again.mono, speech).snr, "loudness": made.measured.loudness,
        "true_peak": made.measured.true_peak, "seconds": again.seconds, "noise_reduced": reduce,
    }  # fmt: skip


if __name__ == "__main__":
    reply(analyse)
