"""Assets without HTTP: quotas, states, keeping, erasing, orphans."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from persona_graph.db import Database, now_plus, utcnow
from persona_graph.errors import Forbidden, InvalidInput, MediaRefused, NotFound, QuotaReached
from persona_graph.media.assets import Asset, AssetKind, AssetPurpose, AssetState, Media
from persona_graph.media.keys import new_master_key
from persona_graph.media.plain import sweep_private_files
from persona_graph.media.vault import Vault

from .conftest import SAMPLE, Bucket, Room, open_room, settings_for, tone

SPEECH = SAMPLE.read_bytes()
AGED = timedelta(seconds=-5)


async def body(content: bytes, part: int = 65536) -> AsyncIterator[bytes]:
    for at in range(0, len(content), part):
        yield content[at : at + part]


async def announce(
    room: Room, size: int, *, account: str = "acc", purpose: AssetPurpose = AssetPurpose.SAMPLE
) -> Asset:
    async with room.db.writing() as session:
        return await room.media.announce(session, account, purpose, "voice.flac", "audio/flac", size)


async def upload(room: Room, asset: Asset, content: bytes) -> Asset:
    return await room.media.receive(token(room, asset), body(content), len(content))


def token(room: Room, asset: Asset) -> str:
    return room.media.upload_link(asset).url.rpartition("/")[2]


async def refused(doing: object) -> MediaRefused:
    with pytest.raises(MediaRefused) as caught:
        await doing  # type: ignore[misc]
    return caught.value


async def saved(room: Room, asset: Asset) -> Asset:
    async with room.db.writing() as session:
        session.add(asset)
    return asset


async def keep_speech(room: Room, *, account: str = "acc") -> Asset:
    return await saved(
        room, await room.media.keep(account, AssetPurpose.SPEECH, tone(), "audio/wav", name="hello.wav")
    )


# Announcing


@pytest.mark.parametrize("size", [0, -1])
async def test_announce_needs_a_size(room: Room, size: int) -> None:
    with pytest.raises(InvalidInput) as wrong:
        await announce(room, size)
    assert wrong.value.path == ("size",)


async def test_announce_refuses_too_large_and_what_is_made_here(room: Room) -> None:
    too_large = await refused(announce(room, room.settings.max_audio_bytes + 1))
    assert too_large.code == "MEDIA_TOO_LARGE"
    await announce(room, room.settings.max_audio_bytes)
    too_large = await refused(announce(room, room.settings.max_image_bytes + 1, purpose=AssetPurpose.PHOTO))
    assert too_large.code == "MEDIA_TOO_LARGE"
    with pytest.raises(InvalidInput):
        await announce(room, 10, purpose=AssetPurpose.VIDEO)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\x00b\r\nSet-Cookie: x", "abSet-Cookie: x"),
        ("\u202egpj.exe\ud800", "gpj.exe"),
        ("x" * 4096, "x" * 255),
        ("-i $(id)", "-i $(id)"),
    ],
)
async def test_u19_a_file_name_is_only_text(room: Room, given: str, shown: str) -> None:
    async with room.db.writing() as session:
        asset = await room.media.announce(session, "acc", AssetPurpose.SAMPLE, given, given, len(SPEECH))
    await upload(room, asset, SPEECH)
    assert (await room.row(asset.id)).file_name == shown
    stored = [str(path.relative_to(room.folder)) for path in room.objects()]
    assert len(stored) == 1 and shown not in stored[0]


async def test_u25_open_uploads_are_limited_per_account(tmp_path: Path) -> None:
    async with open_room(settings_for(tmp_path, max_uploads_open=2)) as room:
        first = await announce(room, len(SPEECH))
        await announce(room, 10)
        with pytest.raises(QuotaReached) as reached:
            await announce(room, 10)
        assert (reached.value.code, reached.value.limit) == ("QUOTA", 2)
        await announce(room, 10, account="other")
        await upload(room, first, SPEECH)
        await announce(room, 10)


async def test_u25_one_byte_over_the_stored_bytes(tmp_path: Path) -> None:
    async with open_room(settings_for(tmp_path, max_stored_bytes=len(SPEECH) + 100)) as room:
        stored = await announce(room, len(SPEECH))
        await upload(room, stored, SPEECH)
        await announce(room, 60)
        with pytest.raises(QuotaReached):
            await announce(room, 41)
        await announce(room, 40)
        async with room.db.writing() as session:
            room.media.erase(session, await session.get_one(Asset, stored.id))
        await announce(room, len(SPEECH))


async def test_expired_uploads_leave_the_quota(tmp_path: Path) -> None:
    async with open_room(settings_for(tmp_path, max_uploads_open=1, upload_ttl=-1)) as room:
        await announce(room, 10)
        await announce(room, 10)


async def at_the_quota_edge(db: Database, media: Media) -> int:
    async def one() -> bool:
        try:
            async with db.writing() as session:
                await media.announce(session, "acc", AssetPurpose.SAMPLE, "", "", 10)
        except QuotaReached:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(50))))


async def test_u25_fifty_at_the_quota_edge_sqlite(tmp_path: Path) -> None:
    async with open_room(settings_for(tmp_path, max_uploads_open=7)) as room:
        assert await at_the_quota_edge(room.db, room.media) == 7


async def test_u25_fifty_at_the_quota_edge_postgres(tmp_path: Path, postgres_url: str) -> None:
    async with open_room(settings_for(tmp_path, max_uploads_open=7, database_url=postgres_url)) as room:
        assert await at_the_quota_edge(room.db, room.media) == 7


# Receiving


async def test_a_sample_is_received_and_probed(room: Room) -> None:
    asset = await announce(room, len(SPEECH))
    assert asset.state is AssetState.ANNOUNCED and asset.expires_at and asset.expires_at > utcnow()
    ready = await upload(room, asset, SPEECH)
    row = await room.row(asset.id)
    for seen in (ready, row):
        assert seen.state is AssetState.READY and seen.kind is AssetKind.AUDIO
        assert seen.content_type == "audio/flac" and seen.size == len(SPEECH)
        assert seen.sha256 == hashlib.sha256(SPEECH).hexdigest()
    assert row.seconds == pytest.approx(15.0) and 5 < row.facts["speech_seconds"] < 15
    assert row.facts["rate"] == 16000 and row.received_at
    assert await room.media.read(row) == SPEECH
    assert b"fLaC" not in b"".join(path.read_bytes() for path in room.objects())


async def test_the_whole_way_on_s3_and_postgres(tmp_path: Path, bucket: Bucket, postgres_url: str) -> None:
    async with open_room(settings_for(tmp_path, database_url=postgres_url, **bucket.settings)) as room:
        asset = await announce(room, len(SPEECH))
        await upload(room, asset, SPEECH)
        row = await room.row(asset.id)
        assert await room.media.read(row) == SPEECH
        kept = await keep_speech(room)
        assert [key for key in bucket.names() if "/keys/" not in key] == sorted(
            f"tenant/{key}" for key in (str(row.object_key), str(kept.object_key))
        )
        async with room.db.writing() as session:
            room.media.erase(session, await session.get_one(Asset, asset.id))
        await room.media.close()
        assert await room.media.collect_orphans(AGED) == 0
        assert [key for key in bucket.names() if "/keys/" not in key] == [f"tenant/{kept.object_key}"]


async def test_a_killed_receiver_is_taken_over(room: Room) -> None:
    """R10: its hold runs out by the database's clock; its row is never READY without bytes."""
    asset = await announce(room, len(SPEECH))
    async with room.db.writing() as session:
        dead = {"state": AssetState.RECEIVING, "object_key": "objects/zz/dead", "held_until": now_plus(30)}
        await session.execute(update(Asset).values(**dead))
    assert (await refused(upload(room, asset, SPEECH))).code == "UPLOAD_DONE"
    async with room.db.writing() as session:
        await session.execute(update(Asset).values(held_until=now_plus(-1)))
    assert (await upload(room, asset, SPEECH)).state is AssetState.READY


@pytest.mark.parametrize("content", [SPEECH, bytes(200_000)], ids=["speech", "junk"])
async def test_erased_while_it_was_received(room: Room, content: bytes) -> None:
    asset = await announce(room, len(content))

    async def erasing() -> AsyncIterator[bytes]:
        yield content[:1000]
        async with room.db.writing() as session:
            room.media.erase(session, await session.get_one(Asset, asset.id))
        yield content[1000:]

    gone = await refused(room.media.receive(token(room, asset), erasing(), None))
    await room.media.close()
    assert gone.code == "MEDIA_ERASED"
    assert (await room.row(asset.id)).state is AssetState.ERASED
    assert room.objects() == []


async def test_b4_erase_beats_an_upload_that_finishes_meanwhile(tmp_path: Path, postgres_url: str) -> None:
    """Two transactions on Postgres: the one that erases looked before the upload became READY."""
    async with open_room(settings_for(tmp_path, database_url=postgres_url)) as room:
        asset = await announce(room, len(SPEECH))
        async with room.db.writing() as session:
            seen = await session.get_one(Asset, asset.id)
            await upload(room, asset, SPEECH)
            assert seen.state is AssetState.ANNOUNCED
            room.media.erase(session, seen)
        await room.media.close()
        row = await room.row(asset.id)
        assert (row.state, row.wrapped_key, row.sha256) == (AssetState.ERASED, None, None)
        assert await room.media.collect_orphans(timedelta(hours=24)) == 1
        assert room.objects() == []


async def test_a_cancelled_receiver_gives_the_upload_back(room: Room) -> None:
    asset = await announce(room, len(SPEECH))
    begun, never = asyncio.Event(), asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield SPEECH[:1000]
        begun.set()
        await never.wait()

    receiving = asyncio.create_task(room.media.receive(token(room, asset), stalling(), None))
    await begun.wait()
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert (await room.row(asset.id)).state is AssetState.ANNOUNCED
    assert room.objects() == []
    assert (await upload(room, asset, SPEECH)).state is AssetState.READY


async def test_r8_a_full_store_leaves_the_upload_open(room: Room) -> None:
    asset = await announce(room, len(SPEECH))
    (room.folder / "objects").write_bytes(b"a file where a folder should be")
    assert (await refused(upload(room, asset, SPEECH))).code == "STORAGE_UNAVAILABLE"
    assert (await room.row(asset.id)).state is AssetState.ANNOUNCED
    (room.folder / "objects").unlink()
    assert (await upload(room, asset, SPEECH)).state is AssetState.READY


async def test_u24_the_same_file_of_two_accounts(room: Room) -> None:
    """No dedupe: nothing of one account's row or object is found on the other's."""
    mine = await upload(room, await announce(room, len(SPEECH)), SPEECH)
    hers = await upload(room, await announce(room, len(SPEECH), account="other"), SPEECH)
    assert mine.object_key != hers.object_key and mine.wrapped_key != hers.wrapped_key
    first, second = (path.read_bytes() for path in room.objects())
    assert first != second


# Using


async def test_usable_says_what_is_wrong(room: Room) -> None:
    announced = await announce(room, len(SPEECH))
    ready = await upload(room, await announce(room, len(SPEECH)), SPEECH)
    bad = await announce(room, 500)
    assert (await refused(upload(room, bad, b"<html>" * 83 + b"ab"))).code == "MEDIA_UNSUPPORTED"

    async def use(asset_id: str, purpose: AssetPurpose = AssetPurpose.SAMPLE, account: str = "acc") -> Asset:
        async with room.db.reading() as session:
            return await room.media.usable(session, account, asset_id, purpose)

    assert (await use(ready.id)).id == ready.id
    assert (await refused(use(announced.id))).code == "MEDIA_NOT_UPLOADED"
    assert (await refused(use(ready.id, AssetPurpose.CONSENT_RECORDING))).code == "MEDIA_WRONG_KIND"
    stored = await refused(use(bad.id))
    assert (stored.code, stored.asset_id) == ("MEDIA_UNSUPPORTED", bad.id) and stored.message and stored.fix
    for asset_id, account in ((ready.id, "other"), ("0" * 26, "acc")):
        with pytest.raises(NotFound):
            await use(asset_id, account=account)
    async with room.db.writing() as session:
        room.media.erase(session, await session.get_one(Asset, ready.id))
    assert (await refused(use(ready.id))).code == "MEDIA_ERASED"


async def test_a_plain_file_is_private_and_short_lived(room: Room) -> None:
    asset = await keep_speech(room)
    async with room.media.plain(asset) as path:
        assert path.read_bytes() == tone()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        # One that is in use is not swept, however old it looks.
        os.utime(path.parent, (0, 0))
        sweep_private_files()
        assert path.exists()
    assert not path.parent.exists()
    with pytest.raises(RuntimeError):
        async with room.media.plain(asset) as path:
            raise RuntimeError
    assert not path.parent.exists()


async def test_plain_files_of_killed_processes_are_swept(room: Room) -> None:
    left = Path(tempfile.mkdtemp(prefix="persona-graph-plain-"))
    (left / "in-use").touch()
    (left / "media").write_bytes(b"a secret")
    sweep_private_files()
    assert left.exists(), "a folder just made may belong to somebody"
    os.utime(left, (time.time() - 120,) * 2)
    await room.media.check()
    assert not left.exists()


async def test_t8_a_plain_file_of_changed_bytes_is_never_given(room: Room) -> None:
    asset = await keep_speech(room)
    path = room.folder / str(asset.object_key)
    path.write_bytes(path.read_bytes()[::-1])

    async def look() -> None:
        async with room.media.plain(asset):
            raise AssertionError("reached")

    assert (await refused(look())).code == "STORAGE_CORRUPT"
    assert (await refused(room.media.read(asset))).code == "STORAGE_CORRUPT"


# Keeping


async def test_keep_measures_what_it_wrote(room: Room, tmp_path: Path) -> None:
    asset = await room.media.keep(
        "acc", AssetPurpose.SPEECH, tone(2.5), "audio/wav", name="a.wav", facts={"voice": "v"}
    )
    assert (
        asset.state is AssetState.READY
        and asset.kind is AssetKind.AUDIO
        and asset.content_type == "audio/wav"
    )
    assert asset.seconds == pytest.approx(2.5, abs=0.01)
    assert asset.facts and asset.facts["voice"] == "v" and asset.facts["rate"] == 16000
    async with room.db.reading() as session:
        assert (await session.scalars(select(Asset))).all() == []
    (tmp_path / "speech.wav").write_bytes(tone())
    from_path = await keep_path(room, tmp_path / "speech.wav")
    assert await room.media.read(from_path) == tone()


async def keep_path(room: Room, path: Path) -> Asset:
    return await saved(room, await room.media.keep("acc", AssetPurpose.PREVIEW, path, "audio/wav"))


async def test_keep_refuses_what_does_not_decode(room: Room) -> None:
    for source in (b"", b"RIFF", b"\0" * 5000):
        with pytest.raises(MediaRefused):
            await room.media.keep("acc", AssetPurpose.SPEECH, source, "audio/wav")
    assert room.objects() == []


async def test_keep_takes_models_and_text_as_they_are(room: Room) -> None:
    model = await saved(
        room,
        await room.media.keep("acc", AssetPurpose.VOICE_MODEL, b"\x00weights", "application/octet-stream"),
    )
    events = await saved(room, await room.media.keep("acc", AssetPurpose.EVENTS, b"[]", "application/json"))
    assert (model.kind, events.kind) == (AssetKind.MODEL, AssetKind.TEXT)
    assert await room.media.read(model) == b"\x00weights"
    with pytest.raises(Forbidden):
        room.media.media_link(model)


# Erasing and orphans


async def test_b4_erase_destroys_the_key_in_the_callers_transaction(room: Room) -> None:
    asset = await keep_speech(room)
    with pytest.raises(RuntimeError):
        async with room.db.writing() as session:
            room.media.erase(session, await session.get_one(Asset, asset.id))
            raise RuntimeError("the use case failed")
    assert await room.media.read(await room.row(asset.id)) == tone()
    async with room.db.writing() as session:
        room.media.erase(session, await session.get_one(Asset, asset.id))
        assert len(room.objects()) == 1, "the bytes go only after the commit"
    await room.media.close()
    row = await room.row(asset.id)
    assert room.objects() == []
    assert (row.wrapped_key, row.object_key, row.sha256, row.facts, row.file_name) == (
        None,
        None,
        None,
        None,
        "",
    )
    assert row.state is AssetState.ERASED and row.erased_at
    assert (await refused(room.media.read(row))).code == "MEDIA_ERASED"


async def test_b4_a_failing_deletion_is_retried(room: Room) -> None:
    asset = await keep_speech(room)
    path = room.folder / str(asset.object_key)
    aside = room.folder / "aside"
    path.rename(aside)
    (path / "in the way").mkdir(parents=True)
    async with room.db.writing() as session:
        room.media.erase(session, await session.get_one(Asset, asset.id))
    await room.media.close()
    assert (await room.row(asset.id)).object_key == asset.object_key
    (path / "in the way").rmdir()
    path.rmdir()
    aside.rename(path)
    assert await room.media.collect_orphans(timedelta(hours=24)) == 1
    assert room.objects() == [] and (await room.row(asset.id)).object_key is None


async def test_r10_a_blob_whose_row_was_never_committed_is_collected(room: Room) -> None:
    kept = await keep_speech(room)
    lost = await room.media.keep("acc", AssetPurpose.SPEECH, tone(), "audio/wav")
    assert len(room.objects()) == 2
    assert await room.media.collect_orphans(timedelta(hours=24)) == 0
    assert await room.media.collect_orphans(AGED) == 1
    assert [path.name for path in room.objects()] == [str(kept.object_key).rpartition("/")[2]]
    assert await room.media.read(kept) == tone()
    assert (await refused(room.media.read(lost))).code == "STORAGE_CORRUPT"


async def test_uploads_that_never_came_are_forgotten(tmp_path: Path) -> None:
    async with open_room(settings_for(tmp_path, upload_ttl=-1)) as room:
        expired = await announce(room, 10)
        await room.media.collect_orphans(timedelta(hours=24))
        await room.row(expired.id)
        await room.media.collect_orphans(timedelta(0))
        async with room.db.reading() as session:
            assert await session.get(Asset, expired.id) is None


async def test_t8_rewrap_lets_an_old_master_key_retire(tmp_path: Path) -> None:
    old, new = new_master_key("old"), new_master_key("new")
    async with open_room(settings_for(tmp_path, master_keys=old)) as room:
        asset = await keep_speech(room)
    async with open_room(settings_for(tmp_path, master_keys=f"{new},{old}")) as room:
        assert (await room.media.rewrap(), await room.media.rewrap()) == (1, 0)
    async with open_room(settings_for(tmp_path, master_keys=new)) as room:
        assert await room.media.read(await room.row(asset.id)) == tone()


async def test_r11_nothing_starts_without_keys(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="master_keys is empty"):
        Vault.open_store(settings_for(tmp_path, master_keys=""))
    with pytest.raises(ValueError, match="signing_key is empty"):
        async with open_room(settings_for(tmp_path, signing_key="")):
            raise AssertionError("reached")
