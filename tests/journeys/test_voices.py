"""From recordings to a voice in use, and to its end (rows 30–58, 210–218, 220)."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.client import Client
from tests.journeys.conftest import SPEAKER, Stage, agreed, row_of, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

VOICE = "... on Voice { name status approval fidelity similarity trainedAt provider { id } training { state } enrolments { provider state } samples { fileName seconds kept } preview { id url seconds contentType sampleRate } }"


async def uploaded(client: Client, paths: list[Path]) -> list[str]:
    return list(await asyncio.gather(*(client.upload(path, "SAMPLE") for path in paths)))


async def train(client: Client, persona: str, samples: list[str], **more: Any) -> Any:
    return await client.change(
        "trainVoice", "voice { id status approval samples { kept } } job { id kind state quote { price { amount } } }",
        personaId=persona, name="My voice", sampleIds=samples, **more,
    )  # fmt: skip


async def test_a_voice_from_its_recording_to_its_deletion(stage: Stage, client: Client) -> None:
    persona = await agreed(client)
    sample = await client.upload(stage.recording, "SAMPLE")
    assert stage.lies(sample) == ("READY", True, True)
    [(place,)] = stage.rows("SELECT object_key FROM asset WHERE id = ?", row_of(sample))

    made = await train(client, persona, [sample], previewText="This is what I sound like when I read to you.")
    first = made["voice"]["id"]
    assert (made["voice"]["status"], made["voice"]["approval"]) == ("TRAINING", "DRAFT")
    assert made["voice"]["samples"] == [{"kept": True}]

    events = await client.events(made["job"]["id"])
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    stages = [event["stage"] for event in events]
    for one, other in (
        ("CLEANING_SAMPLE_1_OF_1", "VOICE_TRAINING"),
        ("VOICE_TRAINING", "PREVIEW"),
        ("PREVIEW", "SUCCEEDED"),
    ):
        assert stages.index(one) < stages.index(other)
    fractions = [event["progress"]["fraction"] for event in events]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert [event["terminal"] for event in events] == [False] * (len(events) - 1) + [True]

    # Rows 57, 212, 213: the recording and its cleaned copies are gone, bytes, key and column.
    seen = await client.node(first, VOICE)
    assert (seen["status"], seen["approval"], seen["provider"]["id"]) == ("READY", "DRAFT", "scripted")
    assert seen["samples"][0]["kept"] is False and seen["samples"][0]["fileName"] == "recording.flac"
    await until(lambda: not any(place in path for path in stage.objects()))
    assert stage.rows("SELECT asset_id FROM voice_sample WHERE voice_id = ?", row_of(first)) == [(None,)]
    assert stage.lies(sample)[:2] == ("ERASED", False)
    assert stage.rows("SELECT COUNT(*) FROM asset WHERE purpose = 'CLEANED' AND wrapped_key IS NOT NULL") == [
        (0,)
    ]

    # Row 303: the preview is spoken with the stored voice, and plays.
    preview = await client.get(seen["preview"]["url"])
    assert (preview.status_code, preview.headers["content-type"]) == (200, "audio/wav")
    sound = soundfile.info(io.BytesIO(preview.content))
    assert (sound.format, sound.subtype, sound.channels) == ("WAV", "PCM_16", 1)
    assert sound.duration == pytest.approx(seen["preview"]["seconds"], abs=0.05) and sound.duration > 1
    assert seen["similarity"] > 0.7
    part = await client.get(seen["preview"]["url"], range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"RIFF")

    # A draft is not used; an approved one is.
    refused = await client.refusal("generateSpeech", personaId=persona, script="Hello.")
    assert (refused["code"], refused["state"]) == ("NOT_APPROVED", "DRAFT")
    await client.change("approveVoice", "voice { approval }", voiceId=first)
    await client.change("renameVoice", "voice { name }", voiceId=first, name="The first")

    # Rows 37, 220: a retrained voice changes nothing until it is approved.
    shorts = await uploaded(client, SPEAKER[5:10])
    judged = await client.change(
        "assessSamples", "qualifies samples { accepted seconds: measures { seconds } }", sampleIds=shorts
    )
    assert judged["qualifies"] and [sample["accepted"] for sample in judged["samples"]] == [True] * 5
    again = await train(client, persona, shorts, language="en")
    third = await train(client, persona, await uploaded(client, SPEAKER[:5]))
    second = again["voice"]["id"]
    await asyncio.gather(*(client.succeeded(made["job"]["id"]) for made in (again, third)))
    rejected = await client.change("rejectVoice", "voice { approval }", voiceId=third["voice"]["id"])
    assert rejected["voice"]["approval"] == "REJECTED"
    await client.change("deleteVoice", "deletedId", voiceId=third["voice"]["id"])
    in_use = "query($id: ID!) { persona(id: $id) { voice { id name } voices { id approval } } }"
    now = (await client.ask(in_use, id=persona))["persona"]
    assert now["voice"] == {"id": first, "name": "The first"}
    await client.change("approveVoice", "voice { approval }", voiceId=second)
    now = (await client.ask(in_use, id=persona))["persona"]
    assert now["voice"]["id"] == second
    assert now["voices"] == [{"id": second, "approval": "APPROVED"}, {"id": first, "approval": "SUPERSEDED"}]
    await client.change("activateVoice", "voice { approval }", voiceId=first)
    assert (await client.ask(in_use, id=persona))["persona"]["voice"]["id"] == first

    # Rows 215, 218: deleted at any time, and then refused.
    kept = [preview_id := seen["preview"]["id"]]
    [(model,)] = stage.rows("SELECT model_id FROM voice_enrolment WHERE voice_id = ?", row_of(first))
    [(vendor_voice,)] = stage.rows(
        "SELECT vendor_voice FROM voice_enrolment WHERE voice_id = ?", row_of(first)
    )
    gone = await client.change("deleteVoice", "deletedId pending", voiceId=first)
    assert gone == {"deletedId": first, "pending": ["scripted"], "errors": []}
    assert await client.node(first, "") is None
    assert stage.rows("SELECT state, wrapped_key FROM asset WHERE id = ?", model) == [("ERASED", None)]
    await until(lambda: [stage.lies(id) for id in kept] == [("ERASED", False, False)])
    assert (await client.get(seen["preview"]["url"])).status_code == 410 and preview_id
    assert (await client.refusal("activateVoice", voiceId=first))["code"] == "NOT_FOUND"
    refused = await client.refusal("generateSpeech", personaId=persona, script="Hello.")
    assert (refused["code"], refused["state"]) == ("NOT_APPROVED", "SUPERSEDED")
    await until(lambda: vendor_voice in [entry["voice"] for entry in stage.history("forget")])
    forgotten = "SELECT state, vendor_voice FROM voice_enrolment WHERE voice_id = ?"
    await until(lambda: stage.rows(forgotten, row_of(first)) == [("FORGOTTEN", "")])


async def test_a_training_that_fails_costs_nothing_and_keeps_nothing(stage: Stage, client: Client) -> None:
    """Rows 57, 198–200, 213; V8: the provider refuses for good."""
    persona = await agreed(client)
    shorts = await uploaded(client, SPEAKER[:5])
    stage.tell("reject-train", "These recordings are of a radio, not of a person.")
    try:
        made = await train(client, persona, shorts, idempotencyKey="a training that fails")
        last = await client.end_of(made["job"]["id"])
    finally:
        stage.untell("reject-train")
    assert last["state"] == "FAILED"
    assert (
        last["failure"]["code"] == "MODERATION"
        and "radio" in last["failure"]["message"]
        and last["failure"]["fix"]
    )
    job = await client.node(
        made["job"]["id"], "... on Job { settled { amount } failure { code } subject { id } }"
    )
    assert (float(job["settled"]["amount"]), job["failure"]["code"]) == (0.0, "MODERATION")
    voice = await client.node(made["voice"]["id"], VOICE)
    assert (voice["status"], voice["preview"], voice["enrolments"]) == ("FAILED", None, [])
    assert {sample["kept"] for sample in voice["samples"]} == {False}
    await until(lambda: all(stage.lies(id) == ("ERASED", False, False) for id in shorts))
    # Retraining asks for new audio; the same request is the same job.
    assert (await client.refused("trainVoice", personaId=persona, name="x", sampleIds=shorts))[0][
        "code"
    ] == "MEDIA_ERASED"
    same = await train(client, persona, shorts, idempotencyKey="a training that fails")
    assert same["job"]["id"] == made["job"]["id"]
    assert (await client.refusal("approveVoice", voiceId=made["voice"]["id"]))["code"] == "NOT_READY"
    await client.change("deleteVoice", "deletedId", voiceId=made["voice"]["id"])


async def test_a_consent_withdrawn_while_a_voice_is_trained_stops_it(stage: Stage, client: Client) -> None:
    """B3: cancelled, the vendor told, the recordings gone; the draft never speaks."""
    persona = (await client.change("createPersona", "persona { id }", name="Second thoughts"))["persona"][
        "id"
    ]
    consent = await client.change(
        "grantConsent", "consent { id }", personaId=persona, scope="VOICE", subject="A reader"
    )
    shorts = await uploaded(client, SPEAKER[:5])
    stage.tell("hold-train")
    try:
        made = await train(client, persona, shorts)
        job = made["job"]["id"]
        held = await client.events(job, most=1)
        while held[-1]["message"] != "held":
            held += await client.events(job, after=held[-1]["cursor"], most=1)
        assert held[-1]["progress"]["source"] == "REPORTED"
        told = len(stage.history("cancel"))
        await client.change("withdrawConsent", "consent { live }", consentId=consent["consent"]["id"])
        last = await client.end_of(job)
    finally:
        stage.untell("hold-train")
    assert last["state"] == "CANCELLED"
    assert len(stage.history("cancel")) == told + 1
    voice = await client.node(made["voice"]["id"], VOICE)
    assert (voice["status"], voice["enrolments"]) == ("FAILED", [])
    await until(lambda: all(stage.lies(id) == ("ERASED", False, False) for id in shorts))
    again = await uploaded(client, SPEAKER[:5])
    error = await client.refusal("trainVoice", personaId=persona, name="x", sampleIds=again)
    assert (error["code"], error["scope"]) == ("CONSENT_REQUIRED", "VOICE")
    for id in again:
        await client.change("deleteUpload", "deletedId", assetId=id)
    await until(lambda: all(stage.lies(id) == ("ERASED", False, False) for id in again))


async def test_a_persona_deleted_in_the_middle_of_a_training(stage: Stage, client: Client) -> None:
    persona = await agreed(client, "Gone tomorrow")
    shorts = await uploaded(client, SPEAKER[:5])
    stage.tell("hold-train")
    try:
        made = await train(client, persona, shorts)
        events = await client.events(made["job"]["id"], most=4)
        await client.change("deletePersona", "deletedId pending", personaId=persona)
        last = (await client.events(made["job"]["id"], after=events[-1]["cursor"]))[-1]
    finally:
        stage.untell("hold-train")
    assert last["state"] in ("CANCELLED", "FAILED") and last["terminal"]
    assert await client.node(persona, "") is None and await client.node(made["voice"]["id"], "") is None
    await until(lambda: all(stage.lies(id) == ("ERASED", False, False) for id in shorts))
    left = stage.rows("SELECT id FROM asset WHERE wrapped_key IS NOT NULL AND purpose = 'CLEANED'")
    assert left == []
