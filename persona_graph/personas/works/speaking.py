"""What every job that speaks in a trained voice does with the voice's enrolment."""

from __future__ import annotations

from persona_graph.db import Writing
from persona_graph.jobs.tables import Job
from persona_graph.personas import leases
from persona_graph.personas.room import Personas
from persona_graph.provider import Delivery


class SpeakingWork:
    def __init__(self, personas: Personas) -> None:
        self.personas = personas

    async def delivered(self, session: Writing, job: Job, provider: str, delivery: Delivery) -> None:
        if delivery.voice_kept:
            await leases.end_expiry(session, _voice_of(job), provider)

    async def voice_gone(self, session: Writing, job: Job, provider: str, why: str) -> None:
        await leases.lose(session, _voice_of(job), provider, why)


def _voice_of(job: Job) -> str | None:
    return job.spec.get("voice")
