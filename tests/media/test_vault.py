"""Encryption at rest, on a folder and on an S3 server."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from persona_graph.errors import MediaRefused
from persona_graph.media.keys import KeyMaterialError, MasterKeys, new_master_key, signing_keys
from persona_graph.media.store import ObjectStore, StoreUnavailable
from persona_graph.media.vault import CHUNK, TAG, Sealed, Vault

from .conftest import Bucket, settings_for

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def collect(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in stream])


@pytest.fixture(params=["folder", "s3"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    changes: dict[str, Any] = {}
    if request.param == "s3":
        changes = request.getfixturevalue("bucket").settings
    return Vault.open_store(settings_for(tmp_path, **changes))


@pytest.fixture
def on_disk(tmp_path: Path) -> Vault:
    return Vault.open_store(settings_for(tmp_path))


def path_of(tmp_path: Path, sealed: Sealed) -> Path:
    return tmp_path / "objects" / sealed.object_key


async def is_corrupt(vault: Vault, sealed: Sealed) -> bool:
    """By its seal alone: the hash that whole reads also check is not asked."""
    try:
        await collect(vault.open(sealed))
    except MediaRefused as refusal:
        assert refusal.code == "STORAGE_CORRUPT"
        assert refusal.asset_id == sealed.asset_id
        return True
    return False


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 7 * CHUNK + 5])
async def test_what_went_in_comes_out(vault: Vault, size: int) -> None:
    plain = os.urandom(size)
    parts = [plain[at : at + 300_000] for at in range(0, size, 300_000)]
    sealed = await vault.seal("account", "asset", pieces(*parts))
    assert sealed.size == size
    assert await vault.read_whole(sealed) == plain


async def test_ranges(vault: Vault) -> None:
    plain = os.urandom(3 * CHUNK + 17)
    sealed = await vault.seal("account", "asset", pieces(plain))
    for start, end in [
        (0, 1),
        (CHUNK - 1, CHUNK + 1),
        (CHUNK, 2 * CHUNK),
        (3 * CHUNK + 16, None),
        (5, 3 * CHUNK),
        (9, 9),
    ]:
        assert await collect(vault.open(sealed, start, end)) == plain[start:end]


@effort(max_examples=40, deadline=None)
@given(st.data())
async def test_any_range_of_any_size(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    vault = Vault.open_store(settings_for(tmp_path_factory.mktemp("vault")))
    size = data.draw(st.sampled_from([1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 3]))
    plain = (bytes(range(251)) * (size // 251 + 1))[:size]
    sealed = await vault.seal("account", "asset", pieces(plain))
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start, size + 3))
    assert await collect(vault.open(sealed, start, end)) == plain[start:end]


async def test_a_range_reads_only_its_chunks(on_disk: Vault, tmp_path: Path) -> None:
    plain = os.urandom(4 * CHUNK)
    sealed = await on_disk.seal("account", "asset", pieces(plain))
    flip(path_of(tmp_path, sealed), 0)
    assert await collect(on_disk.open(sealed, 2 * CHUNK, 2 * CHUNK + 10)) == plain[2 * CHUNK : 2 * CHUNK + 10]
    assert await is_corrupt(on_disk, sealed)


async def test_stored_bytes_are_not_media(on_disk: Vault, tmp_path: Path) -> None:
    """Rows 208, 212, 214: encrypted at rest, and the same file twice leaves two different objects (U24)."""
    plain = WAV + b"a spoken secret" * 9000
    one = await on_disk.seal("account", "asset", pieces(plain))
    two = await on_disk.seal("account", "asset", pieces(plain))
    stored = path_of(tmp_path, one).read_bytes()
    assert len(stored) == len(plain) + TAG
    assert WAV not in stored and b"spoken" not in stored
    assert stored != path_of(tmp_path, two).read_bytes()


def flip(path: Path, at: int) -> None:
    changed = bytearray(path.read_bytes())
    changed[at] ^= 1
    path.write_bytes(bytes(changed))


@pytest.mark.parametrize("at", [0, CHUNK - 1, CHUNK + TAG - 1, CHUNK + TAG, -1])
async def test_t8_one_flipped_bit_is_noticed(on_disk: Vault, tmp_path: Path, at: int) -> None:
    sealed = await on_disk.seal("account", "asset", pieces(os.urandom(CHUNK + 100)))
    flip(path_of(tmp_path, sealed), at)
    assert await is_corrupt(on_disk, sealed)


@pytest.mark.parametrize("cut", [1, TAG, 100 + TAG, 100 + TAG + 1, CHUNK + 100 + 2 * TAG])
async def test_t8_truncation_is_noticed(on_disk: Vault, tmp_path: Path, cut: int) -> None:
    sealed = await on_disk.seal("account", "asset", pieces(os.urandom(CHUNK + 100)))
    path = path_of(tmp_path, sealed)
    path.write_bytes(path.read_bytes()[:-cut])
    assert await is_corrupt(on_disk, sealed)


async def test_t8_truncation_that_the_row_agrees_with_is_noticed(on_disk: Vault, tmp_path: Path) -> None:
    """The last-chunk mark is in the ciphertext, not only in the length."""
    sealed = await on_disk.seal("account", "asset", pieces(os.urandom(2 * CHUNK)))
    path = path_of(tmp_path, sealed)
    path.write_bytes(path.read_bytes()[: CHUNK + TAG])
    assert await is_corrupt(on_disk, replace(sealed, size=CHUNK))


async def test_t8_longer_object_is_noticed(on_disk: Vault, tmp_path: Path) -> None:
    sealed = await on_disk.seal("account", "asset", pieces(b"short"))
    path = path_of(tmp_path, sealed)
    path.write_bytes(path.read_bytes() + b"x")
    assert await is_corrupt(on_disk, sealed)


async def test_t8_reordered_chunks_are_noticed(on_disk: Vault, tmp_path: Path) -> None:
    sealed = await on_disk.seal("account", "asset", pieces(os.urandom(3 * CHUNK)))
    path = path_of(tmp_path, sealed)
    raw, step = path.read_bytes(), CHUNK + TAG
    path.write_bytes(raw[step : 2 * step] + raw[:step] + raw[2 * step :])
    assert await is_corrupt(on_disk, sealed)


async def test_t8_u23_swapped_objects_are_noticed(on_disk: Vault, tmp_path: Path) -> None:
    """Bytes replaced by another's, and rows whose keys were swapped together with the bytes."""
    mine = await on_disk.seal("account", "asset", pieces(b"mine"))
    other = await on_disk.seal("other", "asset", pieces(b"hers"))
    swapped_row = replace(
        mine, object_key=other.object_key, wrapped_key=other.wrapped_key, sha256=other.sha256
    )
    assert await is_corrupt(on_disk, swapped_row)
    assert await is_corrupt(on_disk, replace(mine, object_key=other.object_key))
    assert await is_corrupt(on_disk, replace(mine, asset_id="another"))
    with pytest.raises(MediaRefused, match="cannot be opened"):
        await on_disk.read_whole(replace(mine, sha256=other.sha256))
    path_of(tmp_path, mine).write_bytes(path_of(tmp_path, other).read_bytes())
    assert await is_corrupt(on_disk, mine)


async def test_t8_missing_object_is_typed(vault: Vault) -> None:
    sealed = await vault.seal("account", "asset", pieces(b"soon gone"))
    await vault.store.delete(sealed.object_key)
    await vault.store.delete(sealed.object_key)
    assert await is_corrupt(vault, sealed)


async def test_t8_r11_wrong_and_missing_master_key(on_disk: Vault) -> None:
    sealed = await on_disk.seal("account", "asset", pieces(b"plain"))
    wrong = Vault(on_disk.store, MasterKeys.parse(new_master_key("k1")))
    missing = Vault(on_disk.store, MasterKeys.parse(new_master_key("k2")))
    assert await is_corrupt(wrong, sealed)
    assert await is_corrupt(missing, sealed)


async def test_t8_old_master_key_still_opens(tmp_path: Path) -> None:
    old, new = new_master_key("old"), new_master_key("new")
    before = Vault.open_store(settings_for(tmp_path, master_keys=old))
    sealed = await before.seal("account", "asset", pieces(b"kept"))
    after = Vault.open_store(settings_for(tmp_path, master_keys=f"{new}, {old}"))
    assert await after.read_whole(sealed) == b"kept"
    assert (await after.seal("account", "asset", pieces(b"x"))).key_id == "new"


async def test_r11_check_refuses_a_changed_master_key(vault: Vault) -> None:
    await vault.check()
    await vault.check()
    changed = Vault(vault.store, MasterKeys.parse(new_master_key("k1")))
    with pytest.raises(KeyMaterialError, match="'k1' is not the one"):
        await changed.check()


async def failing(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // CHUNK):
        yield os.urandom(CHUNK)
    raise ConnectionResetError("the client went away")


@pytest.mark.parametrize("size", [0, CHUNK, 9 * CHUNK, 21 * CHUNK])
async def test_r10_a_failing_source_leaves_nothing_on_disk(on_disk: Vault, tmp_path: Path, size: int) -> None:
    with pytest.raises(ConnectionResetError):
        await on_disk.seal("account", "asset", failing(size))
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("size", [0, CHUNK, 12 * CHUNK])
async def test_r10_a_failing_source_leaves_nothing_in_the_bucket(
    bucket: Bucket, tmp_path: Path, size: int
) -> None:
    vault = Vault.open_store(settings_for(tmp_path, **bucket.settings))
    with pytest.raises(ConnectionResetError):
        await vault.seal("account", "asset", failing(size))
    assert bucket.names() == [] and bucket.unfinished() == []


async def test_a_cancelled_write_leaves_nothing_in_the_bucket(bucket: Bucket, tmp_path: Path) -> None:
    vault = Vault.open_store(settings_for(tmp_path, **bucket.settings))
    half_way, never = asyncio.Event(), asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield os.urandom(CHUNK)
        half_way.set()
        await never.wait()

    writing = asyncio.create_task(vault.seal("account", "asset", stalling()))
    await half_way.wait()
    while not bucket.unfinished():
        await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert bucket.names() == [] and bucket.unfinished() == []


async def test_r8_r9_an_unwritable_store_is_typed(tmp_path: Path) -> None:
    vault = Vault.open_store(settings_for(tmp_path))
    # A file where the folder for objects should come: fails for root too, which permissions do not.
    (tmp_path / "objects" / "objects").write_bytes(b"")
    for size in (10, 9 * CHUNK):
        with pytest.raises(MediaRefused) as refused:
            await vault.seal("account", "asset", pieces(*[bytes(CHUNK)] * (size // CHUNK), b"tail"))
        assert refused.value.code == "STORAGE_UNAVAILABLE"
    (tmp_path / "objects" / "objects").unlink()
    assert await vault.read_whole(await vault.seal("account", "asset", pieces(b"again"))) == b"again"


async def test_r9_an_unreachable_bucket_is_typed(tmp_path: Path, bucket: Bucket) -> None:
    lost = bucket.settings | {"storage_url": "s3://no-such-bucket/x"}
    vault = Vault.open_store(settings_for(tmp_path, **lost))
    with pytest.raises(MediaRefused) as refused:
        await vault.seal("account", "asset", pieces(b"x"))
    assert refused.value.code == "STORAGE_UNAVAILABLE"
    with pytest.raises(StoreUnavailable):
        await ObjectStore.open(settings_for(tmp_path, **lost)).write("a", one(b"x"))


async def one(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk


async def test_listing_and_unfinished_parts(on_disk: Vault, tmp_path: Path) -> None:
    sealed = [await on_disk.seal("account", "asset", pieces(b"x")) for _ in range(3)]
    left = tmp_path / "objects" / (sealed[0].object_key + "#1")
    left.write_bytes(b"half")
    found = [stored.key async for page in on_disk.store.list("objects") for stored in page]
    assert sorted(found) == sorted(one.object_key for one in sealed)
    assert await on_disk.store.sweep_unfinished(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await on_disk.store.sweep_unfinished(datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert not left.exists()


_STREAMING = """
import asyncio, os, resource, sys
from pathlib import Path
from persona_graph.media.vault import CHUNK, Vault
from persona_graph.settings import Settings

async def source(parts):
    for _ in range(parts):
        yield os.urandom(CHUNK)

async def run():
    vault = Vault.open_store(Settings(**eval(sys.argv[1])))
    await vault.seal("account", "warm", source(8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sealed = await vault.seal("account", "asset", source(100))
    async for piece in vault.open_whole(sealed):
        pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

asyncio.run(run())
"""


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_u8_a_hundred_megabytes_are_never_in_memory(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    changes = request.getfixturevalue("bucket").settings if where == "s3" else {}
    settings = {"storage_url": f"file://{tmp_path}", "master_keys": new_master_key(), **changes}
    command = [sys.executable, "-c", _STREAMING, repr(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50, "MiB of growth"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("no colon", "id:base64"),
        ("bad id!:AAAA", "id:base64"),
        ("k1:not base64", "'k1' is not base64"),
        ("k1:" + base64.b64encode(bytes(16)).decode(), "16 bytes, not 32"),
        (
            "k1:" + base64.b64encode(bytes(32)).decode() + ",k1:" + base64.b64encode(bytes(32)).decode(),
            "twice",
        ),
    ],
)
def test_master_keys_say_what_is_wrong_and_no_key(text: str, said: str) -> None:
    with pytest.raises(KeyMaterialError, match=said) as wrong:
        MasterKeys.parse(text)
    assert "AAAAAAAA" not in str(wrong.value)


def test_t7_keys_are_not_in_the_repr() -> None:
    entry = new_master_key("k1")
    key = base64.b64decode(entry.partition(":")[2])
    assert repr(key) not in repr(MasterKeys.parse(entry))


def test_signing_keys() -> None:
    assert signing_keys("n" * 32 + ", " + "o" * 40) == ["o" * 40, "n" * 32]
    with pytest.raises(KeyMaterialError, match="empty"):
        signing_keys(" ")
    with pytest.raises(KeyMaterialError, match="shorter"):
        signing_keys("n" * 32 + ",short")


def test_storage_url_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="storage_url"):
        ObjectStore.open(settings_for(tmp_path, storage_url="ftp://somewhere"))
