"""Run as a child: how long espeak-ng takes to say things. stdin: [[voice, words per minute, text], …];
stdout: [seconds, …]."""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import espeakng_loader

RATE, UTF8, SYNCHRONOUS_SAMPLES = 1, 1, 2


def main() -> None:
    engine = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    samples = [0]

    def count(_wave: Any, number: int, _events: Any) -> int:
        samples[0] += number
        return 0

    on_samples = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(count)
    per_second = engine.espeak_Initialize(
        SYNCHRONOUS_SAMPLES, 0, str(espeakng_loader.get_data_path()).encode(), 0
    )
    engine.espeak_SetSynthCallback(on_samples)
    lengths = []
    for voice, words, text in json.load(sys.stdin):
        if engine.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"no voice {voice}")
        engine.espeak_SetParameter(RATE, words, 0)
        samples[0] = 0
        raw = text.encode()
        engine.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, UTF8, None, None)
        engine.espeak_Synchronize()
        lengths.append(samples[0] / per_second)
    json.dump(lengths, sys.stdout)


if __name__ == "__main__":
    main()
