"""One recording out of several: the vendor's clone call takes one file."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

from persona_graph.provider import OrderRejected

_PAUSE_SECONDS = 0.3


def joined(samples: Sequence[bytes], most_seconds: float, most_bytes: int) -> bytes:
    """Mono WAV with a short pause between samples, cut where it gets too long. Raises OrderRejected."""
    out = io.BytesIO()
    with wave.open(out, "wb") as whole:
        room = 0
        for number, sample in enumerate(samples):
            rate, frames = _frames(sample)
            if number == 0:
                whole.setnchannels(1)
                whole.setsampwidth(2)
                whole.setframerate(rate)
                # A second less than allowed, so that a length measured otherwise still fits.
                room = min(int((most_seconds - 1) * rate) * 2, most_bytes - 10_000)
            elif rate != whole.getframerate():
                raise OrderRejected("The recordings differ in their sample rate.", code="SAMPLE_FORMAT")
            pause = b"\0\0" * int(_PAUSE_SECONDS * rate) if number else b""
            piece = (pause + frames)[: room // 2 * 2]
            whole.writeframes(piece)
            room -= len(piece)
    return out.getvalue()


def _frames(sample: bytes) -> tuple[int, bytes]:
    try:
        with wave.open(io.BytesIO(sample)) as file:
            if (file.getnchannels(), file.getsampwidth()) == (1, 2):
                return file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        pass
    raise OrderRejected("The recordings must be mono WAV of 16 bit.", code="SAMPLE_FORMAT")
