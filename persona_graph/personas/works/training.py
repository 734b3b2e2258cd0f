"""Training a voice: clean the samples, enrol them at the provider, speak a preview with what came back."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select

from persona_graph.db import Writing, utcnow
from persona_graph.jobs.scrub import scrub_results
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg
from persona_graph.jobs.work import Bench, Kept, WorkRefused
from persona_graph.media import speaker
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.personas.assessing import Assessment, assess, facts_of, hear
from persona_graph.personas.consents import need_consent
from persona_graph.personas.erasure import drop_copies, drop_samples, erase_asset
from persona_graph.personas.quality import Heard
from persona_graph.personas.tables import (
    ConsentScope,
    Enrolment,
    Sample,
    Standing,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.works.speaking import SpeakingWork
from persona_graph.personas.works.speech_leg import file_ref, keep_speech, speech_order
from persona_graph.provider import Delivery, Order, Speak, TrainVoice


class TrainingWork(SpeakingWork):
    standing = Standing.FIRST

    async def order(self, bench: Bench) -> Order:
        if bench.leg.name == "PREVIEW":
            return await speech_order(bench, bench.job.spec["preview"], bench.job.spec["language"])
        async with bench.db.reading() as session:
            await need_consent(session, bench.job.persona_id, ConsentScope.VOICE)
        cleaned = bench.leg.result.get("cleaned") or await self._clean(bench)
        samples = [file_ref(await bench.asset(asset_id)) for asset_id in cleaned]
        return TrainVoice(samples=tuple(samples), language=bench.job.spec["language"])

    async def _clean(self, bench: Bench) -> list[str]:
        """Cleaned copies of the samples that were accepted and the speaker's fingerprint, committed once. A set
        that is not good enough ends the job before any provider hears of it (U26)."""
        samples = await self._samples(bench)
        with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
            paths = [Path(scratch) / f"{sample.n}.wav" for sample in samples]
            heard: list[Heard] = []
            for n, (sample, path) in enumerate(zip(samples, paths, strict=True)):
                await bench.stage(f"CLEANING_SAMPLE_{n + 1}_OF_{len(samples)}", 0.06 * n / len(samples))
                heard.append(await self._hear(bench, sample, path))
            await bench.stage("JUDGING_SAMPLES", 0.06)
            assessment = await assess(heard)
            judged = _judged(samples, assessment)
            if not assessment.qualifies:
                await bench.note([], judged)
                raise _unfit(samples, assessment)
            accepted = [path for path, each in zip(paths, heard, strict=True) if each.accepted]
            kept = [await self._keep_cleaned(bench, path) for path in accepted]
            await bench.stage("FINGERPRINTING", 0.07)
            print_ = await speaker.fingerprint(accepted)
        ids = [asset.id for asset in kept]
        await bench.note(kept, {**judged, "cleaned": ids, **await self._identified(bench, print_)})
        return ids

    async def _samples(self, bench: Bench) -> list[Sample]:
        async with bench.db.reading() as session:
            rows = select(Sample).where(Sample.voice_id == bench.job.subject_id).order_by(Sample.n)
            return list((await session.scalars(rows)).all())

    async def _identified(self, bench: Bench, print_: speaker.Fingerprint) -> dict[str, Any]:
        """What is remembered of who speaks in the samples."""
        return {"fingerprint": list(print_.vector)}

    async def _hear(self, bench: Bench, sample: Sample, out: Path) -> Heard:
        if sample.asset_id is None:
            raise WorkRefused("MEDIA_ERASED", "A sample was deleted meanwhile.", "Upload it again.")
        async with bench.media.plain(await bench.asset(sample.asset_id)) as path:
            return await hear(path, out)

    async def _keep_cleaned(self, bench: Bench, path: Path) -> Asset:
        return await bench.media.keep(
            bench.job.account_id,
            AssetPurpose.CLEANED,
            path,
            "audio/wav",
            name=f"sample-{path.name}",
            facts={},
        )

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if isinstance(order, Speak):
            return await keep_speech(bench, order, delivery, AssetPurpose.PREVIEW)
        if not delivery.vendor_voice:
            raise WorkRefused(
                "PLUGIN_CONTRACT",
                "The provider delivered no voice.",
                "Tell the operator; nothing was charged.",
            )
        rows: list[Any] = []
        result: dict[str, Any] = {"vendor_voice": delivery.vendor_voice, "facts": dict(delivery.facts)}
        if delivery.voice_model is not None:
            model = await bench.media.keep(
                bench.job.account_id, AssetPurpose.VOICE_MODEL, delivery.voice_model, "application/octet-stream",
                name="voice.model", facts={},
            )  # fmt: skip
            rows.append(model)
            result["model"] = model.id
        rows.append(
            Enrolment(
                voice_id=bench.job.subject_id, account_id=bench.job.account_id, provider=bench.provider,
                vendor_voice=delivery.vendor_voice, model_id=result.get("model"), expires_at=delivery.voice_expires_at,
                job_id=bench.job.id, standing=self.standing,
            )
        )  # fmt: skip
        assert isinstance(order, TrainVoice)
        return Kept(rows=rows, result=result, seconds=sum(sample.seconds or 0.0 for sample in order.samples))

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        voice = await session.get_one(Voice, job.subject_id)
        if leg.name == "VOICE_TRAINING":
            voice.fingerprint = leg.result.get("fingerprint")
            voice.fidelity = leg.result.get("fidelity")
            voice.expires_at = delivery.voice_expires_at
        else:
            voice.preview_id = leg.result["asset"]
            voice.similarity = leg.result.get("similarity")

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        """Samples and their cleaned copies go, whichever way it ended (rows 213, 57); where there is no voice in
        the end, so does everything that could speak like it."""
        voice = await session.get_one(Voice, job.subject_id)
        if state == JobState.SUCCEEDED and voice.deleted_at is None:
            voice.status, voice.trained_at = TrainingStatus.READY, utcnow()
        else:
            voice.status = TrainingStatus.FAILED
            await drop_copies(self.personas, session, voice)
        if voice.deleted_at is None:
            await _write_judgement(session, voice, job)
        await drop_samples(self.personas, session, voice.id)
        for leg in job.legs:
            for asset_id in leg.result.get("cleaned", ()):
                await erase_asset(self.personas, session, asset_id)
        scrub_results(job)


def _judged(samples: list[Sample], assessment: Assessment) -> dict[str, Any]:
    return {
        "quality": asdict(assessment.quality),
        "characteristics": asdict(assessment.characteristics),
        "judged": {sample.id: facts_of(each) for sample, each in zip(samples, assessment.heard, strict=True)},
    }


def _unfit(samples: list[Sample], assessment: Assessment) -> WorkRefused:
    refused = [
        f"{sample.file_name or sample.n + 1}: {each.fault.message}"
        for sample, each in zip(samples, assessment.heard, strict=True)
        if each.fault
    ]
    accepted = len(samples) - len(refused)
    said = f"{accepted} of {len(samples)} recordings were accepted, which is too little for a voice. {' '.join(refused)}"
    fix = "Give one recording of 60 to 180 s, or at least 5 good ones of 1 s or more; assessSamples says what is wrong with each."
    return WorkRefused("SAMPLE_QUALITY", said.strip(), fix)


async def _write_judgement(session: Writing, voice: Voice, job: Job) -> None:
    """Also of a training that failed: its owner should see why."""
    result = next((leg.result for leg in job.legs if "quality" in leg.result), None)
    if result is None:
        return
    voice.quality = result["quality"]
    if voice.status == TrainingStatus.READY:
        voice.characteristics = result["characteristics"]
    for sample in (await session.scalars(select(Sample).where(Sample.voice_id == voice.id))).all():
        sample.facts = {**sample.facts, **result["judged"].get(sample.id, {})}
