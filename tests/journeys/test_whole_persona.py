"""A person from nothing to an approved persona whose settings and words reach what is made (rows 1–6, 64–69, 70–79, 97–116)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.client import Client
from tests.journeys.conftest import PORTRAIT, Stage, agreed

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEPS = """query($id: ID!) { persona(id: $id) { onboarding { next complete steps { step state }
  preview { styleSummary voicePreview { url } avatarPreview { url } } } } }"""
MADE = """... on Output { script settings { asked { setting value source outcome provider } honoured { setting } notHonoured { setting } }
  pronunciations { written said outcome } }
  ... on SpeechOutput { captions { vtt { url } } asset { url contentType } } ... on VideoOutput { asset { url } }"""
TEXT = (
    "I went home early. The cat had eaten my sandwich, and I laughed about it until the evening came. " * 12
)


async def onboarding(client: Client, persona: str) -> Any:
    seen = (await client.ask(STEPS, id=persona))["persona"]["onboarding"]
    return {**seen, "steps": [step["state"] for step in seen["steps"]]}


async def finished(client: Client, made: Any) -> Any:
    await client.succeeded(made["job"]["id"])
    return await client.node(made["output"]["id"], MADE)


async def test_from_nothing_to_everywhere(stage: Stage, client: Client) -> None:
    persona = await agreed(client, "Whole")
    assert (await onboarding(client, persona))["next"] == "WRITING_STYLE"
    document = await client.upload(TEXT.encode(), "DOCUMENT", "diary.txt")
    await client.change(
        "analyzeWritingStyle", "writingStyle { summary }", personaId=persona, documentIds=[document]
    )
    seen = await onboarding(client, persona)
    assert (seen["next"], seen["steps"]) == ("VOICE", ["DONE", "NEXT", "OPEN", "BLOCKED"])

    sample, photo = await client.upload(stage.recording, "SAMPLE"), await client.upload(PORTRAIT, "PHOTO")
    voice = await client.change(
        "trainVoice", "voice { id } job { id }", personaId=persona, name="Voice", sampleIds=[sample]
    )
    await client.succeeded(voice["job"]["id"])
    await client.change(
        "updatePersonaSettings",
        "persona { id }",
        personaId=persona,
        emotion="calm",
        speed=1.1,
        clothing="a suit",
    )
    await client.change(
        "updatePersonaSettings",
        "persona { id }",
        personaId=persona,
        platform="LINKEDIN",
        background="an office",
    )
    # The voice is a draft: its own preview is spoken by it, the proof of the portrait by a stock voice.
    face = await client.change(
        "createAvatar", "avatar { id } job { id }", personaId=persona, name="Face", photoId=photo,
        voicePolicy="ALLOW_STOCK_VOICE",
    )  # fmt: skip
    await client.succeeded(face["job"]["id"])
    assert stage.history("start")[-1]["order_words"]["prompt"] == "Clothing: a suit."
    seen = await onboarding(client, persona)
    assert (seen["next"], seen["steps"]) == ("APPROVE", ["DONE", "DONE", "DONE", "NEXT"])
    for name in ("voicePreview", "avatarPreview"):
        assert (await client.get(seen["preview"][name]["url"])).status_code == 200
    assert seen["preview"]["styleSummary"]
    first = await client.change(
        "approvePersona", "version { id number voice { id } avatar { id } }", personaId=persona
    )
    assert first["version"]["voice"] == {"id": voice["voice"]["id"]}
    assert first["version"]["avatar"] == {"id": face["avatar"]["id"]}
    assert (await onboarding(client, persona))["complete"]

    await client.change(
        "setPronunciation", "entry { id }", personaId=persona, written="Siobhan", spoken="Shivawn"
    )
    made = await client.change(
        "generateSpeech",
        "output { id } job { id }",
        personaId=persona,
        script="Good morning, Siobhan.",
        captions=True,
    )
    output = await finished(client, made)
    assert stage.history("start")[-1]["order_words"]["script"] == "Good morning, Shivawn."
    assert output["script"] == "Good morning, Siobhan."
    assert output["pronunciations"] == [{"written": "Siobhan", "said": "Shivawn", "outcome": "RESPELLED"}]
    captions = await client.get(output["captions"]["vtt"]["url"])
    assert "Siobhan" in captions.text and not re.search("shivawn", captions.text, re.IGNORECASE)
    asked = {each["setting"]: (each["value"], each["source"]) for each in output["settings"]["asked"]}
    assert asked == {"emotion": ("calm", "PERSONA"), "speed": ("1.1", "PERSONA")}
    # The scripted vendor has no emotions, and follows a pace without saying so.
    assert {"setting": "emotion"} in output["settings"]["notHonoured"]

    made = await client.change(
        "generateVideo",
        "output { id } job { id }",
        personaId=persona,
        script="Here I am.",
        platform="LINKEDIN",
    )
    output = await finished(client, made)
    assert stage.history("start")[-1]["order_words"]["prompt"] == "Clothing: a suit. Background: an office."
    outcomes = {each["setting"]: (each["source"], each["outcome"]) for each in output["settings"]["asked"]}
    assert outcomes["clothing"] == ("PERSONA", "BY_PROVIDER")
    assert outcomes["background"] == ("PLATFORM", "BY_PROVIDER")

    gone = await client.change("optOut", "persona { voice { id } } pending", personaId=persona, part="VOICE")
    assert gone["persona"]["voice"] is None
    error = await client.refusal("rollbackPersona", versionId=first["version"]["id"])
    assert (error["code"], error["state"]) == ("ERASED", "ERASED")
