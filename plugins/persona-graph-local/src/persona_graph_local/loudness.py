"""Speech collected in a file while it is made, and brought to one level when all of it is known."""

from __future__ import annotations

import wave
from pathlib import Path
from types import TracebackType

import numpy as np

from persona_graph_local.vocoder import RATE, Floats

_LEVEL = 0.1
_PEAK = 0.89
_BLOCK = RATE
_SILENT = 1e-3


class Reel:
    """Takes pieces of speech one after the other; memory does not grow with them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "speech.raw"
        self._file = self._path.open("wb")
        self.length = 0
        self._peak = 0.0
        self._power = 0.0
        self._loud = 0

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, samples: Floats) -> None:
        if not np.isfinite(samples).all():
            raise ArithmeticError("the synthesis gave no finite samples")
        self._file.write(samples.astype("<f4").tobytes())
        self.length += len(samples)
        loud = samples[np.abs(samples) > _SILENT]
        if len(loud):
            self._peak = max(self._peak, float(np.abs(loud).max()))
            self._power += float(np.sum(loud**2))
            self._loud += len(loud)

    def rest(self, length: int) -> None:
        """A pause."""
        self.add(np.zeros(length))

    def develop(self, out: Path) -> None:
        """Writes mono 16-bit PCM at an even level, never clipped."""
        self._file.flush()
        gain = self._gain()
        with self._path.open("rb") as raw, wave.open(str(out), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            while block := raw.read(4 * _BLOCK):
                samples = np.frombuffer(block, dtype="<f4") * gain
                file.writeframesraw(np.round(samples * 32767).astype("<i2").tobytes())

    def _gain(self) -> float:
        if not self._loud:
            return 1.0
        return min(_LEVEL / float(np.sqrt(self._power / self._loud)), _PEAK / self._peak)
