"""A script spoken piece by piece, in the engine's own voice or in a fitted one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persona_graph_local.convert import Conversion
from persona_graph_local.espeak import FASTEST, PLAIN_PACE, SLOWEST, Spoken, engine, knob_for, pace_of
from persona_graph_local.languages import UNSPACED
from persona_graph_local.loudness import Reel
from persona_graph_local.pronouncing import Lexicon
from persona_graph_local.script import Piece, clean, pieces
from persona_graph_local.timings import Said, said
from persona_graph_local.vocoder import RATE, Floats, analyse, repitched, synthesise
from persona_graph_local.voice_fit import voice_in
from persona_graph_local.voice_model import VoiceModel

Report = Callable[[float, str], None]

_LEAD = round(0.03 * RATE)
_FADE = round(0.004 * RATE)
_PARAGRAPH_PAUSE = round(0.35 * RATE)


class NothingToSay(ValueError):
    """The engine finds nothing in the script that it can pronounce."""


@dataclass(frozen=True, slots=True)
class Speech:
    """``seconds`` long; the timings are in seconds, words and phonemes in the order they begin."""

    seconds: float
    timings: list[dict[str, object]]


class Mouth:
    """How one order is to be spoken: ``language`` is the engine's name, ``speed`` a factor, ``pitch`` in
    semitones, ``model`` the fitted voice if there is one."""

    def __init__(
        self,
        language: str,
        speed: float,
        pitch: float,
        model: VoiceModel | None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self._language = language
        self._lexicon = lexicon or Lexicon()
        self._pitch = pitch
        self._conversion = Conversion(voice_in(model, language)) if model else None
        knobs = model.knobs if model else None
        self._voice = f"{language}+{knobs.variant}" if knobs and knobs.variant else language
        self._knob = knobs.pitch if knobs else 50
        wanted = speed * pace_of(knobs.rate if knobs else PLAIN_PACE)
        self._rate = int(np.clip(knob_for(wanted), SLOWEST, FASTEST))
        # What lies beyond the engine's own slowest and fastest the vocoder stretches.
        left = pace_of(self._rate) / wanted
        self._stretch = left if abs(left - 1) > 0.02 else 1.0

    def say(self, piece: Piece) -> tuple[Floats, list[Said]]:
        """Samples, and what is said in them."""
        told = self._lexicon.told(piece.text)
        spoken = engine().speak(
            told.text, self._voice, pace=self._rate, pitch=self._knob, end_pause=piece.ends_sentence,
            phonemes=told.phonemes,
        )  # fmt: skip
        samples = self._voiced(spoken)
        unspaced = self._language in UNSPACED
        return samples, [self._placed(item) for item in said(
            piece.text, told.back(spoken.marks), len(spoken.samples), unspaced=unspaced
        )]  # fmt: skip

    def _voiced(self, spoken: Spoken) -> Floats:
        plain = np.concatenate([np.zeros(_LEAD), spoken.samples.astype(float) / 32768])
        if self._conversion is None and self._pitch == 0 and self._stretch == 1.0:
            return _faded(plain)
        frames = analyse(plain)
        if self._conversion:
            frames = self._conversion(frames)
        length = round(len(plain) * self._stretch)
        return _faded(synthesise(repitched(frames, self._pitch), length, stretch=self._stretch))

    def _placed(self, item: Said) -> Said:
        start, end = (round((edge + _LEAD) * self._stretch) for edge in (item.start, item.end))
        return item._replace(start=start, end=end)


def speak(script: str, mouth: Mouth, out: Path, report: Report) -> Speech:
    """Writes a WAV file. Raises NothingToSay. ``report`` gets the part of the script spoken."""
    text = clean(script)
    timings: list[dict[str, object]] = []
    with Reel(out.parent) as reel:
        for piece in _reported(pieces(text), len(text), report):
            samples, items = mouth.say(piece)
            timings += _in_seconds(items, reel.length)
            reel.add(samples)
            if piece.ends_paragraph:
                reel.rest(_PARAGRAPH_PAUSE)
        if not timings:
            raise NothingToSay("There is nothing in this script that can be said aloud.")
        reel.develop(out)
        return Speech(reel.length / RATE, timings)


def _reported(found: list[Piece], total: int, report: Report) -> Iterator[Piece]:
    for piece in found:
        report(piece.start / total, "speaking")
        yield piece
    report(1.0, "finishing the recording")


def _in_seconds(items: list[Said], offset: int) -> list[dict[str, object]]:
    ordered = sorted(items, key=lambda item: (item.start, item.kind))
    return [
        {
            "kind": item.kind,
            "text": item.text,
            "start": round((item.start + offset) / RATE, 4),
            "end": round((item.end + offset) / RATE, 4),
            "source": item.source,
        }
        for item in ordered
    ]


def _faded(samples: Floats) -> Floats:
    """Without a step at either end, so that pieces join without a click."""
    edge = min(_FADE, len(samples) // 2)
    if edge:
        ramp = np.linspace(0, 1, edge)
        samples[:edge] *= ramp
        samples[-edge:] *= ramp[::-1]
    return samples
