"""Enrolling a voice at one more provider, and keeping an enrolment alive."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from persona_graph.db import Writing
from persona_graph.jobs.scrub import scrub_results
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg
from persona_graph.jobs.work import Bench, Kept, WorkRefused
from persona_graph.media import speaker
from persona_graph.media.audio import probe_audio
from persona_graph.media.speaker import Fingerprint
from persona_graph.personas.erasure import drop_samples, erase_asset
from persona_graph.personas.notices import tell_of_voice
from persona_graph.personas.tables import Enrolment, NoticeKind, Sample, Standing, Voice
from persona_graph.personas.twins import drop_twin
from persona_graph.personas.works.speaking import SpeakingWork
from persona_graph.personas.works.speech_leg import media_path, speech_order
from persona_graph.personas.works.training import TrainingWork
from persona_graph.provider import Delivery, Order, Speak

# Recordings of 10 s and more of one person reach 0.95, other people up to 0.74 (docs/quality.md).
SAME_PERSON = 0.75


class TwinWork(TrainingWork):
    """A training whose subject exists already: what it makes is one more enrolment."""

    standing = Standing.TWIN

    async def _samples(self, bench: Bench) -> list[Sample]:
        """Those that came with this job, not those the voice was trained on."""
        mine = (Sample.voice_id == bench.job.subject_id, Sample.n >= bench.job.spec["first_sample"])
        async with bench.db.reading() as session:
            return list((await session.scalars(select(Sample).where(*mine).order_by(Sample.n))).all())

    async def _identified(self, bench: Bench, print_: Fingerprint) -> dict[str, Any]:
        """The recordings must be of the person whose voice it is. The voice's own fingerprint stays the measure."""
        async with bench.db.reading() as session:
            voice = await session.get_one(Voice, bench.job.subject_id)
        alike = speaker.similarity(Fingerprint(voice.fingerprint or [], 0.0), print_)
        if alike < SAME_PERSON:
            raise WorkRefused(
                "SAMPLE_QUALITY",
                f"The recordings do not sound like the person this voice belongs to (similarity {alike:.2f}, at least {SAME_PERSON} is needed).",
                "Give recordings of that person; for another person train another voice.",
            )
        return {}

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        if leg.name == "PREVIEW":
            for twin in await _made_by(session, job):
                twin.preview_id, twin.similarity = leg.result["asset"], leg.result.get("similarity")

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        """The voice itself is as it was, whichever way this ended."""
        voice = await session.get_one(Voice, job.subject_id)
        if state != JobState.SUCCEEDED or voice.deleted_at is not None:
            for twin in await _made_by(session, job):
                await drop_twin(self.personas, session, twin)
            for leg in job.legs:
                await erase_asset(self.personas, session, leg.result.get("asset"))
        await drop_samples(self.personas, session, voice.id)
        for leg in job.legs:
            for asset_id in leg.result.get("cleaned", ()):
                await erase_asset(self.personas, session, asset_id)
        scrub_results(job)


async def _made_by(session: Writing, job: Job) -> list[Enrolment]:
    await session.flush()
    return list((await session.scalars(select(Enrolment).where(Enrolment.job_id == job.id))).all())


class RenewalWork(SpeakingWork):
    """A word spoken with a voice that would expire; nobody keeps what was said."""

    async def order(self, bench: Bench) -> Order:
        return await speech_order(bench, bench.job.spec["script"], bench.job.spec["language"])

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        assert isinstance(order, Speak)
        with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
            path = media_path(delivery, Path(scratch) / "spoken")
            seconds = (await probe_audio(path)).seconds
        return Kept(seconds=seconds, characters=len(order.script))

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        leg.result = {**leg.result, "kept": delivery.voice_kept}

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        voice = await session.get_one(Voice, job.subject_id)
        if voice.deleted_at is not None:
            return
        said = job.failure_message or "the vendor did not say that it keeps the voice"
        if state == JobState.SUCCEEDED and job.legs[0].result.get("kept"):
            provider = job.legs[0].result["provider"]
            await tell_of_voice(
                session,
                voice,
                NoticeKind.VOICE_RENEWED,
                f"This voice was used once at {provider}, so that it stays there.",
            )
            return
        await tell_of_voice(
            session, voice, NoticeKind.VOICE_EXPIRING, f"Renewing this voice failed: {said}",
            "Generate speech with it before it expires.",
        )  # fmt: skip
