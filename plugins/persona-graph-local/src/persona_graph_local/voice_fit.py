"""Training: hear a speaker, then set the engine so that its voice comes as near as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from persona_graph_local.calibration import calibration_text
from persona_graph_local.cepstrum import Basis, Timbre, bandwidth_of, basis, kinship, mean_distance
from persona_graph_local.convert import Conversion
from persona_graph_local.espeak import PLAIN_PACE, engine, knob_for
from persona_graph_local.intonation import Intonation, intonation, semitones
from persona_graph_local.pace import syllables_per_second
from persona_graph_local.vocoder import Floats, Frames, analyse, pitch, synthesise
from persona_graph_local.voice_hearing import Heard, TooLittleSpeech, hear
from persona_graph_local.voice_model import Knobs, Measured, VoiceModel

__all__ = ["TooLittleSpeech", "fit_voice", "voice_in"]

Report = Callable[[float, str], None]

# Without the variants that are robots, whispers or effects.
VARIANTS = (
    "", "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8",
    "Andy", "Alicia", "Annie", "belinda", "linda", "sandro", "steph2",
)  # fmt: skip
_FINALISTS = 4
_WARPS = (0.9, 0.93, 0.96, 1.0, 1.04, 1.08)
# A semitone that the vocoder has to bridge costs as much as this many dB between the spectra.
_DB_PER_SEMITONE = 0.1
# Drawn out further the engine is hard to understand; faster, no script's length could be foretold.
_SLOWEST, _FASTEST = 130, 230
_PITCH_STEPS = 6
_BANK_CHARACTERS = 160
_PROOF = "She had your dark suit in greasy wash water all year. Please call the office before noon, will you?"

_HEARING, _BANK, _KNOBS = 0.35, 0.85, 0.92


@dataclass(frozen=True, slots=True)
class _Candidate:
    variant: str
    frames: Frames
    cost: float
    warp: float = 1.0


def fit_voice(
    recordings: list[Path], language: str, voice_id: str, report: Report
) -> tuple[VoiceModel, dict[str, object]]:
    """The model of a speaker, and what was measured. ``language`` is the engine's name for it. Raises
    NotARecording and TooLittleSpeech."""
    heard = hear(recordings, lambda part: report(part * _HEARING, "listening to the recordings"))
    bandwidth = bandwidth_of(heard.frames)
    coder = basis(bandwidth, heard.frames.envelope.shape[1])
    speaker = Measured(heard.intonation, coder.timbre(heard.frames))
    best = _nearest(language, speaker, coder, report)
    report(_BANK, "setting pitch and pace")
    knobs = Knobs(
        best.variant,
        _pitch_knob(language, best.variant, speaker.intonation),
        _rate(language, heard),
        best.warp,
    )
    report(_KNOBS, "measuring the fitted voice")
    model = VoiceModel(voice_id, language, knobs, bandwidth, _measured(language, knobs, coder), speaker)
    facts = _facts(model, heard, coder)
    report(1.0, "finished")
    return model, facts


def voice_in(model: VoiceModel, language: str) -> VoiceModel:
    """The same voice speaking another language: the engine's side is measured again in it."""
    if language == model.language:
        return model
    coder = basis(model.bandwidth, analyse(np.zeros(2048), noise=False).envelope.shape[1])
    return replace(model, language=language, source=_measured(language, model.knobs, coder))


def _spoken(text: str, language: str, knobs: Knobs) -> Floats:
    name = f"{language}+{knobs.variant}" if knobs.variant else language
    samples = engine().speak(text, name, pace=knobs.rate, pitch=knobs.pitch).samples
    return samples.astype(float) / 32768


def _measured(language: str, knobs: Knobs, coder: Basis) -> Measured:
    frames = analyse(_spoken(calibration_text(language), language, knobs), noise=False)
    return Measured(intonation(frames.f0), coder.timbre(frames, knobs.warp))


def _bank_text(language: str) -> str:
    return calibration_text(language)[:_BANK_CHARACTERS]


def _nearest(language: str, speaker: Measured, coder: Basis, report: Report) -> _Candidate:
    """First all variants as they are, then the best of them with their formants moved."""
    text, looked = _bank_text(language), []
    for number, variant in enumerate(VARIANTS):
        report(_HEARING + (_BANK - _HEARING) * number / len(VARIANTS), "comparing voices")
        frames = analyse(_spoken(text, language, Knobs(variant, 50, PLAIN_PACE, 1.0)), noise=False)
        looked.append(_Candidate(variant, frames, _cost(frames, 1.0, speaker, coder)))
    finalists = sorted(looked, key=lambda candidate: candidate.cost)[:_FINALISTS]
    return min(_with_warps(finalists, speaker, coder), key=lambda candidate: candidate.cost)


def _with_warps(finalists: Iterable[_Candidate], speaker: Measured, coder: Basis) -> Iterable[_Candidate]:
    for candidate in finalists:
        for warp in _WARPS:
            cost = _cost(candidate.frames, warp, speaker, coder)
            yield replace(candidate, warp=warp, cost=cost)


def _cost(frames: Frames, warp: float, speaker: Measured, coder: Basis) -> float:
    bridge = abs(semitones(intonation(frames.f0).median, speaker.intonation.median))
    return kinship(coder.timbre(frames, warp), speaker.timbre) + _DB_PER_SEMITONE * bridge


def _pitch_knob(language: str, variant: str, wanted: Intonation) -> int:
    """By bisection; the vocoder does what is left."""
    text, low, high = _bank_text(language), 5, 95
    for _ in range(_PITCH_STEPS):
        middle = (low + high) // 2
        samples = _spoken(text, language, Knobs(variant, middle, PLAIN_PACE, 1.0))
        if intonation(pitch(samples)).median < wanted.median:
            low = middle
        else:
            high = middle
    return (low + high) // 2


def _rate(language: str, heard: Heard) -> int:
    plain = analyse(_spoken(_bank_text(language), language, Knobs("", 50, PLAIN_PACE, 1.0)), noise=False)
    ratio = heard.pace / (syllables_per_second(plain) or heard.pace)
    return int(np.clip(knob_for(ratio), _SLOWEST, _FASTEST))


def _facts(model: VoiceModel, heard: Heard, coder: Basis) -> dict[str, object]:
    """Heard again: a sentence that played no part in the fit, from the fitted voice and the plain one."""
    language = model.language
    plain = _spoken(_PROOF, language, Knobs("", 50, PLAIN_PACE, 1.0))
    fitted = _spoken(_PROOF, language, model.knobs)
    converted = synthesise(Conversion(model)(analyse(fitted)), len(fitted))
    before, after = analyse(plain, noise=False), analyse(converted, noise=False)
    return {
        "speaker_pitch_hz": round(heard.intonation.median, 1),
        "voice_pitch_hz": round(intonation(after.f0).median, 1),
        "speaker_syllables_per_second": round(heard.pace, 2),
        "voice_syllables_per_second": round(syllables_per_second(after), 2),
        "words_per_minute": model.knobs.rate,
        "variant": model.knobs.variant or "plain",
        "formant_shift": model.knobs.warp,
        "bandwidth_hz": round(model.bandwidth),
        "speech_seconds": round(heard.seconds, 1),
        "cepstral_distance_before_db": _distance(before, model.target.timbre, coder),
        "cepstral_distance_after_db": _distance(after, model.target.timbre, coder),
    }


def _distance(frames: Frames, speaker: Timbre, coder: Basis) -> float:
    return round(mean_distance(coder.timbre(frames), speaker), 2)
