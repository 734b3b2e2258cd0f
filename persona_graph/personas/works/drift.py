"""Golden lines spoken once more. What was said is measured as the vendor delivered it, and kept by nobody."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from persona_graph.db import Writing
from persona_graph.errors import MediaRefused
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg
from persona_graph.jobs.work import Bench, Kept
from persona_graph.media import speaker
from persona_graph.media.audio import probe_audio
from persona_graph.media.tone import tone
from persona_graph.personas.drift import Measures, keep_check
from persona_graph.personas.tables import Voice
from persona_graph.personas.works.speaking import SpeakingWork
from persona_graph.personas.works.speech_leg import media_path, speech_order
from persona_graph.provider import Delivery, Order, Speak


class DriftWork(SpeakingWork):
    async def order(self, bench: Bench) -> Order:
        return await speech_order(bench, bench.job.spec["script"], bench.job.spec["language"])

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        assert isinstance(order, Speak)
        with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
            path = media_path(delivery, Path(scratch) / "spoken")
            seconds = (await probe_audio(path)).seconds
            measures = await measured(path, await self._fingerprint(bench))
        return Kept(result={"measures": asdict(measures)}, seconds=seconds, characters=len(order.script))

    async def _fingerprint(self, bench: Bench) -> list[float] | None:
        async with bench.db.reading() as session:
            voice = await session.get(Voice, bench.job.spec["voice"])
        return voice.fingerprint if voice else None

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        """All of it is in the leg's result."""

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        voice = await session.get_one(Voice, job.subject_id)
        if state == JobState.SUCCEEDED and voice.deleted_at is None:
            await keep_check(session, voice, job, job.legs[0])


async def measured(path: Path, fingerprint: list[float] | None) -> Measures:
    found = await tone(path)
    similarity = None
    if fingerprint:
        try:
            heard = await speaker.fingerprint([path])
            similarity = round(speaker.similarity(speaker.Fingerprint(fingerprint, 0.0), heard), 4)
        except MediaRefused:
            # Too little speech to say who it is.
            similarity = None
    return Measures(similarity, found.pitch_hz, found.syllables_per_second, found.loudness, found.bands)
