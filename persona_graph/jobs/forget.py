"""Telling a vendor to delete a trained voice."""

from __future__ import annotations

import logging

from persona_graph.jobs.asking import tell_forget
from persona_graph.jobs.call import LentCall, discard_folder, folder_of
from persona_graph.jobs.room import Jobs

FORGET_SECONDS = 30.0

log = logging.getLogger(__name__)


async def forget_voice(jobs: Jobs, provider_id: str, vendor_voice: str, ref: str) -> bool:
    """True once the vendor confirmed. Anything else is tried again later."""
    provider = jobs.catalog.find(provider_id)
    if provider is None:
        log.warning("a voice at %s waits for deletion, but the provider is not installed", provider_id)
        return False
    folder = folder_of(jobs, ref)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    call = LentCall(
        http=jobs.http, log=logging.getLogger(f"persona_graph.provider.{provider_id}"), idempotency_key=f"pg-{ref}",
        client_ref=ref, folder=folder, remaining=FORGET_SECONDS, _jobs=jobs, _account_id="",
    )  # fmt: skip
    try:
        return await tell_forget(provider, vendor_voice, call)
    finally:
        discard_folder(jobs, ref)
