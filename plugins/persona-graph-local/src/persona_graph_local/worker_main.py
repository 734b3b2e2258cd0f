"""``python -m persona_graph_local.worker_main FOLDER``: the child that works on one order.

It reads ``order.json`` and leaves ``result.json`` with its files, or ``error.json``. It is the only
process that loads the GPL speech engine.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from persona_graph_local.bench import ERROR, INTERRUPTED, ORDER, PROGRESS, REJECTED, RESULT, Bench
from persona_graph_local.lifeline import be_modest, hold_on

_REPORTS_APART = 0.1


class _Rejected(Exception):
    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class _Reporter:
    """Writes how far the work is, never backwards and not more often than anybody looks."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._fraction, self._stage, self._written = 0.0, "", 0.0

    def __call__(self, fraction: float, stage: str) -> None:
        self._fraction = max(self._fraction, min(1.0, fraction))
        now = time.monotonic()
        if stage != self._stage or now - self._written >= _REPORTS_APART:
            self._stage, self._written = stage, now
            self._bench.write(PROGRESS, {"fraction": round(self._fraction, 4), "stage": stage})


def main(folder: Path) -> int:
    bench = Bench(folder)
    order = bench.read(ORDER)
    if order is None:
        return 2
    try:
        result = _WORK[order["kind"]](folder, order, _Reporter(bench))
    except _Rejected as error:
        bench.write(ERROR, {"kind": REJECTED, "message": str(error), "code": error.code})
        return 1
    except (OSError, MemoryError) as error:
        traceback.print_exc()
        bench.write(ERROR, {"kind": INTERRUPTED, "message": f"the child failed: {type(error).__name__}"})
        return 1
    except Exception as error:
        # Asking again would end the same way: the work depends on nothing but the order.
        traceback.print_exc()
        message = f"The offline engine could not finish this ({type(error).__name__}). Try another input."
        bench.write(ERROR, {"kind": REJECTED, "message": message, "code": "ENGINE_FAILED"})
        return 1
    bench.write(RESULT, result)
    return 0


def _train(folder: Path, order: Mapping[str, Any], report: _Reporter) -> dict[str, Any]:
    from persona_graph_local.recording import NotARecording
    from persona_graph_local.voice_fit import TooLittleSpeech, fit_voice

    try:
        recordings = [folder / name for name in order["samples"]]
        model, facts = fit_voice(recordings, order["language"], order["voice"], report)
    except NotARecording as error:
        raise _Rejected(str(error), "SAMPLE_UNREADABLE") from error
    except TooLittleSpeech as error:
        raise _Rejected(str(error), "SAMPLE_TOO_SHORT") from error
    (folder / "voice.json").write_bytes(model.to_bytes())
    return {"vendor_voice": model.id, "voice_model": "voice.json", "facts": facts}


def _speak(folder: Path, order: Mapping[str, Any], report: _Reporter) -> dict[str, Any]:
    from persona_graph_local.pronouncing import Lexicon
    from persona_graph_local.speech import Mouth, NothingToSay, speak

    words = order.get("words", ())
    lexicon = Lexicon.of(words, order["language"])
    mouth = Mouth(order["language"], order["speed"], order["pitch"], _voice(folder, order), lexicon)
    try:
        speech = speak(order["script"], mouth, folder / "speech.wav", report)
    except NothingToSay as error:
        raise _Rejected(str(error), "NOTHING_TO_SAY") from error
    return {
        "media": "speech.wav",
        "content_type": "audio/wav",
        "timings": speech.timings,
        "honoured_options": ["speed", "pitch", *(["pronunciations"] if lexicon.said else [])],
        "not_expressed": lexicon.not_expressed,
        "facts": {"seconds": round(speech.seconds, 3), "sample_rate": 22050, "engine": "espeak-ng"},
    }


def _voice(folder: Path, order: Mapping[str, Any]) -> Any:
    from persona_graph_local.voice_model import NotAVoice, VoiceModel

    if order["voice"] is None:
        return None
    try:
        model = VoiceModel.from_bytes((folder / order["model"]).read_bytes())
        if model.id != order["voice"]:
            raise NotAVoice("another voice's model")
    except NotAVoice as error:
        raise _Rejected(
            "This voice's model cannot be used. Train the voice again.", "VOICE_UNUSABLE"
        ) from error
    return model


def _animate(folder: Path, order: Mapping[str, Any], report: _Reporter) -> dict[str, Any]:
    from persona_graph_local.portrait import EncoderFailed, NoFace, render

    out = folder / "video.mp4"
    try:
        facts = render(
            folder / order["portrait"],
            folder / order["speech"],
            out,
            resolution=order["resolution"],
            aspect=order["aspect"],
            timings=order["timings"],
            seed=order["seed"],
            progress=report,
        )
    except NoFace as error:
        raise _Rejected(str(error), "PHOTO_NO_FACE") from error
    except EncoderFailed as error:
        raise OSError(str(error)) from error
    except ValueError as error:
        raise _Rejected(f"This cannot be animated: {error}.", "INPUT_UNREADABLE") from error
    honoured = ["resolution", "aspect"]
    return {
        "media": out.name, "content_type": "video/mp4", "honoured_options": honoured, "facts": facts
    }  # fmt: skip


_WORK = {"train": _train, "speak": _speak, "animate": _animate}

if __name__ == "__main__":
    hold_on()
    be_modest()
    code = main(Path(sys.argv[1]))
    # Not sys.exit: a thread blocked on standard input would be waited for at shutdown.
    sys.stderr.flush()
    os._exit(code)
