"""Fetching what a vendor made and only points at: at once, because such addresses do not live long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from persona_graph.jobs.call import folder_of
from persona_graph.jobs.lease import Lease
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.tables import Attempt
from persona_graph.outbound import Downloaded, OutboundFailed, OutboundRefused, Trouble
from persona_graph.provider import Delivery

# For an order that nobody may ask the vendor about again: this is all the patience there is.
LAST_PAUSES = (0.5, 1.5, 4.0)
SIGN_OF_LIFE = 60.0
REDIRECTS = 3
LONGEST_URL = 8000
# What a store says instead of the file it has not got (yet).
_NO_MEDIA = ("text/", "application/json", "application/xml", "application/problem")

log = logging.getLogger(__name__)
T = TypeVar("T")


class Unfetched(Exception):
    """What the vendor made is not here. ``final``: and another look will not change that."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


def is_remote(delivery: Delivery) -> bool:
    url: object = delivery.remote_url
    return delivery.media is None and isinstance(url, str) and 0 < len(url) <= LONGEST_URL


async def fetched(
    jobs: Jobs, lease: Lease, attempt: Attempt, delivery: Delivery, pauses: Sequence[float] = ()
) -> Delivery:
    """The delivery with its media in the attempt's folder. Raises Unfetched."""
    folder = folder_of(jobs, attempt.id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / ".delivered"
    for pause in (*pauses, None):
        try:
            got = await _with_signs_of_life(jobs, lease, _download(jobs, str(delivery.remote_url), path))
            return replace(
                delivery, media=path, remote_url=None, content_type=delivery.content_type or got.content_type
            )
        except Unfetched as trouble:
            log.warning("job %s: a file of %s: %s", lease.job_id, attempt.provider, trouble)
            if trouble.final or pause is None:
                raise
        await asyncio.sleep(pause)
    raise AssertionError("unreachable")


async def _download(jobs: Jobs, url: str, path: Path) -> Downloaded:
    settings = jobs.settings
    try:
        got = await jobs.outbound.download(
            url, path, most_bytes=settings.max_delivery_bytes, seconds=settings.delivery_seconds,
            redirects=REDIRECTS,
        )  # fmt: skip
    except OutboundRefused as refused:
        raise Unfetched(f"its address is not fetched from: {refused}", final=True) from None
    except OutboundFailed as failed:
        # Larger than allowed once is larger than allowed again.
        raise Unfetched(str(failed), final=failed.trouble is Trouble.SIZE) from None
    if got.size == 0 or got.content_type.startswith(_NO_MEDIA):
        path.unlink(missing_ok=True)
        raise Unfetched(f"it is no media but {got.content_type or 'empty'}", final=False)
    return got


async def _with_signs_of_life(jobs: Jobs, lease: Lease, doing: Coroutine[Any, Any, T]) -> T:
    """The lease is kept only for a slice that says now and then that it goes on."""
    task = asyncio.ensure_future(doing)
    try:
        while not task.done():
            jobs.keep_alive(lease.job_id, lease.token)
            await asyncio.wait({task}, timeout=SIGN_OF_LIFE)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
