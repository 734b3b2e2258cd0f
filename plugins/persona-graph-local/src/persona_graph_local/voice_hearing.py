"""A speaker heard through all recordings, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persona_graph_local.cepstrum import audible
from persona_graph_local.intonation import Intonation, NoPitch, intonation
from persona_graph_local.pace import syllables_per_second
from persona_graph_local.recording import read_recording, recorded_seconds
from persona_graph_local.vocoder import FRAME, RATE, Floats, Frames, analyse

_CHUNK = 20 * RATE
_SHORTEST = RATE // 5
_MOST_FRAMES = 20_000
_LEAST_SECONDS = 2.0
# In noise one frame in ten passes for voiced, in speech at least one in three.
_LEAST_VOICED = 0.15
_NO_VOICE = "No voice was heard in the recordings. Record somebody speaking, close to the microphone."


class TooLittleSpeech(ValueError):
    """Nothing can be measured. The message is fit for users."""


@dataclass(frozen=True, slots=True)
class Heard:
    """``frames`` are evenly chosen ones of all; ``pace`` is in syllables per second, ``seconds`` of
    speech without pauses."""

    frames: Frames
    intonation: Intonation
    pace: float
    seconds: float


def hear(recordings: list[Path], report: Callable[[float], None]) -> Heard:
    """Raises NotARecording and TooLittleSpeech. ``report`` gets the part of the audio analysed."""
    total = sum(recorded_seconds(path) for path in recordings)
    step = max(1, int(np.ceil(total / FRAME / _MOST_FRAMES)))
    kept, tracks, paces, done = [], [], [], 0.0
    for chunk in _chunks(recordings):
        frames = analyse(chunk, noise=False)
        seconds = float(audible(frames).sum()) * FRAME
        paces.append((syllables_per_second(frames), seconds))
        tracks.append(frames.f0)
        kept.append((frames.f0[::step], frames.envelope[::step], frames.noise[::step, :1]))
        done += len(chunk) / RATE
        report(min(1.0, done / max(total, 0.01)))
    if not kept or (speech := sum(seconds for _, seconds in paces)) < _LEAST_SECONDS:
        raise TooLittleSpeech("The recordings hold less than two seconds of speech. Record at least ten.")
    frames = Frames(*(np.concatenate(part) for part in zip(*kept, strict=True)))
    if np.mean(frames.f0[audible(frames)] > 0) < _LEAST_VOICED:
        raise TooLittleSpeech(_NO_VOICE)
    return Heard(frames, _pitch(np.concatenate(tracks)), _weighted(paces, speech), speech)


def _chunks(recordings: list[Path]) -> Iterator[Floats]:
    for path in recordings:
        samples = read_recording(path)
        for start in range(0, len(samples), _CHUNK):
            if len(chunk := samples[start : start + _CHUNK]) >= _SHORTEST:
                yield np.ascontiguousarray(chunk)


def _pitch(f0: Floats) -> Intonation:
    try:
        return intonation(f0)
    except NoPitch as error:
        raise TooLittleSpeech(_NO_VOICE) from error


def _weighted(paces: list[tuple[float, float]], seconds: float) -> float:
    return sum(pace * part for pace, part in paces) / seconds
