"""One recording out of several: the vendor's clone call takes one file."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

from persona_graph.provider import OrderRejected

_PAUSE_SECONDS = 0.3


def joined(samples: Sequence[bytes], most_seconds: float, most_bytes: int) -> bytes:
    """Mono WAV with a short pause between samples, cut where it gets too long. Raises OrderRejected."""
    read = [_frames(sample) for sample in samples]
    rates = {rate for rate, _ in read}
    if len(rates) != 1:
        raise OrderRejected("The recordings must have one sample rate.", code="SAMPLE_FORMAT")
    (rate,) = rates
    pause = bytes(2 * int(_PAUSE_SECONDS * rate))
    # A second less than allowed, so that a length measured otherwise still fits.
    most = min(int((most_seconds - 1) * rate) * 2, (most_bytes - 10_000) // 2 * 2)
    out = io.BytesIO()
    with wave.open(out, "wb") as whole:
        whole.setparams((1, 2, rate, 0, "NONE", ""))
        whole.writeframes(pause.join(frames for _, frames in read)[:most])
    return out.getvalue()


def _frames(sample: bytes) -> tuple[int, bytes]:
    try:
        with wave.open(io.BytesIO(sample)) as file:
            if (file.getnchannels(), file.getsampwidth()) == (1, 2):
                return file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        pass
    raise OrderRejected("The recordings must be mono WAV of 16 bit.", code="SAMPLE_FORMAT")
