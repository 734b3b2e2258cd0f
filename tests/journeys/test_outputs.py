"""A trained persona at work (rows 45–50, 70–79, 90–97, 159, 183–185): speech, face and video, and their ends."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import soundfile

from persona_graph.media.video import probe_video
from tests.client import Client
from tests.journeys.conftest import PORTRAIT, Stage, Trained, agreed, row_of, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = "Good morning. This is a text that somebody wrote for me, and now I read it to you."
JOB = "job { id quote { price { amount } priceCeiling { amount } } }"
SERVED = "served { leg capability provider offer fidelity honoured }"
SPEECH = f"... on SpeechOutput {{ script platform askedBy {SERVED} similarity price {{ amount }} cost {{ amount }} readyAt voice {{ id }} timings {{ url contentType }} job {{ state settled {{ amount }} }} asset {{ id url seconds contentType codec sampleRate loudness size }} }}"
VIDEO = f"... on VideoOutput {{ script {SERVED} price {{ amount }} avatar {{ id }} voice {{ id }} speech {{ seconds contentType }} job {{ state settled {{ amount }} legs {{ name state provider price {{ amount }} cost {{ amount }} attempts {{ state }} }} }} asset {{ id url seconds width height contentType codec }} }}"


async def speak(client: Client, persona: str, script: str = SCRIPT, **more: Any) -> tuple[str, str]:
    asked = {"personaId": persona, "script": script, "reuse": False, **more}
    made = await client.change("generateSpeech", f"output {{ id asset {{ id }} }} {JOB}", **asked)
    assert made["output"]["asset"] is None
    return made["output"]["id"], made["job"]["id"]


async def test_speech_in_the_own_voice(stage: Stage, client: Client, trained: Trained) -> None:
    """Rows 50, 70, 183: no voice is named; the persona's is used. It is what was asked for, measured, and charged
    by its length."""
    output, job = await speak(client, trained.persona, platform="LINKEDIN", speed=1.25)
    await client.succeeded(job)
    made = await client.node(output, SPEECH)
    asset = made["asset"]
    sound = soundfile.info(io.BytesIO((await client.get(asset["url"])).content))
    assert (sound.format, sound.subtype, sound.samplerate) == ("WAV", "PCM_16", asset["sampleRate"])
    assert sound.duration == pytest.approx(asset["seconds"], abs=0.05)
    assert asset["loudness"] == pytest.approx(-16, abs=1.5)
    assert (made["platform"], made["askedBy"], made["script"]) == ("LINKEDIN", "embedded stack", SCRIPT)
    assert made["voice"]["id"] == trained.voice
    [served] = made["served"]
    assert (served["provider"], served["offer"], served["fidelity"]) == ("scripted", "own", "CLONE")
    assert made["similarity"] > 0.8

    # Row 149: $0.02 per minute of what came back.
    price = Decimal(made["price"]["amount"])
    assert price == (Decimal("0.02") * Decimal(str(round(asset["seconds"], 3))) / 60).quantize(
        Decimal("0.0001"), "ROUND_CEILING"
    )
    assert Decimal(made["job"]["settled"]["amount"]) == price
    assert Decimal(made["cost"]["amount"]) == Decimal("0.1") * len(SCRIPT) / 1000

    timings = await client.get(made["timings"]["url"])
    assert timings.status_code == 200 and timings.json()[0]["text"] == "Hello"
    asked = [entry["order_words"] for entry in stage.history("start") if entry["offer"] == "own"][-1]
    assert asked == {"script": SCRIPT, "speed": 1.25, "own": True}


async def test_speech_as_mp3(client: Client, trained: Trained) -> None:
    output, job = await speak(client, trained.persona, format="MP3")
    await client.succeeded(job)
    asset = (await client.node(output, SPEECH))["asset"]
    assert (asset["contentType"], asset["codec"]) == ("audio/mpeg", "mp3")
    sound = soundfile.info(io.BytesIO((await client.get(asset["url"])).content))
    assert sound.format == "MP3" and sound.duration == pytest.approx(asset["seconds"], abs=0.1)


async def test_a_request_repeated_is_not_paid_twice(stage: Stage, client: Client, trained: Trained) -> None:
    key = {"idempotencyKey": "the same speech", "script": SCRIPT, "reuse": False}
    output, job = await speak(client, trained.persona, **key)
    assert await speak_again(client, trained.persona, **key) == (output, job)
    await client.succeeded(job)
    placed = len(stage.history("start"))
    settled = "SELECT COUNT(*) FROM ledger_posting WHERE job_id = ? AND kind = 'SETTLE'"
    before = stage.rows(settled, row_of(job))
    assert await speak_again(client, trained.persona, **key) == (output, job)
    assert (len(stage.history("start")), stage.rows(settled, row_of(job))) == (placed, before)


async def speak_again(client: Client, persona: str, **more: Any) -> tuple[str, str]:
    made = await client.change("generateSpeech", "output { id } job { id }", personaId=persona, **more)
    return made["output"]["id"], made["job"]["id"]


async def test_somebody_elses_voice_only_where_it_is_allowed(client: Client) -> None:
    """Rows 77, 184, 185: without a voice of its own a persona is refused, unless the caller allows a stock voice."""
    persona = (await client.change("createPersona", "persona { id }", name="No voice"))["persona"]["id"]
    assert (await client.refusal("generateSpeech", personaId=persona, script=SCRIPT))["code"] == "NOT_READY"
    output, job = await speak(client, persona, voicePolicy="ALLOW_STOCK_VOICE")
    await client.succeeded(job)
    made = await client.node(output, SPEECH)
    assert (made["voice"], made["similarity"], made["served"][0]["fidelity"]) == (None, None, "STOCK")


async def test_a_video_of_a_script(client: Client, trained: Trained, tmp_path: Path) -> None:
    """Rows 92, 95, 97: speech first, then video, as long as the speech; two legs of one job."""
    made = await client.change(
        "generateVideo", f"output {{ id }} {JOB}", personaId=trained.persona, script=SCRIPT, platform="YOUTUBE",
        aspect="WIDE", prompt="in a library",
    )  # fmt: skip
    last = await client.succeeded(made["job"]["id"])
    assert last["progress"]["fraction"] == 1.0
    video = await client.node(made["output"]["id"], VIDEO)
    assert [leg["name"] for leg in video["job"]["legs"]] == ["SPEECH", "VIDEO"]
    assert {leg["state"] for leg in video["job"]["legs"]} == {"DONE"}
    assert [attempt["state"] for leg in video["job"]["legs"] for attempt in leg["attempts"]] == [
        "DONE",
        "DONE",
    ]
    assert (video["avatar"]["id"], video["voice"]["id"]) == (trained.avatar, trained.voice)
    assert video["served"][1]["honoured"] == ["prompt"]
    asset = video["asset"]
    assert (asset["width"], asset["height"], asset["contentType"]) == (852, 480, "video/mp4")
    assert asset["seconds"] == pytest.approx(video["speech"]["seconds"], abs=0.5)
    path = tmp_path / "video.mp4"
    path.write_bytes((await client.get(asset["url"])).content)
    probe = await probe_video(path)
    assert probe.audio_seconds is not None and (probe.width, probe.height) == (852, 480)

    # Rows 155, 156: $0.15 per started 5 s, and the speech by the minute.
    prices = {leg["name"]: Decimal(leg["price"]["amount"]) for leg in video["job"]["legs"]}
    assert prices["VIDEO"] == Decimal("0.15") * -(-int(asset["seconds"] * 1000 - 100) // 5000)
    assert (
        Decimal(video["price"]["amount"])
        == sum(prices.values())
        == Decimal(video["job"]["settled"]["amount"])
    )
    assert Decimal(video["price"]["amount"]) <= Decimal(made["job"]["quote"]["priceCeiling"]["amount"])


async def test_a_video_of_an_earlier_speech(client: Client, trained: Trained) -> None:
    output, job = await speak(client, trained.persona, "One sentence is enough for this.")
    await client.succeeded(job)
    made = await client.change(
        "generateVideo",
        f"output {{ id }} {JOB}",
        personaId=trained.persona,
        speechOutputId=output,
        resolution="P720",
        aspect="TALL",
    )
    await client.succeeded(made["job"]["id"])
    speech, video = await client.node(output, SPEECH), await client.node(made["output"]["id"], VIDEO)
    assert [leg["name"] for leg in video["job"]["legs"]] == ["VIDEO"]
    assert (video["speech"], video["script"]) == (None, speech["script"])
    assert (video["asset"]["width"], video["asset"]["height"]) == (720, 1280)
    assert video["asset"]["seconds"] == pytest.approx(speech["asset"]["seconds"], abs=0.5)
    # Deleting the speech leaves the video, which is a file of its own.
    await client.change("deleteOutput", "deletedId", outputId=output)
    assert (
        await client.get((await client.node(made["output"]["id"], VIDEO))["asset"]["url"])
    ).status_code == 200


async def test_what_a_deleted_output_was_used_for_ends_with_it(
    stage: Stage, client: Client, trained: Trained
) -> None:
    output, job = await speak(client, trained.persona)
    await client.succeeded(job)
    asset = (await client.node(output, SPEECH))["asset"]
    stage.tell("hold-talk")
    try:
        made = await client.change(
            "generateVideo", f"output {{ id }} {JOB}", personaId=trained.persona, speechOutputId=output
        )
        gone = await client.change("deleteOutput", "deletedId pending", outputId=output)
        assert gone == {"deletedId": output, "pending": [], "errors": []}
        last = await client.end_of(made["job"]["id"])
    finally:
        stage.untell("hold-talk")
    assert last["state"] == "CANCELLED"
    await until(lambda: stage.lies(asset["id"]) == ("ERASED", False, False))
    assert (await client.get(asset["url"])).status_code == 410
    assert await client.node(output, "") is None
    assert (await client.refusal("generateVideo", personaId=trained.persona, speechOutputId=output))[
        "code"
    ] == "NOT_FOUND"
    assert (await client.node(made["output"]["id"], VIDEO))["asset"] is None


async def test_a_cancelled_job_costs_nothing(stage: Stage, client: Client, trained: Trained) -> None:
    """V12; cancelling twice, and cancelling what has ended."""
    held = "SELECT COALESCE(SUM(amount), 0) FROM ledger_hold WHERE job_id = ?"
    stage.tell("hold-own")
    try:
        output, job = await speak(client, trained.persona)
        assert stage.rows(held, row_of(job))[0][0] > 0
        events = await client.events(job, most=3)
        cancelled = await client.change("cancelJob", "job { state viewerCanCancel }", jobId=job)
        assert cancelled["job"]["state"] in ("CANCELLING", "CANCELLED")
        error = await client.refusal("cancelJob", jobId=job)
        assert (error["code"], error["state"]) in (
            ("ALREADY_DECIDED", "CANCELLING"),
            ("ALREADY_ENDED", "CANCELLED"),
        )
        last = (await client.events(job, after=events[-1]["cursor"]))[-1]
    finally:
        stage.untell("hold-own")
    assert (last["state"], last["terminal"]) == ("CANCELLED", True)
    error = await client.refusal("cancelJob", jobId=job)
    assert (error["code"], error["state"], error["path"]) == ("ALREADY_ENDED", "CANCELLED", ["jobId"])
    seen = await client.node(job, "... on Job { state viewerCanCancel settled { amount } }")
    assert (seen["viewerCanCancel"], float(seen["settled"]["amount"])) == (False, 0.0)
    assert stage.rows(held, row_of(job)) == [(0,)]
    assert (await client.node(output, SPEECH))["asset"] is None


async def test_a_face_from_its_photo_to_its_deletion(stage: Stage, client: Client, trained: Trained) -> None:
    """Rows 84–91, 131, 170, 215, 219, 220: checked, shown as a proof, approved, made anew, rejected, deleted."""
    persona = await agreed(client, "Many faces")
    photo = await client.upload(PORTRAIT, "PHOTO")
    stock = {"voicePolicy": "ALLOW_STOCK_VOICE", "personaId": persona, "photoId": photo}
    await client.change("assessPhoto", "__typename", photoId=photo)
    face = "avatar { id status approval photo { width height sharpness brightness face { left top width height } } portrait { id contentType } } job { id kind }"
    first = await client.change("createAvatar", face, name="First", **stock)
    photo_report = first["avatar"]["photo"]
    assert photo_report["width"] == photo_report["height"] == 512 and photo_report["sharpness"] > 10
    assert 0 < photo_report["face"]["left"] < 1 and first["avatar"]["portrait"] == {
        "id": photo,
        "contentType": "image/png",
    }
    assert (await client.refusal("approveAvatar", avatarId=first["avatar"]["id"]))["code"] == "NOT_READY"
    second = await client.change("createAvatar", face, name="Second", prompt="with a hat", **stock)
    ids = [made["avatar"]["id"] for made in (first, second)]
    for made in (first, second):
        await client.succeeded(made["job"]["id"])
    shown = await client.node(
        ids[0], "... on Avatar { status preview { id url contentType seconds } job { settled { amount } } }"
    )
    assert (shown["status"], shown["preview"]["contentType"]) == ("READY", "video/mp4")
    assert float(shown["job"]["settled"]["amount"]) == 0
    assert (await client.get(shown["preview"]["url"])).status_code == 200

    await client.change("approveAvatar", "avatar { approval }", avatarId=ids[0])
    await client.change("renameAvatar", "avatar { name }", avatarId=ids[0], name="The face")
    await client.change("rejectAvatar", "avatar { approval }", avatarId=ids[1])
    assert (await client.refusal("activateAvatar", avatarId=ids[1]))["code"] == "NOT_APPROVED"
    await client.change("activateAvatar", "avatar { approval }", avatarId=ids[0])
    now = await client.node(persona, "... on Persona { avatar { id name } }")
    assert now["avatar"] == {"id": ids[0], "name": "The face"}

    await client.change("deleteAvatar", "deletedId", avatarId=ids[0])
    assert stage.lies(photo) == ("READY", True, True), "another avatar is made of it"
    await until(lambda: stage.lies(shown["preview"]["id"]) == ("ERASED", False, False))
    await client.change("deleteAvatar", "deletedId", avatarId=ids[1])
    await until(lambda: stage.lies(photo) == ("ERASED", False, False))
    error = await client.refusal("generateVideo", personaId=persona, script=SCRIPT)
    assert (error["code"], error["state"]) == ("NOT_READY", "NOT_TRAINED")


async def test_a_consent_that_runs_out_before_the_work_is_sent(
    stage: Stage, client: Client, trained: Trained
) -> None:
    """B1: nothing goes to a provider after the person's agreement has ended, also for a job that waited."""
    [consent] = [
        one for one in (await client.node(trained.persona, "... on Persona { consents { id scope live } }"))["consents"]
        if one["scope"] == "LIKENESS" and one["live"]
    ]  # fmt: skip
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    short = await client.change(
        "grantConsent",
        "consent { id }",
        personaId=trained.persona,
        scope="LIKENESS",
        subject="A reader",
        expiresAt=soon,
    )
    stage.tell("hold-own")
    try:
        placed = len([entry for entry in stage.history("start") if entry["offer"] == "talk"])
        made = await client.change(
            "generateVideo", "output { id } job { id }", personaId=trained.persona, script=SCRIPT
        )
        # The other consent goes, the short one keeps the job going until it ends by itself.
        await client.change("withdrawConsent", "consent { live }", consentId=consent["id"])
        await until(lambda: datetime.now(UTC).isoformat() > soon)
        assert not (await client.node(short["consent"]["id"], "... on Consent { live }"))["live"]
    finally:
        stage.untell("hold-own")
    last = await client.end_of(made["job"]["id"])
    assert (last["state"], last["failure"]["code"]) == ("FAILED", "CONSENT_REQUIRED")
    assert len([entry for entry in stage.history("start") if entry["offer"] == "talk"]) == placed
    await client.change(
        "grantConsent", "consent { id }", personaId=trained.persona, scope="LIKENESS", subject="A reader"
    )
