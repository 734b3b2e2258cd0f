"""Samples judged before and inside a training (rows 30, 40 to 42, 198, 224, 241, 276, 282 to 284, 289; U26)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.journeys.conftest import Stage, Trained, agreed
from tests.readers import ffmpeg, files, gated, noise_like, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

JUDGED = """samples { assetId accepted refusal { code message fix } hints measures { seconds snr pitchHz cleanedSnr } }
qualifies quality { score band consistency sampleQuality duration variety distinctSeconds advice { part message sample } }
characteristics { pitch pitchHz gender genderConfidence age tone { word measure value because } }"""


async def test_four_good_recordings_and_a_bad_one(stage: Stage, client: Client, tmp_path: Path) -> None:
    """Acceptance 241: refused with its reason, nothing sent and nothing charged; five good ones pass."""
    clean, power = gated("2033")
    noisy = write(tmp_path / "noisy.wav", noise_like(clean[: 16_000 * 12], power, 0))
    good = [await client.upload(path, "SAMPLE") for path in files("2033")]
    bad = await client.upload(noisy, "SAMPLE")
    poor = [*good[:4], bad]

    judged = await client.change("assessSamples", JUDGED, sampleIds=poor)
    assert [each["accepted"] for each in judged["samples"]] == [True] * 4 + [False]
    assert (
        judged["samples"][4]["refusal"]["code"] == "SAMPLE_NOISY" and judged["samples"][4]["refusal"]["fix"]
    )
    assert judged["qualifies"] is False
    assert (await client.change("assessSamples", JUDGED, sampleIds=good))["qualifies"] is True

    persona = await agreed(client, "Noisy")
    asked, posted = (
        len(stage.history("place")),
        stage.rows("SELECT count(*) FROM ledger_posting WHERE kind IN ('SETTLE', 'COST')"),
    )
    job = await client.change(
        "trainVoice", "voice { id } job { id }", personaId=persona, name="v", sampleIds=poor
    )
    end = await client.end_of(job["job"]["id"])
    assert end["state"] == "FAILED" and end["failure"]["code"] == "SAMPLE_QUALITY"
    assert "noisy.wav" in end["failure"]["message"] and "4 of 5" in end["failure"]["message"]
    assert len(stage.history("place")) == asked
    assert stage.rows("SELECT count(*) FROM ledger_posting WHERE kind IN ('SETTLE', 'COST')") == posted
    voice = await client.node(
        job["voice"]["id"],
        "... on Voice { status quality { score } samples { kept refusal { code } measures { snr } } }",
    )
    assert voice["status"] == "FAILED" and voice["quality"]["score"] > 0
    assert [each["refusal"] and each["refusal"]["code"] for each in voice["samples"]] == [None] * 4 + [
        "SAMPLE_NOISY"
    ]
    assert not any(each["kept"] for each in voice["samples"])


async def test_a_trained_voice_tells_what_it_was_made_of(client: Client, trained: Trained) -> None:
    """Rows 239, 242 to 246, 268, 273, 289: measured on the reader's recording, stored with the voice."""
    voice = await client.node(
        trained.voice,
        """... on Voice { quality { score band consistency variety duration sampleQuality }
        characteristics { pitch pitchHz gender age tone { word } }
        samples { seconds refusal { code } measures { snr cleanedSnr cleanedLoudness noiseReduced speechSeconds } } }""",
    )
    assert voice["quality"]["score"] >= 80 and voice["quality"]["band"] in ("VERY_GOOD", "EXCELLENT")
    assert voice["characteristics"]["pitch"] == "HIGH" and 180 < voice["characteristics"]["pitchHz"] < 215
    [sample] = voice["samples"]
    assert sample["refusal"] is None
    assert sample["measures"]["cleanedSnr"] > sample["measures"]["snr"] + 5
    assert sample["measures"]["cleanedLoudness"] == pytest.approx(-20, abs=0.6)


async def test_a_speech_is_held_against_the_voice(client: Client, trained: Trained) -> None:
    job = await client.change(
        "generateSpeech",
        "output { id } job { id }",
        personaId=trained.persona,
        script="Some words that are long enough to tell who says them, and then a few more of them to be sure.",
    )
    await client.succeeded(job["job"]["id"])
    output = await client.node(
        job["output"]["id"],
        "... on SpeechOutput { similarity consistency { similarity speaker sameFrom otherBelow } }",
    )
    assert output["consistency"]["similarity"] == output["similarity"]
    assert output["consistency"]["speaker"] == "SAME"


async def test_an_upload_that_was_refused_stays_refused_in_the_judgement(
    client: Client, tmp_path: Path
) -> None:
    ffmpeg("-i", files("367")[1], tmp_path / "a.flac")
    announced: dict[str, Any] = await client.change(
        "createUpload",
        "asset { id }",
        purpose="SAMPLE",
        fileName="never.wav",
        contentType="audio/wav",
        size=100,
    )
    good = await client.upload(tmp_path / "a.flac", "SAMPLE")
    judged = await client.change("assessSamples", JUDGED, sampleIds=[announced["asset"]["id"], good])
    assert [each["refusal"] and each["refusal"]["code"] for each in judged["samples"]] == [
        "MEDIA_NOT_UPLOADED",
        None,
    ]
    assert judged["quality"]["consistency"] is None
    assert judged["characteristics"]["gender"] == "UNKNOWN"
