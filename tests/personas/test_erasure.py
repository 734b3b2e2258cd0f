"""Deleting (rows 212–221, 257; B4): keys first, bytes second, and no word of it left in any row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from persona_graph.db import new_id, utcnow
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import Job
from persona_graph.media.asset import Asset, AssetPurpose, AssetState
from persona_graph.personas.erasure import forget_enrolments
from persona_graph.personas.tables import (
    Consent,
    ConsentScope,
    Enrolment,
    EnrolmentState,
    Output,
    OutputKind,
    Sample,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.works.content import AvatarWork, ContentWork
from persona_graph.personas.works.training import TrainingWork
from tests.world import Owner, World, public

CANARY = "canary"

pytestmark = pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)


async def stored(world: World) -> set[str]:
    """Bytes that lie in the store, once the deletions under way are through."""
    media = world.runtime.media
    await media.close()
    return {entry.key async for page in media.vault.store.list("objects/") for entry in page}


async def gone(world: World, *asset_ids: str | None) -> bool:
    """The keys are destroyed and the bytes deleted."""
    lying = await stored(world)
    for id in asset_ids:
        asset = await world.get(Asset, id or "")
        if asset.state is not AssetState.ERASED or asset.wrapped_key is not None or asset.object_key in lying:
            return False
    return True


async def canaries(world: World) -> list[str]:
    return [row for rows in (await world.dump()).values() for row in rows if CANARY in row]


async def enrolled(owner: Owner, persona: Any, **more: Any) -> tuple[Voice, Asset, Asset]:
    """A voice with a real preview and a real model."""
    voice = await owner.voice(persona, name=f"{CANARY} voice", **more)
    preview = await owner.asset(AssetPurpose.PREVIEW, b"preview" * 100)
    model = await owner.asset(AssetPurpose.VOICE_MODEL, b"model" * 100)
    async with owner.world.runtime.db.writing() as session:
        row = await session.get_one(Voice, voice.id)
        row.preview_id = preview.id
        session.add(
            Enrolment(
                voice_id=voice.id,
                account_id=owner.id,
                provider="local-voice",
                vendor_voice=f"{CANARY}-1",
                model_id=model.id,
            )
        )
    return voice, preview, model


async def test_a_deleted_voice_leaves_nothing_that_speaks_like_it(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    voice, preview, model = await enrolled(owner, persona, live=True)
    job = await owner.job(
        persona,
        JobKind.VOICE_TRAINING,
        "Voice",
        voice.id,
        JobState.SUCCEEDED,
        spec={"preview": f"{CANARY} preview"},
    )
    using = await owner.job(
        persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED, spec={"voice": voice.id}
    )
    deleted = await owner.client.change("deleteVoice", "deletedId pending", voiceId=public(voice))
    assert deleted["deletedId"] == public(voice)
    assert sorted(deleted["pending"]) == ["local-voice", "minimax"]
    assert await gone(world, preview.id, model.id)
    row = await world.get(Voice, voice.id)
    assert (row.fingerprint, row.preview_id, row.similarity, row.name) == (None, None, None, "")
    assert (await world.get(Job, using.id)).state is JobState.CANCELLED
    assert (await world.get(Job, job.id)).spec == {}
    seen = await owner.client.ask(
        "query($id: ID!) { persona(id: $id) { voice { id } voices { id } } }", id=public(persona)
    )
    assert seen["persona"] == {"voice": None, "voices": []}
    for mutation in ("approveVoice", "activateVoice", "deleteVoice"):
        assert (await owner.client.refusal(mutation, voiceId=public(voice)))["code"] == "NOT_FOUND"

    # What remains is the vendors' names of it, until they confirm.
    assert await forget_enrolments(world.runtime.personas) == 2
    assert await canaries(world) == []


async def test_a_vendor_that_does_not_confirm_is_asked_again(world: World, owner: Owner) -> None:
    """V13: the copy stays pending until the vendor says that it is gone."""
    voice = await owner.voice(await owner.persona())
    async with world.runtime.db.writing() as session:
        session.add(
            Enrolment(voice_id=voice.id, account_id=owner.id, provider="left-this-server", vendor_voice="v")
        )
    pending = (await owner.client.change("deleteVoice", "pending", voiceId=public(voice)))["pending"]
    assert sorted(pending) == ["left-this-server", "minimax"]
    assert await forget_enrolments(world.runtime.personas) == 1
    assert await forget_enrolments(world.runtime.personas) == 0
    async with world.runtime.db.reading() as session:
        rows = {row.provider: row for row in (await session.scalars(_enrolments(voice.id))).all()}
    assert (rows["minimax"].state, rows["minimax"].vendor_voice) == (EnrolmentState.FORGOTTEN, "")
    assert (rows["left-this-server"].state, rows["left-this-server"].tries) == (EnrolmentState.FORGETTING, 2)


def _enrolments(voice_id: str) -> Any:
    return select(Enrolment).where(Enrolment.voice_id == voice_id)


async def test_a_photo_goes_with_the_last_avatar_made_of_it(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    photo = await owner.asset(AssetPurpose.PHOTO, b"photo" * 100)
    first = await owner.avatar(persona, photo=photo, name=f"{CANARY} face")
    second = await owner.avatar(await owner.persona("Eve"), photo=photo)
    error = await owner.client.refusal("deleteUpload", assetId=public(photo))
    assert (error["code"], error["assetId"]) == ("MEDIA_IN_USE", public(photo))
    await owner.client.change("deleteAvatar", "deletedId", avatarId=public(first))
    assert not await gone(world, photo.id)
    assert (await owner.client.node(public(second), "... on Avatar { portrait { state url } }"))["portrait"][
        "url"
    ]
    await owner.client.change("deleteAvatar", "deletedId", avatarId=public(second))
    assert await gone(world, photo.id)
    assert await canaries(world) == []


async def test_a_deleted_output_takes_its_words_and_files_and_what_is_made_of_it(
    world: World, owner: Owner
) -> None:
    persona = await owner.persona()
    speech = await owner.output(persona, OutputKind.SPEECH, f"{CANARY} words")
    audio = await owner.asset(AssetPurpose.SPEECH, b"speech" * 100)
    timings = await owner.asset(AssetPurpose.EVENTS, b"timings")
    async with world.runtime.db.writing() as session:
        row = await session.get_one(Output, speech.id)
        row.asset_id, row.timings_id = audio.id, timings.id
    video = await owner.job(
        persona, JobKind.VIDEO, "Output", new_id(), JobState.QUEUED, spec={"speech": audio.id}
    )
    link = (await owner.client.node(public(speech), "... on SpeechOutput { asset { url } }"))["asset"]["url"]
    assert (await owner.client.get(link)).status_code == 200
    await owner.client.change("deleteOutput", "deletedId pending", outputId=public(speech))
    assert await gone(world, audio.id, timings.id)
    assert (await owner.client.get(link)).status_code == 410
    assert await owner.client.node(public(speech), "") is None
    assert (await world.get(Job, video.id)).state is JobState.CANCELLED
    assert await canaries(world) == []


async def test_a_deleted_persona_takes_everything_with_it(world: World, owner: Owner) -> None:
    persona = await owner.persona(f"{CANARY} name", archetype=CANARY, brand_voice=CANARY)
    consents = [await owner.consent(persona, scope) for scope in ConsentScope]
    voice, preview, model = await enrolled(owner, persona, live=True)
    photo = await owner.asset(AssetPurpose.PHOTO, b"photo" * 100)
    avatar = await owner.avatar(persona, photo=photo, live=True, name=CANARY)
    output = await owner.output(persona, OutputKind.SPEECH, f"{CANARY} words", voice_id=voice.id)
    queued = await owner.job(
        persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED, spec={"voice": voice.id}
    )
    training = await owner.voice(persona, status=TrainingStatus.TRAINING, name=CANARY)
    sample = await owner.asset(AssetPurpose.SAMPLE, b"sample" * 100, file_name=f"{CANARY}.wav")
    await world.save(
        Sample(voice_id=training.id, n=1, asset_id=sample.id, file_name=f"{CANARY}.wav", seconds=61.0)
    )
    await owner.job(
        persona, JobKind.VOICE_TRAINING, "Voice", training.id, JobState.QUEUED, spec={"preview": CANARY}
    )

    deleted = await owner.client.change("deletePersona", "deletedId pending", personaId=public(persona))
    assert deleted == {"deletedId": public(persona), "pending": ["minimax", "local-voice"], "errors": []}
    assert await gone(world, preview.id, model.id, photo.id, sample.id)
    for row in (persona, voice, training, avatar, output):
        assert await owner.client.node(public(row), "") is None
    seen = await owner.client.node(public(queued), "... on Job { state persona { id } subject { id } }")
    assert (seen["state"], seen["persona"], seen["subject"]) == ("CANCELLED", None, None)
    # That somebody agreed, and that it ended, stays on record.
    assert None not in [(await world.get(Consent, consent.id)).withdrawn_at for consent in consents]
    await forget_enrolments(world.runtime.personas)
    assert await canaries(world) == []
    assert (await owner.client.refusal("updatePersona", personaId=public(persona), name="x"))[
        "code"
    ] == "NOT_FOUND"


async def late(
    owner: Owner, kind: JobKind, work: Any, subject: Any, result: dict[str, Any], state: JobState
) -> Job:
    """The end of a job whose subject may be deleted meanwhile, as the job loop settles it."""
    persona_id = subject.persona_id
    word = type(subject).__name__
    job = await owner.job(
        type("P", (), {"id": persona_id})(), kind, word, subject.id, JobState.RUNNING, spec={"script": CANARY}
    )
    async with owner.world.runtime.db.writing() as session:
        row = await session.get_one(Job, job.id)
        row.legs[0].result = {"provider": "minimax", "offer": "own", **result}
        row.state = state
        await work(owner.world.runtime.personas).settled(session, row, state)
    found: Job = await owner.world.get(Job, job.id)
    return found


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
async def test_training_that_ends_after_its_voice_was_deleted_leaves_nothing(
    world: World, owner: Owner, state: JobState
) -> None:
    """A worker that was in the middle of it comes back with a model, a preview and an enrolment."""
    voice, preview, model = await enrolled(owner, await owner.persona())
    cleaned = await owner.asset(AssetPurpose.CLEANED, b"cleaned" * 100)
    async with world.runtime.db.writing() as session:
        (await session.get_one(Voice, voice.id)).deleted_at = utcnow()
    job = await late(
        owner,
        JobKind.VOICE_TRAINING,
        TrainingWork,
        voice,
        {"cleaned": [cleaned.id], "fingerprint": [0.5]},
        state,
    )
    assert await gone(world, preview.id, model.id, cleaned.id)
    row = await world.get(Voice, voice.id)
    assert (row.fingerprint, row.preview_id) == (None, None)
    assert job.legs[0].result == {"provider": "minimax", "offer": "own"}
    async with world.runtime.db.reading() as session:
        states = {row.state for row in (await session.scalars(_enrolments(voice.id))).all()}
    assert states == {EnrolmentState.FORGETTING}


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
async def test_failed_training_keeps_no_copy_anywhere(world: World, owner: Owner, state: JobState) -> None:
    """Rows 213, 57: the samples go, and with them what was half made."""
    voice, preview, model = await enrolled(owner, await owner.persona(), status=TrainingStatus.TRAINING)
    sample = await owner.asset(AssetPurpose.SAMPLE, b"sample" * 100)
    await world.save(Sample(voice_id=voice.id, n=1, asset_id=sample.id, file_name="a.wav", seconds=61.0))
    await late(owner, JobKind.VOICE_TRAINING, TrainingWork, voice, {}, state)
    assert await gone(world, preview.id, model.id, sample.id)
    row = await world.get(Voice, voice.id)
    assert (row.status, row.fingerprint) == (TrainingStatus.FAILED, None)
    seen = await owner.client.node(public(voice), "... on Voice { samples { kept } enrolments { state } }")
    assert {sample["kept"] for sample in seen["samples"]} == {False}
    assert {one["state"] for one in seen["enrolments"]} == {"FORGETTING"}


async def test_what_is_made_for_a_deleted_output_or_avatar_is_dropped(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    for subject, kind, work in (
        (await owner.output(persona, OutputKind.SPEECH), JobKind.SPEECH, ContentWork),
        (await owner.avatar(persona), JobKind.AVATAR, AvatarWork),
    ):
        made = await owner.asset(AssetPurpose.SPEECH, b"made" * 100)
        async with world.runtime.db.writing() as session:
            (await session.get_one(type(subject), subject.id)).deleted_at = utcnow()
        job = await late(owner, kind, work, subject, {"asset": made.id}, JobState.SUCCEEDED)
        assert await gone(world, made.id)
        assert job.legs[0].result == {"provider": "minimax", "offer": "own"}


async def test_deleting_twice_at_the_same_time_is_deleting_once(owner: Owner) -> None:
    voice = await owner.voice(await owner.persona())
    document = "mutation($id: ID!) { deleteVoice(input: {voiceId: $id}) { deletedId errors { code } } }"
    answers = await asyncio.gather(*(owner.client.ask(document, id=public(voice)) for _ in range(5)))
    codes = sorted(str(answer["deleteVoice"]["errors"]) for answer in answers)
    assert codes == ["[]", *["[{'code': 'NOT_FOUND'}]"] * 4]
