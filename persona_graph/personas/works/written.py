"""Content: a text, given or written first, then its reading, then a video of that."""

from __future__ import annotations

import unicodedata

from persona_graph.db import Writing
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg, LegState
from persona_graph.jobs.work import Bench, Kept, WorkRefused
from persona_graph.personas.captions import burnable
from persona_graph.personas.lexicon import lexicon_in
from persona_graph.personas.room import Personas
from persona_graph.personas.sound import CaptionMode
from persona_graph.personas.spoken import spoken_of, titled
from persona_graph.personas.tables import Output
from persona_graph.personas.works.content import ContentWork
from persona_graph.personas.works.wording import worded
from persona_graph.provider import Delivery, Order, Write
from persona_graph.style.platforms import posted_length


class WrittenWork(ContentWork):
    async def order(self, bench: Bench) -> Order:
        if bench.leg.name != "TEXT":
            return await super().order(bench)
        spec = bench.job.spec
        return Write(
            brief=spec["brief"], style_prompt=spec["style_prompt"], max_chars=spec["max_chars"],
            language=spec["language"],
        )  # fmt: skip

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if not isinstance(order, Write):
            return await super().keep(bench, order, delivery)
        text = _usable(self.personas, order, delivery.text, bench.job.spec.get("platform"))
        result = {"text": text, **await worded(bench, text)}
        return Kept(result=result, characters=len(text))

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        if leg.name != "TEXT":
            await super().leg_settled(session, job, leg, delivery)
            return
        text = leg.result["text"]
        leg.result = {name: value for name, value in leg.result.items() if name != "text"}
        said = titled(job.spec.get("said_title", ""), spoken_of(text))
        output = await session.get(Output, job.subject_id)
        if output is None or output.deleted_at is not None:
            return
        spec = {**job.spec, "written": text, "script": said}
        spec["lexicon"] = await lexicon_in(session, job.persona_id, said, spec["language"])
        if spec.get("captions_shown") == CaptionMode.BURNED and not burnable(said):
            spec["captions_shown"] = CaptionMode.TRACK.value
        job.spec = spec
        output.written, output.script = text, said

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        await super().settled(session, job, state)
        output = await session.get(Output, job.subject_id)
        if output is None or output.deleted_at is not None:
            return
        if any(leg.name == "SPEECH" and leg.state != LegState.DONE for leg in job.legs):
            output.voice_id = None
        text = next((leg for leg in job.legs if leg.name == "TEXT"), None)
        if text is None:
            return
        if state == JobState.SUCCEEDED and text.state == LegState.DONE:
            output.style_score = text.result.get("style_score")
        elif state != JobState.SUCCEEDED:
            # It was not charged.
            output.written, output.script = None, ""


def _usable(personas: Personas, order: Write, text: str | None, platform: str | None) -> str:
    text = unicodedata.normalize("NFC", (text or "").strip())
    if not spoken_of(text):
        raise WorkRefused(
            "TEXT_EMPTY",
            "What the provider wrote has no words.",
            "Say more in the brief; nothing was charged.",
        )
    length = posted_length(platform or "", text)
    most = min(order.max_chars or personas.settings.max_script_chars, personas.settings.max_script_chars)
    if length > most:
        raise WorkRefused(
            "TEXT_TOO_LONG", f"What the provider wrote has {length:,} characters; {most:,} are allowed.",
            "Ask again, for something shorter; nothing was charged.",
        )  # fmt: skip
    return text
