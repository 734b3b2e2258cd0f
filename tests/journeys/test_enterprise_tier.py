"""The Enterprise tier with its vendors played: who renders at the boundary of 120 s, what is refused past 600 s before
anything is spent, and a voice's twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from persona_graph.demo import join_recordings
from persona_graph.embedded import Embedded
from tests.client import Client
from tests.journeys.conftest import Trained
from tests.journeys.sandboxed import Vendors, whole

pytestmark = [pytest.mark.timeout(420), pytest.mark.asyncio(loop_scope="module")]
HUNYUAN, INFINITE = "wavespeed-hunyuan", "wavespeed-infinitetalk"
# The played vendors speak a character in 65 ms.
PER_CHARACTER = 0.065
WORDS = "One more word is said here. "
ROUTE = "quote { price { amount } legs { name route { candidates { provider } } } }"
JOB = f"""job {{ settled {{ amount }} {ROUTE} legs {{ name provider cost {{ amount }} attempts {{ provider }} }} }}"""


@dataclass
class Played:
    client: Client
    vendors: Vendors
    persona: Trained
    recording: Path

    async def spoken(self, seconds: float) -> tuple[str, float]:
        """A speech of about that length, and its exact one."""
        script = (WORDS * 500)[: int(seconds / PER_CHARACTER)]
        made = await self.client.change(
            "generateSpeech", "output { id } job { id }", personaId=self.persona.persona, script=script
        )
        await self.client.succeeded(made["job"]["id"])
        output = await self.client.node(made["output"]["id"], "... on SpeechOutput { asset { seconds } }")
        return made["output"]["id"], output["asset"]["seconds"]

    async def routed(self, **input: Any) -> list[str]:
        """Who would render it, in order; nothing is written."""
        made = await self.client.change(
            "generateVideo", ROUTE, personaId=self.persona.persona, dryRun=True, **input
        )
        leg = next(leg for leg in made["quote"]["legs"] if leg["name"] == "VIDEO")
        return [candidate["provider"] for candidate in leg["route"]["candidates"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def enterprise(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    folder: Path = tmp_path_factory.mktemp("enterprise")
    recording, _ = join_recordings(folder / "recording.flac")
    async with (
        Embedded(folder / "stack", workers=2, port=0, tier="enterprise", sandbox=True) as stack,
        Client.to(stack.url, stack.token) as client,
    ):
        yield Played(client, Vendors.of(stack), await whole(client, recording), recording)


@pytest.mark.parametrize(("about", "first"), [(119.0, HUNYUAN), (121.0, INFINITE)])
async def test_who_renders_changes_at_120_seconds(enterprise: Played, about: float, first: str) -> None:
    """Rows 94, 155: asked for, routed, made and billed; the length is that of the speech that is there."""
    speech, seconds = await enterprise.spoken(about)
    assert abs(seconds - about) < 1 and (seconds <= 120) == (first == HUNYUAN)
    assert (await enterprise.routed(speechOutputId=speech))[0] == first
    before = enterprise.vendors.billed("wavespeed")
    made = await enterprise.client.change(
        "generateVideo", "output { id } job { id }", personaId=enterprise.persona.persona, speechOutputId=speech
    )  # fmt: skip
    await enterprise.client.succeeded(made["job"]["id"])
    fields = f"... on VideoOutput {{ served {{ provider }} asset {{ seconds }} {JOB} }}"
    output = await enterprise.client.node(made["output"]["id"], fields)
    video = next(leg for leg in output["job"]["legs"] if leg["name"] == "VIDEO")
    assert output["served"][-1]["provider"] == video["provider"] == first
    assert [attempt["provider"] for attempt in video["attempts"]] == [first]
    assert output["asset"]["seconds"] == pytest.approx(seconds, abs=0.6)
    assert enterprise.vendors.billed("wavespeed") - before == Decimal(video["cost"]["amount"])
    # $0.15 for each of the 24 or 25 blocks of five seconds that were begun.
    assert Decimal(output["job"]["settled"]["amount"]) == Decimal("0.15") * (24 if first == HUNYUAN else 25)


async def test_ten_minutes_are_infinite_talks_and_more_are_refused_unspent(enterprise: Played) -> None:
    """Rows 155, 157: a script that is surely longer is refused by a type, with the limit, and nobody was asked."""
    long = await enterprise.routed(script=WORDS * 280)
    assert HUNYUAN not in long and long[0] == INFINITE
    asked, billed = len(enterprise.vendors.asked()), enterprise.vendors.billed()
    [error] = await enterprise.client.refused(
        "generateVideo", personaId=enterprise.persona.persona, script=WORDS * 400
    )
    assert error["__typename"] in ("NoProviderError", "InvalidInputError", "TierError"), error
    assert "600" in error["message"]
    assert (len(enterprise.vendors.asked()), enterprise.vendors.billed()) == (asked, billed)


async def test_a_twin_is_enrolled_measured_and_only_then_may_stand_in(enterprise: Played) -> None:
    """V13: at a second vendor, for its own price. The played vendors' voices are tones, in which nobody is recognised:
    so the twin must be refused, and the speech goes on at the first vendor."""
    client = enterprise.client
    sample = await client.upload(enterprise.recording, "SAMPLE")
    made = await client.change(
        "trainTwin", "voice { id } job { id }", voiceId=enterprise.persona.voice, provider="elevenlabs", sampleIds=[sample],
    )  # fmt: skip
    await client.succeeded(made["job"]["id"])
    fields = "... on Voice { enrolments { id provider state standing similarity } }"
    enrolments = (await client.node(enterprise.persona.voice, fields))["enrolments"]
    twin = next(each for each in enrolments if each["provider"] == "elevenlabs")
    assert (twin["state"], twin["standing"]) == ("LIVE", "TWIN")
    error = await client.refusal("acceptTwin", enrolmentId=twin["id"])
    assert "needed to stand in" in error["message"]
    spoken = await client.change(
        "generateSpeech", ROUTE, personaId=enterprise.persona.persona, script=WORDS, dryRun=True
    )
    [leg] = spoken["quote"]["legs"]
    assert [candidate["provider"] for candidate in leg["route"]["candidates"]] == ["minimax"]
    await client.change("deleteTwin", "voice { id }", enrolmentId=twin["id"])
