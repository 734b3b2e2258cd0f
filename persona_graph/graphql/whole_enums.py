"""Closed sets of the persona as a whole: settings, lexicon, onboarding."""

from __future__ import annotations

from persona_graph.graphql.describe import closed_set
from persona_graph.personas.onboarding import OnboardingStep, PersonaPart, StepState
from persona_graph.personas.persona_settings import SettingName, SettingSource, VoiceTone
from persona_graph.personas.pronouncing import CaseRule, Expression
from persona_graph.personas.works.outcomes import SettingOutcome

closed_set(
    VoiceTone,
    {
        "DEEP": "3 semitones lower.",
        "WARM": "1.5 semitones lower.",
        "NATURAL": "The voice's own pitch.",
        "BRIGHT": "1.5 semitones higher.",
        "LIGHT": "3 semitones higher.",
    },
)
closed_set(
    SettingName,
    {
        "EMOTION": "The emotion a script is spoken with.",
        "SPEED": "The pace.",
        "TONE": "How high the voice is held, by name.",
        "PITCH": "How high the voice is held, in semitones.",
        "CLOTHING": "What the face wears.",
        "BACKGROUND": "What is behind the face.",
        "STYLE": "What the picture is like.",
        "CONTENT_TYPE": "What an output is.",
        "LANGUAGE": "The language spoken.",
        "FORMAT": "The file format of speech.",
        "RESOLUTION": "The short side of a video.",
        "ASPECT": "The shape of a video.",
    },
    name="PersonaSetting",
)
closed_set(
    SettingSource,
    {
        "CALL": "The request said so.",
        "PLATFORM": "The persona's override for the platform.",
        "PERSONA": "The persona's own setting.",
        "DEFAULT": "What the server does anyway.",
    },
)
closed_set(
    SettingOutcome,
    {
        "BY_PROVIDER": "The provider followed it.",
        "DONE_HERE": "The provider does not know it; it was done on this server.",
        "NOT_HONOURED": "It had no effect.",
    },
)
closed_set(
    CaseRule,
    {
        "EXACT": "Only as it is written here.",
        "IGNORE": "In upper and lower case alike.",
    },
)
closed_set(
    Expression,
    {
        "BY_PROVIDER": "The provider took it as a pronunciation.",
        "RESPELLED": "The provider was given the spoken form in place of the word; captions and timings keep the word.",
        "NOT_EXPRESSED": "It was said as it is written.",
    },
    name="PronunciationOutcome",
)
closed_set(
    OnboardingStep,
    {
        "WRITING_STYLE": "Measure or set how the person writes.",
        "VOICE": "Train a voice.",
        "AVATAR": "Make an avatar of a photo.",
        "APPROVE": "Look at the whole and approve it.",
    },
)
closed_set(
    StepState,
    {
        "DONE": "It is done.",
        "NEXT": "It is what to do now.",
        "OPEN": "It can be done now, though another one comes first.",
        "BLOCKED": "Something stands in the way; see the blockers.",
        "SKIPPED": "It was left out on purpose.",
    },
    name="OnboardingStepState",
)
closed_set(
    PersonaPart,
    {
        "VOICE": "All voices, with the consent to them.",
        "AVATAR": "All avatars, with the consent to the likeness.",
    },
)
