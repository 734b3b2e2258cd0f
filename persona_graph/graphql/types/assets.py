"""Stored files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.types.core import Node
from persona_graph.media.assets import Asset as Row
from persona_graph.media.assets import AssetKind, AssetPurpose, AssetState

AsDownload = Annotated[
    bool, strawberry.argument(description="Whether browsers should save it rather than play it.")
]


@described
class MediaRefusal:
    """Why an uploaded file failed its checks."""

    code: str = f("Stable word; all are listed in docs/errors.md.")
    message: str = f("What is wrong with it.")
    fix: str | None = f("What to do about it.")


@described
class Asset(Node):
    """One stored file, encrypted at rest."""

    id: strawberry.ID = f("Opaque id.")
    kind: AssetKind = f("What sort of file it is.")
    purpose: AssetPurpose = f("What it is for.")
    state: AssetState = f("Where it is.")
    file_name: str = f("The name it was uploaded under; text only, never a path.")
    content_type: str | None = f("Media type found in the bytes, not the one claimed.")
    size: int | None = f("Bytes.")
    seconds: float | None = f("Measured length of audio or video, in seconds.")
    width: int | None = f("Pixels.")
    height: int | None = f("Pixels.")
    refusal: MediaRefusal | None = f("Set when state is REFUSED.")
    created_at: datetime = f("When it was announced or made.")
    row: strawberry.Private[Row]

    @classmethod
    def of(cls, row: Row | None) -> Asset | None:
        if row is None:
            return None
        refusal = None
        if row.refusal_code:
            refusal = MediaRefusal(
                code=row.refusal_code, message=row.refusal_message or "", fix=row.refusal_fix
            )
        return cls(
            id=global_id("Asset", row.id), kind=row.kind, purpose=row.purpose, state=row.state,
            file_name=row.file_name, content_type=row.content_type, size=row.size, seconds=row.seconds,
            width=row.width, height=row.height, refusal=refusal, created_at=row.created_at, row=row,
        )  # fmt: skip

    @strawberry.field(
        description="A short-lived link to the bytes, with Range; null unless READY. It needs no token: whoever has it can read the file until it expires."
    )
    def url(self, info: Info, download: AsDownload = False) -> str | None:
        link = self._link(info, download)
        return link.url if link else None

    @strawberry.field(description="When the link stops working.")
    def url_expires_at(self, info: Info) -> datetime | None:
        link = self._link(info, False)
        return link.expires_at if link else None

    @strawberry.field(description="Codec of audio or video, for example `pcm_s16le` or `h264`.")
    def codec(self) -> str | None:
        facts = self._facts
        return facts.get("codec") or facts.get("video_codec")

    @strawberry.field(description="Samples per second of audio.")
    def sample_rate(self) -> int | None:
        return self._facts.get("rate")

    @strawberry.field(
        description="Integrated loudness of generated speech in LUFS (ITU-R BS.1770), measured on the finished file."
    )
    def loudness(self) -> float | None:
        return self._facts.get("loudness")

    @property
    def _facts(self) -> dict[str, Any]:
        return self.row.facts or {}

    def _link(self, info: Info, download: bool) -> Any:
        if self.row.state is not AssetState.READY or self.row.purpose in _HIDDEN:
            return None
        return info.context.runtime.media.media_link(self.row, download=download)


_HIDDEN = frozenset({AssetPurpose.VOICE_MODEL, AssetPurpose.CLEANED, AssetPurpose.PART})


async def load_asset(info: Info, id: str | None) -> Asset | None:
    return Asset.of(await info.context.assets.load(id)) if id else None
