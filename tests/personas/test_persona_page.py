"""docs/persona.md: its documents are valid, its figures are the code's."""

from __future__ import annotations

import re

import pytest
from graphql import parse, validate

from persona_graph.graphql.schema import schema
from persona_graph.personas.lexicon import IPA, MOST_ENTRIES, SPOKEN, WRITTEN
from persona_graph.personas.onboarding import OnboardingStep, StepState
from persona_graph.personas.persona_settings import PITCH, SERVER, SPEED, TONES, SettingName
from tests.client import ROOT

PAGE = (ROOT / "docs/persona.md").read_text(encoding="utf-8")
DOCUMENTS = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
NAMES = [re.findall(r"\w+ (\w+)", document)[0] for document in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_document_is_valid(document: str) -> None:
    assert validate(schema._schema, parse(document)) == []


def test_every_state_and_step_is_told() -> None:
    for word in (*StepState, *OnboardingStep):
        assert f"`{word.value}`" in PAGE, word


def test_the_figures_are_those_of_the_code() -> None:
    assert f"up to {MOST_ENTRIES} entries" in PAGE and f"({WRITTEN} characters)" in PAGE
    assert SPOKEN == IPA and f"({SPOKEN} characters each)" in PAGE
    for tone, semitones in TONES.items():
        said = f"{semitones:+g}".replace("-", "−").replace("+0", "0")
        assert f"`{tone.value}` {said}" in PAGE, tone
    assert SPEED == (0.5, 2.0) and PITCH == (-12.0, 12.0) and "0.5 to 2;" in PAGE and "−12 to 12" in PAGE
    defaults = (
        SERVER.container,
        SERVER.resolution,
        SERVER.aspect,
        SERVER.emotion,
        SERVER.speed,
        SERVER.pitch,
    )
    assert defaults == ("wav", "480p", "1:1", "neutral", 1.0, 0.0) and "WAV, 480p, 1:1" in PAGE


def test_every_setting_is_told() -> None:
    for setting in SettingName:
        first, *rest = setting.name.lower().split("_")
        assert f"`{first + ''.join(part.capitalize() for part in rest)}`" in PAGE, setting
