"""Speech and video as they go out, through the whole stack (rows 226–228, 247–253, 258, 279, 286)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.journeys.conftest import PORTRAIT, Stage
from tests.media.mixing.conftest import decoded, loudness, written

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = "Good morning. This is a speech with music under it. It has captions as well."
MADE = """... on SpeechOutput {
  loudness music { title licence } captions { source vtt { url contentType } srt { url } }
  asset { url contentType codec sampleRate loudness seconds }
}"""


async def test_a_finished_speech(stage: Stage, tmp_path: Path) -> None:
    client = await stage.someone("sound")
    persona = (await client.change("createPersona", "persona { id }", name="Ada"))["persona"]["id"]
    tone = written(tmp_path / "tone.wav", 0.3 * np.sin(np.arange(48_000) * 0.3))
    music = await client.upload(tone, "MUSIC")
    made = await client.change(
        "generateSpeech", "output { id } job { id }", personaId=persona, script=SCRIPT, platform="PODCAST",
        voicePolicy="ALLOW_STOCK_VOICE", preset="PODCAST", effects={"reverb": 0.2, "compression": 0.4},
        music={"assetId": music, "licence": "CC0-1.0", "duckDb": 12}, format="OGG", captions=True,
    )  # fmt: skip
    last = (await client.events(made["job"]["id"]))[-1]
    assert last["state"] == "SUCCEEDED", last["failure"]
    output = await client.node(made["output"]["id"], MADE)
    asset = output["asset"]
    assert (asset["contentType"], asset["codec"]) == ("audio/ogg", "opus")
    assert output["loudness"] == asset["loudness"] == pytest.approx(-19, abs=1)
    assert output["music"] == {"title": "tone.wav", "licence": "CC0-1.0"}
    (tmp_path / "speech.ogg").write_bytes((await client.get(asset["url"])).content)
    assert loudness(decoded(tmp_path / "speech.ogg")) == pytest.approx(-19, abs=1)
    vtt = await client.get(output["captions"]["vtt"]["url"])
    assert vtt.status_code == 200 and vtt.text.startswith("WEBVTT")
    assert "Good morning." in (await client.get(output["captions"]["srt"]["url"])).text


async def test_a_video_with_captions(stage: Stage, tmp_path: Path) -> None:
    client = await stage.someone("filmed")
    persona = (await client.change("createPersona", "persona { id }", name="Ada"))["persona"]["id"]
    await client.change("grantConsent", "consent { id }", personaId=persona, scope="LIKENESS", subject="Ada")
    photo = await client.upload(PORTRAIT, "PHOTO")
    shown = await client.change(
        "createAvatar", "avatar { id } job { id }", personaId=persona, name="face", photoId=photo,
        voicePolicy="ALLOW_STOCK_VOICE",
    )  # fmt: skip
    assert (await client.events(shown["job"]["id"]))[-1]["state"] == "SUCCEEDED"
    await client.change("approveAvatar", "avatar { approval }", avatarId=shown["avatar"]["id"])
    made = await client.change(
        "generateVideo", "output { id } job { id }", personaId=persona, script=SCRIPT, captions="BURNED",
        voicePolicy="ALLOW_STOCK_VOICE", aspect="TALL",
    )  # fmt: skip
    last = (await client.events(made["job"]["id"]))[-1]
    assert last["state"] == "SUCCEEDED", last["failure"]
    output = await client.node(
        made["output"]["id"],
        "... on VideoOutput { poster { contentType width height url } captions { source srt { url } } asset { width height seconds } }",
    )
    poster = output["poster"]
    assert (poster["contentType"], poster["width"], poster["height"]) == (
        "image/jpeg", output["asset"]["width"], output["asset"]["height"],
    )  # fmt: skip
    assert poster["height"] > poster["width"]
    assert (await client.get(poster["url"])).content.startswith(b"\xff\xd8\xff")
    assert "Good morning." in (await client.get(output["captions"]["srt"]["url"])).text
