"""Child: the master of a speech. Levels it, limits it, writes it, and measures what was written."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import Decoded, decode, write_wav
from persona_graph.media.child_limiter import limited

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

FADE_SECONDS = 0.005
LENGTH_TOLERANCE = 0.010
# One block of the loudness standard is 0.4 s; a shorter clip is measured as if it went on.
_MEASURABLE_SECONDS = 1.0
_INAUDIBLE_LUFS = -65.0
_CLOSE_ENOUGH = 0.3
_HEADROOM = 0.1  # dB; the meter's own step
# More would flatten a speech of few loud words to reach the figure.
_MOST_MAKE_UP = 6.0
_TRIES = 6
_ENCODERS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "96k", "-f", "mp3"),
    "ogg": ("-c:a", "libopus", "-b:a", "64k", "-f", "ogg"),
}


class Measured(NamedTuple):
    loudness: float
    true_peak: float


def finish(request: Request) -> Answer:
    ffmpeg, out = request["ffmpeg"], request["out"]
    source = decode(ffmpeg, request["path"], rate=request["rate"], max_seconds=request["max_seconds"])
    rate = request["rate"] or source.format.rate
    samples = _trimmed_of_dc(source.mono, rate)
    before = measure(ffmpeg, samples, rate)
    if before.loudness < _INAUDIBLE_LUFS:
        raise MediaRefused(
            message="There is no sound in this speech.", code="MEDIA_SILENT", fix="Make it again."
        )
    gain, ceiling = request["loudness"] - before.loudness, request["true_peak"] - _HEADROOM
    most = gain + _MOST_MAKE_UP
    for _ in range(_TRIES):
        _write(
            ffmpeg, out, request["container"], limited(samples, _factor(gain), _factor(ceiling), rate), rate
        )
        written = decode(ffmpeg, out, rate=None, max_seconds=request["max_seconds"] + 1)
        after = measure(ffmpeg, written.mono, written.format.rate)
        missing, excess = request["loudness"] - after.loudness, after.true_peak - request["true_peak"]
        if excess <= 0 and (abs(missing) <= _CLOSE_ENOUGH or gain >= most):
            break
        # The limiter takes loudness and a lossy encoder adds peaks: aim again by what was missed.
        gain = min(gain + missing, most)
        ceiling -= max(excess + _HEADROOM, 0.0)
    if abs(written.seconds - source.seconds) > LENGTH_TOLERANCE:
        raise RuntimeError(f"the master is {written.seconds - source.seconds:+.3f} s longer than its source")
    return _answer(written, after)


def measure(ffmpeg: str, samples: Samples, rate: int) -> Measured:
    """Integrated loudness (BS.1770-4) in LUFS and true peak in dBTP."""
    short = int(_MEASURABLE_SECONDS * rate)
    if len(samples) < short:
        samples = np.tile(samples, -(-short // len(samples)))
    log = _fed(ffmpeg, samples, rate, "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-")
    summary = log[log.rindex("Summary:") :]
    loudness = re.search(r"I:\s+(\S+) LUFS", summary)
    peak = re.search(r"Peak:\s+(\S+) dBFS", summary)
    if not loudness or not peak:
        raise RuntimeError("the loudness meter gave no summary")
    return Measured(float(loudness[1]), max(float(peak[1]), -120.0))


def _trimmed_of_dc(samples: Samples, rate: int) -> Samples:
    """Without its mean, and silent at both ends so that nothing clicks where it is joined or cut."""
    out = samples - np.float32(samples.mean(dtype=np.float64))
    edge = min(int(FADE_SECONDS * rate), len(out) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, edge, endpoint=False))).astype(np.float32)
    out[:edge] *= ramp
    out[len(out) - edge :] *= ramp[::-1]
    return out


def _write(ffmpeg: str, out: str, container: str, samples: Samples, rate: int) -> None:
    if container == "wav":
        write_wav(out, samples, rate)
    else:
        _fed(ffmpeg, samples, rate, "-map_metadata", "-1", *_ENCODERS[container], "-y", f"file:{out}")


def _fed(ffmpeg: str, samples: Samples, rate: int, *options: str) -> str:
    argv = [
        ffmpeg, "-hide_banner", "-nostats", "-loglevel", "info", "-filter_threads", "1", "-threads", "1",
        "-protocol_whitelist", "pipe", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0", *options,
    ]  # fmt: skip
    sound = np.ascontiguousarray(samples, dtype="<f4").data.cast("B")
    ended = subprocess.run(argv, input=sound, capture_output=True, check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr[-500:].decode("utf-8", "replace"))
    return ended.stderr.decode("utf-8", "replace")


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _answer(written: Decoded, measured: Measured) -> Answer:
    return {
        "content_type": written.kind.content_type, "codec": written.codec, "seconds": written.seconds,
        "rate": written.format.rate, "channels": written.format.channels,
        "peak_dbfs": written.level.peak_dbfs, "rms_dbfs": written.level.rms_dbfs, "speech_seconds": None,
        "silent": False, "loudness": measured.loudness, "true_peak": measured.true_peak,
    }  # fmt: skip


if __name__ == "__main__":
    reply(finish)
