"""Sound as a client asks for it (rows 228, 248–252, 258): nested inputs, their hash, their refusals."""

from __future__ import annotations

import io
import wave
from typing import Any

from persona_graph.graphql.ids import global_id, row_id
from persona_graph.jobs.tables import Job
from persona_graph.media.asset import Asset, AssetPurpose
from persona_graph.personas.tables import OutputKind
from tests.world import Owner, World

WISH = {
    "script": "Good morning to you all.",
    "voicePolicy": "ALLOW_STOCK_VOICE",
    "preset": "PODCAST",
    "effects": {"reverb": 0.2, "compression": 0.4, "equaliser": "WARM"},
    "music": {"loop": "CALM", "gainDb": -14, "duckDb": 12, "fadeSeconds": 2},
    "format": "OGG",
    "captions": True,
    "platform": "PODCAST",
}


async def speak(owner: Owner, **changes: Any) -> Any:
    persona = (await owner.client.change("createPersona", "persona { id }", name="Ada"))["persona"]["id"]
    return await owner.client.change(
        "generateSpeech", "output { id } job { id }", **{"personaId": persona, **WISH, **changes}
    )


async def test_everything_reaches_the_job_and_the_preset_fills_the_rest(world: World, owner: Owner) -> None:
    made = await speak(owner)
    spec = (await world.get(Job, row_id("Job", made["job"]["id"]))).spec
    assert spec["effects"] == {
        "reverb": 0.2, "echo": 0.0, "compression": 0.4, "normalisation": 0.4, "equaliser": "WARM", "speed": 1.0,
        "pitch": 0.0,
    }  # fmt: skip
    assert spec["music"] == {
        "loop": "CALM", "title": "CALM", "licence": "CC0-1.0", "gain_db": -14, "duck_db": 12, "fade_seconds": 2,
    }  # fmt: skip
    assert (spec["container"], spec["captions"], spec["loudness"]) == ("ogg", True, -19)


async def test_the_same_key_with_other_effects_is_another_request(owner: Owner) -> None:
    persona = (await owner.client.change("createPersona", "persona { id }", name="Ada"))["persona"]["id"]
    asked = {"personaId": persona, **WISH, "idempotencyKey": "k-1"}
    first = await owner.client.change("generateSpeech", "job { id }", **asked)
    assert await owner.client.change("generateSpeech", "job { id }", **asked) == first
    for changes in (
        {"effects": {**WISH["effects"], "reverb": 0.3}},  # type: ignore[dict-item]
        {"music": {**WISH["music"], "duckDb": 11}},  # type: ignore[dict-item]
        {"music": None},
        {"preset": "NONE"},
        {"captions": False},
        {"format": "MP3"},
    ):
        errors = await owner.client.refused("generateSpeech", **{**asked, **changes})
        assert errors[0]["code"] == "IDEMPOTENCY_MISMATCH", changes


async def test_what_is_out_of_bounds_is_named_by_its_path(owner: Owner) -> None:
    persona = (await owner.client.change("createPersona", "persona { id }", name="Ada"))["persona"]["id"]
    for changes, path in (
        ({"effects": {"reverb": 2}}, ["effects", "reverb"]),
        ({"music": {"loop": "CALM", "duckDb": -1}}, ["music", "duckDb"]),
        ({"music": {}}, ["music", "assetId"]),
    ):
        errors = await owner.client.refused("generateSpeech", **{"personaId": persona, **WISH, **changes})
        assert errors[0]["path"] == path


async def test_music_is_uploaded_and_checked(owner: Owner, tmp_path: Any) -> None:
    """Row 248: nobody needs to speak in it, but it must be heard."""
    loud, silent = tmp_path / "loud.wav", tmp_path / "silent.wav"
    loud.write_bytes(_tone(9000))
    silent.write_bytes(_tone(0))
    music = await owner.client.upload(loud, "MUSIC")
    made = await speak(owner, music={"assetId": music, "licence": "CC-BY-4.0"})
    assert made["output"]["id"]
    persona = (await owner.client.change("createPersona", "persona { id }", name="Bob"))["persona"]["id"]
    errors = await owner.client.refused(
        "generateSpeech", **{"personaId": persona, **WISH, "music": {"assetId": music}}
    )
    assert errors[0]["code"] == "TEXT_EMPTY"


async def test_an_output_shows_captions_music_and_loudness(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    vtt = await owner.asset(AssetPurpose.CAPTIONS, content_type="text/vtt")
    srt = await owner.asset(AssetPurpose.CAPTIONS, content_type="application/x-subrip")
    output = await owner.output(
        persona, kind=OutputKind.SPEECH, vtt_id=vtt.id, srt_id=srt.id, timing_source="ESTIMATED",
        music={"title": "CALM", "licence": "CC0-1.0"},
    )  # fmt: skip
    async with world.runtime.db.writing() as session:
        (await session.get_one(Asset, output.asset_id)).facts = {"loudness": -16.1}
    shown = await owner.client.node(
        global_id("SpeechOutput", output.id),
        "... on SpeechOutput { loudness music { title licence } captions { source vtt { contentType } srt { contentType } } }",
    )
    assert shown["loudness"] == -16.1
    assert shown["music"] == {"title": "CALM", "licence": "CC0-1.0"}
    assert shown["captions"]["source"] == "ESTIMATED"
    assert shown["captions"]["vtt"]["contentType"] == "text/vtt"


def _tone(height: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(
            b"".join(
                int(height * (n % 40 - 20) / 20).to_bytes(2, "little", signed=True) for n in range(32_000)
            )
        )
    return out.getvalue()
