"""What stays of a job once the thing it was about is deleted: the books, and nothing a person said."""

from __future__ import annotations

from sqlalchemy import select

from persona_graph.db import Writing
from persona_graph.jobs.states import TERMINAL
from persona_graph.jobs.tables import Job

# What was made by whom, and how much of it; no words, no measures of a voice or a face, no files.
KEPT = frozenset({"provider", "offer", "fidelity", "honoured", "seconds", "characters"})


async def scrub_jobs(session: Writing, subject_kind: str, subject_id: str) -> None:
    """Forget what the subject's jobs were told. One that has not ended still needs to know which files it
    made; ``scrub_results`` is called when it does."""
    rows = select(Job).where(Job.subject_kind == subject_kind, Job.subject_id == subject_id).order_by(Job.id)
    for job in (await session.scalars(rows.with_for_update())).all():
        job.spec = {}
        if job.state in TERMINAL:
            scrub_results(job)


def scrub_results(job: Job) -> None:
    for leg in job.legs:
        leg.result = {name: value for name, value in leg.result.items() if name in KEPT}
