"""How far what is spoken is worded as its persona writes."""

from __future__ import annotations

import asyncio
import logging

from persona_graph.jobs.work import Bench
from persona_graph.personas.styles import style_of
from persona_graph.personas.tables import Output
from persona_graph.style import score

log = logging.getLogger(__name__)


async def worded(bench: Bench, text: str | None = None) -> dict[str, int]:
    """For the leg's result: of ``text``, else of what is spoken; nothing where the style or the text is too thin to rest a figure on."""
    async with bench.db.reading() as session:
        output = await session.get(Output, bench.job.subject_id)
        platform = output.platform if output else None
        style, adaptation = await style_of(session, bench.job.persona_id, platform)
    if style.profile is None:
        return {}
    try:
        checked = await asyncio.to_thread(score, style, text or bench.job.spec["script"], adaptation)
    except Exception:
        # A figure beside it must not cost the speech that was paid for.
        log.exception("the wording of job %s was not scored", bench.job.id)
        return {}
    return {"style_score": checked.score} if checked.reliable else {}
