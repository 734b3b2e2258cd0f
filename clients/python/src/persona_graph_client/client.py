"""The client: generated operations, and what a writer service does besides: files, following a job, ends."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import httpx

from persona_graph_client.errors import JobFailed, TransferFailed
from persona_graph_client.generated.enums import JobState, UploadPurpose
from persona_graph_client.generated.inputs import CreateUploadInput
from persona_graph_client.generated.operations import Operations
from persona_graph_client.generated.shapes import Asset, Job, JobEvent

UNKNOWN_TYPE = "application/octet-stream"


class PersonaGraph(Operations):
    """``async with PersonaGraph(url, token) as graph: await graph.create_persona(…)``"""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.aclose()

    async def upload(
        self, file: Path | bytes, purpose: UploadPurpose, *, name: str = "", content_type: str = ""
    ) -> str:
        """Announce a file, send its bytes; answers the asset's id. Raises TransferFailed if it is no good."""
        body, name = (
            (file.read_bytes(), name or file.name) if isinstance(file, Path) else (file, name or "file")
        )
        type = content_type or mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
        made = await self.create_upload(
            CreateUploadInput(purpose=purpose, file_name=name, content_type=type, size=len(body))
        )
        answer = await self.http.request(
            made.upload.method, made.upload.url, content=body, headers={"content-type": type}
        )
        if not answer.is_success:
            raise _not_transferred(answer)
        return made.asset.id

    async def download(self, asset: Asset, path: Path) -> Path:
        """The bytes of a file, written to ``path`` when all of them are there."""
        if asset.url is None:
            raise TransferFailed(
                "MEDIA_NOT_UPLOADED", f"The file is {asset.state}.", "Ask for it when it is READY."
            )
        part = path.with_name(path.name + ".part")
        async with self.http.stream("GET", asset.url) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _not_transferred(answer)
            with part.open("wb") as out:
                async for piece in answer.aiter_bytes():
                    out.write(piece)
        return part.replace(path)

    async def follow(self, job_id: str, after: str | None = None) -> AsyncIterator[JobEvent]:
        """What happens to a job, up to its end. Keep the last ``cursor`` to go on from there after a restart."""
        async for event in self.job_events(job_id, after):
            yield event
            if event.terminal:
                return

    async def wait(self, job_id: str, after: str | None = None) -> JobEvent:
        """The event with which a job succeeded. Raises JobFailed if it did not."""
        last = None
        async for event in self.follow(job_id, after):
            last = event
        if last is None:
            raise TransferFailed("NOT_FOUND", "There is nothing behind this cursor.")
        if last.state is not JobState.SUCCEEDED:
            raise JobFailed(last)
        return last

    async def ended(self, job_id: str) -> Job:
        """The job, as far as it is over. Raises JobFailed if it came to nothing."""
        await self.wait(job_id)
        found = await self.job(job_id)
        assert found is not None
        return found


def _not_transferred(answer: httpx.Response) -> TransferFailed:
    try:
        first = answer.json()["errors"][0]
        return TransferFailed(first["code"], first["message"], first.get("fix"))
    except (ValueError, KeyError, IndexError, TypeError):
        return TransferFailed("HTTP", f"The file's server answered {answer.status_code}.")
