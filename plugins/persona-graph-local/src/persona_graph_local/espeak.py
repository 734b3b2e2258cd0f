"""The espeak-ng engine by ctypes: text in, PCM and the engine's own word and phoneme events out.

espeak-ng is GPL and keeps global state, so this module is loaded only by the child process
(``worker_main``), never by the server; the two talk through files.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

RATE = 22050
PLAIN_PACE = 175
SLOWEST, FASTEST = 80, 449

_RETRIEVAL = 1
_PHONEME_EVENTS_IN_IPA = 0x3
_DO_NOT_EXIT = 0x8000
# No SSML (0x10), and phoneme input only where a piece was made for it: the script is plain text whatever it holds.
_UTF8 = 0x1
_PHONEMES_IN_BRACKETS = 0x100
_END_PAUSE = 0x1000
_BY_CHARACTER = 1
_END, _WORD, _PHONEME = 0, 1, 7
_SEED = 1
# Several variants come with an echo of 140 ms, a room that nobody asked for. The engine's own command
# at the head of the text sets it to its least, 40 dB down; 0 would leave it as it is.
_HARDLY_ANY_ECHO = "\x011H"
_PARAMETER = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}

# Seconds of speech at 175 words a minute divided by seconds at the given rate, measured on
# Harvard sentences: the knob is linear only in its middle.
_KNOB = (80, 100, 120, 140, 160, 175, 200, 230, 260, 300, 350, 400, 449)
_PACE = (0.472, 0.560, 0.676, 0.794, 0.912, 1.0, 1.152, 1.347, 1.529, 1.781, 2.172, 2.576, 2.929)


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One event: ``sample`` from the start of the audio, ``position`` a 0-based character of the
    text. ``ipa`` is ``None`` for a word, empty for a pause."""

    sample: int
    position: int
    ipa: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """``samples`` are 16-bit PCM at ``RATE``."""

    samples: NDArray[np.int16]
    marks: tuple[Mark, ...]


class EngineFailed(RuntimeError):
    """espeak-ng answered with an error code."""


def knob_for(pace: float) -> int:
    """The rate setting at which the engine speaks ``pace`` times as fast as at its default."""
    return round(float(np.interp(pace, _PACE, _KNOB)))


def pace_of(knob: int) -> float:
    """How fast the engine speaks at ``knob``; 1 is its default."""
    return float(np.interp(knob, _KNOB, _PACE))


class Engine:
    """The one engine of this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        # The path compiled into the wheel's library is its builder's; the data lies in the wheel.
        home = espeakng_loader.get_data_path().encode()
        options = _PHONEME_EVENTS_IN_IPA | _DO_NOT_EXIT
        if self._library.espeak_Initialize(_RETRIEVAL, 0, home, options) != RATE:
            raise EngineFailed("espeak-ng did not start")
        # It seeds its jitter with the time of day; the same order shall give the same speech.
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        self._pcm: list[bytes] = []
        self._marks: list[Mark] = []
        self._callback = _Callback(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(
        self, text: str, voice: str, *, pace: int = PLAIN_PACE, pitch: int = 50, end_pause: bool = True,
        phonemes: bool = False,
    ) -> Spoken:  # fmt: skip
        """Say ``text`` with an engine voice such as ``de`` or ``en-us+f4``; ``pitch`` is 0–99. With ``phonemes``,
        ``[[…]]`` holds the engine's names of sounds."""
        self._check(self._library.espeak_SetVoiceByName(voice.encode()), f"voice {voice}")
        for name, value in (("rate", pace), ("pitch", pitch), ("range", 50), ("volume", 100)):
            self._check(self._library.espeak_SetParameter(_PARAMETER[name], value, 0), name)
        self._pcm.clear()
        self._marks.clear()
        head = _HARDLY_ANY_ECHO if "+" in voice else ""
        encoded = (head + text).encode() + b"\0"
        flags = _UTF8 | (_END_PAUSE if end_pause else 0) | (_PHONEMES_IN_BRACKETS if phonemes else 0)
        said = self._library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, _BY_CHARACTER, 0, flags, None, None
        )
        self._check(said, "synthesis")
        self._check(self._library.espeak_Synchronize(), "synthesis")
        samples = np.frombuffer(b"".join(self._pcm), dtype=np.int16)
        return Spoken(samples, tuple(_without_head(mark, len(head)) for mark in self._marks))

    def _receive(self, wave: object, count: int, events: object) -> int:
        if wave and count:
            self._pcm.append(ctypes.string_at(wave, 2 * count))  # type: ignore[arg-type]
        self._marks.extend(_marks(events))
        return 0

    @staticmethod
    def _check(code: int, what: str) -> None:
        if code != 0:
            raise EngineFailed(f"espeak-ng refused: {what} (code {code})")


def _without_head(mark: Mark, head: int) -> Mark:
    return replace(mark, position=max(0, mark.position - head)) if head else mark


def _marks(events: object) -> Iterator[Mark]:
    index = 0
    while (event := events[index]).kind != _END:  # type: ignore[index]
        position = max(0, event.position - 1)
        if event.kind == _WORD:
            yield Mark(event.sample, position, None)
        elif event.kind == _PHONEME:
            yield Mark(event.sample, position, _ipa(event))
        index += 1


def _ipa(event: _Event) -> str:
    # The field is eight bytes and not always terminated, so a long name may end mid-character.
    raw = ctypes.string_at(ctypes.addressof(event) + _Event.id.offset, 8)
    ipa = raw.split(b"\0", 1)[0].decode("utf-8", "ignore")
    return "" if ipa.startswith("(") else ipa  # "(en)" marks a change of language, not a sound


@cache
def engine() -> Engine:
    """The engine, started at first use."""
    return Engine()
