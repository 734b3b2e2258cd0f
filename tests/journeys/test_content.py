"""Content through the public API (rows 97–101, 138–141, 175–179, 183–188): every type, every part, and what happens
when a part cannot be had or fails."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.client import ROOT, Client
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
SCENE = """
  script text title scene contentType platform price { amount } cost { amount } readyAt styleScore
  parts { part state code message fix } asset { id seconds contentType } speech { id seconds contentType url }
  video { id seconds contentType } poster { id } avatar { id } voice { id } served { leg provider offer }
  captions { vtt { id } } content { id }
  job { state partial failure { code } settled { amount }
    legs { name state optional price { amount } cost { amount } failure { code message fix } } }
"""
OUTPUT = f"... on ContentOutput {{ {SCENE} }}"


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


async def test_a_story_told_scene_by_scene(client: Client, trained: Trained) -> None:
    """Rows 98, 183: many scenes in one mutation, in order, one quote, one output each; the face narrates."""
    scenes = [
        {"title": "Morning", "script": "The boats came in, one by one."},
        {"title": "Noon", "script": "Nobody spoke. ***Nobody.***"},
        {"title": "Night", "script": "Then the light went out."},
    ]
    key = {"idempotencyKey": "the harbour", "contentType": "STORY", "title": "The harbour", "scenes": scenes}
    select = (
        "content { id title scenes { id scene title script } } quote { priceCeiling { amount } legs { name } } "
        "scenes { index title output { id } job { id } quote { priceCeiling { amount } } skipped { part } }"
    )
    made = await client.change("generateContent", select, personaId=trained.persona, **key)
    assert [scene["index"] for scene in made["scenes"]] == [0, 1, 2]
    assert [leg["name"] for leg in made["quote"]["legs"]] == ["SPEECH", "VIDEO"] * 3
    ceilings = [Decimal(scene["quote"]["priceCeiling"]["amount"]) for scene in made["scenes"]]
    assert Decimal(made["quote"]["priceCeiling"]["amount"]) == sum(ceilings)
    for scene in made["scenes"]:
        await client.succeeded(scene["job"]["id"])
    again = await client.change("generateContent", select, personaId=trained.persona, **key)
    assert [scene["job"] for scene in again["scenes"]] == [scene["job"] for scene in made["scenes"]]
    content = await client.node(
        made["content"]["id"], f"... on Content {{ title persona {{ id }} scenes {{ id {SCENE} }} }}"
    )
    assert (content["title"], content["persona"]["id"]) == ("The harbour", trained.persona)
    assert [(each["scene"], each["title"], each["script"]) for each in content["scenes"]] == [
        (0, "Morning", "The boats came in, one by one."), (1, "Noon", "Nobody spoke. Nobody."),
        (2, "Night", "Then the light went out."),
    ]  # fmt: skip
    assert all(each["video"] and each["content"]["id"] == made["content"]["id"] for each in content["scenes"])


async def test_a_story_given_whole_is_cut_at_its_marks(client: Client, trained: Trained) -> None:
    script = (
        "Scene 1: The harbour\nThe boats came in.\n\n***\n\nNobody spoke.\n\n## Night\nThe light went out."
    )
    made = await client.change(
        "generateContent", "scenes { title output { script } quote { legs { name } } } job { id }",
        personaId=trained.persona, contentType="STORY", script=script, parts=["AUDIO"],
    )  # fmt: skip
    assert [(scene["title"], scene["output"]["script"]) for scene in made["scenes"]] == [
        ("The harbour", "The boats came in."), (None, "Nobody spoke."), ("Night", "The light went out."),
    ]  # fmt: skip


async def test_a_scene_that_is_refused_refuses_the_story(
    stage: Stage, client: Client, trained: Trained
) -> None:
    before = stage.rows("SELECT COUNT(*) FROM job"), stage.rows("SELECT COUNT(*) FROM content")
    scenes = [{"script": "Fine."}, {"script": "🙂"}, {"script": "Fine."}, {"script": "a", "brief": "b"}]
    refused = await client.refused(
        "generateContent", personaId=trained.persona, contentType="STORY", scenes=scenes
    )
    assert [(each["code"], each["path"]) for each in refused] == [
        ("TEXT_EMPTY", ["scenes", "1", "script"]), ("INVALID_INPUT", ["scenes", "3", "script"]),
    ]  # fmt: skip
    assert (stage.rows("SELECT COUNT(*) FROM job"), stage.rows("SELECT COUNT(*) FROM content")) == before


async def test_an_episode_chapter_by_chapter(client: Client, trained: Trained) -> None:
    """A podcast's chapters are read with their titles; it has captions if they are asked for."""
    made = await client.change(
        "generateContent", "scenes { title output { id script } job { id } }", personaId=trained.persona,
        contentType="PODCAST", parts=["AUDIO"], captions="TRACK", format="MP3",
        scenes=[{"title": "Welcome", "script": "Hello, and welcome."}, {"title": "The end", "script": "Goodbye."}],
    )  # fmt: skip
    assert [scene["output"]["script"] for scene in made["scenes"]] == [
        "Welcome.\n\nHello, and welcome.", "The end.\n\nGoodbye.",
    ]  # fmt: skip
    for scene in made["scenes"]:
        await client.succeeded(scene["job"]["id"])
        output = await client.node(scene["output"]["id"], OUTPUT)
        assert output["speech"]["contentType"] == "audio/mpeg" and output["captions"]["vtt"] is not None


@pytest.mark.parametrize(
    "content_type", ["ARTICLE", "NEWSLETTER", "SOCIAL_POST", "LESSON", "ADVERTISEMENT", "OTHER"]
)
async def test_any_content_is_read(client: Client, trained: Trained, content_type: str) -> None:
    """Row 143: every type of content goes through the same door."""
    made = await make(
        client, trained.persona, contentType=content_type, script="Short, but said. 👍 #done", parts=["AUDIO"]
    )
    output = await made_of(client, made)
    assert (output["contentType"], output["script"]) == (content_type, "Short, but said.")


async def test_a_dry_run_tells_price_and_gaps_and_writes_nothing(
    stage: Stage, client: Client, trained: Trained
) -> None:
    before = stage.rows("SELECT COUNT(*) FROM job"), stage.rows("SELECT COUNT(*) FROM output")
    made = await make(
        client, trained.persona, contentType="BLOG_POST", script="word " * 800, dryRun=True, resolution="P720"
    )
    assert (made["content"], made["output"], made["job"]) == (None, None, None)
    assert [leg["name"] for leg in made["quote"]["legs"]] == ["SPEECH"]
    [skipped] = made["skipped"]
    assert (skipped["part"], skipped["code"]) == ("VIDEO", "TIER_REQUIRED") and "120 s" in skipped["message"]
    assert (stage.rows("SELECT COUNT(*) FROM job"), stage.rows("SELECT COUNT(*) FROM output")) == before
    dear = await client.refusal(
        "generateContent",
        personaId=trained.persona,
        contentType="BLOG_POST",
        script="A few words.",
        maxPrice="0.01",
    )
    assert dear["code"] == "PRICE_ABOVE_MAX"


async def test_what_makes_no_sense_is_refused(client: Client, trained: Trained) -> None:
    wrong: list[tuple[dict[str, Any], str, list[str]]] = [
        ({}, "INVALID_INPUT", ["script"]),
        ({"script": "a", "brief": "b"}, "INVALID_INPUT", ["script"]),
        ({"script": "a", "scenes": [{"script": "b"}]}, "INVALID_INPUT", ["scenes"]),
        ({"scenes": []}, "INVALID_INPUT", ["scenes"]),
        ({"scenes": [{"script": "b"}] * 51}, "INVALID_INPUT", ["scenes"]),
        ({"script": "a", "parts": []}, "INVALID_INPUT", ["parts"]),
        ({"script": "a", "parts": ["TEXT"]}, "INVALID_INPUT", ["parts"]),
        ({"script": "a", "parts": ["AUDIO"], "required": ["VIDEO"]}, "INVALID_INPUT", ["required"]),
        ({"brief": "a", "maxCharacters": 0}, "INVALID_INPUT", ["maxCharacters"]),
        ({"script": "https://example.com 🙂"}, "TEXT_EMPTY", ["script"]),
        ({"brief": "  "}, "TEXT_EMPTY", ["brief"]),
        ({"script": "a", "speed": 9.0}, "INVALID_INPUT", ["speed"]),
    ]
    for input, code, path in wrong:
        refused = await client.refusal(
            "generateContent", personaId=trained.persona, contentType="EMAIL", **input
        )
        assert (refused["code"], refused["path"]) == (code, path), input


# Once more.


async def test_a_failed_scene_is_made_anew_in_its_place(
    stage: Stage, client: Client, trained: Trained
) -> None:
    stage.tell("reject-own", "Not today.")
    try:
        made = await client.change(
            "generateContent", "content { id } scenes { output { id } job { id } }", personaId=trained.persona,
            contentType="STORY", parts=["AUDIO"], scenes=[{"title": "One", "script": "Once upon a time."}],
        )  # fmt: skip
        job, first = made["scenes"][0]["job"]["id"], made["scenes"][0]["output"]["id"]
        assert (await client.events(job))[-1]["state"] == "FAILED"
    finally:
        stage.untell("reject-own")
    rehearsed = await client.change(
        "retryJob", "output { id } job { id } quote { price { amount } }", jobId=job, dryRun=True
    )
    assert (rehearsed["output"], rehearsed["job"]) == (None, None)
    again = await client.change("retryJob", "output { id } job { id }", jobId=job, idempotencyKey="again")
    assert again["job"]["id"] != job
    repeated = await client.change("retryJob", "output { id } job { id }", jobId=job, idempotencyKey="again")
    assert repeated == again
    await client.succeeded(again["job"]["id"])
    content = await client.node(made["content"]["id"], "... on Content { scenes { id title asset { id } } }")
    [scene] = content["scenes"]
    assert scene["id"] == again["output"]["id"] != first
    assert (scene["title"], scene["asset"] is not None) == ("One", True)
    refused = await client.refusal("retryJob", jobId=again["job"]["id"])
    assert (refused["code"], refused["state"]) == ("NOT_REPEATABLE", "SUCCEEDED")


@pytest.mark.parametrize("mutation", ["generateSpeech", "generateVideo"])
async def test_a_cancelled_job_is_asked_for_again(
    stage: Stage, client: Client, trained: Trained, mutation: str
) -> None:
    stage.tell("hold-own")
    try:
        made = await client.change(
            mutation, "output { id } job { id }", personaId=trained.persona, script=f"Held back: {mutation}."
        )
        waiting = await client.refusal("retryJob", jobId=made["job"]["id"])
        assert (waiting["code"], waiting["path"]) == ("NOT_REPEATABLE", ["jobId"])
        await client.change("cancelJob", "job { state }", jobId=made["job"]["id"])
        assert (await client.events(made["job"]["id"]))[-1]["state"] == "CANCELLED"
    finally:
        stage.untell("hold-own")
    again = await client.change("retryJob", "output { id script } job { id kind }", jobId=made["job"]["id"])
    assert again["output"]["script"] == f"Held back: {mutation}."
    assert again["job"]["kind"] == mutation.removeprefix("generate").upper()
    await client.succeeded(again["job"]["id"])


async def test_the_speech_of_partial_content_can_be_shown_later(
    stage: Stage, client: Client, trained: Trained
) -> None:
    stage.tell("reject-talk", "Not today.")
    try:
        made = await make(client, trained.persona, contentType="EMAIL", script="Shown a day later.")
        assert (await made_of(client, made))["job"]["partial"]
    finally:
        stage.untell("reject-talk")
    film = await client.change(
        "generateVideo", "output { id script } job { id legs { name } }", personaId=trained.persona,
        speechOutputId=made["output"]["id"],
    )  # fmt: skip
    assert (film["output"]["script"], [leg["name"] for leg in film["job"]["legs"]]) == (
        "Shown a day later.",
        ["VIDEO"],
    )
    await client.succeeded(film["job"]["id"])


async def test_deleted_scenes_take_their_content_with_them(
    stage: Stage, client: Client, trained: Trained
) -> None:
    made = await client.change(
        "generateContent", "content { id } scenes { output { id } job { id } }", personaId=trained.persona,
        contentType="STORY", title="Not for long", parts=["AUDIO"],
        scenes=[{"title": "One", "script": "First."}, {"title": "Two", "script": "Second."}],
    )  # fmt: skip
    for scene in made["scenes"]:
        await client.succeeded(scene["job"]["id"])
    first, second = (scene["output"]["id"] for scene in made["scenes"])
    await client.change("deleteOutput", "deletedId", outputId=first)
    content = await client.node(made["content"]["id"], "... on Content { scenes { id } }")
    assert content["scenes"] == [{"id": second}]
    await client.change("deleteOutput", "deletedId", outputId=second)
    assert await client.node(made["content"]["id"], "") is None
    assert stage.rows("SELECT id FROM content WHERE title = 'Not for long'") == []


async def test_the_page_s_own_snippets_run(client: Client, trained: Trained) -> None:
    """Every block of GraphQL in docs/content.md, as it stands there."""
    blocks = re.findall(
        r"```graphql\n(.*?)```", (ROOT / "docs/content.md").read_text(encoding="utf-8"), re.DOTALL
    )
    known: dict[str, str] = {"persona": trained.persona}
    for block in blocks:
        names = re.findall(r"\$(\w+): ID!", block)
        answer = await client.ask(block, **{name: known[name] for name in names})
        for payload in answer.values():
            errors = payload.get("errors") or []
            assert [error["code"] for error in errors] == (
                ["NOT_REPEATABLE"] if "retryJob" in block else []
            ), block
            if (payload.get("job") or {}).get("id") and "output" in payload:
                known |= {"output": payload["output"]["id"], "job": payload["job"]["id"]}
                await client.events(payload["job"]["id"])
    assert len(blocks) >= 6
