"""What was measured on recordings and made of it: samples, the set's quality, what a voice is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from persona_graph.graphql.describe import described, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.types.assets import MediaRefusal
from persona_graph.personas.assessing import Assessed, facts_of
from persona_graph.personas.characteristics import AgeHint, GenderHint, PitchClass
from persona_graph.personas.consistency import Scored
from persona_graph.personas.quality import Band, Part
from persona_graph.personas.quality_speaker import OTHER_SPEAKER, SAME_SPEAKER, Speaker, speaker_of


@described
class SampleMeasures:
    """What was measured on one recording; null where it does not hold enough to tell. Formulas: docs/quality.md."""

    seconds: float = f("Its length.")
    speech_seconds: float = f("How much of it is speech.")
    speech_share: float = f("That as a share of its length, 0 to 1.")
    pause_share: float = f("Silence of 0.2 s and more between the first word and the last, 0 to 1.")
    snr: float | None = f("dB of the speech above the noise.")
    clipped_share: float = f("Samples cut off at full level, 0 to 1.")
    bandwidth_hz: float = f("Up to which frequency there is sound.")
    loudness: float = f("LUFS, integrated (BS.1770).")
    peak_dbfs: float = f("Sample peak in dB below full scale.")
    dynamic_range_db: float | None = f("dB between soft and loud moments of the speech.")
    reverberation_seconds: float | None = f("How long the room rings, a hint: dry rooms 0.15 to 0.35.")
    pitch_hz: float | None = f("Median fundamental frequency.")
    pitch_range_semitones: float | None = f("Between the 10th and the 90th percentile of the pitch.")
    syllables_per_second: float | None = f("Syllable nuclei per second of speech.")
    cleaned_snr: float | None = f("The same as snr, on the cleaned copy; null before training.")
    cleaned_loudness: float | None = f("LUFS of the cleaned copy; null before training.")
    noise_reduced: bool | None = f("Whether noise was taken out; null before training.")

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> SampleMeasures | None:
        if not facts:
            return None
        names = (field.python_name for field in cls.__strawberry_definition__.fields)  # type: ignore[attr-defined]
        shown: dict[str, Any] = {name: facts.get(name) for name in names}
        return cls(**shown)


@described
class SampleAssessment:
    """One recording, judged by itself."""

    asset_id: strawberry.ID = f("The upload.")
    file_name: str = f("The name it was uploaded under.")
    accepted: bool = f("Whether it can be used for training.")
    refusal: MediaRefusal | None = f("Why it cannot.")
    hints: list[str] = f("What is unusual about it; no reason to refuse it.")
    measures: SampleMeasures | None = f("What was measured; null if it could not be decoded.")


@described
class RecordingAdvice:
    """What to record next, or again."""

    part: Part = f("The part of the score it raises.")
    message: str = f("For people.")
    sample: int | None = f(
        "The place of the recording it is about in the set, from 0; null if it is about the set."
    )


@described
class VoiceQuality:
    """What a set of recordings is worth for training a voice. A low score advises, it never refuses."""

    score: int = f("0 to 100: 0.30 consistency, 0.30 sample quality, 0.25 duration, 0.15 variety.")
    band: Band = f("What the score means.")
    consistency: int | None = f(
        "Do they sound like one person, 0 to 100; null if there is too little speech to compare."
    )
    sample_quality: int = f("How clear they are, 0 to 100.")
    duration: int = f("Is there enough speech, 0 to 100; speech that is there twice counts once.")
    variety: int = f("How much pitch, loudness and pace move, 0 to 100; what is there twice counts once.")
    speech_seconds: float = f("Speech in the accepted recordings.")
    distinct_seconds: float = f("Speech that is not a repetition.")
    advice: list[RecordingAdvice] = f("What would raise the score.")

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> VoiceQuality | None:
        """From ``asdict(Quality)``, as it is stored."""
        if not facts:
            return None
        advice = [
            RecordingAdvice(part=Part(each["part"]), message=each["message"], sample=each["sample"])
            for each in facts["advice"]
        ]
        kept = {name: value for name, value in facts.items() if name not in ("advice", "band", "likeness")}
        return cls(**kept, band=Band(facts["band"]), advice=advice)


@described
class ToneWord:
    """A word for how a voice sounds, and what it rests on."""

    word: str = f("For example `lively`.")
    measure: str = f("The measure, by its name in docs/quality.md.")
    value: float = f("What was measured.")
    because: str = f("The same for people.")


@described
class VoiceCharacteristics:
    """What a voice is like, measured. Hints rest on pitch alone; weak evidence answers UNKNOWN."""

    pitch: PitchClass = f("How high it lies.")
    pitch_hz: float | None = f("Median fundamental frequency.")
    gender: GenderHint = f("A hint.")
    gender_confidence: float = f("0 to 1; 0 where it is UNKNOWN.")
    age: AgeHint = f("A hint.")
    age_confidence: float = f("0 to 1; 0 where it is UNKNOWN.")
    tone: list[ToneWord] = f("How it sounds, in words.")

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> VoiceCharacteristics | None:
        """From ``asdict(Characteristics)``, as it is stored."""
        if not facts:
            return None
        return cls(
            pitch=PitchClass(facts["pitch"]), pitch_hz=facts["pitch_hz"], gender=GenderHint(facts["gender"]),
            gender_confidence=facts["gender_confidence"], age=AgeHint(facts["age"]),
            age_confidence=facts["age_confidence"], tone=[ToneWord(**each) for each in facts["tone"]],
        )  # fmt: skip


@described
class MissingPart:
    """A part of an output's consistency that could not be measured."""

    part: str = f("similarity, loudness or style.")
    reason: str = f("Why.")


@described
class Consistency:
    """How far an output is what its persona stands for: who speaks, how loud, in whose words."""

    similarity: float | None = f(
        "Cosine of the speaker embeddings of this speech and of the voice's samples."
    )
    speaker: Speaker | None = f("What that means; null where similarity is.")
    same_from: float = f("From here on it is the same speaker.")
    other_below: float = f("Below this it is somebody else.")
    loudness: float | None = f("LUFS, integrated (BS.1770), measured on the finished speech.")
    loudness_target: float = f("What its platform asks for, in LUFS.")
    style: int | None = f("How far its words are in the persona's style, 0 to 100.")
    overall: int | None = f(
        "0 to 100: the least of the parts that could be measured, as docs/quality.md says; null if none could."
    )
    missing: list[MissingPart] = f("The parts that are null, each with the reason.")

    @classmethod
    def of(cls, found: Scored) -> Consistency:
        return cls(
            similarity=found.similarity,
            speaker=None if found.similarity is None else speaker_of(found.similarity),
            same_from=SAME_SPEAKER, other_below=OTHER_SPEAKER, loudness=found.loudness,
            loudness_target=found.loudness_target, style=found.style, overall=found.overall,
            missing=[MissingPart(part=each.part, reason=each.reason) for each in found.missing],
        )  # fmt: skip


def samples_of(assessed: Assessed) -> list[SampleAssessment]:
    return [
        SampleAssessment(
            asset_id=strawberry.ID(global_id("Asset", asset.id)), file_name=asset.file_name, accepted=heard.accepted,
            refusal=refusal_of(facts["refusal"]), hints=list(heard.hints), measures=SampleMeasures.of(facts["measures"]),
        )
        for asset, heard in zip(assessed.assets, assessed.assessment.heard, strict=True)
        if (facts := facts_of(heard))
    ]  # fmt: skip


def refusal_of(facts: Mapping[str, Any] | None) -> MediaRefusal | None:
    return MediaRefusal(code=facts["code"], message=facts["message"], fix=facts["fix"]) if facts else None
