"""Telling a vendor to delete a trained voice."""

from __future__ import annotations

import logging

from persona_graph.jobs.asking import tell_forget
from persona_graph.jobs.call import discard_folder, lend_to_forget
from persona_graph.jobs.room import Jobs

FORGET_SECONDS = 30.0

log = logging.getLogger(__name__)


async def forget_voice(jobs: Jobs, provider_id: str, vendor_voice: str, ref: str) -> bool:
    """True once the vendor confirmed. Anything else is tried again later."""
    provider = jobs.catalog.find(provider_id)
    if provider is None:
        log.warning("a voice at %s waits for deletion, but the provider is not installed", provider_id)
        return False
    try:
        return await tell_forget(
            provider, vendor_voice, lend_to_forget(jobs, provider_id, ref, FORGET_SECONDS)
        )
    finally:
        discard_folder(jobs, ref)
