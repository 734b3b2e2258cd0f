"""The recordings of a voice, joined to the one file that MiniMax takes."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

from persona_graph.provider import OrderRejected
from persona_graph_minimax.offers import LEAST_SECONDS, MOST_BYTES, MOST_SECONDS

GAP_SECONDS = 0.3
_HEADER_BYTES = 44
_SAMPLE_BYTES = 2


def joined(recordings: Sequence[bytes]) -> bytes:
    """One WAV, with a short silence between two recordings; its end is cut where MiniMax takes no more.
    Raises OrderRejected."""
    if not recordings:
        raise OrderRejected("There is no recording to train a voice from.", code="SAMPLE_COUNT")
    read = [_read(content) for content in recordings]
    rates = {rate for rate, _ in read}
    if len(rates) > 1:
        raise OrderRejected("The recordings have different sampling rates.", code="SAMPLE_FORMAT")
    rate = rates.pop()
    frames = [frames for _, frames in read]
    _check_length(sum(map(len, frames)) / _SAMPLE_BYTES / rate)
    silence = bytes(_SAMPLE_BYTES * round(GAP_SECONDS * rate))
    most = min(_SAMPLE_BYTES * MOST_SECONDS * rate, MOST_BYTES - _HEADER_BYTES) // _SAMPLE_BYTES
    return _written(rate, silence.join(frames)[: most * _SAMPLE_BYTES])


def _read(content: bytes) -> tuple[int, bytes]:
    try:
        with wave.open(io.BytesIO(content)) as recording:
            form = recording.getnchannels(), recording.getsampwidth()
            rate, frames = recording.getframerate(), recording.readframes(recording.getnframes())
    except (wave.Error, EOFError) as error:
        raise OrderRejected(
            "A recording is not a WAV file that can be read.", code="SAMPLE_FORMAT"
        ) from error
    if form != (1, _SAMPLE_BYTES) or not rate:
        raise OrderRejected("A recording is not mono with 16 bits.", code="SAMPLE_FORMAT")
    return rate, frames


def _check_length(seconds: float) -> None:
    if seconds < LEAST_SECONDS:
        message = f"MiniMax wants {LEAST_SECONDS} seconds of recordings at least; these are {seconds:.1f}."
        raise OrderRejected(message, code="SAMPLE_TOO_SHORT")
    if seconds > MOST_SECONDS:
        message = f"MiniMax takes {MOST_SECONDS} seconds of recordings at most; these are {seconds:.0f}."
        raise OrderRejected(message, code="SAMPLE_TOO_LONG")


def _written(rate: int, frames: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as whole:
        whole.setnchannels(1)
        whole.setsampwidth(_SAMPLE_BYTES)
        whole.setframerate(rate)
        whole.writeframes(frames)
    return out.getvalue()
