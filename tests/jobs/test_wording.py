"""What is spoken is scored against its persona's style (row 194), where there is enough of both."""

from __future__ import annotations

from pathlib import Path

from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.personas import outputs
from persona_graph.personas.outputs import SpeechWish
from persona_graph.personas.styles import WritingStyle
from persona_graph.personas.tables import VoicePolicy
from persona_graph.style import Source, measure, score
from tests.client import ROOT
from tests.jobs.house import House
from tests.jobs.scripted import speaker
from tests.jobs.test_finished_speech import HEARD
from tests.jobs.test_long_scripts import lived_in

AUSTEN = (ROOT / "tests/samples/authors/austen.txt").read_text(encoding="utf-8").split()
OWN, FEW = " ".join(AUSTEN[-400:]), " ".join(AUSTEN[:40])


async def spoken(house: House, script: str) -> Job:
    wish = SpeechWish(house.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)
    made = await outputs.generate_speech(
        house.personas, house.viewer, wish, Request("generateSpeech", {}, Paid())
    )
    assert made.job is not None
    job = await house.finish(made.job)
    assert job.state == "SUCCEEDED", job.failure_message
    return job


async def test_the_wording_is_scored_and_forgotten_with_the_output(tmp_path: Path, redis_url: str) -> None:
    async with lived_in(tmp_path, redis_url, speaker(start=[HEARD, ...])) as house:
        assert (await house.output(await spoken(house, OWN))).style_score is None, "there is no style yet"
        profile = measure([Source("austen", " ".join(AUSTEN[:-400]))])
        async with house.db.writing() as session:
            session.add(
                WritingStyle(
                    persona_id=house.persona.id, account_id=house.account.id, measured=profile.stored()
                )
            )
        assert (await house.output(await spoken(house, FEW))).style_score is None, "too little to judge"
        job = await spoken(house, OWN)
        scored = await house.output(job)
        assert scored.style_score == score(profile, OWN).score
        await outputs.delete_output(house.personas, house.viewer, scored.id)
        assert (await house.output(job)).style_score is None
        assert "style_score" not in (await house.job(job)).legs[0].result
