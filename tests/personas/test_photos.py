"""assessPhoto: what is wrong with a photo, what was measured, and how the portrait would be framed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from persona_graph.graphql.ids import split_id
from persona_graph.media.asset import Asset, AssetPurpose, AssetState
from persona_graph.personas.tables import ConsentScope
from tests.client import ROOT
from tests.media.test_photo import CANARY, STORED, png_blocks, with_exif
from tests.world import Owner, World, public

PORTRAIT = ROOT / "tests" / "samples" / "photos" / "astronaut.png"
REPORT = """accepted refusal { code message fix }
report { width height sharpness brightness contrast clipped noise tiltDegrees eyeSymmetry
  face { left top width height } frames { aspect left top width height } }
preview { id purpose width height contentType url }"""


def jpeg(picture: Any) -> bytes:
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(picture), [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def seen(content: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)


def row_of(id: str) -> str:
    found = split_id(id)
    assert found is not None
    return found[1]


async def photo_of(owner: Owner, content: bytes) -> str:
    return await owner.client.upload(content, "PHOTO", "me.jpg")


async def test_a_good_photo_is_measured_and_framed(world: World, owner: Owner) -> None:
    """Rows 85–87, and the crop preview."""
    photo = await photo_of(owner, PORTRAIT.read_bytes())
    told = await owner.client.change("assessPhoto", REPORT, photoId=photo)
    assert (told["accepted"], told["refusal"]) == (True, None)
    report = told["report"]
    assert (report["width"], report["height"]) == (512, 512)
    assert report["sharpness"] > 15 and 140 < report["brightness"] < 170 and report["eyeSymmetry"] > 0.85
    assert abs(report["tiltDegrees"] - 3) < 1 and report["clipped"] < 0.05 and report["noise"] < 6
    face = report["face"]
    shapes = {"SQUARE": 1.0, "WIDE": 16 / 9, "TALL": 9 / 16}
    assert {frame["aspect"] for frame in report["frames"]} == set(shapes)
    for frame in report["frames"]:
        assert frame["width"] / frame["height"] == pytest.approx(shapes[frame["aspect"]])
        assert frame["left"] < face["left"] and frame["left"] + frame["width"] > face["left"] + face["width"]
        assert frame["top"] < face["top"] and frame["top"] + frame["height"] > face["top"] + face["height"]

    preview = told["preview"]
    assert (preview["purpose"], preview["contentType"]) == ("PORTRAIT", "image/png")
    assert (preview["width"], preview["height"]) == (512, 512)
    square = next(frame for frame in report["frames"] if frame["aspect"] == "SQUARE")
    left, top, side = (round(512 * square[name]) for name in ("left", "top", "width"))
    expected = cv2.resize(seen(PORTRAIT.read_bytes())[top : top + side, left : left + side], (512, 512))
    shown = seen((await owner.client.get(preview["url"])).content)
    assert np.abs(shown.astype(int) - expected).mean() < 6

    again = await owner.client.change("assessPhoto", REPORT, photoId=photo)
    assert again["preview"]["id"] == preview["id"] and again["report"] == report


async def test_a_refused_photo_says_what_to_do(owner: Owner) -> None:
    picture = seen(PORTRAIT.read_bytes())
    upload = await owner.client.announce(jpeg(cv2.GaussianBlur(picture, (0, 0), 3)), "PHOTO", "me.jpg")
    assert (
        await owner.client.put(upload["upload"]["url"], jpeg(cv2.GaussianBlur(picture, (0, 0), 3)))
    ).status_code == 422
    told = await owner.client.change("assessPhoto", REPORT, photoId=upload["asset"]["id"])
    assert (told["accepted"], told["report"], told["preview"]) == (False, None, None)
    assert told["refusal"] == {
        "code": "PHOTO_BLURRED", "message": "The face in this picture is blurred.",
        "fix": "Send one in focus, larger if it was scaled up.",
    }  # fmt: skip


async def test_only_photos_that_came_are_judged(owner: Owner) -> None:
    sample = await owner.asset(AssetPurpose.SAMPLE)
    error = await owner.client.refusal("assessPhoto", photoId=public(sample))
    assert (error["code"], error["path"]) == ("MEDIA_WRONG_KIND", ["photoId"])
    refused = await owner.asset(AssetPurpose.SAMPLE, state=AssetState.REFUSED, refusal_code="MEDIA_SILENT")
    assert (await owner.client.refusal("assessPhoto", photoId=public(refused)))["code"] == "MEDIA_WRONG_KIND"
    waiting = await owner.client.announce(PORTRAIT.read_bytes(), "PHOTO", "me.png")
    error = await owner.client.refusal("assessPhoto", photoId=waiting["asset"]["id"])
    assert (error["code"], error["path"]) == ("MEDIA_NOT_UPLOADED", ["photoId"])


@pytest.mark.parametrize("orientation", STORED)
async def test_u16_nothing_but_pixels_is_stored(world: World, owner: Owner, orientation: int) -> None:
    """Place, serial number and thumbnail are neither in what is kept nor in the preview; every orientation is
    applied, or no face would be found and nothing would be framed."""
    upright = seen(PORTRAIT.read_bytes())[:480]
    photo = await photo_of(owner, with_exif("jpg", jpeg(STORED[orientation](upright)), orientation))
    told = await owner.client.change("assessPhoto", REPORT, photoId=photo)
    assert (told["report"]["width"], told["report"]["height"]) == (512, 480)
    media = world.runtime.media
    kept = await media.read(await world.get(Asset, row_of(photo)))
    for content in (kept, (await owner.client.get(told["preview"]["url"])).content):
        assert content.startswith(b"\x89PNG")
        assert CANARY not in content
        assert set(png_blocks(content)) == {b"IHDR", b"IDAT", b"IEND"}
    assert np.abs(seen(kept).astype(int) - upright).mean() < 4


async def test_the_preview_goes_with_the_photo(world: World, owner: Owner) -> None:
    """Rows 120–121: a face is not kept for nothing, in whatever copy."""
    photo = await photo_of(owner, PORTRAIT.read_bytes())
    preview = (await owner.client.change("assessPhoto", REPORT, photoId=photo))["preview"]
    await owner.client.change("deleteUpload", "deletedId", assetId=photo)
    for id in (photo, preview["id"]):
        row = await world.get(Asset, row_of(id))
        assert (row.state, row.wrapped_key) == (AssetState.ERASED, None)
    assert (await owner.client.get(preview["url"])).status_code == 410


async def test_an_avatar_tells_what_was_measured(owner: Owner) -> None:
    persona = await owner.persona()
    await owner.consent(persona, ConsentScope.LIKENESS)
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.voice(persona, live=True)
    photo = await photo_of(owner, PORTRAIT.read_bytes())
    fields = "avatar { photo { width height sharpness tiltDegrees face { width } frames { aspect } } }"
    made = await owner.client.change(
        "createAvatar", fields, personaId=public(persona), name="a", photoId=photo
    )
    told = made["avatar"]["photo"]
    assert (told["width"], told["height"], len(told["frames"])) == (512, 512, 3)
    assert told["sharpness"] > 15 and 0.15 < told["face"]["width"] < 0.25
