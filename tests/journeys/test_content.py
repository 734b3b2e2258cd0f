"""Content through the public API (rows 97–101, 138–141, 175–179, 183–188): every type, every part, and what happens
when a part cannot be had or fails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.client import Client
from tests.journeys.conftest import Stage, Trained, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

POST = """## Why I still write by hand

I write the **first** page of everything by hand. 🖋️ It is slow, and that is the point: see
[my notes](https://example.com/notes).

- It keeps me honest
- It keeps me short

What do you do? #Writing #Craft"""
SAID = """Why I still write by hand.

I write the first page of everything by hand. It is slow, and that is the point: see
my notes.

It keeps me honest.
It keeps me short.

What do you do?"""
SKIPPED = "skipped { scene part code message fix }"
MADE = f"content {{ id }} output {{ id }} job {{ id }} quote {{ price {{ amount }} priceCeiling {{ amount }} legs {{ name }} }} {SKIPPED}"
OUTPUT = """... on ContentOutput {
  script text title scene contentType platform price { amount } cost { amount } readyAt styleScore
  parts { part state code message fix } asset { id seconds contentType } speech { id seconds contentType url }
  video { id seconds contentType } poster { id } avatar { id } voice { id } served { leg provider offer }
  captions { vtt { id } } content { id }
  job { state partial failure { code } settled { amount }
    legs { name state optional price { amount } cost { amount } failure { code message fix } } }
}"""


async def make(client: Client, persona: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await client.change("generateContent", MADE, personaId=persona, **more)
    return made


async def made_of(client: Client, made: dict[str, Any], state: str = "SUCCEEDED") -> dict[str, Any]:
    last = (await client.events(made["job"]["id"]))[-1]
    assert (last["state"], last["terminal"]) == (state, True), last
    output: dict[str, Any] = await client.node(made["output"]["id"], OUTPUT)
    return output


def parts(output: dict[str, Any]) -> dict[str, str]:
    return {part["part"]: part["state"] for part in output["parts"]}


async def test_a_linkedin_post_with_reading_and_video(client: Client, trained: Trained) -> None:
    """Rows 97, 138, 139, 186: one request, three parts; what is spoken follows from what is written."""
    made = await make(client, trained.persona, contentType="LINKEDIN_POST", script=POST)
    assert made["skipped"] == []
    assert [leg["name"] for leg in made["quote"]["legs"]] == ["SPEECH", "VIDEO"]
    output = await made_of(client, made)
    assert (output["text"], output["script"], output["platform"]) == (POST, SAID, "LINKEDIN")
    assert parts(output) == {"TEXT": "GIVEN", "AUDIO": "MADE", "VIDEO": "MADE"}
    assert (output["avatar"]["id"], output["voice"]["id"]) == (trained.avatar, trained.voice)
    assert output["video"]["contentType"] == "video/mp4" and output["asset"]["id"] == output["video"]["id"]
    assert output["speech"]["contentType"] == "audio/wav" and output["poster"] is not None
    job = output["job"]
    assert (job["partial"], [leg["state"] for leg in job["legs"]]) == (False, ["DONE", "DONE"])
    price = sum(Decimal(leg["price"]["amount"]) for leg in job["legs"])
    assert Decimal(output["price"]["amount"]) == price == Decimal(job["settled"]["amount"])
    assert price <= Decimal(made["quote"]["priceCeiling"]["amount"])


async def test_a_part_that_cannot_be_had_is_skipped_and_the_others_made(stage: Stage) -> None:
    """Rows 177, 178: on Free there is no video and no own voice; the reading is made all the same."""
    client = await stage.someone("Content on Free", tier="free")
    persona = (await client.change("createPersona", "persona { id }", name="F"))["persona"]["id"]
    made = await make(client, persona, contentType="BLOG_POST", title="A title", script=POST)
    [skipped] = made["skipped"]
    assert (skipped["part"], skipped["code"], skipped["scene"]) == ("VIDEO", "TIER_REQUIRED", 0)
    assert "Pro has it" in skipped["fix"]
    output = await made_of(client, made)
    assert parts(output) == {"TEXT": "GIVEN", "AUDIO": "MADE", "VIDEO": "SKIPPED"}
    assert output["script"] == f"A title.\n\n{SAID}"
    assert (output["video"], output["voice"], output["price"]["amount"]) == (None, None, "0.0000")


async def test_what_is_required_and_cannot_be_had_refuses_all(stage: Stage) -> None:
    client = await stage.someone("Content on Free", tier="free")
    persona = (await client.change("createPersona", "persona { id }", name="F"))["persona"]["id"]
    refused = await client.refusal(
        "generateContent", personaId=persona, contentType="EMAIL", script="Hello.", required=["VIDEO"]
    )
    assert (refused["code"], refused["requiredTier"]) == ("TIER_REQUIRED", "pro")


async def test_a_persona_without_a_voice_reads_only_where_somebody_else_may(client: Client) -> None:
    """Rows 183–185: never another speaker unasked; then there is nothing left to make, and every reason is told."""
    persona = (await client.change("createPersona", "persona { id }", name="No voice"))["persona"]["id"]
    refused = await client.refused("generateContent", personaId=persona, contentType="STORY", script="Hello.")
    assert [each["code"] for each in refused] == ["NOT_READY"]
    for more in ({"usePersonaVoice": False}, {"voicePolicy": "ALLOW_STOCK_VOICE"}):
        made = await make(client, persona, contentType="STORY", script="Hello there.", **more)
        assert [(each["part"], each["code"]) for each in made["skipped"]] == [("VIDEO", "NOT_READY")]
        assert parts(await made_of(client, made))["AUDIO"] == "MADE"


async def test_a_stock_voice_on_wish(stage: Stage, client: Client, trained: Trained) -> None:
    """Row 183: the own voice unless it is switched off."""
    made = await make(
        client, trained.persona, contentType="SOCIAL_POST", script="Hello there, all of you.", parts=["AUDIO"],
        usePersonaVoice=False,
    )  # fmt: skip
    output = await made_of(client, made)
    assert output["voice"] is None
    assert stage.history("start")[-1]["order_words"]["own"] is False
    assert parts(output) == {"TEXT": "GIVEN", "AUDIO": "MADE"}


async def test_an_email_written_to_a_brief(stage: Stage, client: Client, trained: Trained) -> None:
    """Rows 100, 176: an installed provider writes it in the persona's style; then it is read."""
    brief = "Thank Bo for the good talk on Friday."
    made = await make(
        client, trained.persona, contentType="EMAIL", brief=brief, parts=["TEXT", "AUDIO"], maxCharacters=400
    )
    assert [leg["name"] for leg in made["quote"]["legs"]] == ["TEXT", "SPEECH"]
    output = await made_of(client, made)
    assert parts(output) == {"TEXT": "MADE", "AUDIO": "MADE"}
    assert output["text"].startswith(brief) and "https://" in output["text"]
    assert output["script"] == f"{brief} That is what it is about, and this is how I see it:"
    asked = [entry for entry in stage.history("start") if entry["offer"] == "write"][-1]["order_words"]
    assert (asked["brief"], asked["max"], asked["language"]) == (brief, 400, "en")
    assert asked["style"].startswith("Write as Trained.")
    assert [served["leg"] for served in output["served"]] == ["TEXT", "SPEECH"]
    text = output["job"]["legs"][0]
    assert Decimal(text["cost"]["amount"]) == Decimal("0.2") * len(output["text"]) / 1000


async def test_a_video_that_fails_leaves_the_reading(stage: Stage, client: Client, trained: Trained) -> None:
    """What was made before is kept and charged; what failed is not."""
    stage.tell("reject-talk", "This face is not to be shown.")
    try:
        made = await make(
            client, trained.persona, contentType="BLOG_POST", script="A short post, read aloud."
        )
        output = await made_of(client, made)
    finally:
        stage.untell("reject-talk")
    assert parts(output) == {"TEXT": "GIVEN", "AUDIO": "MADE", "VIDEO": "FAILED"}
    failed = output["parts"][2]
    assert (failed["code"], "not to be shown" in failed["message"]) == ("MODERATION", True)
    job = output["job"]
    assert (job["partial"], job["failure"]) == (True, None)
    speech, video = job["legs"]
    assert (video["state"], video["price"]["amount"], video["optional"]) == ("FAILED", "0.0000", True)
    assert output["price"]["amount"] == speech["price"]["amount"] == job["settled"]["amount"]
    assert output["speech"]["id"] == output["asset"]["id"] and output["video"] is None
    assert (await client.get(output["speech"]["url"])).status_code == 200


async def test_a_required_video_that_fails_costs_nothing(
    stage: Stage, client: Client, trained: Trained
) -> None:
    stage.tell("reject-talk", "No.")
    try:
        made = await make(
            client, trained.persona, contentType="BLOG_POST", script="Read this aloud.", required=["VIDEO"]
        )
        output = await made_of(client, made, "FAILED")
    finally:
        stage.untell("reject-talk")
    assert Decimal(output["job"]["settled"]["amount"]) == 0 and output["asset"] is None
    assert set(parts(output).values()) == {"GIVEN", "FAILED"}


async def test_a_stop_between_the_parts_keeps_what_is_there(
    stage: Stage, client: Client, trained: Trained
) -> None:
    """As with any job: what was done before the stop reached it is there, and paid."""
    stage.tell("hold-talk")
    try:
        made = await make(client, trained.persona, contentType="VIDEO_MESSAGE", script="Hello, it is me.")
        before = len(stage.history("cancel"))
        job = made["job"]["id"]
        state = "SELECT stage, state FROM job ORDER BY id DESC LIMIT 1"
        await until(lambda: stage.rows(state) == [("VIDEO", "WAITING")])
        await client.change("cancelJob", "job { state }", jobId=job)
        output = await made_of(client, made)
        assert len(stage.history("cancel")) == before + 1
    finally:
        stage.untell("hold-talk")
    assert parts(output) == {"TEXT": "GIVEN", "AUDIO": "MADE", "VIDEO": "CANCELLED"}
    assert Decimal(output["price"]["amount"]) > 0
