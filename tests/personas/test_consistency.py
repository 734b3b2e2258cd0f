"""Every output is scored (issue "consistency and drift"; row 194): its speaker, loudness and words, the least of them, and
why a part is missing."""

from __future__ import annotations

from typing import Any

import pytest

from persona_graph.media.asset import Asset
from persona_graph.personas.consistency import loudness_points, scored, speaker_points
from persona_graph.personas.tables import OutputKind, Platform
from tests.world import Owner, public

FIELDS = "consistency { similarity speaker loudness loudnessTarget style overall missing { part reason } }"


@pytest.mark.parametrize(
    ("similarity", "points"),
    [(0.2, 0), (0.5, 0), (0.625, 25), (0.75, 50), (0.8, 75), (0.85, 100), (0.99, 100)],
)
def test_points_of_the_speaker(similarity: float, points: float) -> None:
    assert speaker_points(similarity) == pytest.approx(points)


@pytest.mark.parametrize(
    ("loudness", "points"), [(-16.0, 100), (-17.0, 100), (-15.0, 100), (-18.0, 80), (-22.0, 0), (-40.0, 0)]
)
def test_points_of_the_loudness(loudness: float, points: float) -> None:
    assert loudness_points(loudness, -16.0) == pytest.approx(points)


def test_it_is_as_consistent_as_its_weakest_part() -> None:
    good = scored(0.95, -16.2, 92, None, own_voice=True)
    assert (good.overall, good.missing) == (92, ())
    assert scored(0.55, -16.2, 92, None, own_voice=True).overall == 10
    assert scored(0.95, -16.2, 92, "PODCAST", own_voice=True).overall == 64
    none = scored(None, None, None, None, own_voice=False)
    assert none.overall is None
    assert [each.part for each in none.missing] == ["similarity", "loudness", "style"]
    assert "stock voice" in none.missing[0].reason


async def seen(owner: Owner, **row: Any) -> Any:
    persona = await owner.persona()
    output = await owner.output(persona, OutputKind.SPEECH, **row)
    async with owner.world.runtime.db.writing() as session:
        (await session.get_one(Asset, output.asset_id)).facts = {"loudness": -18.4}
    return (await owner.client.node(public(output), f"... on SpeechOutput {{ {FIELDS} }}"))["consistency"]


async def test_an_output_shows_it(owner: Owner) -> None:
    voice = await owner.voice(await owner.persona())
    found = await seen(owner, similarity=0.9, style_score=88, voice_id=voice.id, platform=Platform.BLOG)
    assert found == {
        "similarity": 0.9, "speaker": "SAME", "loudness": -18.4, "loudnessTarget": -18.0, "style": 88, "overall": 88,
        "missing": [],
    }  # fmt: skip


async def test_what_is_missing_says_why(owner: Owner) -> None:
    found = await seen(owner)
    assert (found["similarity"], found["speaker"], found["style"]) == (None, None, None)
    # Measured at -18.4 where -16 is wanted: 1.4 beyond what is close.
    assert found["overall"] == 72
    assert [each["part"] for each in found["missing"]] == ["similarity", "style"]


async def test_there_is_none_before_it_is_ready(owner: Owner) -> None:
    assert await seen(owner, ready_at=None) is None
