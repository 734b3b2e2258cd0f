"""A vault on a folder or on an S3 server, a database, and media on top of them: all real."""

from __future__ import annotations

import contextlib
import io
import logging
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from persona_graph.db import Database
from persona_graph.media.assets import Asset, Media
from persona_graph.media.keys import new_master_key
from persona_graph.media.vault import Vault
from persona_graph.settings import Settings

if TYPE_CHECKING:
    from .serving import Site

SAMPLES = Path(__file__).parents[1] / "samples"
SAMPLE = SAMPLES / "1688" / "1688-142285-0000.flac"


def tone(seconds: float = 1.0) -> bytes:
    """A WAV file with a sound in it."""
    wave_bytes = io.BytesIO()
    with wave.open(wave_bytes, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        at = np.arange(int(16000 * seconds))
        file.writeframes((9000 * np.sin(at * 0.1)).astype("<i2").tobytes())
    return wave_bytes.getvalue()


@dataclass(frozen=True)
class Bucket:
    """One S3 bucket: the settings that reach it, and a plain client that looks at it from outside."""

    settings: dict[str, Any]
    client: Any
    name: str

    def names(self) -> list[str]:
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def unfinished(self) -> list[str]:
        return [
            entry["Key"] for entry in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        ]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> Iterator[Bucket]:
    import boto3

    login = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=s3_server, **login)
    name = "media-bucket"
    client.create_bucket(Bucket=name)
    settings = {
        "storage_url": f"s3://{name}/tenant",
        "storage_endpoint": s3_server,
        "storage_key": "key",
        "storage_secret": "secret",
    }
    yield Bucket(settings, client, name)
    for part in client.list_multipart_uploads(Bucket=name).get("Uploads", []):
        client.abort_multipart_upload(Bucket=name, Key=part["Key"], UploadId=part["UploadId"])
    for entry in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=entry["Key"])
    client.delete_bucket(Bucket=name)


@dataclass
class Room:
    """Media, its database and where its bytes lie."""

    settings: Settings
    db: Database
    media: Media
    folder: Path

    @property
    def vault(self) -> Vault:
        return self.media.vault

    def files(self) -> list[Path]:
        """Every file in the store, unfinished ones and key proofs included."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def objects(self) -> list[Path]:
        return [path for path in self.files() if path.parent.name != "keys"]

    async def row(self, asset_id: str) -> Asset:
        async with self.db.reading() as session:
            asset = await session.get(Asset, asset_id)
        assert asset is not None
        return asset


def settings_for(folder: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "data_dir": folder,
        "storage_url": f"file://{folder}/objects",
        "database_url": f"sqlite+aiosqlite:///{folder}/media.sqlite",
        "master_keys": new_master_key(),
        "signing_key": "a signing key of at least thirty-two characters",
    }
    return Settings(**{**given, **changes})


@contextlib.asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[Room]:
    db = Database(settings.database)
    async with db.engine.begin() as connection:
        await connection.run_sync(Asset.metadata.create_all, tables=[Asset.__table__])
    media = Media(settings, db, Vault.open_store(settings))
    try:
        await media.check()
        yield Room(settings, db, media, settings.data_dir / "objects")
    finally:
        await media.close()
        await db.close()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(settings_for(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    from .serving import open_site

    async with open_site(tmp_path) as opened:
        yield opened
