"""What becomes of uploads: used by one training, shared by avatars, deleted by their owner or by time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from persona_graph.db import utcnow
from persona_graph.media.asset import Asset, AssetKind, AssetPurpose, AssetState
from persona_graph.personas.tables import ConsentScope, TrainingStatus
from persona_graph.personas.uploads import erase_unused_uploads
from tests.world import Owner, World, public


async def ready(owner: Owner) -> Any:
    persona = await owner.persona()
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.consent(persona, ConsentScope.LIKENESS)
    return persona


async def test_a_recording_serves_one_training(world: World, owner: Owner) -> None:
    persona = await ready(owner)
    sample = await owner.asset(AssetPurpose.SAMPLE, b"sample" * 100, seconds=70.0)
    input = {"personaId": public(persona), "name": "v", "sampleIds": [public(sample)]}
    first = await owner.client.change("trainVoice", "voice { id status } job { id state }", **input)
    assert (first["voice"]["status"], first["job"]["state"]) == ("TRAINING", "QUEUED")

    before = await world.dump()
    error = await owner.client.refusal("trainVoice", **input)
    assert (error["code"], error["assetId"], error["path"]) == (
        "MEDIA_IN_USE",
        public(sample),
        ["sampleIds", "0"],
    )
    error = await owner.client.refusal("deleteUpload", assetId=public(sample))
    assert (error["code"], error["path"]) == ("MEDIA_IN_USE", ["assetId"])
    assert await world.dump() == before

    await owner.client.change("cancelJob", "job { state }", jobId=first["job"]["id"])
    error = await owner.client.refusal("trainVoice", **input)
    assert (error["code"], error["path"]) == ("MEDIA_ERASED", ["sampleIds", "0"])
    assert (await world.get(Asset, sample.id)).wrapped_key is None
    seen = await owner.client.node(first["voice"]["id"], "... on Voice { status samples { kept fileName } }")
    assert (seen["status"], [sample["kept"] for sample in seen["samples"]]) == ("FAILED", [False])


async def test_a_photo_may_be_used_again(owner: Owner) -> None:
    """Row 220: the avatar is made anew of the same photo, with other words."""
    persona = await ready(owner)
    await owner.voice(persona, live=True)
    photo = await owner.asset(AssetPurpose.PHOTO)
    for prompt in ("a blue shirt", "a red shirt"):
        made = await owner.client.change(
            "createAvatar", "avatar { status portrait { id } } job { state }", personaId=public(persona), name=prompt,
            photoId=public(photo), prompt=prompt,
        )  # fmt: skip
        assert made["avatar"] == {"status": "CREATING", "portrait": {"id": public(photo)}}


async def test_an_upload_can_be_deleted_before_it_is_used(world: World, owner: Owner) -> None:
    for purpose in (AssetPurpose.SAMPLE, AssetPurpose.PHOTO):
        asset = await owner.asset(purpose, b"bytes" * 100)
        link = (await owner.client.node(public(asset), "... on Asset { url state }"))["url"]
        assert (await owner.client.get(link)).status_code == 200
        gone = await owner.client.change("deleteUpload", "deletedId pending", assetId=public(asset))
        assert (gone["deletedId"], gone["pending"]) == (public(asset), [])
        row = await world.get(Asset, asset.id)
        assert (row.state, row.wrapped_key, row.file_name) == (AssetState.ERASED, None, "")
        assert (await owner.client.get(link)).status_code == 410
        seen = await owner.client.node(public(asset), "... on Asset { url state fileName }")
        assert (seen["url"], seen["state"], seen["fileName"]) == (None, "ERASED", "")
        assert (await owner.client.refusal("deleteUpload", assetId=public(asset)))["code"] == "NOT_FOUND"
        input = {"personaId": public(await ready(owner)), "name": "x"}
        used = (
            {"sampleIds": [public(asset)]} if purpose is AssetPurpose.SAMPLE else {"photoId": public(asset)}
        )
        refused = await owner.client.refusal(
            "trainVoice" if "sampleIds" in used else "createAvatar", **input, **used
        )
        assert refused["code"] == "MEDIA_ERASED"


async def test_what_is_made_here_is_not_deleted_as_an_upload(owner: Owner) -> None:
    speech = await owner.asset(AssetPurpose.SPEECH)
    error = await owner.client.refusal("deleteUpload", assetId=public(speech))
    assert (error["__typename"], error["code"]) == ("MediaError", "MEDIA_WRONG_KIND")


async def test_an_announced_upload_can_be_taken_back(owner: Owner) -> None:
    made = await owner.client.announce(b"x" * 100, "SAMPLE", "a.wav")
    await owner.client.change("deleteUpload", "deletedId", assetId=made["asset"]["id"])
    answer = await owner.client.put(made["upload"]["url"], b"x" * 100)
    assert answer.status_code == 410 and answer.json()["errors"][0]["code"] == "MEDIA_ERASED"


async def test_uploads_that_nobody_uses_are_not_kept_for_ever(world: World, owner: Owner) -> None:
    old = utcnow() - timedelta(days=world.runtime.settings.unused_upload_days, minutes=1)
    young = old + timedelta(minutes=2)
    persona = await ready(owner)
    kept_photo = await owner.asset(AssetPurpose.PHOTO, received_at=old)
    await owner.avatar(persona, photo=kept_photo)
    in_training = await owner.asset(AssetPurpose.SAMPLE, seconds=70.0, received_at=old)
    await owner.client.change(
        "trainVoice", "job { id }", personaId=public(persona), name="v", sampleIds=[public(in_training)]
    )
    speech = await owner.asset(AssetPurpose.SPEECH, received_at=old)
    fresh = await owner.asset(AssetPurpose.SAMPLE, received_at=young)
    stale = [
        await owner.asset(purpose, b"x" * 50, received_at=old)
        for purpose in (AssetPurpose.SAMPLE, AssetPurpose.PHOTO)
    ]

    assert await erase_unused_uploads(world.runtime.personas) == 2
    assert await erase_unused_uploads(world.runtime.personas) == 0
    for asset in (kept_photo, in_training, speech, fresh):
        assert (await world.get(Asset, asset.id)).state is AssetState.READY
    for asset in stale:
        row = await world.get(Asset, asset.id)
        assert (row.state, row.wrapped_key) == (AssetState.ERASED, None)


LENGTHS = {
    "one of 60 s": ([60.0], None),
    "one of 180 s": ([180.0], None),
    "one of 59.9 s": ([59.9], ["MEDIA_TOO_SHORT"]),
    "one of 44 s": ([44.0], ["MEDIA_TOO_SHORT"]),
    "one of 180.1 s": ([180.1], ["MEDIA_TOO_LONG"]),
    "five of 2 s": ([2.0] * 5, None),
    "five of 1 s": ([1.0] * 5, None),
    "four of 2 s": ([2.0] * 4, ["MEDIA_TOO_SHORT"]),
    "four good and a short one": ([2.0] * 4 + [0.9], ["MEDIA_TOO_SHORT", "MEDIA_TOO_SHORT"]),
    "five good and a short one": ([2.0] * 5 + [0.9], None),
    "one long enough among short ones": ([0.5, 61.0, 0.5], None),
}


@pytest.mark.parametrize("name", LENGTHS)
async def test_a_set_qualifies_by_one_long_or_five_good_recordings(owner: Owner, name: str) -> None:
    """Rows 30, 234, 241: 4 good + 1 bad refused with reasons; 5 pass; one 60 to 180 s file passes."""
    lengths, codes = LENGTHS[name]
    persona = await ready(owner)
    samples = [public(await owner.asset(AssetPurpose.SAMPLE, seconds=seconds)) for seconds in lengths]
    input = {"personaId": public(persona), "name": "v", "sampleIds": samples}
    if codes is None:
        made = await owner.client.change("trainVoice", "voice { samples { seconds kept } }", **input)
        assert [sample["seconds"] for sample in made["voice"]["samples"]] == lengths
        return
    errors = await owner.client.refused("trainVoice", **input)
    assert [error["code"] for error in errors] == codes
    assert all(error["fix"] for error in errors)
    if len(codes) == 2:
        assert (errors[0]["path"], errors[0]["assetId"]) == (["sampleIds", "4"], samples[4])
    assert errors[-1]["path"] == ["sampleIds"]


async def test_every_unfit_file_gets_its_own_reason(world: World, owner: Owner) -> None:
    persona = await ready(owner)
    announced = await owner.client.announce(b"x", "SAMPLE", "later.wav")
    refused = Asset(
        account_id=owner.id, purpose=AssetPurpose.SAMPLE, kind=AssetKind.AUDIO, state=AssetState.REFUSED,
        refusal_code="MEDIA_SILENT", refusal_message="No speech was found.", refusal_fix="Record again.",
    )  # fmt: skip
    await world.save(refused)
    photo, good = await owner.asset(AssetPurpose.PHOTO), await owner.asset(AssetPurpose.SAMPLE, seconds=70.0)
    ids = [public(good), announced["asset"]["id"], public(refused), public(photo)]
    errors = await owner.client.refused("trainVoice", personaId=public(persona), name="v", sampleIds=ids)
    assert [(error["code"], error["path"], error["assetId"]) for error in errors] == [
        ("MEDIA_NOT_UPLOADED", ["sampleIds", "1"], ids[1]),
        ("MEDIA_SILENT", ["sampleIds", "2"], ids[2]),
        ("MEDIA_WRONG_KIND", ["sampleIds", "3"], ids[3]),
    ]
    shown = await owner.client.node(
        public(refused), "... on Asset { state url refusal { code message fix } }"
    )
    assert shown["refusal"] == {
        "code": "MEDIA_SILENT",
        "message": "No speech was found.",
        "fix": "Record again.",
    }
    assert shown["url"] is None


@pytest.mark.parametrize("count", [0, 26])
async def test_a_set_has_one_to_twentyfive_files(owner: Owner, count: int) -> None:
    persona = await ready(owner)
    ids = [public(await owner.asset(AssetPurpose.SAMPLE, seconds=2.0)) for _ in range(count)]
    error = await owner.client.refusal("trainVoice", personaId=public(persona), name="v", sampleIds=ids)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["sampleIds"])


async def test_a_file_counts_once(owner: Owner) -> None:
    persona = await ready(owner)
    sample = public(await owner.asset(AssetPurpose.SAMPLE, seconds=2.0))
    error = await owner.client.refusal(
        "trainVoice", personaId=public(persona), name="v", sampleIds=[sample] * 5
    )
    assert error["code"] == "INVALID_INPUT" and "once" in error["fix"]


async def test_retraining_leaves_the_voice_in_use_as_it_is(owner: Owner) -> None:
    persona = await ready(owner)
    live = await owner.voice(persona, live=True)
    sample = public(await owner.asset(AssetPurpose.SAMPLE, seconds=70.0))
    made = await owner.client.change(
        "trainVoice",
        "voice { id approval status }",
        personaId=public(persona),
        name="new",
        sampleIds=[sample],
    )
    assert (made["voice"]["approval"], made["voice"]["status"]) == ("DRAFT", TrainingStatus.TRAINING.value)
    seen = await owner.client.node(public(persona), "... on Persona { voice { id approval } }")
    assert seen["voice"] == {"id": public(live), "approval": "APPROVED"}
