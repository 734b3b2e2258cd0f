"""Child: measures a recording while it is decoded, and writes its canonical form if asked to."""

from __future__ import annotations

import threading
import wave
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, create_file, damaged, open_file, reply
from persona_graph.media.child_ffmpeg import (
    NATIVE,
    Decoder,
    SoundFormat,
    check_whole,
    chunks,
    codec_of,
    nothing_decoded,
    sound_format,
)
from persona_graph.media.sniff import WAV, Kind, sniff_audio
from persona_graph.media.wav_header import check_sound, check_wav

if TYPE_CHECKING:
    from numpy.typing import NDArray

SILENCE_DBFS = -50.0
FLOOR_DBFS = -120.0
_ABSURD_PEAK = 1000.0
_VAD_RATE = 16_000


class Level:
    """Peak and mean power of samples as they pass."""

    def __init__(self) -> None:
        self.values = 0
        self.peak = 0.0
        self._squares = 0.0

    def add(self, samples: NDArray[np.float32]) -> None:
        squares = float(np.dot(samples, samples))
        # NaN and infinity both end up here; checking the sum is cheaper than checking each sample.
        if not np.isfinite(squares):
            raise damaged("The file holds samples that are not numbers.")
        self.values += len(samples)
        self.peak = max(self.peak, float(samples.max()), -float(samples.min()))
        self._squares += squares
        if self.peak > _ABSURD_PEAK:
            raise damaged("The file holds absurdly large samples.")

    @property
    def peak_dbfs(self) -> float:
        return decibels(self.peak)

    @property
    def rms_dbfs(self) -> float:
        return decibels(float(np.sqrt(self._squares / max(self.values, 1))))


class Mono:
    """The second output, mono at one rate, collected while the first is measured."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._kept = bytearray()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        # Closed under us when the recording turns out to be too long.
        try:
            for chunk in chunks(self._pipe, 4):
                self._kept += chunk
        except (OSError, ValueError):
            return

    def samples(self) -> NDArray[np.float32]:
        self._thread.join()
        return np.frombuffer(self._kept, dtype="<f4")


class Decoded:
    def __init__(self, kind: Kind, codec: str, format: SoundFormat, level: Level, mono: NDArray[np.float32]):
        self.kind, self.codec, self.format, self.level, self.mono = kind, codec, format, level, mono

    @property
    def seconds(self) -> float:
        return self.level.values / self.format.channels / self.format.rate


def decode(ffmpeg: str, path: str, *, rate: int | None, max_seconds: float) -> Decoded:
    """All samples of the first audio stream up to ``max_seconds``; longer is refused without going on.
    ``rate`` None keeps the source's in the mono copy."""
    with open_file(path) as file:
        kind = sniff_audio(file)
        if kind is WAV:
            check_wav(file)
        return _decode(ffmpeg, file, kind, rate, max_seconds)


def _decode(ffmpeg: str, file: BinaryIO, kind: Kind, rate: int | None, max_seconds: float) -> Decoded:
    first = ["-map", "0:a:0", "-t", str(max_seconds + 1)]
    resample = [] if rate is None else ["-ar", str(rate)]
    outputs = [[*first, *NATIVE], [*first, "-ac", "1", *resample, "-c:a", "pcm_f32le", "-f", "f32le"]]
    with Decoder(ffmpeg, file, kind, outputs) as decoder:
        mono = Mono(decoder.pipes[1])
        format = sound_format(decoder.pipes[0])
        level = Level()
        if format:
            check_sound(*format)
            _measure(decoder.pipes[0], format, level, max_seconds)
        samples = mono.samples()
        decoder.wait()
        if format is None or not level.values or not len(samples):
            raise nothing_decoded(kind, decoder.log)
        decoded = Decoded(kind, codec_of(decoder.log), format, level, samples)
        check_whole(kind, decoder.log, decoded.seconds)
        return decoded


def _measure(pipe: BinaryIO, format: SoundFormat, level: Level, max_seconds: float) -> None:
    most = max_seconds * format.rate * format.channels
    for chunk in chunks(pipe, 4 * format.channels):
        level.add(np.frombuffer(chunk, dtype="<f4"))
        if level.values > most:
            raise MediaRefused(
                message=f"This recording is longer than {max_seconds:g} seconds.", code="MEDIA_TOO_LONG",
                fix=f"Cut it to at most {max_seconds:g} seconds.",
            )  # fmt: skip


def decibels(amplitude: float) -> float:
    return max(20 * float(np.log10(max(amplitude, 1e-9))), FLOOR_DBFS)


def write_wav(path: str, samples: NDArray[np.float32], rate: int) -> None:
    """Samples beyond full scale (float files may hold them) lower the whole instead of clipping."""
    scale = 32767 / max(1.0, float(np.abs(samples).max()))
    with create_file(path) as file, wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.setnframes(len(samples))
        for start in range(0, len(samples), 1 << 20):
            out.writeframesraw(np.rint(samples[start : start + (1 << 20)] * scale).astype("<i2").tobytes())


def probe(request: Request) -> Answer:
    out = request.get("out")
    rate = int(request["rate"]) if out else _VAD_RATE
    sound = decode(request["ffmpeg"], request["path"], rate=rate, max_seconds=request["max_seconds"])
    if sound.seconds < request["min_seconds"]:
        raise MediaRefused(
            message=f"This recording is {sound.seconds:.1f} seconds long.", code="MEDIA_TOO_SHORT",
            fix=f"At least {request['min_seconds']:g} seconds are needed.",
        )  # fmt: skip
    silent = sound.level.peak_dbfs < SILENCE_DBFS
    speech: float | None = None
    if out:
        write_wav(out, sound.mono, rate)
    else:
        speech = 0.0 if silent else _speech(sound)
        silent = silent or not speech
    if silent and request.get("need_speech"):
        raise MediaRefused(
            message="No speech was found in this recording.", code="MEDIA_SILENT",
            fix="Check that the right microphone was on, and record again.",
        )  # fmt: skip
    return {
        "content_type": sound.kind.content_type, "codec": sound.codec, "seconds": sound.seconds,
        "rate": sound.format.rate, "channels": sound.format.channels, "peak_dbfs": sound.level.peak_dbfs,
        "rms_dbfs": sound.level.rms_dbfs, "speech_seconds": speech, "silent": silent,
    }  # fmt: skip


def _speech(sound: Decoded) -> float:
    from persona_graph.media.child_vad import speech_seconds

    return min(speech_seconds(sound.mono), sound.seconds)


if __name__ == "__main__":
    reply(probe)
