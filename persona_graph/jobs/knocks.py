"""Webhooks of vendors. What one says is never believed: a knock that is a vendor's only makes its job look now
instead of at its next time. So a lost, a late, a second and a forged one change nothing but the hour."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from functools import partial
from typing import TypeVar

from itsdangerous import BadData, URLSafeSerializer
from redis.exceptions import RedisError
from sqlalchemy import select, update

from persona_graph.catalog.registry import Registered
from persona_graph.db import now_plus
from persona_graph.jobs.room import Jobs
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import OPEN_ATTEMPTS, Attempt, Job
from persona_graph.media.keys import signing_keys
from persona_graph.provider import Knock, Progress, Ticket
from persona_graph.settings import Settings

MOST_BYTES = 1024 * 1024
LONGEST_REFERENCE = 200
WORD, WORD_MILLISECONDS = "persona-graph:knock:", 120_000

log = logging.getLogger(__name__)
T = TypeVar("T", Ticket, Progress)


class UnknownKnock(Exception):
    """For a provider that takes none, or with a reference that is not ours."""


def webhook_url(jobs: Jobs, provider: str, attempt_id: str) -> str | None:
    """Where the vendor of this attempt may knock; ``None`` where none can reach us safely."""
    known, base = jobs.catalog.find(provider), jobs.settings.base_url
    if known is None or not known.takes_knocks:
        return None
    # The operator's own emulators reach an address that nobody else does.
    if not (base.startswith("https://") or jobs.outbound.allows(base)):
        return None
    return f"{base}/hooks/{provider}/{_signer(jobs.settings).dumps([provider, attempt_id])}"


async def let_in(jobs: Jobs, provider: str, reference: str, knock: Knock) -> None:
    """Raises UnknownKnock or BadKnock; anything else is welcome, also where nothing waits for it any more."""
    attempt_id = read_reference(jobs, provider, reference)
    known = jobs.catalog.find(provider)
    assert known is not None
    known.verify_knock(knock)
    await _wake(jobs, attempt_id)


def read_reference(jobs: Jobs, provider: str, reference: str) -> str:
    """The attempt it stands for. Raises UnknownKnock, before anything of the body is read."""
    known = jobs.catalog.find(provider)
    if known is None or not known.takes_knocks or len(reference) > LONGEST_REFERENCE:
        raise UnknownKnock
    try:
        named, attempt_id = _signer(jobs.settings).loads(reference)
    except (BadData, ValueError, TypeError):
        raise UnknownKnock from None
    if named != provider:
        raise UnknownKnock
    return str(attempt_id)


async def _wake(jobs: Jobs, attempt_id: str) -> None:
    """One that waits for this attempt is due now. Of a hundred at once, one finds it waiting."""
    open_one = select(Attempt.job_id).where(Attempt.id == attempt_id, Attempt.state.in_(OPEN_ATTEMPTS))
    due = (
        update(Job)
        .where(Job.id.in_(open_one), Job.state == JobState.WAITING, Job.wake_at > now_plus())
        .values(wake_at=now_plus(), rung_at=now_plus())
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    async with jobs.db.writing() as session:
        woken = (await session.scalars(due)).all()
        for job_id in woken:
            session.after(partial(jobs.doorbell.ring, job_id))
    if not woken:
        await _leave_word(jobs, attempt_id)


async def _leave_word(jobs: Jobs, attempt_id: str) -> None:
    """For the worker that is at it now, or has not heard yet that its order was taken."""
    try:
        await jobs.doorbell.redis.set(WORD + attempt_id, b"1", px=WORD_MILLISECONDS)
    except (RedisError, OSError) as error:
        log.info("a knock for attempt %s is not passed on: %s", attempt_id, type(error).__name__)


async def soon_if_knocked(jobs: Jobs, provider: Registered, attempt_id: str, answer: T) -> T:
    """The answer, to be followed up at once if the vendor knocked while it was given."""
    if not provider.takes_knocks:
        return answer
    try:
        word = await jobs.doorbell.redis.getdel(WORD + attempt_id)
    except (RedisError, OSError):
        return answer
    return replace(answer, check_again_in=0.0) if word else answer


def _signer(settings: Settings) -> URLSafeSerializer:
    secrets = signing_keys(settings.signing_key.get_secret_value())
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(secrets, salt="persona-graph: knock", signer_kwargs=signing)
